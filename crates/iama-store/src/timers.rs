//! Timers of jobs: rows that a sweeper finds when they are due.

use iama_job::DeadlineId;
use iama_job::policy::timers::DeadlineKind;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::StoreError;

/// A timer that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The job.
    pub job: Uuid,
    /// Which of its timers.
    pub deadline: DeadlineId,
}

pub(crate) async fn arm(
    connection: &mut PgConnection,
    job: Uuid,
    id: DeadlineId,
    kind: DeadlineKind,
    at: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO job_timers (job_id, deadline_id, kind, fires_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (job_id, deadline_id) DO UPDATE SET fires_at = excluded.fires_at",
        job,
        number(id),
        kind.code(),
        at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets a timer: it was cancelled, or it has fired.
pub async fn cancel(connection: &mut PgConnection, job: Uuid, id: DeadlineId) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM job_timers WHERE job_id = $1 AND deadline_id = $2", job, number(id))
        .execute(connection)
        .await?;
    Ok(())
}

/// Timers that are due, oldest first. They stay until somebody cancels them in the transaction that puts the event.
pub async fn due(connection: &mut PgConnection, now: OffsetDateTime, most: i64) -> Result<Vec<Due>, StoreError> {
    let rows = sqlx::query!(
        "SELECT job_id, deadline_id FROM job_timers WHERE fires_at <= $1 ORDER BY fires_at LIMIT $2",
        now,
        most,
    )
    .fetch_all(connection)
    .await?;
    let due = |job, id: i64| Due { job, deadline: DeadlineId(u64::try_from(id).unwrap_or_default()) };
    Ok(rows.into_iter().map(|row| due(row.job_id, row.deadline_id)).collect())
}

fn number(id: DeadlineId) -> i64 {
    i64::try_from(id.0).unwrap_or(i64::MAX)
}
