//! PostgreSQL: migrations, and one file for each aggregate. Only this room writes SQL.
//!
//! There are two ways to the database. The *pool* goes to `DATABASE_URL`, which may be PgBouncer in transaction mode: between
//! two transactions a connection has no memory, so session settings, session locks, `LISTEN` and temporary tables have no
//! place there. A *direct* connection goes to `DIRECT_DATABASE_URL`; migrations run on it, and `LISTEN` needs it.
//!
//! Where no URL is set, [`open`] starts a server of one's own ([`embedded`]).
//!
//! An aggregate is a file of functions over a connection, with its rows kept private. Whoever calls opens the transaction
//! and hands in the time.

pub mod admins;
pub mod artifacts;
pub mod audit;
pub mod calls;
pub mod chores;
pub mod clients;
pub mod configs;
pub mod credits;
mod database;
pub mod devices;
mod error;
mod failure;
pub mod grants;
pub mod health;
pub mod idempotency;
pub mod identity;
pub mod jobs;
pub mod journal;
pub mod login_codes;
mod migrations;
pub mod oauth_accounts;
pub mod oauth_flows;
mod opening;
mod pool;
pub mod previews;
pub mod quota;
pub mod requests;
pub mod runs;
pub mod sealing;
pub mod sessions;
pub mod specs;
pub mod stream;
pub mod switches;
#[cfg(feature = "testing")]
pub mod testing;
pub mod throttle;
pub mod tiers;
pub mod timers;
pub mod usage;
pub mod users;

pub use database::{Database, PoolSize, Settings, Timeouts};
pub use error::Error;
pub use failure::StoreError;
pub use iama_postgres as embedded;
pub use opening::{Opened, Source, open};
pub use pool::{Pool, PooledConnection, Transaction};
pub use sqlx::PgConnection as Connection;
