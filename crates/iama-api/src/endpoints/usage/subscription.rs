//! `GET /api/v1/subscription/me`: what a person is entitled to.

use axum::extract::State;
use iama_store::{StoreError, tiers};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::auth::User;
use crate::error::{ApiError, ErrorBody};
use crate::extract::Json;
use crate::state::AppState;

/// A subscription, and what it includes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Subscription {
    /// The tier.
    #[schema(example = "PRO")]
    tier: &'static str,
    /// Whether it is a trial.
    trial: bool,
    /// `ACTIVE`, `PAST_DUE` or `CANCELLED`.
    #[schema(value_type = String, example = "ACTIVE")]
    status: tiers::Status,
    /// When the period began.
    #[serde(with = "time::serde::rfc3339")]
    period_started_at: OffsetDateTime,
    /// When it ends.
    #[serde(with = "time::serde::rfc3339")]
    period_ends_at: OffsetDateTime,
    /// What it includes.
    entitlements: Entitlements,
}

/// What a subscription includes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Entitlements {
    /// Jobs that may start in a day.
    jobs_a_day: u32,
    /// Tokens of one context pack.
    context_tokens: u32,
    /// The strongest class of models.
    #[schema(example = "L2")]
    strongest_model_class: &'static str,
    /// The class of a deep fix; nothing where there is none.
    #[schema(example = "L2")]
    deep_fix: Option<&'static str>,
    /// Whether an expert's spec may approve itself.
    fast_track: bool,
    /// Whether the analysis ends in a report for the management.
    analysis_report: bool,
}

/// What the person who asks is entitled to: by the tier on record, and by `FREE` once a cancelled one has ended.
#[utoipa::path(get, path = "/subscription/me", operation_id = "getSubscription", tag = "Usage", security(("user" = [])),
    responses(
        (status = OK, body = Subscription),
        (status = UNAUTHORIZED, body = ErrorBody),
    ))]
pub(crate) async fn get(State(state): State<AppState>, user: User) -> Result<Json<Subscription>, ApiError> {
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    let allowed = tiers::allowed(&mut connection, user.id, state.clock.now()).await?;
    let allowed = allowed.ok_or(StoreError::Missing("subscription"))?;
    let (known, grant) = (allowed.subscription, allowed.subscription.tier.grant());
    Ok(Json(Subscription {
        tier: known.tier.code(),
        trial: known.trial,
        status: known.status,
        period_started_at: known.period_started_at,
        period_ends_at: known.period_ends_at,
        entitlements: Entitlements {
            jobs_a_day: allowed.quota().jobs_a_day,
            context_tokens: allowed.context_tokens,
            strongest_model_class: grant.strongest.code(),
            deep_fix: grant.deep_fix.map(iama_job::ModelClass::code),
            fast_track: grant.fast_track,
            analysis_report: grant.analysis_report,
        },
    }))
}
