//! Requests to the executor on the user's machine: offered, claimed under a lease, answered once.

use iama_job::{Dispatch, Effect, EffectId};
use serde_json::Value;
use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::StoreError;
use crate::journal::bad;
use crate::sealing::sha256;

/// How long a claim holds without being renewed.
pub const LEASE: Duration = Duration::seconds(60);

/// A request.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Its name.
    pub id: Uuid,
    /// The job.
    pub job: Uuid,
    /// What is asked for, as [`kind_of`] names it.
    pub kind: String,
    /// The effect.
    pub dispatch: Dispatch,
    /// How many model calls of the effect are answered.
    pub turn: u32,
    /// Where it stands.
    pub status: Status,
    /// Who works on it.
    pub claimed_by: Option<Uuid>,
    /// Grows with each claim: an answer must carry the last one.
    pub fencing_token: i64,
    /// Until when the claim holds.
    pub lease_until: Option<OffsetDateTime>,
    /// What was answered.
    pub result: Option<Value>,
    /// When it was made.
    pub created_at: OffsetDateTime,
}

/// Where a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Nobody works on it.
    Open,
    /// Somebody does.
    Claimed,
    /// It is done.
    Answered,
    /// Nobody waits for it any more.
    Cancelled,
}

impl Status {
    /// The stable name.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Claimed => "CLAIMED",
            Self::Answered => "ANSWERED",
            Self::Cancelled => "CANCELLED",
        }
    }

    fn read(text: &str) -> Result<Self, StoreError> {
        [Self::Open, Self::Claimed, Self::Answered, Self::Cancelled]
            .into_iter()
            .find(|status| status.code() == text)
            .ok_or_else(|| StoreError::UnknownValue { column: "execution_requests.status", value: text.to_owned() })
    }
}

/// The name of what an effect asks for: its tag in JSON.
pub fn kind_of(effect: &Effect) -> String {
    let tag = serde_json::to_value(effect).ok().and_then(|value| Some(value.get("type")?.as_str()?.to_owned()));
    tag.unwrap_or_default()
}

/// Makes a request, or finds the one that was made for the same turn of the same effect.
pub async fn open(
    connection: &mut PgConnection,
    job: Uuid,
    dispatch: &Dispatch,
    turn: u32,
    now: OffsetDateTime,
) -> Result<Uuid, StoreError> {
    let whole = serde_json::to_value(dispatch).map_err(bad("execution_requests.dispatch"))?;
    let id = sqlx::query_scalar!(
        "INSERT INTO execution_requests (id, job_id, effect_seq, effect_index, turn, kind, dispatch, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (job_id, effect_seq, effect_index, turn) DO UPDATE SET kind = excluded.kind RETURNING id",
        Uuid::now_v7(),
        job,
        seq(&dispatch.id),
        i32::from(dispatch.id.index),
        i32::try_from(turn).unwrap_or(i32::MAX),
        kind_of(&dispatch.effect),
        whole,
        now,
    )
    .fetch_one(connection)
    .await?;
    Ok(id)
}

fn seq(id: &EffectId) -> i64 {
    i64::try_from(id.seq).unwrap_or(i64::MAX)
}

/// Cancels the requests of effects that nobody waits for.
pub(crate) async fn cancel(connection: &mut PgConnection, job: Uuid, effects: &[EffectId]) -> Result<(), StoreError> {
    for effect in effects {
        sqlx::query!(
            "UPDATE execution_requests SET status = 'CANCELLED', lease_until = NULL
             WHERE job_id = $1 AND effect_seq = $2 AND effect_index = $3 AND status IN ('OPEN', 'CLAIMED')",
            job,
            seq(effect),
            i32::from(effect.index),
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// The channel on which model calls that must stop are announced: the job's id is the payload.
pub const STOP_CHANNEL: &str = "iama_stop";

/// Stops the model calls of a job.
pub(crate) async fn stop_tokens(
    connection: &mut PgConnection,
    job: Uuid,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE model_calls SET status = 'CANCELLED', lease_until = NULL, ended_at = $2
         WHERE job_id = $1 AND status IN ('WANTED', 'DISPATCHED')",
        job,
        now,
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!("SELECT pg_notify($1, $2)", STOP_CHANNEL, job.to_string()).execute(connection).await?;
    Ok(())
}

/// A request of a job.
pub async fn get(connection: &mut PgConnection, job: Uuid, id: Uuid) -> Result<Option<Request>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        "SELECT id, job_id, kind, dispatch, turn, status, claimed_by, fencing_token, lease_until, result, created_at
         FROM execution_requests WHERE job_id = $1 AND id = $2",
        job,
        id,
    )
    .fetch_optional(connection)
    .await?;
    row.map(Request::try_from).transpose()
}

/// The requests of a job that wait for an answer, oldest first.
pub async fn waiting(connection: &mut PgConnection, job: Uuid) -> Result<Vec<Request>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT id, job_id, kind, dispatch, turn, status, claimed_by, fencing_token, lease_until, result, created_at
         FROM execution_requests WHERE job_id = $1 AND status IN ('OPEN', 'CLAIMED') ORDER BY created_at, id",
        job,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Request::try_from).collect()
}

/// Why a request cannot be claimed, renewed or answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// There is none.
    Missing,
    /// Somebody else works on it, or has since.
    Taken,
    /// It was answered, and otherwise.
    Answered,
    /// Nobody waits for it any more.
    Cancelled,
}

