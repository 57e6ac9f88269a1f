//! The pool of connections. It is not sqlx's own, which asks the server a question whenever a connection comes back, and so as often
//! as most requests ask one themselves.

use std::fmt;
use std::io::ErrorKind;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::{self, Metrics, Object, PoolError, QueueMode, RecycleError, RecycleResult, WeakPool};
use futures_util::FutureExt as _;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection};
use tokio::runtime::Handle;
use tokio::time::Instant;

use crate::database::PoolSize;

/// A connection that the server answered on so shortly ago is not tried before it is used again.
const TRUSTED: Duration = Duration::from_secs(1);

/// How long to wait before a connection is tried that the server refused; then twice as long, and so on.
const FIRST_WAIT: Duration = Duration::from_millis(20);

/// Connections to the database. A clone is the same pool.
#[derive(Clone)]
pub struct Pool(managed::Pool<Links, PooledConnection>);

/// Its options hold passwords.
impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("status", &self.0.status()).finish_non_exhaustive()
    }
}

impl Pool {
    /// A pool that opens its connections when they are needed, and closes those that are not needed any more.
    pub(crate) fn new(options: PgConnectOptions, size: PoolSize) -> Result<Self, sqlx::Error> {
        let pool = managed::Pool::builder(Links { options, lifetime: size.lifetime })
            .max_size(size.max_connections.try_into().unwrap_or(usize::MAX))
            .queue_mode(QueueMode::Lifo)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(size.acquire))
            .create_timeout(Some(size.acquire))
            .recycle_timeout(Some(size.acquire))
            .build()
            .map_err(|error| sqlx::Error::Configuration(error.into()))?;
        tokio::spawn(close_idle(pool.weak(), size.idle));
        Ok(Self(pool))
    }

    /// A connection.
    ///
    /// # Errors
    ///
    /// When none comes free in time, or the server cannot be reached.
    pub async fn acquire(&self) -> Result<PooledConnection, sqlx::Error> {
        self.0.get().await.map_err(|error| match error {
            PoolError::Timeout(_) => sqlx::Error::PoolTimedOut,
            PoolError::Backend(error) => error,
            PoolError::Closed => sqlx::Error::PoolClosed,
            error => sqlx::Error::Configuration(error.into()),
        })
    }

    /// How many connections are open, and how many of them nobody uses.
    pub fn size(&self) -> (usize, usize) {
        let status = self.0.status();
        (status.size, status.available.min(status.size))
    }

    /// Gives out no more connections, and waits until those that are used have come back.
    pub(crate) async fn close(&self) {
        let idle = self.0.retain(|_, _| false).removed;
        self.0.close();
        for link in idle {
            link.close().await;
        }
        while self.0.status().size > 0 {
            tokio::time::sleep(FIRST_WAIT).await;
        }
    }
}

/// Closes what nobody has used for so long, as long as there is a pool.
async fn close_idle(pool: WeakPool<Links>, idle: Duration) {
    loop {
        tokio::time::sleep(idle / 4).await;
        let Some(pool) = pool.upgrade() else { break };
        for link in pool.retain(|_, metrics| metrics.last_used() < idle).removed {
            link.close().await;
        }
    }
}

/// A connection to the server.
struct Link {
    connection: PgConnection,
    /// When it was last sure that the server answers on it.
    answered: Instant,
}

impl Link {
    async fn close(self) {
        if let Err(error) = self.connection.close().await {
            tracing::debug!(%error, "a connection to the database was broken when it was closed");
        }
    }
}

/// How connections are made and kept.
struct Links {
    options: PgConnectOptions,
    lifetime: Duration,
}

impl managed::Manager for Links {
    type Type = Link;
    type Error = sqlx::Error;

