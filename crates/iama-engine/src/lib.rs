//! Carries the effects of a job out: the embedded driver, the executor of a server's orders, the journal, delivery and evidence.
//!
//! The rules of a job live in `iama-job`; what a rewrite is lives in `iama-recipes`. This room reads and writes files, starts
//! what has to run and remembers what happened.

pub mod asked;
mod bench;
pub mod blackbox;
mod copies;
pub mod delivery;
pub mod driver;
pub mod evidence;
pub mod executor;
pub mod exports;
pub mod folder;
pub mod generated;
pub mod history;
pub mod isolation;
pub mod journal;
pub mod manifest;
pub mod models;
pub mod outcome;
mod perform;
pub mod problem;
pub mod proposals;
mod reach;
pub mod records;
pub mod report;
pub mod request;
pub mod rewrite;
mod shelf;
pub mod situation;
pub mod spec;
pub mod stages;
pub mod verify;

pub use bench::Decided;
pub use driver::{Answer, Decider, Progress, Question, decide, decide_said, drive, preview, start};
pub use folder::JobFolder;
pub use models::Models;
pub use perform::rewriting::read_rules;
pub use problem::Problem;
pub use request::{Machine, Request, Tape};
