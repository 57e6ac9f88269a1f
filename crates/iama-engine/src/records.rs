//! What the steps of a job keep for each other, as JSON in the job's folder. Evidence is put together from these alone.

use std::collections::{BTreeMap, BTreeSet};

use iama_baseline::Suite;
use iama_baseline::python::environment::Environment;
use iama_baseline::python::interpreter::Interpreter;
use iama_baseline::python::recording::Characterisation;
use iama_baseline::python::strength::Strength;
use iama_baseline::scenarios::{Difference, Expectation};
use iama_job::Timestamp;
use iama_recipes::Class;
use iama_source::{Confidence, Excluded};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The workspace as the job found it: `workspace.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorkspaceRecord {
    /// Source files by path, with the hash of their bytes.
    pub files: BTreeMap<String, String>,
    /// What was left out.
    pub excluded: Vec<Excluded>,
    /// Whether the version control says that something is uncommitted.
    pub dirty: bool,
}

/// What the analysis found: `scope.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScopeRecord {
    /// Source files.
    pub files: usize,
    /// Lines in them.
    pub lines: usize,
    /// Files of tests.
    pub test_files: Vec<String>,
    /// How far the code is understood.
    pub confidence: Confidence,
    /// Files that no recipe can work on, with the reason.
    pub unreadable: Vec<PlaceRecord>,
}

/// A place that a person should look at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct PlaceRecord {
    /// The recipe, or a code.
    pub recipe: String,
    /// One line.
    pub title: String,
    /// The file.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// Why.
    pub reason: String,
}

/// One side's interpreter and environment: `legacy.toolchain.json`, `target.toolchain.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Toolchain {
    /// What was found.
    pub interpreter: Option<Interpreter>,
    /// What runs the tests.
    pub environment: Option<Environment>,
}

/// One side's test run: `legacy.suite.json`, `result.suite.json`.
pub type SuiteRecord = Suite;

/// Types that a run of the legacy code saw, by file and range of bytes: `observed.json`. Kept with the job, so that a rerun of the
/// recipes gives the same bytes.
pub type Observed = BTreeMap<String, Vec<((u32, u32), BTreeSet<String>)>>;

/// The file of [`Observed`].
pub(crate) const OBSERVED: &str = "observed.json";

/// How the existing tests were carried over: `carried.json` holds a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Carried {
    /// The file.
    pub path: String,
    /// Tests before.
    pub tests_before: usize,
    /// Tests after.
    pub tests_after: usize,
    /// Assertions before.
    pub assertions_before: usize,
    /// Assertions after.
    pub assertions_after: usize,
    /// Hash of the file as it was sealed.
    pub sha256: String,
}

/// What recipes did to one file: `rewrite.json` holds a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRecord {
    /// The file.
    pub path: String,
    /// Whether it is a file of tests.
    pub test: bool,
    /// What changed, by line of the original.
    pub changes: Vec<ChangeRecord>,
    /// What the recipes said.
    pub notes: Vec<NoteRecord>,
}

/// A changed region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeRecord {
    /// First line of the original, from 1.
    pub first_line: u32,
    /// Last line of the original.
    pub last_line: u32,
    /// Recipes that had a part.
    pub recipes: Vec<String>,
}

/// A finding of a recipe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteRecord {
    /// The recipe.
    pub recipe: String,
    /// How far it may be trusted.
    pub class: Class,
    /// The line of the original.
    pub line: u32,
    /// Why.
    pub why: String,
}

/// A decision, as it was taken: `decisions.jsonl`, one a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionRecord {
    /// When.
    pub at: Timestamp,
    /// Stable name of the question.
    pub code: String,
    /// The question.
    pub question: String,
    /// The answer.
    pub answer: String,
    /// `--yes`, `person` or `policy`.
    pub by: String,
}

/// Calls of the legacy code that were recorded and written as tests: `characterization.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CharacterizationRecord {
    /// What came of the recording.
    pub known: Characterisation,
    /// Hashes of the files in `characterization/`, by name.
    pub sha256: BTreeMap<String, String>,
}

impl CharacterizationRecord {
    /// The files that the recorded calls of the written tests run.
    pub(crate) fn files(&self) -> BTreeSet<String> {
        self.known.tests.values().flat_map(|test| test.lines.keys().cloned()).collect()
    }
}

