//! `POST /api/v1/jobs/{job_id}/delivery/revert`: the delivery is taken back.

use axum::extract::State;
use iama_job::Decision;

use crate::deciding::{DecisionAnswers, Once, decide};
use crate::endpoints::jobs::view::JobState;
use crate::error::ApiError;
use crate::extract::Json;
use crate::jobs::OwnJob;
use crate::state::AppState;
use crate::viewing::Viewed;

/// Takes an applied delivery back, or puts it there again. Once it is committed it is not touched: then the job keeps the reverse patch,
/// and the delivery says where.
#[utoipa::path(post, path = "/jobs/{job_id}/delivery/revert", operation_id = "revertDelivery", tag = "Decisions",
    security(("user" = [])), params(Viewed, Once), responses(DecisionAnswers))]
pub(crate) async fn post(State(state): State<AppState>, own: OwnJob) -> Result<Json<JobState>, ApiError> {
    decide(&state, own, Decision::RevertDelivery).await
}
