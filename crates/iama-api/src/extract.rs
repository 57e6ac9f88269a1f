//! What requests carry, refused in the API's own words when it is not right.

use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;

use crate::error::{ApiError, ErrorCode};

/// A body of JSON.
#[derive(Debug, Clone, Copy, FromRequest)]
#[from_request(via(axum::Json), rejection(ApiError))]
pub(crate) struct Json<T>(pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
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
            JsonRejection::JsonDataError(_) => Self::new(ErrorCode::ValidationFailed, rejection.body_text()),
            JsonRejection::MissingJsonContentType(_) => {
                Self::new(ErrorCode::UnsupportedMediaType, "the body must be JSON")
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
        Self::new(ErrorCode::ValidationFailed, rejection.body_text())
    }
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
