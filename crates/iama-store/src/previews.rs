//! Previews of a spec: what a person's words would make of it. A model is asked while they wait, beside the effects of the job,
//! and what it costs is part of the round.

use iama_job::{MilliCredits, ModelClass};
use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::StoreError;
use crate::quota::Round;

/// After this time nobody is at work on a preview any more.
pub const GIVEN_UP: Duration = Duration::minutes(2);

/// A preview that is about to be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked<'a> {
    /// Whose round pays.
    pub round: Round,
    /// The revision of the spec.
    pub revision: u32,
    /// The hash of the revision and the words.
    pub fingerprint: &'a str,
    /// Who is asked.
    pub class: ModelClass,
    /// The most that it may cost.
    pub worst_case: MilliCredits,
}

/// What an answer cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// What the person pays.
    pub charged: MilliCredits,
    /// All of it, in millionths of a dollar.
    pub microdollars: u64,
    /// Tokens that went in.
    pub input_tokens: u64,
    /// Tokens that came out.
    pub output_tokens: u64,
}

/// The artifact of a preview that was answered before; nothing where there is none that can be read.
pub async fn known(
    connection: &mut PgConnection,
    job: Uuid,
    fingerprint: &str,
    now: OffsetDateTime,
) -> Result<Option<Uuid>, StoreError> {
    let known = sqlx::query_scalar!(
        "SELECT a.id FROM spec_previews p JOIN job_artifacts a ON a.id = p.answer_artifact_id
         WHERE p.job_id = $1 AND p.fingerprint = $2 AND a.deleted_at IS NULL AND a.expires_at > $3
         ORDER BY p.ended_at DESC LIMIT 1",
        job,
        fingerprint,
        now,
    )
    .fetch_optional(connection)
    .await?;
    Ok(known)
}

/// Whether a preview of the job is being asked for.
pub async fn is_at_work(connection: &mut PgConnection, job: Uuid, now: OffsetDateTime) -> Result<bool, StoreError> {
    let at_work = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM spec_previews WHERE job_id = $1 AND status = 'ASKED' AND created_at > $2) AS "at_work!""#,
        job,
        now - GIVEN_UP,
    )
    .fetch_one(connection)
    .await?;
    Ok(at_work)
}

/// Notes a preview before anything is sent.
pub async fn ask(connection: &mut PgConnection, asked: &Asked<'_>, now: OffsetDateTime) -> Result<Uuid, StoreError> {
    let id = Uuid::now_v7();
    sqlx::query!(
        "INSERT INTO spec_previews (id, job_id, user_id, round, revision, fingerprint, model_class, worst_case_mc, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        id,
        asked.round.job,
        asked.round.user,
        asked.round.number(),
        i32::try_from(asked.revision).unwrap_or(i32::MAX),
        asked.fingerprint,
        asked.class.code(),
        signed(asked.worst_case.0),
        now,
    )
    .execute(connection)
    .await?;
    Ok(id)
}

/// Ends a preview with its answer. False when its round ended before: then nobody pays for it but the platform.
pub async fn answered(
    connection: &mut PgConnection,
    id: Uuid,
    answer: Uuid,
    cost: Cost,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let ended = sqlx::query!(
        "UPDATE spec_previews SET status = 'ANSWERED', answer_artifact_id = $2, charged_mc = $3, cost_microdollars = $4,
             input_tokens = $5, output_tokens = $6, ended_at = $7
         WHERE id = $1 AND status = 'ASKED'",
        id,
        answer,
        signed(cost.charged.0),
        signed(cost.microdollars),
        signed(cost.input_tokens),
        signed(cost.output_tokens),
        now,
    )
    .execute(connection)
    .await?;
    Ok(ended.rows_affected() == 1)
}

/// Ends a preview that brought nothing. False when its round ended before.
pub async fn failed(
    connection: &mut PgConnection,
    id: Uuid,
    code: &str,
    cost: Cost,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let ended = sqlx::query!(
        "UPDATE spec_previews SET status = 'FAILED', code = $2, cost_microdollars = $3, ended_at = $4
         WHERE id = $1 AND status = 'ASKED'",
        id,
        code,
        signed(cost.microdollars),
        now,
    )
    .execute(connection)
    .await?;
    Ok(ended.rows_affected() == 1)
}

/// What the previews of a round may have cost by now: those that are over at their price, the others at their worst.
pub(crate) async fn used(connection: &mut PgConnection, round: Round) -> Result<MilliCredits, StoreError> {
    let used = sqlx::query_scalar!(
        r#"SELECT coalesce(sum(CASE status WHEN 'ASKED' THEN worst_case_mc ELSE coalesce(charged_mc, 0) END), 0)::bigint AS "used!"
           FROM spec_previews WHERE job_id = $1 AND round = $2"#,
        round.job,
        round.number(),
    )
    .fetch_one(connection)
    .await?;
    Ok(unsigned(used))
}

/// Ends what is not over when a round is settled. Gives what it may have cost at most: the platform's.
pub(crate) async fn lose(
    connection: &mut PgConnection,
    round: Round,
    now: OffsetDateTime,
) -> Result<MilliCredits, StoreError> {
    let lost = sqlx::query_scalar!(
        r#"WITH lost AS (UPDATE spec_previews SET status = 'LOST', ended_at = $3
               WHERE job_id = $1 AND round = $2 AND status = 'ASKED' RETURNING worst_case_mc)
           SELECT coalesce(sum(worst_case_mc), 0)::bigint AS "lost!" FROM lost"#,
        round.job,
        round.number(),
        now,
    )
    .fetch_one(connection)
    .await?;
    Ok(unsigned(lost))
}

fn signed(amount: u64) -> i64 {
    i64::try_from(amount).unwrap_or(i64::MAX)
}

fn unsigned(amount: i64) -> MilliCredits {
    MilliCredits(u64::try_from(amount).unwrap_or_default())
}
