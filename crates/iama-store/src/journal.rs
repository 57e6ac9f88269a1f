//! The journal of jobs: an event is decided, appended, and everything that follows from it inside the database is done, in
//! one transaction. What follows outside is left as rows that somebody picks up: requests to the executor, timers, the
//! stream.

mod effects;

use iama_job::journal::{NotRecorded, Record};
use iama_job::policy::tiers::QuotaDenial;
use iama_job::{Event, Job, JobId, Refusal, Stale, Timestamp, record};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::StoreError;
use crate::jobs;

/// What came of an event.
#[derive(Debug, Clone, PartialEq)]
pub enum Put {
    /// It was appended.
    Taken {
        /// The job afterwards.
        job: Box<Job>,
        /// The record.
        record: Box<Record>,
    },
    /// It was stale. Nothing changed.
    Ignored(Stale),
    /// The job refused it. Nothing changed.
    Refused(Refusal),
    /// Quota is wanting for it. Roll back.
    Denied(QuotaDenial),
    /// Credits are wanting for a model call that it leads to. Roll back, and tell the job that they are exhausted.
    CreditsExhausted,
}

/// A job, and who owns it.
#[derive(Debug, Clone, PartialEq)]
pub struct Owned {
    /// The job.
    pub job: Job,
    /// Who owns it.
    pub owner: Uuid,
}

/// Takes a job for the rest of the transaction: events are put one after the other.
pub async fn lock(connection: &mut PgConnection, job: Uuid) -> Result<Option<Owned>, StoreError> {
    let row = sqlx::query!("SELECT owner_id, snapshot FROM refactor_jobs WHERE id = $1 FOR UPDATE", job)
        .fetch_optional(connection)
        .await?;
    row.map(|row| Ok(Owned { owner: row.owner_id, job: read(row.snapshot)? })).transpose()
}

/// The job as it is now.
pub async fn load(connection: &mut PgConnection, job: Uuid) -> Result<Option<Owned>, StoreError> {
    let row = sqlx::query!("SELECT owner_id, snapshot FROM refactor_jobs WHERE id = $1", job)
        .fetch_optional(connection)
        .await?;
    row.map(|row| Ok(Owned { owner: row.owner_id, job: read(row.snapshot)? })).transpose()
}

/// Puts an event to a job that is locked.
///
/// [`Put::Denied`] and [`Put::CreditsExhausted`] leave half of it in the transaction, which has to be rolled back.
pub async fn put(
    connection: &mut PgConnection,
    before: &Owned,
    event: Event,
    now: OffsetDateTime,
) -> Result<Put, StoreError> {
    let (job, record) = match record(&before.job, event, timestamp(now)) {
        Ok(done) => done,
        Err(NotRecorded::Ignored(stale)) => return Ok(Put::Ignored(stale)),
        Err(NotRecorded::Refused(refusal)) => return Ok(Put::Refused(refusal)),
    };
    append(connection, &record, id_of(&job.id)?, now).await?;
    jobs::project_columns(connection, &job, id_of(&job.id)?, now).await?;
    let stage = effects::Stage { before: &before.job, job: &job, id: id_of(&job.id)?, owner: before.owner, now };
    if let Some(short) = stage.carry_out(connection, &record).await? {
        return Ok(short);
    }
    Ok(Put::Taken { job: Box::new(job), record: Box::new(record) })
}

async fn append(
    connection: &mut PgConnection,
    record: &Record,
    job: Uuid,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let whole = serde_json::to_value(record).map_err(bad("job_events.record"))?;
    sqlx::query!(
        "INSERT INTO job_events (job_id, seq, at, kind, from_place, to_place, rules_version, record)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        job,
        i64::try_from(record.seq).unwrap_or(i64::MAX),
        now,
        record.event.kind().code(),
        record.from.code(),
        record.to.place().code(),
        i32::try_from(record.rules_version).unwrap_or(i32::MAX),
        whole,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The records of a job after a number, oldest first.
pub async fn records_after(connection: &mut PgConnection, job: Uuid, seq: u64) -> Result<Vec<Record>, StoreError> {
    let rows = sqlx::query_scalar!(
        "SELECT record FROM job_events WHERE job_id = $1 AND seq > $2 ORDER BY seq",
        job,
        i64::try_from(seq).unwrap_or(i64::MAX),
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(|row| serde_json::from_value(row).map_err(bad("job_events.record"))).collect()
}

/// Folds a job's events anew and compares: the snapshot is a cache, and nothing else.
pub async fn is_faithful(connection: &mut PgConnection, job: Uuid) -> Result<bool, StoreError> {
    let Some(known) = load(&mut *connection, job).await? else { return Err(StoreError::Missing("job")) };
    let records = records_after(connection, job, 0).await?;
    Ok(iama_job::fold(known.job.id.clone(), &records)? == known.job)
}

fn read(snapshot: serde_json::Value) -> Result<Job, StoreError> {
    serde_json::from_value(snapshot).map_err(bad("refactor_jobs.snapshot"))
}

pub(crate) fn bad(column: &'static str) -> impl Fn(serde_json::Error) -> StoreError {
    move |source| StoreError::BadDocument { column, source }
}

/// A job's id as the database has it.
pub fn id_of(id: &JobId) -> Result<Uuid, StoreError> {
    id.0.parse().map_err(|_| StoreError::UnknownValue { column: "job_id", value: id.0.clone() })
}

/// A moment as a job knows it.
pub fn timestamp(at: OffsetDateTime) -> Timestamp {
    Timestamp(i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX))
}

/// A moment as the database knows it.
pub fn moment(at: Timestamp) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(at.0) * 1_000_000).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}
