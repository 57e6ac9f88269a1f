//! Quota: what a round needs before it may begin, and what becomes of it at its end.

use iama_job::policy::billing::{RoundEnd, Settlement};
use iama_job::policy::tiers::{QuotaDenial, QuotaLimits, quota_gate};
use iama_job::{MilliCredits, ModelClass};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::StoreError;
use crate::credits::{self, Account, Kind, Transfer};
use crate::previews;

/// Whose round it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Round {
    /// Who pays.
    pub user: Uuid,
    /// The job.
    pub job: Uuid,
    /// The round, from 1.
    pub round: u32,
}

impl Round {
    pub(crate) fn number(&self) -> i32 {
        i32::try_from(self.round).unwrap_or(i32::MAX)
    }

    fn key(&self, what: &str) -> String {
        format!("{}:{}:{what}", self.job, self.round)
    }

    fn transfer<'a>(
        &self,
        kind: Kind,
        key: &'a str,
        between: (Account, Account),
        amount: MilliCredits,
    ) -> Transfer<'a> {
        let (from, to) = between;
        Transfer { kind, key, user: self.user, job: Some(self.job), round: Some(self.round), from, to, amount }
    }
}

/// Reserves what a round needs to begin. The daily count is for the first round only. Nothing is reserved when it is
/// denied; reserving twice is reserving once.
pub async fn reserve(
    connection: &mut PgConnection,
    round: Round,
    limits: &QuotaLimits,
    now: OffsetDateTime,
) -> Result<Result<(), QuotaDenial>, StoreError> {
    credits::lock(connection, round.user).await?;
    if reservation(connection, round).await?.is_some() {
        return Ok(Ok(()));
    }
    let first = round.round == 1;
    let today = if first { jobs_on(connection, round.user, now).await? } else { 0 };
    let available = credits::balances(connection, round.user).await?.available;
    if let Err(denial) = quota_gate(limits, today, available) {
        return Ok(Err(denial));
    }
    let reserved = limits.credits_to_start.unwrap_or_default();
    sqlx::query!(
        "INSERT INTO quota_reservations (id, user_id, job_id, round, idempotency_key, counted_on, reserved_mc, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        Uuid::now_v7(),
        round.user,
        round.job,
        round.number(),
        format!("{}:{}", round.job, round.round),
        first.then(|| now.date()),
        signed(reserved),
        now,
    )
    .execute(&mut *connection)
    .await?;
    let key = round.key("reserve");
    let transfer = round.transfer(Kind::Reserve, &key, (Account::Available, Account::Reserved), reserved);
    credits::book(connection, &transfer, now).await?;
    Ok(Ok(()))
}

/// Jobs of a person that count for the day of a moment, in UTC.
pub async fn jobs_on(connection: &mut PgConnection, user: Uuid, at: OffsetDateTime) -> Result<u32, StoreError> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM quota_reservations WHERE user_id = $1 AND counted_on = $2"#,
        user,
        at.date(),
    )
    .fetch_one(connection)
    .await?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

/// Credits reserved for a round that is open; nothing when there is none, or it is closed.
async fn reservation(connection: &mut PgConnection, round: Round) -> Result<Option<MilliCredits>, StoreError> {
    let reserved = sqlx::query_scalar!(
        "SELECT reserved_mc FROM quota_reservations WHERE job_id = $1 AND round = $2 AND status = 'RESERVED'",
        round.job,
        round.number(),
    )
    .fetch_optional(connection)
    .await?;
    Ok(reserved.map(unsigned))
}

/// What all calls of a round may have cost by now: those that are over at their price, the others at their worst.
async fn used(connection: &mut PgConnection, round: Round) -> Result<MilliCredits, StoreError> {
    let used = sqlx::query_scalar!(
        r#"SELECT coalesce(sum(coalesce(actual_mc, worst_case_mc)), 0)::bigint AS "used!"
           FROM usage_ledger WHERE job_id = $1 AND round = $2"#,
        round.job,
        round.number(),
    )
    .fetch_one(&mut *connection)
    .await?;
    Ok(unsigned(used).plus(previews::used(connection, round).await?))
}

/// A model call that is about to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Noted {
    /// Its number in the job: the ledger's attempt number.
    pub ordinal: u32,
    /// Its class.
    pub class: ModelClass,
    /// The most that it may cost.
    pub worst_case: MilliCredits,
}

