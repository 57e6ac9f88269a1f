//! Failed sign-ins. They are counted for an account as seen from one network, and for a network: never for an account
//! alone, so that nobody can lock somebody else out.

use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};

use crate::StoreError;

/// Failures within this time count together.
const WINDOW: Duration = Duration::minutes(15);

/// The longest wait.
const LONGEST: Duration = Duration::minutes(15);

/// How many failures are free, before each next one doubles the wait from one second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance(pub u32);

/// Until when a subject has to wait; nothing when it need not.
pub async fn blocked_until(
    connection: &mut PgConnection,
    subject: &[u8; 32],
    now: OffsetDateTime,
) -> Result<Option<OffsetDateTime>, StoreError> {
    let until = sqlx::query_scalar!(
        "SELECT blocked_until FROM login_failures WHERE subject = $1 AND blocked_until > $2",
        &subject[..],
        now,
    )
    .fetch_optional(connection)
    .await?;
    Ok(until.flatten())
}

/// Counts a failure.
pub async fn failed(
    connection: &mut PgConnection,
    subject: &[u8; 32],
    allowance: Allowance,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let failures = sqlx::query_scalar!(
        "INSERT INTO login_failures (subject, failures, window_started_at) VALUES ($1, 1, $2)
         ON CONFLICT (subject) DO UPDATE SET
             failures = CASE WHEN login_failures.window_started_at <= $3 THEN 1 ELSE login_failures.failures + 1 END,
             window_started_at = CASE WHEN login_failures.window_started_at <= $3 THEN $2
                                      ELSE login_failures.window_started_at END
         RETURNING failures",
        &subject[..],
        now,
        now - WINDOW,
    )
    .fetch_one(&mut *connection)
    .await?;
    let over = u32::try_from(failures).unwrap_or(u32::MAX).saturating_sub(allowance.0);
    if over > 0 {
        let wait = Duration::seconds(1_i64 << (over - 1).min(20)).min(LONGEST);
        sqlx::query!("UPDATE login_failures SET blocked_until = $2 WHERE subject = $1", &subject[..], now + wait)
            .execute(connection)
            .await?;
    }
    Ok(())
}

/// Forgets the failures of a subject.
pub async fn succeeded(connection: &mut PgConnection, subject: &[u8; 32]) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM login_failures WHERE subject = $1", &subject[..]).execute(connection).await?;
    Ok(())
}

/// Forgets what is too old to count.
pub async fn sweep(connection: &mut PgConnection, now: OffsetDateTime) -> Result<(), StoreError> {
    sqlx::query!(
        "DELETE FROM login_failures WHERE window_started_at <= $1 AND (blocked_until IS NULL OR blocked_until <= $2)",
        now - WINDOW,
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}
