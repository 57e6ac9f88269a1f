//! `POST /api/v1/jobs/{job_id}/baseline/mock`: what failing tests depend on is replaced.

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

/// Replaces what failing tests depend on by stand-ins, on record, and runs them again.
#[utoipa::path(post, path = "/jobs/{job_id}/baseline/mock", operation_id = "mockTests", tag = "Decisions",
    security(("user" = [])), params(Viewed, Once), request_body = TestNames, responses(DecisionAnswers))]
pub(crate) async fn post(
    State(state): State<AppState>,
    own: OwnJob,
    Json(named): Json<TestNames>,
) -> Result<Json<JobState>, ApiError> {
    let mut open = Open::of(&state, own).await?;
    let tests = known(&state, &mut open, named).await?;
    open.decide(Decision::MockOverride { tests }, &std::collections::BTreeMap::new()).await
}
