//! `GET /api/v1/usage/job/{job_id}`: what a job has used.

use axum::extract::State;
use iama_job::MilliCredits;
use iama_store::usage::{self, CallUsage, RoundUsage};
use iama_store::{StoreError, credits, tiers};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::percent;
use crate::error::{ApiError, ErrorBody};
use crate::extract::Json;
use crate::jobs::OwnJob;
use crate::state::AppState;

/// What a job has used.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobUsage {
    /// The job.
    job_id: Uuid,
    /// Its rounds, the first first.
    rounds: Vec<RoundView>,
}

/// A round.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RoundView {
    /// Its number, from 1.
    round: i32,
    /// Whether it is over.
    settled: bool,
    /// How it ended.
    #[schema(example = "DELIVERED")]
    failure_class: Option<String>,
    /// Whether it is charged; nothing while it lasts.
    billable: Option<bool>,
    /// The part of the period's allowance that it took, or may take at most while it lasts, in percent; nothing where only the day
    /// limits.
    #[schema(example = 1.4)]
    percent_of_period: Option<f64>,
    /// Its model calls, by class.
    calls: Vec<CallView>,
}

/// Model calls of a class.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CallView {
    /// The class.
    #[schema(example = "L1")]
    model_class: String,
    /// How many.
    calls: i64,
    /// Tokens that went in.
    input_tokens: i64,
    /// Tokens that came out.
    output_tokens: i64,
}

/// What a job has used, round by round.
#[utoipa::path(get, path = "/usage/job/{job_id}", operation_id = "getJobUsage", tag = "Usage", security(("user" = [])),
    params(("job_id" = Uuid, Path, description = "Which")),
    responses(
        (status = OK, body = JobUsage),
        (status = UNAUTHORIZED, body = ErrorBody),
        (status = NOT_FOUND, body = ErrorBody),
    ))]
pub(crate) async fn get(State(state): State<AppState>, own: OwnJob) -> Result<Json<JobUsage>, ApiError> {
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    let user = own.user.id;
    let known = tiers::subscription(&mut connection, user).await?.ok_or(StoreError::Missing("subscription"))?;
    let held = credits::balances(&mut connection, user).await?;
    let spent = usage::spent_since(&mut connection, user, known.period_started_at).await?;
    let limited = known.tier.grant().credits_to_start.is_some();
    let whole = if limited { spent.plus(held.reserved).plus(held.available) } else { MilliCredits(0) };
    let calls = usage::calls(&mut connection, own.id).await?;
    let rounds = usage::rounds(&mut connection, own.id).await?;
    Ok(Json(JobUsage { job_id: own.id, rounds: rounds.into_iter().map(|round| view(round, &calls, whole)).collect() }))
}

fn view(round: RoundUsage, calls: &[CallUsage], whole: MilliCredits) -> RoundView {
    let of_class = |call: &CallUsage| CallView {
        model_class: call.model_class.clone(),
        calls: call.calls,
        input_tokens: call.input_tokens,
        output_tokens: call.output_tokens,
    };
    RoundView {
        round: round.round,
        settled: round.billable.is_some(),
        percent_of_period: percent(MilliCredits(u64::try_from(round.charged_mc).unwrap_or_default()), whole),
        calls: calls.iter().filter(|call| call.round == round.round).map(of_class).collect(),
        failure_class: round.failure_class,
        billable: round.billable,
    }
}
