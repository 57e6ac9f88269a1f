//! `POST /api/v1/auth/refresh`: the next pair of tokens.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::auth::pairs::{TokenPair, refresh};
use crate::error::{ApiError, ErrorBody};
use crate::extract::Json;
use crate::state::AppState;

/// The token that is changed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Refresh {
    /// The refresh token of the last pair.
    #[schema(example = "iama_rt_0123")]
    refresh_token: String,
}

/// The next pair of tokens.
///
/// A refresh token is good once. One that comes twice ends its session: either its owner or a thief has the other.
#[utoipa::path(post, path = "/auth/refresh", operation_id = "refresh", tag = "Accounts", request_body = Refresh, responses(
    (status = OK, body = TokenPair),
    (status = BAD_REQUEST, body = ErrorBody),
    (status = UNAUTHORIZED, body = ErrorBody),
    (status = UNSUPPORTED_MEDIA_TYPE, body = ErrorBody),
    (status = UNPROCESSABLE_ENTITY, body = ErrorBody),
))]
pub(crate) async fn post(
    State(state): State<AppState>,
    Json(wanted): Json<Refresh>,
) -> Result<Json<TokenPair>, ApiError> {
    refresh(&state, &wanted.refresh_token).await.map(Json)
}
