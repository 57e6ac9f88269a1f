//! How much the tests notice: faults are planted into code, one at a time, and the tests that reach them are run.
//!
//! What the program does and the form of its files: `mutation/README.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::HARNESS;
use super::mutants::Mutant;
pub use super::steps::Bench;
use crate::suite::TestId;

/// The programs, by the name that they have beside each other.
const PROGRAMS: &[(&str, &str)] = &[
    ("iama_harness.py", HARNESS),
    ("iama_mutation.py", include_str!("../../mutation/iama_mutation.py")),
    ("iama_mutation_code.py", include_str!("../../mutation/iama_mutation_code.py")),
    ("iama_mutation_judge.py", include_str!("../../mutation/iama_mutation_judge.py")),
    ("iama_mutation_pool.py", include_str!("../../mutation/iama_mutation_pool.py")),
    ("iama_mutation_reach.py", include_str!("../../mutation/iama_mutation_reach.py")),
    ("iama_mutation_session.py", include_str!("../../mutation/iama_mutation_session.py")),
];

/// Time beyond the budget to end what runs.
const GRACE: Duration = Duration::from_mins(2);

/// What runs, and on what.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// The tests' files, relative to the root.
    pub files: &'a [String],
    /// Whether every test that reaches a fault is tried on it, so that [`Tried::all`] is known.
    pub every: bool,
    /// Tests that are left out.
    pub without: &'a BTreeSet<TestId>,
    /// The limit of one test.
    pub per_test: Duration,
    /// No fault is planted after this time; none for all of them.
    pub budget: Option<Duration>,
    /// Faults that are tried at the same time.
    pub workers: usize,
    /// Lines of each file that the report is about, from 1.
    pub touched: &'a BTreeMap<String, Vec<(u32, u32)>>,
    /// The faults of each file.
    pub mutants: &'a BTreeMap<String, Vec<Planted>>,
}

/// A fault with the bytes of the file that it replaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planted {
    /// The fault.
    pub mutant: Mutant,
    /// The first byte of the file that is replaced.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

/// What became of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// A test failed.
    Killed,
    /// A test did not end.
    Timeout,
    /// Every test that reaches it passed.
    Survived,
    /// No test reaches it.
    Unreached,
    /// The byte code is the same.
    Equivalent,
    /// It does not compile.
    Invalid,
    /// The time was up.
    NotRun,
}

impl Verdict {
    /// Whether a test noticed.
    pub const fn is_noticed(self) -> bool {
        matches!(self, Self::Killed | Self::Timeout)
    }

    /// Whether it says something about the tests: equivalent faults and bad syntax do not.
    pub const fn is_telling(self) -> bool {
        !matches!(self, Self::Equivalent | Self::Invalid)
    }

    /// Which of two verdicts on the same fault says more.
    const fn weight(self) -> u8 {
        match self {
            Self::Killed | Self::Timeout => 4,
            Self::Equivalent | Self::Invalid => 3,
            Self::Survived => 2,
            Self::Unreached => 1,
            Self::NotRun => 0,
        }
    }
}

/// A fault that was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    /// The fault.
    #[serde(flatten)]
    pub mutant: Mutant,
    /// What became of it.
    pub verdict: Verdict,
    /// The test that noticed.
    pub by: Option<String>,
    /// All tests that notice it by themselves, where every one was tried. Nothing where importing fails already.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub all: Vec<String>,
}

/// A stretch of touched lines, with the tests that run it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reach {
    /// The function or class; empty at the top level.
    pub symbol: String,
    /// The first line.
    pub first: u32,
    /// The last line.
    pub last: u32,
    /// How many tests run it.
    pub tests: usize,
    /// Which: first and last of each run of positions in [`Strength::tests`]. Nothing where two measurements were joined.
    #[serde(default)]
    pub by: Vec<(usize, usize)>,
    /// Whether importing the file runs it.
    pub at_import: bool,
}

/// What a run shows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Strength {
    /// Why nothing was measured, where nothing was.
    pub skipped: Option<String>,
    /// The faults by file.
    pub tried: BTreeMap<String, Vec<Tried>>,
    /// The tests that took part, in the order in which they run.
    #[serde(default)]
    pub tests: Vec<TestId>,
    /// The touched lines by file.
    pub reach: BTreeMap<String, Vec<Reach>>,
    /// Tests that took no part, with the reason.
    pub left_out: BTreeMap<String, String>,
    /// Faults tried in a minute.
    pub mutants_per_minute: f64,
}

