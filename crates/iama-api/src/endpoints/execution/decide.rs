//! `POST /api/v1/jobs/{job_id}/decisions`: what a person decided at their machine.

use std::collections::BTreeMap;

use axum::extract::State;
use iama_job::{Decision, Event};
use iama_store::StoreError;
use iama_store::artifacts::Origin;
use serde::Deserialize;
use utoipa::ToSchema;

use super::news::DECISION;
use crate::endpoints::jobs::view::JobState;
use crate::error::{ApiError, ErrorBody};
use crate::extract::{Fields, Json};
use crate::jobs::{Done, OwnJob, put_within, run_dry};
use crate::objects::{Kept, keep};
use crate::state::AppState;

/// The most texts that come with a decision.
const MOST: usize = 4;

/// A decision.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Decided {
    /// It, as `iama_job::Decision`. A job is started with `startJob`.
    #[schema(value_type = Object)]
    decision: Decision,
    /// The texts that it names: an edited spec, a command in a person's words, what was chosen of a delivery.
    #[serde(default)]
    documents: BTreeMap<String, String>,
}

/// Takes a decision of the person's. One that is not possible now is refused with a code, and nothing changes.
#[utoipa::path(post, path = "/jobs/{job_id}/decisions", operation_id = "decide", tag = "Execution",
    security(("user" = [])),
    params(
        ("job_id" = uuid::Uuid, Path, description = "Which"),
        ("Idempotency-Key" = String, Header, description = "A new one for each intent"),
    ),
    request_body = Decided,
    responses(
        (status = OK, body = JobState),
        (status = BAD_REQUEST, body = ErrorBody),
        (status = UNAUTHORIZED, body = ErrorBody),
        (status = FORBIDDEN, body = ErrorBody),
        (status = NOT_FOUND, body = ErrorBody),
        (status = CONFLICT, body = ErrorBody),
        (status = GONE, body = ErrorBody),
        (status = UNSUPPORTED_MEDIA_TYPE, body = ErrorBody),
        (status = UNPROCESSABLE_ENTITY, body = ErrorBody),
    ))]
pub(crate) async fn post(
    State(state): State<AppState>,
    own: OwnJob,
    Json(Decided { decision, documents }): Json<Decided>,
) -> Result<Json<JobState>, ApiError> {
    let mut fields = Fields::default();
    // What a job may use is the platform's to say.
    fields.require(!matches!(decision, Decision::Start { .. }), "decision", "is not taken here; start the job");
    fields.require(documents.len() <= MOST, "documents", format!("are more than {MOST}"));
    let named = documents.iter().all(|(name, text)| name.len() <= 300 && !name.contains('\0') && !text.contains('\0'));
    fields.require(named, "documents", "need names of at most 300 bytes, and no NUL");
    fields.done()?;
    let mut transaction = state.db.begin().await?;
    let job = match put_within(&state, &mut transaction, own.id, Event::Decision(decision)).await? {
        Done::Taken(job) => job,
        Done::Stale => return Err(ApiError::not_found("job")),
        Done::CreditsExhausted => return Err(run_dry(&state, transaction, own.id).await),
    };
    let origin = Origin { seq: i64::try_from(job.seq).unwrap_or(i64::MAX), index: -1, turn: 0 };
    for (name, text) in &documents {
        keep(&state, &mut transaction, own.id, Kept { kind: DECISION, name, text, origin }).await?;
    }
    transaction.commit().await.map_err(StoreError::from)?;
    Ok(Json(JobState::of(own.id, &job)))
}
