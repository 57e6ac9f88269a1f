//! Writes that happen once: the same key gets the same answer for a day.

use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::StoreError;
use crate::sealing::Sealed;

/// How long an answer is repeated.
const KEPT: Duration = Duration::hours(24);

/// How long a first request may be at work before another one with its key takes its place.
const LOCKED: Duration = Duration::minutes(2);

/// A write that carries a key.
#[derive(Debug, Clone, Copy)]
pub struct Write<'a> {
    /// Who writes.
    pub actor: Uuid,
    /// What is written: the method and the path.
    pub operation: &'a str,
    /// The key.
    pub key: &'a str,
    /// The hash of the body.
    pub request_hash: &'a [u8; 32],
}

/// What is known of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// Nothing: it is to be done.
    First,
    /// It was done, and answered so.
    Done {
        /// The status.
        status: u16,
        /// The body; none where there was none.
        body: Option<Sealed>,
    },
    /// The key was used for something else.
    Other,
    /// It is being done.
    AtWork,
}

/// Begins a write.
pub async fn begin(connection: &mut PgConnection, write: &Write<'_>, now: OffsetDateTime) -> Result<Begun, StoreError> {
    let taken = sqlx::query_scalar!(
        r#"INSERT INTO idempotency_keys AS k
             (actor_id, operation, key, request_hash, locked_until, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (actor_id, operation, key) DO UPDATE SET
             request_hash = excluded.request_hash, status = NULL, body = NULL, kms_key_ref = NULL,
             locked_until = excluded.locked_until, created_at = excluded.created_at, expires_at = excluded.expires_at
         WHERE k.expires_at <= $6
            OR (k.status IS NULL AND k.locked_until <= $6 AND k.request_hash = excluded.request_hash)
         RETURNING true AS "taken!""#,
        write.actor,
        write.operation,
        write.key,
        &write.request_hash[..],
        now + LOCKED,
        now,
        now + KEPT,
    )
    .fetch_optional(&mut *connection)
    .await?;
    if taken.is_some() {
        return Ok(Begun::First);
    }
    let known = sqlx::query!(
        "SELECT request_hash, status, body, kms_key_ref FROM idempotency_keys
         WHERE actor_id = $1 AND operation = $2 AND key = $3",
        write.actor,
        write.operation,
        write.key,
    )
    .fetch_optional(connection)
    .await?;
    let Some(known) = known else { return Ok(Begun::AtWork) };
    if known.request_hash != write.request_hash {
        return Ok(Begun::Other);
    }
    let Some(status) = known.status else { return Ok(Begun::AtWork) };
    let body = known.body.zip(known.kms_key_ref);
    let body = body.map(|(body, key)| Sealed::split(&key, &body)).transpose()?;
    Ok(Begun::Done { status: u16::try_from(status).unwrap_or_default(), body })
}

/// Keeps the answer of a write.
pub async fn finish(
    connection: &mut PgConnection,
    write: &Write<'_>,
    status: u16,
    body: Option<Sealed>,
) -> Result<(), StoreError> {
    let key_ref = body.as_ref().map(|body| body.key_ref.clone());
    sqlx::query!(
        "UPDATE idempotency_keys SET status = $4, body = $5, kms_key_ref = $6
         WHERE actor_id = $1 AND operation = $2 AND key = $3",
        write.actor,
        write.operation,
        write.key,
        i32::from(status),
        body.map(Sealed::joined),
        key_ref,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets a write that failed on our side: it may be tried again with the same key.
pub async fn forget(connection: &mut PgConnection, write: &Write<'_>) -> Result<(), StoreError> {
    sqlx::query!(
        "DELETE FROM idempotency_keys WHERE actor_id = $1 AND operation = $2 AND key = $3 AND status IS NULL",
        write.actor,
        write.operation,
        write.key,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets answers that are too old to be repeated.
pub async fn sweep(connection: &mut PgConnection, now: OffsetDateTime) -> Result<u64, StoreError> {
    let done = sqlx::query!("DELETE FROM idempotency_keys WHERE expires_at <= $1", now).execute(connection).await?;
    Ok(done.rows_affected())
}
