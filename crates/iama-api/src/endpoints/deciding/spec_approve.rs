//! `POST /api/v1/jobs/{job_id}/spec/approve`: the spec is right.

use axum::extract::State;
use iama_job::Decision;
use serde::Deserialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

use crate::deciding::{DecisionAnswers, Once, Open};
use crate::endpoints::deciding::named::spec_of;
use crate::endpoints::jobs::view::JobState;
use crate::error::ApiError;
use crate::extract::Json;
use crate::jobs::OwnJob;
use crate::state::AppState;
use crate::viewing::Viewed;

/// What is approved.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Approval {
    /// The token of the revision that was read; with it, a revision that somebody has made since is not approved unread.
    #[serde(default)]
    #[schema(example = "2f1c7b1e5d53bf76edb4a085654e2899")]
    revision_token: Option<String>,
}

/// Approves the spec: tests are written, and from here on a round that ends is charged.
#[utoipa::path(post, path = "/jobs/{job_id}/spec/approve", operation_id = "approveSpec", tag = "Decisions",
    security(("user" = [])), params(Viewed, Once), request_body = Approval, responses(DecisionAnswers))]
pub(crate) async fn post(
    State(state): State<AppState>,
    own: OwnJob,
    Json(Approval { revision_token }): Json<Approval>,
) -> Result<Json<JobState>, ApiError> {
    let mut open = Open::of(&state, own).await?;
    if let Some(token) = revision_token {
        spec_of(&state, &mut open, &token).await?;
    }
    open.decide(Decision::ApproveSpec, &BTreeMap::new()).await
}
