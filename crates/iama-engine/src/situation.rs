//! Where a job stands when it needs a person in the middle of its work: what happened, what it has cost, and what can be decided.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use iama_baseline::Suite;
use iama_job::event::EventKind;
use iama_job::outcome::RefusalCode;
use iama_job::policy::budget::IDENTICAL_FAILURES;
use iama_job::state::{BaselineStep, DeepFixStep, InterveneStep, Offer, Quote, RecoveryReason, RefactorStep};
use iama_job::{ArtifactId, Decision, Job, ModelClass, QuoteId, State, TestId, choices};
use serde::Serialize;

use crate::folder::{JobFolder, write_whole};
use crate::perform::regressions;
use crate::perform::repairing::failures::causes;
use crate::perform::repairing::told_price;
use crate::perform::rewriting::SEALED;
use crate::problem::Problem;
use crate::records::ScopeRecord;
use facts::{facts, timing, unended};

mod facts;

/// The file of a report to the makers.
const ISSUE: &str = "issue.md";

/// Exceptions that are no names of a project.
const BUILT_IN: &[&str] = &[
    "AssertionError",
    "AttributeError",
    "EOFError",
    "FileNotFoundError",
    "ImportError",
    "IndentationError",
    "IndexError",
    "KeyError",
    "ModuleNotFoundError",
    "NameError",
    "NotImplementedError",
    "OSError",
    "OverflowError",
    "RecursionError",
    "RuntimeError",
    "StopIteration",
    "SyntaxError",
    "TabError",
    "TypeError",
    "UnboundLocalError",
    "UnicodeDecodeError",
    "UnicodeEncodeError",
    "ValueError",
    "ZeroDivisionError",
];

/// What a person has to know and can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Situation {
    /// A stable name.
    pub code: &'static str,
    /// What happened.
    pub sentence: String,
    /// What it rests on, a line each.
    pub facts: Vec<String>,
    /// What can be decided.
    pub choices: Vec<Choice>,
}

/// Something that can be decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// What to call it on the command line.
    pub word: String,
    /// What comes of it.
    pub meaning: String,
    /// What has to be said with it, as on the command line.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<String>,
    /// The tests that it is about, where they are known: those that did not end in time, or the files that are sealed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
}

/// The situation of a job; nothing when it needs nobody in the middle of its work.
pub fn of(folder: &JobFolder, job: &Job) -> Result<Option<Situation>, Problem> {
    let Some((code, sentence)) = opening(job) else { return Ok(None) };
    let unended = unended(folder, job)?;
    let facts = [timing(folder, job, &unended)?, facts(folder, job)?].concat();
    let quote = offered(job).cloned();
    let mut choices: Vec<Choice> = choices::decisions(job)
        .into_iter()
        .filter_map(|kind| Some((kind, meaning(kind)?)))
        .filter(|(kind, _)| is_open(job, *kind))
        .flat_map(|(kind, meaning)| expand(job, kind, meaning, quote.as_ref()))
        .collect();
    for choice in &mut choices {
        if choice.word == word(EventKind::SkipOrQuarantineTest) {
            choice.names.clone_from(&unended);
        } else if choice.word == word(EventKind::WaiveSeal) {
            choice.names = sealed(folder)?.into_iter().collect();
        }
    }
    // To end it comes last, wherever the rules list it.
    choices.sort_by_key(|choice: &Choice| choice.word == word(EventKind::Cancel));
    Ok(Some(Situation { code, sentence, facts, choices }))
}

fn opening(job: &Job) -> Option<(&'static str, String)> {
    let counters = &job.counters;
    Some(match &job.state {
        State::WaitingEscalationDecision { attempt, classes, .. } => {
            let names: Vec<String> = classes.iter().map(ToString::to_string).collect();
            let sentence = format!(
                "The tests still fail after attempt {}. Attempts from {attempt} on need a stronger model ({}).",
                counters.attempt,
                names.join(" or ")
            );
            ("ESCALATION", sentence)
        }
        State::WaitingIntervention { .. } => {
            let times = IDENTICAL_FAILURES;
            ("INTERVENTION", format!("The same failure came {times} times in a row: going on by itself leads nowhere."))
        }
        State::UserIntervening { step: InterveneStep::Idle } => {
            ("INTERVENING", "The job's copy is yours: edit it, ask a model for one thing, or run the tests.".to_owned())
        }
        State::Refactoring { step: RefactorStep::TimedOut }
        | State::DeepFixActive { step: DeepFixStep::TimedOut, .. } => {
            ("TIMED_OUT", "The tests ran out of time twice; nothing says that the code is wrong.".to_owned())
        }
        State::BaselineValidation { step: BaselineStep::TimedOut } => {
            ("TIMED_OUT", "The tests ran out of time twice on the legacy code.".to_owned())
        }
        State::BaselineValidationFailed => {
            ("BASELINE_FAILED", "What the tests show on the legacy code is nothing to go by.".to_owned())
        }
        State::FallbackRequired { reason, .. } => ("FALLBACK", format!("The job could not finish: {}.", why(*reason))),
        _ => return None,
    })
}

