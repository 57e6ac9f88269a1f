//! Credits of each period.

use iama_job::Tier;
use iama_store::testing::{TestDatabase, database};
use iama_store::{credits, grants};
use sqlx::AssertSqlSafe;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::support::{NOW, person};

const PERIOD: Duration = Duration::days(30);

async fn somebody(db: &TestDatabase, tier: Tier) -> Uuid {
    person(&mut db.pool().acquire().await.unwrap(), "a@example.org", tier).await
}

async fn settle(db: &TestDatabase, user: Uuid, now: OffsetDateTime) -> bool {
    let mut transaction = db.begin().await.unwrap();
    let done = grants::settle(&mut transaction, user, now).await.unwrap();
    transaction.commit().await.unwrap();
    done
}

async fn due(db: &TestDatabase, now: OffsetDateTime) -> usize {
    grants::due(&mut db.pool().acquire().await.unwrap(), now, 100).await.unwrap().len()
}

async fn set(db: &TestDatabase, what: &str) {
    sqlx::raw_sql(AssertSqlSafe(format!("UPDATE subscription_tiers SET {what}")))
        .execute(&mut *db.pool().acquire().await.unwrap())
        .await
        .unwrap();
}

/// Whole credits that may be used, with the books in order.
async fn available(db: &TestDatabase, user: Uuid) -> u64 {
    let mut connection = db.pool().acquire().await.unwrap();
    assert_eq!(credits::audit(&mut connection).await.unwrap(), Vec::<String>::new());
    credits::balances(&mut connection, user).await.unwrap().available.0 / 1_000
}

#[tokio::test]
async fn a_period_is_granted_once_and_its_rest_ends_with_it() {
    let db = database().await.unwrap();
    let user = somebody(&db, Tier::Plus).await;
    assert_eq!(due(&db, NOW).await, 1);
    assert!(settle(&db, user, NOW).await && !settle(&db, user, NOW).await);
    assert_eq!((available(&db, user).await, due(&db, NOW + PERIOD - Duration::SECOND).await), (1_000, 0));

    let next = NOW + PERIOD;
    assert_eq!(due(&db, next).await, 1);
    assert!(settle(&db, user, next).await && !settle(&db, user, next).await);
    assert_eq!((available(&db, user).await, due(&db, next).await), (1_000, 0), "the rest has ended");
    let kinds: Vec<(String, i64)> =
        sqlx::query_as("SELECT kind, count(*) FROM credit_transactions GROUP BY kind ORDER BY kind")
            .fetch_all(&mut *db.pool().acquire().await.unwrap())
            .await
            .unwrap();
    assert_eq!(kinds, [("EXPIRE".to_owned(), 1), ("GRANT".to_owned(), 2)]);
    let record: Vec<(String, serde_json::Value)> =
        sqlx::query_as("SELECT actor, details FROM audit_events WHERE action = 'CREDITS_GRANTED' ORDER BY created_at")
            .fetch_all(&mut *db.pool().acquire().await.unwrap())
            .await
            .unwrap();
    assert_eq!(record.len(), 2);
    assert_eq!((record[1].0.as_str(), &record[1].1["ended_mc"]), ("SYSTEM", &serde_json::json!(1_000_000)));

    let late = next + PERIOD * 3 + Duration::days(1);
    assert!(settle(&db, user, late).await);
    let started: OffsetDateTime = sqlx::query_scalar("SELECT period_started_at FROM subscription_tiers")
        .fetch_one(&mut *db.pool().acquire().await.unwrap())
        .await
        .unwrap();
    assert_eq!((started, available(&db, user).await), (next + PERIOD * 3, 1_000), "what was missed is not made up for");
}

#[tokio::test]
async fn a_better_tier_gets_the_difference_and_a_lesser_one_keeps_what_it_has() {
    let db = database().await.unwrap();
    let user = somebody(&db, Tier::Free).await;
    assert!(!settle(&db, user, NOW).await, "free has nothing to grant");
    assert_eq!((available(&db, user).await, due(&db, NOW).await), (0, 0));
    for (tier, has) in [("PLUS", 1_000), ("PRO", 3_000), ("PLUS", 3_000), ("PRO", 3_000), ("MAX", 10_000)] {
        set(&db, &format!("tier = '{tier}'")).await;
        assert_eq!(due(&db, NOW).await, 1);
        settle(&db, user, NOW).await;
        assert_eq!((available(&db, user).await, due(&db, NOW).await), (has, 0), "{tier}");
    }
}

#[tokio::test]
async fn of_many_instances_one_grants() {
    let db = database().await.unwrap();
    let user = somebody(&db, Tier::Pro).await;
    let tried = (0..8).map(|_| settle(&db, user, NOW));
    let done = futures_util::future::join_all(tried).await;
    assert_eq!(done.into_iter().filter(|granted| *granted).count(), 1);
    assert_eq!(available(&db, user).await, 3_000);
}

#[tokio::test]
async fn a_payment_provider_says_when_a_period_begins() {
    let db = database().await.unwrap();
    let user = somebody(&db, Tier::Plus).await;
    sqlx::query(
        "INSERT INTO payment_subscriptions (id, user_id, provider_customer_id, provider_subscription_id, tier, status,
             created_at, updated_at) VALUES (gen_random_uuid(), $1, 'c', 's', 'PLUS', 'active', now(), now())",
    )
    .bind(user)
    .execute(&mut *db.pool().acquire().await.unwrap())
    .await
    .unwrap();
    assert!(settle(&db, user, NOW).await);
    let next = NOW + PERIOD;
    assert_eq!(due(&db, next).await, 0, "the provider has not said so yet");
    set(&db, "period_started_at = period_ends_at, period_ends_at = period_ends_at + interval '1 month'").await;
    assert_eq!(due(&db, next).await, 1);
    assert!(settle(&db, user, next).await);
    assert_eq!(available(&db, user).await, 1_000);
    set(
        &db,
        "period_started_at = period_ends_at, period_ends_at = period_ends_at + interval '1 month', status = 'PAST_DUE'",
    )
    .await;
    assert_eq!(due(&db, next + PERIOD).await, 0, "nothing is granted for what is not paid");
}
