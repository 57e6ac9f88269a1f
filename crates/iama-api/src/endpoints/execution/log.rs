//! `POST /api/v1/jobs/{job_id}/execution/log`: what a machine shows its own user while it works.

use axum::extract::State;
use iama_engine::models::holds_secret;
use iama_store::stream::{self, MOST_LINES};
use iama_store::{StoreError, clients, journal};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::deciding::Once;
use crate::error::{ApiError, ErrorBody, ErrorCode};
use crate::extract::{Fields, Json};
use crate::jobs::OwnJob;
use crate::state::AppState;
use crate::viewing::Viewed;

/// Lines that may come at once.
const AT_ONCE: usize = 100;

/// The longest line, in characters.
const LONGEST: usize = 2_000;

/// What stands in place of a line with a secret.
const LEFT_OUT: &str = "(left out: it looks like a secret)";

/// Lines of a machine at work.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lines {
    /// The machine's session: only the one that is bound to the job is heard.
    client_session: Uuid,
    /// The lines, the oldest first.
    #[schema(min_items = 1, max_items = 100, example = json!(["running the tests on the legacy code"]))]
    lines: Vec<String>,
}

/// What became of them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Told {
    /// How many were told; the others are beyond what a job may say.
    taken: usize,
    /// How many more the job may say.
    room: usize,
}

/// Tells the readers of the job's stream what the machine shows its own user: each line is an event `log_line`, sealed where it
/// lies and deleted after 14 days. What looks like a secret is left out, and of a job so many lines are kept.
#[utoipa::path(post, path = "/jobs/{job_id}/execution/log", operation_id = "tellLines", tag = "Execution",
    security(("user" = [])), params(Viewed, Once), request_body = Lines,
    responses(
        (status = OK, body = Told),
        (status = BAD_REQUEST, body = ErrorBody),
        (status = UNAUTHORIZED, body = ErrorBody),
        (status = NOT_FOUND, body = ErrorBody),
        (status = CONFLICT, body = ErrorBody, description = "Another machine works for the job, or none"),
        (status = UNSUPPORTED_MEDIA_TYPE, body = ErrorBody),
        (status = UNPROCESSABLE_ENTITY, body = ErrorBody),
    ))]
pub(crate) async fn post(
    State(state): State<AppState>,
    own: OwnJob,
    Json(sent): Json<Lines>,
) -> Result<Json<Told>, ApiError> {
    let mut fields = Fields::default();
    fields.require((1..=AT_ONCE).contains(&sent.lines.len()), "lines", format!("must be 1 to {AT_ONCE}"));
    let short = sent.lines.iter().all(|line| line.chars().count() <= LONGEST);
    fields.require(short, "lines", format!("one is longer than {LONGEST} characters"));
    fields.done()?;
    let looked = tokio::task::spawn_blocking(move || shown(&sent.lines));
    let lines = looked.await.map_err(|error| ApiError::internal(&error))?;
    let mut transaction = state.db.begin().await?;
    journal::lock(&mut transaction, own.id).await?.ok_or_else(|| ApiError::not_found("job"))?;
    if !clients::is_of(&mut transaction, own.id, own.user.id, sent.client_session).await? {
        return Err(ApiError::new(ErrorCode::ClientNotBound, "this client does not work for the job"));
    }
    let known = stream::lines(&mut transaction, own.id).await?;
    let room = usize::try_from(MOST_LINES - known).unwrap_or_default();
    let taken = lines.len().min(room);
    let context = stream::context(own.id);
    for line in &lines[..taken] {
        let sealed = state.ring.seal(&context, line.as_bytes()).map_err(|error| ApiError::internal(&error))?;
        stream::tell_sealed(&mut transaction, own.id, sealed, state.clock.now()).await?;
    }
    stream::announce(&mut transaction, own.id).await?;
    transaction.commit().await.map_err(StoreError::from)?;
    Ok(Json(Told { taken, room: room - taken }))
}

/// Lines as they may be told: in one line each, and without secrets. One that goes over several lines takes all of them along.
fn shown(lines: &[String]) -> Vec<String> {
    let plain = |line: &String| line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>();
    let (whole, left_out) = (lines.join("\n"), || LEFT_OUT.to_owned());
    let told: Vec<String> =
        lines.iter().map(|line| if holds_secret(line) { left_out() } else { plain(line) }).collect();
    let is_spread = holds_secret(&whole) && !told.iter().any(|line| line == LEFT_OUT);
    if is_spread { told.iter().map(|_| left_out()).collect() } else { told }
}
