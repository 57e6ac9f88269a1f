//! Administrators as the API shows them.

use iama_store::admins::{AdminAccount, AdminRole};
use iama_store::configs::Setting;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

/// What an administrator may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Role {
    /// Everything.
    SuperAdmin,
    /// Settings but for where keys lie, and switches.
    Engineer,
    /// People: quota, and switches for one of them.
    Support,
}

impl From<Role> for AdminRole {
    fn from(role: Role) -> Self {
        match role {
            Role::SuperAdmin => Self::SuperAdmin,
            Role::Engineer => Self::Engineer,
            Role::Support => Self::Support,
        }
    }
}

impl From<AdminRole> for Role {
    fn from(role: AdminRole) -> Self {
        match role {
            AdminRole::SuperAdmin => Self::SuperAdmin,
            AdminRole::Engineer => Self::Engineer,
            AdminRole::Support => Self::Support,
        }
    }
}

/// An administrator.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AdminView {
    /// Who.
    id: Uuid,
    /// The address.
    #[schema(example = "ops@example.org")]
    email: String,
    /// What they may do.
    role: Role,
    /// Whether they may do it now.
    active: bool,
    /// Who made the account; nobody for one that was made at the server itself.
    created_by: Option<Uuid>,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// When they last signed in.
    #[serde(with = "time::serde::rfc3339::option")]
    last_login_at: Option<OffsetDateTime>,
}

impl From<AdminAccount> for AdminView {
    fn from(admin: AdminAccount) -> Self {
        Self {
            id: admin.id,
            email: admin.email,
            role: admin.role.into(),
            active: admin.active,
            created_by: admin.created_by,
            created_at: admin.created_at,
            last_login_at: admin.last_login_at,
        }
    }
}

/// A setting, now or as it was.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SettingView {
    /// Its name.
    #[schema(example = "language_matrix")]
    key: String,
    /// Its value.
    value: Value,
    /// The number of the change that made it so, from 1.
    version: i32,
    /// Who changed it; nobody for what came with a release.
    updated_by: Option<Uuid>,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    updated_at: OffsetDateTime,
}

impl From<Setting> for SettingView {
    fn from(setting: Setting) -> Self {
        let Setting { key, value, version, updated_by, updated_at } = setting;
        Self { key, value, version, updated_by, updated_at }
    }
}
