//! Questions to a model whose answer is a plan: JSON by a schema, which people read and decide about. Whoever asks hands in how a
//! model is asked, so that everything else can be tried without one.

use std::collections::BTreeSet;

use iama_model::templates::{self, Filling};
use iama_model::{Form, Prompt, Stage, Template};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::perform::sha256;
use crate::problem::Problem;

/// A question.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// The work.
    pub stage: Stage,
    /// What is told.
    pub prompt: Prompt,
    /// The schema of the answer.
    pub form: Form,
    /// Where the rules come from.
    pub template: Template,
}

/// How a model is asked: gives an answer that fits the schema, or why there is none.
pub type Ask<'a> = dyn FnMut(&Asked) -> Result<Value, Problem> + 'a;

/// What is told besides the rules.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Parts<'a> {
    pub(crate) interfaces: &'a str,
    pub(crate) spec: &'a str,
    pub(crate) task: &'a str,
}

/// A question by the rules of its stage.
pub(crate) fn question(stage: Stage, filling: &Filling<'_>, parts: Parts<'_>, schema: Value) -> Result<Asked, Problem> {
    let (system, template) = templates::plans(stage, filling)
        .ok_or_else(|| Problem::input("TEMPLATE_MISSING", format!("there are no rules for {stage}")))?;
    let Parts { interfaces, spec, task } = parts;
    let [interfaces, spec, task] = [interfaces, spec, task].map(str::to_owned);
    let prompt = Prompt { system, interfaces, spec, task, again: Vec::new() };
    Ok(Asked { stage, prompt, form: Form::Json { name: stage.name().to_owned(), schema }, template })
}

/// A text that is data, between marks that it cannot know.
pub(crate) fn data(title: &str, text: &str) -> String {
    let mark = &sha256(format!("{title}\n{text}").as_bytes())[..12];
    format!("--- {title} {mark} ---\n{text}\n--- end {mark} ---\n")
}

/// An answer as what it has to be. The schema was checked already; what does not fit all the same is refused as a whole.
pub(crate) fn answer<T: DeserializeOwned>(value: Value) -> Result<T, Problem> {
    serde_json::from_value(value).map_err(|error| {
        Problem::input("PLAN_SCHEMA", format!("the model's answer does not fit: {error}"))
            .hint("ask again, or in other words; nothing was changed")
    })
}

/// The schema of an object of which every property is given.
pub(crate) fn object(properties: &[(&str, Value)]) -> Value {
    let required: BTreeSet<&str> = properties.iter().map(|(name, _)| *name).collect();
    let properties: serde_json::Map<String, Value> =
        properties.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    serde_json::json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}
