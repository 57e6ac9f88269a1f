//! A file for each endpoint.

pub(crate) mod admin;
pub(crate) mod auth;
pub(crate) mod deciding;
pub(crate) mod docs;
pub(crate) mod execution;
pub(crate) mod health;
pub(crate) mod jobs;
pub(crate) mod jwks;
pub(crate) mod me;
pub(crate) mod metrics;
pub(crate) mod ready;
pub(crate) mod usage;
pub(crate) mod viewing;
