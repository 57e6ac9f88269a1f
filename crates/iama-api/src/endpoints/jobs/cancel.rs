//! `DELETE /api/v1/jobs/{job_id}`: the job stops.

use axum::extract::State;
use iama_job::Decision;

use super::view::JobState;
use crate::error::{ApiError, ErrorBody};
use crate::extract::Json;
use crate::jobs::{OwnJob, decide};
use crate::state::AppState;

/// Stops a job. What it has made so far stays until it expires; before the tests are generated nothing is charged.
#[utoipa::path(delete, path = "/jobs/{job_id}", operation_id = "cancelJob", tag = "Jobs", security(("user" = [])),
    params(
        ("job_id" = uuid::Uuid, Path, description = "Which"),
        ("Idempotency-Key" = String, Header, description = "A new one for each intent"),
    ),
    responses(
        (status = OK, body = JobState),
        (status = BAD_REQUEST, body = ErrorBody),
        (status = UNAUTHORIZED, body = ErrorBody),
        (status = NOT_FOUND, body = ErrorBody),
        (status = CONFLICT, body = ErrorBody),
        (status = UNPROCESSABLE_ENTITY, body = ErrorBody),
    ))]
pub(crate) async fn delete(State(state): State<AppState>, own: OwnJob) -> Result<Json<JobState>, ApiError> {
    let done = decide(&state, own, Decision::Cancel).await?;
    let job = done.ok_or_else(|| ApiError::not_found("job"))?;
    Ok(Json(JobState::of(own.id, &job)))
}
