//! `GET /api/v1/jobs/{job_id}/proposals`: what can be chosen.

use axum::extract::State;
use iama_engine::proposals::Proposal;
use iama_store::{StoreError, jobs};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::documents;
use crate::error::ApiError;
use crate::extract::Json;
use crate::jobs::OwnJob;
use crate::state::AppState;
use crate::viewing::{Unseen, Viewed};

/// The proposals.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProposalsView {
    /// For whom they are told: `SIMPLE`, `PROFESSIONAL` or `ENTERPRISE`.
    #[schema(example = "PROFESSIONAL")]
    mode: String,
    /// Three, the smallest first.
    proposals: Vec<ProposalView>,
}

/// A proposal.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProposalView {
    /// Which.
    #[schema(example = "STANDARD")]
    strategy: String,
    /// What it means, in the words of the mode.
    summary: String,
    /// The highest risk that is known: `unknown`, `low`, `medium` or `high`.
    #[schema(example = "low")]
    risk: String,
    /// The risk by area: five segments, each with a level, what was counted, and places.
    #[schema(value_type = Vec<Object>)]
    segments: Value,
    /// All figures, as docs/proposals.md describes them; to be folded away in the mode `SIMPLE`.
    #[schema(value_type = Object)]
    details: Value,
}

/// What can be chosen.
#[utoipa::path(get, path = "/jobs/{job_id}/proposals", operation_id = "getProposals", tag = "Views",
    security(("user" = [])), params(Viewed), responses((status = OK, body = ProposalsView), Unseen))]
pub(crate) async fn get(State(state): State<AppState>, own: OwnJob) -> Result<Json<ProposalsView>, ApiError> {
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    let known: Option<Vec<Proposal>> = documents::latest(&state, &mut connection, own.id, "proposals.json").await?;
    let known = known.ok_or_else(|| ApiError::not_yet("proposal"))?;
    let mode = jobs::mode(&mut connection, own.id).await?;
    let proposals = known.iter().map(|proposal| view(proposal, &mode)).collect::<Result<_, _>>()?;
    Ok(Json(ProposalsView { mode, proposals }))
}

fn view(proposal: &Proposal, mode: &str) -> Result<ProposalView, ApiError> {
    let value = |value: serde_json::Result<Value>| value.map_err(|error| ApiError::internal(&error));
    Ok(ProposalView {
        strategy: proposal.strategy.name().to_uppercase(),
        summary: if mode == "SIMPLE" { proposal.simple.clone() } else { proposal.professional.clone() },
        risk: proposal.risk.name().to_owned(),
        segments: value(serde_json::to_value(&proposal.segments))?,
        details: value(serde_json::to_value(proposal))?,
    })
}
