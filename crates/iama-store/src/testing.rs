//! A database of its own for each test, cloned from one that was migrated once.
//!
//! The server is the one that `IAMA_TEST_DATABASE_URL` names, which any number of test processes share; without it, each
//! process starts a server of its own, which goes with the process. Databases are dropped at the end of their tests; those
//! of tests that were killed are known by having no connection, and dropped by a later test.

mod pgbouncer;

use std::ops::Deref;
use std::str::FromStr as _;
use std::sync::OnceLock;

use iama_postgres::{DATABASE, Folders, Programs, Server};
use sha2::{Digest as _, Sha256};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;

use crate::migrations::{MIGRATIONS, write_timeouts};
use crate::{Database, Error, PoolSize, Settings};

pub use pgbouncer::{Pooled, SERVER_CONNECTIONS};

/// Held shared from the making of a database until it has its first connection, and alone by whoever sweeps.
const MAKING: i64 = 0x6961_6d61_0001;
/// Held by whoever makes the template.
const TEMPLATE: i64 = 0x6961_6d61_0002;

/// A migrated database that is dropped with this value.
pub struct TestDatabase {
    database: Database,
    name: String,
    server: PgConnectOptions,
    /// Shows that the database is in use, whatever its pool does.
    _presence: PgConnection,
}

impl Deref for TestDatabase {
    type Target = Database;

    fn deref(&self) -> &Database {
        &self.database
    }
}

impl TestDatabase {
    /// The URL of the database, without any pooler.
    pub fn url(&self) -> String {
        url(&self.server, &self.name)
    }

    /// Its name on the server.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Settings that lead to it.
    pub fn settings(&self) -> Settings {
        settings(self.url())
    }
}

impl Drop for TestDatabase {
    /// On a thread of its own, since the test's runtime cannot be waited for from within.
    fn drop(&mut self) {
        let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let server = self.server.clone();
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async move {
                let mut connection = server.connect().await?;
                sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await
            })
        });
        if !matches!(dropped.join(), Ok(Ok(_))) {
            eprintln!("the database {} could not be dropped", self.name);
        }
    }
}

/// A migrated database for one test.
pub async fn database() -> Result<TestDatabase, Error> {
    clone_of(true).await
}

/// A database for one test to which no migration has been applied.
pub async fn empty_database() -> Result<TestDatabase, Error> {
    clone_of(false).await
}

async fn clone_of(migrated: bool) -> Result<TestDatabase, Error> {
    let server = server().await?;
    let mut connection = server.connect().await?;
    sweep(&mut connection).await?;
    let template = if migrated { ensure_template(&server, &mut connection).await? } else { "template0".to_owned() };
    let name = format!("iama_test_{}", unique(&mut connection).await?);
    sqlx::query("SELECT pg_advisory_lock_shared($1)").bind(MAKING).execute(&mut connection).await?;
    execute(&mut connection, format!("CREATE DATABASE {name} TEMPLATE {template}")).await?;
    let settings = settings(url(&server, &name));
    let mut presence = server.clone().database(&name).connect().await?;
    if migrated {
        write_timeouts(&mut presence, settings.timeouts).await?;
    }
    let database = Database::connect(&settings).await?;
    connection.close().await?;
    Ok(TestDatabase { database, name, server, _presence: presence })
}

/// The template of these migrations, made by whoever comes first. It gets its name when it is whole, and those of other
/// migrations go.
async fn ensure_template(server: &PgConnectOptions, connection: &mut PgConnection) -> Result<String, Error> {
    let hash = MIGRATIONS.iter().fold(Sha256::new(), |hash, migration| hash.chain_update(&migration.checksum));
    let name = format!("iama_template_{}", &hex::encode(hash.finalize())[..16]);
    if exists(connection, &name).await? {
        return Ok(name);
    }
    sqlx::query("SELECT pg_advisory_lock($1)").bind(TEMPLATE).execute(&mut *connection).await?;
    if !exists(connection, &name).await? {
        for old in named(connection, "iama_template_%").await? {
            let _ = execute(connection, format!("ALTER DATABASE {old} IS_TEMPLATE false")).await;
            let _ = execute(connection, format!("DROP DATABASE IF EXISTS {old}")).await;
        }
        let half = format!("{name}_half");
        execute(connection, format!("CREATE DATABASE {half} TEMPLATE template0")).await?;
        let database = Database::connect(&settings(url(server, &half))).await?;
        database.migrate().await?;
        database.close().await;
        execute(connection, format!("ALTER DATABASE {half} ALLOW_CONNECTIONS false IS_TEMPLATE true")).await?;
        execute(connection, format!("ALTER DATABASE {half} RENAME TO {name}")).await?;
    }
    sqlx::query("SELECT pg_advisory_unlock($1)").bind(TEMPLATE).execute(&mut *connection).await?;
    Ok(name)
}

