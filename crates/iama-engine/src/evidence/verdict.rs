//! What a job comes to.

use iama_baseline::{Suite, TestId};
use iama_job::{Job, State};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Recorded, Sources, scenarios};
use crate::perform::regressions;
use crate::perform::scenarios::PROPOSED;

/// What it comes to.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct Verdict {
    /// A stable name.
    pub(super) code: &'static str,
    /// In words.
    pub(super) sentence: String,
}

/// Whether something showed what the legacy code does. What IAMA proposed shows too little.
pub(super) fn legacy_ran(sources: &Sources) -> bool {
    let of_suite = sources.legacy.as_ref().is_some_and(|suite| suite.passed().any(|id| id.file() != PROPOSED));
    of_suite || sources.recorded.tests > sources.recorded.failed
}

/// Whether anything at all was compared with the legacy code.
pub(super) fn legacy_compared(sources: &Sources) -> bool {
    sources.legacy.as_ref().is_some_and(|suite| suite.counts().passed > 0)
}

pub(super) fn verdict(job: &Job, sources: &Sources, unproven: usize, differences: usize) -> Verdict {
    let worse = sources.result.as_ref().map(|result| regressions(sources.legacy.as_ref(), result)).unwrap_or_default();
    let told = scenarios::counted(worse.iter().cloned().map(TestId), sources.scenarios.as_ref());
    let worse = worse.len();
    let delivered = matches!(job.state, State::Delivered { .. });
    let passed = sources.result.as_ref().map_or(0, |suite| suite.counts().passed);
    let passing = sources.result.iter().flat_map(Suite::passed).cloned();
    let counted = scenarios::counted(passing, sources.scenarios.as_ref());
    let kept = kept(sources, passed, &counted);
    let (code, sentence) = match (delivered, legacy_ran(sources), worse, unproven) {
        (_, _, 1.., _) if legacy_compared(sources) => {
            let what = format!("{told} passed on the legacy code and not on the result");
            ("REGRESSIONS", format!("{what}; nothing was delivered."))
        }
        (_, false, 1.., _) => {
            let what = format!("{told} failed on the result, and the legacy code could not be run");
            ("REGRESSIONS", format!("{what} to compare; nothing was delivered."))
        }
        (false, ..) => ("NOT_DELIVERED", "The job ended without a delivery.".to_owned()),
        (_, false, ..) if legacy_compared(sources) => {
            let what = format!("Nothing could be compared but {counted} that IAMA proposed, with the same outcome");
            ("UNPROVEN", format!("{what}: that the code behaves as before is unproven."))
        }
        (_, false, ..) => {
            let what = format!("The migrated code passes {counted}, but the legacy side could not be run");
            ("UNPROVEN", format!("{what}: that it behaves as before is unproven."))
        }
        (_, _, _, 0) if differences == 0 => ("PROVEN", format!("{kept}.")),
        _ => {
            let places = (unproven > 0).then(|| format!("; not proven: {}", many(unproven as u64, "place")));
            let found =
                (differences > 0).then(|| format!("; {} in recorded calls", many(differences as u64, "difference")));
            let gaps: String = places.into_iter().chain(found).collect();
            ("PROVEN_WITH_GAPS", format!("{kept}{gaps}."))
        }
    };
    Verdict { code, sentence }
}

/// What does the same before and after.
fn kept(sources: &Sources, passed: u32, counted: &str) -> String {
    let Recorded { tests, failed, .. } = sources.recorded;
    let shows = sources.result.iter().flat_map(Suite::passed).any(|id| id.file() != PROPOSED);
    match (passed, tests) {
        (0, 0) => "No test was there to compare".to_owned(),
        (_, 1..) if !shows => {
            let what = many(tests as u64, "test");
            let good = tests - failed;
            format!("Of {what} written from what the legacy code was seen to do, {good} pass after the migration")
        }
        _ => format!("{counted} that passed before the migration pass after it"),
    }
}

/// A count with its noun.
pub(super) fn many(count: impl Into<u64>, noun: &str) -> String {
    match count.into() {
        1 => format!("1 {noun}"),
        count => format!("{count} {noun}s"),
    }
}
