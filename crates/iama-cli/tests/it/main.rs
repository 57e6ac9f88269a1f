//! The program as its user meets it: arguments in, exit code, output and files out.

#![expect(clippy::disallowed_methods, reason = "these tests start the program, with an environment of their own")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper of a test fails as the test does")]

mod afar;
mod agreeing;
mod behaviour;
mod blackbox;
mod context;
mod exercise;
mod generated;
mod isolation;
mod jobs;
mod models;
mod proof;
mod recipes;
mod scan;
mod scenarios;
mod served;
mod slips;
mod strength;
mod timeouts;
mod world;
