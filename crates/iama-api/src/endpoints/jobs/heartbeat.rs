//! `POST /api/v1/jobs/{job_id}/heartbeat`: the client is there.

use axum::extract::State;
use iama_job::policy::timers::HEARTBEAT_INTERVAL;
use iama_job::{Event, Signal};
use iama_store::StoreError;
use iama_store::clients::{self, Beat};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::{ApiError, ErrorBody, ErrorCode};
use crate::extract::{Fields, Json};
use crate::jobs::{NamedJob, Steps};
use crate::state::AppState;

/// A beat.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Heartbeat {
    /// The session that the first beat gave; none for the first.
    #[serde(default)]
    client_session: Option<Uuid>,
    /// What the client calls itself.
    #[serde(default)]
    #[schema(example = "iama 0.1.0 on laptop", max_length = 200)]
    client: String,
}

/// What the client is told.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Heard {
    /// The client's session, to be sent with each beat and with each result.
    client_session: Uuid,
    /// When the next beat is due, in seconds.
    #[schema(example = 30)]
    next_in: u64,
}

/// A beat of the client that works for a job. The first one binds it to the job.
#[utoipa::path(post, path = "/jobs/{job_id}/heartbeat", operation_id = "beat", tag = "Jobs", security(("user" = [])),
    params(("job_id" = Uuid, Path, description = "Which")),
    request_body = Heartbeat,
    responses(
        (status = OK, body = Heard),
        (status = BAD_REQUEST, body = ErrorBody),
        (status = UNAUTHORIZED, body = ErrorBody),
        (status = NOT_FOUND, body = ErrorBody),
        (status = CONFLICT, body = ErrorBody),
        (status = UNSUPPORTED_MEDIA_TYPE, body = ErrorBody),
        (status = UNPROCESSABLE_ENTITY, body = ErrorBody),
    ))]
pub(crate) async fn post(
    State(state): State<AppState>,
    named: NamedJob,
    Json(beat): Json<Heartbeat>,
) -> Result<Json<Heard>, ApiError> {
    let mut fields = Fields::default();
    fields.require(beat.client.len() <= 200, "client", "is longer than 200 bytes");
    fields.require(!beat.client.contains('\0'), "client", "must not contain NUL");
    fields.done()?;
    let now = state.clock.now();
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    if let Some(session) = beat.client_session
        && clients::steady(&mut connection, named.id, named.user.id, session, now).await?
    {
        return Ok(heard(session));
    }
    let own = named.own(&mut connection).await?;
    drop(connection);
    let mut steps = Steps::begin(&state).await?;
    let (job, user) = (own.id, own.user.id);
    // The job first and its client second, as everywhere.
    let before = steps.lock(job).await?;
    let session = match clients::beat(&mut steps, job, user, beat.client_session, &beat.client, now).await? {
        Beat::Steady(session) => session,
        Beat::Back(session) => {
            steps.put_to(&before, Event::Signal(Signal::HeartbeatRestored)).await?;
            session
        }
        Beat::Taken => return Err(ApiError::new(ErrorCode::ClientNotBound, "another client works for this job")),
    };
    steps.commit().await?;
    Ok(heard(session))
}

fn heard(session: Uuid) -> Json<Heard> {
    Json(Heard { client_session: session, next_in: HEARTBEAT_INTERVAL.as_secs() })
}
