//! What was recorded against what was seen.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::settle::{masked, normalised};
use super::{Content, Expectation, Observation, Scenario};

/// Lines of a text that are shown around the first one that differs.
const AROUND: usize = 2;

/// A part that is not what was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Which part.
    pub part: String,
    /// What was recorded, in one line; nothing where there was no such part.
    pub recorded: Option<String>,
    /// What was seen.
    pub seen: Option<String>,
    /// Where two texts part: lines of both, marked with `-` and `+`.
    pub lines: Vec<String>,
}

/// What differs, and how often each normaliser changed something.
pub fn differences(
    scenario: &Scenario,
    expect: &Expectation,
    seen: &Observation,
) -> (Vec<Difference>, BTreeMap<String, usize>) {
    let (mut found, counts) = normalised(seen, &scenario.normalisers());
    for (part, content) in &mut found {
        *content = masked(part, content, &expect.quarantined);
    }
    let names: BTreeSet<&String> = expect.parts.keys().chain(found.keys()).collect();
    let cares = |part: &&&String| !scenario.ignores(part) && !expect.quarantined.contains_key(**part);
    let differs = |part: &String| {
        let (recorded, seen) = (expect.parts.get(part), found.get(part));
        (recorded != seen).then(|| difference(part, recorded, seen))
    };
    (names.iter().filter(cares).filter_map(|part| differs(part)).collect(), counts)
}

fn difference(part: &str, recorded: Option<&Content>, seen: Option<&Content>) -> Difference {
    let lines = match (recorded, seen) {
        (Some(Content::Text(old)), Some(Content::Text(new))) => parting(old, new),
        _ => Vec::new(),
    };
    Difference { part: part.to_owned(), recorded: recorded.map(Content::shown), seen: seen.map(Content::shown), lines }
}

/// The first lines that differ, with a few before them.
fn parting(old: &str, new: &str) -> Vec<String> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let same = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let short = |mark: char, line: &&str| {
        let text: String = line.chars().take(200).collect();
        format!("{mark}{text}")
    };
    let before = old.iter().take(same).skip(same.saturating_sub(AROUND)).map(|line| short(' ', line));
    let gone = old.iter().skip(same).take(AROUND + 1).map(|line| short('-', line));
    let come = new.iter().skip(same).take(AROUND + 1).map(|line| short('+', line));
    before.chain(gone).chain(come).collect()
}
