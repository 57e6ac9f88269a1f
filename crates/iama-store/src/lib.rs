//! PostgreSQL: migrations, and one file for each aggregate. Only this room writes SQL.
//!
//! There are two ways to the database. The *pool* goes to `DATABASE_URL`, which may be PgBouncer in transaction mode: between
//! two transactions a connection has no memory, so session settings, session locks, `LISTEN` and temporary tables have no
//! place there. A *direct* connection goes to `DIRECT_DATABASE_URL`; migrations run on it, and `LISTEN` needs it.
//!
//! Where no URL is set, [`open`] starts a server of one's own ([`embedded`]).

mod database;
mod error;
mod migrations;
mod opening;
#[cfg(feature = "testing")]
pub mod testing;

pub use database::{Database, PoolSize, Settings, Timeouts};
pub use error::Error;
pub use iama_postgres as embedded;
pub use opening::{Opened, Source, open};
