//! `POST /api/v1/jobs/{job_id}/timeout`: what to do about tests that run out of time.

use axum::extract::State;
use iama_job::Decision;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::deciding::{DecisionAnswers, Once, Open};
use crate::endpoints::deciding::named::{TestNames, known};
use crate::endpoints::jobs::view::JobState;
use crate::error::ApiError;
use crate::extract::{Fields, Json};
use crate::jobs::OwnJob;
use crate::state::AppState;
use crate::viewing::Viewed;

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum TimeoutChoice {
    /// Allow twice the time and run them again.
    IncreaseTimeout,
    /// Leave the tests out that are named, on record, and run the others again.
    SkipOrQuarantineTest,
    /// Go on repairing: the code may be wrong.
    ContinueRepair,
}

/// What to do.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TimeoutDecision {
    /// It.
    choice: TimeoutChoice,
    /// The tests that are left out.
    #[serde(default)]
    tests: Vec<String>,
}

/// Decides about tests that ran out of time twice: a time-out is no logic failure.
#[utoipa::path(post, path = "/jobs/{job_id}/timeout", operation_id = "chooseAfterTimeout", tag = "Decisions",
    security(("user" = [])), params(Viewed, Once), request_body = TimeoutDecision, responses(DecisionAnswers))]
pub(crate) async fn post(
    State(state): State<AppState>,
    own: OwnJob,
    Json(TimeoutDecision { choice, tests }): Json<TimeoutDecision>,
) -> Result<Json<JobState>, ApiError> {
    let mut fields = Fields::default();
    let skips = choice == TimeoutChoice::SkipOrQuarantineTest;
    fields.require(skips || tests.is_empty(), "tests", "are named only where they are left out");
    fields.done()?;
    let mut open = Open::of(&state, own).await?;
    let decision = match choice {
        TimeoutChoice::IncreaseTimeout => Decision::IncreaseTimeout,
        TimeoutChoice::ContinueRepair => Decision::ContinueRepair,
        TimeoutChoice::SkipOrQuarantineTest => {
            Decision::SkipOrQuarantineTest { tests: known(&state, &mut open, TestNames { tests }).await? }
        }
    };
    open.decide(decision, &std::collections::BTreeMap::new()).await
}
