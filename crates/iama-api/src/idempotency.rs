//! Writes that happen once: `Idempotency-Key`.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequestParts as _, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use iama_store::StoreError;
use iama_store::idempotency::{self, Begun, Write};
use iama_store::sealing::sha256;
use uuid::Uuid;

use crate::auth::{Admin, User};
use crate::error::{ApiError, ErrorCode};
use crate::layers::IDEMPOTENCY_KEY;
use crate::state::AppState;

/// Says that an answer is that of an earlier request.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Does a write once: the same key gets the same answer for a day, whatever has happened since.
pub(crate) async fn once(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let done = at_most_once(&state, request, next, async |parts: &mut Parts, state: &AppState| {
        Ok(User::from_request_parts(parts, state).await?.id)
    });
    done.await.unwrap_or_else(IntoResponse::into_response)
}

/// The same for administrators.
pub(crate) async fn once_by_admin(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let done = at_most_once(&state, request, next, async |parts: &mut Parts, state: &AppState| {
        Ok(Admin::from_request_parts(parts, state).await?.id)
    });
    done.await.unwrap_or_else(IntoResponse::into_response)
}

async fn at_most_once(
    state: &AppState,
    request: Request,
    next: Next,
    actor: impl AsyncFnOnce(&mut Parts, &AppState) -> Result<Uuid, ApiError>,
) -> Result<Response, ApiError> {
    if request.method().is_safe() {
        return Ok(next.run(request).await);
    }
    let (mut parts, body) = request.into_parts();
    let actor = actor(&mut parts, state).await?;
    let key = parts.headers.get(IDEMPOTENCY_KEY).and_then(|key| key.to_str().ok()).unwrap_or_default().to_owned();
    if !(1..=255).contains(&key.len()) {
        let told = "a write needs an Idempotency-Key of 1 to 255 characters";
        return Err(ApiError::new(ErrorCode::IdempotencyKeyMissing, told));
    }
    let operation = format!("{} {}", parts.method, parts.uri.path());
    let body = to_bytes(body, state.http.artifact_limit_bytes)
        .await
        .map_err(|_| ApiError::new(ErrorCode::PayloadTooLarge, "the body is too large"))?;
    let hash = sha256(&body);
    let write = Write { actor, operation: &operation, key: &key, request_hash: &hash };
    if let Some(known) = known(state, &write).await? {
        return Ok(known);
    }
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    keep(state, &write, response).await
}

fn context(actor: Uuid) -> String {
    format!("idempotency:{actor}")
}

/// What is known of the write; nothing when it is to be done.
async fn known(state: &AppState, write: &Write<'_>) -> Result<Option<Response>, ApiError> {
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    match idempotency::begin(&mut connection, write, state.clock.now()).await? {
        Begun::First => Ok(None),
        Begun::Other => {
            Err(ApiError::new(ErrorCode::IdempotencyKeyReused, "this key was used for a request that differs"))
        }
        Begun::AtWork => Err(ApiError::new(ErrorCode::IdempotencyInProgress, "a request with this key is at work")
            .retry_after(std::time::Duration::from_secs(1))),
        Begun::Done { status, body } => {
            let status = StatusCode::from_u16(status).map_err(|error| ApiError::internal(&error))?;
            let body = body.map(|body| state.ring.open(&context(write.actor), &body)).transpose();
            let body = body.map_err(|error| ApiError::internal(&error))?;
            Ok(Some(replayed(status, body)))
        }
    }
}

fn replayed(status: StatusCode, body: Option<Vec<u8>>) -> Response {
    let mut response = match body {
        Some(body) => (status, [(header::CONTENT_TYPE, "application/json")], body).into_response(),
        None => status.into_response(),
    };
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    response
}

/// Keeps an answer that the client can be given again. What failed on our side, or for want of time, may be tried again.
async fn keep(state: &AppState, write: &Write<'_>, response: Response) -> Result<Response, ApiError> {
    let (parts, body) = response.into_parts();
    let body: Bytes = to_bytes(body, usize::MAX).await.map_err(|error| ApiError::internal(&error))?;
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    if parts.status.is_server_error() || parts.status == StatusCode::TOO_MANY_REQUESTS {
        idempotency::forget(&mut connection, write).await?;
    } else {
        let sealed = if body.is_empty() { None } else { Some(state.ring.seal(&context(write.actor), &body)) };
        let sealed = sealed.transpose().map_err(|error| ApiError::internal(&error))?;
        idempotency::finish(&mut connection, write, parts.status.as_u16(), sealed).await?;
    }
    Ok(Response::from_parts(parts, Body::from(body)))
}
