//! `POST /api/v1/jobs/{job_id}/preflight`: what to do with uncommitted changes.

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

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum PreflightChoice {
    /// Work on it as it is; not for people of segment A.
    Continue,
    /// Work on it, and leave alone what may change meaning.
    SafeMode,
    /// Leave it alone: the job is over.
    Cancel,
}

/// What to do.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PreflightDecision {
    /// It.
    choice: PreflightChoice,
}

/// Decides about a workspace with uncommitted changes: nothing was touched yet.
#[utoipa::path(post, path = "/jobs/{job_id}/preflight", operation_id = "choosePreflight", tag = "Decisions",
    security(("user" = [])), params(Viewed, Once), request_body = PreflightDecision, responses(DecisionAnswers))]
pub(crate) async fn post(
    State(state): State<AppState>,
    own: OwnJob,
    Json(PreflightDecision { choice }): Json<PreflightDecision>,
) -> Result<Json<JobState>, ApiError> {
    let decision = match choice {
        PreflightChoice::Continue => Decision::PreflightContinue,
        PreflightChoice::SafeMode => Decision::PreflightSafeMode,
        PreflightChoice::Cancel => Decision::PreflightCancel,
    };
    decide(&state, own, decision).await
}
