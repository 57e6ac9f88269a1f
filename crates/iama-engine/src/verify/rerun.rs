//! Running it all again: the same request on a copy of the project, and whether the same comes of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use iama_recipes::Strategy;
use serde::Deserialize;

use super::{Check, check};
use crate::copies::{Own, copy_project};
use crate::folder::{JobFolder, cannot_read};
use crate::problem::Problem;
use crate::request::{Machine, Request};

/// The request of a job, beside its evidence.
pub const REQUEST: &str = "request.json";

/// Differences that are named.
const MOST: usize = 5;

/// A job that repeats another one, in a folder that goes away with it.
#[derive(Debug)]
pub struct Rerun {
    /// The job.
    pub folder: JobFolder,
    /// What it is asked.
    pub request: Request,
    known: PathBuf,
    _own: Own,
}

/// What two runs of the same job have in common.
#[derive(Debug, PartialEq, Eq, Deserialize)]
struct Outcome {
    verdict: Verdict,
    tests: Tests,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
struct Verdict {
    code: String,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
struct Tests {
    cases: Vec<Case>,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
struct Case {
    id: String,
    legacy: String,
    result: String,
}

/// Puts a copy of the project, as it was before, where the job can be repeated. `place` is the evidence or its folder; `root`
/// is the project where it is not where it was.
pub fn prepare(machine: &Machine, place: &Path, root: Option<&Path>) -> Result<Rerun, Problem> {
    let known = if place.is_dir() { place } else { place.parent().unwrap_or(Path::new(".")) };
    let path = known.join(REQUEST);
    let bytes = fs::read(&path).map_err(|_| {
        Problem::input("REQUEST_MISSING", format!("{} is not there, so nobody knows what to repeat", path.display()))
            .hint("name a job's folder, or what `iama refactor --out DIR` wrote")
    })?;
    let request: Request = serde_json::from_slice(&bytes).map_err(|error| {
        Problem::input("REQUEST_INVALID", format!("{} is no request of a job: {error}", path.display()))
            .hint("it was written by another version or damaged")
    })?;
    let folder = machine.cache.join("rerun");
    let own = Own::make(&folder)?;
    let from = root.unwrap_or(&request.root);
    let from = from.canonicalize().map_err(|error| cannot_read(from, &error))?;
    let name = request.root.file_name().map_or_else(|| "project".into(), std::ffi::OsStr::to_owned);
    let copy = own.path().join(name);
    copy_project(&from, &copy)?;
    let moved = |file: &PathBuf| file.strip_prefix(&request.root).map_or_else(|_| file.clone(), |rest| copy.join(rest));
    let request = Request {
        rules: request.rules.iter().map(moved).collect(),
        scenarios: request.scenarios.as_ref().map(moved),
        root: copy.clone(),
        strategy: request.strategy.or_else(|| strategy(known)),
        yes: true,
        out: None,
        sign_key: None,
        ..request.clone()
    };
    let folder = JobFolder { root: copy, id: "rerun".to_owned() };
    Ok(Rerun { folder, request, known: known.to_owned(), _own: own })
}

/// The strategy that was chosen on the way.
fn strategy(known: &Path) -> Option<Strategy> {
    #[derive(Deserialize)]
    struct Known {
        job: Job,
    }
    #[derive(Deserialize)]
    struct Job {
        strategy: String,
    }
    let bytes = fs::read(known.join("evidence.json")).ok()?;
    let told: Known = serde_json::from_slice(&bytes).ok()?;
    Strategy::ALL.into_iter().find(|strategy| strategy.name().eq_ignore_ascii_case(&told.job.strategy))
}

impl Rerun {
    /// Holds what came of the repeated job against what is known of the first one.
    pub fn checks(&self) -> Result<Vec<Check>, Problem> {
        let again = self.folder.path();
        let (old, new) = (outcome(&self.known)?, outcome(&again)?);
        let patches = ["patch.json", "partial.json"].map(|name| {
            let same = fs::read(self.known.join(name)).ok() == fs::read(again.join(name)).ok();
            (!same).then(|| format!("the new run gives another {name}"))
        });
        let patches: Vec<String> = patches.into_iter().flatten().collect();
        let verdict = (old.verdict != new.verdict)
            .then(|| format!("the new run ends as {}, the evidence says {}", new.verdict.code, old.verdict.code));
        let verdict: Vec<String> = verdict.into_iter().collect();
        Ok(vec![
            check("RERUN_PATCH", &patches, "a new run gives the same patch, byte for byte"),
            check(
                "RERUN_TESTS",
                &tests(&old, &new),
                format!("{} tests end in a new run as the evidence says", new.tests.cases.len()),
            ),
            check("RERUN_VERDICT", &verdict, format!("a new run ends as {}, too", new.verdict.code)),
        ])
    }
}

fn outcome(folder: &Path) -> Result<Outcome, Problem> {
    let path = folder.join("evidence.json");
    let bytes = fs::read(&path).map_err(|error| cannot_read(&path, &error))?;
    serde_json::from_slice(&bytes).map_err(|error| {
        Problem::input("EVIDENCE_INVALID", format!("{} is no evidence: {error}", path.display()))
            .hint("it was written by another version or damaged")
    })
}

fn tests(old: &Outcome, new: &Outcome) -> Vec<String> {
    let by_name = |outcome: &Outcome| -> BTreeMap<String, String> {
        outcome.tests.cases.iter().map(|case| (case.id.clone(), format!("{} → {}", case.legacy, case.result))).collect()
    };
    let (old, new) = (by_name(old), by_name(new));
    let names = old.keys().chain(new.keys().filter(|name| !old.contains_key(*name)));
    let absent = || "absent".to_owned();
    let row = |name: &String| {
        let (before, after) = (old.get(name), new.get(name));
        let shown = |side: Option<&String>| side.cloned().unwrap_or_else(absent);
        (before != after).then(|| format!("{name}: {} in the evidence, {} in the new run", shown(before), shown(after)))
    };
    let wrong: Vec<String> = names.filter_map(row).collect();
    let more = wrong.len().saturating_sub(MOST);
    let rest = (more > 0).then(|| format!("and {more} more"));
    wrong.into_iter().take(MOST).chain(rest).collect()
}
