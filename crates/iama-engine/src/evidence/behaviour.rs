//! What recorded calls show: which were recorded and tested, and what the result does otherwise than the legacy code.

use std::collections::{BTreeMap, BTreeSet};

use iama_baseline::python::recording::Characterisation;
use schemars::JsonSchema;
use serde::Serialize;

use crate::folder::JobFolder;
use crate::problem::Problem;
use crate::records::{BEHAVIOUR, BehaviourRecord, CHARACTERIZATION, CharacterizationRecord, DifferenceRecord};

/// Rows of a list that evidence holds; `characterization.json` holds all.
const ROWS: usize = 200;

/// What was recorded on the legacy code, and how the result stands to it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct CharacterisationPart {
    /// Commands that were recorded besides the tests.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    commands: Vec<String>,
    /// Different calls that were made.
    recorded: usize,
    /// Calls that were chosen.
    chosen: usize,
    /// Calls that no test makes, found by trying.
    grown: usize,
    /// Functions with calls that are no facts about the code, with the reason.
    quarantined: Vec<QuarantinedPart>,
    /// Functions whose calls cannot be made again, with the reasons.
    blocked: Vec<QuarantinedPart>,
    /// Written tests that pass on the legacy code.
    tests: usize,
    /// Those of them that do not pass on the result.
    failed: usize,
    /// Calls, variations included, that do the same in both.
    same: usize,
    /// Calls that were not compared, by reason.
    excluded: BTreeMap<String, usize>,
    /// What was skipped or cut short, and why.
    notes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
struct QuarantinedPart {
    function: String,
    reason: String,
}

/// What was recorded and what is different.
#[derive(Debug, Clone, Default)]
pub(super) struct Behaviour {
    /// Nothing when nobody asked for it.
    pub(super) characterisation: Option<CharacterisationPart>,
    /// What the result does otherwise.
    pub(super) differences: Vec<DifferenceRecord>,
}

impl Behaviour {
    /// Reads what the steps of a job kept.
    pub(super) fn read(folder: &JobFolder, commands: Vec<String>) -> Result<Self, Problem> {
        let Some(record) = folder.read_if_kept::<CharacterizationRecord>(CHARACTERIZATION)? else {
            return Ok(Self::default());
        };
        let none = || {
            let why = "the result was not compared: that follows once the existing tests have run on it";
            BehaviourRecord { skipped: Some(why.to_owned()), ..BehaviourRecord::default() }
        };
        let behaviour: BehaviourRecord = folder.read_if_kept(BEHAVIOUR)?.unwrap_or_else(none);
        let characterisation = Some(part(&record.known, &behaviour, commands));
        Ok(Self { characterisation, differences: behaviour.differences })
    }

    /// Differences that no recipe had declared.
    pub(super) fn undeclared(&self) -> usize {
        self.differences.iter().filter(|found| found.declared.is_none()).count()
    }
}

fn part(known: &Characterisation, behaviour: &BehaviourRecord, commands: Vec<String>) -> CharacterisationPart {
    let row = |function: String, reason: &str| QuarantinedPart { function, reason: reason.to_owned() };
    let quarantined: BTreeSet<_> =
        known.quarantined.iter().map(|call| row(format!("{}.{}", call.module, call.function), &call.reason)).collect();
    let blocked = known.blocked.iter().map(|(name, reasons)| {
        let reasons: Vec<&str> = reasons.iter().map(String::as_str).collect();
        row(name.replace(':', "."), &reasons.join("; "))
    });
    let left_out = quarantined.len().saturating_sub(ROWS) + known.blocked.len().saturating_sub(ROWS);
    let left_out = (left_out > 0).then(|| {
        format!("{CHARACTERIZATION} names {left_out} more functions whose calls were put aside or cannot be made")
    });
    let notes = known.skipped.iter().chain(&known.notes).chain(&behaviour.skipped).chain(&left_out);
    CharacterisationPart {
        commands,
        recorded: known.recorded,
        chosen: known.chosen,
        grown: known.grown,
        quarantined: quarantined.into_iter().take(ROWS).collect(),
        blocked: blocked.take(ROWS).collect(),
        tests: known.tests.len(),
        failed: behaviour.failed,
        same: behaviour.same,
        excluded: behaviour.excluded.clone(),
        notes: notes.cloned().collect(),
    }
}
