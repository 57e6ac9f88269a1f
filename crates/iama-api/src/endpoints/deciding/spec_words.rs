//! `POST /api/v1/jobs/{job_id}/spec/nl-convert`: what would become of the spec by a person's words.

use axum::extract::State;
use iama_engine::spec::Preview;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::deciding::Once;
use crate::endpoints::viewing::spec::ItemView;
use crate::error::{ApiError, ErrorBody};
use crate::extract::{Fields, Json};
use crate::jobs::OwnJob;
use crate::models;
use crate::state::AppState;
use crate::viewing::Viewed;

/// The longest that somebody may ask for, in characters.
const LONGEST: usize = 4_000;

/// What somebody asks for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Words {
    /// The token of the revision that they have read.
    #[schema(example = "2f1c7b1e5d53bf76edb4a085654e2899")]
    revision_token: String,
    /// What shall be different.
    #[schema(min_length = 1, max_length = 4000, example = "Sums of an empty order must be zero.")]
    text: String,
}

/// A spec as it would be. Nothing of it is kept as the job's: an edit with these items makes it so.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SpecPreview {
    /// The revision that it is made from: an edit names it.
    #[schema(example = "2f1c7b1e5d53bf76edb4a085654e2899")]
    revision_token: String,
    /// What the model says about it.
    says: String,
    /// All items, in their order; a new one has an empty name.
    items: Vec<ItemView>,
    /// What the model wanted and nobody may change, with the reason.
    refused: Vec<String>,
}

impl From<Preview> for SpecPreview {
    fn from(preview: Preview) -> Self {
        Self {
            revision_token: preview.edited.based_on,
            says: preview.says,
            items: preview.edited.items.into_iter().map(ItemView::from).collect(),
            refused: preview.refused,
        }
    }
}

/// Asks a model of class L2 what would become of the spec by a person's words. Nothing of the job changes. The same words about
/// the same revision are asked for once. The answer is part of what the round costs; where none of use comes, nobody pays.
#[utoipa::path(post, path = "/jobs/{job_id}/spec/nl-convert", operation_id = "previewSpec", tag = "Decisions",
    security(("user" = [])), params(Viewed, Once), request_body = Words,
    responses(
        (status = OK, body = SpecPreview),
        (status = BAD_REQUEST, body = ErrorBody),
        (status = UNAUTHORIZED, body = ErrorBody),
        (status = FORBIDDEN, body = ErrorBody, description = "The tier has no such model, or too few credits are left"),
        (status = NOT_FOUND, body = ErrorBody),
        (status = CONFLICT, body = ErrorBody, description = "There is no spec to be approved, or a newer one"),
        (status = GONE, body = ErrorBody),
        (status = UNSUPPORTED_MEDIA_TYPE, body = ErrorBody),
        (status = UNPROCESSABLE_ENTITY, body = ErrorBody),
        (status = BAD_GATEWAY, body = ErrorBody, description = "What the model answered is of no use"),
    ))]
pub(crate) async fn post(
    State(state): State<AppState>,
    own: OwnJob,
    Json(words): Json<Words>,
) -> Result<Json<SpecPreview>, ApiError> {
    let text = words.text.trim();
    let mut fields = Fields::default();
    fields.require(!text.is_empty(), "text", "is missing");
    fields.require(text.chars().count() <= LONGEST, "text", format!("is longer than {LONGEST} characters"));
    fields.done()?;
    let preview = models::preview(&state, own, &words.revision_token, text).await?;
    Ok(Json(preview.into()))
}
