//! Decisions of people: taken with the job locked, together with the texts that they name.

use std::collections::BTreeMap;

use iama_job::{Decision, Event, Job};
use iama_store::Connection;
use iama_store::artifacts::Origin;
use iama_store::journal::Owned;
use utoipa::{IntoParams, IntoResponses};
use uuid::Uuid;

use crate::endpoints::jobs::view::JobState;
use crate::error::{ApiError, ErrorBody};
use crate::extract::Json;
use crate::jobs::{Done, OwnJob, Steps};
use crate::objects::{Kept, keep};
use crate::state::AppState;

/// The kind of texts that come with decisions.
pub(crate) const DECISION: &str = "DECISION";

/// That it is decided once.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "described, not read: the layer around writes reads what it describes")]
pub(crate) struct Once {
    /// A new one for each intent.
    #[param(rename = "Idempotency-Key")]
    idempotency_key: String,
}

/// What may come of a decision.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "described, not made: handlers answer with what it describes")]
pub(crate) enum DecisionAnswers {
    /// Where the job is now.
    #[response(status = OK)]
    Taken(JobState),
    /// The request is no request.
    #[response(status = BAD_REQUEST)]
    BadRequest(ErrorBody),
    /// Nobody knows who asks.
    #[response(status = UNAUTHORIZED)]
    Unauthenticated(ErrorBody),
    /// The tier does not include it.
    #[response(status = FORBIDDEN)]
    Denied(ErrorBody),
    /// There is no such job.
    #[response(status = NOT_FOUND)]
    Missing(ErrorBody),
    /// It is not possible now.
    #[response(status = CONFLICT)]
    Refused(ErrorBody),
    /// It was possible too long ago.
    #[response(status = GONE)]
    Expired(ErrorBody),
    /// The body is not JSON.
    #[response(status = UNSUPPORTED_MEDIA_TYPE)]
    NoJson(ErrorBody),
    /// The body is not what it should be.
    #[response(status = UNPROCESSABLE_ENTITY)]
    Invalid(ErrorBody),
}

/// A job whose owner decides, locked.
pub(crate) struct Open<'s> {
    state: &'s AppState,
    own: OwnJob,
    steps: Steps<'s>,
    owned: Owned,
}

impl<'s> Open<'s> {
    /// Locks the job.
    pub(crate) async fn of(state: &'s AppState, own: OwnJob) -> Result<Self, ApiError> {
        let mut steps = Steps::begin(state).await?;
        let owned = steps.lock(own.id).await?;
        Ok(Self { state, own, steps, owned })
    }

    /// The job.
    pub(crate) const fn job(&self) -> &Job {
        &self.owned.job
    }

    /// Its name.
    pub(crate) const fn job_id(&self) -> Uuid {
        self.own.id
    }

    /// The connection that holds the lock.
    pub(crate) fn connection(&mut self) -> &mut Connection {
        &mut self.steps
    }

    /// Keeps what was written through its connection. Nothing is decided.
    pub(crate) async fn keep(self) -> Result<(), ApiError> {
        self.steps.commit().await
    }

    /// Puts the decision with the texts that it names, by the names of their files.
    pub(crate) async fn decide(
        mut self,
        decision: Decision,
        texts: &BTreeMap<String, String>,
    ) -> Result<Json<JobState>, ApiError> {
        let id = self.own.id;
        let job = match self.steps.put_to(&self.owned, Event::Decision(decision)).await? {
            Done::Taken(job) => job,
            Done::Stale => return Err(ApiError::not_found("job")),
            Done::CreditsExhausted => return Err(self.steps.run_dry(id).await),
        };
        let origin = Origin { seq: i64::try_from(job.seq).unwrap_or(i64::MAX), index: -1, turn: 0 };
        for (name, text) in texts {
            let kept = Kept { kind: DECISION, name, bytes: text.as_bytes(), origin };
            keep(self.state, &mut self.steps, id, kept).await?;
        }
        self.steps.commit().await?;
        Ok(Json(JobState::of(id, &job)))
    }
}

/// Puts a decision that names no text.
pub(crate) async fn decide(state: &AppState, own: OwnJob, decision: Decision) -> Result<Json<JobState>, ApiError> {
    Open::of(state, own).await?.decide(decision, &BTreeMap::new()).await
}
