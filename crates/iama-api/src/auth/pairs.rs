//! Pairs of tokens: what a client gets when somebody has signed in.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use iama_store::Connection;
use iama_store::sealing::sha256;
use iama_store::sessions::{self, Method, NewToken, Rotated};
use serde::Serialize;
use time::Duration;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::{ApiError, ErrorCode};
use crate::state::AppState;

/// What refresh tokens begin with, so that scanners know one.
const PREFIX: &str = "iama_rt_";

/// A pair of tokens.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TokenPair {
    /// Sent with each request as `Authorization: Bearer`.
    #[schema(example = "eyJhbGciOiJSUzI1NiJ9.e30.c2lnbmF0dXJl")]
    pub(crate) access_token: String,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    pub(crate) token_type: &'static str,
    /// How long the access token is good, in seconds.
    #[schema(example = 900)]
    pub(crate) expires_in: i64,
    /// Changed for the next pair; good once.
    #[schema(example = "iama_rt_0123")]
    pub(crate) refresh_token: String,
    /// How long the refresh token is good, in seconds.
    #[schema(example = 2_592_000)]
    pub(crate) refresh_expires_in: i64,
    /// The person.
    pub(crate) user_id: Uuid,
}

/// A random token with what scanners know it by.
pub(crate) fn random_token(prefix: &str) -> Result<String, ApiError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| ApiError::internal(&error))?;
    Ok(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes)))
}

fn lifetime(state: &AppState) -> Duration {
    Duration::seconds(i64::try_from(state.auth.refresh_token_s).unwrap_or(i64::MAX))
}

fn pair(state: &AppState, user: Uuid, session: Uuid, refresh_token: String) -> Result<TokenPair, ApiError> {
    let access_token =
        state.signing.issue(user, session, state.clock.now()).map_err(|error| ApiError::internal(&error))?;
    Ok(TokenPair {
        access_token,
        token_type: "Bearer",
        expires_in: state.signing.lifetime().whole_seconds(),
        refresh_token,
        refresh_expires_in: lifetime(state).whole_seconds(),
        user_id: user,
    })
}

/// Begins a session.
pub(crate) async fn sign_in(
    state: &AppState,
    connection: &mut Connection,
    user: Uuid,
    method: Method,
    client: &str,
) -> Result<TokenPair, ApiError> {
    begin(state, connection, user, method, client).await.map(|(_, pair)| pair)
}

/// Begins a session, and gives its name.
pub(crate) async fn begin(
    state: &AppState,
    connection: &mut Connection,
    user: Uuid,
    method: Method,
    client: &str,
) -> Result<(Uuid, TokenPair), ApiError> {
    let refresh = random_token(PREFIX)?;
    let token = NewToken { hash: &sha256(refresh.as_bytes()), lifetime: lifetime(state) };
    let session = sessions::begin(connection, user, method, client, token, state.clock.now()).await?;
    Ok((session, pair(state, user, session, refresh)?))
}

/// Changes a refresh token for the next pair.
pub(crate) async fn refresh(state: &AppState, token: &str) -> Result<TokenPair, ApiError> {
    let next = random_token(PREFIX)?;
    let kept = NewToken { hash: &sha256(next.as_bytes()), lifetime: lifetime(state) };
    let mut transaction = state.db.begin().await?;
    let rotated = sessions::rotate(&mut transaction, &sha256(token.as_bytes()), kept, state.clock.now()).await?;
    transaction.commit().await.map_err(iama_store::StoreError::from)?;
    match rotated {
        Rotated::Next { user, session } => pair(state, user, session, next),
        Rotated::Invalid => {
            Err(ApiError::new(ErrorCode::RefreshTokenInvalid, "the refresh token is not valid or has expired"))
        }
        Rotated::Reused { user } => {
            tracing::warn!(%user, "a refresh token was used twice; its session is over");
            Err(ApiError::new(ErrorCode::RefreshTokenReused, "the refresh token was used before"))
        }
    }
}
