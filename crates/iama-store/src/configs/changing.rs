//! Settings as administrators see and change them. Each change has a number, and what was before is kept.

use serde_json::Value;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::StoreError;

/// A setting, now or as it was.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// Its name.
    pub key: String,
    /// Its value.
    pub value: Value,
    /// The number of the change that made it so, from 1.
    pub version: i32,
    /// Who changed it; nobody for what came with a release.
    pub updated_by: Option<Uuid>,
    /// When.
    pub updated_at: OffsetDateTime,
}

/// A change of a setting.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    /// Its name.
    pub key: &'a str,
    /// The next value.
    pub value: &'a Value,
    /// Who changes it.
    pub by: Uuid,
}

/// Everything that is set, by name.
pub async fn list(connection: &mut PgConnection) -> Result<Vec<Setting>, StoreError> {
    let rows = sqlx::query_as!(
        Setting,
        "SELECT key, value, version, updated_by, updated_at FROM dynamic_configs ORDER BY key",
    )
    .fetch_all(connection)
    .await?;
    Ok(rows)
}

/// A setting as it is now.
pub async fn setting(connection: &mut PgConnection, key: &str) -> Result<Option<Setting>, StoreError> {
    let row = sqlx::query_as!(
        Setting,
        "SELECT key, value, version, updated_by, updated_at FROM dynamic_configs WHERE key = $1",
        key,
    )
    .fetch_optional(connection)
    .await?;
    Ok(row)
}

/// What a setting was, the newest first: those before a version, or all.
pub async fn history(
    connection: &mut PgConnection,
    key: &str,
    before: Option<i32>,
    most: i64,
) -> Result<Vec<Setting>, StoreError> {
    let rows = sqlx::query_as!(
        Setting,
        "SELECT key, value, version, updated_by, updated_at FROM dynamic_config_history
         WHERE key = $1 AND ($2::integer IS NULL OR version < $2) ORDER BY version DESC LIMIT $3",
        key,
        before,
        most,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows)
}

/// Changes a setting that is at the version that was seen, 0 for one that is not set. Nothing where it is not: then
/// somebody else was faster.
pub async fn change(
    connection: &mut PgConnection,
    change: &Change<'_>,
    seen: i32,
    now: OffsetDateTime,
) -> Result<Option<Setting>, StoreError> {
    let changed = if seen == 0 {
        sqlx::query_as!(
            Setting,
            "INSERT INTO dynamic_configs (key, value, updated_by, updated_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (key) DO NOTHING RETURNING key, value, version, updated_by, updated_at",
            change.key,
            change.value,
            change.by,
            now,
        )
        .fetch_optional(connection)
        .await?
    } else {
        sqlx::query_as!(
            Setting,
            "UPDATE dynamic_configs SET value = $2, version = version + 1, updated_by = $3, updated_at = $4
             WHERE key = $1 AND version = $5 RETURNING key, value, version, updated_by, updated_at",
            change.key,
            change.value,
            change.by,
            now,
            seen,
        )
        .fetch_optional(connection)
        .await?
    };
    Ok(changed)
}

/// Sets a setting, whatever it was.
pub async fn set(connection: &mut PgConnection, change: &Change<'_>, now: OffsetDateTime) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO dynamic_configs AS known (key, value, updated_by, updated_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (key) DO UPDATE SET value = excluded.value, version = known.version + 1,
             updated_by = excluded.updated_by, updated_at = excluded.updated_at",
        change.key,
        change.value,
        change.by,
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}
