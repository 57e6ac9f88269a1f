//! Whole lives of jobs, one behaviour each. Every walk is also folded back from its records.

mod local;
mod walk;
