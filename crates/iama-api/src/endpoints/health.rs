//! `GET /health`: the process answers.

use serde::Serialize;
use utoipa::ToSchema;

use crate::extract::Json;

/// That the process answers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// Always `ok`.
    #[schema(example = "ok")]
    status: &'static str,
    /// The version of the server.
    #[schema(example = "0.1.0")]
    version: &'static str,
}

/// Whether the process answers.
///
/// Says nothing of the database: a process that is restarted for its sake would not come back healthier.
#[utoipa::path(get, path = "/health", operation_id = "getHealth", tag = "Operations", responses((status = OK, body = Health)))]
pub(crate) async fn get() -> Json<Health> {
    Json(Health { status: "ok", version: env!("CARGO_PKG_VERSION") })
}
