//! `GET /api/v1/me`: who is asking.

use axum::extract::State;
use iama_store::{StoreError, users};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::auth::User;
use crate::error::{ApiError, ErrorBody, ErrorCode};
use crate::extract::Json;
use crate::state::AppState;

/// An account, as its owner sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Account {
    /// Who.
    id: Uuid,
    /// The address.
    #[schema(example = "ada@example.org")]
    email: String,
    /// Whether the address is known to be theirs.
    email_verified: bool,
    /// What they are called.
    display_name: String,
    /// Whether the account has a password.
    has_password: bool,
    /// Since when their data may be processed.
    #[serde(with = "time::serde::rfc3339::option")]
    consent_given_at: Option<OffsetDateTime>,
    /// Since when they know what is processed before the first refactoring.
    #[serde(with = "time::serde::rfc3339::option")]
    disclosure_accepted_at: Option<OffsetDateTime>,
    /// When they came.
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
}

/// The account of the one who asks.
#[utoipa::path(get, path = "/me", operation_id = "getMe", tag = "Accounts", security(("user" = [])), responses(
    (status = OK, body = Account),
    (status = UNAUTHORIZED, body = ErrorBody),
))]
pub(crate) async fn get(State(state): State<AppState>, user: User) -> Result<Json<Account>, ApiError> {
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    let known = users::get(&mut connection, user.id).await?;
    let known =
        known.ok_or_else(|| ApiError::new(ErrorCode::Unauthenticated, "the account does not exist any more"))?;
    Ok(Json(Account {
        id: known.id,
        email: known.email,
        email_verified: known.email_verified_at.is_some(),
        display_name: known.display_name,
        has_password: known.password_hash.is_some(),
        consent_given_at: known.consent_given_at,
        disclosure_accepted_at: known.disclosure_accepted_at,
        created_at: known.created_at,
    }))
}
