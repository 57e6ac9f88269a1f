//! `POST /api/v1/auth/logout`: the end of the session.

use axum::extract::State;
use axum::http::StatusCode;
use iama_store::StoreError;
use iama_store::sessions::{self, End};

use crate::auth::User;
use crate::error::{ApiError, ErrorBody};
use crate::state::AppState;

/// Ends the session: its refresh tokens are no good any more. The access token stays good until it expires.
#[utoipa::path(post, path = "/auth/logout", operation_id = "logout", tag = "Accounts", security(("user" = [])), responses(
    (status = NO_CONTENT),
    (status = UNAUTHORIZED, body = ErrorBody),
))]
pub(crate) async fn post(State(state): State<AppState>, user: User) -> Result<StatusCode, ApiError> {
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    sessions::end(&mut connection, user.session, End::Logout, state.clock.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}
