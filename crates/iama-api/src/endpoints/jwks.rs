//! `GET /.well-known/jwks.json`: the keys that access tokens are signed with.

use axum::extract::State;
use serde_json::Value;

use crate::error::ApiError;
use crate::extract::Json;
use crate::state::AppState;

/// The public keys of access tokens, as a JSON Web Key Set.
#[utoipa::path(get, path = "/.well-known/jwks.json", operation_id = "getKeys", tag = "Operations", responses((status = OK, body = Object)))]
pub(crate) async fn get(State(state): State<AppState>) -> Result<Json<Value>, ApiError> {
    let keys = serde_json::to_value(state.signing.jwks()).map_err(|error| ApiError::internal(&error))?;
    Ok(Json(keys))
}
