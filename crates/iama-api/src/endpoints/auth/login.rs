//! `POST /api/v1/auth/login`: a session by password.

use axum::extract::State;
use iama_store::StoreError;
use iama_store::sessions::Method;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::auth::credentials;
use crate::auth::pairs::{TokenPair, sign_in};
use crate::error::{ApiError, ErrorBody};
use crate::extract::{Fields, Json};
use crate::network::Network;
use crate::state::AppState;

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
    network: Network,
    Json(login): Json<Login>,
) -> Result<Json<TokenPair>, ApiError> {
    let mut fields = Fields::default();
    fields.require(login.client.len() <= 200, "client", "is longer than 200 bytes");
    fields.done()?;
    let checked = credentials::check(&state, &network, &login.email, &login.password).await?;
    let mut transaction = state.db.begin().await?;
    let user = checked.held(&mut transaction).await?;
    let pair = sign_in(&state, &mut transaction, user, Method::Password, &login.client).await?;
    transaction.commit().await.map_err(StoreError::from)?;
    Ok(Json(pair))
}
