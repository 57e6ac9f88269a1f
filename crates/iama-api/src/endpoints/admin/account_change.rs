//! `PATCH /api/v1/admin/accounts/{admin_id}`: another role, or none.

use axum::extract::State;
use iama_store::StoreError;
use iama_store::admins::{self, Change, NotChanged};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::view::{AdminView, Role};
use crate::auth::bearer::Deed;
use crate::auth::{Admin, Permission};
use crate::error::{ApiError, ErrorBody, ErrorCode};
use crate::extract::{Json, Path};
use crate::state::AppState;

/// What is to be changed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdminChange {
    /// Another role.
    #[serde(default)]
    role: Option<Role>,
    /// Whether they may do anything. Who may not is signed out.
    #[serde(default)]
    active: Option<bool>,
}

/// Changes what an administrator may do, from their next request on.
#[utoipa::path(patch, path = "/admin/accounts/{admin_id}", operation_id = "changeAdmin", tag = "Administration",
    security(("admin" = [])), params(("admin_id" = Uuid, Path, description = "Who")), request_body = AdminChange,
    responses(
        (status = OK, body = AdminView),
        (status = BAD_REQUEST, body = ErrorBody),
        (status = UNAUTHORIZED, body = ErrorBody),
        (status = FORBIDDEN, body = ErrorBody),
        (status = NOT_FOUND, body = ErrorBody),
        (status = CONFLICT, body = ErrorBody),
        (status = UNSUPPORTED_MEDIA_TYPE, body = ErrorBody),
        (status = UNPROCESSABLE_ENTITY, body = ErrorBody),
    ))]
pub(crate) async fn patch(
    State(state): State<AppState>,
    admin: Admin,
    Path(id): Path<Uuid>,
    Json(wanted): Json<AdminChange>,
) -> Result<Json<AdminView>, ApiError> {
    admin.require(Permission::Accounts)?;
    let now = state.clock.now();
    let change = Change { role: wanted.role.map(Into::into), active: wanted.active };
    let mut transaction = state.db.begin().await?;
    let changed = admins::change(&mut transaction, id, change).await?.map_err(|why| match why {
        NotChanged::Missing => ApiError::not_found("administrator"),
        NotChanged::LastSuperAdmin => {
            ApiError::new(ErrorCode::LastSuperAdmin, "nobody else would be left with the role SUPER_ADMIN")
        }
    })?;
    if !changed.active {
        admins::end_all(&mut transaction, id, now).await?;
    }
    let details = json!({ "admin": id, "role": changed.role.code(), "active": changed.active });
    admin.did(&mut transaction, "ADMIN_CHANGED", Deed { details, ..Deed::default() }, now).await?;
    transaction.commit().await.map_err(StoreError::from)?;
    Ok(Json(changed.into()))
}
