//! `GET /api/v1/jobs/{job_id}/artifacts/{artifact_id}`: the bytes of one.

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use iama_store::{StoreError, artifacts};
use serde::Deserialize;
use uuid::Uuid;

use crate::error::ApiError;
use crate::extract::Path;
use crate::jobs::OwnJob;
use crate::objects;
use crate::state::AppState;
use crate::viewing::Unseen;

/// The parts of the path that name it.
#[derive(Deserialize)]
pub(crate) struct ArtifactPath {
    artifact_id: Uuid,
}

/// The bytes of an artifact, to be saved: they come from the person's machine and are never shown as a page of this server.
#[utoipa::path(get, path = "/jobs/{job_id}/artifacts/{artifact_id}", operation_id = "getArtifact", tag = "Views",
    security(("user" = [])),
    params(("job_id" = Uuid, Path, description = "Which job"), ("artifact_id" = Uuid, Path, description = "Which")),
    responses((status = OK, body = String, content_type = "application/octet-stream"), Unseen))]
pub(crate) async fn get(
    State(state): State<AppState>,
    own: OwnJob,
    Path(ArtifactPath { artifact_id }): Path<ArtifactPath>,
) -> Result<Response, ApiError> {
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    let known = artifacts::of_job(&mut connection, own.id, artifact_id).await?;
    let known = known.ok_or_else(|| ApiError::not_found("artifact"))?;
    drop(connection);
    let text = objects::read_bytes(&state, &known).await?;
    let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let file: String = known.name.rsplit('/').next().unwrap_or_default().chars().filter(plain).collect();
    let saved = HeaderValue::from_str(&format!("attachment; filename=\"{file}\""))
        .map_err(|error| ApiError::internal(&error))?;
    let kind = HeaderValue::from_static("application/octet-stream");
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, saved)], text).into_response())
}
