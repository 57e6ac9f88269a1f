//! `GET /api/v1/admin/config`: what is set, and what can be.

use axum::extract::State;
use iama_store::{StoreError, configs};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::view::{Role, SettingView};
use crate::auth::{Admin, Permission};
use crate::dynamic::{KNOWN, Known};
use crate::error::{ApiError, ErrorBody};
use crate::extract::Json;
use crate::state::AppState;

/// What is set, and what can be.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Config {
    /// What is set, by name.
    settings: Vec<SettingView>,
    /// What can be set.
    known: Vec<KnownView>,
}

/// A setting that there is, or a family of them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KnownView {
    /// Its name; `*` stands for one part of it.
    #[schema(example = "tier_limits")]
    name: &'static str,
    /// What it is for.
    about: &'static str,
    /// Who may change it.
    roles: Vec<Role>,
    /// What may stand in it, as JSON schema.
    #[schema(value_type = Object)]
    schema: Value,
}

impl From<&Known> for KnownView {
    fn from(known: &Known) -> Self {
        Self {
            name: known.name,
            about: known.about,
            roles: known.permission.roles().iter().map(|role| (*role).into()).collect(),
            schema: (known.schema)(),
        }
    }
}

/// What is set, and what can be set by whom.
#[utoipa::path(get, path = "/admin/config", operation_id = "getConfig", tag = "Administration",
    security(("admin" = [])),
    responses(
        (status = OK, body = Config),
        (status = UNAUTHORIZED, body = ErrorBody),
        (status = FORBIDDEN, body = ErrorBody),
    ))]
pub(crate) async fn get(State(state): State<AppState>, admin: Admin) -> Result<Json<Config>, ApiError> {
    admin.require(Permission::ReadConfig)?;
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    let settings = configs::list(&mut connection).await?;
    Ok(Json(Config {
        settings: settings.into_iter().map(SettingView::from).collect(),
        known: KNOWN.iter().map(KnownView::from).collect(),
    }))
}
