//! `POST /api/v1/jobs/{job_id}/baseline/acknowledge`: go on although nothing covers some behaviour.

use axum::extract::State;
use iama_job::Decision;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::deciding::{DecisionAnswers, Once, decide};
use crate::endpoints::jobs::view::JobState;
use crate::error::ApiError;
use crate::extract::Json;
use crate::jobs::OwnJob;
use crate::state::AppState;
use crate::viewing::Viewed;

/// What is acknowledged.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Acknowledgement {
    /// How much is covered by nothing, as it was shown.
    #[schema(example = 3)]
    uncovered: u32,
}

/// Acknowledges how much behaviour nothing covers. Another count than was shown is refused.
#[utoipa::path(post, path = "/jobs/{job_id}/baseline/acknowledge", operation_id = "acknowledgeUncovered", tag = "Decisions",
    security(("user" = [])), params(Viewed, Once), request_body = Acknowledgement, responses(DecisionAnswers))]
pub(crate) async fn post(
    State(state): State<AppState>,
    own: OwnJob,
    Json(Acknowledgement { uncovered }): Json<Acknowledgement>,
) -> Result<Json<JobState>, ApiError> {
    decide(&state, own, Decision::AcknowledgeUncovered { uncovered }).await
}
