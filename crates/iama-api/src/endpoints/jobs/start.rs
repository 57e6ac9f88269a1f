//! `POST /api/v1/jobs/{job_id}/start`: the job begins.

use axum::extract::State;
use iama_job::{Decision, Entitlement, Event, Segment};
use iama_store::{Connection, StoreError, jobs, tiers, users};

use super::view::JobState;
use crate::error::{ApiError, ErrorBody, ErrorCode};
use crate::extract::Json;
use crate::jobs::{Done, OwnJob, Steps};
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
    let mut steps = Steps::begin(&state).await?;
    let entitlement = entitlement(&state, &mut steps, own).await?;
    let event = Event::Decision(Decision::Start { entitlement: Box::new(entitlement) });
    let job = match steps.put(own.id, event).await? {
        Done::Taken(job) => job,
        Done::Stale => return Err(ApiError::not_found("job")),
        Done::CreditsExhausted => return Err(steps.run_dry(own.id).await),
    };
    steps.commit().await?;
    Ok(Json(JobState::of(own.id, &job)))
}

/// What the job may use from now on. The version of the route table that says it is kept with the job.
async fn entitlement(state: &AppState, connection: &mut Connection, own: OwnJob) -> Result<Entitlement, ApiError> {
    let user = users::starter(connection, own.user.id).await?.ok_or(StoreError::Missing("user"))?;
    if !user.has_consented {
        return Err(ApiError::new(ErrorCode::ConsentRequired, "without consent no job can start"));
    }
    if !user.knows_disclosure {
        return Err(ApiError::new(ErrorCode::DisclosureRequired, "the disclosure has not been accepted"));
    }
    if user.all_stopped {
        return Err(ApiError::new(ErrorCode::EverythingStopped, "no job can start at present"));
    }
    if user.stopped {
        return Err(ApiError::new(ErrorCode::AccountSuspended, "this account may start no job at present"));
    }
    let allowed = tiers::allowed(connection, own.user.id, state.clock.now()).await?;
    let allowed = allowed.ok_or(StoreError::Missing("subscription"))?;
    if allowed.subscription.status == tiers::Status::PastDue {
        return Err(ApiError::new(ErrorCode::SubscriptionPastDue, "a payment is missing"));
    }
    let models::Routes { version, routes } =
        models::routes_at_start(state, connection, allowed.subscription.tier).await?;
    Ok(Entitlement {
        segment: if user.segment == "A" { Segment::A } else { Segment::B },
        expert: user.expert,
        trial: allowed.subscription.trial,
        context_tokens: allowed.context_tokens,
        pre_authorised: jobs::set_route_table(connection, own.id, version).await?,
        ..Entitlement::for_tier(allowed.subscription.tier, routes)
    })
}
