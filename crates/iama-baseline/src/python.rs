//! Python: interpreters, isolated environments, test files and test runs.

pub mod candidate;
pub mod command;
pub mod compile;
pub mod differences;
pub mod discover;
pub mod environment;
pub mod exercise;
pub mod hazards;
pub mod interpreter;
pub mod literals;
pub mod migration_faults;
pub mod mutants;
pub mod recording;
pub mod requirements;
pub mod run;
pub mod stand_ins;
pub(crate) mod steps;
pub mod strength;

/// The program that runs tests inside an interpreter.
pub const HARNESS: &str = include_str!("../harness/iama_harness.py");
