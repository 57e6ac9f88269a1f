use iama_store::testing::{database, empty_database};
use iama_store::{Database, Settings};
use sqlx::{Connection as _, Executor as _};

#[tokio::test]
async fn a_test_begins_with_the_migrated_form_and_nothing_in_it() {
    let database = database().await.unwrap();
    database.is_current().await.unwrap();
    let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM audit_events")
        .fetch_one(&mut *database.pool().acquire().await.unwrap())
        .await
        .unwrap();
    assert_eq!(rows, 0);
    sqlx::query(
        "INSERT INTO audit_events (id, actor, action, created_at) VALUES (gen_random_uuid(), 'SYSTEM', 'NOTED', now())",
    )
    .execute(&mut *database.pool().acquire().await.unwrap())
    .await
    .unwrap();
}

#[tokio::test]
async fn two_tests_do_not_see_each_other() {
    let (mine, yours) = (database().await.unwrap(), database().await.unwrap());
    assert_ne!(mine.name(), yours.name());
    sqlx::query(
        "INSERT INTO audit_events (id, actor, action, created_at) VALUES (gen_random_uuid(), 'SYSTEM', 'NOTED', now())",
    )
    .execute(&mut *mine.pool().acquire().await.unwrap())
    .await
    .unwrap();
    let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM audit_events")
        .fetch_one(&mut *yours.pool().acquire().await.unwrap())
        .await
        .unwrap();
    assert_eq!(rows, 0);
}

#[tokio::test]
async fn the_database_goes_with_the_test() {
    let (kept, gone) = (database().await.unwrap(), database().await.unwrap());
    let name = gone.name().to_owned();
    // Also when somebody is still connected.
    let _open = gone.pool().acquire().await.unwrap();
    drop(gone);
    let left: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
        .bind(&name)
        .fetch_one(&mut *kept.pool().acquire().await.unwrap())
        .await
        .unwrap();
    assert!(!left);
}

#[tokio::test]
async fn the_database_of_a_test_that_was_killed_is_swept_by_the_next_one() {
    let first = database().await.unwrap();
    let killed = "iama_test_of_somebody_who_is_no_more";
    first
        .pool()
        .acquire()
        .await
        .unwrap()
        .execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {killed}")))
        .await
        .unwrap();
    // Another test may hold sweeping up for a moment.
    for _ in 0..100 {
        let next = database().await.unwrap();
        let left: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
            .bind(killed)
            .fetch_one(&mut *next.pool().acquire().await.unwrap())
            .await
            .unwrap();
        if !left {
            return;
        }
    }
    panic!("it is still there");
}

#[tokio::test]
async fn many_that_migrate_at_once_do_it_once() {
    let database = empty_database().await.unwrap();
    assert_eq!(database.is_current().await.unwrap_err().code(), "DATABASE_NOT_MIGRATED");
    let processes: Vec<_> = (0..8)
        .map(|_| {
            let settings = database.settings();
            tokio::spawn(async move { Database::connect(&settings).await?.migrate().await })
        })
        .collect();
    for process in processes {
        process.await.unwrap().unwrap();
    }
    database.is_current().await.unwrap();
}

#[tokio::test]
async fn a_database_of_a_newer_build_is_refused_and_left_as_it_is() {
    let database = database().await.unwrap();
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                 VALUES (99999, 'from the future', true, '', 0)";
    database.pool().acquire().await.unwrap().execute(newer).await.unwrap();
    let refused = database.migrate().await.unwrap_err();
    assert_eq!(refused.code(), "DATABASE_NEWER");
    assert!(refused.to_string().contains("99999"), "{refused}");
    assert_eq!(database.is_current().await.unwrap_err().code(), "DATABASE_NEWER");
}

#[tokio::test]
async fn a_database_whose_migration_was_another_one_is_refused() {
    let database = database().await.unwrap();
    database
        .pool()
        .acquire()
        .await
        .unwrap()
        .execute("UPDATE _sqlx_migrations SET checksum = 'other' WHERE version = 1")
        .await
        .unwrap();
    assert_eq!(database.migrate().await.unwrap_err().code(), "DATABASE_MIGRATION_CHANGED");
}

#[tokio::test]
async fn every_later_session_has_the_time_outs_without_asking_for_them() {
    let database = database().await.unwrap();
    let mut plain = sqlx::PgConnection::connect(&database.url()).await.unwrap();
    let shown: Vec<String> = sqlx::query_scalar(
        "SELECT name || ' ' || setting || unit FROM pg_settings
         WHERE name IN ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout') ORDER BY name",
    )
    .fetch_all(&mut plain)
    .await
    .unwrap();
    assert_eq!(
        shown,
        ["idle_in_transaction_session_timeout 30000ms", "lock_timeout 5000ms", "statement_timeout 15000ms"]
    );
}

#[tokio::test]
async fn the_server_knows_who_is_connected() {
    let database = database().await.unwrap();
    let name: String = sqlx::query_scalar("SELECT current_setting('application_name')")
        .fetch_one(&mut *database.pool().acquire().await.unwrap())
        .await
        .unwrap();
    assert_eq!(name, "iama-test");
}

#[tokio::test]
async fn what_is_notified_is_heard_and_a_transaction_that_is_dropped_is_not() {
    let database = database().await.unwrap();
    let mut listener = database.listener().await.unwrap();
    listener.listen("jobs").await.unwrap();
    let mut dropped = database.begin().await.unwrap();
    sqlx::query("SELECT pg_notify('jobs', 'dropped')").execute(&mut *dropped).await.unwrap();
    drop(dropped);
    let mut kept = database.begin().await.unwrap();
    sqlx::query("SELECT pg_notify('jobs', 'kept')").execute(&mut *kept).await.unwrap();
    kept.commit().await.unwrap();
    assert_eq!(listener.recv().await.unwrap().payload(), "kept");
}

#[tokio::test]
async fn passwords_are_in_no_debug_output() {
    let settings = Settings {
        direct_url: Some("postgres://u:hidden@h/d".into()),
        ..Settings::new("postgres://u:hidden@h/d", "x")
    };
    assert!(!format!("{settings:?}").contains("hidden"));
    let database = database().await.unwrap();
    assert!(!format!("{:?}", *database).contains("password"));
}
