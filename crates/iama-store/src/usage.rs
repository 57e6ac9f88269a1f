//! What people have used.

use iama_job::MilliCredits;
use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::StoreError;
use crate::configs;

/// What a usual refactoring costs, for people who have had too few to tell.
pub const TYPICAL: &str = "usage.typical_refactor_credits";

/// The same where nothing is set, in credits.
const USUAL: u64 = 25;

/// So many rounds tell what is usual for a person.
const ENOUGH: i64 = 5;

/// Rounds within this time count.
const RECENT: Duration = Duration::days(90);

/// What a person was charged since a moment, without what was given back.
pub async fn spent_since(
    connection: &mut PgConnection,
    user: Uuid,
    since: OffsetDateTime,
) -> Result<MilliCredits, StoreError> {
    let spent = sqlx::query_scalar!(
        r#"SELECT coalesce(sum(e.amount_mc), 0)::bigint AS "spent!"
           FROM credit_transactions t JOIN credit_entries e ON e.transaction_id = t.id
           JOIN credit_accounts a ON a.id = e.account_id
           WHERE t.user_id = $1 AND t.created_at >= $2 AND a.kind = 'SPENT'"#,
        user,
        since,
    )
    .fetch_one(connection)
    .await?;
    Ok(unsigned(spent))
}

/// What a usual refactoring costs a person: the median of their charged rounds of the last 90 days; with fewer than five of
/// them, the setting.
pub async fn typical(
    connection: &mut PgConnection,
    user: Uuid,
    now: OffsetDateTime,
) -> Result<MilliCredits, StoreError> {
    let row = sqlx::query!(
        r#"SELECT count(*) AS "rounds!", percentile_disc(0.5) WITHIN GROUP (ORDER BY s.used_mc) AS median
           FROM round_settlements s JOIN refactor_jobs j ON j.id = s.job_id
           WHERE j.owner_id = $1 AND s.billable AND s.used_mc > 0 AND s.settled_at >= $2
             AND NOT EXISTS (SELECT FROM round_settlements c
                             WHERE c.job_id = s.job_id AND c.round = s.round AND c.correction > s.correction)"#,
        user,
        now - RECENT,
    )
    .fetch_one(&mut *connection)
    .await?;
    match row.median {
        Some(median) if row.rounds >= ENOUGH => Ok(unsigned(median)),
        _ => {
            let set: Option<u64> = configs::get(connection, TYPICAL).await?;
            Ok(MilliCredits::credits(set.unwrap_or(USUAL).max(1)))
        }
    }
}

/// A round of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoundUsage {
    /// Its number, from 1.
    pub round: i32,
    /// How it ended; nothing while it lasts.
    pub failure_class: Option<String>,
    /// Whether it is charged; nothing while it lasts.
    pub billable: Option<bool>,
    /// What it was charged, or may be at most while it lasts.
    pub charged_mc: i64,
}

/// The rounds of a job, the first first.
pub async fn rounds(connection: &mut PgConnection, job: Uuid) -> Result<Vec<RoundUsage>, StoreError> {
    let rows = sqlx::query_as!(
        RoundUsage,
        r#"SELECT r.round, s.failure_class AS "failure_class?", s.billable AS "billable?",
             CASE WHEN r.status = 'RESERVED' THEN r.reserved_mc ELSE coalesce((
                 SELECT sum(e.amount_mc) FROM credit_transactions t JOIN credit_entries e ON e.transaction_id = t.id
                 JOIN credit_accounts a ON a.id = e.account_id
                 WHERE t.job_id = r.job_id AND t.round = r.round AND a.kind = 'SPENT'), 0)::bigint END AS "charged_mc!"
           FROM quota_reservations r LEFT JOIN LATERAL (
               SELECT failure_class, billable FROM round_settlements
               WHERE job_id = r.job_id AND round = r.round ORDER BY correction DESC LIMIT 1) AS s ON true
           WHERE r.job_id = $1 ORDER BY r.round"#,
        job,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows)
}

/// Model calls of a round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallUsage {
    /// The round.
    pub round: i32,
    /// The class.
    pub model_class: String,
    /// How many.
    pub calls: i64,
    /// Tokens that went in.
    pub input_tokens: i64,
    /// Tokens that came out.
    pub output_tokens: i64,
}

/// The model calls of a job that were answered, by round and class. A step that asked nobody is none.
pub async fn calls(connection: &mut PgConnection, job: Uuid) -> Result<Vec<CallUsage>, StoreError> {
    let rows = sqlx::query_as!(
        CallUsage,
        r#"WITH made AS (
               SELECT c.model_class, count(*) AS calls, (SELECT max(q.round) FROM quota_reservations q
                   WHERE q.job_id = c.job_id AND q.created_at <= c.created_at) AS round
               FROM model_calls c WHERE c.job_id = $1 AND c.status = 'ANSWERED' GROUP BY 1, 3),
           told AS (
               SELECT l.round, l.model_class, coalesce(max(m.calls), 0) AS calls,
                   sum(l.input_tokens) AS input_tokens, sum(l.output_tokens) AS output_tokens
               FROM usage_ledger l LEFT JOIN made m ON m.round = l.round AND m.model_class = l.model_class
               WHERE l.job_id = $1 AND l.input_tokens IS NOT NULL
               GROUP BY l.round, l.model_class
               UNION ALL
               SELECT round, model_class, count(*), sum(input_tokens), sum(output_tokens) FROM spec_previews
               WHERE job_id = $1 AND status = 'ANSWERED' GROUP BY round, model_class)
           SELECT round AS "round!", model_class AS "model_class!", sum(calls)::bigint AS "calls!",
               coalesce(sum(input_tokens), 0)::bigint AS "input_tokens!",
               coalesce(sum(output_tokens), 0)::bigint AS "output_tokens!"
           FROM told GROUP BY round, model_class ORDER BY round, model_class"#,
        job,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows)
}

fn unsigned(amount: i64) -> MilliCredits {
    MilliCredits(u64::try_from(amount).unwrap_or_default())
}
