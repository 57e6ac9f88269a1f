//! `POST /api/v1/jobs/{job_id}/escalation/confirm`: a stronger model is allowed.

use axum::extract::State;
use iama_job::{Decision, ModelClass, QuoteId};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::deciding::{DecisionAnswers, Once, decide};
use crate::endpoints::jobs::view::JobState;
use crate::error::ApiError;
use crate::extract::Json;
use crate::jobs::OwnJob;
use crate::state::AppState;
use crate::viewing::Viewed;

/// The classes that are asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
pub(crate) enum StrongerClass {
    /// A stronger one.
    L2,
    /// The strongest one, at a price.
    L3,
}

/// What is allowed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Escalation {
    /// The class.
    class: StrongerClass,
    /// The price, for L3.
    #[serde(default)]
    #[schema(example = "quote-7")]
    quote: Option<String>,
}

/// Allows a stronger class. For L3 the price is named, and is what was quoted last.
#[utoipa::path(post, path = "/jobs/{job_id}/escalation/confirm", operation_id = "confirmEscalation", tag = "Decisions",
    security(("user" = [])), params(Viewed, Once), request_body = Escalation, responses(DecisionAnswers))]
pub(crate) async fn post(
    State(state): State<AppState>,
    own: OwnJob,
    Json(Escalation { class, quote }): Json<Escalation>,
) -> Result<Json<JobState>, ApiError> {
    let class = match class {
        StrongerClass::L2 => ModelClass::L2,
        StrongerClass::L3 => ModelClass::L3,
    };
    decide(&state, own, Decision::ConfirmEscalation { class, quote: quote.map(QuoteId) }).await
}
