//! `POST /api/v1/jobs/{job_id}/proposals/select`: one of the proposals is taken.

use axum::extract::State;
use iama_job::Decision;
use iama_job::state::Strategy;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::deciding::{DecisionAnswers, Once, decide};
use crate::endpoints::jobs::view::JobState;
use crate::error::ApiError;
use crate::extract::Json;
use crate::jobs::OwnJob;
use crate::state::AppState;
use crate::viewing::Viewed;

/// How much is taken on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum StrategyName {
    /// What is certain.
    Conservative,
    /// What is usual.
    Standard,
    /// All that can be done.
    Comprehensive,
}

/// Which.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProposalChoice {
    /// It.
    strategy: StrategyName,
}

/// Takes one of the three proposals: the spec is drafted for it.
#[utoipa::path(post, path = "/jobs/{job_id}/proposals/select", operation_id = "selectProposal", tag = "Decisions",
    security(("user" = [])), params(Viewed, Once), request_body = ProposalChoice, responses(DecisionAnswers))]
pub(crate) async fn post(
    State(state): State<AppState>,
    own: OwnJob,
    Json(ProposalChoice { strategy }): Json<ProposalChoice>,
) -> Result<Json<JobState>, ApiError> {
    let strategy = match strategy {
        StrategyName::Conservative => Strategy::Conservative,
        StrategyName::Standard => Strategy::Standard,
        StrategyName::Comprehensive => Strategy::Comprehensive,
    };
    decide(&state, own, Decision::SelectProposal { strategy }).await
}
