//! `POST /api/v1/auth/login`: a session by password.

use axum::extract::State;
use iama_store::sealing::sha256;
use iama_store::sessions::Method;
use iama_store::throttle::{self, Allowance};
use iama_store::{StoreError, users};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::auth::pairs::{TokenPair, sign_in};
use crate::error::{ApiError, ErrorBody, ErrorCode};
use crate::extract::{Fields, Json};
use crate::network::Network;
use crate::state::AppState;

/// Failures of one account from one network that cost no time.
const OF_ACCOUNT: Allowance = Allowance(5);

/// Failures from one network that cost no time.
const OF_NETWORK: Allowance = Allowance(50);

/// Who signs in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Login {
    /// The address.
    #[schema(example = "ada@example.org")]
    email: String,
    /// The password.
    #[schema(example = "correct horse battery")]
    password: String,
    /// What the client calls itself.
    #[serde(default)]
    #[schema(example = "VS Code on laptop", max_length = 200)]
    client: String,
}

/// A session by password.
///
/// Failures cost the one who fails: the account as seen from their network, and their network. Nobody else waits.
#[utoipa::path(post, path = "/auth/login", operation_id = "login", tag = "Accounts", request_body = Login, responses(
    (status = OK, body = TokenPair),
    (status = BAD_REQUEST, body = ErrorBody),
    (status = UNAUTHORIZED, body = ErrorBody),
    (status = UNSUPPORTED_MEDIA_TYPE, body = ErrorBody),
    (status = UNPROCESSABLE_ENTITY, body = ErrorBody),
    (status = TOO_MANY_REQUESTS, body = ErrorBody),
))]
pub(crate) async fn post(
    State(state): State<AppState>,
    Network(network): Network,
    Json(login): Json<Login>,
) -> Result<Json<TokenPair>, ApiError> {
    let mut fields = Fields::default();
    fields.require(login.client.len() <= 200, "client", "is longer than 200 bytes");
    fields.done()?;
    let email = login.email.trim().to_lowercase();
    let subjects =
        [sha256(format!("account {email} {network}").as_bytes()), sha256(format!("network {network}").as_bytes())];
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    for subject in &subjects {
        if let Some(until) = throttle::blocked_until(&mut connection, subject, state.clock.now()).await? {
            return Err(too_many(until - state.clock.now()));
        }
    }
    let user = users::by_email(&mut connection, &email).await?;
    let hash = user.as_ref().and_then(|user| user.password_hash.as_deref());
    // Checking takes its time; the connection is not held meanwhile.
    drop(connection);
    let matches = state.passwords.matches(&login.password, hash).await.map_err(|error| ApiError::internal(&error))?;
    let mut transaction = state.db.begin().await?;
    let done = if let Some(user) = user.filter(|_| matches) {
        throttle::succeeded(&mut transaction, &subjects[0]).await?;
        Ok(sign_in(&state, &mut transaction, user.id, Method::Password, &login.client).await?)
    } else {
        let now = state.clock.now();
        throttle::failed(&mut transaction, &subjects[0], OF_ACCOUNT, now).await?;
        throttle::failed(&mut transaction, &subjects[1], OF_NETWORK, now).await?;
        Err(ApiError::new(ErrorCode::InvalidCredentials, "the address or the password is wrong"))
    };
    transaction.commit().await.map_err(StoreError::from)?;
    done.map(Json)
}

/// Somebody has to wait before they may try again.
pub(crate) fn too_many(wait: time::Duration) -> ApiError {
    ApiError::new(ErrorCode::TooManyAttempts, "too many attempts to sign in failed")
        .retry_after(wait.try_into().unwrap_or_default())
}
