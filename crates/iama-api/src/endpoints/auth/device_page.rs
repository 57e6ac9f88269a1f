//! `/device`: the page on which a person signs a device in. A plain form: it needs no script.

use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{AppendHeaders, IntoResponse as _, Response};
use axum::routing::get;
use axum::{Form, Router};
use iama_store::sealing::sha256;
use iama_store::{StoreError, login_codes, users};
use minijinja::context;
use serde::Deserialize;
use uuid::Uuid;

use super::device_decide::{Who, decide, waiting};
use super::sign_in_page::{ways, wrong};
use crate::auth::cookies::Cookie;
use crate::auth::credentials;
use crate::auth::targets::Target;
use crate::auth::waiters::{Asked, redeem};
use crate::error::{ApiError, ErrorCode};
use crate::extract::Query;
use crate::network::Network;
use crate::pages::{Reader, page, refuse_foreign};
use crate::state::AppState;

pub(crate) fn routes() -> Router<AppState> {
    Router::new().route("/device", get(show).post(answer))
}

/// What a browser keeps of somebody who has come from a provider to sign a device in: a login code for this page.
pub(super) fn device_cookie(state: &AppState) -> Cookie<'_> {
    Cookie::new(&state.http, "iama_device")
}

#[derive(Deserialize)]
struct Link {
    #[serde(default)]
    user_code: String,
}

async fn show(State(state): State<AppState>, reader: Reader, headers: HeaderMap, Query(link): Query<Link>) -> Response {
    let shown = async {
        match known(&state, &headers, &link.user_code).await? {
            Some(user) => ask(&state, user, &link.user_code).await,
            None => form(&state, StatusCode::OK, &link.user_code, "", ""),
        }
    };
    shown.await.unwrap_or_else(|error| reader.told(error))
}

/// Who has come from a provider to sign in the device that shows this code.
async fn known(state: &AppState, headers: &HeaderMap, user_code: &str) -> Result<Option<Uuid>, ApiError> {
    let Some(code) = device_cookie(state).shown(headers) else { return Ok(None) };
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    let found = login_codes::look(&mut connection, &sha256(code.as_bytes()), state.clock.now()).await?;
    let wanted = Target::device(user_code).kept();
    Ok(found.filter(|found| found.return_to == wanted).map(|found| found.user))
}

/// Asks somebody who is known whether the device is theirs.
async fn ask(state: &AppState, user: Uuid, user_code: &str) -> Result<Response, ApiError> {
    let client = match waiting(state, user, user_code).await {
        Ok(client) => client,
        Err(error) if error.status().is_server_error() => return Err(error),
        Err(error) => return form(state, error.status(), user_code, "", fault(&error)),
    };
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    let known = users::get(&mut connection, user).await?.map(|user| user.email);
    page(StatusCode::OK, "device", context! { user_code, known, client })
}

#[derive(Deserialize)]
struct Filled {
    user_code: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    answer: String,
}

async fn answer(
    State(state): State<AppState>,
    network: Network,
    headers: HeaderMap,
    Form(filled): Form<Filled>,
) -> Response {
    let answered = match decided(&state, &network, &headers, &filled).await {
        Ok(done) => page(StatusCode::OK, "device", context! { done }),
        Err(error) if error.status().is_server_error() || error.code() == ErrorCode::BadRequest.code() => Err(error),
        Err(error) => form(&state, error.status(), &filled.user_code, &filled.email, fault(&error)),
    };
    let gone = device_cookie(&state).taken().map(|cookie| AppendHeaders([(SET_COOKIE, cookie)]));
    match (answered, gone) {
        (Ok(page), Ok(gone)) => (gone, page).into_response(),
        (Err(error), _) | (_, Err(error)) => Reader::Person.told(error),
    }
}

fn fault(error: &ApiError) -> &'static str {
    match error.code() {
        code if code == ErrorCode::NotFound.code() => {
            "No device waits under this code. Start the sign-in on the device again."
        }
        code if code == ErrorCode::LoginCodeInvalid.code() => "That took too long. Sign in again.",
        _ => wrong(error),
    }
}

async fn decided(
    state: &AppState,
    network: &Network,
    headers: &HeaderMap,
    filled: &Filled,
) -> Result<String, ApiError> {
    refuse_foreign(headers)?;
    let who = if filled.password.is_empty() {
        let wanted = Target::device(&filled.user_code).kept();
        let code = device_cookie(state).shown(headers).unwrap_or_default();
        Who::Came(redeem(state, code, |known| known.return_to == wanted).await?.user)
    } else {
        Who::Typed(credentials::check(state, network, &filled.email, &filled.password).await?)
    };
    let client = waiting(state, who.user(), &filled.user_code).await?;
    let approve = filled.answer == "yes";
    decide(state, &who, &filled.user_code, approve).await?;
    let named = if client.is_empty() { "The device".to_owned() } else { format!("“{client}”") };
    Ok(if approve {
        format!("{named} is signed in. You can close this page.")
    } else {
        format!("{named} was turned down.")
    })
}

fn form(state: &AppState, status: StatusCode, user_code: &str, email: &str, fault: &str) -> Result<Response, ApiError> {
    let asked = Asked::device(user_code);
    let (ways, register) = (ways(state, &asked)?, asked.link("/register")?);
    page(status, "device", context! { user_code, email, fault, ways, register })
}
