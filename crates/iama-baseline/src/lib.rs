//! Environments, test discovery and test runs on the legacy and the migrated code.
//!
//! Each language has a folder of its own; what a run of tests says is the same for all of them. This room starts processes
//! through `iama-sandbox` and never changes the code under test.

pub mod credit;
pub mod python;
pub mod scenarios;
pub mod suite;

pub use suite::{Case, CaseError, CollectError, Counts, FRAMES, Frame, Status, Suite, TestId};
