//! Tests that a model wrote, as the evidence tells of them.

use schemars::JsonSchema;
use serde::Serialize;

use crate::folder::JobFolder;
use crate::generated::{Fate, GENERATED, GeneratedRecord, GeneratedTest, Noticed, NoticedFault};
use crate::problem::Problem;

/// Rows of a list that evidence holds; `generated.json` holds all.
const ROWS: usize = 200;

/// What came of asking a model for tests.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct GeneratedPart {
    /// Why none were asked for, where none were.
    skipped: Option<String>,
    /// What was left out or cut short.
    notes: Vec<String>,
    /// Tests that were proposed.
    proposed: usize,
    /// Those that are part of the baseline.
    kept: Vec<KeptPart>,
    /// Those that are not.
    dropped: Vec<DroppedPart>,
    /// Planted faults on touched lines of the legacy code, and how many the project's own tests notice.
    before: Noticed,
    /// The same with the kept tests.
    after: Noticed,
}

/// A test that is part of the baseline.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct KeptPart {
    name: String,
    item: String,
    says: String,
    route: String,
    /// How many faults it alone notices.
    alone: usize,
    /// Some of them.
    faults: Vec<NoticedFault>,
}

/// A test that is not.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct DroppedPart {
    name: String,
    item: String,
    code: String,
    why: String,
}

/// Nothing where nobody asked for tests.
pub(super) fn part(folder: &JobFolder) -> Result<Option<GeneratedPart>, Problem> {
    let record: Option<GeneratedRecord> = folder.read_if_kept(GENERATED)?;
    Ok(record.map(|record| GeneratedPart {
        proposed: record.tests.len(),
        kept: record.kept().take(ROWS).map(|(test, faults)| kept(test, faults)).collect(),
        dropped: record.tests.iter().filter_map(dropped).take(ROWS).collect(),
        skipped: record.skipped,
        notes: record.notes,
        before: record.before,
        after: record.after,
    }))
}

/// Faults that are named for one test.
const NAMED: usize = 10;

fn kept(test: &GeneratedTest, faults: &[NoticedFault]) -> KeptPart {
    KeptPart {
        name: test.name.clone(),
        item: test.item.clone(),
        says: test.says.clone(),
        route: test.route.clone(),
        alone: faults.len(),
        faults: faults.iter().take(NAMED).cloned().collect(),
    }
}

fn dropped(test: &GeneratedTest) -> Option<DroppedPart> {
    let Fate::Dropped { code, why } = &test.fate else { return None };
    Some(DroppedPart { name: test.name.clone(), item: test.item.clone(), code: code.clone(), why: why.clone() })
}
