//! What stands behind each hunk: what it serves, the tests that reach it, and what they notice there.

use std::collections::{BTreeMap, BTreeSet};

use iama_baseline::python::recording::Written;
use iama_baseline::python::strength::{Reach, Strength, Tried, Verdict, runs_of};
use iama_baseline::{Suite, TestId};
use iama_patch::{Hunk, LineKind};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Sources, tests};
use crate::folder::JobFolder;
use crate::problem::Problem;
use crate::reach::Imports;
use crate::records::{CHARACTERIZATION, CharacterizationRecord, Sides, StrengthRecord};
use crate::spec::{Kind, SitePlace};

/// Names, or runs of them, that one hunk gives of each kind; the counts beside them are of all.
const NAMED: usize = 12;

/// What stands behind a hunk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct LinksPart {
    /// Items of the spec that the hunk has to keep.
    spec: Vec<String>,
    reached: ReachedPart,
    /// Nothing when it was not measured, or for tests.
    #[serde(skip_serializing_if = "Option::is_none")]
    strength: Option<HunkStrengthPart>,
}

/// The tests that pass on the legacy code and run the hunk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
struct ReachedPart {
    /// How that is known.
    how: How,
    /// Tests of the project.
    tests: usize,
    /// First and last of runs of them, by position in `tests.cases`.
    cases: Vec<(usize, usize)>,
    /// Tests written from recorded calls.
    recorded: usize,
    /// Some of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    recorded_tests: Vec<String>,
    /// The functions whose recorded behaviour they hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    behaviours: Vec<String>,
    /// Scenarios that start the file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    scenarios: Vec<String>,
}

/// How it is known which tests run a hunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum How {
    /// Its lines were watched while the tests ran.
    Lines,
    /// The tests import the file, directly or through others; which lines they run was not measured.
    Import,
    /// It is a part of these tests.
    Itself,
}

/// What became of faults planted at the lines of a hunk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
struct HunkStrengthPart {
    /// At the removed lines of the legacy code.
    old: Tally,
    /// At the added lines of the result.
    new: Tally,
    /// Removed and added lines that no test runs, and no import: nothing is proven there.
    unproven_lines: usize,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
struct Tally {
    killed: usize,
    survived: usize,
    unreached: usize,
    not_run: usize,
}

/// What is known about the tests of a job, read once for all hunks.
pub(super) struct Links<'a> {
    sources: &'a Sources,
    positions: BTreeMap<String, usize>,
    importers: BTreeMap<String, BTreeSet<usize>>,
    own: Option<&'a Sides>,
    together: Option<Sides>,
    recorded: BTreeMap<String, Written>,
}

impl<'a> Links<'a> {
    /// Reads what the steps of a job kept.
    pub(super) fn read(
        folder: &JobFolder,
        sources: &'a Sources,
        strength: Option<&'a StrengthRecord>,
    ) -> Result<Self, Problem> {
        let own = strength.map(|record| &record.own).filter(|sides| sides.legacy.skipped.is_none());
        let together = strength.map(StrengthRecord::together).filter(|sides| sides.legacy.skipped.is_none());
        let known = folder.read_if_kept::<CharacterizationRecord>(CHARACTERIZATION)?;
        let positions = tests::ids(sources).enumerate().map(|(position, id)| (id.0.clone(), position)).collect();
        let importers = importers(folder, sources, &positions);
        Ok(Self {
            sources,
            positions,
            importers,
            own,
            together,
            recorded: known.map(|record| record.known.tests).unwrap_or_default(),
        })
    }

    /// What stands behind one hunk of a file.
    pub(super) fn of(&self, path: &str, is_test: bool, hunk: &Hunk) -> LinksPart {
        let (removed, added) = changed_lines(hunk);
        LinksPart {
            spec: self.served(path, is_test, &removed),
            reached: self.reached(path, is_test, &removed, &added),
            strength: self.together.as_ref().filter(|_| !is_test).map(|sides| HunkStrengthPart {
                old: tally(&sides.legacy, path, &removed),
                new: tally(&sides.result, path, &added),
                unproven_lines: idle(&sides.legacy, path, &removed) + idle(&sides.result, path, &added),
            }),
        }
    }

    /// The rules, and the items that are about a place of the hunk.
    fn served(&self, path: &str, is_test: bool, removed: &Lines) -> Vec<String> {
        let seal = if is_test { "SEAL" } else { "TESTS" };
        let meets = |place: &SitePlace| {
            place.file == path && (place.lines.is_empty() || place.lines.iter().any(|line| removed.contains(line)))
        };
        let items = self.sources.spec.iter().flat_map(|spec| &spec.items);
        let about = items.filter(|item| item.kind != Kind::Rule && item.places.iter().any(meets));
        let rules = ["TARGET", "SCOPE", seal].into_iter().map(str::to_owned);
        rules.chain(about.map(|item| item.id.clone()).take(NAMED)).collect()
    }

