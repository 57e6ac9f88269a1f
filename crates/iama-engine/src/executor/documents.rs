//! What a server gets to keep of a job, as a closed list: which files of the job's folder go with which effect, and what they
//! hold. Anything else stays on this machine: the source itself, the copies, the recorded calls, the tests' own output. What is
//! kept byte for byte is the user's own result; in everything else, what looks like a secret is left out before it leaves.

use std::collections::BTreeSet;
use std::fs;

use iama_baseline::{Case, Status, Suite, TestId};
use iama_job::effect::Notice;
use iama_job::{Dispatch, Effect, Job, Record};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::exports;
use crate::folder::{JobFolder, cannot_read};
use crate::generated::GENERATED;
use crate::manifest::operations_file;
use crate::perform::repairing::case::without_secrets;
use crate::perform::repairing::failures::causes;
use crate::perform::repairing::ordinal_of;
use crate::perform::{PARTIAL, regressions, sha256};
use crate::problem::Problem;
use crate::proposals::analysis::ANALYSIS;
use crate::proposals::findings::FINDINGS;
use crate::proposals::overview::OVERVIEW;

/// How much a document gives away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Holds {
    /// Source text, or words that may quote some: to be kept encrypted alone.
    Source,
    /// Names of files, symbols and tests, hashes and counts; no text of the source.
    Names,
}

/// A document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Its name: that of a file in the job's folder, or of a summary that is made for the server.
    pub name: String,
    /// What it gives away.
    pub holds: Holds,
    /// SHA-256 of the text.
    pub sha256: String,
    /// The text.
    pub text: String,
}

/// A test run without what tests print or say: `legacy.summary.json`, `result.summary.json`, `subset.summary.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuiteSummary {
    /// The framework and its version.
    pub runner: Option<String>,
    /// Every test that was started.
    pub cases: Vec<CaseSummary>,
    /// Files that could not be collected.
    pub uncollected: Vec<String>,
    /// Whether the run was ended because it took too long.
    pub ran_out: bool,
    /// Tests that passed on the legacy code and do not pass here; for runs on the result.
    pub regressions: Vec<String>,
}

/// One test of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseSummary {
    /// The test.
    pub id: TestId,
    /// How it ended.
    pub status: Status,
    /// The class of the exception, and where it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The innermost file of the project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The function there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbol: Option<String>,
}

/// The documents of an effect that was carried out.
pub(super) fn of_effect(folder: &JobFolder, job: &Job, dispatch: &Dispatch) -> Result<Vec<Document>, Problem> {
    let mut found = Vec::new();
    for (name, holds) in names(job, dispatch) {
        found.extend(document(folder, name, holds)?);
    }
    match &dispatch.effect {
        Effect::RunBaseline { .. } => found.extend(run(folder, "legacy", None)?),
        Effect::RunTests { .. } => found.extend(run(folder, "result", Some("legacy"))?),
        Effect::RetestSelection { .. } => found.extend(run(folder, "subset", Some("legacy"))?),
        _ => {}
    }
    Ok(found)
}

/// The documents of what records asked for and nobody waits for.
pub(super) fn of_records(folder: &JobFolder, records: &[Record]) -> Result<Vec<Document>, Problem> {
    let mut found: Vec<Document> = Vec::new();
    let effects = records.iter().flat_map(|record| &record.effects).map(|dispatch| &dispatch.effect);
    for (name, holds) in effects.flat_map(unawaited) {
        if !found.iter().any(|known| known.name == name) {
            found.extend(document(folder, name, holds)?);
        }
    }
    Ok(found)
}

/// The closed list for effects that nobody waits for.
fn unawaited(effect: &Effect) -> Vec<(String, Holds)> {
    let source = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), Holds::Source)).collect();
    match effect {
        Effect::PersistSpec { revision, .. } => {
            source(&[&format!("spec/{revision}.json"), &format!("spec/{revision}.md")])
        }
        Effect::WriteEvidence => source(&[&["evidence.json", "report.html"][..], &exports::NAMES].concat()),
        Effect::Notify { notice: Notice::IssueReported } => vec![("issue.md".to_owned(), Holds::Names)],
        _ => Vec::new(),
    }
}

