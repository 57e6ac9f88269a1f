//! Quota and credits: what rounds reserve, and what becomes of it.

use iama_job::policy::billing::{RoundEnd, Settlement};
use iama_job::policy::tiers::{QuotaDenial, QuotaLimits};
use iama_job::{Decision, Event, MilliCredits, ModelClass, Signal, Tier};
use iama_store::credits::{self, Account, Balances, Kind, Transfer};
use iama_store::journal::Put;
use iama_store::quota::{self, Noted, Round};
use iama_store::testing::{TestDatabase, database};
use sqlx::PgConnection;
use time::Duration;
use uuid::Uuid;

use crate::support::{NOW, job, person, put, start};

const PRO: QuotaLimits = Tier::Pro.grant().quota();

async fn grant(connection: &mut PgConnection, user: Uuid, credits: u64) {
    let amount = MilliCredits::credits(credits);
    let key = format!("test:{user}");
    let (from, to) = (Account::Granted, Account::Available);
    let transfer = Transfer { kind: Kind::Grant, key: &key, user, job: None, round: None, from, to, amount };
    credits::book(connection, &transfer, NOW).await.unwrap();
    credits::book(connection, &transfer, NOW).await.unwrap();
}

async fn balances(db: &TestDatabase, user: Uuid) -> [u64; 3] {
    let mut connection = db.pool().acquire().await.unwrap();
    assert_eq!(credits::audit(&mut connection).await.unwrap(), [""; 0]);
    let Balances { available, reserved, spent } = credits::balances(&mut connection, user).await.unwrap();
    [available.0, reserved.0, spent.0]
}

/// A person of the tier Pro with so many credits, and a round of theirs that is reserved.
async fn reserved(db: &TestDatabase, credits: u64) -> Round {
    let mut connection = db.pool().acquire().await.unwrap();
    let user = person(&mut connection, "a@example.org", Tier::Pro).await;
    grant(&mut connection, user, credits).await;
    let round = Round { user, job: job(&mut connection, user).await, round: 1 };
    quota::reserve(&mut connection, round, &PRO, NOW).await.unwrap().unwrap();
    quota::reserve(&mut connection, round, &PRO, NOW).await.unwrap().unwrap();
    round
}

async fn call(db: &TestDatabase, round: Round, ordinal: u32, worst_case: u64, actual: Option<u64>) -> bool {
    let mut transaction = db.begin().await.unwrap();
    let noted = Noted { ordinal, class: ModelClass::L1, worst_case: MilliCredits(worst_case) };
    let enough = quota::note_call(&mut transaction, round, noted, true, NOW).await.unwrap();
    if let Some(actual) = actual {
        quota::correct_call(&mut transaction, round.job, ordinal, MilliCredits(actual), NOW).await.unwrap();
    }
    transaction.commit().await.unwrap();
    enough
}

async fn settle(db: &TestDatabase, round: Round, class: RoundEnd, billable: bool, used: u64) {
    let settlement = Settlement { round: round.round, class, billable, used: MilliCredits(used) };
    for _ in 0..2 {
        let mut transaction = db.begin().await.unwrap();
        quota::settle(&mut transaction, round, &settlement, NOW).await.unwrap();
        transaction.commit().await.unwrap();
    }
}

#[tokio::test]
async fn a_round_that_is_charged_pays_what_it_used_and_no_more() {
    let db = database().await.unwrap();
    let round = reserved(&db, 100).await;
    assert_eq!(balances(&db, round.user).await, [90_000, 10_000, 0]);
    assert!(call(&db, round, 1, 25_000, Some(4_000)).await);
    assert_eq!(balances(&db, round.user).await, [75_000, 25_000, 0]);
    settle(&db, round, RoundEnd::Delivered, true, 4_000).await;
    assert_eq!(balances(&db, round.user).await, [96_000, 0, 4_000]);
}

#[tokio::test]
async fn a_round_that_is_not_charged_gives_everything_back() {
    let db = database().await.unwrap();
    let round = reserved(&db, 100).await;
    assert!(call(&db, round, 1, 5_000, Some(4_000)).await);
    settle(&db, round, RoundEnd::InterventionTimeout, false, 4_000).await;
    assert_eq!(balances(&db, round.user).await, [100_000, 0, 0]);
}

