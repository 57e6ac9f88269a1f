//! `POST /api/v1/auth/register`: an account with a password.

use axum::extract::State;
use axum::http::StatusCode;
use iama_job::Tier;
use iama_store::sessions::Method;
use iama_store::users::{self, NewUser};
use iama_store::{Connection, configs};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::auth::pairs::{TokenPair, sign_in};
use crate::auth::passwords::{self, is_address};
use crate::error::{ApiError, ErrorBody, ErrorCode};
use crate::extract::{Fields, Json};
use crate::state::AppState;

/// Who comes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Registration {
    /// The address.
    #[schema(example = "ada@example.org", max_length = 254)]
    email: String,
    /// The password: at least 10 characters, at most 72 bytes.
    #[schema(example = "correct horse battery")]
    password: String,
    /// What they are called.
    #[serde(default)]
    #[schema(example = "Ada", max_length = 200)]
    display_name: String,
    /// That their data may be processed as the terms say.
    consent: bool,
    /// What the client calls itself.
    #[serde(default)]
    #[schema(example = "VS Code on laptop", max_length = 200)]
    client: String,
}

/// An account with a password, and its first session.
#[utoipa::path(post, path = "/auth/register", operation_id = "register", tag = "Accounts", request_body = Registration, responses(
    (status = CREATED, body = TokenPair),
    (status = BAD_REQUEST, body = ErrorBody),
    (status = FORBIDDEN, body = ErrorBody),
    (status = CONFLICT, body = ErrorBody),
    (status = UNSUPPORTED_MEDIA_TYPE, body = ErrorBody),
    (status = UNPROCESSABLE_ENTITY, body = ErrorBody),
))]
pub(crate) async fn post(
    State(state): State<AppState>,
    Json(wanted): Json<Registration>,
) -> Result<(StatusCode, Json<TokenPair>), ApiError> {
    let email = wanted.email.trim().to_lowercase();
    check(&wanted, &email)?;
    refuse_closed(&state).await?;
    let hash = state.passwords.hash(&wanted.password).await.map_err(|error| ApiError::internal(&error))?;
    let mut transaction = state.db.begin().await?;
    let id = make(&state, &mut transaction, &email, &hash, wanted.display_name.trim()).await?;
    let pair = sign_in(&state, &mut transaction, id, Method::Password, &wanted.client).await?;
    transaction.commit().await.map_err(iama_store::StoreError::from)?;
    Ok((StatusCode::CREATED, Json(pair)))
}

/// Makes an account of somebody who has consented. The password is hashed before, so that an address that is taken is refused after
/// the same time as one that is not.
pub(super) async fn make(
    state: &AppState,
    connection: &mut Connection,
    email: &str,
    hash: &str,
    display_name: &str,
) -> Result<Uuid, ApiError> {
    let (email_verified, consent, tier, password_hash) = (false, true, Tier::Free, Some(hash));
    let user = NewUser { email, email_verified, password_hash, display_name, consent, tier };
    users::create(connection, &user, state.clock.now()).await.map_err(|error| {
        if error.is_duplicate() {
            ApiError::new(ErrorCode::EmailTaken, "this address has an account")
        } else {
            error.into()
        }
    })
}

/// The setting `feature.registration`, where it is off, closes the door.
pub(super) async fn refuse_closed(state: &AppState) -> Result<(), ApiError> {
    let mut connection = state.db.pool().acquire().await.map_err(iama_store::StoreError::from)?;
    if configs::get(&mut connection, configs::REGISTRATION).await?.unwrap_or(true) {
        return Ok(());
    }
    Err(ApiError::new(ErrorCode::RegistrationClosed, "no accounts are made at present"))
}

fn check(wanted: &Registration, email: &str) -> Result<(), ApiError> {
    let mut fields = Fields::default();
    fields.require(is_address(email), "email", "is no e-mail address");
    check_password(&mut fields, "password", &wanted.password);
    fields.require(wanted.display_name.len() <= 200, "display_name", "is longer than 200 bytes");
    fields.require(wanted.client.len() <= 200, "client", "is longer than 200 bytes");
    fields.done()?;
    if wanted.consent {
        return Ok(());
    }
    Err(ApiError::new(ErrorCode::ConsentRequired, "without consent there can be no account"))
}

/// Notes what is wrong with a new password.
pub(crate) fn check_password(fields: &mut Fields, name: &str, password: &str) {
    for fault in passwords::faults(password) {
        fields.require(false, name, fault);
    }
}
