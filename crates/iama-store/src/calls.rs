//! Model calls that the server owes to machines: wanted by a result, taken under a lease, answered once.
//!
//! Whoever makes a call holds its fencing token. When the lease runs out, somebody else takes the call with a higher token, and
//! what the first one brings does not count any more. A row holds names, counts and codes; question and answer are artifacts.

use iama_job::{EffectId, MilliCredits, ModelClass};
use serde_json::Value;
use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::StoreError;
use crate::artifacts::Artifact;

/// How long a taken call is held without being renewed.
pub const LEASE: Duration = Duration::seconds(20);

/// Calls of class L1 that are made at once for one person.
pub const L1_AT_ONCE: i64 = 3;

/// The channel on which new calls are announced.
pub const CHANNEL: &str = "iama_calls";

/// A call that a machine wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// The job.
    pub job: Uuid,
    /// The request whose turn ended with it.
    pub request: Uuid,
    /// Whose job it is.
    pub user: Uuid,
    /// Its name in the job.
    pub name: &'a str,
    /// The work.
    pub stage: &'a str,
    /// The class.
    pub class: ModelClass,
    /// The hash of what is asked.
    pub fingerprint: &'a str,
    /// The price that was confirmed.
    pub quote: Option<&'a str>,
    /// What is asked, sealed.
    pub question: Uuid,
    /// The trace that it is a part of, as W3C has it.
    pub traceparent: Option<&'a str>,
}

/// A call that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Its name in the database.
    pub id: Uuid,
    /// The job.
    pub job: Uuid,
    /// Whose job it is.
    pub user: Uuid,
    /// The request whose turn ended with it.
    pub request: Uuid,
    /// What is asked, sealed.
    pub question: Uuid,
    /// Who takes it later has a higher one.
    pub token: i64,
    /// How often it was taken, this time included.
    pub tries: i32,
    /// How often it failed.
    pub failures: i32,
    /// What may have been spent by somebody who took it and was not heard of again, in millionths of a dollar.
    pub lost: Option<i64>,
    /// The trace that it is a part of, as W3C has it.
    pub traceparent: Option<String>,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq)]
pub enum End<'a> {
    /// With an answer.
    Answered {
        /// It, sealed.
        answer: Uuid,
        /// What the person pays.
        charged: MilliCredits,
    },
    /// It is not to be made; the effect goes on without.
    Refused {
        /// What the machine is told, sealed.
        answer: Uuid,
        /// Why.
        code: &'a str,
    },
    /// It failed, and will not be made again.
    Failed {
        /// Why.
        code: &'a str,
    },
}

/// Notes a call, to be made by whoever takes it.
pub async fn want(connection: &mut PgConnection, wanted: &Wanted<'_>, now: OffsetDateTime) -> Result<Uuid, StoreError> {
    let id = Uuid::now_v7();
    sqlx::query!(
        "INSERT INTO model_calls (id, job_id, request_id, user_id, name, stage, model_class, fingerprint, quote_id,
             wanted_artifact_id, not_before, created_at, traceparent)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12)",
        id,
        wanted.job,
        wanted.request,
        wanted.user,
        wanted.name,
        wanted.stage,
        wanted.class.code(),
        wanted.fingerprint,
        wanted.quote,
        wanted.question,
        now,
        wanted.traceparent,
    )
    .execute(&mut *connection)
    .await?;
    announce(connection).await?;
    Ok(id)
}

/// Wakes those who make calls when the transaction commits.
async fn announce(connection: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query!("SELECT pg_notify($1, '')", CHANNEL).execute(connection).await?;
    Ok(())
}

/// The answer of a job's call that was made before: the same question is never asked twice.
pub async fn known_answer(
    connection: &mut PgConnection,
    job: Uuid,
    name: &str,
    fingerprint: &str,
    now: OffsetDateTime,
) -> Result<Option<Uuid>, StoreError> {
    let known = sqlx::query_scalar!(
        r#"SELECT c.answer_artifact_id AS "id!" FROM model_calls c JOIN job_artifacts a ON a.id = c.answer_artifact_id
           WHERE c.job_id = $1 AND c.name = $2 AND c.fingerprint = $3 AND c.status = 'ANSWERED'
             AND a.deleted_at IS NULL AND a.expires_at > $4
           ORDER BY c.ended_at DESC LIMIT 1"#,
        job,
        name,
        fingerprint,
        now,
    )
    .fetch_optional(connection)
    .await?;
    Ok(known)
}

