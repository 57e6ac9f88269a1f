//! How much the tests notice, as the evidence tells it.

use std::collections::{BTreeMap, BTreeSet};

use iama_baseline::python::strength::{Tried, Verdict};
use serde::Serialize;

use super::Unproven;
use crate::folder::JobFolder;
use crate::problem::Problem;
use crate::records::{STRENGTH, StrengthRecord};

/// Rows of a list that evidence holds; `strength.json` holds all.
const ROWS: usize = 200;

/// What became of the faults that were planted at the touched places.
#[derive(Debug, Clone, Serialize)]
pub(super) struct StrengthPart {
    /// Why nothing was measured, where nothing was.
    skipped: Option<String>,
    /// Faults that say something: not equivalent, and no bad syntax.
    planted: usize,
    /// Those that a test noticed, on the legacy code.
    noticed: usize,
    /// The share of them in percent; what was not run was not noticed.
    percent: u32,
    /// Faults by what became of them on the legacy code.
    verdicts: BTreeMap<Verdict, usize>,
    /// Faults tried in a minute on the legacy code.
    per_minute: f64,
    /// Faults that a test noticed on the legacy code, planted into the result.
    repeated: usize,
    /// Those of them that no test notices there.
    weaker: Vec<FaultPart>,
    /// Faults that tests reach and do not notice.
    survived: Vec<FaultPart>,
    /// Tests that took no part, with the reason.
    left_out: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct FaultPart {
    file: String,
    line: u32,
    symbol: String,
    kind: String,
    replacement: String,
}

/// What a job measured; nothing when nobody asked for it.
pub(super) fn read(folder: &JobFolder) -> Result<Option<StrengthRecord>, Problem> {
    folder.read_if_kept(STRENGTH)
}

/// The record as the evidence tells it.
pub(super) fn part(record: &StrengthRecord) -> StrengthPart {
    let legacy = rows(&record.legacy.tried);
    let mut verdicts: BTreeMap<Verdict, usize> = BTreeMap::new();
    for (_, row) in &legacy {
        *verdicts.entry(row.verdict).or_default() += 1;
    }
    let telling = |row: &Tried| !matches!(row.verdict, Verdict::Equivalent | Verdict::Invalid);
    let planted = legacy.iter().filter(|(_, row)| telling(row)).count();
    let noticed = legacy.iter().filter(|(_, row)| row.verdict.is_noticed()).count();
    let result = rows(&record.result.tried);
    let list = |rows: &[(&str, &Tried)], wanted: fn(Verdict) -> bool| -> Vec<FaultPart> {
        let found: BTreeSet<FaultPart> =
            rows.iter().filter(|(_, row)| wanted(row.verdict)).map(|(file, row)| fault(file, row)).collect();
        found.into_iter().take(ROWS).collect()
    };
    StrengthPart {
        skipped: record.legacy.skipped.clone(),
        planted,
        noticed,
        percent: u32::try_from((noticed * 100).checked_div(planted).unwrap_or(0)).unwrap_or(100),
        verdicts,
        per_minute: record.legacy.mutants_per_minute.round(),
        repeated: result.iter().filter(|(_, row)| telling(row) && row.verdict != Verdict::NotRun).count(),
        weaker: list(&result, is_weaker),
        survived: list(&legacy, |verdict| verdict == Verdict::Survived),
        left_out: record.legacy.left_out.clone(),
    }
}

fn rows(tried: &BTreeMap<String, Vec<Tried>>) -> Vec<(&str, &Tried)> {
    tried.iter().flat_map(|(file, rows)| rows.iter().map(move |row| (file.as_str(), row))).collect()
}

fn fault(file: &str, row: &Tried) -> FaultPart {
    let kind = serde_json::to_value(row.mutant.kind).ok().and_then(|kind| kind.as_str().map(str::to_owned));
    FaultPart {
        file: file.to_owned(),
        line: row.mutant.line,
        symbol: row.mutant.symbol.clone(),
        kind: kind.unwrap_or_default(),
        replacement: row.mutant.replacement.chars().take(80).collect(),
    }
}

/// Touched lines that nothing runs, and places where the tests notice less than before.
pub(super) fn gaps(record: &StrengthRecord) -> Vec<Unproven> {
    let stretches = record.legacy.reach.iter().flat_map(|(file, rows)| rows.iter().map(move |row| (file, row)));
    let idle = stretches.filter(|(_, row)| row.tests == 0 && !row.at_import).map(|(file, row)| Unproven {
        file: file.clone(),
        line: row.first,
        symbol: named(&row.symbol),
        why: match row.last - row.first {
            0 => "no test runs this line".to_owned(),
            more => format!("no test runs these {} lines", more + 1),
        },
    });
    let result = rows(&record.result.tried);
    let weaker = result.into_iter().filter(|(_, row)| is_weaker(row.verdict)).map(|(file, row)| Unproven {
        file: file.to_owned(),
        line: row.mutant.line,
        symbol: named(&row.mutant.symbol),
        why: format!(
            "a fault that a test notices in the old code goes unnoticed in the new code: {}",
            row.mutant.replacement.chars().take(80).collect::<String>()
        ),
    });
    idle.chain(weaker).collect()
}

/// What a test noticed before and does not now.
const fn is_weaker(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Survived | Verdict::Unreached)
}

fn named(symbol: &str) -> Option<String> {
    (!symbol.is_empty()).then(|| symbol.to_owned())
}
