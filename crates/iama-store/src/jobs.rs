//! Jobs as their owners see them: projections of their events.

use iama_job::{Job, JobId};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::StoreError;
use crate::journal::{bad, moment};

/// A job that is to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewJob<'a> {
    /// Who owns it.
    pub owner: Uuid,
    /// The project.
    pub project: Uuid,
    /// From which language to which.
    pub language_pair: &'a str,
    /// Where it runs.
    pub execution_mode: &'a str,
    /// How much is said.
    pub mode: &'a str,
    /// Whether models of class L2 need no question.
    pub pre_authorised: bool,
}

/// A row of the list of jobs.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// The job.
    pub id: Uuid,
    /// The project's name.
    pub project: String,
    /// From which language to which.
    pub language_pair: String,
    /// Where it runs.
    pub execution_mode: String,
    /// Where it is.
    pub status: String,
    /// Why it failed.
    pub failure_reason: Option<String>,
    /// What was chosen.
    pub strategy: Option<String>,
    /// The revision of the spec.
    pub spec_revision: i32,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When it was started.
    pub started_at: Option<OffsetDateTime>,
    /// When it was over.
    pub ended_at: Option<OffsetDateTime>,
}

/// Makes a job that waits to be started.
pub async fn create(connection: &mut PgConnection, job: &NewJob<'_>, now: OffsetDateTime) -> Result<Uuid, StoreError> {
    let id = Uuid::now_v7();
    let fresh = Job::new(JobId(id.to_string()));
    let snapshot = serde_json::to_value(&fresh).map_err(bad("refactor_jobs.snapshot"))?;
    sqlx::query!(
        "INSERT INTO refactor_jobs (id, owner_id, project_id, language_pair, execution_mode, mode, pre_authorised,
             rules_version, snapshot, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)",
        id,
        job.owner,
        job.project,
        job.language_pair,
        job.execution_mode,
        job.mode,
        job.pre_authorised,
        i32::try_from(fresh.rules_version).unwrap_or(i32::MAX),
        snapshot,
        now,
    )
    .execute(connection)
    .await?;
    Ok(id)
}

/// The owner's project of a name; made when there is none.
pub async fn project(
    connection: &mut PgConnection,
    owner: Uuid,
    name: &str,
    language_pair: &str,
    now: OffsetDateTime,
) -> Result<Uuid, StoreError> {
    let id = sqlx::query_scalar!(
        "INSERT INTO projects (id, owner_id, name, language_pair, created_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (owner_id, name) DO UPDATE SET archived_at = NULL RETURNING id",
        Uuid::now_v7(),
        owner,
        name,
        language_pair,
        now,
    )
    .fetch_one(connection)
    .await?;
    Ok(id)
}

