//! `GET /api/v1/jobs/{job_id}/preflight`: the workspace as it was found.

use axum::extract::State;
use iama_engine::records::WorkspaceRecord;
use iama_job::event::EventKind;
use iama_job::{Segment, choices};
use iama_store::StoreError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::documents;
use crate::error::ApiError;
use crate::extract::Json;
use crate::jobs::OwnJob;
use crate::state::AppState;
use crate::viewing::{self, Unseen, Viewed};

/// The workspace as it was found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PreflightView {
    /// Whether something is uncommitted.
    dirty: bool,
    /// Source files whose hashes were taken: a delivery applies only onto these.
    files: usize,
    /// Files that were left out.
    excluded: usize,
    /// What may be chosen now; nothing where nothing is asked.
    #[schema(example = json!(["SAFE_MODE", "CANCEL"]))]
    choices: Vec<&'static str>,
}

/// The workspace as it was found, and what may be chosen about uncommitted changes.
#[utoipa::path(get, path = "/jobs/{job_id}/preflight", operation_id = "getPreflight", tag = "Views",
    security(("user" = [])), params(Viewed), responses((status = OK, body = PreflightView), Unseen))]
pub(crate) async fn get(State(state): State<AppState>, own: OwnJob) -> Result<Json<PreflightView>, ApiError> {
    let job = viewing::job(&state, own).await?;
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    let known: Option<WorkspaceRecord> = documents::latest(&state, &mut connection, own.id, "workspace.json").await?;
    let known = known.ok_or_else(|| ApiError::not_yet("preflight"))?;
    let choice = |kind| match kind {
        EventKind::PreflightContinue if job.entitlement.segment != Segment::A => Some("CONTINUE"),
        EventKind::PreflightSafeMode => Some("SAFE_MODE"),
        EventKind::PreflightCancel => Some("CANCEL"),
        _ => None,
    };
    Ok(Json(PreflightView {
        dirty: known.dirty,
        files: known.files.len(),
        excluded: known.excluded.len(),
        choices: choices::decisions(&job).into_iter().filter_map(choice).collect(),
    }))
}