const fn why(reason: RecoveryReason) -> &'static str {
    match reason {
        RecoveryReason::BudgetSpent => "all attempts are spent",
        RecoveryReason::ClassDenied { .. } => "no model is configured for the class that comes next",
        RecoveryReason::NoModel => "recipes did not suffice, and no model is configured",
        RecoveryReason::EscalationDeclined => "a stronger model was declined",
        RecoveryReason::EscalationExpired => "nobody answered about a stronger model",
        RecoveryReason::CreditsExhausted => "one more call could cost more than you allowed",
        RecoveryReason::Idle => "nobody was at work any more",
        RecoveryReason::WorkspaceChanged => "the project changed under it",
    }
}

fn times(count: u8) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

/// What a report to the makers needs, and nothing of the project: no code, no names, no messages. It is sent nowhere.
pub(crate) fn write_issue(folder: &JobFolder, job: &Job) -> Result<(), Problem> {
    let suite: Suite = folder.read_if_kept("result.suite.json")?.unwrap_or_default();
    let legacy: Option<Suite> = folder.read_if_kept("legacy.suite.json")?;
    let mut text = format!(
        "# A job that could not finish\n\nRead this before you send it. It names nothing of your project.\n\n\
         * iama {} on {} {}\n* state: {}\n* after attempt {} of class {}, round {}\n* calls of models: {}\n",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH,
        job.state.place(),
        job.counters.attempt,
        job.counters.class,
        job.counters.round,
        job.billing.dispatch_ordinal,
    );
    if let State::FallbackRequired { reason, .. } = &job.state {
        let _ = writeln!(text, "* why: {}", why(*reason));
    }
    if let Some(fingerprint) = &job.counters.fingerprint {
        let _ = writeln!(text, "* last failure: {fingerprint}, {} in a row", times(job.counters.streak));
    }
    text.push_str("\n## Tests that passed before and do not now, by cause\n\n");
    for cause in causes(&suite, &regressions(legacy.as_ref(), &suite)) {
        let class = BUILT_IN.iter().find(|known| **known == cause.class).copied();
        let class = class.unwrap_or(if cause.class.is_empty() { "no error" } else { "an exception of its own" });
        let _ = writeln!(text, "* {} of {class}", cause.tests.len());
    }
    write_whole(&folder.file(ISSUE), text.as_bytes())
}

fn offered(job: &Job) -> Option<&Quote> {
    match &job.state {
        State::WaitingEscalationDecision { quote, .. } => quote.as_ref(),
        State::WaitingIntervention { offer } | State::FallbackRequired { offer, .. } => match offer {
            Offer::Quoted { quote } => Some(quote),
            Offer::None | Offer::Quoting => None,
        },
        _ => None,
    }
}

const fn meaning(kind: EventKind) -> Option<&'static str> {
    Some(match kind {
        EventKind::ConfirmEscalation => "go on with this class",
        EventKind::DeclineEscalation => "stop here; what was done so far is kept as a partial patch",
        EventKind::DeepFix => "begin anew from the old code with the strongest model",
        EventKind::ConfirmDeepFix => "begin anew from the old code",
        EventKind::Intervene => "take the job's copy over",
        EventKind::ContinueRepair => "go on repairing",
        EventKind::IncreaseTimeout => "allow twice the time and run the tests again",
        EventKind::SkipOrQuarantineTest | EventKind::Quarantine => {
            "leave tests out, on record, and run the others again"
        }
        EventKind::WaiveSeal => "allow a sealed test to be changed, on record",
        EventKind::Command => "ask a model for one thing, in your own words",
        EventKind::RunTests => "run the tests on the copy as it is now",
        EventKind::ResumeRepair => "hand the copy back: models go on from it",
        EventKind::RetryStrongerModel => "put back what was done and go on with a stronger model",
        EventKind::EditSpec => "change the spec and begin again",
        EventKind::DownloadPartial => "take the partial patch along (iama apply --partial)",
        EventKind::ReportIssue => "write down what a report to the makers needs; nothing is sent",
        EventKind::Cancel => "end the job",
        _ => return None,
    })
}

/// Whether a situation can offer it.
pub const fn offers(kind: EventKind) -> bool {
    meaning(kind).is_some()
}

