//! `POST /api/v1/admin/accounts/{admin_id}/password`: another password for an administrator.

use axum::extract::State;
use axum::http::StatusCode;
use iama_store::{StoreError, admins};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::auth::bearer::Deed;
use crate::auth::{Admin, Permission};
use crate::endpoints::auth::register::check_password;
use crate::error::{ApiError, ErrorBody};
use crate::extract::{Fields, Json, Path};
use crate::state::AppState;

/// The next password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordReset {
    /// The next password: at least 10 characters, at most 72 bytes.
    #[schema(example = "staple of another kind")]
    password: String,
}

/// Gives an administrator another password, and ends all their sessions.
#[utoipa::path(post, path = "/admin/accounts/{admin_id}/password", operation_id = "resetAdminPassword",
    tag = "Administration", security(("admin" = [])), params(("admin_id" = Uuid, Path, description = "Who")),
    request_body = PasswordReset,
    responses(
        (status = NO_CONTENT),
        (status = BAD_REQUEST, body = ErrorBody),
        (status = UNAUTHORIZED, body = ErrorBody),
        (status = FORBIDDEN, body = ErrorBody),
        (status = NOT_FOUND, body = ErrorBody),
        (status = UNSUPPORTED_MEDIA_TYPE, body = ErrorBody),
        (status = UNPROCESSABLE_ENTITY, body = ErrorBody),
    ))]
pub(crate) async fn post(
    State(state): State<AppState>,
    admin: Admin,
    Path(id): Path<Uuid>,
    Json(reset): Json<PasswordReset>,
) -> Result<StatusCode, ApiError> {
    admin.require(Permission::Accounts)?;
    let mut fields = Fields::default();
    check_password(&mut fields, "password", &reset.password);
    fields.done()?;
    let hash = state.passwords.hash(&reset.password).await.map_err(|error| ApiError::internal(&error))?;
    let now = state.clock.now();
    let mut transaction = state.db.begin().await?;
    if !admins::set_password(&mut transaction, id, &hash).await? {
        return Err(ApiError::not_found("administrator"));
    }
    admins::end_all(&mut transaction, id, now).await?;
    let deed = Deed { details: json!({ "admin": id }), ..Deed::default() };
    admin.did(&mut transaction, "ADMIN_PASSWORD_RESET", deed, now).await?;
    transaction.commit().await.map_err(StoreError::from)?;
    Ok(StatusCode::NO_CONTENT)
}
