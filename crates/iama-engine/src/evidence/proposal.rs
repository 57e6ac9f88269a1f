//! What was chosen, with its risks as they were told before anything was changed.

use schemars::JsonSchema;
use serde::Serialize;

use crate::folder::JobFolder;
use crate::problem::Problem;
use crate::proposals::overview::OVERVIEW;
use crate::proposals::{
    Complexity, Dependency, ExposedName, Level, Overview, Performance, Price, Proposal, Reach, Segment, View,
};
use crate::spec::Spec;

/// The chosen proposal.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct ProposalPart {
    risk: Level,
    segments: Vec<Segment>,
    reach: Reach,
    surface: Vec<ExposedName>,
    dependencies: Vec<Dependency>,
    complexity: Complexity,
    performance: Performance,
    price: Price,
    #[serde(skip_serializing_if = "Option::is_none")]
    view: Option<View>,
    /// What a model made of the code before.
    #[serde(skip_serializing_if = "Option::is_none")]
    overview: Option<Overview>,
}

impl From<Proposal> for ProposalPart {
    fn from(proposal: Proposal) -> Self {
        let Proposal { risk, segments, reach, surface, dependencies, complexity, performance, price, view, .. } =
            proposal;
        Self { risk, segments, reach, surface, dependencies, complexity, performance, price, view, overview: None }
    }
}

/// The proposal that the spec was drafted for; nothing before one was chosen.
pub(super) fn part(folder: &JobFolder, spec: Option<&Spec>) -> Result<Option<ProposalPart>, Problem> {
    let proposals: Vec<Proposal> = folder.read_if_kept("proposals.json")?.unwrap_or_default();
    let chosen = spec.and_then(|spec| proposals.into_iter().find(|proposal| proposal.strategy == spec.strategy));
    let overview = folder.read_if_kept(OVERVIEW)?;
    Ok(chosen.map(|proposal| ProposalPart { overview, ..ProposalPart::from(proposal) }))
}
