//! `POST /api/v1/me/password`: another password.

use axum::extract::State;
use axum::http::StatusCode;
use iama_store::sessions::{self, End};
use iama_store::{StoreError, users};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::auth::User;
use crate::endpoints::auth::register::check_password;
use crate::error::{ApiError, ErrorBody, ErrorCode};
use crate::extract::{Fields, Json};
use crate::state::AppState;

/// The change.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordChange {
    /// The password so far; not asked of who has none yet.
    #[serde(default)]
    #[schema(example = "correct horse battery")]
    current: Option<String>,
    /// The next one: at least 10 characters, at most 72 bytes.
    #[schema(example = "staple of another kind")]
    new: String,
}

/// Another password. All other sessions end.
#[utoipa::path(post, path = "/me/password", operation_id = "changePassword", tag = "Accounts", security(("user" = [])), request_body = PasswordChange,
    responses(
        (status = NO_CONTENT),
        (status = BAD_REQUEST, body = ErrorBody),
        (status = UNAUTHORIZED, body = ErrorBody),
        (status = UNSUPPORTED_MEDIA_TYPE, body = ErrorBody),
        (status = UNPROCESSABLE_ENTITY, body = ErrorBody),
    ))]
pub(crate) async fn post(
    State(state): State<AppState>,
    user: User,
    Json(change): Json<PasswordChange>,
) -> Result<StatusCode, ApiError> {
    let mut fields = Fields::default();
    check_password(&mut fields, "new", &change.new);
    fields.done()?;
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    user.require_session(&mut connection).await?;
    let known = users::get(&mut connection, user.id).await?;
    let known =
        known.ok_or_else(|| ApiError::new(ErrorCode::Unauthenticated, "the account does not exist any more"))?;
    drop(connection);
    if let Some(hash) = &known.password_hash {
        let current = change.current.unwrap_or_default();
        let matches = state.passwords.matches(&current, Some(hash)).await;
        if !matches.map_err(|error| ApiError::internal(&error))? {
            return Err(ApiError::new(ErrorCode::InvalidCredentials, "the current password is wrong"));
        }
    }
    let hash = state.passwords.hash(&change.new).await.map_err(|error| ApiError::internal(&error))?;
    let mut transaction = state.db.begin().await?;
    users::set_password(&mut transaction, user.id, &hash).await?;
    let now = state.clock.now();
    sessions::end_others(&mut transaction, user.id, Some(user.session), End::PasswordChanged, now).await?;
    transaction.commit().await.map_err(StoreError::from)?;
    Ok(StatusCode::NO_CONTENT)
}
