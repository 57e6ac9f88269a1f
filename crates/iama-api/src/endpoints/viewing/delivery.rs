//! `GET /api/v1/jobs/{job_id}/delivery`: what came of a job.

use axum::extract::State;
use iama_engine::manifest::Manifest;
use iama_job::state::Delivery;
use iama_job::{Segment, State as JobState};
use iama_store::{StoreError, artifacts, jobs};
use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::documents;
use crate::error::ApiError;
use crate::extract::Json;
use crate::jobs::OwnJob;
use crate::state::AppState;
use crate::viewing::{self, Unseen, Viewed, url};

/// A delivery.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeliveryView {
    /// Where it is: `READY`, `APPLIED`, `REVERTED` or `EXPIRED`.
    #[schema(example = "READY")]
    status: &'static str,
    /// How today's behaviour was pinned down.
    #[schema(example = "ASSERTIONS")]
    baseline_mode: Option<String>,
    /// The files with their hashes before and after, and their hunks, as they are chosen by.
    #[schema(value_type = Vec<Object>)]
    files: Value,
    /// Whether the change is complex.
    complex: bool,
    /// Whether applying it has to say that the warning about it was read.
    complexity_confirmation_required: bool,
    /// The patch, as `iama.patch/1`.
    patch_url: Option<String>,
    /// The same as a unified diff.
    diff_url: Option<String>,
    /// The report for people.
    report_url: Option<String>,
    /// The evidence for machines.
    evidence_url: Option<String>,
    /// The inverse patch, once a delivery that was committed shall be taken back.
    reverse_patch_url: Option<String>,
    /// When all of this is deleted.
    #[serde(with = "time::serde::rfc3339::option")]
    artifact_expires_at: Option<OffsetDateTime>,
}

/// What came of a job. Before it is delivered there is nothing.
#[utoipa::path(get, path = "/jobs/{job_id}/delivery", operation_id = "getDelivery", tag = "Views",
    security(("user" = [])), params(Viewed), responses((status = OK, body = DeliveryView), Unseen))]
pub(crate) async fn get(State(state): State<AppState>, own: OwnJob) -> Result<Json<DeliveryView>, ApiError> {
    let job = viewing::job(&state, own).await?;
    let JobState::Delivered { delivery, .. } = &job.state else { return Err(ApiError::not_yet("delivery")) };
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    let manifest = match delivery {
        Delivery::Expired => None,
        _ => documents::latest::<Manifest>(&state, &mut connection, own.id, "patch.manifest.json").await?,
    };
    let mut links = Vec::new();
    for name in ["patch.json", "patch.diff", "report.html", "evidence.json", "reverse.json"] {
        let known = artifacts::latest(&mut connection, own.id, name).await?;
        links.push(known.filter(|known| known.deleted_at.is_none()).map(|known| url(own.id, known.id)));
    }
    let [patch_url, diff_url, report_url, evidence_url, reverse] = links.try_into().unwrap_or_default();
    let files = manifest.map(|manifest| serde_json::to_value(manifest.files)).transpose();
    Ok(Json(DeliveryView {
        status: match delivery {
            Delivery::Ready => "READY",
            Delivery::Applied { .. } => "APPLIED",
            Delivery::Reverted { .. } => "REVERTED",
            Delivery::Expired => "EXPIRED",
        },
        baseline_mode: jobs::baseline_mode(&mut connection, own.id).await?,
        files: files.map_err(|error| ApiError::internal(&error))?.unwrap_or(Value::Array(Vec::new())),
        complex: job.complex_delivery,
        complexity_confirmation_required: job.complex_delivery && job.entitlement.segment == Segment::A,
        patch_url,
        diff_url,
        report_url,
        evidence_url,
        reverse_patch_url: reverse.filter(|_| job.reverse_patch.is_some()),
        artifact_expires_at: job.artifacts_expire_at.map(iama_store::journal::moment),
    }))
}
