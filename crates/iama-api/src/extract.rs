//! What requests carry, refused in the API's own words when it is not right.

use std::error::Error;
use std::iter;

use axum::body::Bytes;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::error::{ApiError, ErrorCode};

/// A body of JSON.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        if !is_json(request.headers()) {
            return Err(ApiError::new(ErrorCode::UnsupportedMediaType, "the body must be JSON"));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(JsonRejection::from)?;
        // Fields would be taken from an array as well, by their places.
        if bytes.trim_ascii_start().starts_with(b"[") {
            return Err(ApiError::new(ErrorCode::ValidationFailed, "the body must be an object"));
        }
        let axum::Json(value) = axum::Json::from_bytes(&bytes)?;
        Ok(Self(value))
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let named = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = named.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
            Err(error) => ApiError::internal(&error).into_response(),
        }
    }
}

/// Parameters of the query.
#[derive(Debug, Clone, Copy, FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(ApiError))]
pub(crate) struct Query<T>(pub T);

/// Parts of the path.
#[derive(Debug, Clone, Copy, FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(ApiError))]
pub(crate) struct Path<T>(pub T);

impl From<JsonRejection> for ApiError {
    fn from(rejection: JsonRejection) -> Self {
        match &rejection {
            JsonRejection::JsonDataError(error) => {
                let message = format!("the body is not what this endpoint takes: {}", cause(error));
                Self::new(ErrorCode::ValidationFailed, message)
            }
            JsonRejection::JsonSyntaxError(error) => {
                Self::new(ErrorCode::BadRequest, format!("the body is no JSON: {}", cause(error)))
            }
            JsonRejection::BytesRejection(_) if rejection.status().as_u16() == 413 => {
                Self::new(ErrorCode::PayloadTooLarge, "the body is too large")
            }
            _ => Self::new(ErrorCode::BadRequest, rejection.body_text()),
        }
    }
}

impl From<QueryRejection> for ApiError {
    fn from(rejection: QueryRejection) -> Self {
        let message = format!("the query is not what this endpoint takes: {}", cause(&rejection));
        Self::new(ErrorCode::ValidationFailed, message)
    }
}

/// What the parser says, without what those say that pass it on.
fn cause(error: &(dyn Error + 'static)) -> String {
    iter::successors(Some(error), |error| (*error).source()).last().map(ToString::to_string).unwrap_or_default()
}

impl From<PathRejection> for ApiError {
    /// An id that is none names nothing.
    fn from(_: PathRejection) -> Self {
        Self::not_found("thing")
    }
}

/// Collects what is wrong with the fields of a body.
#[derive(Debug, Default)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Notes a fault unless something holds.
    pub(crate) fn require(&mut self, holds: bool, field: &str, fault: impl Into<String>) {
        if !holds {
            self.0.push((field.to_owned(), fault.into()));
        }
    }

    /// Refuses the body when anything was noted.
    pub(crate) fn done(self) -> Result<(), ApiError> {
        if self.0.is_empty() {
            return Ok(());
        }
        let said: Vec<String> = self.0.iter().map(|(field, fault)| format!("{field} {fault}")).collect();
        let fields: serde_json::Map<String, serde_json::Value> =
            self.0.into_iter().map(|(field, fault)| (field, json!(fault))).collect();
        Err(ApiError::new(ErrorCode::ValidationFailed, said.join("; ")).details(json!({ "fields": fields })))
    }
}
