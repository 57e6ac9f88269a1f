//! `GET` and `POST /api/v1/me/disclosure`: what is processed, read before the first refactoring.

use axum::extract::State;
use axum::http::StatusCode;
use iama_store::{StoreError, users};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::User;
use crate::error::{ApiError, ErrorBody};
use crate::extract::Json;
use crate::state::AppState;

/// What a person is told before the first refactoring.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Disclosure {
    /// Each is one sentence.
    statements: [&'static str; 4],
}

/// What is true of every job: none of it depends on a setting.
pub(crate) const STATEMENTS: [&str; 4] = [
    "Your code stays on your machine, but for the parts that a model needs to see for one step of a job.",
    "Those parts are searched for secrets before they leave, kept encrypted, and deleted after 14 days.",
    "Nothing that you send is used to train a model, by us or by the providers that we call.",
    "Tests of your project run on your machine, closed off as far as it allows, and on copies only.",
];

/// What is processed, where, and for how long.
#[utoipa::path(get, path = "/me/disclosure", operation_id = "getDisclosure", tag = "Accounts", security(("user" = [])), responses(
    (status = OK, body = Disclosure),
    (status = UNAUTHORIZED, body = ErrorBody),
))]
pub(crate) async fn get(_: User) -> Json<Disclosure> {
    Json(Disclosure { statements: STATEMENTS })
}

/// Notes that the person has read it. The first time counts; no job starts before.
#[utoipa::path(post, path = "/me/disclosure", operation_id = "acceptDisclosure", tag = "Accounts", security(("user" = [])), responses(
    (status = NO_CONTENT),
    (status = UNAUTHORIZED, body = ErrorBody),
))]
pub(crate) async fn post(State(state): State<AppState>, user: User) -> Result<StatusCode, ApiError> {
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    users::accept_disclosure(&mut connection, user.id, state.clock.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}
