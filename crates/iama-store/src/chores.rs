//! Housekeeping that one server does for all of them: whoever moves the time at which it is due does it. A row, and no lock of a
//! session, since between two statements a pooled connection remembers nothing.

use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};

use crate::StoreError;

/// Takes a chore, if it is due: then nobody else does until so much time is over. Who fails leaves it to the next time.
///
/// A time that is further off than anybody can have set it came from a clock that was wrong, and counts for nothing.
pub async fn take(
    connection: &mut PgConnection,
    name: &str,
    every: Duration,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let next = now + every;
    let taken = sqlx::query!(
        "INSERT INTO chores (name, due_at) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET due_at = excluded.due_at
         WHERE chores.due_at <= $3 OR chores.due_at > $4",
        name,
        next,
        now,
        next + every,
    )
    .execute(connection)
    .await?;
    Ok(taken.rows_affected() == 1)
}

/// Tells the others what was found.
pub async fn tell(connection: &mut PgConnection, name: &str, found: &serde_json::Value) -> Result<(), StoreError> {
    sqlx::query!("UPDATE chores SET found = $2 WHERE name = $1", name, found).execute(connection).await?;
    Ok(())
}

/// What was found the last time; nothing where nobody has told it yet.
pub async fn found(connection: &mut PgConnection, name: &str) -> Result<Option<serde_json::Value>, StoreError> {
    let found =
        sqlx::query_scalar!("SELECT found FROM chores WHERE name = $1", name).fetch_optional(connection).await?;
    Ok(found.flatten())
}
