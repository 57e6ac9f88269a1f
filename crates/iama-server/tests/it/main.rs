//! The server as a process.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper of a test fails as the test does")]

mod buckets;
mod client;
mod commands;
mod dev;
mod models;
mod traces;
