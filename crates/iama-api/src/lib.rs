//! HTTP in: routes, who may call them, what they answer. A file for each endpoint.
//!
//! Nothing here decides what becomes of a job (iama-job does) and nothing writes SQL (iama-store does).

pub mod auth;
pub mod clock;
mod deciding;
mod describing;
mod documents;
mod dynamic;
mod endpoints;
mod error;
mod extract;
pub mod hub;
mod idempotency;
mod jobs;
mod layers;
mod limiting;
pub mod metering;
pub mod models;
mod network;
mod objects;
mod pages;
mod reporting;
mod routes;
pub mod settings;
mod state;
pub mod sweeping;
mod traces;
mod viewing;

pub use error::{ApiError, ErrorBody, ErrorCode, ErrorDetail};
pub use objects::{ObjectError, Objects, S3};
pub use routes::{openapi, router};
pub use state::{AppState, Parts};
pub use traces::Traces;
