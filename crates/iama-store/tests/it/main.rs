//! The store against a real PostgreSQL.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper of a test fails as the test does")]

mod chores;
mod contention;
mod databases;
mod grants;
mod invariants;
mod journal;
mod money;
mod opening;
mod pgbouncer;
mod pool;
mod requests;
mod support;
