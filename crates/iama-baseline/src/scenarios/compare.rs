//! What was recorded against what was seen.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::normalise::{NORMALISERS, Surroundings, Use};
use super::settle::{masked, normalised};
use super::{Content, Expectation, Observation, Scenario};

/// Lines of a text that are shown around the first one that differs.
const AROUND: usize = 2;

/// A part that is not what was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Difference {
    /// Which part.
    pub part: String,
    /// What was recorded, in one line; nothing where there was no such part.
    pub recorded: Option<String>,
    /// What was seen.
    pub seen: Option<String>,
    /// Where two texts part: lines of both, marked with `-` and `+`.
    pub lines: Vec<String>,
    /// The normaliser with which nothing would differ, where one that has to be asked for is all that is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_by: Option<String>,
}

impl Difference {
    /// What to write into the file, where such a difference does no harm.
    pub fn hint(&self) -> Option<String> {
        let name = self.allowed_by.as_ref()?;
        Some(format!("with `normalise: [{name}]` in the file of scenarios {} would not differ", self.part))
    }
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
    let allowed_by = match (recorded, seen) {
        (Some(Content::Text(old)), Some(Content::Text(new))) => allowed_by(old, new),
        _ => None,
    };
    let (recorded, seen) = (recorded.map(Content::shown), seen.map(Content::shown));
    Difference { part: part.to_owned(), recorded, seen, lines, allowed_by }
}

/// The first normaliser among those that have to be asked for with which two texts are the same.
fn allowed_by(old: &str, new: &str) -> Option<String> {
    let asked = NORMALISERS.iter().filter(|one| one.when == Use::Asked);
    let nowhere = Surroundings::default();
    let mut same = asked.filter(|one| one.apply(old, &nowhere).0 == one.apply(new, &nowhere).0);
    same.next().map(|one| one.name.to_owned())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_in_how_values_are_printed_names_what_allows_it() {
        let check = |old: &str, new: &str| {
            let text = |text: &str| Content::of_text(text.to_owned());
            difference("stdout", Some(&text(old)), Some(&text(new))).allowed_by
        };
        assert_eq!(check("[u'a', 10L]\n", "['a', 10]\n"), Some("reprs".to_owned()));
        assert_eq!(check("a \nb\n", "a\nb\n"), Some("line-end-spaces".to_owned()));
        assert_eq!(check("[u'a']\n", "['b']\n"), None);
    }
}
