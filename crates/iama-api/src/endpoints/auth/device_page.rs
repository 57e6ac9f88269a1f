//! `/device`: the page on which a person signs a device in. A plain form: it needs no script.

use axum::extract::{Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use axum::{Form, Router};
use minijinja::{AutoEscape, Environment, context};
use serde::Deserialize;

use super::device_decide::{decide, waiting};
use crate::auth::credentials;
use crate::error::{ApiError, ErrorCode};
use crate::network::Network;
use crate::state::AppState;

/// The page's own styles, and its form sent to where it came from; nothing else.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const PAGE: &str = include_str!("device_page.html");

pub(crate) fn routes() -> Router<AppState> {
    Router::new().route("/device", get(show).post(answer))
}

#[derive(Deserialize)]
struct Link {
    #[serde(default)]
    user_code: String,
}

async fn show(Query(link): Query<Link>) -> Result<Response, ApiError> {
    page(StatusCode::OK, &Shown { user_code: &link.user_code, ..Shown::default() })
}

#[derive(Deserialize)]
struct Filled {
    user_code: String,
    email: String,
    password: String,
    answer: String,
}

async fn answer(
    State(state): State<AppState>,
    network: Network,
    Form(filled): Form<Filled>,
) -> Result<Response, ApiError> {
    let shown = Shown { user_code: &filled.user_code, email: &filled.email, ..Shown::default() };
    match decided(&state, &network, &filled).await {
        Ok(done) => page(StatusCode::OK, &Shown { done: &done, ..shown }),
        Err(error) if error.status().is_server_error() => Err(error),
        Err(error) => {
            let fault = match error.code() {
                code if code == ErrorCode::NotFound.code() => {
                    "No device waits under this code. Start the sign-in on the device again."
                }
                code if code == ErrorCode::TooManyAttempts.code() => {
                    "There were too many attempts. Wait a moment and try again."
                }
                _ => "The address or the password is wrong.",
            };
            page(error.status(), &Shown { fault, ..shown })
        }
    }
}

async fn decided(state: &AppState, network: &Network, filled: &Filled) -> Result<String, ApiError> {
    let user = credentials::check(state, network, &filled.email, &filled.password).await?;
    let client = waiting(state, user, &filled.user_code).await?;
    let approve = filled.answer == "yes";
    decide(state, user, &filled.user_code, approve).await?;
    let named = if client.is_empty() { "The device".to_owned() } else { format!("“{client}”") };
    Ok(if approve {
        format!("{named} is signed in. You can close this page.")
    } else {
        format!("{named} was turned down.")
    })
}

/// What the page says.
#[derive(Default)]
struct Shown<'s> {
    user_code: &'s str,
    email: &'s str,
    fault: &'s str,
    done: &'s str,
}

fn page(status: StatusCode, shown: &Shown<'_>) -> Result<Response, ApiError> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    let Shown { user_code, email, fault, done } = *shown;
    let text = environment.render_str(PAGE, context! { user_code, email, fault, done });
    let text = text.map_err(|error| ApiError::internal(&error))?;
    let policy = [(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY))];
    Ok((status, policy, Html(text)).into_response())
}