/// Ends a call that nobody has to make, with an answer that is there.
pub async fn answer_again(
    connection: &mut PgConnection,
    call: Uuid,
    answer: Uuid,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE model_calls SET status = 'ANSWERED', answer_artifact_id = $2, charged_mc = 0, cost_microdollars = 0, ended_at = $3
         WHERE id = $1 AND status = 'WANTED'",
        call,
        answer,
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes the oldest call that is due: one that nobody makes, or whose lease ran out. No person has more than [`L1_AT_ONCE`] of
/// class L1 made at once, by however many servers.
pub async fn take(connection: &mut PgConnection, now: OffsetDateTime) -> Result<Option<Taken>, StoreError> {
    // One after the other: two that count at once would both find room.
    sqlx::query!("SELECT pg_advisory_xact_lock(7302)").execute(&mut *connection).await?;
    let row = sqlx::query!(
        r#"WITH next AS (
               SELECT c.id, c.status, c.worst_case_microdollars FROM model_calls c
               WHERE ((c.status = 'WANTED' AND c.not_before <= $1) OR (c.status = 'DISPATCHED' AND c.lease_until <= $1))
                 AND (c.model_class <> 'L1' OR (
                     SELECT count(*) FROM model_calls o
                     WHERE o.user_id = c.user_id AND o.model_class = 'L1' AND o.status = 'DISPATCHED' AND o.lease_until > $1
                 ) < $3)
               ORDER BY c.created_at, c.id LIMIT 1 FOR UPDATE OF c SKIP LOCKED)
           UPDATE model_calls m SET status = 'DISPATCHED', lease_until = $2, tries = m.tries + 1,
               fencing_token = m.fencing_token + 1, worst_case_microdollars = NULL,
               cost_microdollars = CASE WHEN next.status = 'DISPATCHED'
                   THEN coalesce(m.cost_microdollars, 0) + coalesce(next.worst_case_microdollars, 0)
                   ELSE m.cost_microdollars END
           FROM next WHERE m.id = next.id
           RETURNING m.id, m.job_id, m.user_id, m.request_id, m.wanted_artifact_id, m.fencing_token, m.tries, m.failures,
               m.traceparent, next.status AS before, next.worst_case_microdollars AS "lost?""#,
        now,
        now + LEASE,
        L1_AT_ONCE,
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| Taken {
        id: row.id,
        job: row.job_id,
        user: row.user_id,
        request: row.request_id,
        question: row.wanted_artifact_id,
        token: row.fencing_token,
        tries: row.tries,
        failures: row.failures,
        lost: row.lost.filter(|_| row.before == "DISPATCHED"),
        traceparent: row.traceparent,
    }))
}

/// Holds a call longer. False when it was stopped, or somebody else has taken it.
pub async fn renew(
    connection: &mut PgConnection,
    id: Uuid,
    token: i64,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let renewed = sqlx::query!(
        "UPDATE model_calls SET lease_until = $3 WHERE id = $1 AND fencing_token = $2 AND status = 'DISPATCHED'",
        id,
        token,
        now + LEASE,
    )
    .execute(connection)
    .await?;
    Ok(renewed.rows_affected() == 1)
}

/// Notes what a call costs at most, before anything is sent. False when it is not ours any more.
pub async fn note_worst_case(
    connection: &mut PgConnection,
    id: Uuid,
    token: i64,
    microdollars: u64,
) -> Result<bool, StoreError> {
    let noted = sqlx::query!(
        "UPDATE model_calls SET worst_case_microdollars = $3
         WHERE id = $1 AND fencing_token = $2 AND status = 'DISPATCHED'",
        id,
        token,
        i64::try_from(microdollars).unwrap_or(i64::MAX),
    )
    .execute(connection)
    .await?;
    Ok(noted.rows_affected() == 1)
}

/// Gives a call back, to be made from a moment on. It counts as a failure unless its maker was told to stop.
pub async fn give_back(
    connection: &mut PgConnection,
    id: Uuid,
    token: i64,
    failed: Option<&str>,
    not_before: OffsetDateTime,
) -> Result<bool, StoreError> {
    let given = sqlx::query!(
        "UPDATE model_calls SET status = 'WANTED', lease_until = NULL, not_before = $3, worst_case_microdollars = NULL,
             code = coalesce($4, code), failures = failures + CASE WHEN $4::text IS NULL THEN 0 ELSE 1 END
         WHERE id = $1 AND fencing_token = $2 AND status = 'DISPATCHED'",
        id,
        token,
        not_before,
        failed,
    )
    .execute(&mut *connection)
    .await?;
    announce(connection).await?;
    Ok(given.rows_affected() == 1)
}

