//! How a trace comes in, and goes on in another process. Who collects traces is the binary's business; here are spans, with ids and
//! codes and never a text.

use std::fmt;

use axum::extract::{MatchedPath, Request};
use tracing::Span;
use tracing::field::Empty;

use crate::layers::REQUEST_ID;

/// The header of a trace, as W3C has it.
const TRACEPARENT: &str = "traceparent";

/// What a collector of traces can do for a span. Without one, nothing is.
#[derive(Clone, Copy)]
pub struct Traces {
    /// Makes a span that has not begun a part of the trace that a `traceparent` names.
    pub adopt: fn(&Span, &str),
    /// The `traceparent` under which what a span asks for goes on elsewhere.
    pub carry: fn(&Span) -> Option<String>,
}

impl Default for Traces {
    fn default() -> Self {
        Self { adopt: |_, _| {}, carry: |_| None }
    }
}

impl fmt::Debug for Traces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Traces").finish_non_exhaustive()
    }
}

impl Traces {
    /// The span of a request: by its route, since what stands in an address may be a code to sign in with.
    pub(crate) fn request(self, request: &Request) -> Span {
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
        let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str);
        let id = header(REQUEST_ID.as_str()).unwrap_or_default();
        let span = tracing::info_span!("request", method = %request.method(), route, id, job = Empty, status = Empty);
        if let Some(parent) = header(TRACEPARENT) {
            (self.adopt)(&span, parent);
        }
        span
    }

    /// The span of a model call, which goes on with the trace of the request that wanted it.
    pub(crate) fn model_call(self, call: uuid::Uuid, job: uuid::Uuid, parent: Option<&str>) -> Span {
        let span = tracing::info_span!("model_call", %call, %job, outcome = Empty);
        if let Some(parent) = parent {
            (self.adopt)(&span, parent);
        }
        span
    }

    /// What is to be kept so that what the span at work asks for is a part of its trace.
    pub(crate) fn current(self) -> Option<String> {
        (self.carry)(&Span::current())
    }
}
