//! How much the tests notice, as the evidence tells it.

use std::collections::{BTreeMap, BTreeSet};

use iama_baseline::python::strength::{Strength, Tried, Verdict};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Side, Unproven};
use crate::folder::JobFolder;
use crate::problem::Problem;
use crate::records::{STRENGTH, Sides, StrengthRecord};

/// Rows of a list that evidence holds; `strength.json` holds all.
const ROWS: usize = 200;

/// What became of the faults that were planted at the touched places.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct StrengthPart {
    /// Why nothing was measured, where nothing was.
    skipped: Option<String>,
    /// Faults that say something: not equivalent, and no bad syntax.
    planted: usize,
    /// Those that a test noticed, on the legacy code.
    noticed: usize,
    /// The share of them in percent; what was not run was not noticed.
    percent: u32,
    /// What came of the project's own tests alone, where recorded ones were tried as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    own: Option<OwnPart>,
    /// Faults by what became of them on the legacy code.
    #[schemars(with = "BTreeMap<String, usize>")]
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

/// The share of the project's own tests.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct OwnPart {
    noticed: usize,
    percent: u32,
    /// Why nothing was tried with them, where nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    skipped: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
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
    let Sides { legacy: on_legacy, result: on_result } = record.together();
    let legacy = rows(&on_legacy.tried);
    let mut verdicts: BTreeMap<Verdict, usize> = BTreeMap::new();
    for (_, row) in &legacy {
        *verdicts.entry(row.verdict).or_default() += 1;
    }
    let planted = legacy.iter().filter(|(_, row)| row.verdict.is_telling()).count();
    let noticed = |rows: &[(&str, &Tried)]| rows.iter().filter(|(_, row)| row.verdict.is_noticed()).count();
    let percent = |part: usize| u32::try_from((part * 100).checked_div(planted).unwrap_or(0)).unwrap_or(100);
    let own = noticed(&rows(&record.own.legacy.tried));
    let again = repeated(&on_legacy, &on_result);
    let list = |rows: &[(&str, &Tried)], wanted: fn(Verdict) -> bool| -> Vec<FaultPart> {
        let found: BTreeSet<FaultPart> =
            rows.iter().filter(|(_, row)| wanted(row.verdict)).map(|(file, row)| fault(file, row)).collect();
        found.into_iter().take(ROWS).collect()
    };
    StrengthPart {
        skipped: on_legacy.skipped.clone(),
        planted,
        noticed: noticed(&legacy),
        percent: percent(noticed(&legacy)),
        own: record.recorded.is_some().then(|| OwnPart {
            noticed: own,
            percent: percent(own),
            skipped: record.own.legacy.skipped.clone(),
        }),
        verdicts,
        per_minute: on_legacy.mutants_per_minute.round(),
        repeated: again.iter().filter(|(_, row)| row.verdict.is_telling() && row.verdict != Verdict::NotRun).count(),
        weaker: list(&again, is_weaker),
        survived: list(&legacy, |verdict| verdict == Verdict::Survived),
        left_out: on_legacy.left_out.clone(),
    }
}

fn rows(tried: &BTreeMap<String, Vec<Tried>>) -> Vec<(&str, &Tried)> {
    tried.iter().flat_map(|(file, rows)| rows.iter().map(move |row| (file.as_str(), row))).collect()
}

/// The faults of the result that a test noticed on the legacy code; the others are of the new code only.
fn repeated<'a>(legacy: &Strength, result: &'a Strength) -> Vec<(&'a str, &'a Tried)> {
    let noticed = rows(&legacy.tried).into_iter().filter(|(_, row)| row.verdict.is_noticed());
    let known: BTreeSet<(&str, &str)> = noticed.map(|(file, row)| (file, row.mutant.name.as_str())).collect();
    rows(&result.tried).into_iter().filter(|(file, row)| known.contains(&(*file, row.mutant.name.as_str()))).collect()
}

fn fault(file: &str, row: &Tried) -> FaultPart {
    let kind = serde_json::to_value(row.mutant.kind).ok().and_then(|kind| kind.as_str().map(str::to_owned));
    FaultPart {
        file: file.to_owned(),
        line: row.mutant.line,
        symbol: row.mutant.symbol.clone(),
        kind: kind.unwrap_or_default(),
        replacement: row.mutant.told().chars().take(80).collect(),
    }
}

/// Touched lines that nothing runs, places where nothing notices a fault, and those where the tests notice less than before.
pub(super) fn gaps(record: &StrengthRecord) -> Vec<Unproven> {
    let Sides { legacy, result } = record.together();
    let stretches = legacy.reach.iter().flat_map(|(file, rows)| rows.iter().map(move |row| (file, row)));
    let idle = stretches.filter(|(_, row)| row.tests == 0 && !row.at_import).map(|(file, row)| Unproven {
        file: file.clone(),
        line: row.first,
        side: Side::Old,
        symbol: named(&row.symbol),
        why: match row.last - row.first {
            0 => "no test runs this line".to_owned(),
            more => format!("no test runs these {} lines", more + 1),
        },
    });
    let again = repeated(&legacy, &result);
    let fresh: Vec<_> = rows(&result.tried).into_iter().filter(|row| !again.contains(row)).collect();
    let weaker = by_line(&again, is_weaker).into_iter().map(|(place, faults)| {
        place.because(Side::New, format!("tests notice this fault in the old code and not in the new one: {faults}"))
    });
    let unnoticed = by_line(&fresh, is_weaker)
        .into_iter()
        .map(|(place, faults)| place.because(Side::New, format!("no test notices this fault: {faults}")));
    // What stands in the new code as well is told there.
    let known: BTreeSet<(&str, &str)> =
        rows(&result.tried).into_iter().map(|(file, row)| (file, row.mutant.name.as_str())).collect();
    let gone: Vec<_> = rows(&legacy.tried)
        .into_iter()
        .filter(|(file, row)| !known.contains(&(*file, row.mutant.name.as_str())))
        .collect();
    let loose = by_line(&gone, |verdict| verdict == Verdict::Survived).into_iter().map(|(place, faults)| {
        place.because(Side::Old, format!("tests run this line and do not notice this fault in it: {faults}"))
    });
    idle.chain(weaker).chain(unnoticed).chain(loose).collect()
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    file: String,
    line: u32,
    symbol: String,
}

impl Place {
    fn because(self, side: Side, why: String) -> Unproven {
        Unproven { file: self.file, line: self.line, side, symbol: named(&self.symbol), why }
    }
}

/// The first fault of each line in words, and how many more there are.
fn by_line(rows: &[(&str, &Tried)], wanted: fn(Verdict) -> bool) -> BTreeMap<Place, String> {
    let mut found: BTreeMap<Place, Vec<&str>> = BTreeMap::new();
    for (file, row) in rows.iter().filter(|(_, row)| wanted(row.verdict)) {
        let place = Place { file: (*file).to_owned(), line: row.mutant.line, symbol: row.mutant.symbol.clone() };
        found.entry(place).or_default().push(row.mutant.told());
    }
    let told = |faults: Vec<&str>| {
        let first: String = faults.first().into_iter().flat_map(|fault| fault.chars().take(80)).collect();
        if faults.len() > 1 { format!("{first} (and {} more)", faults.len() - 1) } else { first }
    };
    found.into_iter().map(|(place, faults)| (place, told(faults))).collect()
}

/// What a test noticed before and does not now.
const fn is_weaker(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Survived | Verdict::Unreached)
}

fn named(symbol: &str) -> Option<String> {
    (!symbol.is_empty()).then(|| symbol.to_owned())
}
