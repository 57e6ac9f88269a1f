//! `GET /metrics`: what Prometheus reads.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;

use crate::state::AppState;

/// Counters and timings in Prometheus' text format. Holds no data of anybody's.
#[utoipa::path(get, path = "/metrics", operation_id = "getMetrics", tag = "Operations", responses(
    (status = OK, body = String, content_type = "text/plain"),
))]
pub(crate) async fn get(State(state): State<AppState>) -> impl IntoResponse {
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (kind, state.metrics.render())
}
