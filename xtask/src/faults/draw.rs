//! Which faults are planted: drawn by a seed from the touched lines that the baseline reaches.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::Result;
use iama_baseline::python::migration_faults::{Fault, faults};
use iama_baseline::python::strength::Reach;
use iama_syntax::{Dialect, SourceText, SyntaxTree};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::proof::{Migrated, Strengths};

/// A fault as the repository holds it: where it is planted and what goes wrong, without a word of the code.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Drawn {
    /// The package.
    pub(crate) package: String,
    /// The file in it.
    pub(crate) file: String,
    /// The function or class; empty at the top level.
    pub(crate) symbol: String,
    /// Its rank among the faults of this kind in this symbol.
    pub(crate) ordinal: usize,
    /// What goes wrong.
    pub(crate) operator: String,
}

/// A fault that can be planted.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    /// What it is called.
    pub(crate) drawn: Drawn,
    /// The fault in the text.
    pub(crate) fault: Fault,
}

#[derive(Deserialize)]
struct Plan {
    touched: BTreeMap<String, Vec<(u32, u32)>>,
}

/// Every fault on the touched lines of a migrated package that tests reach.
pub(crate) fn candidates(migrated: &Migrated) -> Result<Vec<Candidate>> {
    let strengths: Strengths = migrated.read("strength.json")?;
    // The last plan of the runner is that of the result.
    let plan: Plan = migrated.read("strength-run/mutation.json")?;
    let mut found = Vec::new();
    for (file, reach) in strengths.result().reach {
        let path = migrated.job.join("work").join(&file);
        let Ok(text) = SourceText::decode(Dialect::Python3, &fs::read(&path)?) else { continue };
        let Ok(tree) = SyntaxTree::parse(Dialect::Python3, text.text()) else { continue };
        // The runner counts bytes of the file.
        if text.text().as_bytes() != fs::read(&path)?.as_slice() {
            continue;
        }
        let touched = |line: u32| {
            plan.touched
                .get(&file)
                .is_some_and(|runs| runs.iter().any(|(first, last)| (*first..=*last).contains(&line)))
        };
        let here = faults(&tree)
            .into_iter()
            .filter(|fault| touched(fault.line) && is_reached(&reach, &fault.symbol, fault.line));
        found.extend(here.map(|fault| {
            let drawn = Drawn {
                package: migrated.package.name.to_owned(),
                file: file.clone(),
                symbol: fault.symbol.clone(),
                ordinal: fault.ordinal,
                operator: fault.operator.to_owned(),
            };
            Candidate { drawn, fault }
        }));
    }
    Ok(found)
}

/// The lines of a class enclose those of its methods, so the symbol has to be the same.
fn is_reached(reach: &[Reach], symbol: &str, line: u32) -> bool {
    let symbol = if symbol.is_empty() { "<module>" } else { symbol };
    let mut here = reach.iter().filter(|row| row.symbol == symbol && (row.first..=row.last).contains(&line));
    here.any(|row| row.tests > 0 || row.at_import)
}

/// All candidates in the order in which they are drawn: one of each operator in turn, and of each the one that the seed puts
/// first. No symbol gives two of the same operator, so that one long table does not stand for a package.
pub(crate) fn order(candidates: Vec<Candidate>, seed: u64) -> Vec<Candidate> {
    let mut by_operator: BTreeMap<String, BTreeMap<String, Candidate>> = BTreeMap::new();
    for candidate in candidates {
        let operator = candidate.drawn.operator.clone();
        by_operator.entry(operator).or_default().insert(rank(&candidate.drawn, seed), candidate);
    }
    let mut queues: Vec<std::vec::IntoIter<Candidate>> = Vec::new();
    for ranked in by_operator.into_values() {
        let mut seen = BTreeSet::new();
        let of_new_symbol = ranked.into_values().filter(|found| {
            seen.insert((found.drawn.package.clone(), found.drawn.file.clone(), found.drawn.symbol.clone()))
        });
        queues.push(of_new_symbol.collect::<Vec<_>>().into_iter());
    }
    let mut drawn = Vec::new();
    loop {
        let round: Vec<Candidate> = queues.iter_mut().filter_map(Iterator::next).collect();
        if round.is_empty() {
            return drawn;
        }
        drawn.extend(round);
    }
}

fn rank(drawn: &Drawn, seed: u64) -> String {
    let Drawn { package, file, symbol, ordinal, operator } = drawn;
    hex::encode(Sha256::digest(format!("{seed}|{package}|{file}|{symbol}|{operator}|{ordinal}")))
}

#[cfg(test)]
mod tests {
    use iama_syntax::Span;

    use super::*;

    fn candidate(symbol: &str, operator: &'static str, ordinal: usize) -> Candidate {
        let fault = Fault {
            operator,
            symbol: symbol.to_owned(),
            ordinal,
            line: 1,
            span: Span::empty(0),
            replacement: String::new(),
        };
        let drawn = Drawn {
            package: "p".to_owned(),
            file: "f.py".to_owned(),
            symbol: symbol.to_owned(),
            ordinal,
            operator: operator.to_owned(),
        };
        Candidate { drawn, fault }
    }

    #[test]
    fn what_importing_a_class_runs_is_not_the_inside_of_its_methods() {
        let row = |symbol: &str, first, last, tests, at_import| Reach {
            symbol: symbol.to_owned(),
            first,
            last,
            by: Vec::new(),
            tests,
            at_import,
        };
        let reach = [
            row("<module>", 1, 1, 0, true),
            row("C", 2, 9, 0, true),
            row("C.m", 4, 4, 0, false),
            row("C.n", 8, 8, 2, false),
        ];
        let asked = [("", 1), ("C", 3), ("C.m", 4), ("C.n", 8), ("C.n", 9)];
        assert_eq!(asked.map(|(symbol, line)| is_reached(&reach, symbol, line)), [true, true, false, true, false]);
    }

    #[test]
    fn operators_take_turns_and_a_symbol_gives_each_once() {
        let many: Vec<_> = (1..=9).map(|rank| candidate("table", "a", rank)).collect();
        let given = [many, vec![candidate("one", "b", 1), candidate("two", "b", 1)]].concat();
        let names = |seed: u64| -> Vec<(String, String)> {
            order(given.clone(), seed).into_iter().map(|found| (found.drawn.operator, found.drawn.symbol)).collect()
        };
        let drawn = names(1);
        assert_eq!(drawn.iter().map(|(operator, _)| operator.as_str()).collect::<Vec<_>>(), ["a", "b", "b"]);
        assert_eq!(drawn.first().map(|(_, symbol)| symbol.as_str()), Some("table"));
        assert_eq!(names(1), names(1));
        assert!((2..40).any(|seed| names(seed) != drawn), "the seed decides");
    }
}
