//! The result of a job in one object, for programs: `iama.result/1`.

use std::collections::BTreeMap;

use iama_job::Job;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::folder::JobFolder;
use crate::problem::Problem;
use crate::stages::Stage;

/// The result of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunResult {
    /// `iama.result/1`.
    pub schema: String,
    /// The job's name.
    pub job: String,
    /// Where the job is: `DELIVERED`, `FALLBACK_REQUIRED`, `FAILED` and so on.
    pub state: String,
    /// Why, when it is not delivered.
    pub reason: Option<String>,
    /// What it comes to, as a stable name.
    pub verdict: String,
    /// The same in words.
    pub sentence: String,
    /// The files that change, sorted.
    pub files_changed: Vec<String>,
    /// Edits by recipe.
    pub edits: BTreeMap<String, usize>,
    /// Tests by name, with how they ended on the legacy code and on the result.
    pub tests: BTreeMap<String, TestPair>,
    /// Places that nothing has shown to behave as before.
    pub unproven: Vec<Place>,
    /// Places that were left alone.
    pub refused: Vec<Place>,
    /// Seconds by stage.
    pub seconds: BTreeMap<String, f64>,
    /// The same by step, in the order in which they were begun.
    pub stages: Vec<Stage>,
    /// Files of the job: `evidence`, `report`, `patch`, `copy`.
    pub paths: BTreeMap<String, String>,
}

/// How a test ended on both sides: `passed`, `failed`, `error`, `skipped`, `timeout`, `absent` or `not_run`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TestPair {
    /// On the legacy code.
    pub legacy: String,
    /// On the result.
    pub result: String,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// The file.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// Why.
    #[serde(alias = "why")]
    pub reason: String,
}

/// The parts of the evidence that the result repeats.
#[derive(Deserialize)]
struct Known {
    job: KnownJob,
    verdict: KnownVerdict,
    tests: KnownTests,
    unproven: Vec<Place>,
    refused: Vec<Place>,
    recipes: Vec<KnownRecipe>,
    files: Vec<KnownFile>,
    seconds: BTreeMap<String, f64>,
    #[serde(default)]
    stages: Vec<Stage>,
}

#[derive(Deserialize)]
struct KnownJob {
    reason: Option<String>,
}

#[derive(Deserialize)]
struct KnownVerdict {
    code: String,
    sentence: String,
}

#[derive(Deserialize)]
struct KnownTests {
    cases: Vec<KnownCase>,
}

#[derive(Deserialize)]
struct KnownCase {
    id: String,
    #[serde(flatten)]
    pair: TestPair,
}

#[derive(Deserialize)]
struct KnownRecipe {
    id: String,
    edits: usize,
}

#[derive(Deserialize)]
struct KnownFile {
    path: String,
}

/// The result of a job that has evidence.
pub fn of(folder: &JobFolder, job: &Job) -> Result<RunResult, Problem> {
    let known: Known = folder.read("evidence.json")?;
    let named = [
        ("evidence", "evidence.json"),
        ("report", "report.html"),
        ("patch", "patch.diff"),
        ("partial", "partial.diff"),
        ("copy", "work"),
    ];
    let paths = named
        .into_iter()
        .map(|(name, file)| (name.to_owned(), folder.file(file)))
        .filter(|(_, path)| path.exists())
        .map(|(name, path)| (name, path.display().to_string()))
        .collect();
    Ok(RunResult {
        schema: "iama.result/1".to_owned(),
        job: folder.id.clone(),
        state: job.state.kind().code().to_owned(),
        reason: known.job.reason,
        verdict: known.verdict.code,
        sentence: known.verdict.sentence,
        files_changed: known.files.into_iter().map(|file| file.path).collect(),
        edits: known.recipes.into_iter().map(|recipe| (recipe.id, recipe.edits)).collect(),
        tests: known.tests.cases.into_iter().map(|case| (case.id, case.pair)).collect(),
        unproven: known.unproven,
        refused: known.refused,
        seconds: known.seconds,
        stages: known.stages,
        paths,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_schema_is_that_of_the_type() {
        let schema = schemars::schema_for!(RunResult);
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        let path = format!("{}/../../docs/schemas/iama.result-1.json", env!("CARGO_MANIFEST_DIR"));
        #[expect(clippy::disallowed_methods, reason = "the switch that rewrites what is committed")]
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::create_dir_all(std::path::Path::new(&path).parent().unwrap()).unwrap();
            std::fs::write(&path, &text).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap();
        assert_eq!(committed, text, "run the tests once with UPDATE_GOLDEN=1 and commit {path}");
    }
}
