//! `POST /api/v1/admin/auth/logout`: the end of an administrator's session.

use axum::extract::State;
use axum::http::StatusCode;
use iama_store::{StoreError, admins};
use serde_json::json;

use crate::auth::Admin;
use crate::auth::bearer::Deed;
use crate::error::{ApiError, ErrorBody};
use crate::state::AppState;

/// Ends the session; its token is no good any more.
#[utoipa::path(post, path = "/admin/auth/logout", operation_id = "adminLogout", tag = "Administration",
    security(("admin" = [])),
    responses(
        (status = NO_CONTENT),
        (status = UNAUTHORIZED, body = ErrorBody),
    ))]
pub(crate) async fn post(State(state): State<AppState>, admin: Admin) -> Result<StatusCode, ApiError> {
    let now = state.clock.now();
    let mut transaction = state.db.begin().await?;
    admins::end(&mut transaction, admin.session, now).await?;
    let deed = Deed { details: json!({ "session": admin.session }), ..Deed::default() };
    admin.did(&mut transaction, "ADMIN_LOGOUT", deed, now).await?;
    transaction.commit().await.map_err(StoreError::from)?;
    Ok(StatusCode::NO_CONTENT)
}
