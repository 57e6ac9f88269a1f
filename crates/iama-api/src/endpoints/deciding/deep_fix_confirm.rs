//! `POST /api/v1/jobs/{job_id}/intervention/deep-fix/confirm`: the price of a deep fix is paid.

use axum::extract::State;
use iama_job::{Decision, QuoteId};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::deciding::{DecisionAnswers, Once, decide};
use crate::endpoints::jobs::view::JobState;
use crate::error::ApiError;
use crate::extract::Json;
use crate::jobs::OwnJob;
use crate::state::AppState;
use crate::viewing::Viewed;

/// The price.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfirmedPrice {
    /// Its name.
    #[schema(example = "quote-7")]
    quote: String,
}

/// Pays the price of a deep fix with L3, which is what was quoted last. It cannot be cancelled once it has begun.
#[utoipa::path(post, path = "/jobs/{job_id}/intervention/deep-fix/confirm", operation_id = "confirmDeepFix", tag = "Decisions",
    security(("user" = [])), params(Viewed, Once), request_body = ConfirmedPrice, responses(DecisionAnswers))]
pub(crate) async fn post(
    State(state): State<AppState>,
    own: OwnJob,
    Json(ConfirmedPrice { quote }): Json<ConfirmedPrice>,
) -> Result<Json<JobState>, ApiError> {
    decide(&state, own, Decision::ConfirmDeepFix { quote: QuoteId(quote) }).await
}
