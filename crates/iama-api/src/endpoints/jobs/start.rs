//! `POST /api/v1/jobs/{job_id}/start`: the job begins.

use axum::extract::State;
use iama_job::{Decision, Entitlement, Event, Segment};
use iama_store::{Connection, StoreError, switches, tiers, users};

use super::view::JobState;
use crate::error::{ApiError, ErrorBody, ErrorCode};
use crate::extract::Json;
use crate::jobs::{Done, OwnJob, put_within, run_dry};
use crate::models;
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
    let mut transaction = state.db.begin().await?;
    let (entitlement, version) = entitlement(&state, &mut transaction, own).await?;
    let event = Event::Decision(Decision::Start { entitlement: Box::new(entitlement) });
    let job = match put_within(&state, &mut transaction, own.id, event).await? {
        Done::Taken(job) => job,
        Done::Stale => return Err(ApiError::not_found("job")),
        Done::CreditsExhausted => return Err(run_dry(&state, transaction, own.id).await),
    };
    if let Some(version) = version {
        iama_store::jobs::set_route_table(&mut transaction, own.id, version).await?;
    }
    transaction.commit().await.map_err(StoreError::from)?;
    Ok(Json(JobState::of(own.id, &job)))
}

/// What the job may use from now on, and the version of the route table that says it.
async fn entitlement(
    state: &AppState,
    connection: &mut Connection,
    own: OwnJob,
) -> Result<(Entitlement, Option<i32>), ApiError> {
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
    let allowed = tiers::allowed(connection, own.user.id, state.clock.now()).await?;
    let allowed = allowed.ok_or(StoreError::Missing("subscription"))?;
    if allowed.subscription.status == tiers::Status::PastDue {
        return Err(ApiError::new(ErrorCode::SubscriptionPastDue, "a payment is missing"));
    }
    let segment = if user.segment == "A" { Segment::A } else { Segment::B };
    let models::Routes { version, routes } =
        models::routes_at_start(state, connection, allowed.subscription.tier).await?;
    let entitlement = Entitlement {
        segment,
        expert: user.expert,
        trial: allowed.subscription.trial,
        context_tokens: allowed.context_tokens,
        pre_authorised: iama_store::jobs::is_pre_authorised(connection, own.id).await?,
        ..Entitlement::for_tier(allowed.subscription.tier, routes)
    };
    Ok((entitlement, version))
}
