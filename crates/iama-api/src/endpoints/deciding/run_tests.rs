//! `POST /api/v1/jobs/{job_id}/intervention/run-tests`: the tests, on what the person changed.

use axum::extract::State;
use iama_job::Decision;

use crate::deciding::{DecisionAnswers, Once, decide};
use crate::endpoints::jobs::view::JobState;
use crate::error::ApiError;
use crate::extract::Json;
use crate::jobs::OwnJob;
use crate::state::AppState;
use crate::viewing::Viewed;

/// Runs the tests on the job's copy as it is now. What comes of it is on the stream.
#[utoipa::path(post, path = "/jobs/{job_id}/intervention/run-tests", operation_id = "runTests", tag = "Decisions",
    security(("user" = [])), params(Viewed, Once), responses(DecisionAnswers))]
pub(crate) async fn post(State(state): State<AppState>, own: OwnJob) -> Result<Json<JobState>, ApiError> {
    decide(&state, own, Decision::RunTests).await
}
