use std::time::Duration;

use iama_store::testing::{TestDatabase, database};
use iama_store::{Connection, Database, PoolSize, Settings};
use sqlx::Executor as _;
use tokio::time::timeout;

async fn of(database: &TestDatabase, size: PoolSize) -> Database {
    let settings = Settings { pool: size, ..Settings::new(database.url(), "iama-pool") };
    Database::connect(&settings).await.unwrap()
}

async fn one(database: &TestDatabase) -> Database {
    of(database, PoolSize { max_connections: 1, ..PoolSize::default() }).await
}

async fn backend(connection: &mut Connection) -> i32 {
    sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(connection).await.unwrap()
}

async fn kill(database: &TestDatabase, backend: i32) {
    let mut other = database.direct().await.unwrap();
    sqlx::query("SELECT pg_terminate_backend($1)").bind(backend).execute(&mut other).await.unwrap();
}

#[tokio::test]
async fn a_transaction_that_is_dropped_lets_go_of_its_locks_at_once() {
    let database = database().await.unwrap();
    database.pool().acquire().await.unwrap().execute("CREATE TABLE held (number int)").await.unwrap();
    let mut begun = database.begin().await.unwrap();
    begun.execute("INSERT INTO held VALUES (1)").await.unwrap();
    begun.execute("LOCK TABLE held IN ACCESS EXCLUSIVE MODE").await.unwrap();
    drop(begun);
    // On a connection of its own: nobody uses that of the transaction again.
    let mut other = database.direct().await.unwrap();
    let count = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM held").fetch_one(&mut other);
    assert_eq!(timeout(Duration::from_secs(3), count).await.expect("the lock is still held").unwrap(), 0);
}

#[tokio::test]
async fn what_was_begun_and_left_is_not_part_of_what_comes_next() {
    let database = database().await.unwrap();
    let pool = one(&database).await;
    pool.pool().acquire().await.unwrap().execute("CREATE TABLE kept (number int)").await.unwrap();
    let mut begun = pool.begin().await.unwrap();
    begun.execute("INSERT INTO kept VALUES (1)").await.unwrap();
    // A statement that fails leaves the transaction unusable, and the connection is used again.
    begun.execute("SELECT 1 / 0").await.unwrap_err();
    drop(begun);
    let mut next = pool.begin().await.unwrap();
    next.execute("INSERT INTO kept VALUES (2)").await.unwrap();
    next.commit().await.unwrap();
    let mut undone = pool.begin().await.unwrap();
    undone.execute("INSERT INTO kept VALUES (3)").await.unwrap();
    undone.rollback().await.unwrap();
    let mut connection = pool.pool().acquire().await.unwrap();
    let kept: Vec<i32> = sqlx::query_scalar("SELECT number FROM kept").fetch_all(&mut *connection).await.unwrap();
    assert_eq!(kept, [2]);
}

#[tokio::test]
async fn who_gives_up_in_the_middle_of_a_statement_leaves_a_connection_that_works() {
    let database = database().await.unwrap();
    let pool = one(&database).await;
    let mut connection = pool.pool().acquire().await.unwrap();
    let first = backend(&mut connection).await;
    let slow = sqlx::query("SELECT pg_sleep(0.5), 7").execute(&mut *connection);
    assert!(timeout(Duration::from_millis(50), slow).await.is_err(), "it was not slow");
    drop(connection);
    let mut connection = pool.pool().acquire().await.unwrap();
    let number: i32 = sqlx::query_scalar("SELECT 8").fetch_one(&mut *connection).await.unwrap();
    assert_eq!((number, backend(&mut connection).await), (8, first));
}

#[tokio::test]
async fn nobody_waits_for_a_statement_that_another_gave_up_or_hears_of_its_failure() {
    let database = database().await.unwrap();
    let pool = of(&database, PoolSize { max_connections: 2, ..PoolSize::default() }).await;
    let (mut first, mut second) = (pool.pool().acquire().await.unwrap(), pool.pool().acquire().await.unwrap());
    let free = backend(&mut second).await;
    drop(second);
    let fails = sqlx::query("SELECT pg_sleep(0.5), 1 / (random() * 0)::int").execute(&mut *first);
    assert!(timeout(Duration::from_millis(50), fails).await.is_err(), "it was not slow");
    drop(first);
    let at_once = async { backend(&mut pool.pool().acquire().await.unwrap()).await };
    assert_eq!(timeout(Duration::from_millis(300), at_once).await.expect("it waits for another's statement"), free);
    let (mut first, mut second) = (pool.pool().acquire().await.unwrap(), pool.pool().acquire().await.unwrap());
    assert_ne!(backend(&mut first).await, backend(&mut second).await);
}

#[tokio::test]
async fn a_connection_that_broke_is_replaced() {
    let database = database().await.unwrap();
    let pool = one(&database).await;
    let mut connection = pool.pool().acquire().await.unwrap();
    let first = backend(&mut connection).await;
    drop(connection);
    kill(&database, first).await;
    // Longer than a connection is trusted without being asked.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let mut connection = pool.pool().acquire().await.unwrap();
    assert_ne!(backend(&mut connection).await, first);
    assert_eq!(pool.pool().size(), (1, 0));
}

#[tokio::test]
async fn a_transaction_whose_connection_broke_costs_the_pool_nothing() {
    let database = database().await.unwrap();
    let pool = one(&database).await;
    let mut begun = pool.begin().await.unwrap();
    let first = backend(&mut begun).await;
    kill(&database, first).await;
    begun.execute("SELECT 1").await.unwrap_err();
    drop(begun);
    let mut next = pool.begin().await.unwrap();
    assert_ne!(backend(&mut next).await, first);
    next.commit().await.unwrap();
}

#[tokio::test]
async fn who_finds_none_free_is_told_in_time() {
    let database = database().await.unwrap();
    let size = PoolSize { max_connections: 1, acquire: Duration::from_millis(200), ..PoolSize::default() };
    let pool = of(&database, size).await;
    let held = pool.pool().acquire().await.unwrap();
    let error = iama_store::StoreError::from(pool.pool().acquire().await.unwrap_err());
    assert!(error.is_unavailable(), "{error}");
    drop(held);
    pool.ping().await.unwrap();
}

#[tokio::test]
async fn what_nobody_uses_is_closed() {
    let database = database().await.unwrap();
    let pool = of(&database, PoolSize { idle: Duration::from_millis(200), ..PoolSize::default() }).await;
    let (first, second) = (pool.pool().acquire().await.unwrap(), pool.pool().acquire().await.unwrap());
    assert_eq!(pool.pool().size(), (2, 0));
    drop(first);
    let gone = async {
        while pool.pool().size() != (1, 0) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(5), gone).await.expect("it is still open");
    drop(second);
}

#[tokio::test]
async fn closing_waits_for_what_is_used() {
    let database = database().await.unwrap();
    let pool = one(&database).await;
    let used = pool.pool().acquire().await.unwrap();
    assert!(timeout(Duration::from_millis(100), pool.close()).await.is_err(), "it did not wait");
    drop(used);
    timeout(Duration::from_secs(3), pool.close()).await.expect("it waits for nothing");
    pool.pool().acquire().await.unwrap_err();
}
