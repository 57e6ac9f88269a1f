//! Credits of each period: what was left of the last one ends, what the tier has for the next is granted, once.
//!
//! A period that a payment provider keeps begins when the provider says so; any other begins when the last one ends.

use iama_job::{MilliCredits, Tier};
use serde_json::json;
use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::StoreError;
use crate::audit::{self, Actor, Entry};
use crate::credits::{self, Account, Kind, Transfer};
use crate::tiers;

/// People whose period is over, or who have not been granted what their tier has for it.
pub async fn due(connection: &mut PgConnection, now: OffsetDateTime, most: i64) -> Result<Vec<Uuid>, StoreError> {
    let people = sqlx::query_scalar!(
        r#"SELECT user_id AS "user_id!" FROM (
               SELECT user_id FROM subscription_tiers WHERE status = 'ACTIVE'
                 AND (granted_for IS DISTINCT FROM period_started_at OR granted_tier IS DISTINCT FROM tier)
               UNION
               SELECT user_id FROM subscription_tiers s WHERE status = 'ACTIVE' AND period_ends_at <= $1
                 AND NOT EXISTS (SELECT FROM payment_subscriptions p WHERE p.user_id = s.user_id
                                 AND p.provider_subscription_id IS NOT NULL AND p.status <> 'canceled')
           ) AS people LIMIT $2"#,
        now,
        most,
    )
    .fetch_all(connection)
    .await?;
    Ok(people)
}

/// A period of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Period {
    start: OffsetDateTime,
    end: OffsetDateTime,
}

impl Period {
    /// The period of the same length that a moment lies in.
    fn at(self, now: OffsetDateTime) -> Self {
        let length = (self.end - self.start).max(Duration::SECOND);
        if now < self.end {
            return self;
        }
        let whole = (now - self.start).whole_seconds() / length.whole_seconds();
        let start = self.start + Duration::seconds(length.whole_seconds().saturating_mul(whole));
        Self { start, end: start + length }
    }
}

/// What stands in the row of a subscription.
struct Known {
    tier: Tier,
    period: Period,
    /// When the period began for which credits were granted.
    granted_for: Option<OffsetDateTime>,
    granted: MilliCredits,
    granted_tier: Option<String>,
    is_paid: bool,
}

async fn known(connection: &mut PgConnection, user: Uuid) -> Result<Option<Known>, StoreError> {
    let row = sqlx::query!(
        r#"SELECT tier, period_started_at, period_ends_at, granted_for, granted_tier, granted_mc,
             EXISTS (SELECT FROM payment_subscriptions p WHERE p.user_id = s.user_id
                     AND p.provider_subscription_id IS NOT NULL AND p.status <> 'canceled') AS "is_paid!"
           FROM subscription_tiers s WHERE user_id = $1 AND status = 'ACTIVE'"#,
        user,
    )
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        Ok(Known {
            tier: tiers::read_tier(&row.tier)?,
            period: Period { start: row.period_started_at, end: row.period_ends_at },
            granted_for: row.granted_for,
            granted: MilliCredits(u64::try_from(row.granted_mc).unwrap_or_default()),
            granted_tier: row.granted_tier,
            is_paid: row.is_paid,
        })
    })
    .transpose()
}

/// Brings a person's period and credits to a moment. True when anything was granted or has ended; doing it twice is doing it once.
pub async fn settle(connection: &mut PgConnection, user: Uuid, now: OffsetDateTime) -> Result<bool, StoreError> {
    credits::lock(connection, user).await?;
    let Some(known) = known(connection, user).await? else { return Ok(false) };
    let period = if known.is_paid { known.period } else { known.period.at(now) };
    let same = known.granted_for == Some(period.start);
    if same && known.granted_tier.as_deref() == Some(known.tier.code()) {
        return Ok(false);
    }
    let ended = match known.granted_for {
        Some(before) if !same => end(connection, user, before, now).await?,
        _ => MilliCredits(0),
    };
    let already = if same { known.granted } else { MilliCredits(0) };
    let month = tiers::limits(connection, known.tier).await?.credits_a_month;
    let more = MilliCredits(MilliCredits::credits(month.into()).0.saturating_sub(already.0));
    let key = format!("grant:{user}:{}:{}", period.start.unix_timestamp(), known.tier.code());
    move_credits(connection, user, (Kind::Grant, &key), (Account::Granted, Account::Available), more, now).await?;
    write(connection, user, period, known.tier, already.plus(more), now).await?;
    if more.0 == 0 && ended.0 == 0 {
        return Ok(false);
    }
    let details = json!({
        "tier": known.tier, "period_started": period.start.unix_timestamp(), "granted_mc": more.0, "ended_mc": ended.0,
    });
    let entry = Entry {
        actor: Actor::System,
        user: Some(user),
        job: None,
        action: "CREDITS_GRANTED",
        details,
        request_id: None,
    };
    audit::write(connection, &entry, now).await?;
    Ok(true)
}

/// What is left at the end of a period goes back.
async fn end(
    connection: &mut PgConnection,
    user: Uuid,
    period: OffsetDateTime,
    now: OffsetDateTime,
) -> Result<MilliCredits, StoreError> {
    let left = credits::balances(connection, user).await?.available;
    let key = format!("expire:{user}:{}", period.unix_timestamp());
    move_credits(connection, user, (Kind::Expire, &key), (Account::Available, Account::Expired), left, now).await?;
    Ok(left)
}

async fn move_credits(
    connection: &mut PgConnection,
    user: Uuid,
    (kind, key): (Kind, &str),
    (from, to): (Account, Account),
    amount: MilliCredits,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    credits::book(connection, &Transfer { kind, key, user, job: None, round: None, from, to, amount }, now).await
}

async fn write(
    connection: &mut PgConnection,
    user: Uuid,
    period: Period,
    tier: Tier,
    granted: MilliCredits,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE subscription_tiers SET period_started_at = $2, period_ends_at = $3, granted_for = $2, granted_tier = $4,
             granted_mc = $5, updated_at = $6 WHERE user_id = $1",
        user,
        period.start,
        period.end,
        tier.code(),
        i64::try_from(granted.0).unwrap_or(i64::MAX),
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn periods_that_nobody_saw_are_passed_over() {
        let first = Period { start: datetime!(2026-01-01 00:00 UTC), end: datetime!(2026-01-31 00:00 UTC) };
        assert_eq!(first.at(datetime!(2026-01-30 23:59:59 UTC)), first);
        let second = Period { start: datetime!(2026-01-31 00:00 UTC), end: datetime!(2026-03-02 00:00 UTC) };
        assert_eq!(first.at(datetime!(2026-01-31 00:00 UTC)), second);
        assert_eq!(first.at(datetime!(2026-03-01 23:59 UTC)), second);
        assert_eq!(first.at(datetime!(2026-03-02 00:00 UTC)).start, datetime!(2026-03-02 00:00 UTC));
    }
}
