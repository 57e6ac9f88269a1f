//! `PUT /api/v1/admin/config/{key}`: another value for a setting.

use axum::extract::State;
use iama_store::StoreError;
use iama_store::configs::{self, Change};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::view::SettingView;
use crate::auth::bearer::Deed;
use crate::auth::{Admin, Permission};
use crate::dynamic;
use crate::error::{ApiError, ErrorBody, ErrorCode};
use crate::extract::{Json, Path};
use crate::state::AppState;

/// The next value.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettingWanted {
    /// The value, as the setting's schema has it.
    value: Value,
    /// The version that was seen; 0 where nothing was set.
    #[schema(example = 1, minimum = 0)]
    version: i32,
}

/// Changes a setting. Jobs that were started keep what they were started with.
///
/// A key is refused wherever it stands: settings say where keys lie, which a `SUPER_ADMIN` alone may change.
#[utoipa::path(put, path = "/admin/config/{key}", operation_id = "putConfig", tag = "Administration",
    security(("admin" = [])), params(("key" = String, Path, description = "Which")), request_body = SettingWanted,
    responses(
        (status = OK, body = SettingView),
        (status = BAD_REQUEST, body = ErrorBody),
        (status = UNAUTHORIZED, body = ErrorBody),
        (status = FORBIDDEN, body = ErrorBody),
        (status = NOT_FOUND, body = ErrorBody),
        (status = CONFLICT, body = ErrorBody),
        (status = UNSUPPORTED_MEDIA_TYPE, body = ErrorBody),
        (status = UNPROCESSABLE_ENTITY, body = ErrorBody),
    ))]
pub(crate) async fn put(
    State(state): State<AppState>,
    admin: Admin,
    Path(key): Path<String>,
    Json(wanted): Json<SettingWanted>,
) -> Result<Json<SettingView>, ApiError> {
    admin.require(Permission::WriteConfig)?;
    let known = dynamic::known(&key).ok_or_else(|| ApiError::not_found("setting"))?;
    admin.require(known.permission)?;
    dynamic::check(known, &wanted.value)?;
    let now = state.clock.now();
    let change = Change { key: &key, value: &wanted.value, by: admin.id };
    let mut transaction = state.db.begin().await?;
    let Some(changed) = configs::change(&mut transaction, &change, wanted.version, now).await? else {
        let version = configs::setting(&mut transaction, &key).await?.map_or(0, |setting| setting.version);
        return Err(ApiError::new(ErrorCode::ConfigChanged, "the setting has another version than the one named")
            .details(json!({ "version": version })));
    };
    let details = json!({ "key": key, "version": changed.version });
    admin.did(&mut transaction, "CONFIG_CHANGED", Deed { details, ..Deed::default() }, now).await?;
    transaction.commit().await.map_err(StoreError::from)?;
    Ok(Json(changed.into()))
}
