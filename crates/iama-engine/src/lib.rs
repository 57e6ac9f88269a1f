//! Carries the effects of a job out: the embedded driver, the journal, delivery and evidence.
//!
//! The rules of a job live in `iama-job`; what a rewrite is lives in `iama-recipes`. This room reads and writes files, starts
//! what has to run and remembers what happened.

pub mod rewrite;
