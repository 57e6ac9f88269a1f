//! The tests on both sides.

use std::collections::{BTreeMap, BTreeSet};

use iama_baseline::{CaseError, Counts, Status, Suite, TestId};
use schemars::JsonSchema;
use serde::Serialize;

use super::Sources;
use crate::perform::regressions;
use crate::records::Carried;

#[derive(Debug, Clone, Serialize, JsonSchema)]
struct SidePart {
    ran: bool,
    #[serde(flatten)]
    counts: Counts,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct TestsPart {
    legacy: SidePart,
    result: SidePart,
    cases: Vec<CasePart>,
    carried: Vec<Carried>,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
struct CasePart {
    id: String,
    legacy: &'static str,
    result: &'static str,
    regression: bool,
    error: Option<CaseError>,
}

const fn status_name(status: Status) -> &'static str {
    match status {
        Status::Passed | Status::Xpassed => "passed",
        Status::Failed => "failed",
        Status::Error => "error",
        Status::Skipped | Status::Xfailed => "skipped",
        Status::Timeout => "timeout",
    }
}

pub(super) fn part(sources: &Sources) -> TestsPart {
    let side =
        |suite: Option<&Suite>| SidePart { ran: suite.is_some(), counts: suite.map(Suite::counts).unwrap_or_default() };
    let (legacy, result) = (sources.legacy.as_ref(), sources.result.as_ref());
    TestsPart {
        legacy: side(legacy),
        result: side(result),
        cases: cases(legacy, result),
        carried: sources.carried.clone(),
    }
}

/// The tests in the order of the cases; files that cannot be read follow after them.
pub(super) fn ids(sources: &Sources) -> impl Iterator<Item = &TestId> {
    all_ids(sources.legacy.as_ref(), sources.result.as_ref()).into_iter()
}

fn all_ids<'a>(legacy: Option<&'a Suite>, result: Option<&'a Suite>) -> BTreeSet<&'a TestId> {
    [legacy, result].into_iter().flatten().flat_map(|suite| suite.cases.keys()).collect()
}

fn cases(legacy: Option<&Suite>, result: Option<&Suite>) -> Vec<CasePart> {
    let worse = result.map(|result| regressions(legacy, result)).unwrap_or_default();
    let name = |suite: Option<&Suite>, id: &TestId| match suite {
        None => "not_run",
        Some(suite) => suite.cases.get(id).map_or("absent", |case| status_name(case.status)),
    };
    let mut rows: Vec<CasePart> = all_ids(legacy, result)
        .into_iter()
        .map(|id| CasePart {
            id: id.0.clone(),
            legacy: name(legacy, id),
            result: name(result, id),
            regression: worse.contains(&id.0),
            error: result.and_then(|suite| suite.cases.get(id)?.error.clone()),
        })
        .collect();
    let broken = |suite: Option<&Suite>, file: &str| match suite {
        None => "not_run",
        Some(suite) if suite.collect_errors.iter().any(|error| error.file == file) => "error",
        Some(_) => "absent",
    };
    // The result's own error is the one to show, so it comes last.
    let errors = [legacy, result].into_iter().flatten().flat_map(|suite| &suite.collect_errors);
    let files: BTreeMap<&str, &CaseError> = errors.map(|error| (error.file.as_str(), &error.error)).collect();
    rows.extend(files.into_iter().map(|(file, error)| CasePart {
        id: file.to_owned(),
        legacy: broken(legacy, file),
        result: broken(result, file),
        regression: worse.contains(file),
        error: Some(error.clone()),
    }));
    rows
}
