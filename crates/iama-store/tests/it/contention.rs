//! Many who want the same last place, through a real PgBouncer in transaction mode.

use iama_job::policy::tiers::QuotaLimits;
use iama_job::{MilliCredits, Tier};
use iama_store::credits::{self, Account, Kind, Transfer};
use iama_store::quota::{self, Round};
use iama_store::testing::{Pooled, TestDatabase, database};
use uuid::Uuid;

use crate::support::{NOW, job, person};

/// How many ask at once.
const MANY: usize = 500;

/// Connections to PgBouncer, which has far fewer to the server.
const CLIENTS: u32 = 100;

/// Somebody with so many jobs that wait, and credits to start one of them.
async fn somebody(db: &TestDatabase, number: u32) -> (Uuid, Vec<Uuid>) {
    let mut connection = db.pool().acquire().await.unwrap();
    let user = person(&mut connection, &format!("{number}@example.org"), Tier::Plus).await;
    let amount = MilliCredits::credits(10);
    let (key, from, to) = (format!("test:{user}"), Account::Granted, Account::Available);
    let transfer = Transfer { kind: Kind::Grant, key: &key, user, job: None, round: None, from, to, amount };
    credits::book(&mut connection, &transfer, NOW).await.unwrap();
    let first = job(&mut connection, user).await;
    let others: Vec<Uuid> = sqlx::query_scalar(
        "INSERT INTO refactor_jobs (id, owner_id, project_id, language_pair, execution_mode, mode, pre_authorised,
             rules_version, snapshot, created_at, updated_at)
         SELECT gen_random_uuid(), owner_id, project_id, language_pair, execution_mode, mode, pre_authorised,
             rules_version, snapshot, created_at, updated_at
         FROM refactor_jobs, generate_series(2, $2) WHERE id = $1 RETURNING id",
    )
    .bind(first)
    .bind(i32::try_from(MANY).unwrap())
    .fetch_all(&mut *connection)
    .await
    .unwrap();
    (user, others.into_iter().chain([first]).collect())
}

/// How many of all that ask at once get a place.
async fn winners(pooled: &Pooled, user: Uuid, jobs: Vec<Uuid>, limits: QuotaLimits) -> usize {
    let asked = jobs.into_iter().map(async |job| {
        let mut transaction = pooled.begin().await.unwrap();
        let won = quota::reserve(&mut transaction, Round { user, job, round: 1 }, &limits, NOW).await.unwrap().is_ok();
        transaction.commit().await.unwrap();
        won
    });
    let won = futures_util::future::join_all(asked).await;
    assert_eq!(won.len(), MANY);
    won.into_iter().filter(|won| *won).count()
}

/// By turns, the day's last place and the last credits are wanted.
async fn contend(rounds: u32) {
    let db = database().await.unwrap();
    let Some(pooled) = db.through_pgbouncer(CLIENTS).await.unwrap() else {
        eprintln!("not run: there is no PgBouncer of 1.21 or newer (cargo xtask setup builds one)");
        return;
    };
    let last_of_day = QuotaLimits { jobs_a_day: 1, credits_to_start: None };
    let last_credits = QuotaLimits { jobs_a_day: 1_000, credits_to_start: Some(MilliCredits::credits(10)) };
    for round in 0..rounds {
        let (user, jobs) = somebody(&db, round).await;
        let limits = if round % 2 == 0 { last_of_day } else { last_credits };
        assert_eq!(winners(&pooled, user, jobs, limits).await, 1, "round {round}");
    }
    let mut connection = db.pool().acquire().await.unwrap();
    assert_eq!(credits::audit(&mut connection).await.unwrap(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_five_hundred_at_once_exactly_one_gets_the_last_place() {
    contend(4).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: the same a hundred times"]
async fn of_five_hundred_at_once_exactly_one_gets_the_last_place_a_hundred_times() {
    contend(100).await;
}
