//! A change of the spec in a person's words: a model proposes, the person sees what would be different, and only they commit it.

use std::fmt::Write as _;

use iama_model::Stage;
use iama_model::templates::Filling;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::check::{self, one_line};
use super::record::{Behaviour, Kind, Origin, Spec, SpecItem};
use super::revise::Edited;
use crate::asked::{self, Ask, Parts};
use crate::problem::Problem;

/// What is done while a model is asked.
pub(crate) const STAGE: &str = "asking a model for a change of the spec";

/// The most changes of one answer.
const CHANGES: usize = 50;

/// The longest sentence that a model says about its changes, in characters.
const SAID: usize = 400;

/// What would become of a spec.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// What the person asked for.
    pub words: String,
    /// What the model says about it.
    pub says: String,
    /// The spec with the changes.
    pub edited: Edited,
    /// Changes that the model wanted and that nobody may make, with the reason.
    pub refused: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    say: String,
    changes: Vec<Change>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    action: Action,
    id: Option<String>,
    kind: Option<ItemKind>,
    text: Option<String>,
    given: Option<String>,
    when: Option<String>,
    then: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Action {
    Add,
    Change,
    Remove,
}

/// Rules are not among the kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum ItemKind {
    #[serde(rename = "BDD")]
    Behaviour,
    #[serde(rename = "SDD")]
    Design,
}

fn schema() -> Value {
    let text = || json!({"type": ["string", "null"]});
    let change = asked::object(&[
        ("action", json!({"type": "string", "enum": ["add", "change", "remove"]})),
        ("id", text()),
        ("kind", json!({"type": ["string", "null"], "enum": ["BDD", "SDD", null]})),
        ("text", text()),
        ("given", text()),
        ("when", text()),
        ("then", text()),
    ]);
    asked::object(&[("say", json!({"type": "string"})), ("changes", json!({"type": "array", "items": change}))])
}

/// What would become of a spec if a person's words were carried out. Nothing is kept.
pub fn preview(spec: &Spec, words: &str, filling: &Filling<'_>, ask: &mut Ask<'_>) -> Result<Preview, Problem> {
    let task = format!("# What is asked for\n\n{}\n", one_line(words));
    let told = told(&spec.items);
    let parts = Parts { spec: &told, task: &task, interfaces: "" };
    let question = asked::question(Stage::SpecEdit, filling, parts, schema())?;
    let answer: Answer = asked::answer(ask(&question)?)?;
    let (items, refused) = carry_out(spec, answer.changes);
    let says = one_line(&answer.say).chars().take(SAID).collect();
    let edited = Edited { based_on: spec.token.clone(), by: Origin::Model, items };
    Ok(Preview { words: words.to_owned(), says, edited, refused })
}

/// The items of a spec for a model to read.
pub(crate) fn told(items: &[SpecItem]) -> String {
    let mut text = String::new();
    for item in items {
        let kind = match item.kind {
            Kind::Rule => "RULE",
            Kind::Behaviour => "BDD",
            Kind::Design => "SDD",
        };
        let _ = writeln!(text, "{} {kind}: {}", item.id, one_line(&item.text));
        if let Some(Behaviour { given, when, then }) = &item.behaviour {
            let [given, when, then] = [given, when, then].map(|text| one_line(text));
            let _ = writeln!(text, "  Given {given}\n  When {when}\n  Then {then}");
        }
    }
    format!("# The spec\n\n{}", asked::data("spec", &text))
}

/// Makes each change that may be made, in turn, and says why the others are not.
fn carry_out(spec: &Spec, changes: Vec<Change>) -> (Vec<SpecItem>, Vec<String>) {
    let (mut items, mut refused) = (spec.items.clone(), Vec::new());
    let surplus = changes.len().saturating_sub(CHANGES);
    for change in changes.into_iter().take(CHANGES) {
        match changed(spec, &items, change) {
            Ok(better) => items = better,
            Err(why) => refused.push(one_line(&why)),
        }
    }
    if surplus > 0 {
        refused.push(format!("{surplus} changes beyond the first {CHANGES} were left out"));
    }
    (items, refused)
}

fn changed(spec: &Spec, items: &[SpecItem], change: Change) -> Result<Vec<SpecItem>, String> {
    let mut items = items.to_vec();
    if let Some(rule) = rule_in(spec, &change) {
        return Err(format!("what was proposed speaks of the rule {rule}, which only IAMA itself holds to"));
    }
    match change.action {
        Action::Add => items.push(added(change)?),
        Action::Change => {
            let place = find(&items, change.id.as_deref())?;
            items[place] = reworded(items[place].clone(), change);
        }
        Action::Remove => {
            let place = find(&items, change.id.as_deref())?;
            items.remove(place);
        }
    }
    let faults = check::faults(spec, &items);
    match faults.first() {
        Some(fault) => Err(fault.sentence.clone()),
        None => Ok(items),
    }
}

/// The place of an item that a model may have to do with.
fn find(items: &[SpecItem], id: Option<&str>) -> Result<usize, String> {
    let id = id.filter(|id| !id.is_empty()).ok_or("no item was named")?;
    let place = items.iter().position(|item| item.id == id).ok_or_else(|| format!("there is no item {id}"))?;
    if items[place].kind == Kind::Rule {
        return Err(format!("{id} is a rule that IAMA itself holds to"));
    }
    Ok(place)
}

fn added(change: Change) -> Result<SpecItem, String> {
    let kind = match change.kind {
        Some(ItemKind::Behaviour) => Kind::Behaviour,
        Some(ItemKind::Design) => Kind::Design,
        None => return Err("a new item has no kind".to_owned()),
    };
    let line = |text: Option<String>| one_line(&text.unwrap_or_default());
    let Change { text, given, when, then, .. } = change;
    let scenario = || Behaviour { given: line(given), when: line(when), then: line(then) };
    let behaviour = (kind == Kind::Behaviour).then(scenario);
    let (id, recipes, places) = (String::new(), Vec::new(), Vec::new());
    Ok(SpecItem { id, kind, text: line(text), behaviour, origin: Origin::Model, recipes, places })
}

/// What is not given stays as it is.
fn reworded(item: SpecItem, change: Change) -> SpecItem {
    let or = |new: Option<String>, old: String| new.map_or(old, |text| one_line(&text));
    let behaviour = item.behaviour.clone().map(|old| Behaviour {
        given: or(change.given, old.given),
        when: or(change.when, old.when),
        then: or(change.then, old.then),
    });
    let text = or(change.text, item.text.clone());
    let better = SpecItem { text, behaviour, ..item.clone() };
    if better.says_the_same(&item) { item } else { SpecItem { origin: Origin::Model, ..better } }
}

/// The first rule that the words of a change name.
fn rule_in(spec: &Spec, change: &Change) -> Option<String> {
    let texts = [&change.text, &change.given, &change.when, &change.then];
    let words: Vec<&str> =
        texts.into_iter().flatten().flat_map(|text| text.split(|c: char| !(c.is_alphanumeric() || c == '_'))).collect();
    let rules = spec.items.iter().filter(|item| item.kind == Kind::Rule);
    rules.map(|rule| rule.id.clone()).find(|id| words.contains(&id.as_str()))
}