/// Claims a request for a client: one that is open, whose lease ran out, or that the client holds already. Gives the
/// fencing token.
pub async fn claim(
    connection: &mut PgConnection,
    job: Uuid,
    id: Uuid,
    client: Uuid,
    now: OffsetDateTime,
) -> Result<Result<i64, Lost>, StoreError> {
    let token = sqlx::query_scalar!(
        "UPDATE execution_requests SET status = 'CLAIMED', claimed_by = $3, lease_until = $4,
             fencing_token = fencing_token + 1
         WHERE job_id = $1 AND id = $2
           AND (status = 'OPEN' OR (status = 'CLAIMED' AND (lease_until <= $5 OR claimed_by = $3)))
         RETURNING fencing_token",
        job,
        id,
        client,
        now + LEASE,
        now,
    )
    .fetch_optional(&mut *connection)
    .await?;
    match token {
        Some(token) => Ok(Ok(token)),
        None => Ok(Err(why(get(connection, job, id).await?))),
    }
}

fn why(request: Option<Request>) -> Lost {
    match request.map(|request| request.status) {
        None => Lost::Missing,
        Some(Status::Open | Status::Claimed) => Lost::Taken,
        Some(Status::Answered) => Lost::Answered,
        Some(Status::Cancelled) => Lost::Cancelled,
    }
}

/// Makes a claim hold longer. Gives the end of the lease.
pub async fn renew(
    connection: &mut PgConnection,
    job: Uuid,
    id: Uuid,
    token: i64,
    now: OffsetDateTime,
) -> Result<Result<OffsetDateTime, Lost>, StoreError> {
    let renewed = sqlx::query_scalar!(
        r#"UPDATE execution_requests SET lease_until = $4
           WHERE job_id = $1 AND id = $2 AND status = 'CLAIMED' AND fencing_token = $3
           RETURNING lease_until AS "until!""#,
        job,
        id,
        token,
        now + LEASE,
    )
    .fetch_optional(&mut *connection)
    .await?;
    match renewed {
        Some(until) => Ok(Ok(until)),
        None => Ok(Err(why(get(connection, job, id).await?))),
    }
}

/// What came of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered {
    /// It counts.
    First,
    /// The same was answered before, and counts.
    Again,
    /// It does not count.
    Lost(Lost),
}

/// Notes an answer. The same one twice is one; another one after it, or one under an old claim, is refused. One that comes
/// after its lease ran out counts as long as nobody else has claimed the request since.
pub async fn answer(
    connection: &mut PgConnection,
    job: Uuid,
    id: Uuid,
    token: i64,
    result: &Value,
    now: OffsetDateTime,
) -> Result<Answered, StoreError> {
    let hash = sha256(result.to_string().as_bytes());
    let done = sqlx::query!(
        "UPDATE execution_requests SET status = 'ANSWERED', lease_until = NULL, result = $4, result_hash = $5,
             answered_at = $6
         WHERE job_id = $1 AND id = $2 AND status IN ('OPEN', 'CLAIMED') AND fencing_token = $3 AND fencing_token > 0",
        job,
        id,
        token,
        result,
        &hash[..],
        now,
    )
    .execute(&mut *connection)
    .await?;
    if done.rows_affected() == 1 {
        return Ok(Answered::First);
    }
    let known = sqlx::query_scalar!(
        "SELECT result_hash FROM execution_requests WHERE job_id = $1 AND id = $2 AND status = 'ANSWERED'",
        job,
        id,
    )
    .fetch_optional(&mut *connection)
    .await?;
    if known.flatten().is_some_and(|known| known == hash) {
        return Ok(Answered::Again);
    }
    Ok(Answered::Lost(why(get(connection, job, id).await?)))
}

/// Offers requests again whose claim ran out. Gives the jobs that they belong to.
pub async fn sweep(connection: &mut PgConnection, now: OffsetDateTime) -> Result<Vec<(Uuid, Uuid)>, StoreError> {
    let rows = sqlx::query!(
        "UPDATE execution_requests SET status = 'OPEN', claimed_by = NULL, lease_until = NULL
         WHERE id IN (SELECT id FROM execution_requests WHERE status = 'CLAIMED' AND lease_until <= $1
                      FOR UPDATE SKIP LOCKED)
         RETURNING job_id, id",
        now,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.job_id, row.id)).collect())
}

struct Row {
    id: Uuid,
    job_id: Uuid,
    kind: String,
    dispatch: Value,
    turn: i32,
    status: String,
    claimed_by: Option<Uuid>,
    fencing_token: i64,
    lease_until: Option<OffsetDateTime>,
    result: Option<Value>,
    created_at: OffsetDateTime,
}

impl TryFrom<Row> for Request {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            job: row.job_id,
            kind: row.kind,
            dispatch: serde_json::from_value(row.dispatch).map_err(bad("execution_requests.dispatch"))?,
            turn: u32::try_from(row.turn).unwrap_or_default(),
            status: Status::read(&row.status)?,
            claimed_by: row.claimed_by,
            fencing_token: row.fencing_token,
            lease_until: row.lease_until,
            result: row.result,
            created_at: row.created_at,
        })
    }
}

/// Gives a claim back: the request is offered again.
pub async fn release(connection: &mut PgConnection, job: Uuid, id: Uuid, token: i64) -> Result<bool, StoreError> {
    let released = sqlx::query!(
        "UPDATE execution_requests SET status = 'OPEN', claimed_by = NULL, lease_until = NULL
         WHERE job_id = $1 AND id = $2 AND status = 'CLAIMED' AND fencing_token = $3",
        job,
        id,
        token,
    )
    .execute(connection)
    .await?;
    Ok(released.rows_affected() == 1)
}
