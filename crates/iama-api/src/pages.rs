//! The few pages that the server has itself: plain forms that need no script, and what a browser is told.

use std::sync::LazyLock;

use axum::extract::FromRequestParts;
use axum::http::header::{ACCEPT, CONTENT_SECURITY_POLICY};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use minijinja::{AutoEscape, Environment, Value, context};

use crate::error::{ApiError, ErrorCode};

/// The page's own styles, and its forms sent to where they came from; nothing else.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

static PAGES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut pages = Environment::new();
    pages.set_auto_escape_callback(|_| AutoEscape::Html);
    let known = [
        ("base", include_str!("pages/base.html")),
        ("device", include_str!("pages/device.html")),
        ("sign-in", include_str!("pages/sign_in.html")),
        ("register", include_str!("pages/register.html")),
        ("consent", include_str!("pages/consent.html")),
        ("told", include_str!("pages/told.html")),
        ("done", include_str!("pages/done.html")),
    ];
    for (name, text) in known {
        if let Err(error) = pages.add_template(name, text) {
            tracing::error!(%error, name, "a page cannot be read");
        }
    }
    pages
});

/// A page.
pub(crate) fn page(status: StatusCode, name: &str, shown: Value) -> Result<Response, ApiError> {
    let text = PAGES.get_template(name).and_then(|page| page.render(shown));
    let text = text.map_err(|error| ApiError::internal(&error))?;
    let policy = [(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY))];
    Ok((status, policy, Html(text)).into_response())
}

/// Whether a person reads the answer, or a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    Person,
    Program,
}

impl<S: Sync> FromRequestParts<S> for Reader {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let accepted = parts.headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        Ok(if accepted.contains("text/html") { Self::Person } else { Self::Program })
    }
}

impl Reader {
    /// What went wrong, in the reader's form.
    pub(crate) fn told(self, error: ApiError) -> Response {
        if self == Self::Program {
            return error.into_response();
        }
        let shown = context! { message => error.message(), hint => error.hint(), code => error.code() };
        match page(error.status(), "told", shown) {
            Ok(mut response) => {
                let plain = error.into_response();
                // How long to wait is said in both forms.
                if let Some(wait) = plain.headers().get(axum::http::header::RETRY_AFTER) {
                    response.headers_mut().insert(axum::http::header::RETRY_AFTER, wait.clone());
                }
                response
            }
            Err(error) => error.into_response(),
        }
    }
}

/// Refuses a form that a browser sends from another site. Browsers that do not say where from are held back by cookies.
pub(crate) fn refuse_foreign(headers: &HeaderMap) -> Result<(), ApiError> {
    let from = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok()).unwrap_or("none");
    if ["same-origin", "none"].contains(&from) {
        return Ok(());
    }
    Err(ApiError::new(ErrorCode::BadRequest, "the form comes from another site"))
}
