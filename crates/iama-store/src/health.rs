//! How the platform is doing, counted from what is on record.

use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::StoreError;

/// How many jobs are where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// A status, a reason or an outcome.
    pub name: String,
    /// How many.
    pub count: i64,
}

/// Jobs at work, by status.
pub async fn active_jobs(connection: &mut PgConnection) -> Result<Vec<Count>, StoreError> {
    let rows = sqlx::query_as!(
        Count,
        r#"SELECT status AS name, count(*) AS "count!" FROM refactor_jobs
           WHERE status NOT IN ('PENDING', 'DELIVERED', 'FAILED') GROUP BY status ORDER BY status"#,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows)
}

/// Jobs that have ended since a moment: `DELIVERED`, or why they failed.
pub async fn ended_jobs(connection: &mut PgConnection, since: OffsetDateTime) -> Result<Vec<Count>, StoreError> {
    let rows = sqlx::query_as!(
        Count,
        r#"SELECT coalesce(failure_reason, status) AS "name!", count(*) AS "count!" FROM refactor_jobs
           WHERE ended_at >= $1 GROUP BY 1 ORDER BY 1"#,
        since,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows)
}

/// Model calls of a class since a moment, by what became of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calls {
    /// The class.
    pub model_class: String,
    /// Were answered.
    pub answered: i64,
    /// Came to nothing.
    pub failed: i64,
    /// Wait, or are under way.
    pub open: i64,
}

/// Model calls that were wanted since a moment.
pub async fn model_calls(connection: &mut PgConnection, since: OffsetDateTime) -> Result<Vec<Calls>, StoreError> {
    let rows = sqlx::query_as!(
        Calls,
        r#"SELECT model_class, count(*) FILTER (WHERE status = 'ANSWERED') AS "answered!",
             count(*) FILTER (WHERE status NOT IN ('ANSWERED', 'WANTED', 'DISPATCHED', 'CANCELLED')) AS "failed!",
             count(*) FILTER (WHERE status IN ('WANTED', 'DISPATCHED')) AS "open!"
           FROM model_calls WHERE created_at >= $1 GROUP BY model_class ORDER BY model_class"#,
        since,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows)
}

/// Requests to a provider since a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// Its name in the route table.
    pub provider: String,
    /// Were answered.
    pub answered: i64,
    /// Were not, though nobody had stopped them.
    pub failed: i64,
    /// The code of the last that was not.
    pub last_failure: Option<String>,
}

/// Requests to providers for calls that were wanted since a moment: the last tries of each call.
pub async fn providers(connection: &mut PgConnection, since: OffsetDateTime) -> Result<Vec<Provider>, StoreError> {
    let rows = sqlx::query_as!(
        Provider,
        r#"SELECT split_part(tried ->> 'route', '/', 1) AS "provider!",
             count(*) FILTER (WHERE tried ->> 'outcome' = 'OK') AS "answered!",
             count(*) FILTER (WHERE tried ->> 'outcome' NOT IN ('OK', 'CANCELLED')) AS "failed!",
             (array_agg(tried ->> 'outcome' ORDER BY c.created_at DESC)
                 FILTER (WHERE tried ->> 'outcome' NOT IN ('OK', 'CANCELLED')))[1] AS last_failure
           FROM model_calls c CROSS JOIN LATERAL jsonb_array_elements(
               CASE WHEN jsonb_typeof(c.audit -> 'tries') = 'array' THEN c.audit -> 'tries' ELSE '[]' END) AS tried
           WHERE c.created_at >= $1 GROUP BY 1 ORDER BY 1"#,
        since,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows)
}

/// What waits to be done.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Waiting {
    /// Commands that were not delivered.
    pub outbox: i64,
    /// How long the oldest of them waits, in seconds.
    pub outbox_age_s: f64,
    /// Model calls that wait, or are under way.
    pub calls: i64,
    /// For how long the oldest timer is due that nobody has found, in seconds.
    pub sweep_lag_s: f64,
}

/// What waits to be done at a moment.
pub async fn waiting(connection: &mut PgConnection, now: OffsetDateTime) -> Result<Waiting, StoreError> {
    let row = sqlx::query_as!(
        Waiting,
        r#"SELECT
             (SELECT count(*) FROM outbox WHERE delivered_at IS NULL) AS "outbox!",
             coalesce((SELECT extract(epoch FROM $1 - min(created_at)) FROM outbox
                       WHERE delivered_at IS NULL), 0)::float8 AS "outbox_age_s!",
             (SELECT count(*) FROM model_calls WHERE status IN ('WANTED', 'DISPATCHED')) AS "calls!",
             coalesce((SELECT extract(epoch FROM $1 - min(fires_at)) FROM job_timers
                       WHERE fires_at <= $1), 0)::float8 AS "sweep_lag_s!""#,
        now,
    )
    .fetch_one(connection)
    .await?;
    Ok(row)
}
