//! `GET /api/v1/jobs/{job_id}/fallback`: why a job could not finish, and what can be done.

use axum::extract::State;
use iama_engine::executor::SuiteSummary;
use iama_job::State as JobState;
use iama_job::choices::{self, FallbackAction};
use iama_store::{StoreError, artifacts, journal, tiers};
use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::decisions::offered;
use crate::documents;
use crate::error::ApiError;
use crate::extract::Json;
use crate::jobs::OwnJob;
use crate::state::AppState;
use crate::viewing::{self, PriceView, Unseen, Viewed, url};

/// Why a job could not finish, and what can be done.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FallbackView {
    /// Why.
    #[schema(example = "BUDGET_SPENT")]
    reason: String,
    /// Tests that passed before and do not now.
    failed_tests: Vec<String>,
    /// Why, by cause, with excerpts of messages.
    #[schema(value_type = Vec<Object>)]
    failures: Value,
    /// What the last failure looks like.
    fingerprint: Option<String>,
    /// Attempts of the round.
    attempts: u8,
    /// The files of the partial patch, with hashes and hunks.
    #[schema(value_type = Vec<Object>)]
    partial_files: Value,
    /// The partial patch.
    partial_artifact_url: Option<String>,
    /// What can be done.
    actions: Vec<ActionView>,
    /// The price of a deep fix that waits for a yes.
    price: Option<PriceView>,
    /// When the offer ends.
    #[serde(with = "time::serde::rfc3339::option")]
    artifact_expires_at: Option<OffsetDateTime>,
}

/// Something that can be done, or why it cannot.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ActionView {
    /// What.
    #[schema(example = "DEEP_FIX")]
    action: &'static str,
    /// Whether it can be done now.
    available: bool,
    /// Whether a price or a class has to be confirmed before work begins.
    requires_confirmation: bool,
    /// Why it cannot be done.
    #[schema(example = "ENTITLEMENT_DENIED")]
    code: Option<&'static str>,
    /// What would help.
    hint: Option<&'static str>,
}

impl From<FallbackAction> for ActionView {
    fn from(found: FallbackAction) -> Self {
        Self {
            action: found.action.code(),
            available: found.refusal.is_none(),
            requires_confirmation: found.requires_confirmation,
            code: found.refusal.as_ref().map(|refusal| refusal.code.code()),
            hint: found.refusal.as_ref().map(iama_job::Refusal::hint),
        }
    }
}

/// Why a job could not finish, and what can be done. For any other job there is nothing.
#[utoipa::path(get, path = "/jobs/{job_id}/fallback", operation_id = "getFallback", tag = "Views",
    security(("user" = [])), params(Viewed), responses((status = OK, body = FallbackView), Unseen))]
pub(crate) async fn get(State(state): State<AppState>, own: OwnJob) -> Result<Json<FallbackView>, ApiError> {
    let job = viewing::job(&state, own).await?;
    let JobState::FallbackRequired { reason, .. } = &job.state else { return Err(ApiError::not_yet("fallback")) };
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    let allowed = tiers::allowed(&mut connection, own.user.id, state.clock.now()).await?;
    let allowed = allowed.ok_or(StoreError::Missing("subscription"))?;
    let suite: Option<SuiteSummary> = documents::latest(&state, &mut connection, own.id, "result.summary.json").await?;
    let failures: Option<Value> = documents::latest(&state, &mut connection, own.id, "result.failures.json").await?;
    let manifest: Option<Value> = documents::latest(&state, &mut connection, own.id, "partial.manifest.json").await?;
    let partial = artifacts::latest(&mut connection, own.id, "partial.json").await?;
    let reason = serde_json::to_value(reason).map_err(|error| ApiError::internal(&error))?;
    let none = || Value::Array(Vec::new());
    Ok(Json(FallbackView {
        reason: reason["reason"].as_str().unwrap_or_default().to_owned(),
        failed_tests: suite.map(|suite| suite.regressions).unwrap_or_default(),
        failures: failures.unwrap_or_else(none),
        fingerprint: job.counters.fingerprint.as_ref().map(ToString::to_string),
        attempts: job.counters.attempt,
        partial_files: manifest
            .and_then(|mut manifest| manifest.get_mut("files").map(Value::take))
            .unwrap_or_else(none),
        partial_artifact_url: partial.filter(|_| job.partial.is_some()).map(|known| url(own.id, known.id)),
        actions: choices::fallback_actions(&job, journal::timestamp(state.clock.now()))
            .into_iter()
            .map(ActionView::from)
            .collect(),
        price: offered(&job).map(|quote| PriceView::of(quote, allowed.limits.credits_a_month)),
        artifact_expires_at: job.artifacts_expire_at.map(journal::moment),
    }))
}
