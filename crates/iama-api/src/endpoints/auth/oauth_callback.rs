//! `GET /api/v1/auth/oauth/callback`: a browser comes back from a provider.

use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{AppendHeaders, IntoResponse as _, Redirect, Response};
use iama_connect::Identity;
use iama_store::StoreError;
use minijinja::context;
use serde::Deserialize;
use utoipa::IntoParams;

use super::device_page::device_cookie;
use super::register::refuse_closed;
use crate::auth::arrivals::{Arrived, arrive, method, verified};
use crate::auth::targets::Target;
use crate::auth::visits::{Back, back, cookie};
use crate::auth::waiters::{OF_DEVICE, Waiter};
use crate::endpoints::me::disclosure::STATEMENTS;
use crate::error::{ApiError, ErrorBody, ErrorCode};
use crate::extract::Query;
use crate::pages::{Reader, page};
use crate::state::AppState;

/// What the provider says.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct Said {
    /// Which visit it answers.
    state: Option<String>,
    /// What is changed for the provider's word.
    code: Option<String>,
    /// Why there is no code.
    error: Option<String>,
    /// Who says so (RFC 9207).
    iss: Option<String>,
}

/// A browser comes back from a provider.
///
/// It goes on to whoever waits: with a code that is good once, or with `error` and the code of the error in `error_description`. Who has
/// no account yet is asked for their consent first. An answer that belongs to no visit of this browser is refused.
#[utoipa::path(get, path = "/auth/oauth/callback", operation_id = "finishOauthSignIn", tag = "Accounts", params(Said),
    responses(
        (status = OK, description = "A page on which the person goes on", content_type = "text/html", body = String),
        (status = SEE_OTHER, description = "To whoever waits"),
        (status = BAD_REQUEST, body = ErrorBody),
        (status = FORBIDDEN, body = ErrorBody),
        (status = CONFLICT, body = ErrorBody),
        (status = UNPROCESSABLE_ENTITY, body = ErrorBody),
        (status = TOO_MANY_REQUESTS, body = ErrorBody),
    ))]
pub(crate) async fn get(
    State(state): State<AppState>,
    reader: Reader,
    headers: HeaderMap,
    Query(said): Query<Said>,
) -> Response {
    let own = said.state.clone().unwrap_or_default();
    let visit = match back(&state, &headers, &own).await {
        Ok(visit) => visit,
        Err(error) => return reader.told(error),
    };
    let done = arrived(&state, &visit, &own, &said).await;
    let answer = done.or_else(|error| turned_away(&state, reader, &visit.waiter, error, true));
    answer.unwrap_or_else(|error| reader.told(error))
}

async fn arrived(state: &AppState, visit: &Back, own: &str, said: &Said) -> Result<Response, ApiError> {
    let code = match (&said.error, &said.code) {
        (None, Some(code)) => code,
        (Some(error), _) if error == "access_denied" => {
            return Err(ApiError::new(ErrorCode::AccessDenied, "the sign-in was turned down"));
        }
        _ => {
            return Err(ApiError::new(ErrorCode::IdentityNotProven, format!("{} gave no code", visit.provider.name())));
        }
    };
    let identity = visit.identify(state, code, said.iss.as_deref()).await?;
    let mut transaction = state.db.begin().await?;
    match arrive(&mut transaction, &identity, state.clock.now()).await? {
        Arrived::Known(user) => {
            let code = visit.waiter.issue(state, &mut transaction, user, method(visit.provider)).await?;
            transaction.commit().await.map_err(StoreError::from)?;
            let gone = AppendHeaders([(SET_COOKIE, cookie(state, own).taken()?)]);
            Ok((gone, hand_over(state, &visit.waiter, &code, true)?).into_response())
        }
        Arrived::New => {
            drop(transaction);
            refuse_closed(state).await?;
            ask(state, visit, own, &identity, "")
        }
    }
}

/// The page on which somebody consents, or does not.
pub(super) fn ask(
    state: &AppState,
    visit: &Back,
    own: &str,
    identity: &Identity,
    fault: &str,
) -> Result<Response, ApiError> {
    let (provider, email, ticket) = (visit.provider.name(), verified(identity)?, visit.ticket(state, identity)?);
    let shown = context! { provider, email, visit => own, ticket, statements => STATEMENTS, fault };
    page(StatusCode::OK, "consent", shown)
}

/// Brings a code to whoever waits for it. A form may not lead a browser elsewhere, and another program may not be there: then
/// a page says what happens.
pub(super) fn hand_over(state: &AppState, waiter: &Waiter, code: &str, by_link: bool) -> Result<Response, ApiError> {
    match &waiter.target {
        Target::Device(user_code) => {
            let cookie = device_cookie(state).given(code, OF_DEVICE)?;
            let to = Redirect::to(&format!("/device?user_code={user_code}"));
            Ok((AppendHeaders([(SET_COOKIE, cookie)]), to).into_response())
        }
        Target::Client(address) => {
            let address = waiter.address(state, address, &[("code", code)])?;
            go_on(&address, "You are signed in", by_link)
        }
    }
}

fn go_on(address: &str, title: &str, by_link: bool) -> Result<Response, ApiError> {
    if by_link && address.starts_with("http") {
        return Ok(Redirect::to(address).into_response());
    }
    page(StatusCode::OK, "done", context! { address, title, where => name_of(address) })
}

/// What a person calls whoever waits at an address.
pub(super) fn name_of(address: &str) -> &'static str {
    if address.starts_with("vscode") {
        "VS Code"
    } else if address.starts_with("https") {
        "The page that you came from"
    } else {
        "A program on this machine"
    }
}

/// Tells whoever waits that nobody comes.
pub(super) fn turned_away(
    state: &AppState,
    reader: Reader,
    waiter: &Waiter,
    error: ApiError,
    by_link: bool,
) -> Result<Response, ApiError> {
    let Target::Client(address) = &waiter.target else { return Ok(reader.told(error)) };
    let kind = match error.status() {
        StatusCode::SERVICE_UNAVAILABLE => "temporarily_unavailable",
        status if status.is_server_error() => "server_error",
        _ => "access_denied",
    };
    let address = waiter.address(state, address, &[("error", kind), ("error_description", error.code())])?;
    go_on(&address, "You are not signed in", by_link)
}
