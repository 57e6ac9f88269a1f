//! `/register`: the page on which a person without an account makes one with a password. A plain form: it needs no script.
//!
//! It leads on to whoever waits for the sign-in, as the page `/sign-in` does, and to nobody else.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::get;
use axum::{Form, Router};
use iama_store::StoreError;
use iama_store::sessions::Method;
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Deserialize;

use super::oauth_callback::{hand_over, name_of};
use super::register::{make, refuse_closed};
use crate::auth::passwords::{self, LONGEST_BYTES, SHORTEST_CHARS, is_address};
use crate::auth::targets::Target;
use crate::auth::waiters::{Asked, Waiter};
use crate::endpoints::me::disclosure::STATEMENTS;
use crate::error::{ApiError, ErrorCode};
use crate::extract::Query;
use crate::pages::{Reader, page, refuse_foreign};
use crate::state::AppState;

pub(crate) fn routes() -> Router<AppState> {
    Router::new().route("/register", get(show).post(answer))
}

async fn show(State(state): State<AppState>, reader: Reader, Query(asked): Query<Asked>) -> Response {
    let shown = async {
        let waiter = waiter(&state, &asked)?;
        refuse_closed(&state).await?;
        form(&asked, waiter.as_ref(), "", StatusCode::OK, &[])
    };
    shown.await.unwrap_or_else(|error| reader.told(error))
}

/// Whoever waits; nobody where a person has come by themselves.
fn waiter(state: &AppState, asked: &Asked) -> Result<Option<Waiter>, ApiError> {
    if *asked == Asked::default() { Ok(None) } else { Waiter::read(state, asked).map(Some) }
}

#[derive(Deserialize)]
struct Filled {
    #[serde(flatten)]
    asked: Asked,
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    again: String,
    #[serde(default)]
    consent: String,
}

impl Filled {
    /// What is wrong, in sentences.
    fn faults(&self, email: &str) -> Vec<String> {
        let mut faults = Vec::new();
        if !is_address(email) {
            faults.push("This is no e-mail address.".to_owned());
        }
        faults.extend(passwords::faults(&self.password).iter().map(|fault| format!("The password {fault}.")));
        if self.again != self.password {
            faults.push("The two passwords are not the same.".to_owned());
        }
        if self.consent != "yes" {
            faults.push("Without consent there can be no account.".to_owned());
        }
        faults
    }
}

async fn answer(State(state): State<AppState>, headers: HeaderMap, Form(filled): Form<Filled>) -> Response {
    registered(&state, &headers, &filled).await.unwrap_or_else(|error| Reader::Person.told(error))
}

async fn registered(state: &AppState, headers: &HeaderMap, filled: &Filled) -> Result<Response, ApiError> {
    refuse_foreign(headers)?;
    let waiter = waiter(state, &filled.asked)?;
    refuse_closed(state).await?;
    let email = filled.email.trim().to_lowercase();
    let again = |status, faults: &[String]| form(&filled.asked, waiter.as_ref(), &filled.email, status, faults);
    let faults = filled.faults(&email);
    if !faults.is_empty() {
        return again(StatusCode::UNPROCESSABLE_ENTITY, &faults);
    }
    let hash = state.passwords.hash(&filled.password).await.map_err(|error| ApiError::internal(&error))?;
    let mut transaction = state.db.begin().await?;
    let user = match make(state, &mut transaction, &email, &hash, "").await {
        Err(error) if error.code() == ErrorCode::EmailTaken.code() => {
            return again(
                error.status(),
                &["There is an account of this address. Sign in with it, or use another.".to_owned()],
            );
        }
        made => made?,
    };
    let code = match &waiter {
        Some(waiter) => Some((waiter, waiter.issue(state, &mut transaction, user, Method::Password).await?)),
        None => None,
    };
    transaction.commit().await.map_err(StoreError::from)?;
    match code {
        Some((waiter, code)) => hand_over(state, waiter, &code, false),
        None => page(StatusCode::OK, "register", context! { done => email }),
    }
}

fn form(
    asked: &Asked,
    waiter: Option<&Waiter>,
    email: &str,
    status: StatusCode,
    faults: &[String],
) -> Result<Response, ApiError> {
    let (place, path) = match waiter.map(|waiter| &waiter.target) {
        Some(Target::Client(address)) => (name_of(address), "/sign-in"),
        Some(Target::Device(_)) => ("A device", "/device"),
        None => ("", ""),
    };
    let sign_in = if path.is_empty() { String::new() } else { asked.link(path)? };
    let (asked, faults, statements) = (Value::from(Serde(asked)), faults.to_vec(), STATEMENTS);
    let (shortest, longest) = (SHORTEST_CHARS, LONGEST_BYTES);
    page(status, "register", context! { asked, email, faults, place, sign_in, statements, shortest, longest })
}