/// The file of [`CharacterizationRecord`].
pub(crate) const CHARACTERIZATION: &str = "characterization.json";

/// How the result compares with recorded calls: `behaviour.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BehaviourRecord {
    /// Written tests that do not pass on the result.
    pub failed: usize,
    /// Calls that do the same in both.
    pub same: usize,
    /// Calls that were not compared, by reason.
    pub excluded: BTreeMap<String, usize>,
    /// Why no call was compared, where none was.
    pub skipped: Option<String>,
    /// What is different.
    pub differences: Vec<DifferenceRecord>,
}

/// The file of [`BehaviourRecord`].
pub(crate) const BEHAVIOUR: &str = "behaviour.json";

/// How much the tests notice: `strength.json`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct StrengthRecord {
    /// By the project's own tests.
    #[serde(flatten)]
    pub own: Sides,
    /// By the recorded tests, of the faults that the own tests do not notice; nothing when nothing was recorded.
    pub recorded: Option<Sides>,
}

/// What became of planted faults before and after.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Sides {
    /// Faults at the touched places of the legacy code.
    pub legacy: Strength,
    /// Faults at the touched places of the result; most are the same as in the legacy code.
    pub result: Strength,
}

impl StrengthRecord {
    /// What all tests together notice.
    pub fn together(&self) -> Sides {
        match &self.recorded {
            None => self.own.clone(),
            Some(recorded) if self.own.legacy.skipped.is_some() => recorded.clone(),
            Some(recorded) => Sides {
                legacy: self.own.legacy.joined(&recorded.legacy),
                result: self.own.result.joined(&recorded.result),
            },
        }
    }
}

/// The file of [`StrengthRecord`].
pub(crate) const STRENGTH: &str = "strength.json";

/// The scenarios of a job and what the legacy code does: `scenarios.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScenariosRecord {
    /// What stands for the file in the names of the tests.
    pub label: String,
    /// Whether IAMA proposed them.
    pub proposed: bool,
    /// Names of those that were put aside by a person.
    pub left_out: Vec<String>,
    /// By name.
    pub rows: Vec<ScenarioRow>,
}

impl ScenariosRecord {
    /// Source files that scenarios start which say something about the result. Those that IAMA proposed say too little.
    pub(crate) fn started(&self) -> impl Iterator<Item = String> {
        let telling = self.rows.iter().filter(|row| !self.proposed && row.is_kept());
        telling.flat_map(|row| row.files.iter().cloned())
    }
}

/// A scenario on the legacy code.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScenarioRow {
    /// Its name.
    pub name: String,
    /// The command as a person reads it.
    pub command: String,
    /// What was recorded.
    pub expect: Option<Expectation>,
    /// Why it says nothing about the result.
    pub failure: Option<String>,
    /// What the legacy code does otherwise than the file says.
    pub differences: Vec<Difference>,
    /// Source files that the command names.
    pub files: Vec<String>,
}

impl ScenarioRow {
    /// Whether the result has to do the same.
    pub const fn is_kept(&self) -> bool {
        self.expect.is_some() && self.failure.is_none()
    }
}

/// The file of [`ScenariosRecord`].
pub(crate) const SCENARIOS: &str = "scenarios.json";

/// What came of the scenarios on the result: a list of outcomes.
pub(crate) const RESULT_SCENARIOS: &str = "result.scenarios.json";

/// Something that the result does otherwise than the legacy code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DifferenceRecord {
    /// The written test that failed; nothing for a call that was compared.
    pub test: Option<String>,
    /// The module.
    pub module: String,
    /// The function in it.
    pub function: String,
    /// The file, relative to the root.
    pub file: String,
    /// By which name such a difference is known.
    pub kind: String,
    /// What the legacy code does.
    pub legacy: String,
    /// What the result does.
    pub migrated: String,
    /// How the recorded call was varied; nothing for the call itself.
    pub variation: Option<String>,
    /// The script that shows it, in the job's folder.
    pub script: Option<String>,
    /// The recipe that had said that the meaning may change at a place which the call runs through, or `rule: …` for the rule by
    /// which the difference says nothing against the result.
    pub declared: Option<String>,
    /// Calls of this function that differ in the same way.
    pub count: usize,
}
