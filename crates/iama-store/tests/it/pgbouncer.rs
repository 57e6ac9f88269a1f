use std::time::Duration;

use iama_store::Database;
use iama_store::testing::{Pooled, SERVER_CONNECTIONS, TestDatabase, database};
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::time::timeout;

/// Far more than PgBouncer has to the server.
const CLIENTS: u32 = 40;

async fn pooled() -> Option<(TestDatabase, Pooled)> {
    let database = database().await.unwrap();
    let pooled = database.through_pgbouncer(CLIENTS).await.unwrap();
    if pooled.is_none() {
        eprintln!("not run: there is no PgBouncer of 1.21 or newer (cargo xtask setup builds one)");
    }
    Some((database, pooled?))
}

/// Runs the same work from every client at once.
async fn from_every_client<Work, Done>(pooled: &Pooled, work: Work) -> Vec<Done::Output>
where
    Work: Fn(u32, Database) -> Done,
    Done: Future<Output: Send + 'static> + Send + 'static,
{
    let tasks: Vec<_> = (0..CLIENTS).map(|client| tokio::spawn(work(client, Database::clone(pooled)))).collect();
    let mut done = Vec::new();
    for task in tasks {
        done.push(task.await.unwrap());
    }
    done
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prepared_statements_work_from_more_clients_than_the_server_sees() {
    let Some((_database, pooled)) = pooled().await else { return };
    let answers = from_every_client(&pooled, async |client, database: Database| {
        let mut connection = database.pool().acquire().await.unwrap();
        let mut answers = 0;
        for round in 0..25_i32 {
            let number = i32::try_from(client).unwrap() * 100 + round;
            let sum: i32 =
                sqlx::query_scalar("SELECT $1::int + 1").bind(number).fetch_one(&mut *connection).await.unwrap();
            assert_eq!(sum, number + 1);
            let text: String =
                sqlx::query_scalar("SELECT $1::int::text").bind(number).fetch_one(&mut *connection).await.unwrap();
            assert_eq!(text, number.to_string());
            answers += 2;
        }
        answers
    })
    .await;
    assert_eq!(answers, vec![50; CLIENTS as usize]);
    let mut direct = pooled.direct().await.unwrap();
    let servers: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
         AND query LIKE 'SELECT $1::int%'",
    )
    .fetch_one(&mut direct)
    .await
    .unwrap();
    assert!((1..=i64::from(SERVER_CONNECTIONS)).contains(&servers), "{servers} connections of the server");
    // Each connection of the server knows what was prepared on it alone: a transaction stays on one.
    let mut transaction = pooled.begin().await.unwrap();
    let _: i32 = sqlx::query_scalar("SELECT $1::int + 1").bind(1).fetch_one(&mut *transaction).await.unwrap();
    let prepared: i64 =
        sqlx::query_scalar("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'SELECT $1::int%'")
            .fetch_one(&mut *transaction)
            .await
            .unwrap();
    assert!(prepared >= 1, "the server prepares nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_of_a_transaction_lets_one_in_at_a_time() {
    let Some((_database, pooled)) = pooled().await else { return };
    sqlx::query("CREATE TABLE counted (number int NOT NULL)")
        .execute(&mut *pooled.pool().acquire().await.unwrap())
        .await
        .unwrap();
    sqlx::query("INSERT INTO counted VALUES (0)").execute(&mut *pooled.pool().acquire().await.unwrap()).await.unwrap();
    // Read, then write what was read plus one: without the lock, counts are lost.
    from_every_client(&pooled, async |_, database: Database| {
        for _ in 0..5 {
            let mut transaction = database.begin().await.unwrap();
            sqlx::query("SELECT pg_advisory_xact_lock(7)").execute(&mut *transaction).await.unwrap();
            let number: i32 =
                sqlx::query_scalar("SELECT number FROM counted").fetch_one(&mut *transaction).await.unwrap();
            tokio::task::yield_now().await;
            sqlx::query("UPDATE counted SET number = $1").bind(number + 1).execute(&mut *transaction).await.unwrap();
            transaction.commit().await.unwrap();
        }
    })
    .await;
    let number: i32 = sqlx::query_scalar("SELECT number FROM counted")
        .fetch_one(&mut *pooled.pool().acquire().await.unwrap())
        .await
        .unwrap();
    assert_eq!(number, 5 * i32::try_from(CLIENTS).unwrap());
}

#[tokio::test]
async fn what_is_notified_is_heard_on_a_direct_connection_only() {
    let Some((_database, pooled)) = pooled().await else { return };
    let mut direct = pooled.listener().await.unwrap();
    direct.listen("jobs").await.unwrap();
    let through: PgConnectOptions = pooled.url.parse().unwrap();
    let one = PgPoolOptions::new().max_connections(1).connect_with(through.extra_float_digits(None)).await;
    let mut deaf = PgListener::connect_with(&one.unwrap()).await.unwrap();
    deaf.listen("jobs").await.unwrap();
    // Said past the pooler: through it, the answer to LISTEN may reach whoever has the server's connection at the moment.
    let mut speaker = pooled.direct().await.unwrap();
    sqlx::query("SELECT pg_notify('jobs', 'said')").execute(&mut speaker).await.unwrap();
    assert_eq!(direct.recv().await.unwrap().payload(), "said");
    assert!(timeout(Duration::from_millis(300), deaf.recv()).await.is_err(), "then LISTEN needs no direct connection");
}

#[tokio::test]
async fn the_time_outs_hold_behind_it() {
    let Some((_database, pooled)) = pooled().await else { return };
    let shown: String = sqlx::query_scalar("SELECT current_setting('statement_timeout')")
        .fetch_one(&mut *pooled.pool().acquire().await.unwrap())
        .await
        .unwrap();
    assert_eq!(shown, "15s");
}

#[tokio::test]
async fn it_migrates_past_the_pooler() {
    let database = iama_store::testing::empty_database().await.unwrap();
    let Some(pooled) = database.through_pgbouncer(2).await.unwrap() else {
        eprintln!("not run: there is no PgBouncer of 1.21 or newer (cargo xtask setup builds one)");
        return;
    };
    pooled.migrate().await.unwrap();
    pooled.is_current().await.unwrap();
}
