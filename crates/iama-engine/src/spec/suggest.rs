//! What a model adds to the first draft of a spec. It adds behaviour, and changes nothing that is there.

use std::collections::BTreeSet;

use iama_model::Stage;
use iama_model::templates::Filling;
use serde::Deserialize;
use serde_json::json;

use super::check::one_line;
use super::record::{Behaviour, Kind, Origin, SitePlace, SpecItem};
use super::words::told;
use crate::asked::{self, Ask, Parts};
use crate::problem::Problem;

/// The most items that a model adds.
const MOST: usize = 20;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    items: Vec<Suggested>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Suggested {
    file: String,
    text: String,
    given: String,
    when: String,
    then: String,
}

/// Behaviour that a model sees in source and that a draft does not name. What names a file that was not shown, or a rule, is
/// left out.
pub(crate) fn suggest(
    drafted: &[SpecItem],
    source: &str,
    files: &BTreeSet<String>,
    filling: &Filling<'_>,
    ask: &mut Ask<'_>,
) -> Result<Vec<SpecItem>, Problem> {
    let text = || json!({"type": "string"});
    let item =
        asked::object(&[("file", text()), ("text", text()), ("given", text()), ("when", text()), ("then", text())]);
    let schema = asked::object(&[("items", json!({"type": "array", "items": item}))]);
    let spec = told(drafted);
    let question = asked::question(Stage::Spec, filling, Parts { interfaces: "", spec: &spec, task: source }, schema)?;
    let answer: Answer = asked::answer(ask(&question)?)?;
    let rules: Vec<&str> = drafted.iter().filter(|item| item.kind == Kind::Rule).map(|item| item.id.as_str()).collect();
    let fits = |one: &Suggested| {
        let texts = [&one.text, &one.given, &one.when, &one.then];
        let names_a_rule = |text: &String| text.split(|c: char| !c.is_alphanumeric()).any(|word| rules.contains(&word));
        files.contains(&one.file) && texts.iter().all(|text| !one_line(text).is_empty() && !names_a_rule(text))
    };
    Ok(answer.items.into_iter().filter(fits).take(MOST).map(item_of).collect())
}

fn item_of(one: Suggested) -> SpecItem {
    let Suggested { file, text, given, when, then } = one;
    let [text, given, when, then] = [text, given, when, then].map(|text| one_line(&text));
    SpecItem {
        id: String::new(),
        kind: Kind::Behaviour,
        text,
        behaviour: Some(Behaviour { given, when, then }),
        origin: Origin::Model,
        recipes: Vec::new(),
        places: vec![SitePlace { file, lines: Vec::new() }],
    }
}