/// Whether the rules would take the decision now, as far as that hangs on no data.
fn is_open(job: &Job, kind: EventKind) -> bool {
    let plain = match kind {
        EventKind::DeepFix => Decision::DeepFix,
        EventKind::Intervene => Decision::Intervene,
        // Nothing was rewritten yet: all that this leads to can be had at once.
        EventKind::ContinueRepair if matches!(job.state, State::BaselineValidation { .. }) => return false,
        EventKind::ContinueRepair => Decision::ContinueRepair,
        EventKind::RetryStrongerModel => Decision::RetryStrongerModel,
        EventKind::DownloadPartial => Decision::DownloadPartial,
        EventKind::IncreaseTimeout => Decision::IncreaseTimeout,
        EventKind::Command => Decision::Command { command: ArtifactId::from("") },
        EventKind::ConfirmDeepFix => return offered(job).is_some(),
        _ => return true,
    };
    let now = iama_job::Timestamp(i64::MAX / 2);
    !matches!(iama_job::step(job, &iama_job::Event::Decision(plain), now), iama_job::Outcome::Refused(_))
}

fn expand(job: &Job, kind: EventKind, meaning: &str, quote: Option<&Quote>) -> Vec<Choice> {
    let choice = |meaning: String, with: Vec<String>| Choice { word: word(kind), meaning, with, names: Vec::new() };
    let plain = |with: &[&str]| vec![choice(meaning.to_owned(), with.iter().map(|&part| part.to_owned()).collect())];
    let named = |quote: &Quote| format!("--quote {}", quote.id);
    match (kind, &job.state) {
        (EventKind::ConfirmEscalation, State::WaitingEscalationDecision { classes, .. }) => classes
            .iter()
            .filter_map(|class| match (class, quote) {
                (ModelClass::L3, None) => None,
                (ModelClass::L3, Some(quote)) => {
                    let meaning = format!("go on with {class}, for at most {}", told_price(quote.max));
                    Some(choice(meaning, vec![format!("--class {class}"), named(quote)]))
                }
                _ => Some(choice(format!("go on with {class}"), vec![format!("--class {class}")])),
            })
            .collect(),
        (EventKind::ConfirmDeepFix, _) => {
            let price = quote.map(|quote| format!("{meaning}, for at most {}", told_price(quote.max)));
            vec![choice(price.unwrap_or_else(|| meaning.to_owned()), quote.map(named).into_iter().collect())]
        }
        (EventKind::DeepFix, _) => {
            let asks = job.entitlement.deep_fix_class() == Ok(ModelClass::L3);
            let more = if asks { "; the price is asked about first" } else { "" };
            vec![choice(format!("{meaning}{more}"), Vec::new())]
        }
        (EventKind::WaiveSeal | EventKind::SkipOrQuarantineTest | EventKind::Quarantine, _) => plain(&["--test NAME"]),
        (EventKind::Command, _) => plain(&["--words TEXT"]),
        _ => plain(&[]),
    }
}

/// The name of a decision on the command line.
pub fn word(kind: EventKind) -> String {
    kind.code().to_ascii_lowercase().replace('_', "-")
}

/// A decision as it is said on the command line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// The decision's name.
    pub word: String,
    /// A class.
    pub class: Option<ModelClass>,
    /// A price.
    pub quote: Option<String>,
    /// Tests, by name.
    pub tests: Vec<String>,
    /// A person's own words.
    pub text: Option<String>,
}

impl Said {
    /// What was said, in one line.
    pub fn line(&self) -> String {
        let class = self.class.map(|class| format!(" --class {class}"));
        let quote = self.quote.as_ref().map(|quote| format!(" --quote {quote}"));
        let tests = self.tests.iter().map(|test| format!(" --test {test}"));
        std::iter::once(self.word.clone()).chain(class).chain(quote).chain(tests).collect()
    }
}

