//! Servers of one's own, run for real: started, found, killed, refused.
#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper of a test fails as the test does")]

mod deaths;
mod refusals;
mod starts;
mod tool;
