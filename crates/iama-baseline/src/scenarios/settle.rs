//! Three recordings become one expectation: what differs between them is covered by a normaliser, or put aside with the reason.

use std::collections::BTreeMap;

use super::content::{self, Content};
use super::normalise::{NORMALISERS, Normaliser, Surroundings, Use, apply_all};
use super::run::Raw;
use super::{Expectation, Observation, Scenario};

/// Between a part and the number of a line that was put aside.
const LINE: &str = " line ";

/// What stands for a line that was put aside.
const ASIDE: &str = "<put aside>";

/// What came of the recordings of a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// What the legacy code does.
    Recorded(Expectation),
    /// It could not be carried out, for this reason.
    Failed(String),
}

type Parts = BTreeMap<String, Content>;

/// One observation, normalised, and how often each normaliser changed something.
pub(super) fn normalised(seen: &Observation, normalisers: &[&'static Normaliser]) -> (Parts, BTreeMap<String, usize>) {
    let mut counts = BTreeMap::new();
    let parts = seen.parts.iter();
    let parts = parts.map(|(name, raw)| {
        (named(name, &seen.around, normalisers), content(raw, &seen.around, normalisers, &mut counts))
    });
    (parts.collect(), counts)
}

/// Names of files may hold what differs as well, such as a date.
fn named(part: &str, around: &Surroundings, normalisers: &[&'static Normaliser]) -> String {
    if part.starts_with("file ") { apply_all(part, around, normalisers, &mut BTreeMap::new()) } else { part.to_owned() }
}

fn content(
    raw: &Raw,
    around: &Surroundings,
    normalisers: &[&'static Normaliser],
    counts: &mut BTreeMap<String, usize>,
) -> Content {
    match raw {
        Raw::Removed => Content::REMOVED,
        Raw::Digest { sha256, bytes } => Content::Digest { sha256: sha256.clone(), bytes: *bytes },
        Raw::Bytes(bytes) => match content::text_of(bytes) {
            Some(text) => Content::of_text(apply_all(text, around, normalisers, counts)),
            None => Content::of_binary(bytes),
        },
    }
}

/// Settles the recordings of one scenario.
pub fn settle(scenario: &Scenario, seen: &[Observation]) -> Settled {
    if let Some(why) = seen.iter().find_map(|one| one.failure.clone()) {
        return Settled::Failed(why);
    }
    let fresh = Scenario { expect: None, ..scenario.clone() };
    let base = fresh.normalisers();
    let open = |chosen: &[&'static Normaliser]| unsteady(scenario, seen, chosen).len();
    let offered = NORMALISERS.iter().filter(|one| one.when == Use::Needed && !scenario.keep.contains(one.name));
    let mut chosen = base.clone();
    let mut left = open(&chosen);
    // Each one alone first; what two only do together is found by trying all and leaving out what is not needed.
    for one in offered.clone() {
        let with = in_order(&chosen, one);
        if left > 0 && open(&with) < left {
            chosen = with;
            left = open(&chosen);
        }
    }
    let all = offered.fold(chosen.clone(), |all, one| in_order(&all, one));
    if left > 0 && open(&all) < left {
        left = open(&all);
        chosen = all;
        for one in chosen.clone().into_iter().filter(|one| !base.contains(one)) {
            let without: Vec<_> = chosen.iter().copied().filter(|other| *other != one).collect();
            if open(&without) <= left {
                chosen = without;
            }
        }
    }
    Settled::Recorded(expectation(scenario, seen, &base, &chosen))
}

fn expectation(
    scenario: &Scenario,
    seen: &[Observation],
    base: &[&'static Normaliser],
    chosen: &[&'static Normaliser],
) -> Expectation {
    let mut quarantined = unsteady(scenario, seen, chosen);
    let all: Vec<Parts> = seen.iter().map(|one| normalised(one, chosen).0).collect();
    for part in quarantined.keys().cloned().collect::<Vec<_>>() {
        if let Some(lines) = unsteady_lines(&part, &all) {
            let why = quarantined.remove(&part).unwrap_or_default();
            quarantined.extend(lines.into_iter().map(|line| (format!("{part}{LINE}{line}"), why.clone())));
        }
    }
    let (mut parts, mut counts) = seen.first().map(|first| normalised(first, chosen)).unwrap_or_default();
    for (part, content) in &mut parts {
        *content = masked(part, content, &quarantined);
    }
    // Their names in the file are what makes them run again.
    for one in chosen.iter().filter(|one| !base.contains(one)) {
        counts.entry(one.name.to_owned()).or_default();
    }
    let stays = |(part, _): &(String, Content)| !quarantined.contains_key(part) && !scenario.ignores(part);
    Expectation { parts: parts.into_iter().filter(stays).collect(), normalised: counts, quarantined }
}

fn in_order(chosen: &[&'static Normaliser], one: &'static Normaliser) -> Vec<&'static Normaliser> {
    NORMALISERS.iter().filter(|known| chosen.contains(known) || *known == one).collect()
}

/// The lines, from 1, in which texts differ that agree in others; nothing where they agree in none, or are not texts.
fn unsteady_lines(part: &str, all: &[Parts]) -> Option<Vec<usize>> {
    let lines = |parts: &Parts| match parts.get(part) {
        Some(Content::Text(text)) => Some(text.split('\n').map(str::to_owned).collect::<Vec<_>>()),
        _ => None,
    };
    let texts: Vec<Vec<String>> = all.iter().map(lines).collect::<Option<_>>()?;
    let first = texts.first()?;
    if texts.iter().any(|text| text.len() != first.len()) {
        return None;
    }
    let differs = |at: &usize| texts.iter().any(|text| text[*at] != first[*at]);
    let found: Vec<usize> = (0..first.len()).filter(differs).collect();
    // What follows the last line end is no line that agrees.
    let telling = first.iter().filter(|line| !line.is_empty()).count();
    (found.len() < telling).then(|| found.into_iter().map(|at| at + 1).collect())
}

/// A content with the lines left out that were put aside.
pub(super) fn masked(part: &str, content: &Content, quarantined: &BTreeMap<String, String>) -> Content {
    let Content::Text(text) = content else { return content.clone() };
    let is_aside = |at: usize| quarantined.contains_key(&format!("{part}{LINE}{}", at + 1));
    let line = |(at, line): (usize, &str)| if is_aside(at) { ASIDE.to_owned() } else { line.to_owned() };
    Content::Text(text.split('\n').enumerate().map(line).collect::<Vec<_>>().join("\n"))
}

/// The parts that are not the same in all recordings. What they were is left out: a file that is recorded once more, and the
/// evidence of a job that was resumed, stay as they are.
fn unsteady(scenario: &Scenario, seen: &[Observation], chosen: &[&'static Normaliser]) -> BTreeMap<String, String> {
    let all: Vec<Parts> = seen.iter().map(|one| normalised(one, chosen).0).collect();
    let names = all.iter().flat_map(BTreeMap::keys).filter(|part| !scenario.ignores(part));
    let reason = |part: &String| {
        let values: Vec<Option<&Content>> = all.iter().map(|parts| parts.get(part)).collect();
        let why = if values.contains(&None) { "it is not there in every run" } else { "it differs from run to run" };
        (values.iter().any(|value| *value != values[0])).then(|| (part.clone(), why.to_owned()))
    };
    names.filter_map(reason).collect()
}
