//! What a model sees in the proposals that figures do not show. It adds words with its name on them, and never a figure.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use iama_model::Stage;
use iama_model::templates::Filling;
use iama_recipes::Strategy;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::overview::{self, Overview};
use super::record::{Area, Proposal};
use crate::asked::{self, Ask, Parts};
use crate::problem::Problem;
use crate::spec::check::one_line;

/// The most risks that a model names of one proposal.
const RISKS: usize = 8;

/// What a model says about a proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct View {
    /// A sentence or two.
    pub text: String,
    /// Risks that it sees.
    pub risks: Vec<SeenRisk>,
}

/// A risk that a model sees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SeenRisk {
    /// What it is about.
    pub area: Area,
    /// The file.
    pub file: String,
    /// What it is.
    pub text: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    proposals: Vec<Said>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    strategy: Strategy,
    text: String,
    risks: Vec<SeenRisk>,
}

fn schema() -> Value {
    let text = || json!({"type": "string"});
    let areas: Vec<&str> = Area::ALL.iter().map(|area| area.name()).collect();
    let risk = asked::object(&[("area", json!({"type": "string", "enum": areas})), ("file", text()), ("text", text())]);
    let strategies: Vec<String> = Strategy::ALL.iter().map(|strategy| strategy.name().to_uppercase()).collect();
    let said = asked::object(&[
        ("strategy", json!({"type": "string", "enum": strategies})),
        ("text", text()),
        ("risks", json!({"type": "array", "items": risk})),
    ]);
    asked::object(&[("proposals", json!({"type": "array", "items": said}))])
}

/// Adds a model's view to each proposal that it speaks of; figures, texts and levels stay those of the recipes. Risks in files
/// that were not shown are left out.
pub(crate) fn view(
    proposals: &mut [Proposal],
    overview: Option<&Overview>,
    source: &str,
    files: &BTreeSet<String>,
    filling: &Filling<'_>,
    ask: &mut Ask<'_>,
) -> Result<(), Problem> {
    let mut task = told(proposals);
    task.extend(overview.map(overview::told));
    task.push_str(source);
    let parts = Parts { interfaces: "", spec: "", task: &task };
    let question = asked::question(Stage::Proposal, filling, parts, schema())?;
    let answer: Answer = asked::answer(ask(&question)?)?;
    for said in answer.proposals {
        let Some(proposal) = proposals.iter_mut().find(|proposal| proposal.strategy == said.strategy) else { continue };
        let shown = |risk: &SeenRisk| files.contains(&risk.file) && !one_line(&risk.text).is_empty();
        let plain = |risk: SeenRisk| SeenRisk { text: one_line(&risk.text), ..risk };
        let risks = said.risks.into_iter().filter(shown).take(RISKS).map(plain).collect();
        proposal.view = Some(View { text: one_line(&said.text), risks });
    }
    Ok(())
}

fn told(proposals: &[Proposal]) -> String {
    let mut text = String::new();
    for proposal in proposals {
        let _ = writeln!(text, "{}: {}", proposal.strategy.name().to_uppercase(), proposal.professional);
        for segment in &proposal.segments {
            let _ = writeln!(
                text,
                "  {} {} ({} of {}): {}",
                segment.area.name(),
                segment.level,
                segment.count,
                segment.of,
                segment.places.join(", ")
            );
        }
    }
    format!("# The proposals\n\n{}\n", asked::data("proposals", &text))
}
