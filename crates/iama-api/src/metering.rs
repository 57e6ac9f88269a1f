//! Counts and times requests, by route and never by address: a metric holds no id.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use metrics::{counter, histogram};

/// Notes a request and its answer.
#[expect(clippy::disallowed_methods, reason = "a request is measured by the real clock")]
pub(crate) async fn meter(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().to_string();
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let response = next.run(request).await;
    let status = response.status().as_u16().to_string();
    let labels = [("method", method), ("route", route), ("status", status)];
    histogram!("iama_http_request_seconds", &labels).record(started.elapsed().as_secs_f64());
    counter!("iama_http_requests_total", &labels).increment(1);
    response
}
