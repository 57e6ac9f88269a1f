//! The router against a provider that breaks: every fault that the mock server `llmock` knows, in the three forms, judged here
//! and by the server's own report.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, ensure};
use futures_util::{StreamExt as _, stream};
use iama_job::{Entitlement, ModelClass};
use iama_model::config::{Keys, Origin, read};
use iama_model::{
    Call, CancellationToken, Done, Failure, Progress, Prompt, RouteTable, Router, Session, Stop, Template,
};
use serde_json::json;

mod cases;
mod peer;

use cases::{ANSWER, Case, FORMS, PATIENCE, Round, all};
use peer::Peer;

/// Calls at once: enough to wait for many late answers together, few enough for the server to keep its times.
const AT_ONCE: usize = 12;
/// The longest pause before the second request and before the third.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(1)];

/// What came of a case.
struct Seen {
    case: Case,
    done: Done,
    /// What a live call showed.
    shown: String,
    pauses: Vec<Duration>,
}

/// Runs every case and prints the table. Fails when a broken stream is taken for an answer, when a fault is tried again too
/// often or too rarely or too soon, and when `llmock report` does not pass.
pub(crate) fn run() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let peer = Peer::start()?;
    let cases = all();
    let (mut seen, mut verdicts) = (Vec::new(), Vec::new());
    for round in [Round::Once, Round::Always, Round::Alone] {
        let cases: Vec<Case> = cases.iter().filter(|case| case.round == round).cloned().collect();
        let script: Vec<_> = cases.iter().flat_map(Case::script).collect();
        peer.script(&script)?;
        let here: Vec<Seen> = runtime.block_on(called(&peer, cases))?;
        if round != Round::Alone {
            verdicts.push(judged(&peer, round, &here));
        }
        seen.extend(here);
    }
    print(&seen);
    let problems: Vec<String> = seen.iter().filter_map(Seen::problems).collect();
    for problem in &problems {
        println!("{problem}");
    }
    for verdict in verdicts {
        println!("{}", verdict?);
    }
    ensure!(problems.is_empty(), "{} of {} calls did not go as they should", problems.len(), seen.len());
    println!("{}", summary(&seen));
    Ok(())
}

/// The peer's own report of a round, as a line.
fn judged(peer: &Peer, round: Round, seen: &[Seen]) -> Result<String> {
    let verdict = peer.report(seen.iter().map(|seen| seen.done.audit.tries.len()).sum())?;
    let injected: usize = seen.iter().map(|seen| seen.case.injected()).sum();
    let (calls, attempts, faults) = (seen.len(), verdict.attempts, verdict.faults_injected);
    ensure!(faults == injected, "llmock broke {faults} requests, and {injected} were to be broken");
    let warnings = verdict.warnings();
    let bearable = warnings.iter().all(|code| round.bearable().contains(code));
    ensure!(bearable, "llmock warns of {warnings:?}: {verdict:#?}");
    Ok(format!(
        "llmock report passes: {calls} calls, {attempts} requests, {faults} of them broken; warnings: {warnings:?}"
    ))
}

async fn called(peer: &Peer, cases: Vec<Case>) -> Result<Vec<Seen>> {
    let calls = stream::iter(cases.into_iter().map(|case| call(peer, case)));
    calls.buffer_unordered(AT_ONCE).collect::<Vec<_>>().await.into_iter().collect()
}

/// A case's call, by a router of its own: no breaker remembers another's failures.
async fn call(peer: &Peer, case: Case) -> Result<Seen> {
    let router = Router::live(table(peer, &case)?).context("no router")?;
    let entitlement = Entitlement::local(router.table().snapshot());
    let prompt = Prompt { system: "Count.".into(), task: case.model.clone(), ..Prompt::default() };
    let (mut shown, mut pauses) = (String::new(), Vec::new());
    let mut listener = |progress: Progress<'_>| match progress {
        Progress::Text(text) => shown.push_str(text),
        Progress::Pause(pause) => pauses.push(pause),
        Progress::Dispatch { .. } | Progress::Thinking => {}
    };
    let call = Call {
        session: &Session::new(None, iama_model::Cost::ZERO),
        entitlement: &entitlement,
        stage: iama_model::Stage::RefactorGeneration,
        class: ModelClass::L1,
        quote: None,
        prompt: &prompt,
        form: &iama_model::Form::Text,
        template: &Template::of("fault-matrix/1", ""),
        output_tokens: 1_000,
        live: case.live,
    };
    let done = router.call(&call, &CancellationToken::new(), &mut listener).await;
    Ok(Seen { case, done, shown, pauses })
}

fn table(peer: &Peer, case: &Case) -> Result<RouteTable> {
    let form = &FORMS[case.form];
    let url = peer.url() + form.path;
    let settings = json!({
        "provider": {"llmock": {
            "kind": form.kind, "base-url": url, "key-env": "KEY", "headers-seconds": PATIENCE, "silence-seconds": PATIENCE,
        }},
        "route": [{"class": "L1", "provider": "llmock", "model": case.model, "price": {"input": 1.0, "output": 1.0}}],
    });
    let key = |name: &str| (name == "KEY").then(|| "none".to_owned());
    read(&settings, Origin::User, Keys::Needed, &key).map_err(|faults| anyhow!("{faults:?}"))
}

