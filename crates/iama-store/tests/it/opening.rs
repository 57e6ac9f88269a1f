use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use iama_store::embedded::Folders;
use iama_store::{PoolSize, Source, Timeouts, open};

fn named(url: &str) -> Source {
    Source::Named { url: url.to_owned(), direct_url: None }
}

async fn code(source: Source) -> &'static str {
    let refused = open(source, "iama-test", PoolSize::default(), Timeouts::default()).await.err().unwrap();
    assert!(!refused.hint().is_empty());
    refused.code()
}

#[tokio::test]
async fn a_server_of_ones_own_is_started_migrated_and_found_again() {
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let folders = Folders { data: folder.path().join("data"), ..usual() };
    for expected in [0, 1] {
        let source = Source::Own { folders: folders.clone(), path: path() };
        let opened = open(source, "iama-test", PoolSize::default(), Timeouts::default()).await.unwrap();
        opened.database.migrate().await.unwrap();
        let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM audit_events")
            .fetch_one(&mut *opened.database.pool().acquire().await.unwrap())
            .await
            .unwrap();
        assert_eq!(rows, expected);
        sqlx::query("INSERT INTO audit_events (id, actor, action, created_at) VALUES (gen_random_uuid(), 'SYSTEM', 'NOTED', now())").execute(&mut *opened.database.pool().acquire().await.unwrap()).await.ok();
        opened.database.close().await;
        opened.server.unwrap().stop().unwrap();
    }
}

#[tokio::test]
async fn a_named_database_that_is_not_there_is_not_replaced_by_another() {
    assert_eq!(code(named("postgres://nobody@127.0.0.1:1/none")).await, "DATABASE_UNREACHABLE");
    assert_eq!(code(named("mysql:/none")).await, "DATABASE_URL_INVALID");
}

#[expect(clippy::disallowed_methods, reason = "tests have no other configuration than their environment")]
fn usual() -> Folders {
    Folders::usual(std::env::var("HOME").unwrap().as_ref())
}

#[expect(clippy::disallowed_methods, reason = "tests have no other configuration than their environment")]
fn path() -> std::ffi::OsString {
    std::env::var_os("PATH").unwrap_or_default()
}
