//! `GET /api/v1/jobs/{job_id}`: a job.

use axum::extract::State;
use iama_store::{StoreError, clients, jobs, journal, requests};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use super::view::JobSummary;
use crate::error::{ApiError, ErrorBody};
use crate::extract::Json;
use crate::jobs::OwnJob;
use crate::state::AppState;

/// A job.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobDetail {
    /// What the list says of it.
    #[serde(flatten)]
    summary: JobSummary,
    /// Where in its status it is.
    #[schema(example = "ANALYZING.preflight")]
    place: String,
    /// The number of its last event.
    seq: u64,
    /// The round, from 1; 0 before the start.
    round: u32,
    /// The attempt at work, or the last one.
    attempt: u8,
    /// Identical failures in a row.
    identical_failures: u8,
    /// Whether its client beats: `NONE`, `ACTIVE` or `LOST`.
    #[schema(example = "ACTIVE")]
    heartbeat_status: &'static str,
    /// When the client was last heard of.
    #[serde(with = "time::serde::rfc3339::option")]
    last_seen_at: Option<OffsetDateTime>,
    /// Until when a lost client may come back.
    #[serde(with = "time::serde::rfc3339::option")]
    grace_deadline_at: Option<OffsetDateTime>,
    /// Until when a person may decide.
    #[serde(with = "time::serde::rfc3339::option")]
    decision_deadline_at: Option<OffsetDateTime>,
    /// When what the job made is deleted.
    #[serde(with = "time::serde::rfc3339::option")]
    artifact_expires_at: Option<OffsetDateTime>,
    /// What the person's machine is asked to do.
    open_requests: Vec<Uuid>,
}

/// A job of the person's.
#[utoipa::path(get, path = "/jobs/{job_id}", operation_id = "getJob", tag = "Jobs", security(("user" = [])),
    params(("job_id" = Uuid, Path, description = "Which")),
    responses(
        (status = OK, body = JobDetail),
        (status = UNAUTHORIZED, body = ErrorBody),
        (status = NOT_FOUND, body = ErrorBody),
    ))]
pub(crate) async fn get(State(state): State<AppState>, own: OwnJob) -> Result<Json<JobDetail>, ApiError> {
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    let summary = jobs::summary(&mut connection, own.user.id, own.id).await?;
    let summary = summary.ok_or_else(|| ApiError::not_found("job"))?;
    let job = journal::load(&mut connection, own.id).await?.ok_or_else(|| ApiError::not_found("job"))?.job;
    let client = clients::bound(&mut connection, own.id).await?;
    let waiting = requests::waiting(&mut connection, own.id).await?;
    let lost = matches!(job.state, iama_job::State::ClientHeartbeatLost { .. });
    let deadline = job.deadline.map(|deadline| journal::moment(deadline.at));
    Ok(Json(JobDetail {
        summary: summary.into(),
        place: job.state.place().code().to_owned(),
        seq: job.seq,
        round: job.counters.round,
        attempt: job.counters.attempt,
        identical_failures: job.counters.streak,
        heartbeat_status: client.as_ref().map_or("NONE", |client| if client.lost { "LOST" } else { "ACTIVE" }),
        last_seen_at: client.map(|client| client.last_seen_at),
        grace_deadline_at: deadline.filter(|_| lost),
        decision_deadline_at: deadline.filter(|_| !lost && !job.state.place().is_ended()),
        artifact_expires_at: job.artifacts_expire_at.map(journal::moment),
        open_requests: waiting.into_iter().map(|request| request.id).collect(),
    }))
}
