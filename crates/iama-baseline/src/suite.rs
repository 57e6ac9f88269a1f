//! What a run of tests says, whatever the language.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The name of a test, the same on the legacy code and on the result: `path::Class::test`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TestId(pub String);

impl TestId {
    /// The file that holds the test, relative to the root; the whole name where a command's own output named the test.
    pub fn file(&self) -> &str {
        self.0.split_once("::").map_or(&self.0, |(file, _)| file)
    }
}

/// How a test ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// As it should.
    Passed,
    /// An assertion or an exception in the test itself.
    Failed,
    /// An exception before or after it, or a crash of the interpreter.
    Error,
    /// It was not meant to run here.
    Skipped,
    /// It failed, as its author expected.
    Xfailed,
    /// It passed, against its author's expectation.
    Xpassed,
    /// It did not end in time.
    Timeout,
}

/// What went wrong, and where.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CaseError {
    /// The class of the exception.
    pub class: String,
    /// Its message, shortened.
    pub message: String,
    /// The innermost file of the project, relative to its root.
    pub file: Option<String>,
    /// The line there. Says nothing about identity.
    pub line: Option<u32>,
    /// The function there.
    pub symbol: Option<String>,
    /// `setup`, `call`, `teardown` or `collect`.
    #[serde(default)]
    pub phase: String,
    /// The way through the project to where it happened, outermost first; the innermost eight places at most. Says nothing about
    /// identity.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub frames: Vec<Frame>,
}

/// Places of the way to an error that are kept.
pub const FRAMES: usize = 8;

/// A place on the way to an error.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Frame {
    /// The file, relative to the root of the project.
    pub file: String,
    /// The line there.
    pub line: Option<u32>,
    /// The function there.
    pub symbol: Option<String>,
}

/// One test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// How it ended.
    pub status: Status,
    /// What went wrong.
    pub error: Option<CaseError>,
}

/// A file whose tests could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectError {
    /// The file.
    pub file: String,
    /// What went wrong.
    pub error: CaseError,
}

/// How many tests ended in which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// Passed.
    pub passed: u32,
    /// Failed.
    pub failed: u32,
    /// Errors, files that could not be collected included.
    pub errors: u32,
    /// Skipped, expected failures included.
    pub skipped: u32,
    /// Ran out of time.
    pub timeouts: u32,
}

/// A run of tests.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suite {
    /// The framework and its version.
    pub runner: Option<String>,
    /// Every test that was started.
    pub cases: BTreeMap<TestId, Case>,
    /// Files that could not be collected.
    pub collect_errors: Vec<CollectError>,
    /// What else the run complained of, in a sentence each.
    pub problems: Vec<String>,
    /// Whether the whole run was ended because it took too long.
    #[serde(default)]
    pub ran_out: bool,
    /// Tests that were found and left out, because somebody wanted it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub left_out: BTreeSet<TestId>,
}

impl Suite {
    /// How many tests ended in which way.
    pub fn counts(&self) -> Counts {
        let errors = u32::try_from(self.collect_errors.len()).unwrap_or(u32::MAX);
        self.cases.values().fold(Counts { errors, ..Counts::default() }, |mut counts, case| {
            *match case.status {
                Status::Passed | Status::Xpassed => &mut counts.passed,
                Status::Failed => &mut counts.failed,
                Status::Error => &mut counts.errors,
                Status::Skipped | Status::Xfailed => &mut counts.skipped,
                Status::Timeout => &mut counts.timeouts,
            } += 1;
            counts
        })
    }

    /// Adds what other tests did on the same code.
    pub fn add(&mut self, other: Self) {
        self.cases.extend(other.cases);
        self.collect_errors.extend(other.collect_errors);
        self.collect_errors.sort_by(|a, b| a.file.cmp(&b.file));
        self.problems
            .extend(other.problems.into_iter().filter(|problem| !self.problems.contains(problem)).collect::<Vec<_>>());
        self.ran_out |= other.ran_out;
        self.left_out.extend(other.left_out);
        self.runner = self.runner.take().or(other.runner);
    }

    /// The tests that passed.
    pub fn passed(&self) -> impl Iterator<Item = &TestId> {
        self.cases.iter().filter(|(_, case)| case.status == Status::Passed).map(|(id, _)| id)
    }
}
