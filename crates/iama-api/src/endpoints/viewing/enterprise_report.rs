//! `GET /api/v1/jobs/{job_id}/enterprise-report`: what the management is told before work begins.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use iama_engine::proposals::AnalysisReport;
use iama_job::{Job, Tier};
use iama_store::artifacts::Artifact;
use iama_store::{StoreError, artifacts};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};

use crate::documents;
use crate::error::{ApiError, ErrorBody, ErrorCode};
use crate::extract::{Json, Query};
use crate::jobs::OwnJob;
use crate::reporting::printing;
use crate::state::AppState;
use crate::viewing::{self, Unseen, Viewed};

mod form;

use form::ReportFormat;

/// The report as a machine has made it.
const REPORT: &str = "analysis_report.json";

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

/// In which form.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Form {
    /// In which form. Without it, `Accept` decides, and JSON is what comes where it leaves the choice.
    #[param(inline)]
    format: Option<ReportFormat>,
}

/// What the management is told before work begins, as JSON or as a PDF.
///
/// Jobs of the tier `ENTERPRISE` have it once their proposals are there, those of a trial as well. The PDF is set once: the same bytes
/// come every time, until it is deleted together with what it is made from.
#[utoipa::path(get, path = "/jobs/{job_id}/enterprise-report", operation_id = "getEnterpriseReport", tag = "Views",
    security(("user" = [])), params(Viewed, Form),
    responses(
        (status = OK, content((ReportView = "application/json"), (String = "application/pdf")),
            headers(("ETag" = String, description = "Of the PDF"),
                ("Content-Disposition" = String, description = "Under which name the PDF is saved"))),
        (status = NOT_MODIFIED, description = "The PDF is the one that `If-None-Match` names"),
        (status = FORBIDDEN, body = ErrorBody, description = "The tier of the job does not include it"),
        (status = NOT_ACCEPTABLE, body = ErrorBody, description = "`Accept` names neither form"),
        (status = UNPROCESSABLE_ENTITY, body = ErrorBody, description = "`format` names neither form"),
        Unseen,
    ))]
pub(crate) async fn get(
    State(state): State<AppState>,
    own: OwnJob,
    Query(form): Query<Form>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let job = viewing::job(&state, own).await?;
    permitted(&job)?;
    let format = form.format.map_or_else(|| form::accepted(&headers), Ok)?;
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    let row = artifacts::latest(&mut connection, own.id, REPORT).await?;
    let row = row.filter(|_| is_written(&job.state)).ok_or_else(|| ApiError::not_yet("report"))?;
    match format {
        ReportFormat::Json => {
            let known: Option<AnalysisReport> = documents::latest(&state, &mut connection, own.id, REPORT).await?;
            Ok(Json(view(known, &job, &row)?).into_response())
        }
        ReportFormat::Pdf => {
            drop(connection);
            printing::answer(&state, own, &row, &headers).await
        }
    }
}

fn view(known: Option<AnalysisReport>, job: &Job, row: &Artifact) -> Result<ReportView, ApiError> {
    let known = known.ok_or_else(|| ApiError::not_yet("report"))?;
    let report = serde_json::to_value(known).map_err(|error| ApiError::internal(&error))?;
    Ok(ReportView { report, upgrade_required: job.trial_gate, artifact_expires_at: row.expires_at })
}

/// The tier that the job was started with says whether there is a report.
fn permitted(job: &Job) -> Result<(), ApiError> {
    let tier = job.entitlement.tier;
    if job.state == iama_job::State::Pending || tier.grant().analysis_report {
        return Ok(());
    }
    let message = format!("{tier} does not include the report");
    Err(ApiError::new(ErrorCode::EntitlementDenied, message)
        .details(json!({ "tier": tier, "needs": Tier::Enterprise })))
}

/// Whether the report is whole: before that, a machine may have sent a part of what it is made from.
fn is_written(state: &iama_job::State) -> bool {
    use iama_job::State::{Analyzing, ClientHeartbeatLost, GeneratingAnalysisReport, Pending};
    match state {
        ClientHeartbeatLost { resume } => is_written(resume),
        other => !matches!(other, Pending | Analyzing { .. } | GeneratingAnalysisReport),
    }
}
