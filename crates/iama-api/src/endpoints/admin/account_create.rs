//! `POST /api/v1/admin/accounts`: another administrator.

use axum::extract::State;
use axum::http::StatusCode;
use iama_store::StoreError;
use iama_store::admins::{self, NewAdmin};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::view::{AdminView, Role};
use crate::auth::bearer::Deed;
use crate::auth::passwords::is_address;
use crate::auth::{Admin, Permission};
use crate::endpoints::auth::register::check_password;
use crate::error::{ApiError, ErrorBody, ErrorCode};
use crate::extract::{Fields, Json};
use crate::state::AppState;

/// Who comes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdminWanted {
    /// The address.
    #[schema(example = "ops@example.org", max_length = 254)]
    email: String,
    /// What they may do.
    role: Role,
    /// The password: at least 10 characters, at most 72 bytes.
    #[schema(example = "correct horse battery")]
    password: String,
}

/// Makes the account of another administrator.
#[utoipa::path(post, path = "/admin/accounts", operation_id = "createAdmin", tag = "Administration",
    security(("admin" = [])), request_body = AdminWanted,
    responses(
        (status = CREATED, body = AdminView),
        (status = BAD_REQUEST, body = ErrorBody),
        (status = UNAUTHORIZED, body = ErrorBody),
        (status = FORBIDDEN, body = ErrorBody),
        (status = CONFLICT, body = ErrorBody),
        (status = UNSUPPORTED_MEDIA_TYPE, body = ErrorBody),
        (status = UNPROCESSABLE_ENTITY, body = ErrorBody),
    ))]
pub(crate) async fn post(
    State(state): State<AppState>,
    admin: Admin,
    Json(wanted): Json<AdminWanted>,
) -> Result<(StatusCode, Json<AdminView>), ApiError> {
    admin.require(Permission::Accounts)?;
    let email = wanted.email.trim().to_lowercase();
    let mut fields = Fields::default();
    fields.require(is_address(&email), "email", "is no e-mail address");
    check_password(&mut fields, "password", &wanted.password);
    fields.done()?;
    let hash = state.passwords.hash(&wanted.password).await.map_err(|error| ApiError::internal(&error))?;
    let role = wanted.role.into();
    let new = NewAdmin { email: &email, password_hash: &hash, role, created_by: Some(admin.id) };
    let now = state.clock.now();
    let mut transaction = state.db.begin().await?;
    let id = admins::create(&mut transaction, &new, now).await.map_err(|error| {
        if error.is_duplicate() {
            ApiError::new(ErrorCode::EmailTaken, "this address has an account")
        } else {
            error.into()
        }
    })?;
    let deed = Deed { details: json!({ "admin": id, "role": role.code() }), ..Deed::default() };
    admin.did(&mut transaction, "ADMIN_CREATED", deed, now).await?;
    let made = admins::get(&mut transaction, id).await?.ok_or(StoreError::Missing("administrator"))?;
    transaction.commit().await.map_err(StoreError::from)?;
    Ok((StatusCode::CREATED, Json(made.into())))
}
