//! What a person sees while a job is at work and when it is done.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::Instant;

use iama_baseline::{Status, TestId};
use iama_engine::generated::GeneratedRecord;
use iama_engine::outcome::RunResult;
use iama_engine::situation::{Choice, Situation};
use iama_engine::{JobFolder, Progress};
use iama_sandbox::printable;

use crate::out::{count as number, say, tell};
use crate::paint;

/// Progress on the error output: a line for each step, and where it is a terminal a count of tests that moves.
pub(crate) struct Ticker {
    started: Instant,
    live: bool,
    /// Each test once, however often it was started, with whether it failed.
    tests: BTreeMap<TestId, bool>,
}

impl Ticker {
    #[expect(clippy::disallowed_methods, reason = "shown to a person, kept nowhere")]
    pub(crate) fn new() -> Self {
        Self { started: Instant::now(), live: io::stderr().is_terminal(), tests: BTreeMap::new() }
    }

    pub(crate) fn take(&mut self, progress: Progress<'_>) {
        match progress {
            Progress::Asking => self.end_count(),
            Progress::Stage(_) | Progress::Call { .. } => {
                self.end_count();
                let at = format!("{:5.1}s", self.started.elapsed().as_secs_f64());
                tell!("{} {}", paint::dim(at), step(&progress).unwrap_or_default());
            }
            Progress::Answered { route, cost, spent } => {
                let cost = cost.map_or_else(|| "no price known".to_owned(), |cost| cost.to_string());
                tell!("       {route}: {cost}, {spent} so far");
            }
            Progress::Rewritten { .. } | Progress::Generated { .. } => {
                tell!("       {}", step(&progress).unwrap_or_default());
            }
            Progress::Test { id, status } => {
                self.tests.insert(id.clone(), is_bad(status));
                if self.live {
                    let mut err = io::stderr();
                    // A count that cannot be shown is no reason to stop.
                    let _ = write!(err, "\r       {} ", counted(&self.tests));
                    let _ = err.flush();
                }
            }
        }
    }

    /// Ends the line of a count.
    pub(crate) fn end_count(&mut self) {
        if !self.tests.is_empty() {
            let line = counted(&self.tests);
            if self.live {
                tell!("\r       {line} ");
            } else {
                tell!("       {line}");
            }
        }
        self.tests.clear();
    }
}

/// What a step says in one line; nothing where it says none, or only what calls cost.
pub(crate) fn step(progress: &Progress<'_>) -> Option<String> {
    Some(match progress {
        Progress::Stage(stage) => (*stage).to_owned(),
        Progress::Call { class, attempt, again } => {
            let attempt = if *attempt > 0 { format!(", attempt {attempt} of 9") } else { String::new() };
            let again = if *again { " once more: its answer would not do" } else { "" };
            format!("asking a model ({class}{attempt}){again}")
        }
        Progress::Rewritten { files } => format!("{} rewritten", number(*files, "file")),
        Progress::Generated { record } => generated(record),
        Progress::Asking | Progress::Answered { .. } | Progress::Test { .. } => return None,
    })
}

/// Whether a test ended as it should not.
pub(crate) const fn is_bad(status: Status) -> bool {
    matches!(status, Status::Failed | Status::Error | Status::Timeout)
}

/// How many tests have ended, each with whether it ended badly.
pub(crate) fn counted(tests: &BTreeMap<TestId, bool>) -> String {
    let failed = tests.values().filter(|failed| **failed).count();
    format!("{}, {failed} not passing", number(tests.len(), "test"))
}

/// What came of the tests that a model was asked for.
fn generated(record: &GeneratedRecord) -> String {
    if let Some(why) = &record.skipped {
        return format!("no tests were asked for: {why}");
    }
    let (before, after) = (record.before, record.after);
    format!(
        "{} of {} kept; of {} on touched lines {} noticed, before {}",
        record.kept().count(),
        number(record.tests.len(), "test"),
        number(after.faults, "planted fault"),
        after.noticed,
        before.noticed
    )
}

