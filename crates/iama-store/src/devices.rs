//! Devices without a browser that somebody signs in on one that has one (RFC 8628).

use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::StoreError;
use crate::sealing::sha256;

/// How long somebody has time to confirm.
pub const LIFETIME: Duration = Duration::minutes(15);

/// How long a device waits between two questions, in seconds.
pub const INTERVAL_S: i32 = 5;

/// What a device that asks too often has to wait longer, in seconds.
const SLOWER_S: i32 = 5;

/// What stands in a row for a code that its owner types: whoever reads rows cannot say yes.
fn kept(user_code: &str) -> String {
    hex::encode(sha256(user_code.as_bytes()))
}

/// Begins to wait for somebody who confirms. Fails with [`StoreError::is_duplicate`] when the code is in use.
pub async fn begin(
    connection: &mut PgConnection,
    device_code: &[u8; 32],
    user_code: &str,
    client: &str,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO device_authorizations (device_code_hash, user_code, client, interval_seconds, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        &device_code[..],
        kept(user_code),
        client,
        INTERVAL_S,
        now,
        now + LIFETIME,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// What a device is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Polled {
    /// Nobody has said anything yet.
    Pending,
    /// It asks too often, and has to wait longer from now on.
    SlowDown,
    /// Somebody said no.
    Denied,
    /// There is no such code, or it was too long ago, or it has had its answer.
    Expired,
    /// Somebody said yes. It is said once.
    Approved {
        /// Who.
        user: Uuid,
        /// What the device calls itself.
        client: String,
    },
}

/// Answers a device. What it finds is to be committed whatever it is.
pub async fn poll(
    connection: &mut PgConnection,
    device_code: &[u8; 32],
    now: OffsetDateTime,
) -> Result<Polled, StoreError> {
    let known = sqlx::query!(
        "SELECT status, client, user_id, interval_seconds, last_polled_at, expires_at FROM device_authorizations
         WHERE device_code_hash = $1 FOR UPDATE",
        &device_code[..],
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some(known) = known.filter(|known| known.expires_at > now) else { return Ok(Polled::Expired) };
    match (known.status.as_str(), known.user_id) {
        ("PENDING", _) => {
            let wait = Duration::seconds(known.interval_seconds.into());
            let hasty = known.last_polled_at.is_some_and(|last| now < last + wait);
            sqlx::query!(
                "UPDATE device_authorizations SET last_polled_at = $2, interval_seconds = interval_seconds + $3
                 WHERE device_code_hash = $1",
                &device_code[..],
                now,
                if hasty { SLOWER_S } else { 0 },
            )
            .execute(connection)
            .await?;
            Ok(if hasty { Polled::SlowDown } else { Polled::Pending })
        }
        ("DENIED", _) => Ok(Polled::Denied),
        ("APPROVED", Some(user)) => {
            sqlx::query!(
                "UPDATE device_authorizations SET status = 'CONSUMED' WHERE device_code_hash = $1",
                &device_code[..],
            )
            .execute(connection)
            .await?;
            Ok(Polled::Approved { user, client: known.client })
        }
        _ => Ok(Polled::Expired),
    }
}

/// What calls itself how and waits under a code; nothing where nothing waits.
pub async fn waiting(
    connection: &mut PgConnection,
    user_code: &str,
    now: OffsetDateTime,
) -> Result<Option<String>, StoreError> {
    let client = sqlx::query_scalar!(
        "SELECT client FROM device_authorizations WHERE user_code = $1 AND status = 'PENDING' AND expires_at > $2",
        kept(user_code),
        now,
    )
    .fetch_optional(connection)
    .await?;
    Ok(client)
}

/// Says yes or no to what waits under a code. False where nothing waits.
pub async fn decide(
    connection: &mut PgConnection,
    user_code: &str,
    user: Uuid,
    approved: bool,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let decided = sqlx::query!(
        "UPDATE device_authorizations SET status = $3, user_id = $2
         WHERE user_code = $1 AND status = 'PENDING' AND expires_at > $4",
        kept(user_code),
        user,
        if approved { "APPROVED" } else { "DENIED" },
        now,
    )
    .execute(connection)
    .await?;
    Ok(decided.rows_affected() > 0)
}

/// Takes back what a person has approved and no device has fetched.
pub async fn withdraw(connection: &mut PgConnection, user: Uuid) -> Result<(), StoreError> {
    sqlx::query!("UPDATE device_authorizations SET status = 'DENIED' WHERE user_id = $1 AND status = 'APPROVED'", user)
        .execute(connection)
        .await?;
    Ok(())
}

/// Forgets what is over.
pub async fn sweep(connection: &mut PgConnection, now: OffsetDateTime) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM device_authorizations WHERE expires_at <= $1", now).execute(connection).await?;
    Ok(())
}
