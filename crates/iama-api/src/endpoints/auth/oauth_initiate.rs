//! `GET /api/v1/auth/oauth/{github,google}/initiate`: a browser goes to a provider to be recognised.

use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use iama_connect::Provider;

use crate::auth::visits::{Begun, begin};
use crate::auth::waiters::{Asked, Waiter};
use crate::error::{ApiError, ErrorBody};
use crate::extract::Query;
use crate::pages::Reader;
use crate::state::AppState;

/// Sends the browser to GitHub.
///
/// It comes back to `/auth/oauth/callback`, and from there to `return_to` with a code that is good once (or with `error`), or to
/// the page of the device.
#[utoipa::path(get, path = "/auth/oauth/github/initiate", operation_id = "beginGithubSignIn", tag = "Accounts", params(Asked),
    responses(
        (status = SEE_OTHER, description = "To GitHub"),
        (status = UNPROCESSABLE_ENTITY, body = ErrorBody),
        (status = TOO_MANY_REQUESTS, body = ErrorBody),
    ))]
pub(crate) async fn github(State(state): State<AppState>, reader: Reader, Query(asked): Query<Asked>) -> Response {
    to(&state, Provider::Github, &asked).await.unwrap_or_else(|error| reader.told(error))
}

/// Sends the browser to Google.
///
/// It comes back to `/auth/oauth/callback`, and from there to `return_to` with a code that is good once (or with `error`), or to
/// the page of the device.
#[utoipa::path(get, path = "/auth/oauth/google/initiate", operation_id = "beginGoogleSignIn", tag = "Accounts", params(Asked),
    responses(
        (status = SEE_OTHER, description = "To Google"),
        (status = UNPROCESSABLE_ENTITY, body = ErrorBody),
        (status = TOO_MANY_REQUESTS, body = ErrorBody),
    ))]
pub(crate) async fn google(State(state): State<AppState>, reader: Reader, Query(asked): Query<Asked>) -> Response {
    to(&state, Provider::Google, &asked).await.unwrap_or_else(|error| reader.told(error))
}

async fn to(state: &AppState, provider: Provider, asked: &Asked) -> Result<Response, ApiError> {
    let waiter = Waiter::read(state, asked)?;
    let Begun { address, cookie } = begin(state, provider, &waiter).await?;
    Ok((AppendHeaders([(SET_COOKIE, cookie)]), Redirect::to(&address)).into_response())
}
