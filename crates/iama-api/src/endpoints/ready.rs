//! `GET /ready`: requests can be served.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{ApiError, ErrorBody};
use crate::extract::Json;
use crate::state::AppState;

/// That requests can be served.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Ready {
    /// Always `ready`.
    #[schema(example = "ready")]
    status: &'static str,
}

/// Whether requests can be served: the database answers and has this version's tables.
#[utoipa::path(get, path = "/ready", operation_id = "getReadiness", tag = "Operations", responses(
    (status = OK, body = Ready),
    (status = SERVICE_UNAVAILABLE, body = ErrorBody),
))]
pub(crate) async fn get(State(state): State<AppState>) -> Result<Json<Ready>, ApiError> {
    state.db.ping().await?;
    Ok(Json(Ready { status: "ready" }))
}