/// The decision that was said. Words of a person's own are kept with the job.
pub fn decision(folder: &JobFolder, job: &Job, said: &Said) -> Result<Decision, Problem> {
    let listed = choices::decisions(job);
    let kind = listed.iter().copied().find(|kind| word(*kind) == said.word).ok_or_else(|| unknown(&listed, said))?;
    let quote = said.quote.clone().map(QuoteId);
    let tests: Vec<TestId> = said.tests.iter().cloned().map(TestId).collect();
    Ok(match kind {
        EventKind::ConfirmEscalation => Decision::ConfirmEscalation { class: class(job, said)?, quote },
        EventKind::ConfirmDeepFix => Decision::ConfirmDeepFix { quote: quote.ok_or_else(no_quote)? },
        EventKind::SkipOrQuarantineTest => Decision::SkipOrQuarantineTest { tests: known(folder, tests)? },
        EventKind::Quarantine => Decision::Quarantine { tests: known(folder, tests)? },
        EventKind::WaiveSeal => Decision::WaiveSeal { tests: known_sealed(folder, tests)? },
        EventKind::Command => Decision::Command { command: keep_words(folder, job, said)? },
        EventKind::DeclineEscalation => Decision::DeclineEscalation,
        EventKind::DeepFix => Decision::DeepFix,
        EventKind::Intervene => Decision::Intervene,
        EventKind::ContinueRepair => Decision::ContinueRepair,
        EventKind::IncreaseTimeout => Decision::IncreaseTimeout,
        EventKind::RunTests => Decision::RunTests,
        EventKind::ResumeRepair => Decision::ResumeRepair,
        EventKind::RetryStrongerModel => Decision::RetryStrongerModel,
        EventKind::EditSpec => Decision::EditSpec,
        EventKind::DownloadPartial => Decision::DownloadPartial,
        EventKind::ReportIssue => Decision::ReportIssue,
        EventKind::Cancel => Decision::Cancel,
        _ => return Err(unknown(&listed, said)),
    })
}

/// Tests that a person names. One that was never started is known by its file alone.
fn known(folder: &JobFolder, tests: Vec<TestId>) -> Result<Vec<TestId>, Problem> {
    let suites = ["legacy.suite.json", "result.suite.json"].map(|name| folder.read_if_kept::<Suite>(name));
    let scope: ScopeRecord = folder.read("scope.json")?;
    let mut ids: BTreeSet<String> = BTreeSet::new();
    for suite in suites {
        ids.extend(suite?.unwrap_or_default().cases.into_keys().map(|id| id.0));
    }
    let file_of =
        |id: &str| id.split_once("::").is_some_and(|(file, _)| scope.test_files.iter().any(|known| known == file));
    match tests.iter().find(|test| !ids.contains(&test.0) && !file_of(&test.0)) {
        Some(unknown) => Err(Problem::input("TEST_UNKNOWN", format!("no test is called {:?}", unknown.0))
            .hint("names look like `tests/test_a.py::Class::test_b`; `iama jobs show` names those that did not end")),
        None => Ok(tests),
    }
}

fn sealed(folder: &JobFolder) -> Result<BTreeSet<String>, Problem> {
    let sealed: BTreeMap<String, String> = folder.read_if_kept(SEALED)?.unwrap_or_default();
    Ok(sealed.into_keys().collect())
}

/// Sealed tests that a person names; whole files are sealed.
fn known_sealed(folder: &JobFolder, tests: Vec<TestId>) -> Result<Vec<TestId>, Problem> {
    let sealed = sealed(folder)?;
    let file = |test: &TestId| test.0.split_once("::").map_or(test.0.clone(), |(file, _)| file.to_owned());
    match tests.iter().find(|test| !sealed.contains(&file(test))) {
        Some(unknown) => {
            let names: Vec<String> = sealed.into_iter().collect();
            Err(Problem::input("TEST_UNKNOWN", format!("no sealed test is called {:?}", unknown.0))
                .hint(format!("sealed are: {}", names.join(", "))))
        }
        None => Ok(tests),
    }
}

fn unknown(listed: &[EventKind], said: &Said) -> Problem {
    let words: Vec<String> = listed.iter().filter(|kind| meaning(**kind).is_some()).map(|kind| word(*kind)).collect();
    let hint = if words.is_empty() {
        "`iama jobs show` says where the job is".to_owned()
    } else {
        format!("say one of: {}", words.join(", "))
    };
    Problem::input(RefusalCode::NotHere.code(), format!("{:?} cannot be decided now", said.word)).hint(hint)
}

fn class(job: &Job, said: &Said) -> Result<ModelClass, Problem> {
    let State::WaitingEscalationDecision { classes, .. } = &job.state else { return Ok(ModelClass::L2) };
    match (said.class, classes.as_slice()) {
        (Some(class), _) => Ok(class),
        (None, [only]) => Ok(*only),
        (None, _) => Err(Problem::input("CLASS_NEEDED", "several classes are offered").hint("name one with --class")),
    }
}

fn no_quote() -> Problem {
    let code = RefusalCode::ConfirmationRequired;
    Problem::input(code.code(), "a price has to be confirmed by its name").hint(code.hint())
}

fn keep_words(folder: &JobFolder, job: &Job, said: &Said) -> Result<ArtifactId, Problem> {
    let text = said.text.as_deref().map(str::trim).filter(|text| !text.is_empty()).ok_or_else(|| {
        Problem::input("WORDS_NEEDED", "nothing was asked for").hint("say what you want with --words TEXT")
    })?;
    let name = format!("command-{}.txt", job.seq + 1);
    write_whole(&folder.file(&name), text.as_bytes())?;
    Ok(ArtifactId(name))
}
