//! `POST /api/v1/jobs/{job_id}/intervention/continue`: go on repairing.

use axum::extract::State;
use iama_job::Decision;

use crate::deciding::{DecisionAnswers, Once, decide};
use crate::endpoints::jobs::view::JobState;
use crate::error::ApiError;
use crate::extract::Json;
use crate::jobs::OwnJob;
use crate::state::AppState;
use crate::viewing::Viewed;

/// Goes on repairing after identical failures: their count begins anew.
#[utoipa::path(post, path = "/jobs/{job_id}/intervention/continue", operation_id = "continueRepair", tag = "Decisions",
    security(("user" = [])), params(Viewed, Once), responses(DecisionAnswers))]
pub(crate) async fn post(State(state): State<AppState>, own: OwnJob) -> Result<Json<JobState>, ApiError> {
    decide(&state, own, Decision::ContinueRepair).await
}