impl Strength {
    /// What these tests and other ones notice together. A fault that both were tried on has the verdict that says more.
    #[must_use]
    pub fn joined(&self, other: &Self) -> Self {
        let mut both = self.clone();
        for (file, rows) in &other.tried {
            let known = both.tried.entry(file.clone()).or_default();
            let places: BTreeMap<String, usize> =
                known.iter().enumerate().map(|(index, row)| (row.mutant.name.clone(), index)).collect();
            for row in rows {
                match places.get(&row.mutant.name).and_then(|index| known.get_mut(*index)) {
                    Some(before) if row.verdict.weight() > before.verdict.weight() => *before = row.clone(),
                    Some(_) => {}
                    None => known.push(row.clone()),
                }
            }
        }
        let files: BTreeSet<&String> = self.reach.keys().chain(other.reach.keys()).collect();
        let rows = |from: &Self, file: &String| from.reach.get(file).cloned().unwrap_or_default();
        both.reach =
            files.into_iter().map(|file| (file.clone(), both_reach(rows(self, file), rows(other, file)))).collect();
        both.left_out.extend(other.left_out.clone());
        both.tests.clear();
        both
    }
}

/// Stretches that either reaches, cut where the number of tests changes.
fn both_reach(one: Vec<Reach>, other: Vec<Reach>) -> Vec<Reach> {
    let mut lines: BTreeMap<(u32, String), (usize, bool)> = BTreeMap::new();
    for row in one.into_iter().chain(other) {
        for line in row.first..=row.last {
            let (tests, at_import) = lines.entry((line, row.symbol.clone())).or_default();
            *tests += row.tests;
            *at_import |= row.at_import;
        }
    }
    let mut found: Vec<Reach> = Vec::new();
    for ((line, symbol), (tests, at_import)) in lines {
        match found.last_mut() {
            Some(last)
                if last.last + 1 == line
                    && (&last.symbol, last.tests, last.at_import) == (&symbol, tests, at_import) =>
            {
                last.last = line;
            }
            _ => found.push(Reach { symbol, first: line, last: line, tests, by: Vec::new(), at_import }),
        }
    }
    found
}

#[derive(Deserialize)]
#[serde(tag = "e", rename_all = "snake_case")]
enum Event {
    Problem {
        code: String,
        message: String,
        fatal: bool,
    },
    LeftOut {
        id: String,
        reason: String,
    },
    Clean {
        tests: Vec<TestId>,
    },
    Reach {
        file: String,
        symbol: String,
        first: u32,
        last: u32,
        tests: Vec<usize>,
        at_import: bool,
    },
    Mutant {
        id: String,
        status: Verdict,
        by: Option<String>,
        #[serde(default)]
        all: Option<Vec<String>>,
    },
    Done {
        mutants_per_minute: f64,
    },
    #[serde(other)]
    Other,
}

/// Plants the faults and runs the tests. What cannot be measured is skipped with the reason.
pub fn measure(bench: &Bench<'_>, request: &Request<'_>) -> io::Result<Strength> {
    fs::create_dir_all(bench.scratch)?;
    PROGRAMS.iter().try_for_each(|(name, text)| fs::write(bench.scratch.join(name), text))?;
    let events = bench.scratch.join("mutation.jsonl");
    fs::write(&events, "")?;
    fs::write(bench.scratch.join("mutation.json"), serde_json::to_vec(&plan(bench, request))?)?;
    let arguments = ["--plan", "mutation.json", "--events", "mutation.jsonl"];
    let own = |part: &str| if part.starts_with("--") { part.to_owned() } else { bench.path(part) };
    let limit = request.budget.unwrap_or(Duration::from_hours(24)).saturating_add(GRACE);
    let ended = bench.step_in(bench.root, "iama_mutation.py", arguments.map(own).into(), 0, limit)?;
    let mut strength = read(&fs::read_to_string(&events)?, request);
    if let (Err(why), true) = (ended, strength.tried.is_empty()) {
        strength.skipped.get_or_insert(why);
    }
    Ok(strength)
}

/// First and last of each run of numbers, which are in order.
pub fn runs_of(numbers: impl IntoIterator<Item = usize>) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => runs.push((number, number)),
        }
    }
    runs
}

