//! `POST /sign-in/consent`: somebody whom a provider knows, and who has no account yet, wants one.

use axum::Form;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;
use axum::response::{AppendHeaders, IntoResponse as _, Response};
use iama_store::StoreError;
use serde::Deserialize;

use super::oauth_callback::{hand_over, turned_away};
use super::register::refuse_closed;
use crate::auth::arrivals::{Arrived, arrive, method, welcome};
use crate::auth::visits::{Back, cookie, resumed};
use crate::error::{ApiError, ErrorCode};
use crate::pages::{Reader, refuse_foreign};
use crate::state::AppState;

#[derive(Deserialize)]
pub(super) struct Filled {
    visit: String,
    ticket: String,
    answer: String,
    #[serde(default)]
    consent: String,
}

pub(super) async fn answer(State(state): State<AppState>, headers: HeaderMap, Form(filled): Form<Filled>) -> Response {
    let reader = Reader::Person;
    let visit = match come_back(&state, &headers, &filled).await {
        Ok(visit) => visit,
        Err(error) => return reader.told(error),
    };
    let done = decided(&state, &visit, &filled).await;
    let answer = done.or_else(|error| turned_away(&state, reader, &visit.waiter, error, false));
    answer.unwrap_or_else(|error| reader.told(error))
}

async fn come_back(state: &AppState, headers: &HeaderMap, filled: &Filled) -> Result<Back, ApiError> {
    refuse_foreign(headers)?;
    resumed(state, headers, &filled.visit).await
}

async fn decided(state: &AppState, visit: &Back, filled: &Filled) -> Result<Response, ApiError> {
    let identity = visit.read_ticket(state, &filled.ticket)?;
    if filled.answer != "yes" || filled.consent != "yes" {
        return Err(ApiError::new(ErrorCode::ConsentRequired, "without consent there can be no account"));
    }
    refuse_closed(state).await?;
    let now = state.clock.now();
    let mut transaction = state.db.begin().await?;
    let user = match arrive(&mut transaction, &identity, now).await? {
        Arrived::Known(user) => user,
        Arrived::New => welcome(&mut transaction, &identity, now).await?,
    };
    let code = visit.waiter.issue(state, &mut transaction, user, method(visit.provider)).await?;
    transaction.commit().await.map_err(StoreError::from)?;
    let gone = AppendHeaders([(SET_COOKIE, cookie(state, &filled.visit).taken()?)]);
    Ok((gone, hand_over(state, &visit.waiter, &code, false)?).into_response())
}
