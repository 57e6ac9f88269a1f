//! What scenarios show, as the evidence tells it: what was run, what may have differed, and what came of it.

use std::collections::BTreeMap;

use iama_baseline::TestId;
use iama_baseline::scenarios::{Difference, NORMALISERS};
use schemars::JsonSchema;
use serde::Serialize;

use super::verdict::many;
use crate::blackbox::{Outcome, Standing};
use crate::folder::JobFolder;
use crate::perform::is_generated;
use crate::problem::Problem;
use crate::records::{RESULT_SCENARIOS, ScenarioRow, ScenariosRecord};

/// Rows of the list that evidence holds; `scenarios.json` holds all.
const ROWS: usize = 200;

/// The scenarios of a job.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct ScenariosPart {
    /// The file, or what stands for it.
    file: String,
    /// Whether IAMA proposed them.
    proposed: bool,
    /// Those that the result has to repeat.
    recorded: usize,
    /// Those of them that it repeats.
    same: usize,
    /// Those of them that it does not.
    different: usize,
    /// Those that say nothing about the result.
    silent: usize,
    /// What was allowed to differ, where it did.
    normalisers: Vec<NormaliserPart>,
    /// By name.
    rows: Vec<RowPart>,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
struct NormaliserPart {
    name: String,
    what: &'static str,
    /// How often it changed something on the legacy side.
    legacy: usize,
    /// And on the result.
    result: usize,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
struct RowPart {
    name: String,
    command: String,
    /// `recorded` or `silent`.
    legacy: &'static str,
    /// Why it says nothing about the result.
    why: Option<String>,
    /// `same`, `different`, `failed` or `not_run`.
    result: &'static str,
    failure: Option<String>,
    /// Parts, or lines of them, that differ from run to run, with how.
    quarantined: BTreeMap<String, String>,
    differences: Vec<Difference>,
}

/// What the steps of a job kept; nothing where it has no scenarios.
pub(super) fn part(folder: &JobFolder, record: Option<&ScenariosRecord>) -> Result<Option<ScenariosPart>, Problem> {
    let Some(record) = record else { return Ok(None) };
    let outcomes: Vec<Outcome> = folder.read_if_kept(RESULT_SCENARIOS)?.unwrap_or_default();
    let standing = |wanted: &[Standing]| outcomes.iter().filter(|outcome| wanted.contains(&outcome.standing)).count();
    let recorded = record.rows.iter().filter(|row| row.is_kept()).count();
    Ok(Some(ScenariosPart {
        file: record.label.clone(),
        proposed: record.proposed,
        recorded,
        same: standing(&[Standing::Same]),
        different: standing(&[Standing::Different, Standing::Failed]),
        silent: record.rows.len() - recorded,
        normalisers: normalisers(record, &outcomes),
        rows: record.rows.iter().take(ROWS).map(|row| row_part(row, &outcomes)).collect(),
    }))
}

fn normalisers(record: &ScenariosRecord, outcomes: &[Outcome]) -> Vec<NormaliserPart> {
    let kept = record.rows.iter().filter(|row| row.is_kept());
    let legacy: Vec<_> = kept.filter_map(|row| Some(&row.expect.as_ref()?.normalised)).collect();
    let result: Vec<_> = outcomes.iter().map(|outcome| &outcome.normalised).collect();
    let sum = |all: &[&BTreeMap<String, usize>], name: &str| all.iter().filter_map(|counts| counts.get(name)).sum();
    let row = |one: &iama_baseline::scenarios::Normaliser| NormaliserPart {
        name: one.name.to_owned(),
        what: one.what,
        legacy: sum(&legacy, one.name),
        result: sum(&result, one.name),
    };
    NORMALISERS.iter().map(row).filter(|row| row.legacy + row.result > 0).collect()
}

fn row_part(row: &ScenarioRow, outcomes: &[Outcome]) -> RowPart {
    let outcome = outcomes.iter().find(|outcome| outcome.name == row.name);
    let result = outcome.map_or("not_run", |outcome| match outcome.standing {
        Standing::Same => "same",
        Standing::Different => "different",
        Standing::Failed => "failed",
        Standing::NotRecorded => "not_run",
    });
    RowPart {
        name: row.name.clone(),
        command: row.command.chars().take(300).collect(),
        legacy: if row.is_kept() { "recorded" } else { "silent" },
        why: row.failure.clone(),
        result,
        failure: outcome.and_then(|outcome| outcome.failure.clone()),
        quarantined: row.expect.as_ref().map(|expect| expect.quarantined.clone()).unwrap_or_default(),
        differences: outcome.map(|outcome| outcome.differences.clone()).unwrap_or_default(),
    }
}

/// Tests and scenarios by their names, counted in words.
pub(super) fn counted(ids: impl Iterator<Item = TestId>, record: Option<&ScenariosRecord>) -> String {
    let label = record.map(|record| record.label.as_str());
    let (scenarios, tests): (Vec<TestId>, Vec<TestId>) = ids.partition(|id| label == Some(id.file()));
    let generated = tests.iter().filter(|id| is_generated(id)).count() as u64;
    let (tests, scenarios) = (tests.len() as u64, scenarios.len() as u64);
    let tests = (tests > 0 || scenarios == 0).then(|| {
        let written = if generated == tests {
            "all of them written by a model".to_owned()
        } else {
            format!("{generated} of them written by a model")
        };
        if generated > 0 { format!("{} ({written})", many(tests, "test")) } else { many(tests, "test") }
    });
    let parts: Vec<String> = tests.into_iter().chain((scenarios > 0).then(|| many(scenarios, "scenario"))).collect();
    parts.join(" and ")
}
