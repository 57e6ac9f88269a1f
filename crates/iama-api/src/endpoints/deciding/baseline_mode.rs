//! `POST /api/v1/jobs/{job_id}/baseline/mode`: another baseline than the confidence suggests.

use axum::extract::State;
use iama_job::Decision;
use iama_job::policy::baseline::BaselineMode;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::deciding::{DecisionAnswers, Once, decide};
use crate::endpoints::jobs::view::JobState;
use crate::error::ApiError;
use crate::extract::Json;
use crate::jobs::OwnJob;
use crate::state::AppState;
use crate::viewing::Viewed;

/// How today's behaviour is pinned down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum BaselineName {
    /// Tests on functions and classes.
    Assertions,
    /// From outside: command line or HTTP.
    BlackBox,
}

/// Which.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BaselineChoice {
    /// It.
    mode: BaselineName,
}

/// Takes another baseline than the confidence suggests.
#[utoipa::path(post, path = "/jobs/{job_id}/baseline/mode", operation_id = "overrideBaseline", tag = "Decisions",
    security(("user" = [])), params(Viewed, Once), request_body = BaselineChoice, responses(DecisionAnswers))]
pub(crate) async fn post(
    State(state): State<AppState>,
    own: OwnJob,
    Json(BaselineChoice { mode }): Json<BaselineChoice>,
) -> Result<Json<JobState>, ApiError> {
    let mode = match mode {
        BaselineName::Assertions => BaselineMode::Assertions,
        BaselineName::BlackBox => BaselineMode::BlackBox,
    };
    decide(&state, own, Decision::OverrideBaseline { mode }).await
}
