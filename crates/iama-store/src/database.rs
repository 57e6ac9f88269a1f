//! The way to the database: a pool, and connections of one's own beside it.

use std::fmt;
use std::str::FromStr as _;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};

use crate::Error;
use crate::pool::{Pool, Transaction};

/// Where the database is and how it is used.
#[derive(Clone)]
pub struct Settings {
    /// The pool's database, as in `DATABASE_URL`; it may be PgBouncer in transaction mode.
    pub url: String,
    /// The same database without a pooler between, as in `DIRECT_DATABASE_URL`; `url` when it is not set.
    pub direct_url: Option<String>,
    /// What the server calls our connections.
    pub application_name: String,
    /// The pool.
    pub pool: PoolSize,
    /// How long things may take.
    pub timeouts: Timeouts,
}

/// How many connections there are and how long they last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolSize {
    /// At most so many.
    pub max_connections: u32,
    /// A request that waits longer for one is refused.
    pub acquire: Duration,
    /// One that nobody used for so long is closed.
    pub idle: Duration,
    /// None lives longer.
    pub lifetime: Duration,
}

/// How long a session may hold things up. [`Database::migrate`] writes them down for the role in the database, since a session
/// setting would not survive a pooler; they hold for sessions that begin later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// One statement.
    pub statement: Duration,
    /// Waiting for a lock.
    pub lock: Duration,
    /// A transaction in which nothing happens.
    pub idle_in_transaction: Duration,
}

impl Settings {
    /// A database with the usual pool and times.
    pub fn new(url: impl Into<String>, application_name: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            direct_url: None,
            application_name: application_name.into(),
            pool: PoolSize::default(),
            timeouts: Timeouts::default(),
        }
    }
}

/// URLs hold passwords, so they are not shown.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("application_name", &self.application_name)
            .field("pool", &self.pool)
            .field("timeouts", &self.timeouts)
            .finish_non_exhaustive()
    }
}

impl Default for PoolSize {
    fn default() -> Self {
        Self {
            max_connections: 20,
            acquire: Duration::from_secs(5),
            idle: Duration::from_mins(10),
            lifetime: Duration::from_mins(30),
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            statement: Duration::from_secs(15),
            lock: Duration::from_secs(5),
            idle_in_transaction: Duration::from_secs(30),
        }
    }
}

/// The database. A clone is the same pool.
#[derive(Clone)]
pub struct Database {
    pool: Pool,
    direct: PgConnectOptions,
    pub(crate) timeouts: Timeouts,
}

/// Its options hold passwords.
impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").field("pool", &self.pool).finish_non_exhaustive()
    }
}

impl Database {
    /// Sees that the server answers and is new enough; the pool opens its connections when they are needed.
    pub async fn connect(settings: &Settings) -> Result<Self, Error> {
        let pooled = options(&settings.url, "DATABASE_URL", settings)?;
        let direct = match &settings.direct_url {
            Some(url) => options(url, "DIRECT_DATABASE_URL", settings)?,
            None => pooled.clone(),
        };
        answers(&pooled, "DATABASE_URL").await?;
        if settings.direct_url.is_some() {
            answers(&direct, "DIRECT_DATABASE_URL").await?;
        }
        let pool = Pool::new(pooled, settings.pool).map_err(|source| Error::Url { name: "DATABASE_URL", source })?;
        Ok(Self { pool, direct, timeouts: settings.timeouts })
    }

    /// The pool, for statements that stand alone.
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// A transaction; it is rolled back when it is dropped.
    pub async fn begin(&self) -> Result<Transaction, Error> {
        Ok(Transaction::begin(&self.pool).await?)
    }

    /// A connection of one's own, past any pooler.
    pub async fn direct(&self) -> Result<PgConnection, Error> {
        let opened = self.direct.connect().await;
        opened.map_err(|source| Error::Unreachable { name: "DIRECT_DATABASE_URL", source })
    }

    /// Hears what is said with `NOTIFY`, on a connection of its own past any pooler, and connects again when that breaks.
    pub async fn listener(&self) -> Result<PgListener, Error> {
        let one = PgPoolOptions::new().max_connections(1).max_lifetime(None).idle_timeout(None);
        Ok(PgListener::connect_with(&one.connect_lazy_with(self.direct.clone())).await?)
    }

    /// Whether the database answers through the pool.
    pub async fn ping(&self) -> Result<(), Error> {
        sqlx::query("SELECT 1").execute(&mut *self.pool.acquire().await?).await?;
        Ok(())
    }

    /// Waits for what is under way and closes the pool.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// PgBouncer would refuse the parameter that says how floating-point numbers are written, and nothing needs it.
fn options(url: &str, name: &'static str, settings: &Settings) -> Result<PgConnectOptions, Error> {
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        return Err(Error::Url { name, source: sqlx::Error::Configuration("the scheme is another".into()) });
    }
    let options = PgConnectOptions::from_str(url).map_err(|source| Error::Url { name, source })?;
    Ok(options.application_name(&settings.application_name).extra_float_digits(None))
}

async fn answers(options: &PgConnectOptions, name: &'static str) -> Result<(), Error> {
    let unreachable = |source| Error::Unreachable { name, source };
    let mut connection = options.connect().await.map_err(unreachable)?;
    let version = sqlx::query_scalar::<_, i32>("SELECT current_setting('server_version_num')::int");
    let version = version.fetch_one(&mut connection).await.map_err(unreachable)?;
    let _ = connection.close().await;
    let found = version / 10_000;
    if u32::try_from(found).is_ok_and(|found| found >= iama_postgres::OLDEST) {
        return Ok(());
    }
    Err(Error::TooOld { found })
}
