//! `GET /api/v1/admin/accounts`: who administers.

use axum::extract::State;
use iama_store::{StoreError, admins};
use serde::Serialize;
use utoipa::ToSchema;

use super::view::AdminView;
use crate::auth::{Admin, Permission};
use crate::error::{ApiError, ErrorBody};
use crate::extract::Json;
use crate::state::AppState;

/// Who administers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AdminList {
    /// The accounts, the oldest first.
    accounts: Vec<AdminView>,
}

/// Who administers.
#[utoipa::path(get, path = "/admin/accounts", operation_id = "listAdmins", tag = "Administration",
    security(("admin" = [])),
    responses(
        (status = OK, body = AdminList),
        (status = UNAUTHORIZED, body = ErrorBody),
        (status = FORBIDDEN, body = ErrorBody),
    ))]
pub(crate) async fn get(State(state): State<AppState>, admin: Admin) -> Result<Json<AdminList>, ApiError> {
    admin.require(Permission::Accounts)?;
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    let known = admins::list(&mut connection).await?;
    Ok(Json(AdminList { accounts: known.into_iter().map(AdminView::from).collect() }))
}
