//! `GET /api/v1/jobs/{job_id}/execution/requests`: what the person's machine is asked to do.

use axum::extract::State;
use iama_store::{StoreError, requests};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::{ApiError, ErrorBody};
use crate::extract::Json;
use crate::jobs::OwnJob;
use crate::state::AppState;

/// What the person's machine is asked to do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RequestList {
    /// The requests, oldest first.
    requests: Vec<RequestView>,
}

/// A request.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RequestView {
    /// Its name.
    id: Uuid,
    /// What is asked for.
    #[schema(example = "RUN_BASELINE")]
    kind: String,
    /// Whether somebody works on it: `OPEN` or `CLAIMED`.
    #[schema(example = "OPEN")]
    status: &'static str,
    /// How many model calls of it are answered.
    turn: u32,
    /// Until when the claim holds.
    #[serde(with = "time::serde::rfc3339::option")]
    lease_until: Option<OffsetDateTime>,
}

/// What the person's machine is asked to do.
#[utoipa::path(get, path = "/jobs/{job_id}/execution/requests", operation_id = "listRequests", tag = "Execution",
    security(("user" = [])), params(("job_id" = Uuid, Path, description = "Which")),
    responses(
        (status = OK, body = RequestList),
        (status = UNAUTHORIZED, body = ErrorBody),
        (status = NOT_FOUND, body = ErrorBody),
    ))]
pub(crate) async fn get(State(state): State<AppState>, own: OwnJob) -> Result<Json<RequestList>, ApiError> {
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    let waiting = requests::waiting(&mut connection, own.id).await?;
    let view = |request: requests::Request| RequestView {
        id: request.id,
        kind: request.kind,
        status: request.status.code(),
        turn: request.turn,
        lease_until: request.lease_until,
    };
    Ok(Json(RequestList { requests: waiting.into_iter().map(view).collect() }))
}
