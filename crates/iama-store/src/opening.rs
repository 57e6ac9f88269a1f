//! Which database is taken: the one that is named, else a server of one's own.

use std::ffi::OsString;

use iama_postgres::{DATABASE, Durability, Folders, Programs, Server};
use tokio::task::spawn_blocking;

use crate::{Database, Error, PoolSize, Settings, Timeouts};

/// Where a database may come from.
#[derive(Clone)]
pub enum Source {
    /// `DATABASE_URL`, and `DIRECT_DATABASE_URL` where a pooler stands before the first.
    Named {
        /// For the pool.
        url: String,
        /// Past the pooler.
        direct_url: Option<String>,
    },
    /// A server of one's own: the PostgreSQL that the binary carries, else one of this machine.
    Own {
        /// The data folder and the folder that programs are unpacked to.
        folders: Folders,
        /// The variable `PATH`, to look for PostgreSQL on the machine.
        path: OsString,
    },
}

/// A database that is ready for work, and the server behind it when it is one's own.
pub struct Opened {
    /// The database.
    pub database: Database,
    /// Stop it after the database is closed; when it is dropped, it is stopped, too.
    pub server: Option<Server>,
}

/// Starts the server if need be, and connects. The database may still need [`Database::migrate`].
pub async fn open(source: Source, application_name: &str, pool: PoolSize, timeouts: Timeouts) -> Result<Opened, Error> {
    let (url, direct_url, server) = match source {
        Source::Named { url, direct_url } => (url, direct_url, None),
        Source::Own { folders, path } => {
            let server = own(folders, path).await?;
            (server.url(DATABASE), None, Some(server))
        }
    };
    let settings = Settings { url, direct_url, application_name: application_name.to_owned(), pool, timeouts };
    let database = Database::connect(&settings).await?;
    Ok(Opened { database, server })
}

/// Unpacking and starting are waits of the blocking kind.
async fn own(folders: Folders, path: OsString) -> Result<Server, Error> {
    let started = spawn_blocking(move || {
        let programs = Programs::find(&folders.cache, &path)?;
        Server::start(&programs, &folders.data, Durability::Full)
    });
    match started.await {
        Ok(server) => Ok(server?),
        Err(ended) => std::panic::resume_unwind(ended.into_panic()),
    }
}
