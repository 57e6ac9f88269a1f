//! `POST /api/v1/me/consent`: that the person's data may be processed.

use axum::extract::State;
use axum::http::StatusCode;
use iama_store::{StoreError, users};

use crate::auth::User;
use crate::error::{ApiError, ErrorBody};
use crate::state::AppState;

/// Notes that the person's data may be processed as the terms say. The first time counts.
#[utoipa::path(post, path = "/me/consent", operation_id = "giveConsent", tag = "Accounts", security(("user" = [])), responses(
    (status = NO_CONTENT),
    (status = UNAUTHORIZED, body = ErrorBody),
))]
pub(crate) async fn post(State(state): State<AppState>, user: User) -> Result<StatusCode, ApiError> {
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    users::consent(&mut connection, user.id, state.clock.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}
