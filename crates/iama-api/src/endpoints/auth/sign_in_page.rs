//! `/sign-in`: the page on which a person signs a program in, by a provider or with a password. A plain form: it needs no script.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Form, Router};
use iama_connect::Provider;
use iama_store::StoreError;
use iama_store::sessions::Method;
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::{Deserialize, Serialize};

use super::oauth_callback::{hand_over, name_of};
use super::oauth_consent;
use crate::auth::credentials;
use crate::auth::targets::Target;
use crate::auth::waiters::{Asked, Waiter};
use crate::error::{ApiError, ErrorCode};
use crate::extract::Query;
use crate::network::Network;
use crate::pages::{Reader, page, refuse_foreign};
use crate::state::AppState;

pub(crate) fn routes() -> Router<AppState> {
    Router::new().route("/sign-in", get(show).post(answer)).route("/sign-in/consent", post(oauth_consent::answer))
}

/// A provider to sign in by.
#[derive(Debug, Serialize)]
struct Way {
    name: &'static str,
    address: String,
}

/// The providers that are configured.
pub(super) fn ways(state: &AppState, asked: &Asked) -> Result<Value, ApiError> {
    let way = |provider: Provider| {
        let address = asked.link(&format!("/api/v1/auth/oauth/{}/initiate", provider.code()))?;
        Ok(Way { name: provider.name(), address })
    };
    let known = Provider::ALL.into_iter().filter(|provider| state.providers.has(*provider));
    Ok(Serde(known.map(way).collect::<Result<Vec<_>, ApiError>>()?).into())
}

async fn show(State(state): State<AppState>, reader: Reader, Query(asked): Query<Asked>) -> Response {
    let shown = Waiter::read(&state, &asked).and_then(|waiter| form(&state, &asked, &waiter, "", None));
    shown.unwrap_or_else(|error| reader.told(error))
}

#[derive(Deserialize)]
struct Filled {
    #[serde(flatten)]
    asked: Asked,
    email: String,
    password: String,
}

async fn answer(
    State(state): State<AppState>,
    network: Network,
    headers: HeaderMap,
    Form(filled): Form<Filled>,
) -> Response {
    decided(&state, &network, &headers, &filled).await.unwrap_or_else(|error| Reader::Person.told(error))
}

async fn decided(
    state: &AppState,
    network: &Network,
    headers: &HeaderMap,
    filled: &Filled,
) -> Result<Response, ApiError> {
    refuse_foreign(headers)?;
    let waiter = Waiter::read(state, &filled.asked)?;
    let checked = match credentials::check(state, network, &filled.email, &filled.password).await {
        Ok(checked) => checked,
        Err(error) if error.status().is_server_error() => return Err(error),
        Err(error) => return form(state, &filled.asked, &waiter, &filled.email, Some(&error)),
    };
    let mut transaction = state.db.begin().await?;
    let user = checked.held(&mut transaction).await?;
    let code = waiter.issue(state, &mut transaction, user, Method::Password).await?;
    transaction.commit().await.map_err(StoreError::from)?;
    hand_over(state, &waiter, &code, false)
}

fn form(
    state: &AppState,
    asked: &Asked,
    waiter: &Waiter,
    email: &str,
    error: Option<&ApiError>,
) -> Result<Response, ApiError> {
    let Target::Client(address) = &waiter.target else {
        return Err(ApiError::new(ErrorCode::ValidationFailed, "devices are signed in at /device"));
    };
    let fault = error.map(wrong);
    let status = error.map_or(StatusCode::OK, ApiError::status);
    let (ways, register, asked) = (ways(state, asked)?, asked.link("/register")?, Value::from(Serde(asked)));
    page(status, "sign-in", context! { asked, email, ways, register, fault, where => name_of(address) })
}

/// What a person is told whose password was not taken.
pub(super) fn wrong(error: &ApiError) -> &'static str {
    if error.code() == ErrorCode::TooManyAttempts.code() {
        "There were too many attempts. Wait a moment and try again."
    } else {
        "The address or the password is wrong."
    }
}
