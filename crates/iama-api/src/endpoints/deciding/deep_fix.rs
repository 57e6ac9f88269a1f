//! `POST /api/v1/jobs/{job_id}/intervention/deep-fix`: from first principles.

use axum::extract::State;
use iama_job::Decision;

use crate::deciding::{DecisionAnswers, Once, decide};
use crate::endpoints::jobs::view::JobState;
use crate::error::ApiError;
use crate::extract::Json;
use crate::jobs::OwnJob;
use crate::state::AppState;
use crate::viewing::Viewed;

/// Begins anew from the original code, with the strongest class that the tier has. Where that is L3, its price is asked about first: then
/// the job waits for `confirmDeepFix`.
#[utoipa::path(post, path = "/jobs/{job_id}/intervention/deep-fix", operation_id = "deepFix", tag = "Decisions",
    security(("user" = [])), params(Viewed, Once), responses(DecisionAnswers))]
pub(crate) async fn post(State(state): State<AppState>, own: OwnJob) -> Result<Json<JobState>, ApiError> {
    decide(&state, own, Decision::DeepFix).await
}
