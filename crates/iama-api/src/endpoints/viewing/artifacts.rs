//! `GET /api/v1/jobs/{job_id}/artifacts`: what is kept of a job.

use axum::extract::State;
use iama_store::{StoreError, artifacts};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::ApiError;
use crate::extract::Json;
use crate::jobs::OwnJob;
use crate::state::AppState;
use crate::viewing::{Unseen, Viewed, url};

/// What is kept of a job.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ArtifactList {
    /// The latest of each name, by name.
    artifacts: Vec<ArtifactView>,
}

/// A sealed text.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ArtifactView {
    /// Its own name.
    id: Uuid,
    /// What it is.
    #[schema(example = "EVIDENCE")]
    kind: String,
    /// The file in the job's folder.
    #[schema(example = "evidence.json")]
    name: String,
    /// How many bytes.
    size_bytes: i64,
    /// Their SHA-256.
    sha256: String,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// When its bytes are deleted, or were.
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
    /// Where its bytes are; nothing once they are deleted.
    url: Option<String>,
}

/// What is kept of a job: sealed, for 14 days. Of what was deleted, the row stays.
#[utoipa::path(get, path = "/jobs/{job_id}/artifacts", operation_id = "listArtifacts", tag = "Views",
    security(("user" = [])), params(Viewed), responses((status = OK, body = ArtifactList), Unseen))]
pub(crate) async fn get(State(state): State<AppState>, own: OwnJob) -> Result<Json<ArtifactList>, ApiError> {
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    let known = artifacts::of(&mut connection, own.id).await?;
    let view = |known: artifacts::Artifact| ArtifactView {
        url: known.deleted_at.is_none().then(|| url(own.id, known.id)),
        id: known.id,
        kind: known.kind,
        name: known.name,
        size_bytes: known.size_bytes,
        sha256: hex::encode(known.sha256),
        created_at: known.created_at,
        expires_at: known.expires_at,
    };
    Ok(Json(ArtifactList { artifacts: known.into_iter().map(view).collect() }))
}