/// The closed list for effects that answer, but for test runs ([`run`]).
fn names(job: &Job, dispatch: &Dispatch) -> Vec<(String, Holds)> {
    let named = |names: &[(&str, Holds)]| names.iter().map(|(name, holds)| ((*name).to_owned(), *holds)).collect();
    match &dispatch.effect {
        Effect::Preflight => named(&[("workspace.json", Holds::Names)]),
        // Why a file cannot be read may quote it.
        Effect::BuildContext { .. } => named(&[("scope.json", Holds::Source)]),
        Effect::AnalyseScope { .. } => named(&[(OVERVIEW, Holds::Source)]),
        Effect::Propose { .. } => {
            named(&[("proposals.json", Holds::Source), (FINDINGS, Holds::Source), (ANALYSIS, Holds::Source)])
        }
        Effect::WriteReport { .. } => named(&[(ANALYSIS, Holds::Source)]),
        Effect::DraftSpec { .. } => named(&[("spec/next.json", Holds::Source)]),
        Effect::GenerateTests { .. } => named(&[(GENERATED, Holds::Source)]),
        Effect::RunRecipes { .. } => named(&[("recipes.json", Holds::Source)]),
        Effect::GeneratePatch { .. } => called(ordinal_of(job, dispatch)),
        Effect::ApplyPatch { patch } => vec![(operations_file(&patch.0), Holds::Source)],
        Effect::Quote { .. } => named(&[("quotes.json", Holds::Names)]),
        Effect::PackPartial => packed(PARTIAL, "partial"),
        Effect::PrepareDelivery => packed("patch.json", "patch"),
        Effect::RevertDelivery { .. } => named(&[("reverse.json", Holds::Source)]),
        _ => Vec::new(),
    }
}

fn packed(patch: &str, stem: &str) -> Vec<(String, Holds)> {
    let source = [patch.to_owned(), format!("{stem}.diff")].map(|name| (name, Holds::Source));
    source.into_iter().chain([(format!("{stem}.manifest.json"), Holds::Names)]).collect()
}

/// The patch of a call with the manifest of what it was shown.
fn called(number: u32) -> Vec<(String, Holds)> {
    vec![(format!("context-{number}.json"), Holds::Names), (format!("model-{number}.json"), Holds::Source)]
}

/// A file of the job's folder; nothing where the effect made none.
fn document(folder: &JobFolder, name: String, holds: Holds) -> Result<Option<Document>, Problem> {
    let place = folder.file(&name);
    match fs::read_to_string(&place) {
        Ok(text) if holds == Holds::Names || is_exact(&name) => Ok(Some(Document::of(name, holds, text))),
        Ok(text) => {
            let value: Value = serde_json::from_str(&text).map_err(|error| unreadable(&error))?;
            made(name, holds, &masked(value)).map(Some)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(cannot_read(&place, &error)),
    }
}

/// Whether a document is one of those that count by their bytes: what is delivered, what hashes are taken of, and what a person
/// edits.
fn is_exact(name: &str) -> bool {
    let delivered = ["patch.", "partial.", "reverse.", "evidence.", "report.", "issue.", "spec/"];
    delivered.iter().any(|start| name.starts_with(start)) || exports::NAMES.contains(&name)
}

/// A value in whose texts nothing looks like a secret. Hashes look like one and are none.
fn masked(value: Value) -> Value {
    match value {
        Value::String(text) if is_hash(&text) => Value::String(text),
        Value::String(text) => Value::String(without_secrets(&text)),
        Value::Array(values) => values.into_iter().map(masked).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, masked(value))).collect(),
        other => other,
    }
}

fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl Document {
    fn of(name: String, holds: Holds, text: String) -> Self {
        Self { sha256: sha256(text.as_bytes()), name, holds, text }
    }
}

fn made(name: String, holds: Holds, value: &impl Serialize) -> Result<Document, Problem> {
    serde_json::to_string(value).map(|text| Document::of(name, holds, text)).map_err(|error| unreadable(&error))
}

fn unreadable(error: &serde_json::Error) -> Problem {
    Problem::input("JOB_FILE_INVALID", format!("a document of the job cannot be told: {error}"))
        .hint("the job was written by another version or damaged; start a new one")
}

/// A test run, and why tests fail in it that did not on the other side.
fn run(folder: &JobFolder, side: &str, before: Option<&str>) -> Result<Vec<Document>, Problem> {
    let Some(suite) = folder.read_if_kept::<Suite>(&format!("{side}.suite.json"))? else { return Ok(Vec::new()) };
    let legacy: Option<Suite> = match before {
        Some(before) => folder.read_if_kept(&format!("{before}.suite.json"))?,
        None => None,
    };
    let worse = regressions(legacy.as_ref(), &suite);
    let failures = serde_json::to_value(causes(&suite, &worse)).map_err(|error| unreadable(&error))?;
    let regressions = if before.is_some() { worse } else { BTreeSet::new() };
    let told = summary(suite, regressions);
    Ok(vec![
        made(format!("{side}.summary.json"), Holds::Names, &told)?,
        made(format!("{side}.failures.json"), Holds::Source, &masked(failures))?,
    ])
}

fn summary(suite: Suite, regressions: BTreeSet<String>) -> SuiteSummary {
    let case = |(id, case): (TestId, Case)| CaseSummary {
        id,
        status: case.status,
        error: case.error.as_ref().map(|error| error.class.clone()),
        file: case.error.as_ref().and_then(|error| error.file.clone()),
        symbol: case.error.as_ref().and_then(|error| error.symbol.clone()),
    };
    SuiteSummary {
        runner: suite.runner,
        uncollected: suite.collect_errors.into_iter().map(|error| error.file).collect(),
        ran_out: suite.ran_out,
        cases: suite.cases.into_iter().map(case).collect(),
        regressions: regressions.into_iter().collect(),
    }
}

#[cfg(test)]
mod tests;
