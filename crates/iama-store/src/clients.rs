//! The clients of jobs: one is bound to a job, and beats while it works.

use iama_job::policy::timers::{HEARTBEAT_INTERVAL, HEARTBEAT_OVERDUE};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::StoreError;

/// The client that is bound to a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Its session.
    pub id: Uuid,
    /// What it calls itself.
    pub client: String,
    /// Whether a beat is overdue.
    pub lost: bool,
    /// When it beat last.
    pub last_seen_at: OffsetDateTime,
}

/// What a beat found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beat {
    /// The client was there.
    Steady(Uuid),
    /// The client had been lost, and is back: the job has to hear of it.
    Back(Uuid),
    /// Another client is bound to the job, and beats.
    Taken,
}

/// A beat of a client of a person's that is bound to the job and was not lost. False for any other: then [`beat`] finds out, with
/// the job locked.
pub async fn steady(
    connection: &mut PgConnection,
    job: Uuid,
    user: Uuid,
    session: Uuid,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let beaten = sqlx::query!(
        "UPDATE client_heartbeat_sessions SET last_seen_at = $4
         WHERE id = $3 AND job_id = $1 AND user_id = $2 AND status = 'ACTIVE'",
        job,
        user,
        session,
        now,
    )
    .execute(connection)
    .await?;
    Ok(beaten.rows_affected() == 1)
}

/// A beat of a client of a job that is locked, by the session that it was given; a client without one is bound if no other one is, or if the
/// other one is lost.
pub async fn beat(
    connection: &mut PgConnection,
    job: Uuid,
    user: Uuid,
    session: Option<Uuid>,
    client: &str,
    now: OffsetDateTime,
) -> Result<Beat, StoreError> {
    let bound = sqlx::query!(
        "SELECT id, status FROM client_heartbeat_sessions WHERE job_id = $1 AND status <> 'CLOSED' FOR UPDATE",
        job,
    )
    .fetch_optional(&mut *connection)
    .await?;
    match bound {
        Some(bound) if session == Some(bound.id) => {
            sqlx::query!(
                "UPDATE client_heartbeat_sessions SET status = 'ACTIVE', lost_at = NULL, last_seen_at = $2 WHERE id = $1",
                bound.id,
                now,
            )
            .execute(connection)
            .await?;
            Ok(if bound.status == "LOST" { Beat::Back(bound.id) } else { Beat::Steady(bound.id) })
        }
        Some(bound) if bound.status == "LOST" => {
            sqlx::query!(
                "UPDATE client_heartbeat_sessions SET status = 'CLOSED', lost_at = NULL WHERE id = $1",
                bound.id
            )
            .execute(&mut *connection)
            .await?;
            Ok(Beat::Back(bind(connection, job, user, client, now).await?))
        }
        Some(_) => Ok(Beat::Taken),
        None => Ok(Beat::Steady(bind(connection, job, user, client, now).await?)),
    }
}

async fn bind(
    connection: &mut PgConnection,
    job: Uuid,
    user: Uuid,
    client: &str,
    now: OffsetDateTime,
) -> Result<Uuid, StoreError> {
    let id = Uuid::now_v7();
    sqlx::query!(
        "INSERT INTO client_heartbeat_sessions (id, job_id, user_id, client, last_seen_at, created_at)
         VALUES ($1, $2, $3, $4, $5, $5)",
        id,
        job,
        user,
        client,
        now,
    )
    .execute(connection)
    .await?;
    Ok(id)
}

/// The client that is bound to a job.
pub async fn bound(connection: &mut PgConnection, job: Uuid) -> Result<Option<Client>, StoreError> {
    let row = sqlx::query!(
        "SELECT id, client, status, last_seen_at FROM client_heartbeat_sessions WHERE job_id = $1 AND status <> 'CLOSED'",
        job,
    )
    .fetch_optional(connection)
    .await?;
    let client = |id, client, status: String, last_seen_at| Client { id, client, lost: status == "LOST", last_seen_at };
    Ok(row.map(|row| client(row.id, row.client, row.status, row.last_seen_at)))
}

/// Jobs whose clients have fallen silent, the longest first.
pub async fn silent(connection: &mut PgConnection, now: OffsetDateTime, most: i64) -> Result<Vec<Uuid>, StoreError> {
    let jobs = sqlx::query_scalar!(
        "SELECT job_id FROM client_heartbeat_sessions WHERE status = 'ACTIVE' AND last_seen_at <= $1
         ORDER BY last_seen_at LIMIT $2",
        now - (HEARTBEAT_INTERVAL + HEARTBEAT_OVERDUE),
        most,
    )
    .fetch_all(connection)
    .await?;
    Ok(jobs)
}

/// Notes that the client of a job that is locked has fallen silent. False when it beat meanwhile, or another instance has
/// noted it.
pub async fn lose(connection: &mut PgConnection, job: Uuid, now: OffsetDateTime) -> Result<bool, StoreError> {
    let lost = sqlx::query!(
        "UPDATE client_heartbeat_sessions SET status = 'LOST', lost_at = $2
         WHERE job_id = $1 AND status = 'ACTIVE' AND last_seen_at <= $3",
        job,
        now,
        now - (HEARTBEAT_INTERVAL + HEARTBEAT_OVERDUE),
    )
    .execute(connection)
    .await?;
    Ok(lost.rows_affected() == 1)
}

/// Closes the sessions of a job that is over.
pub async fn close(connection: &mut PgConnection, job: Uuid) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE client_heartbeat_sessions SET status = 'CLOSED', lost_at = NULL WHERE job_id = $1 AND status <> 'CLOSED'",
        job,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Whether a client works, or has worked, for a job of a person's and is not replaced by another.
pub async fn is_of(connection: &mut PgConnection, job: Uuid, user: Uuid, session: Uuid) -> Result<bool, StoreError> {
    let newest = sqlx::query_scalar!(
        "SELECT id FROM client_heartbeat_sessions WHERE job_id = $1 AND user_id = $2 ORDER BY created_at DESC, id DESC LIMIT 1",
        job,
        user,
    )
    .fetch_optional(connection)
    .await?;
    Ok(newest == Some(session))
}