/// Drops the databases of tests that were killed.
async fn sweep(connection: &mut PgConnection) -> Result<(), Error> {
    let lock = sqlx::query_scalar::<_, bool>("SELECT pg_try_advisory_lock($1)").bind(MAKING);
    if !lock.fetch_one(&mut *connection).await? {
        return Ok(());
    }
    for name in named(connection, "iama_test_%").await? {
        let _ = execute(connection, format!("DROP DATABASE IF EXISTS {name}")).await;
    }
    sqlx::query("SELECT pg_advisory_unlock($1)").bind(MAKING).execute(&mut *connection).await?;
    Ok(())
}

/// Databases to which nobody is connected.
async fn named(connection: &mut PgConnection, pattern: &str) -> Result<Vec<String>, Error> {
    let names = sqlx::query_scalar(
        "SELECT datname::text FROM pg_database AS d WHERE datname LIKE $1
         AND NOT EXISTS (SELECT FROM pg_stat_activity AS a WHERE a.datid = d.oid)",
    );
    Ok(names.bind(pattern).fetch_all(connection).await?)
}

async fn exists(connection: &mut PgConnection, name: &str) -> Result<bool, Error> {
    let exists = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)");
    Ok(exists.bind(name).fetch_one(connection).await?)
}

/// A name that no other test of this server has.
async fn unique(connection: &mut PgConnection) -> Result<String, Error> {
    Ok(sqlx::query_scalar("SELECT replace(gen_random_uuid()::text, '-', '')").fetch_one(connection).await?)
}

/// Statements about databases take no parameters; every name in them is made here.
async fn execute(connection: &mut PgConnection, statement: String) -> Result<(), Error> {
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(connection).await?;
    Ok(())
}

fn settings(url: String) -> Settings {
    Settings { pool: PoolSize { max_connections: 10, ..PoolSize::default() }, ..Settings::new(url, "iama-test") }
}

fn url(server: &PgConnectOptions, database: &str) -> String {
    server.clone().database(database).to_url_lossy().to_string()
}

/// How to connect to the server of the tests.
async fn server() -> Result<PgConnectOptions, Error> {
    static URL: OnceCell<String> = OnceCell::const_new();
    let url = URL.get_or_try_init(async || match variable("IAMA_TEST_DATABASE_URL") {
        Some(url) => Ok(url),
        None => match spawn_blocking(own_server).await {
            Ok(url) => url,
            Err(ended) => std::panic::resume_unwind(ended.into_panic()),
        },
    });
    let url = url.await?;
    PgConnectOptions::from_str(url).map_err(|source| Error::Url { name: "IAMA_TEST_DATABASE_URL", source })
}

/// It lives as long as the process, and its guard removes it afterwards.
fn own_server() -> Result<String, Error> {
    static SERVER: OnceLock<Server> = OnceLock::new();
    let (home, path) = surroundings();
    let programs = Programs::find(&Folders::usual(home.as_ref()).cache, path.as_ref())?;
    let server = Server::temporary(&programs)?;
    Ok(SERVER.get_or_init(|| server).url(DATABASE))
}

fn surroundings() -> (String, String) {
    (variable("HOME").unwrap_or_default(), variable("PATH").unwrap_or_default())
}

#[expect(clippy::disallowed_methods, reason = "tests have no other configuration than their environment")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