    /// A server that is starting refuses connections: they are tried until there is one, or the time is up.
    async fn create(&self) -> Result<Link, sqlx::Error> {
        let mut wait = FIRST_WAIT;
        loop {
            // It is large, rare, and would lie in every future that may have to connect.
            match Box::pin(self.options.connect()).await {
                Ok(connection) => return Ok(Link { connection, answered: Instant::now() }),
                Err(error) if is_starting(&error) => {}
                Err(error) => return Err(error),
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(TRUSTED);
        }
    }

    async fn recycle(&self, link: &mut Link, metrics: &Metrics) -> RecycleResult<sqlx::Error> {
        if metrics.age() > self.lifetime {
            return Err(RecycleError::message("it is too old"));
        }
        if link.answered.elapsed() > TRUSTED {
            link.connection.ping().await?;
            link.answered = Instant::now();
        }
        Ok(())
    }
}

fn is_starting(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => matches!(
            error.kind(),
            ErrorKind::ConnectionRefused | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset
        ),
        // The server starts or stops.
        sqlx::Error::Database(error) => error.code().is_some_and(|code| code == "57P03"),
        _ => false,
    }
}

/// A connection of the pool; it goes back there.
pub struct PooledConnection {
    /// Gone only when it goes back.
    link: Option<Object<Links>>,
    in_transaction: bool,
}

impl fmt::Debug for PooledConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PooledConnection").field("in_transaction", &self.in_transaction).finish_non_exhaustive()
    }
}

impl From<Object<Links>> for PooledConnection {
    fn from(link: Object<Links>) -> Self {
        Self { link: Some(link), in_transaction: false }
    }
}

#[expect(clippy::expect_used, reason = "only dropping takes it out")]
impl Deref for PooledConnection {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.link.as_ref().expect("a connection that is used").connection
    }
}

#[expect(clippy::expect_used, reason = "only dropping takes it out")]
impl DerefMut for PooledConnection {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.link.as_mut().expect("a connection that is used").connection
    }
}

impl Drop for PooledConnection {
    fn drop(&mut self) {
        let Some(mut link) = self.link.take() else { return };
        if !self.in_transaction {
            // Nearly always the server has said everything. It has not when somebody gave up in the middle of a statement.
            match link.connection.flush().now_or_never() {
                Some(Ok(())) => return,
                Some(Err(_)) => return drop(Object::take(link)),
                None => {}
            }
        }
        // Its locks are let go now, not when somebody uses it again, who is to wait for nothing that another has begun.
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(settle(link, self.in_transaction))),
            Err(_) => drop(Object::take(link)),
        }
    }
}

/// Gives a connection back when nothing on it is open any more.
async fn settle(mut link: Object<Links>, in_transaction: bool) {
    let settled = match link.connection.flush().await {
        Ok(()) if in_transaction => link.connection.execute("ROLLBACK").await.map(drop),
        settled => settled,
    };
    if let Err(error) = settled {
        tracing::debug!(%error, "a connection to the database is closed: what was left open on it has failed");
        drop(Object::take(link));
    }
}

/// A transaction; it is rolled back when it is dropped.
#[derive(Debug)]
pub struct Transaction(PooledConnection);

impl Transaction {
    pub(crate) async fn begin(pool: &Pool) -> Result<Self, sqlx::Error> {
        let mut pooled = pool.acquire().await?;
        pooled.in_transaction = true;
        pooled.execute("BEGIN").await?;
        Ok(Self(pooled))
    }

    /// Makes everything in it last.
    ///
    /// # Errors
    ///
    /// When the database refuses, or does not answer: in the latter case nobody knows.
    pub async fn commit(mut self) -> Result<(), sqlx::Error> {
        self.0.execute("COMMIT").await?;
        self.0.in_transaction = false;
        Ok(())
    }

    /// Undoes everything in it, now.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn rollback(mut self) -> Result<(), sqlx::Error> {
        self.0.execute("ROLLBACK").await?;
        self.0.in_transaction = false;
        Ok(())
    }
}

impl Deref for Transaction {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.0
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.0
    }
}
