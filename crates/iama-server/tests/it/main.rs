//! The server as a process.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

mod client;
mod commands;
mod dev;
mod models;
mod traces;
