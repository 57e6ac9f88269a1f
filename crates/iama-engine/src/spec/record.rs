//! What a spec is.

use iama_recipes::Strategy;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One revision of a spec: `spec.json` holds the current one, `spec/N.json` each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// How much is taken on.
    pub strategy: Strategy,
    /// From 1.
    pub revision: u32,
    /// Names this revision: who edits it says so, so that nobody's edit is lost.
    pub token: String,
    /// The token of the revision that this one was made from.
    pub based_on: Option<String>,
    /// Who made it.
    pub by: Origin,
    /// The numbers of the next items. A number is never used twice, not even that of an item that is gone.
    pub next: Numbers,
    /// What must hold.
    pub items: Vec<SpecItem>,
}

impl Spec {
    /// The items that whoever writes code has to know, most binding first, within so many bytes of text: rules, what people and
    /// models wrote, and behaviour. What recipes do is their own affair.
    pub(crate) fn binding(&self, bytes: usize) -> Vec<&SpecItem> {
        let rank = |item: &&SpecItem| match (item.kind, item.origin) {
            (Kind::Rule, _) => 0,
            (_, Origin::Person | Origin::Model) => 1,
            (Kind::Behaviour | Kind::Design, Origin::Recipes) => 2,
        };
        let own_affair = |item: &&SpecItem| item.kind == Kind::Design && item.origin == Origin::Recipes;
        let mut items: Vec<&SpecItem> = self.items.iter().filter(|item| !own_affair(item)).collect();
        items.sort_by_key(rank);
        let mut left = bytes;
        items.retain(|item| {
            let fits = item.kind == Kind::Rule || item.told_bytes() <= left;
            left = left.saturating_sub(if fits { item.told_bytes() } else { 0 });
            fits
        });
        items
    }
}

/// The numbers that new items get.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Numbers {
    /// For behaviour.
    pub behaviour: u32,
    /// For design.
    pub design: u32,
}

impl Default for Numbers {
    fn default() -> Self {
        Self { behaviour: 1, design: 1 }
    }
}

impl Numbers {
    /// The name of the next item of a kind; nothing for rules, of which no more are made.
    pub(crate) fn take(&mut self, kind: Kind) -> Option<String> {
        let (letter, number) = match kind {
            Kind::Rule => return None,
            Kind::Behaviour => ('B', &mut self.behaviour),
            Kind::Design => ('S', &mut self.design),
        };
        let id = format!("{letter}{number}");
        *number += 1;
        Some(id)
    }
}

/// One item of a spec.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SpecItem {
    /// The name that evidence refers to. It stays the same whatever becomes of the text and the order.
    pub id: String,
    /// What it is.
    pub kind: Kind,
    /// What must hold, in a sentence or two.
    pub text: String,
    /// The same as a scenario, for behaviour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behaviour: Option<Behaviour>,
    /// Who wrote it.
    pub origin: Origin,
    /// Recipes that it is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recipes: Vec<String>,
    /// Places that it is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<SitePlace>,
}

impl SpecItem {
    fn told_bytes(&self) -> usize {
        let behaviour = self.behaviour.as_ref();
        self.text.len() + behaviour.map_or(0, |one| one.given.len() + one.when.len() + one.then.len())
    }

    /// The same item with other words, by somebody else.
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        (self.kind, &self.text, &self.behaviour) == (other.kind, &other.text, &other.behaviour)
    }
}

/// What an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum Kind {
    /// What IAMA itself holds to. Nobody can change it.
    #[serde(rename = "RULE")]
    Rule,
    /// Behaviour that stays as it is.
    #[serde(rename = "BDD")]
    Behaviour,
    /// What is built or changed, and where.
    #[serde(rename = "SDD")]
    Design,
}

/// Behaviour as a scenario.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Behaviour {
    /// What there is.
    pub given: String,
    /// What happens.
    pub when: String,
    /// What must come of it.
    pub then: String,
}

/// Who wrote something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// IAMA, from what recipes found and files hold.
    Recipes,
    /// A person.
    Person,
    /// A model; a person has committed it.
    Model,
}

/// Lines of a file of the original.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct SitePlace {
    /// The file.
    pub file: String,
    /// From 1, ascending. All of the file when there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<u32>,
}