fn plan(bench: &Bench<'_>, request: &Request<'_>) -> serde_json::Value {
    let rows = request.mutants.iter().flat_map(|(file, planted)| {
        planted.iter().map(move |planted| {
            json!({
                "id": format!("{file}:{}", planted.mutant.name),
                "file": file,
                "start": planted.start,
                "end": planted.end,
                "replacement": planted.mutant.replacement,
                "line": planted.mutant.line,
                "symbol": planted.mutant.symbol,
                "kind": planted.mutant.kind,
            })
        })
    });
    json!({
        "schema": "iama.mutation/1",
        "files": request.files,
        "pythonpath": bench.pythonpath,
        "skip": request.without,
        "per_test_seconds": request.per_test.as_secs_f64(),
        "whole_seconds": request.budget.map(|budget| budget.as_secs_f64()),
        "workers": request.workers,
        "seed": 0,
        "every": request.every,
        "touched": request.touched,
        "mutants": rows.collect::<Vec<_>>(),
    })
}

fn read(events: &str, request: &Request<'_>) -> Strength {
    let mut strength = Strength::default();
    let mut verdicts: BTreeMap<String, (Verdict, Option<String>, Vec<String>)> = BTreeMap::new();
    for event in events.lines().filter_map(|line| serde_json::from_str(line).ok()) {
        match event {
            Event::Problem { code, message, fatal } if fatal => strength.skipped = Some(format!("{code}: {message}")),
            Event::LeftOut { id, reason } => drop(strength.left_out.insert(id, reason)),
            Event::Reach { file, symbol, first, last, tests, at_import } => {
                let row =
                    Reach { symbol, first, last, tests: tests.len(), by: runs_of(tests.iter().copied()), at_import };
                strength.reach.entry(file).or_default().push(row);
            }
            Event::Clean { tests } => strength.tests = tests,
            Event::Mutant { id, status, by, all } => drop(verdicts.insert(id, (status, by, all.unwrap_or_default()))),
            Event::Done { mutants_per_minute } => strength.mutants_per_minute = mutants_per_minute,
            Event::Problem { .. } | Event::Other => {}
        }
    }
    if verdicts.is_empty() {
        return strength;
    }
    for (file, planted) in request.mutants {
        let rows = planted.iter().map(|planted| {
            let known = verdicts.remove(&format!("{file}:{}", planted.mutant.name));
            let (verdict, by, all) = known.unwrap_or((Verdict::NotRun, None, Vec::new()));
            Tried { mutant: planted.mutant.clone(), verdict, by, all }
        });
        strength.tried.insert(file.clone(), rows.collect());
    }
    strength
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::mutants::Kind;

    fn strength(verdicts: &[(&str, Verdict)], reach: &[(u32, u32, usize)]) -> Strength {
        let tried = verdicts.iter().map(|(name, verdict)| Tried {
            mutant: Mutant {
                name: (*name).to_owned(),
                symbol: String::new(),
                kind: Kind::Operator,
                line: 1,
                span: None,
                replacement: "+".to_owned(),
            },
            verdict: *verdict,
            by: None,
            all: Vec::new(),
        });
        let rows = reach.iter().map(|(first, last, tests)| Reach {
            symbol: "f".to_owned(),
            first: *first,
            last: *last,
            tests: *tests,
            by: Vec::new(),
            at_import: false,
        });
        Strength {
            tried: BTreeMap::from([("lib.py".to_owned(), tried.collect())]),
            reach: BTreeMap::from([("lib.py".to_owned(), rows.collect())]),
            ..Strength::default()
        }
    }

    #[test]
    fn tests_in_a_row_are_named_by_the_first_and_the_last() {
        assert_eq!(runs_of([0, 1, 2, 5, 7, 8]), [(0, 2), (5, 5), (7, 8)]);
    }

    #[test]
    fn two_sets_of_tests_notice_what_either_notices_and_reach_what_either_reaches() {
        let own = strength(
            &[("a", Verdict::Killed), ("b", Verdict::Unreached), ("c", Verdict::Survived), ("d", Verdict::NotRun)],
            &[(1, 2, 3), (3, 5, 0)],
        );
        let recorded = strength(
            &[("b", Verdict::Killed), ("c", Verdict::Unreached), ("d", Verdict::Survived), ("e", Verdict::Killed)],
            &[(1, 3, 0), (4, 5, 2)],
        );
        let expected = strength(
            &[
                ("a", Verdict::Killed),
                ("b", Verdict::Killed),
                ("c", Verdict::Survived),
                ("d", Verdict::Survived),
                ("e", Verdict::Killed),
            ],
            &[(1, 2, 3), (3, 3, 0), (4, 5, 2)],
        );
        assert_eq!(own.joined(&recorded), expected);
    }
}
