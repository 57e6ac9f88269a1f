//! `GET /api/v1/admin/config/{key}/history`: what a setting was.

use axum::extract::State;
use iama_store::{StoreError, configs};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::view::SettingView;
use crate::auth::{Admin, Permission};
use crate::dynamic;
use crate::error::{ApiError, ErrorBody};
use crate::extract::{Fields, Json, Path, Query};
use crate::state::AppState;

/// The most versions of a page.
const MOST: i64 = 100;

/// Which versions are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Page {
    /// Those before this one.
    #[param(minimum = 1)]
    before: Option<i32>,
    /// The most.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<i64>,
}

/// What a setting was.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct History {
    /// The newest first.
    versions: Vec<SettingView>,
}

/// What a setting was, and who made it so.
#[utoipa::path(get, path = "/admin/config/{key}/history", operation_id = "getConfigHistory", tag = "Administration",
    security(("admin" = [])), params(("key" = String, Path, description = "Which"), Page),
    responses(
        (status = OK, body = History),
        (status = UNAUTHORIZED, body = ErrorBody),
        (status = FORBIDDEN, body = ErrorBody),
        (status = NOT_FOUND, body = ErrorBody),
        (status = UNPROCESSABLE_ENTITY, body = ErrorBody),
    ))]
pub(crate) async fn get(
    State(state): State<AppState>,
    admin: Admin,
    Path(key): Path<String>,
    Query(page): Query<Page>,
) -> Result<Json<History>, ApiError> {
    admin.require(Permission::ReadConfig)?;
    dynamic::known(&key).ok_or_else(|| ApiError::not_found("setting"))?;
    let limit = page.limit.unwrap_or(20);
    let mut fields = Fields::default();
    fields.require((1..=MOST).contains(&limit), "limit", format!("is not from 1 to {MOST}"));
    fields.done()?;
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    let versions = configs::history(&mut connection, &key, page.before, limit).await?;
    Ok(Json(History { versions: versions.into_iter().map(SettingView::from).collect() }))
}
