//! Whole lives of jobs, one behaviour each. Every walk is also folded back from its records.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "the helpers of tests are tests")]

mod analysis;
mod baseline;
mod billing;
mod delivery;
mod fallback;
mod intervention;
mod journal;
mod local;
mod presence;
mod repair;
mod walk;
