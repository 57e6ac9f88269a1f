//! `POST /api/v1/jobs/{job_id}/delivery/apply`: the delivery goes to the user's tree.

use axum::extract::State;
use iama_engine::delivery::Chosen;
use iama_engine::manifest::Manifest;
use iama_job::state::Selection;
use iama_job::{ArtifactId, Decision};
use serde::Deserialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

use crate::deciding::{DecisionAnswers, Once, Open};
use crate::documents;
use crate::endpoints::jobs::view::JobState;
use crate::error::ApiError;
use crate::extract::{Fields, Json};
use crate::jobs::OwnJob;
use crate::state::AppState;
use crate::viewing::Viewed;

/// What is applied; all of it where nothing is named.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Application {
    /// Whole files.
    #[serde(default)]
    files: Vec<String>,
    /// Hunks, as the delivery names them.
    #[serde(default)]
    hunks: Vec<String>,
    /// Whether the warning about complex changes was read and confirmed.
    #[serde(default)]
    complexity_confirmed: bool,
}

/// Writes the delivery, or a part of it, to the user's tree, onto files that are still what it was made from. A part is tested on its own
/// first. A complex change needs the second request to say so (`COMPLEXITY_CONFIRMATION_REQUIRED`).
#[utoipa::path(post, path = "/jobs/{job_id}/delivery/apply", operation_id = "applyDelivery", tag = "Decisions",
    security(("user" = [])), params(Viewed, Once), request_body = Application, responses(DecisionAnswers))]
pub(crate) async fn post(
    State(state): State<AppState>,
    own: OwnJob,
    Json(wanted): Json<Application>,
) -> Result<Json<JobState>, ApiError> {
    let complexity_confirmed = wanted.complexity_confirmed;
    let mut open = Open::of(&state, own).await?;
    if wanted.files.is_empty() && wanted.hunks.is_empty() {
        let decision = Decision::ApplyDelivery { selection: Selection::Whole, complexity_confirmed };
        return open.decide(decision, &BTreeMap::new()).await;
    }
    let manifest = documents::latest::<Manifest>(&state, open.connection(), own.id, "patch.manifest.json").await?;
    check(&wanted, manifest.as_ref())?;
    // Machines count their own choices from 1.
    let name = format!("selection-{}.json", FIRST_SELECTION + open.job().seq);
    let chosen = Chosen { files: wanted.files, hunks: wanted.hunks };
    let text = serde_json::to_string(&chosen).map_err(|error| ApiError::internal(&error))?;
    let selection = Selection::Subset { selection: ArtifactId(name.clone()) };
    let decision = Decision::ApplyDelivery { selection, complexity_confirmed };
    open.decide(decision, &BTreeMap::from([(name, text)])).await
}

/// Before the first number that a choice made here gets.
const FIRST_SELECTION: u64 = 100_000;

/// What is chosen has to be there.
fn check(wanted: &Application, manifest: Option<&Manifest>) -> Result<(), ApiError> {
    let known = manifest.map(|manifest| manifest.files.as_slice()).unwrap_or_default();
    let mut fields = Fields::default();
    for file in &wanted.files {
        fields.require(
            known.iter().any(|one| one.path == *file),
            "files",
            format!("{file:?} is none of the delivery's"),
        );
    }
    for hunk in &wanted.hunks {
        let is_known = known.iter().flat_map(|one| &one.hunks).any(|one| one.id == *hunk);
        fields.require(is_known, "hunks", format!("{hunk:?} is none of the delivery's"));
    }
    fields.done()
}
