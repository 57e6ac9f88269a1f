//! `POST /api/v1/jobs/{job_id}/escalation/decline`: no stronger model.

use axum::extract::State;
use iama_job::Decision;

use crate::deciding::{DecisionAnswers, Once, decide};
use crate::endpoints::jobs::view::JobState;
use crate::error::ApiError;
use crate::extract::Json;
use crate::jobs::OwnJob;
use crate::state::AppState;
use crate::viewing::Viewed;

/// Allows no stronger model: what was done so far is kept as a partial patch.
#[utoipa::path(post, path = "/jobs/{job_id}/escalation/decline", operation_id = "declineEscalation", tag = "Decisions",
    security(("user" = [])), params(Viewed, Once), responses(DecisionAnswers))]
pub(crate) async fn post(State(state): State<AppState>, own: OwnJob) -> Result<Json<JobState>, ApiError> {
    decide(&state, own, Decision::DeclineEscalation).await
}
