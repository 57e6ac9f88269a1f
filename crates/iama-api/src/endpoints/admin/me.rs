//! `GET /api/v1/admin/auth/me`: which administrator is asking.

use axum::extract::State;
use iama_store::{StoreError, admins};

use super::view::AdminView;
use crate::auth::Admin;
use crate::error::{ApiError, ErrorBody};
use crate::extract::Json;
use crate::state::AppState;

/// The administrator who asks.
#[utoipa::path(get, path = "/admin/auth/me", operation_id = "adminMe", tag = "Administration", security(("admin" = [])),
    responses(
        (status = OK, body = AdminView),
        (status = UNAUTHORIZED, body = ErrorBody),
    ))]
pub(crate) async fn get(State(state): State<AppState>, admin: Admin) -> Result<Json<AdminView>, ApiError> {
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    let known = admins::get(&mut connection, admin.id).await?.ok_or(StoreError::Missing("administrator"))?;
    Ok(Json(known.into()))
}
