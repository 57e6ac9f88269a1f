//! `POST /api/v1/jobs/{job_id}/intervention/command`: one thing, in a person's own words.

use axum::extract::State;
use iama_job::{ArtifactId, Decision};
use serde::Deserialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

use crate::deciding::{DecisionAnswers, Once, Open};
use crate::endpoints::jobs::view::JobState;
use crate::error::ApiError;
use crate::extract::{Fields, Json};
use crate::jobs::OwnJob;
use crate::state::AppState;
use crate::viewing::Viewed;

/// The words.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Words {
    /// They.
    #[schema(example = "keep the old name as an alias", min_length = 1, max_length = 4000)]
    text: String,
}

/// Asks a model for one thing, in the person's own words. What comes of it is on the stream.
#[utoipa::path(post, path = "/jobs/{job_id}/intervention/command", operation_id = "commandRepair", tag = "Decisions",
    security(("user" = [])), params(Viewed, Once), request_body = Words, responses(DecisionAnswers))]
pub(crate) async fn post(
    State(state): State<AppState>,
    own: OwnJob,
    Json(Words { text }): Json<Words>,
) -> Result<Json<JobState>, ApiError> {
    let text = text.trim();
    let mut fields = Fields::default();
    fields.require((1..=4_000).contains(&text.chars().count()), "text", "needs 1 to 4000 characters");
    fields.require(!text.contains('\0'), "text", "must not contain NUL");
    fields.done()?;
    let open = Open::of(&state, own).await?;
    // The name that a machine gives to words that it takes itself: there is one decision for each record.
    let name = format!("command-{}.txt", open.job().seq + 1);
    let texts = BTreeMap::from([(name.clone(), text.to_owned())]);
    open.decide(Decision::Command { command: ArtifactId(name) }, &texts).await
}
