//! `POST /api/v1/auth/code`: a program changes the code that a browser brought for its first pair of tokens.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::auth::pairs::TokenPair;
use crate::auth::targets::Target;
use crate::auth::waiters::{exchange, is_verifier_of};
use crate::error::{ApiError, ErrorBody};
use crate::extract::{Fields, Json};
use crate::state::AppState;

/// The code, and what proves that it is for this program.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoginCodeExchange {
    /// What the browser brought.
    #[schema(example = "iama_lc_0123")]
    code: String,
    /// What the challenge was made of (RFC 7636).
    #[schema(example = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")]
    code_verifier: String,
    /// Where the browser brought it, as it was asked for.
    #[schema(example = "http://127.0.0.1:43210/signed-in")]
    return_to: String,
    /// What the program calls itself.
    #[serde(default)]
    #[schema(example = "VS Code on laptop", max_length = 200)]
    client: String,
}

/// The first pair of tokens of a sign-in that a browser brought. A code is good once and for two minutes; a wrong verifier uses it up,
/// and one that comes a second time ends the session that it was changed for.
#[utoipa::path(post, path = "/auth/code", operation_id = "exchangeLoginCode", tag = "Accounts", request_body = LoginCodeExchange,
    responses(
        (status = OK, body = TokenPair),
        (status = BAD_REQUEST, body = ErrorBody),
        (status = UNSUPPORTED_MEDIA_TYPE, body = ErrorBody),
        (status = UNPROCESSABLE_ENTITY, body = ErrorBody),
    ))]
pub(crate) async fn post(
    State(state): State<AppState>,
    Json(asked): Json<LoginCodeExchange>,
) -> Result<Json<TokenPair>, ApiError> {
    let mut fields = Fields::default();
    fields.require(asked.client.len() <= 200, "client", "is longer than 200 bytes");
    fields.require(!asked.client.contains('\0'), "client", "must not contain NUL");
    fields.done()?;
    let target = Target::client(&asked.return_to, &state.oauth).ok();
    let changed = exchange(&state, &asked.code, &asked.client, |known| {
        target.is_some_and(|target| target.kept() == known.return_to)
            && is_verifier_of(&asked.code_verifier, &known.challenge)
    });
    changed.await.map(Json)
}
