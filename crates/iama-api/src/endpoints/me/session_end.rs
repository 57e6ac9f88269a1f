//! `DELETE /api/v1/me/sessions/{session_id}`: the end of one of the person's sessions.

use axum::extract::State;
use axum::http::StatusCode;
use iama_store::{StoreError, sessions};
use uuid::Uuid;

use crate::auth::User;
use crate::error::{ApiError, ErrorBody};
use crate::extract::Path;
use crate::state::AppState;

/// Ends one of the person's sessions.
#[utoipa::path(delete, path = "/me/sessions/{session_id}", operation_id = "endSession", tag = "Accounts", security(("user" = [])),
    params(("session_id" = Uuid, Path, description = "Which")),
    responses(
        (status = NO_CONTENT),
        (status = UNAUTHORIZED, body = ErrorBody),
        (status = NOT_FOUND, body = ErrorBody),
    ))]
pub(crate) async fn delete(
    State(state): State<AppState>,
    user: User,
    Path(session): Path<Uuid>,
) -> Result<StatusCode, ApiError> {
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    if sessions::end_own(&mut connection, user.id, session, state.clock.now()).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(ApiError::not_found("session"))
}
