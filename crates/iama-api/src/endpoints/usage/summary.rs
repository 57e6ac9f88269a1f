//! `GET /api/v1/usage/summary`: how much of their allowance a person has used.

use axum::extract::State;
use iama_job::MilliCredits;
use iama_store::credits::{self, Balances};
use iama_store::{Connection, StoreError, quota, tiers, usage};
use serde::Serialize;
use time::{Duration, OffsetDateTime};
use utoipa::ToSchema;

use super::percent;
use crate::auth::User;
use crate::error::{ApiError, ErrorBody};
use crate::extract::Json;
use crate::state::AppState;

/// From here on, in percent, the allowance is nearly used.
const HIGH: f64 = 80.0;

/// How much was used.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UsageSummary {
    /// The tier.
    #[schema(example = "PRO")]
    tier: &'static str,
    /// Today's jobs.
    today: Today,
    /// The period's allowance; nothing where only the day limits.
    period: Option<PeriodUsage>,
    /// How many usual refactorings are left: today where only the day limits, else in the period.
    #[schema(example = 12)]
    typical_refactors_remaining: u64,
    /// The same for people.
    #[schema(example = "~12 typical refactors remaining")]
    remaining: String,
}

/// Today's jobs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Today {
    /// Jobs that were started.
    jobs_started: u32,
    /// Jobs that may be started.
    jobs_allowed: u32,
    /// The part of them that was started, in percent.
    #[schema(example = 33.3)]
    percent_used: f64,
    /// When the next day begins.
    #[serde(with = "time::serde::rfc3339")]
    resets_at: OffsetDateTime,
}

/// The period's allowance.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PeriodUsage {
    /// The part of it that was used, or is kept for jobs at work, in percent.
    #[schema(example = 41.7)]
    percent_used: f64,
    /// `NORMAL`, `HIGH` from 80 percent on, `EXHAUSTED` where no job can start.
    #[schema(example = "NORMAL")]
    level: &'static str,
    /// When the period began.
    #[serde(with = "time::serde::rfc3339")]
    started_at: OffsetDateTime,
    /// When it ends.
    #[serde(with = "time::serde::rfc3339")]
    ends_at: OffsetDateTime,
}

/// How much of their allowance the person who asks has used.
#[utoipa::path(get, path = "/usage/summary", operation_id = "getUsage", tag = "Usage", security(("user" = [])),
    responses(
        (status = OK, body = UsageSummary),
        (status = UNAUTHORIZED, body = ErrorBody),
    ))]
pub(crate) async fn get(State(state): State<AppState>, user: User) -> Result<Json<UsageSummary>, ApiError> {
    let now = state.clock.now();
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    let allowed = tiers::allowed(&mut connection, user.id, now).await?.ok_or(StoreError::Missing("subscription"))?;
    let limits = allowed.quota();
    let today = today(quota::jobs_on(&mut connection, user.id, now).await?, limits.jobs_a_day, now);
    let tier = allowed.subscription.tier.code();
    let Some(needed) = limits.credits_to_start else {
        let left = u64::from(today.jobs_allowed.saturating_sub(today.jobs_started));
        let remaining = format!("~{left} typical refactors remaining today");
        return Ok(Json(UsageSummary { tier, today, period: None, typical_refactors_remaining: left, remaining }));
    };
    let held = credits::balances(&mut connection, user.id).await?;
    let period = period(&mut connection, user, &allowed.subscription, held, needed).await?;
    let typical = usage::typical(&mut connection, user.id, now).await?;
    let left = held.available.0 / typical.0.max(1);
    let remaining = format!("~{left} typical refactors remaining");
    Ok(Json(UsageSummary { tier, today, period: Some(period), typical_refactors_remaining: left, remaining }))
}

fn today(jobs_started: u32, jobs_allowed: u32, now: OffsetDateTime) -> Today {
    let whole = MilliCredits(u64::from(jobs_allowed));
    let percent_used = percent(MilliCredits(u64::from(jobs_started)), whole).unwrap_or(100.0).min(100.0);
    let resets_at = now.replace_time(time::Time::MIDNIGHT) + Duration::DAY;
    Today { jobs_started, jobs_allowed, percent_used, resets_at }
}

async fn period(
    connection: &mut Connection,
    user: User,
    known: &tiers::Subscription,
    held: Balances,
    needed: MilliCredits,
) -> Result<PeriodUsage, ApiError> {
    let used = usage::spent_since(connection, user.id, known.period_started_at).await?.plus(held.reserved);
    let percent_used = percent(used, used.plus(held.available)).unwrap_or(100.0);
    let level = match percent_used {
        _ if held.available < needed => "EXHAUSTED",
        used if used >= HIGH => "HIGH",
        _ => "NORMAL",
    };
    Ok(PeriodUsage { percent_used, level, started_at: known.period_started_at, ends_at: known.period_ends_at })
}