impl Seen {
    /// Whether there is an answer, and whether it is what the model said.
    fn answer(&self) -> Option<bool> {
        self.done.result.as_ref().ok().map(|answer| answer.text == ANSWER && answer.stop == Stop::End)
    }

    /// The codes of the requests that failed.
    fn failed(&self) -> Vec<&str> {
        self.done.audit.tries.iter().map(|tried| tried.outcome.as_str()).filter(|code| *code != "OK").collect()
    }

    fn problems(&self) -> Option<String> {
        let (case, expected) = (&self.case, &self.case.expected);
        let mut problems = Vec::new();
        if self.answer() == Some(false) {
            problems.push(format!("a broken stream was taken for an answer: {:?}", self.done.result));
        }
        if self.answer().is_some() != expected.answered {
            problems.push(format!("it ended with {}", self.done.audit.outcome));
        }
        if self.failed() != vec![expected.code; expected.failed] {
            let (failed, code) = (expected.failed, expected.code);
            problems.push(format!("{:?} failed, and {failed} were to fail with {code}", self.failed()));
        }
        if !self.paused() {
            problems.push(format!("the pauses were {:?}", self.pauses));
        }
        if !self.showed() {
            problems.push(format!("{:?} was shown", self.shown));
        }
        let (fault, round, form) = (&case.fault, case.round, FORMS[case.form].kind);
        (!problems.is_empty())
            .then(|| format!("WRONG {fault} ({round:?}, {form}, {}): {}", case.model, problems.join("; ")))
    }

    /// Whether every request but the first came after the pause that the provider wants, or after one of our own.
    fn paused(&self) -> bool {
        let fits = |(number, pause): (usize, &Duration)| match self.case.expected.pause {
            Some(wanted) => *pause == wanted,
            None => PAUSES.get(number).is_some_and(|longest| (*longest / 2..=*longest).contains(pause)),
        };
        self.pauses.len() + 1 == self.done.audit.tries.len() && self.pauses.iter().enumerate().all(fits)
    }

    /// Whether a live call showed the beginning of the answer, and said so when it broke.
    fn showed(&self) -> bool {
        let begun = matches!(self.done.result, Err(Failure::Wire { begun: true, .. }));
        match (self.case.live, self.answer()) {
            (false, _) => self.shown.is_empty() && !begun,
            (true, Some(_)) => self.shown == ANSWER,
            (true, None) => !self.shown.is_empty() && ANSWER.starts_with(&self.shown) && begun,
        }
    }
}

fn print(seen: &[Seen]) {
    println!(
        "{:26} {:7} {:10} {:>5}  {:14} {:>8} {:>7}  answers",
        "fault", "lasts", "provider", "calls", "failure", "requests", "retries"
    );
    let mut rows: BTreeMap<(&str, Round, usize), Vec<&Seen>> = BTreeMap::new();
    for seen in seen {
        // A live call that breaks after its first words fails with the first request already.
        let round = if seen.case.live { Round::Once } else { seen.case.round };
        rows.entry((&seen.case.fault, round, seen.case.form)).or_default().push(seen);
    }
    for ((fault, round, form), seen) in rows {
        let codes: BTreeSet<&str> = seen.iter().flat_map(|seen| seen.failed()).collect();
        let codes: Vec<&str> = codes.into_iter().collect();
        let lasts = if round == Round::Once { "once" } else { "always" };
        let requests: usize = seen.iter().map(|seen| seen.done.audit.tries.len()).sum();
        let retries = requests - seen.len();
        let count = |wanted| seen.iter().filter(|seen| seen.answer() == Some(wanted)).count();
        let answers = match (count(true), count(false)) {
            (0, 0) => "none".to_owned(),
            (whole, 0) => format!("{whole} whole"),
            (whole, broken) => format!("{whole} whole, {broken} BROKEN"),
        };
        let (kind, calls, codes) = (FORMS[form].kind, seen.len(), codes.join(" "));
        println!("{fault:26} {lasts:7} {kind:10} {calls:>5}  {codes:14} {requests:>8} {retries:>7}  {answers}");
    }
}

fn summary(seen: &[Seen]) -> String {
    let faults: BTreeSet<&str> = seen.iter().map(|seen| seen.case.fault.as_str()).collect();
    let requests: usize = seen.iter().map(|seen| seen.done.audit.tries.len()).sum();
    let broken: usize = seen.iter().map(|seen| seen.failed().len()).sum();
    let whole = seen.iter().filter(|seen| seen.answer() == Some(true)).count();
    format!(
        "{} faults for {} providers: {} calls, {requests} requests, {broken} of them failed; {whole} answers, all whole, \
         and no broken stream taken for one; each fault that passes tried again, at most twice",
        faults.len(),
        FORMS.len(),
        seen.len(),
    )
}
