//! Switches that stop everything, or one person, at once. They alone reach jobs that are at work.

use serde_json::Value;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::StoreError;
use crate::configs::{self, Change};

/// The setting that stops everything.
pub const GLOBAL: &str = "system.kill_switch.global";

/// Whether everything is stopped.
pub async fn is_all_stopped(connection: &mut PgConnection) -> Result<bool, StoreError> {
    Ok(configs::get(connection, GLOBAL).await?.unwrap_or_default())
}

/// Stops everything, or lets it go on.
pub async fn stop_all(
    connection: &mut PgConnection,
    stopped: bool,
    by: Uuid,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    configs::set(connection, &Change { key: GLOBAL, value: &Value::Bool(stopped), by }, now).await
}

/// Stops a person. The last reason counts.
pub async fn stop_person(
    connection: &mut PgConnection,
    user: Uuid,
    reason: &str,
    by: Uuid,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO user_kill_switches (user_id, reason, set_by, set_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (user_id) DO UPDATE SET reason = excluded.reason, set_by = excluded.set_by, set_at = excluded.set_at",
        user,
        reason,
        by,
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Lets a person go on.
pub async fn free_person(connection: &mut PgConnection, user: Uuid) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM user_kill_switches WHERE user_id = $1", user).execute(connection).await?;
    Ok(())
}

/// Jobs at work that are under a switch.
pub async fn under(connection: &mut PgConnection, most: i64) -> Result<Vec<Uuid>, StoreError> {
    let jobs = sqlx::query_scalar!(
        "SELECT id FROM refactor_jobs
         WHERE status NOT IN ('PENDING', 'DELIVERED', 'FAILED')
           AND (EXISTS (SELECT FROM dynamic_configs WHERE key = $1 AND value = 'true')
                OR owner_id IN (SELECT user_id FROM user_kill_switches))
         LIMIT $2",
        GLOBAL,
        most,
    )
    .fetch_all(connection)
    .await?;
    Ok(jobs)
}