    fn reached(&self, path: &str, is_test: bool, removed: &Lines, added: &Lines) -> ReachedPart {
        let (how, found) = match self.own {
            _ if is_test => (How::Itself, self.of_file(path)),
            Some(sides) => (How::Lines, self.by_lines(sides, path, removed, added)),
            None => (How::Import, self.importers.get(path).cloned().unwrap_or_default()),
        };
        let through =
            |test: &Written| test.lines.get(path).is_some_and(|lines| lines.iter().any(|line| removed.contains(line)));
        let recorded: Vec<(&String, &Written)> = self.recorded.iter().filter(|(_, test)| through(test)).collect();
        let behaviours: BTreeSet<String> =
            recorded.iter().map(|(_, test)| format!("{}.{}", test.module, test.function)).collect();
        let rows = self.sources.scenarios.iter().flat_map(|record| &record.rows);
        let starts = rows.filter(|row| row.is_kept() && row.files.iter().any(|file| file == path));
        ReachedPart {
            how,
            tests: found.len(),
            cases: runs_of(found.iter().copied()).into_iter().take(NAMED).collect(),
            recorded: recorded.len(),
            recorded_tests: recorded.iter().map(|(name, _)| (*name).clone()).take(NAMED).collect(),
            behaviours: behaviours.into_iter().take(NAMED).collect(),
            scenarios: starts.map(|row| row.name.clone()).take(NAMED).collect(),
        }
    }

    fn of_file(&self, path: &str) -> BTreeSet<usize> {
        let inside = self.positions.iter().filter(|(id, _)| TestId((*id).clone()).file() == path);
        inside.map(|(_, position)| *position).collect()
    }

    /// Where a line runs at import only, all tests that import the file run it.
    fn by_lines(&self, sides: &Sides, path: &str, removed: &Lines, added: &Lines) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        for (side, lines) in [(&sides.legacy, removed), (&sides.result, added)] {
            for row in stretches(side, path).filter(|row| meets(row, lines)) {
                let ids = row.by.iter().flat_map(|(first, last)| side.tests.get(*first..=*last).unwrap_or_default());
                found.extend(ids.filter_map(|id| self.positions.get(&id.0)));
                if row.at_import {
                    found.extend(self.importers.get(path).into_iter().flatten());
                }
            }
        }
        found
    }
}

/// Line numbers of one text.
type Lines = BTreeSet<u32>;

fn changed_lines(hunk: &Hunk) -> (Lines, Lines) {
    let (mut removed, mut added) = (Lines::new(), Lines::new());
    let (mut old, mut new) = (hunk.old_start, hunk.new_start);
    for (kind, _) in &hunk.lines {
        match kind {
            LineKind::Context => (old, new) = (old + 1, new + 1),
            LineKind::Removed => {
                removed.insert(old);
                old += 1;
            }
            LineKind::Added => {
                added.insert(new);
                new += 1;
            }
        }
    }
    (removed, added)
}

fn stretches<'a>(side: &'a Strength, path: &str) -> impl Iterator<Item = &'a Reach> + use<'a> {
    side.reach.get(path).into_iter().flatten()
}

fn meets(row: &Reach, lines: &Lines) -> bool {
    lines.range(row.first..=row.last).next().is_some()
}

/// Lines that nothing runs.
fn idle(side: &Strength, path: &str, lines: &Lines) -> usize {
    let idle = stretches(side, path).filter(|row| row.tests == 0 && !row.at_import);
    let found: BTreeSet<u32> = idle.flat_map(|row| lines.range(row.first..=row.last).copied()).collect();
    found.len()
}

fn tally(side: &Strength, path: &str, lines: &Lines) -> Tally {
    let mut tally = Tally::default();
    let inside = |row: &&Tried| lines.contains(&row.mutant.line);
    for row in side.tried.get(path).into_iter().flatten().filter(inside) {
        match row.verdict {
            Verdict::Killed | Verdict::Timeout => tally.killed += 1,
            Verdict::Survived => tally.survived += 1,
            Verdict::Unreached => tally.unreached += 1,
            Verdict::NotRun => tally.not_run += 1,
            Verdict::Equivalent | Verdict::Invalid => {}
        }
    }
    tally
}

/// The tests that pass on the legacy code, by the files that they import, directly or through others.
fn importers(
    folder: &JobFolder,
    sources: &Sources,
    positions: &BTreeMap<String, usize>,
) -> BTreeMap<String, BTreeSet<usize>> {
    let mut by_file: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for id in sources.legacy.iter().flat_map(Suite::passed) {
        by_file.entry(id.file()).or_default().extend(positions.get(&id.0));
    }
    let mut imports = Imports::new(&folder.root, &sources.workspace);
    let mut found: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for (file, tests) in by_file.into_iter().filter(|(file, _)| sources.workspace.files.contains_key(*file)) {
        for path in imports.from(&[file.to_owned()]) {
            found.entry(path).or_default().extend(&tests);
        }
    }
    found
}
