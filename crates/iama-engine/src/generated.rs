//! What is kept of tests that a model wrote.

use std::collections::{BTreeMap, BTreeSet};

use iama_model::Cost;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The file of [`GeneratedRecord`].
pub(crate) const GENERATED: &str = "generated.json";

/// The folder of the kept tests, in the job's folder.
pub(crate) const TESTS: &str = "generated";

/// Tests that a model wrote for the legacy code: `generated.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GeneratedRecord {
    /// The revision of the spec that they were written for.
    pub revision: u32,
    /// Why none were asked for, where none were.
    pub skipped: Option<String>,
    /// What was left out or cut short, a sentence each.
    pub notes: Vec<String>,
    /// Every test that was proposed, in the order in which they came.
    pub tests: Vec<GeneratedTest>,
    /// Faults on the lines that recipes would touch, and how many the project's own tests notice.
    pub before: Noticed,
    /// The same faults, and how many the kept tests notice together with the project's own.
    pub after: Noticed,
    /// What the calls cost.
    pub cost: Cost,
    /// Hashes of the files in `generated/`, by name.
    pub sha256: BTreeMap<String, String>,
}

impl GeneratedRecord {
    /// Nothing was asked for, and why.
    pub(crate) fn skipped(revision: u32, why: impl Into<String>) -> Self {
        Self { revision, skipped: Some(why.into()), ..Self::default() }
    }

    /// The tests that are part of the baseline.
    pub fn kept(&self) -> impl Iterator<Item = (&GeneratedTest, &[NoticedFault])> {
        self.tests.iter().filter_map(|test| match &test.fate {
            Fate::Kept { faults } => Some((test, &faults[..])),
            Fate::Dropped { .. } => None,
        })
    }

    /// The files that kept tests show something of.
    pub(crate) fn files(&self) -> BTreeSet<String> {
        self.kept().flat_map(|(_, faults)| faults.iter().map(|fault| fault.file.clone())).collect()
    }
}

/// A proposed test and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GeneratedTest {
    /// `FILE::TEST`, the file within `generated/`. The file is only there when the test was kept.
    pub name: String,
    /// The item of the spec that it is for.
    pub item: String,
    /// What it pins down, in the model's words.
    pub says: String,
    /// From 1.
    pub round: u8,
    /// The model's name in the settings.
    pub route: String,
    /// What became of it.
    #[serde(flatten)]
    pub fate: Fate,
}

/// What became of a proposed test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "fate", rename_all = "lowercase")]
pub enum Fate {
    /// It is part of the baseline.
    Kept {
        /// The faults that it alone notices.
        faults: Vec<NoticedFault>,
    },
    /// It is not, for a reason.
    Dropped {
        /// Stable name of the reason.
        code: String,
        /// The reason.
        why: String,
    },
}

/// A planted fault that a test notices.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct NoticedFault {
    /// The file.
    pub file: String,
    /// The line of the legacy code, from 1.
    pub line: u32,
    /// What was planted.
    pub told: String,
}

/// How many of the planted faults are noticed. Those that change nothing are not counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Noticed {
    /// Planted.
    pub faults: usize,
    /// Noticed by a test.
    pub noticed: usize,
}
