//! What stands around every route: ids, limits, headers.

use std::any::Any;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::trace::TraceLayer;

use crate::error::{ApiError, ErrorCode};
use crate::metering::Measured;
use crate::state::AppState;

/// The header that names a request, in answers and in logs.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The header that makes a write happen once.
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Routes on which a person waits for a model. Their requests may take longer by that than those of all others.
const WITH_MODEL: &[&str] = &["/api/v1/jobs/{job_id}/spec/nl-convert"];

/// Nothing may be loaded from anywhere, nor be framed.
const POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// The pages of the documentation load their own scripts and styles.
const DOCS_POLICY: &str =
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";

/// Routes with everything around them.
pub(crate) fn around(routes: Router<AppState>, state: &AppState) -> Router<AppState> {
    let (http, traces) = (&state.http, state.traces);
    routes.layer(DefaultBodyLimit::max(http.body_limit_bytes)).layer(
        ServiceBuilder::new()
            .layer(SetRequestIdLayer::new(REQUEST_ID, MakeRequestUuid))
            .layer(PropagateRequestIdLayer::new(REQUEST_ID))
            .layer(TraceLayer::new_for_http().make_span_with(move |request: &Request| traces.request(request)))
            .layer(from_fn_with_state(state.clone(), answered))
            .layer(cors(&http.allowed_origins))
            .layer(CatchPanicLayer::custom(panicked)),
    )
}

/// An answer in time, measured, and with the headers that all have. One layer for all three: each costs copies of what lies below it.
async fn answered(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let measured = Measured::begin(&request);
    let policy = if request.uri().path().starts_with("/docs") { DOCS_POLICY } else { POLICY };
    let mut response = in_time(&state, request, next).await;
    measured.end(&state, response.status());
    let headers = response.headers_mut();
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
    ];
    for (name, value) in fixed {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// A request that took too long is told so in the API's own words.
async fn in_time(state: &AppState, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>();
    let with_model = route.is_some_and(|route| WITH_MODEL.contains(&route.as_str()));
    let more = if with_model { state.http.model_timeout() } else { Duration::ZERO };
    let answered = tokio::time::timeout(state.http.timeout() + more, next.run(request));
    answered.await.unwrap_or_else(|_| ApiError::new(ErrorCode::Timeout, "the request took too long").into_response())
}

fn cors(origins: &[String]) -> CorsLayer {
    let known = origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(known))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            HeaderName::from_static("last-event-id"),
            IDEMPOTENCY_KEY,
        ])
        .expose_headers([REQUEST_ID, header::RETRY_AFTER])
}

#[expect(clippy::needless_pass_by_value, reason = "the form that the layer asks for")]
fn panicked(cause: Box<dyn Any + Send>) -> Response {
    let text = cause.downcast_ref::<String>().map(String::as_str).or_else(|| cause.downcast_ref::<&str>().copied());
    tracing::error!(cause = text.unwrap_or("unknown"), "a handler panicked");
    ApiError::new(ErrorCode::Internal, "something went wrong on our side").into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_with_a_time_of_its_own_is_in_the_document() {
        let document = crate::routes::openapi();
        let unknown: Vec<&&str> =
            WITH_MODEL.iter().filter(|route| !document.paths.paths.contains_key(**route)).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }
}
