//! What readers of a job's stream see, numbered without gaps, so that a reader who comes back misses nothing.

use serde_json::Value;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::StoreError;
use crate::sealing::Sealed;

/// The channel on which new events are announced: the job's id is the payload.
pub const CHANNEL: &str = "iama_stream";

/// An event to be told.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamEvent {
    /// Its name.
    pub event: &'static str,
    /// Ids, codes and counts.
    pub data: Value,
}

impl StreamEvent {
    /// An event.
    pub const fn new(event: &'static str, data: Value) -> Self {
        Self { event, data }
    }
}

/// An event as it was told.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// Its number in the job, from 1.
    pub id: i64,
    /// Its name.
    pub event: String,
    /// What it says.
    pub body: Body,
    /// When.
    pub at: OffsetDateTime,
}

/// What an event says.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// In the clear.
    Data(Value),
    /// Sealed for [`context`].
    Sealed(Sealed),
}

/// The context that log lines of a job are sealed for.
pub fn context(job: Uuid) -> String {
    format!("stream:{job}")
}

/// Tells an event.
pub async fn tell(
    connection: &mut PgConnection,
    job: Uuid,
    event: &StreamEvent,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "WITH next AS (UPDATE refactor_jobs SET stream_id = stream_id + 1 WHERE id = $1 RETURNING stream_id)
         INSERT INTO stream_events (job_id, id, event, data, created_at) SELECT $1, stream_id, $2, $3, $4 FROM next",
        job,
        event.event,
        event.data,
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Tells a log line, which may quote source.
pub async fn tell_sealed(
    connection: &mut PgConnection,
    job: Uuid,
    sealed: Sealed,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let key = sealed.key_ref.clone();
    sqlx::query!(
        "WITH next AS (UPDATE refactor_jobs SET stream_id = stream_id + 1 WHERE id = $1 RETURNING stream_id)
         INSERT INTO stream_events (job_id, id, event, sealed, kms_key_ref, created_at)
         SELECT $1, stream_id, 'log_line', $2, $3, $4 FROM next",
        job,
        sealed.joined(),
        key,
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The most log lines of one job.
pub const MOST_LINES: i64 = 5_000;

/// How many log lines of a job there are.
pub async fn lines(connection: &mut PgConnection, job: Uuid) -> Result<i64, StoreError> {
    let lines = sqlx::query_scalar!(
        r#"SELECT count(*) AS "lines!" FROM stream_events WHERE job_id = $1 AND event = 'log_line'"#,
        job,
    )
    .fetch_one(connection)
    .await?;
    Ok(lines)
}

/// Deletes log lines from before a moment: they may quote source, which is kept no longer.
pub async fn forget_lines(connection: &mut PgConnection, before: OffsetDateTime) -> Result<u64, StoreError> {
    let gone = sqlx::query!("DELETE FROM stream_events WHERE event = 'log_line' AND created_at <= $1", before)
        .execute(connection)
        .await?;
    Ok(gone.rows_affected())
}

/// Wakes the readers of a job's stream when the transaction commits.
pub async fn announce(connection: &mut PgConnection, job: Uuid) -> Result<(), StoreError> {
    sqlx::query!("SELECT pg_notify($1, $2)", CHANNEL, job.to_string()).execute(connection).await?;
    Ok(())
}

/// The events after a number, oldest first.
pub async fn after(connection: &mut PgConnection, job: Uuid, id: i64, most: i64) -> Result<Vec<Told>, StoreError> {
    let rows = sqlx::query!(
        "SELECT id, event, data, sealed, kms_key_ref, created_at FROM stream_events
         WHERE job_id = $1 AND id > $2 ORDER BY id LIMIT $3",
        job,
        id,
        most,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let body = match (row.sealed, row.kms_key_ref) {
                (Some(sealed), Some(key)) => Body::Sealed(Sealed::split(&key, &sealed)?),
                _ => Body::Data(row.data.unwrap_or_default()),
            };
            Ok(Told { id: row.id, event: row.event, body, at: row.created_at })
        })
        .collect()
}
