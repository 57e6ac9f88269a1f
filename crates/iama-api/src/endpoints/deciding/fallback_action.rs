//! `POST /api/v1/jobs/{job_id}/fallback`: what to do with a job that could not finish.

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
pub(crate) enum FallbackChoice {
    /// Begin anew from the original code with the strongest class.
    DeepFix,
    /// Take the copy over.
    Intervene,
    /// Go on with the next class.
    RetryStrongerModel,
    /// Change the spec and begin again.
    EditSpec,
    /// Take the partial patch along.
    DownloadPartial,
    /// Write down what a report to the makers needs.
    ReportIssue,
}

/// What to do.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FallbackDecision {
    /// It.
    action: FallbackChoice,
}

/// Goes on with a job that could not finish, or takes along what there is. Work reserves quota again.
#[utoipa::path(post, path = "/jobs/{job_id}/fallback", operation_id = "chooseFallback", tag = "Decisions",
    security(("user" = [])), params(Viewed, Once), request_body = FallbackDecision, responses(DecisionAnswers))]
pub(crate) async fn post(
    State(state): State<AppState>,
    own: OwnJob,
    Json(FallbackDecision { action }): Json<FallbackDecision>,
) -> Result<Json<JobState>, ApiError> {
    let decision = match action {
        FallbackChoice::DeepFix => Decision::DeepFix,
        FallbackChoice::Intervene => Decision::Intervene,
        FallbackChoice::RetryStrongerModel => Decision::RetryStrongerModel,
        FallbackChoice::EditSpec => Decision::EditSpec,
        FallbackChoice::DownloadPartial => Decision::DownloadPartial,
        FallbackChoice::ReportIssue => Decision::ReportIssue,
    };
    decide(&state, own, decision).await
}