fn count(result: &RunResult, side: impl Fn(&iama_engine::outcome::TestPair) -> &str, status: &str) -> usize {
    result.tests.values().filter(|pair| side(pair) == status).count()
}

/// What a person has to know and can do, on the error output.
pub(crate) fn told(situation: &Situation) {
    tell!("\n{}", paint::strong(&situation.sentence));
    situation.facts.iter().for_each(|fact| tell!("  {}", printable(fact)));
    for (at, choice) in situation.choices.iter().enumerate() {
        tell!("  {:2}  {:32} {}", at + 1, named(choice), paint::dim(&choice.meaning));
    }
}

/// The same on the standard output, with the commands that say it.
pub(crate) fn situation(folder: &JobFolder, situation: &Situation) {
    say!("\n{}", paint::strong(&situation.sentence));
    situation.facts.iter().for_each(|fact| say!("  {}", printable(fact)));
    for choice in &situation.choices {
        say!("  iama jobs decide {} {:45} {}", folder.id, spoken(choice), paint::dim(&choice.meaning));
    }
}

/// A choice at a terminal, where what else has to be said is asked for.
pub(crate) fn named(choice: &Choice) -> String {
    let class = choice.with.iter().find_map(|with| with.strip_prefix("--class "));
    class.map_or_else(|| choice.word.clone(), |class| format!("{} {class}", choice.word))
}

/// A choice as it is said on the command line.
pub(crate) fn spoken(choice: &Choice) -> String {
    std::iter::once(choice.word.clone()).chain(choice.with.iter().cloned()).collect::<Vec<_>>().join(" ")
}

/// The result in a few lines on the standard output.
pub(crate) fn summary(result: &RunResult) {
    let verdict = match result.verdict.as_str() {
        "PROVEN" => paint::added(result.verdict.as_str()).to_string(),
        "REGRESSIONS" | "NOT_DELIVERED" => paint::error(result.verdict.as_str()).to_string(),
        _ => paint::warning(result.verdict.as_str()).to_string(),
    };
    say!("\n{verdict}  {}", result.sentence);
    let side = |side: fn(&iama_engine::outcome::TestPair) -> &str| {
        let bad = ["failed", "error", "timeout"].map(|status| count(result, side, status)).iter().sum::<usize>();
        let [passed, skipped] = ["passed", "skipped"].map(|status| count(result, side, status));
        let skipped = if skipped > 0 { format!(", {skipped} skipped") } else { String::new() };
        let ran = result.tests.values().any(|pair| side(pair) != "not_run");
        if ran { format!("{passed} passed, {bad} not{skipped}") } else { "not run".to_owned() }
    };
    let (files, recipes) = (number(result.files_changed.len(), "file"), number(result.edits.len(), "recipe"));
    let edits = number(result.edits.values().sum(), "edit");
    say!("  tests     legacy: {}   result: {}", side(|pair| &pair.legacy), side(|pair| &pair.result));
    say!("  changes   {files}, {edits} by {recipes}");
    say!("  unproven  {}, {} left alone", number(result.unproven.len(), "place"), result.refused.len());
    regressions(result);
    let parts: Vec<String> = result.seconds.iter().map(|(stage, seconds)| format!("{stage} {seconds:.1}")).collect();
    say!("  seconds   {:.1}: {}", result.seconds.values().sum::<f64>(), parts.join(", "));
    for (name, path) in &result.paths {
        say!("  {name:9} {path}");
    }
}

fn regressions(result: &RunResult) {
    if result.verdict != "REGRESSIONS" {
        return;
    }
    let worse = result.tests.iter().filter(|(_, pair)| {
        let legacy_unknown = matches!(pair.legacy.as_str(), "not_run" | "absent");
        pair.result != "passed" && (pair.legacy == "passed" || (legacy_unknown && pair.result != "skipped"))
    });
    for (id, pair) in worse.take(10) {
        say!("  {}  {}", paint::error(format!("{:8}", pair.result)), printable(id));
    }
}
