//! `POST /api/v1/jobs/{job_id}/intervention/resume`: the person hands the copy back.

use axum::extract::State;
use iama_job::Decision;

use crate::deciding::{DecisionAnswers, Once, decide};
use crate::endpoints::jobs::view::JobState;
use crate::error::ApiError;
use crate::extract::Json;
use crate::jobs::OwnJob;
use crate::state::AppState;
use crate::viewing::Viewed;

/// Hands the copy back: models go on from it.
#[utoipa::path(post, path = "/jobs/{job_id}/intervention/resume", operation_id = "resumeRepair", tag = "Decisions",
    security(("user" = [])), params(Viewed, Once), responses(DecisionAnswers))]
pub(crate) async fn post(State(state): State<AppState>, own: OwnJob) -> Result<Json<JobState>, ApiError> {
    decide(&state, own, Decision::ResumeRepair).await
}
