//! What the documents need of an evidence.

use serde::Deserialize;

use crate::problem::Problem;

/// The format that is understood.
pub const SCHEMA: &str = "iama.evidence/1";

/// An evidence, as far as others are told of it.
#[derive(Debug, Clone, Deserialize)]
pub struct Told {
    /// The name of the format.
    pub schema: String,
    pub(super) job: Job,
    /// What it comes to.
    pub verdict: Verdict,
    /// The tests on both sides.
    pub tests: Tests,
    pub(super) unproven: Vec<Unproven>,
    pub(super) refused: Vec<Place>,
    pub(super) checks: Vec<Place>,
    /// The changed files.
    pub files: Vec<File>,
    #[serde(default)]
    spec: Vec<Item>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Job {
    pub(super) id: String,
    pub(super) finished_at: String,
    pub(super) iama_version: String,
    pub(super) project: String,
    pub(super) strategy: String,
    pub(super) from: String,
    pub(super) to: String,
}

/// What an evidence comes to.
#[derive(Debug, Clone, Deserialize)]
pub struct Verdict {
    /// A stable name.
    pub code: String,
    /// In words.
    pub sentence: String,
}

/// The tests on both sides.
#[derive(Debug, Clone, Deserialize)]
pub struct Tests {
    /// Each test.
    pub cases: Vec<Case>,
    /// Files of tests that were carried over and sealed.
    pub carried: Vec<Carried>,
}

/// One test.
#[derive(Debug, Clone, Deserialize)]
pub struct Case {
    /// Its id: path, class and name.
    pub id: String,
    /// How it ended on the legacy code.
    pub legacy: String,
    /// How it ended on the result.
    pub result: String,
    /// Whether that is worse.
    pub regression: bool,
    pub(super) error: Option<CaseError>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct CaseError {
    pub(super) class: String,
    pub(super) message: String,
    #[serde(default)]
    pub(super) file: Option<String>,
    #[serde(default)]
    pub(super) line: Option<u32>,
}

/// A file of tests that was carried over.
#[derive(Debug, Clone, Deserialize)]
pub struct Carried {
    /// The file.
    pub path: String,
    /// The hash that it was sealed with.
    pub sha256: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Unproven {
    pub(super) file: String,
    pub(super) line: Option<u32>,
    pub(super) why: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Place {
    pub(super) recipe: String,
    pub(super) title: String,
    pub(super) file: String,
    pub(super) line: Option<u32>,
    pub(super) reason: String,
}

/// A changed file.
#[derive(Debug, Clone, Deserialize)]
pub struct File {
    /// Its path.
    pub path: String,
    /// The hash of its bytes before; none for a new file.
    pub base_sha256: Option<String>,
    /// The hash of its bytes afterwards; none for a deleted one.
    pub result_sha256: Option<String>,
    pub(super) hunks: Vec<Hunk>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Hunk {
    pub(super) id: String,
    pub(super) new_start: u32,
    pub(super) lines: Vec<(String, String)>,
    pub(super) reasons: Vec<Reason>,
    #[serde(default)]
    pub(super) authors: Vec<Author>,
    /// Absent in the evidence of an earlier version.
    #[serde(default)]
    pub(super) links: Option<Links>,
}

/// A model or a person who wrote lines of a hunk.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Author {
    pub(super) by: String,
    #[serde(default)]
    pub(super) route: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Links {
    spec: Vec<String>,
    reached: Reached,
}

#[derive(Debug, Clone, Deserialize)]
struct Reached {
    tests: usize,
    cases: Vec<(usize, usize)>,
}

#[derive(Debug, Clone, Deserialize)]
struct Item {
    id: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Reason {
    pub(super) recipe: String,
}

impl Told {
    /// Reads `evidence.json`.
    pub fn read(bytes: &[u8]) -> Result<Self, Problem> {
        let invalid = |why: String| {
            Problem::input("EVIDENCE_INVALID", format!("this is no evidence of IAMA: {why}"))
                .hint("name the folder that `iama refactor --out` wrote, or an evidence.json")
        };
        let told: Self = serde_json::from_slice(bytes).map_err(|error| invalid(error.to_string()))?;
        if told.schema != SCHEMA {
            return Err(invalid(format!("its format is {:?}, and only {SCHEMA} is understood", told.schema)));
        }
        Ok(told)
    }

    /// Hunks that name an item of the spec or a test that stands nowhere.
    pub(crate) fn dangling(&self) -> Vec<&str> {
        let dangles = |links: &Links| {
            let items = links.spec.iter().all(|id| self.spec.iter().any(|item| item.id == *id));
            let Reached { tests, cases } = &links.reached;
            let named = cases.iter().map(|(first, last)| (last + 1).saturating_sub(*first)).sum::<usize>();
            let inside = cases.iter().all(|(first, last)| first <= last && *last < self.tests.cases.len());
            !items || !inside || named > *tests
        };
        let hunks = self.files.iter().flat_map(|file| &file.hunks);
        hunks.filter(|hunk| hunk.links.as_ref().is_some_and(dangles)).map(|hunk| hunk.id.as_str()).collect()
    }
}

impl Case {
    /// Whether it passed before and does not now.
    pub fn is_lost(&self) -> bool {
        self.legacy == "passed" && self.result != "passed"
    }
}