#[tokio::test]
async fn a_platform_failure_noticed_later_gives_the_charge_back() {
    let db = database().await.unwrap();
    let round = reserved(&db, 100).await;
    assert!(call(&db, round, 1, 5_000, Some(4_000)).await);
    settle(&db, round, RoundEnd::ClientDisconnected, true, 4_000).await;
    assert_eq!(balances(&db, round.user).await, [96_000, 0, 4_000]);
    let corrected = Settlement { round: 1, class: RoundEnd::InfraFailure, billable: false, used: MilliCredits(4_000) };
    for _ in 0..2 {
        let mut transaction = db.begin().await.unwrap();
        quota::correct_settlement(&mut transaction, round, &corrected, NOW).await.unwrap();
        transaction.commit().await.unwrap();
    }
    assert_eq!(balances(&db, round.user).await, [100_000, 0, 0]);
    let mut connection = db.pool().acquire().await.unwrap();
    assert_eq!(quota::jobs_on(&mut connection, round.user, NOW).await.unwrap(), 0);
}

#[tokio::test]
async fn a_call_that_is_not_covered_is_not_noted() {
    let db = database().await.unwrap();
    let round = reserved(&db, 20).await;
    assert!(call(&db, round, 1, 19_000, Some(18_000)).await);
    assert!(!call(&db, round, 2, 3_000, None).await);
    assert_eq!(balances(&db, round.user).await, [1_000, 19_000, 0]);
    let noted: i64 = sqlx::query_scalar("SELECT count(*) FROM usage_ledger")
        .fetch_one(&mut *db.pool().acquire().await.unwrap())
        .await
        .unwrap();
    assert_eq!(noted, 1);
}

#[tokio::test]
async fn the_day_and_the_credits_limit_what_may_start() {
    let db = database().await.unwrap();
    let mut connection = db.pool().acquire().await.unwrap();
    let poor = person(&mut connection, "poor@example.org", Tier::Plus).await;
    grant(&mut connection, poor, 9).await;
    let poor_job = job(&mut connection, poor).await;
    let free = person(&mut connection, "free@example.org", Tier::Free).await;
    let mut free_jobs = Vec::new();
    for _ in 0..4 {
        free_jobs.push(job(&mut connection, free).await);
    }
    drop(connection);
    let needed = MilliCredits::credits(10);
    let denied = put(&db, poor_job, start(Tier::Plus), NOW).await;
    assert_eq!(denied, Put::Denied(QuotaDenial::Credits { needed }));
    for &job in &free_jobs[..3] {
        assert!(matches!(put(&db, job, start(Tier::Free), NOW).await, Put::Taken { .. }));
    }
    let denied = put(&db, free_jobs[3], start(Tier::Free), NOW).await;
    assert_eq!(denied, Put::Denied(QuotaDenial::DailyJobs { limit: 3 }));
    let tomorrow = NOW + Duration::days(1);
    assert!(matches!(put(&db, free_jobs[3], start(Tier::Free), tomorrow).await, Put::Taken { .. }));
}

#[tokio::test]
async fn a_job_that_is_cancelled_before_the_checkpoint_is_not_charged() {
    let db = database().await.unwrap();
    let mut connection = db.pool().acquire().await.unwrap();
    let user = person(&mut connection, "a@example.org", Tier::Pro).await;
    grant(&mut connection, user, 50).await;
    let job = job(&mut connection, user).await;
    drop(connection);
    put(&db, job, start(Tier::Pro), NOW).await;
    assert_eq!(balances(&db, user).await, [40_000, 10_000, 0]);
    put(&db, job, Event::Decision(Decision::Cancel), NOW).await;
    assert_eq!(balances(&db, user).await, [50_000, 0, 0]);
    put(&db, job, Event::Signal(Signal::KillSwitch), NOW).await;
    let (class, billable): (String, bool) =
        sqlx::query_as("SELECT failure_class, billable FROM round_settlements WHERE job_id = $1")
            .bind(job)
            .fetch_one(&mut *db.pool().acquire().await.unwrap())
            .await
            .unwrap();
    assert_eq!((class.as_str(), billable), ("USER_CANCELLED", false));
}

#[tokio::test]
async fn for_the_last_place_of_the_day_exactly_one_of_many_wins() {
    let db = database().await.unwrap();
    let mut connection = db.pool().acquire().await.unwrap();
    let user = person(&mut connection, "a@example.org", Tier::Free).await;
    let limits = QuotaLimits { jobs_a_day: 1, credits_to_start: None };
    let mut jobs = Vec::new();
    for _ in 0..40 {
        jobs.push(job(&mut connection, user).await);
    }
    drop(connection);
    let reserve = async |job: Uuid| {
        let mut transaction = db.begin().await.unwrap();
        let won = quota::reserve(&mut transaction, Round { user, job, round: 1 }, &limits, NOW).await.unwrap().is_ok();
        transaction.commit().await.unwrap();
        won
    };
    let won = futures_util::future::join_all(jobs.into_iter().map(reserve)).await;
    assert_eq!(won.into_iter().filter(|won| *won).count(), 1);
}
