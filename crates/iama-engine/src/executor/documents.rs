//! What a server gets to keep of a job, as a closed list: which files of the job's folder go with which effect, and what they
//! hold. Anything else stays on this machine: the source itself, the copies, the recorded calls, the tests' own output.

use std::collections::BTreeSet;
use std::fs;

use iama_baseline::{Status, Suite, TestId};
use iama_job::effect::Notice;
use iama_job::{Dispatch, Effect, Job, Record};
use serde::{Deserialize, Serialize};

use crate::exports;
use crate::folder::{JobFolder, cannot_read};
use crate::generated::GENERATED;
use crate::manifest::operations_file;
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
        Effect::RunBaseline { .. } => found.extend(summary(folder, "legacy", false)?),
        Effect::RunTests { .. } => found.extend(summary(folder, "result", true)?),
        Effect::RetestSelection { .. } => found.extend(summary(folder, "subset", true)?),
        _ => {}
    }
    Ok(found)
}

/// The documents of what records asked for and nobody waits for.
pub(super) fn of_records(folder: &JobFolder, records: &[Record]) -> Result<Vec<Document>, Problem> {
    let mut names: Vec<(String, Holds)> = Vec::new();
    for dispatch in records.iter().flat_map(|record| &record.effects) {
        match dispatch.effect {
            Effect::PersistSpec { revision, .. } => {
                names.push((format!("spec/{revision}.json"), Holds::Source));
                names.push((format!("spec/{revision}.md"), Holds::Source));
            }
            Effect::WriteEvidence => {
                let exported = exports::NAMES.iter().map(|name| (*name).to_owned());
                let all = ["evidence.json", "report.html"].into_iter().map(str::to_owned).chain(exported);
                names.extend(all.map(|name| (name, Holds::Source)));
            }
            Effect::Notify { notice: Notice::IssueReported } => names.push(("issue.md".to_owned(), Holds::Names)),
            _ => {}
        }
    }
    let mut found: Vec<Document> = Vec::new();
    for (name, holds) in names {
        if !found.iter().any(|known| known.name == name) {
            found.extend(document(folder, name, holds)?);
        }
    }
    Ok(found)
}

/// The closed list.
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
        Ok(text) => Ok(Some(Document { sha256: sha256(text.as_bytes()), name, holds, text })),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(cannot_read(&place, &error)),
    }
}

fn summary(folder: &JobFolder, side: &str, compared: bool) -> Result<Option<Document>, Problem> {
    let Some(suite) = folder.read_if_kept::<Suite>(&format!("{side}.suite.json"))? else { return Ok(None) };
    let legacy: Option<Suite> = if compared { folder.read_if_kept("legacy.suite.json")? } else { None };
    let lost = if compared { regressions(legacy.as_ref(), &suite) } else { BTreeSet::new() };
    let case = |(id, case): (TestId, iama_baseline::Case)| CaseSummary {
        id,
        status: case.status,
        error: case.error.as_ref().map(|error| error.class.clone()),
        file: case.error.as_ref().and_then(|error| error.file.clone()),
        symbol: case.error.as_ref().and_then(|error| error.symbol.clone()),
    };
    let told = SuiteSummary {
        runner: suite.runner,
        uncollected: suite.collect_errors.into_iter().map(|error| error.file).collect(),
        ran_out: suite.ran_out,
        cases: suite.cases.into_iter().map(case).collect(),
        regressions: lost.into_iter().collect(),
    };
    let text = serde_json::to_string(&told)
        .map_err(|error| Problem::input("JOB_FILE_INVALID", format!("a test run cannot be told: {error}")))?;
    let name = format!("{side}.summary.json");
    Ok(Some(Document { sha256: sha256(text.as_bytes()), name, holds: Holds::Names, text }))
}
