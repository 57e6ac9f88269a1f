//! `POST /api/v1/jobs/{job_id}/baseline/waive`: a sealed test may be changed.

use axum::extract::State;
use iama_job::Decision;

use crate::deciding::{DecisionAnswers, Once, Open};
use crate::endpoints::deciding::named::{TestNames, known};
use crate::endpoints::jobs::view::JobState;
use crate::error::ApiError;
use crate::extract::Json;
use crate::jobs::OwnJob;
use crate::state::AppState;
use crate::viewing::Viewed;

/// Allows sealed tests to be changed, by name and on record.
#[utoipa::path(post, path = "/jobs/{job_id}/baseline/waive", operation_id = "waiveSeal", tag = "Decisions",
    security(("user" = [])), params(Viewed, Once), request_body = TestNames, responses(DecisionAnswers))]
pub(crate) async fn post(
    State(state): State<AppState>,
    own: OwnJob,
    Json(named): Json<TestNames>,
) -> Result<Json<JobState>, ApiError> {
    let mut open = Open::of(&state, own).await?;
    let tests = known(&state, &mut open, named).await?;
    open.decide(Decision::WaiveSeal { tests }, &std::collections::BTreeMap::new()).await
}
