//! `POST /api/v1/jobs/{job_id}/start`: the job begins.

use std::collections::BTreeMap;

use axum::extract::State;
use iama_job::{Decision, Entitlement, Segment};
use iama_store::{Connection, StoreError, switches, tiers, users};

use super::view::JobState;
use crate::error::{ApiError, ErrorBody, ErrorCode};
use crate::extract::Json;
use crate::jobs::{OwnJob, decide};
use crate::state::AppState;

/// Begins a job: quota is reserved and what it may use is written down with the same event, or nothing is.
#[utoipa::path(post, path = "/jobs/{job_id}/start", operation_id = "startJob", tag = "Jobs", security(("user" = [])),
    params(
        ("job_id" = uuid::Uuid, Path, description = "Which"),
        ("Idempotency-Key" = String, Header, description = "A new one for each intent"),
    ),
    responses(
        (status = OK, body = JobState),
        (status = BAD_REQUEST, body = ErrorBody),
        (status = UNAUTHORIZED, body = ErrorBody),
        (status = FORBIDDEN, body = ErrorBody),
        (status = NOT_FOUND, body = ErrorBody),
        (status = CONFLICT, body = ErrorBody),
        (status = UNPROCESSABLE_ENTITY, body = ErrorBody),
        (status = SERVICE_UNAVAILABLE, body = ErrorBody),
    ))]
pub(crate) async fn post(State(state): State<AppState>, own: OwnJob) -> Result<Json<JobState>, ApiError> {
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    let entitlement = Box::new(entitlement(&mut connection, own).await?);
    drop(connection);
    let done = decide(&state, own, Decision::Start { entitlement }).await?;
    let job = done.ok_or_else(|| ApiError::not_found("job"))?;
    Ok(Json(JobState::of(own.id, &job)))
}

/// What the job may use from now on. No class has a route yet, so recipes do what they can.
async fn entitlement(connection: &mut Connection, own: OwnJob) -> Result<Entitlement, ApiError> {
    let user = users::get(connection, own.user.id).await?.ok_or(StoreError::Missing("user"))?;
    if user.consent_given_at.is_none() {
        return Err(ApiError::new(ErrorCode::ConsentRequired, "without consent no job can start"));
    }
    if user.disclosure_accepted_at.is_none() {
        return Err(ApiError::new(ErrorCode::DisclosureRequired, "the disclosure has not been accepted"));
    }
    if switches::is_all_stopped(connection).await? {
        return Err(ApiError::new(ErrorCode::EverythingStopped, "no job can start at present"));
    }
    if users::is_stopped(connection, own.user.id).await? {
        return Err(ApiError::new(ErrorCode::AccountSuspended, "this account may start no job at present"));
    }
    let allowed = tiers::allowed(connection, own.user.id).await?.ok_or(StoreError::Missing("subscription"))?;
    let segment = if user.segment == "A" { Segment::A } else { Segment::B };
    Ok(Entitlement {
        segment,
        expert: user.expert,
        trial: allowed.subscription.trial,
        context_tokens: allowed.context_tokens,
        pre_authorised: iama_store::jobs::is_pre_authorised(connection, own.id).await?,
        ..Entitlement::for_tier(allowed.subscription.tier, BTreeMap::new())
    })
}
