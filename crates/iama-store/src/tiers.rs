//! What people are entitled to: the tier from `subscription_tiers`, its numbers from `dynamic_configs`.

pub use iama_job::Tier;
use iama_job::policy::tiers::QuotaLimits;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::PgConnection;
use std::collections::BTreeMap;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::StoreError;
use crate::configs::{self, CONTEXT_CAPS, TIER_LIMITS};

/// Whether a subscription counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// It is paid, or need not be.
    Active,
    /// A payment is missing.
    PastDue,
    /// It ends with its period.
    Cancelled,
}

impl Status {
    fn read(text: &str) -> Result<Self, StoreError> {
        match text {
            "ACTIVE" => Ok(Self::Active),
            "PAST_DUE" => Ok(Self::PastDue),
            "CANCELLED" => Ok(Self::Cancelled),
            _ => Err(StoreError::UnknownValue { column: "subscription_tiers.status", value: text.to_owned() }),
        }
    }
}

/// A subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subscription {
    /// The tier.
    pub tier: Tier,
    /// Whether it is a trial.
    pub trial: bool,
    /// Whether it counts.
    pub status: Status,
    /// When the period began.
    pub period_started_at: OffsetDateTime,
    /// When it ends.
    pub period_ends_at: OffsetDateTime,
    /// What an administrator has added to the day's jobs, or taken from them.
    pub extra_jobs_a_day: i32,
}

/// The numbers of a tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TierLimits {
    /// Jobs that may start in a day.
    pub jobs_a_day: u32,
    /// Credits granted a month.
    pub credits_a_month: u32,
}

impl Subscription {
    /// What counts at a moment: a subscription that was cancelled counts until its period ends, and is Free from then on.
    #[must_use]
    pub fn at(self, now: OffsetDateTime) -> Self {
        if self.status == Status::Cancelled && self.period_ends_at <= now {
            return Self { tier: Tier::Free, trial: false, ..self };
        }
        self
    }
}

/// What a person may start and use now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowed {
    /// The subscription, as it counts now.
    pub subscription: Subscription,
    /// The numbers of its tier.
    pub limits: TierLimits,
    /// Tokens of one context pack.
    pub context_tokens: u32,
}

impl Allowed {
    /// What the quota gate goes by.
    pub fn quota(&self) -> QuotaLimits {
        let jobs_a_day = self.limits.jobs_a_day.saturating_add_signed(self.subscription.extra_jobs_a_day);
        QuotaLimits { jobs_a_day, ..self.subscription.tier.grant().quota() }
    }
}

/// A person's subscription, and the settings that say what comes of it.
struct Found {
    subscription: Subscription,
    limits: Option<Value>,
    caps: Option<Value>,
}

async fn find(connection: &mut PgConnection, user: Uuid) -> Result<Option<Found>, StoreError> {
    let row = sqlx::query!(
        "SELECT tier, trial, status, period_started_at, period_ends_at, extra_jobs_a_day,
             (SELECT value FROM dynamic_configs WHERE key = $2) AS limits,
             (SELECT value FROM dynamic_configs WHERE key = $3) AS caps
         FROM subscription_tiers WHERE user_id = $1",
        user,
        TIER_LIMITS,
        CONTEXT_CAPS,
    )
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        let subscription = Subscription {
            tier: read_tier(&row.tier)?,
            trial: row.trial,
            status: Status::read(&row.status)?,
            period_started_at: row.period_started_at,
            period_ends_at: row.period_ends_at,
            extra_jobs_a_day: row.extra_jobs_a_day,
        };
        Ok(Found { subscription, limits: row.limits, caps: row.caps })
    })
    .transpose()
}

/// A person's subscription.
pub async fn subscription(connection: &mut PgConnection, user: Uuid) -> Result<Option<Subscription>, StoreError> {
    Ok(find(connection, user).await?.map(|found| found.subscription))
}

/// What a person may start and use at a moment.
pub async fn allowed(
    connection: &mut PgConnection,
    user: Uuid,
    now: OffsetDateTime,
) -> Result<Option<Allowed>, StoreError> {
    let Some(Found { subscription, limits, caps }) = find(connection, user).await? else { return Ok(None) };
    let subscription = subscription.at(now);
    let tier = subscription.tier;
    let caps: Option<BTreeMap<String, u32>> = configs::read(caps)?;
    let context_tokens = caps.and_then(|caps| caps.get(tier.code()).copied()).unwrap_or(tier.grant().context_tokens);
    Ok(Some(Allowed { subscription, limits: limits_of(tier, limits)?, context_tokens }))
}

/// The numbers of a tier, as they are set now.
pub async fn limits(connection: &mut PgConnection, tier: Tier) -> Result<TierLimits, StoreError> {
    limits_of(tier, configs::get(connection, TIER_LIMITS).await?)
}

fn limits_of(tier: Tier, set: Option<Value>) -> Result<TierLimits, StoreError> {
    let limits: Option<BTreeMap<String, TierLimits>> = configs::read(set)?;
    let grant = tier.grant();
    let usual = TierLimits { jobs_a_day: grant.jobs_a_day, credits_a_month: grant.credits_a_month };
    Ok(limits.and_then(|limits| limits.get(tier.code()).copied()).unwrap_or(usual))
}

pub(crate) fn read_tier(text: &str) -> Result<Tier, StoreError> {
    Tier::ALL
        .iter()
        .copied()
        .find(|tier| tier.code() == text)
        .ok_or_else(|| StoreError::UnknownValue { column: "subscription_tiers.tier", value: text.to_owned() })
}

/// Adds to the day's jobs of a person, or takes from them.
pub async fn set_extra_jobs(
    connection: &mut PgConnection,
    user: Uuid,
    extra_jobs_a_day: i32,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE subscription_tiers SET extra_jobs_a_day = $2, updated_at = $3 WHERE user_id = $1",
        user,
        extra_jobs_a_day,
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}