/// Notes the most that a call may cost, and reserves what is missing for it. False when the person has too little left:
/// then nothing is noted. Nothing is reserved where credits do not limit.
pub async fn note_call(
    connection: &mut PgConnection,
    round: Round,
    noted: Noted,
    limited: bool,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    credits::lock(connection, round.user).await?;
    if limited && !hold(connection, round, noted, now).await? {
        return Ok(false);
    }
    let attempt = i32::try_from(noted.ordinal).unwrap_or(i32::MAX);
    sqlx::query!(
        "INSERT INTO usage_ledger
             (id, user_id, job_id, round, model_class, attempt_number, idempotency_key, worst_case_mc, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (idempotency_key) DO NOTHING",
        Uuid::now_v7(),
        round.user,
        round.job,
        round.number(),
        noted.class.code(),
        attempt,
        format!("{}:{}:{attempt}", round.job, noted.class.code()),
        signed(noted.worst_case),
        now,
    )
    .execute(connection)
    .await?;
    Ok(true)
}

async fn hold(
    connection: &mut PgConnection,
    round: Round,
    noted: Noted,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let needed = used(connection, round).await?.plus(noted.worst_case);
    let key = round.key(&format!("hold:{}", noted.ordinal));
    reserve_up_to(connection, round, needed, &key, now).await
}

/// Makes a reservation large enough. False when the person has too little left.
async fn reserve_up_to(
    connection: &mut PgConnection,
    round: Round,
    needed: MilliCredits,
    key: &str,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let reserved = reservation(connection, round).await?.unwrap_or_default();
    let missing = MilliCredits(needed.0.saturating_sub(reserved.0));
    if missing > credits::balances(connection, round.user).await?.available {
        return Ok(false);
    }
    let transfer = round.transfer(Kind::Hold, key, (Account::Available, Account::Reserved), missing);
    credits::book(connection, &transfer, now).await?;
    sqlx::query!(
        "UPDATE quota_reservations SET reserved_mc = reserved_mc + $3 WHERE job_id = $1 AND round = $2",
        round.job,
        round.number(),
        signed(missing),
    )
    .execute(connection)
    .await?;
    Ok(true)
}

/// Reserves what is missing for one more call of an effect: all of its calls may cost `most` together, and what was noted for it
/// before is reserved already. False when the person has too little left; then nothing is reserved.
pub async fn hold_more(
    connection: &mut PgConnection,
    round: Round,
    ordinal: u32,
    most: MilliCredits,
    key: &str,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    credits::lock(connection, round.user).await?;
    let noted = sqlx::query_scalar!(
        "SELECT worst_case_mc FROM usage_ledger WHERE job_id = $1 AND attempt_number = $2 AND actual_mc IS NULL",
        round.job,
        i32::try_from(ordinal).unwrap_or(i32::MAX),
    )
    .fetch_optional(&mut *connection)
    .await?;
    let more = MilliCredits(most.0.saturating_sub(noted.map_or(0, |noted| unsigned(noted).0)));
    let held = used(connection, round).await?;
    reserve_up_to(connection, round, held.plus(more), key, now).await
}

/// Reserves what is missing for all calls of a round that are on record. False when the person has too little left.
pub async fn hold_noted(
    connection: &mut PgConnection,
    round: Round,
    key: &str,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    credits::lock(connection, round.user).await?;
    let needed = used(connection, round).await?;
    reserve_up_to(connection, round, needed, key, now).await
}

/// Notes on the ledger who answered, and what was sent and received for it.
pub async fn note_answer(
    connection: &mut PgConnection,
    job: Uuid,
    ordinal: u32,
    route: Option<&str>,
    tokens: (u64, u64),
) -> Result<(), StoreError> {
    let signed = |tokens: u64| i64::try_from(tokens).unwrap_or(i64::MAX);
    sqlx::query!(
        "UPDATE usage_ledger SET route = coalesce($3, route), input_tokens = coalesce(input_tokens, 0) + $4,
             output_tokens = coalesce(output_tokens, 0) + $5
         WHERE job_id = $1 AND attempt_number = $2",
        job,
        i32::try_from(ordinal).unwrap_or(i32::MAX),
        route,
        signed(tokens.0),
        signed(tokens.1),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// What the platform pays for itself: requests that brought no answer, and calls that were made again.
pub async fn absorb(
    connection: &mut PgConnection,
    round: Round,
    amount: MilliCredits,
    key: &str,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let transfer = round.transfer(Kind::Charge, key, (Account::Absorbed, Account::Providers), amount);
    credits::book(connection, &transfer, now).await
}

/// Replaces the most that a call may have cost by what it did cost.
pub async fn correct_call(
    connection: &mut PgConnection,
    job: Uuid,
    ordinal: u32,
    actual: MilliCredits,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE usage_ledger SET actual_mc = $3, corrected_at = $4 WHERE job_id = $1 AND attempt_number = $2",
        job,
        i32::try_from(ordinal).unwrap_or(i32::MAX),
        signed(actual),
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Settles a round: its calls are classed, what was used is charged or absorbed, the rest goes back.
pub async fn settle(
    connection: &mut PgConnection,
    round: Round,
    settlement: &Settlement,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    credits::lock(connection, round.user).await?;
    let Some(reserved) = reservation(connection, round).await? else { return Ok(()) };
    let lost = previews::lose(connection, round, now).await?;
    absorb(connection, round, lost, &round.key("previews"), now).await?;
    let settlement = &with_previews(connection, round, settlement).await?;
    write_settlement(connection, round, settlement, 0, now).await?;
    let charged = if settlement.billable { settlement.used.min(reserved) } else { MilliCredits(0) };
    let spent = round.key("charge");
    let transfer = round.transfer(Kind::Charge, &spent, (Account::Reserved, Account::Spent), charged);
    credits::book(connection, &transfer, now).await?;
    let back = round.key("release");
    let rest = MilliCredits(reserved.0 - charged.0);
    let transfer = round.transfer(Kind::Release, &back, (Account::Reserved, Account::Available), rest);
    credits::book(connection, &transfer, now).await?;
    let absorbed = round.key("absorb");
    let own = MilliCredits(settlement.used.0 - charged.0);
    let transfer = round.transfer(Kind::Charge, &absorbed, (Account::Absorbed, Account::Providers), own);
    credits::book(connection, &transfer, now).await?;
    close(connection, round, settlement, now).await
}

/// A round that was settled turns out to have been the platform's failure: what was charged goes back.
pub async fn correct_settlement(
    connection: &mut PgConnection,
    round: Round,
    settlement: &Settlement,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    credits::lock(connection, round.user).await?;
    let charged = sqlx::query_scalar!(
        r#"SELECT coalesce(sum(e.amount_mc), 0)::bigint AS "charged!"
           FROM credit_transactions t JOIN credit_entries e ON e.transaction_id = t.id
           JOIN credit_accounts a ON a.id = e.account_id
           WHERE t.job_id = $1 AND t.round = $2 AND a.kind = 'SPENT'"#,
        round.job,
        round.number(),
    )
    .fetch_one(&mut *connection)
    .await?;
    let settlement = &with_previews(connection, round, settlement).await?;
    write_settlement(connection, round, settlement, 1, now).await?;
    let key = round.key("correct");
    let transfer = round.transfer(Kind::Correct, &key, (Account::Spent, Account::Available), unsigned(charged));
    credits::book(connection, &transfer, now).await?;
    let key = round.key("correct-absorb");
    let transfer = round.transfer(Kind::Correct, &key, (Account::Absorbed, Account::Providers), unsigned(charged));
    credits::book(connection, &transfer, now).await?;
    close(connection, round, settlement, now).await
}

/// A settlement with what the job itself does not know of.
async fn with_previews(
    connection: &mut PgConnection,
    round: Round,
    settlement: &Settlement,
) -> Result<Settlement, StoreError> {
    let used = settlement.used.plus(previews::used(connection, round).await?);
    Ok(Settlement { used, ..*settlement })
}

async fn write_settlement(
    connection: &mut PgConnection,
    round: Round,
    settlement: &Settlement,
    correction: i16,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO round_settlements (job_id, round, correction, failure_class, billable, used_mc, settled_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        round.job,
        round.number(),
        correction,
        settlement.class.code(),
        settlement.billable,
        signed(settlement.used),
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Closes the reservation and classes the calls. A job that the platform failed does not count for its day.
async fn close(
    connection: &mut PgConnection,
    round: Round,
    settlement: &Settlement,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE quota_reservations
         SET status = CASE WHEN $3 THEN 'COMMITTED' ELSE 'RELEASED' END, closed_at = $4,
             counted_on = CASE WHEN $5 THEN NULL ELSE counted_on END
         WHERE job_id = $1 AND round = $2",
        round.job,
        round.number(),
        settlement.billable,
        now,
        settlement.class == RoundEnd::InfraFailure,
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "UPDATE usage_ledger SET billable = $3, failure_class = $4 WHERE job_id = $1 AND round = $2",
        round.job,
        round.number(),
        settlement.billable,
        settlement.class.code(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

fn signed(amount: MilliCredits) -> i64 {
    i64::try_from(amount.0).unwrap_or(i64::MAX)
}

fn unsigned(amount: i64) -> MilliCredits {
    MilliCredits(u64::try_from(amount).unwrap_or_default())
}