/// Writes what follows from a job's state into its row.
pub(crate) async fn project_columns(
    connection: &mut PgConnection,
    job: &Job,
    id: Uuid,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let place = job.state.place();
    let counters = &job.counters;
    let failure = failure_reason(job);
    sqlx::query!(
        "UPDATE refactor_jobs SET
             status = $2, place = $3, failure_reason = $4, strategy = $5, baseline_mode = $6, confidence = $7,
             round = $8, attempt_count = $9, identical_failure_count = $10, failure_pattern_fingerprint = $11,
             spec_revision = $12, seq = $13, snapshot = $14, artifacts_expire_at = $15, updated_at = $16,
             started_at = coalesce(started_at, $16),
             ended_at = CASE WHEN $17 THEN coalesce(ended_at, $16) END
         WHERE id = $1",
        id,
        job.state.kind().code(),
        place.code(),
        failure,
        job.strategy.map(iama_job::state::Strategy::code),
        job.scope.map(|scope| scope.baseline.code()),
        job.scope.map(|scope| i16::from(scope.confidence)),
        i32::try_from(counters.round).unwrap_or(i32::MAX),
        i16::from(counters.attempt),
        i16::from(counters.streak),
        counters.fingerprint.as_ref().map(ToString::to_string),
        i32::try_from(job.spec_revision).unwrap_or(i32::MAX),
        i64::try_from(job.seq).unwrap_or(i64::MAX),
        serde_json::to_value(job).map_err(bad("refactor_jobs.snapshot"))?,
        job.artifacts_expire_at.map(moment),
        now,
        place.is_ended(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

fn failure_reason(job: &Job) -> Option<&'static str> {
    match &job.state {
        iama_job::State::Failed { reason } => Some(reason.code()),
        _ => None,
    }
}

/// Where a list of jobs goes on: after this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// Which.
    pub id: Uuid,
}

/// Jobs of a person, the newest first.
pub async fn list(
    connection: &mut PgConnection,
    owner: Uuid,
    status: Option<&str>,
    after: Option<Cursor>,
    most: i64,
) -> Result<Vec<Summary>, StoreError> {
    let rows = sqlx::query_as!(
        Summary,
        "SELECT j.id, p.name AS project, j.language_pair, j.execution_mode, j.status, j.failure_reason, j.strategy,
             j.spec_revision, j.created_at, j.started_at, j.ended_at
         FROM refactor_jobs j JOIN projects p ON p.id = j.project_id
         WHERE j.owner_id = $1 AND ($2::text IS NULL OR j.status = $2)
           AND ($3::timestamptz IS NULL OR (j.created_at, j.id) < ($3, $4))
         ORDER BY j.created_at DESC, j.id DESC LIMIT $5",
        owner,
        status,
        after.map(|after| after.created_at),
        after.map(|after| after.id),
        most,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows)
}

/// A job of a person, as the list has it.
pub async fn summary(connection: &mut PgConnection, owner: Uuid, id: Uuid) -> Result<Option<Summary>, StoreError> {
    let row = sqlx::query_as!(
        Summary,
        "SELECT j.id, p.name AS project, j.language_pair, j.execution_mode, j.status, j.failure_reason, j.strategy,
             j.spec_revision, j.created_at, j.started_at, j.ended_at
         FROM refactor_jobs j JOIN projects p ON p.id = j.project_id
         WHERE j.owner_id = $1 AND j.id = $2",
        owner,
        id,
    )
    .fetch_optional(connection)
    .await?;
    Ok(row)
}

/// Who owns a job.
pub async fn owner(connection: &mut PgConnection, id: Uuid) -> Result<Option<Uuid>, StoreError> {
    let owner =
        sqlx::query_scalar!("SELECT owner_id FROM refactor_jobs WHERE id = $1", id).fetch_optional(connection).await?;
    Ok(owner)
}

/// Every job.
pub async fn ids(connection: &mut PgConnection) -> Result<Vec<Uuid>, StoreError> {
    Ok(sqlx::query_scalar!("SELECT id FROM refactor_jobs ORDER BY id").fetch_all(connection).await?)
}

/// For whom a job explains itself.
pub async fn mode(connection: &mut PgConnection, id: Uuid) -> Result<String, StoreError> {
    Ok(sqlx::query_scalar!("SELECT mode FROM refactor_jobs WHERE id = $1", id).fetch_one(connection).await?)
}

/// How today's behaviour is pinned down; nothing before that is known.
pub async fn baseline_mode(connection: &mut PgConnection, id: Uuid) -> Result<Option<String>, StoreError> {
    Ok(sqlx::query_scalar!("SELECT baseline_mode FROM refactor_jobs WHERE id = $1", id).fetch_one(connection).await?)
}

/// Keeps which version of the route table a job is started with. Says whether models of class L2 need no question in it.
pub async fn set_route_table(
    connection: &mut PgConnection,
    id: Uuid,
    version: Option<i32>,
) -> Result<bool, StoreError> {
    let pre_authorised = sqlx::query_scalar!(
        "UPDATE refactor_jobs SET route_table_version = $2 WHERE id = $1 RETURNING pre_authorised",
        id,
        version,
    )
    .fetch_optional(connection)
    .await?;
    Ok(pre_authorised.unwrap_or_default())
}

/// The version of the route table that a job was started with.
pub async fn route_table(connection: &mut PgConnection, id: Uuid) -> Result<Option<i32>, StoreError> {
    let version = sqlx::query_scalar!("SELECT route_table_version FROM refactor_jobs WHERE id = $1", id)
        .fetch_optional(connection)
        .await?;
    Ok(version.flatten())
}
