//! `POST /api/v1/jobs/{job_id}/decisions`: what a person decided at their machine.

use std::collections::BTreeMap;

use axum::extract::State;
use iama_job::Decision;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::deciding::{DecisionAnswers, Once, Open};
use crate::endpoints::jobs::view::JobState;
use crate::error::ApiError;
use crate::extract::{Fields, Json};
use crate::jobs::OwnJob;
use crate::state::AppState;
use crate::viewing::Viewed;

/// The most texts that come with a decision.
const MOST: usize = 4;

/// A decision.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Decided {
    /// It, as `iama_job::Decision`. A job is started with `startJob`.
    #[schema(value_type = Object)]
    decision: Decision,
    /// The texts that it names: an edited spec, a command in a person's words, what was chosen of a delivery.
    #[serde(default)]
    documents: BTreeMap<String, String>,
}

/// Takes a decision of the person's. One that is not possible now is refused with a code, and nothing changes.
#[utoipa::path(post, path = "/jobs/{job_id}/decisions", operation_id = "decide", tag = "Execution",
    security(("user" = [])),
    params(Viewed, Once),
    request_body = Decided,
    responses(DecisionAnswers))]
pub(crate) async fn post(
    State(state): State<AppState>,
    own: OwnJob,
    Json(Decided { decision, documents }): Json<Decided>,
) -> Result<Json<JobState>, ApiError> {
    let mut fields = Fields::default();
    // What a job may use is the platform's to say.
    fields.require(!matches!(decision, Decision::Start { .. }), "decision", "is not taken here; start the job");
    fields.require(documents.len() <= MOST, "documents", format!("are more than {MOST}"));
    let named = documents.iter().all(|(name, text)| name.len() <= 300 && !name.contains('\0') && !text.contains('\0'));
    fields.require(named, "documents", "need names of at most 300 bytes, and no NUL");
    fields.done()?;
    Open::of(&state, own).await?.decide(decision, &documents).await
}
