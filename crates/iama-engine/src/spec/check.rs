//! What no edit of a spec may do, whoever makes it.

use std::collections::{BTreeMap, BTreeSet};

use super::record::{Kind, Spec, SpecItem};

/// The longest text of an item, in characters.
pub const LONGEST: usize = 2000;

/// The most items of a spec.
pub const MOST: usize = 1000;

/// Something that is wrong with an edited item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The rank of the item among the edited ones; nothing when one is missing there.
    pub rank: Option<usize>,
    /// What is wrong.
    pub sentence: String,
}

/// All that is wrong with edited items. An item without an id is a new one.
pub fn faults(base: &Spec, items: &[SpecItem]) -> Vec<Fault> {
    let known: BTreeMap<&str, &SpecItem> = base.items.iter().map(|item| (item.id.as_str(), item)).collect();
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for (rank, item) in items.iter().enumerate() {
        let mut fault = |sentence: String| found.push(Fault { rank: Some(rank), sentence });
        if !item.id.is_empty() && !seen.insert(item.id.as_str()) {
            fault(format!("{} stands there twice", item.id));
        }
        match known.get(item.id.as_str()) {
            None if !item.id.is_empty() => {
                fault(format!("{} is no item of this spec; a new one has `new` in place of its name", item.id));
            }
            None if item.kind == Kind::Rule => {
                fault("no rule can be added: rules are what IAMA itself holds to".to_owned());
            }
            Some(old) if old.kind != item.kind => fault(format!("{} belongs into another part", item.id)),
            Some(old) if old.kind == Kind::Rule && !old.says_the_same(item) => {
                fault(format!("{} is a rule that IAMA itself holds to, and cannot be changed", item.id));
            }
            _ => {}
        }
        words(item).for_each(&mut fault);
    }
    let gone = base.items.iter().filter(|item| item.kind == Kind::Rule && !seen.contains(item.id.as_str()));
    found.extend(
        gone.map(|item| Fault { rank: None, sentence: format!("{} is missing: a rule cannot be taken out", item.id) }),
    );
    if items.len() > MOST {
        found.push(Fault { rank: None, sentence: format!("{} items are more than {MOST}", items.len()) });
    }
    found
}

/// What is wrong with the words of an item.
fn words(item: &SpecItem) -> impl Iterator<Item = String> {
    let parts = [("the text", Some(&item.text))];
    let behaviour = item.behaviour.as_ref();
    let scenario = [
        ("Given", behaviour.map(|one| &one.given)),
        ("When", behaviour.map(|one| &one.when)),
        ("Then", behaviour.map(|one| &one.then)),
    ];
    let wanted = item.kind == Kind::Behaviour;
    let surplus = (!wanted && behaviour.is_some()).then(|| "only behaviour has Given, When and Then".to_owned());
    let scenario = scenario.into_iter().filter(move |_| wanted || behaviour.is_some());
    let bad = |(name, text): (&str, Option<&String>)| match text {
        None => Some(format!("{name} is missing")),
        Some(text) if text.trim().is_empty() => Some(format!("{name} is missing")),
        Some(text) if text.chars().count() > LONGEST => Some(format!("{name} is longer than {LONGEST} characters")),
        Some(text) if text.chars().any(is_hidden) => Some(format!("{name} holds characters that cannot be seen")),
        Some(_) => None,
    };
    parts.into_iter().chain(scenario).filter_map(bad).chain(surplus).collect::<Vec<_>>().into_iter()
}

/// Whether a character shows nothing or turns the text around it.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// A text of one line with nothing hidden in it.
pub(crate) fn one_line(text: &str) -> String {
    let visible: String = text.chars().map(|c| if is_hidden(c) { ' ' } else { c }).collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(LONGEST).collect()
}
