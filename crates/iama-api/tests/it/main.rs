//! The API as its clients see it, on a real database.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper of a test fails as the test does")]

mod accounts;
mod admins;
mod authorisation;
mod buckets;
mod config;
mod counting;
mod decisions;
mod devices;
mod document;
mod execution;
mod jobs;
mod limits;
mod manners;
mod models;
mod oauth;
mod reports;
mod streams;
mod support;
mod switches;
mod usage;
mod words;
