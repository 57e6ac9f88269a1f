//! `GET /api/v1/jobs/{job_id}/enterprise-report`: what the management is told before work begins.

use axum::extract::State;
use iama_engine::proposals::AnalysisReport;
use iama_store::{StoreError, artifacts};
use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::documents;
use crate::error::ApiError;
use crate::extract::Json;
use crate::jobs::OwnJob;
use crate::state::AppState;
use crate::viewing::{self, Unseen, Viewed};

/// What the management is told.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReportView {
    /// Debt, return, timeline by risk, dependencies and a summary, as `iama.analysis/1`.
    #[schema(value_type = Object)]
    report: Value,
    /// Whether the trial ends with it: a strategy can be chosen after an upgrade.
    upgrade_required: bool,
    /// When it is deleted.
    #[serde(with = "time::serde::rfc3339")]
    artifact_expires_at: OffsetDateTime,
}

/// What the management is told before work begins; only jobs in the mode `ENTERPRISE` have it.
#[utoipa::path(get, path = "/jobs/{job_id}/enterprise-report", operation_id = "getEnterpriseReport", tag = "Views",
    security(("user" = [])), params(Viewed), responses((status = OK, body = ReportView), Unseen))]
pub(crate) async fn get(State(state): State<AppState>, own: OwnJob) -> Result<Json<ReportView>, ApiError> {
    let job = viewing::job(&state, own).await?;
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    let name = "analysis_report.json";
    let known: Option<AnalysisReport> = documents::latest(&state, &mut connection, own.id, name).await?;
    let row = artifacts::latest(&mut connection, own.id, name).await?;
    let (known, row) = known.zip(row).ok_or_else(|| ApiError::not_yet("report"))?;
    let report = serde_json::to_value(known).map_err(|error| ApiError::internal(&error))?;
    Ok(Json(ReportView { report, upgrade_required: job.trial_gate, artifact_expires_at: row.expires_at }))
}