/// Ends a call. False when it was stopped, or somebody else has taken it: then nothing is written.
pub async fn end(
    connection: &mut PgConnection,
    id: Uuid,
    token: i64,
    end: &End<'_>,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let (status, answer, charged, code) = match end {
        End::Answered { answer, charged } => ("ANSWERED", Some(*answer), Some(*charged), None),
        End::Refused { answer, code } => ("REFUSED", Some(*answer), None, Some(*code)),
        End::Failed { code } => ("FAILED", None, None, Some(*code)),
    };
    let ended = sqlx::query!(
        "UPDATE model_calls SET status = $3, answer_artifact_id = $4, charged_mc = $5, code = $6, lease_until = NULL,
             ended_at = $7
         WHERE id = $1 AND fencing_token = $2 AND status = 'DISPATCHED'",
        id,
        token,
        status,
        answer,
        charged.map(|charged| i64::try_from(charged.0).unwrap_or(i64::MAX)),
        code,
        now,
    )
    .execute(connection)
    .await?;
    Ok(ended.rows_affected() == 1)
}

/// Adds what a try cost to the row, and says of it what may be said without a text. Where nobody has taken the call since, it is
/// written even if the call was stopped meanwhile.
pub async fn note_cost(
    connection: &mut PgConnection,
    id: Uuid,
    token: i64,
    microdollars: u64,
    audit: &Value,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE model_calls SET cost_microdollars = coalesce(cost_microdollars, 0) + $3, audit = $4
         WHERE id = $1 AND fencing_token = $2",
        id,
        token,
        i64::try_from(microdollars).unwrap_or(i64::MAX),
        audit,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// What a person pays for the calls of an effect that were answered.
pub async fn charged(connection: &mut PgConnection, job: Uuid, effect: &EffectId) -> Result<MilliCredits, StoreError> {
    let charged = sqlx::query_scalar!(
        r#"SELECT coalesce(sum(c.charged_mc), 0)::bigint AS "charged!"
           FROM model_calls c JOIN execution_requests r ON r.id = c.request_id
           WHERE c.job_id = $1 AND r.effect_seq = $2 AND r.effect_index = $3"#,
        job,
        i64::try_from(effect.seq).unwrap_or(i64::MAX),
        i32::from(effect.index),
    )
    .fetch_one(connection)
    .await?;
    Ok(MilliCredits(u64::try_from(charged).unwrap_or_default()))
}

/// What a person pays for the calls on a confirmed price that were answered.
pub async fn charged_on(connection: &mut PgConnection, job: Uuid, quote: &str) -> Result<MilliCredits, StoreError> {
    let charged = sqlx::query_scalar!(
        r#"SELECT coalesce(sum(charged_mc), 0)::bigint AS "charged!" FROM model_calls WHERE job_id = $1 AND quote_id = $2"#,
        job,
        quote,
    )
    .fetch_one(connection)
    .await?;
    Ok(MilliCredits(u64::try_from(charged).unwrap_or_default()))
}

/// What came of the call that the turn before this one wanted.
pub async fn answer_for(
    connection: &mut PgConnection,
    job: Uuid,
    effect: &EffectId,
    turn: u32,
) -> Result<Option<Artifact>, StoreError> {
    let row = sqlx::query_as!(
        Artifact,
        r#"SELECT a.id, a.job_id AS job, a.kind, a.name AS "name!", a.effect_seq AS "seq!", a.kms_key_ref, a.wrapped_key,
             a.object_key, a.sha256, a.size_bytes, a.created_at, a.expires_at, a.deleted_at
           FROM model_calls c JOIN execution_requests r ON r.id = c.request_id
           JOIN job_artifacts a ON a.id = c.answer_artifact_id
           WHERE c.job_id = $1 AND r.effect_seq = $2 AND r.effect_index = $3 AND r.turn = $4 - 1"#,
        job,
        i64::try_from(effect.seq).unwrap_or(i64::MAX),
        i32::from(effect.index),
        i32::try_from(turn).unwrap_or(i32::MAX),
    )
    .fetch_optional(connection)
    .await?;
    Ok(row)
}
