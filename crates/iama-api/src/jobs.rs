//! What the endpoints of jobs have in common: who may see one, and how an event is put to it.

use std::ops::{Deref, DerefMut};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use iama_job::journal::Record;
use iama_job::policy::tiers::QuotaDenial;
use iama_job::{Decision, Event, Job, Signal};
use iama_store::journal::{self, Owned, Put};
use iama_store::requests::Lost;
use iama_store::{Connection, StoreError, Transaction, clients, jobs};
use serde::Deserialize;
use tracing::Instrument as _;
use uuid::Uuid;

use crate::auth::User;
use crate::error::{ApiError, ErrorCode};
use crate::extract::Path;
use crate::metering;
use crate::state::AppState;

/// A job of the person who asks. To anybody else it does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OwnJob {
    /// The job.
    pub(crate) id: Uuid,
    /// Its owner, who asks.
    pub(crate) user: User,
}

/// The part of the path that names the job.
#[derive(Deserialize)]
struct JobPath {
    job_id: Uuid,
}

/// A job that somebody names. Whose it is, is not known yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NamedJob {
    /// The job, if there is one.
    pub(crate) id: Uuid,
    /// Who asks.
    pub(crate) user: User,
}

impl NamedJob {
    /// The job, if it belongs to the person who asks.
    pub(crate) async fn own(self, connection: &mut Connection) -> Result<OwnJob, ApiError> {
        let Self { id, user } = self;
        if jobs::owner(connection, id).await? == Some(user.id) {
            tracing::Span::current().record("job", tracing::field::display(id));
            return Ok(OwnJob { id, user });
        }
        Err(ApiError::not_found("job"))
    }
}

impl FromRequestParts<AppState> for NamedJob {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let user = User::from_request_parts(parts, state).await?;
        let missing = |_| ApiError::not_found("job");
        let Path(JobPath { job_id: id }) = Path::from_request_parts(parts, state).await.map_err(missing)?;
        Ok(Self { id, user })
    }
}

impl FromRequestParts<AppState> for OwnJob {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let named = NamedJob::from_request_parts(parts, state).await?;
        let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
        named.own(&mut connection).await
    }
}

/// A request to the machine of the person who asks, for a job of theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OwnRequest {
    /// The job.
    pub(crate) own: OwnJob,
    /// The request.
    pub(crate) request: Uuid,
}

/// The parts of the path that name job and request.
#[derive(Deserialize)]
struct RequestPath {
    request_id: Uuid,
}

impl FromRequestParts<AppState> for OwnRequest {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let own = OwnJob::from_request_parts(parts, state).await?;
        let missing = |_| ApiError::not_found("request");
        let Path(RequestPath { request_id }) = Path::from_request_parts(parts, state).await.map_err(missing)?;
        Ok(Self { own, request: request_id })
    }
}

/// Why a request cannot be claimed, renewed or answered.
pub(crate) fn lost(why: Lost) -> ApiError {
    match why {
        Lost::Missing => ApiError::not_found("request"),
        Lost::Taken => {
            metrics::counter!("iama_leases_lost_total", "of" => "request").increment(1);
            ApiError::new(ErrorCode::LeaseLost, "another claim on this request counts")
        }
        Lost::Answered => ApiError::new(ErrorCode::AlreadyAnswered, "this request was answered otherwise"),
        Lost::Cancelled => ApiError::new(ErrorCode::LeaseLost, "nobody waits for this request any more"),
    }
}

/// A transaction in which events are put to jobs. What they settle is counted when it lasts, and not before.
pub(crate) struct Steps<'s> {
    state: &'s AppState,
    transaction: Transaction,
    taken: Vec<Record>,
}

impl<'s> Steps<'s> {
    /// Begins it.
    pub(crate) async fn begin(state: &'s AppState) -> Result<Self, ApiError> {
        Ok(Self { state, transaction: state.db.begin().await?, taken: Vec::new() })
    }

    /// Locks a job for the rest of it.
    pub(crate) async fn lock(&mut self, job: Uuid) -> Result<Owned, ApiError> {
        journal::lock(&mut self.transaction, job).await?.ok_or_else(|| ApiError::not_found("job"))
    }

    /// Puts an event to a job.
    pub(crate) async fn put(&mut self, job: Uuid, event: Event) -> Result<Done, ApiError> {
        let before = self.lock(job).await?;
        self.put_to(&before, event).await
    }

    /// Puts an event to a job that is locked.
    pub(crate) async fn put_to(&mut self, before: &Owned, event: Event) -> Result<Done, ApiError> {
        let job = journal::id_of(&before.job.id)?;
        let span = tracing::info_span!("step", %job, event = event.kind().code());
        let put = journal::put(&mut self.transaction, before, event, self.state.clock.now());
        match put.instrument(span).await? {
            Put::Taken { job: after, record } => {
                self.taken.push(*record);
                if after.state.place().is_ended() {
                    clients::close(&mut self.transaction, job).await?;
                }
                Ok(Done::Taken(after))
            }
            Put::Ignored(_) => Ok(Done::Stale),
            Put::Refused(refusal) => Err(refusal.into()),
            Put::Denied(denial) => Err(denied(denial)),
            Put::CreditsExhausted => Ok(Done::CreditsExhausted),
        }
    }

    /// Makes it last.
    pub(crate) async fn commit(self) -> Result<(), ApiError> {
        self.transaction.commit().await.map_err(StoreError::from)?;
        self.taken.iter().for_each(metering::settled);
        Ok(())
    }

    /// Takes back what was begun, and tells the job that no credits are left. Gives what the caller is told.
    pub(crate) async fn run_dry(self, job: Uuid) -> ApiError {
        let told = async {
            self.transaction.rollback().await.map_err(StoreError::from)?;
            let mut steps = Steps::begin(self.state).await?;
            steps.put(job, Event::Signal(Signal::CreditsExhausted)).await?;
            steps.commit().await
        };
        let short = ApiError::new(ErrorCode::CreditsExhausted, "too few credits are left for the next model call");
        told.await.err().unwrap_or(short)
    }
}

impl Deref for Steps<'_> {
    type Target = Transaction;

    fn deref(&self) -> &Transaction {
        &self.transaction
    }
}

impl DerefMut for Steps<'_> {
    fn deref_mut(&mut self) -> &mut Transaction {
        &mut self.transaction
    }
}

/// What came of an event.
pub(crate) enum Done {
    /// It was taken: commit.
    Taken(Box<Job>),
    /// It means nothing any more.
    Stale,
    /// Credits are wanting: tell the job with [`Steps::run_dry`].
    CreditsExhausted,
}

/// Puts an event of a person's or of their machine's; what is stale changes nothing and is no error.
pub(crate) async fn put(state: &AppState, job: Uuid, event: Event) -> Result<Option<Job>, ApiError> {
    let mut steps = Steps::begin(state).await?;
    match steps.put(job, event).await? {
        Done::Taken(after) => {
            steps.commit().await?;
            Ok(Some(*after))
        }
        Done::Stale => Ok(None),
        Done::CreditsExhausted => Err(steps.run_dry(job).await),
    }
}

/// Puts a decision.
pub(crate) async fn decide(state: &AppState, job: OwnJob, decision: Decision) -> Result<Option<Job>, ApiError> {
    put(state, job.id, Event::Decision(decision)).await
}

fn denied(denial: QuotaDenial) -> ApiError {
    match denial {
        QuotaDenial::DailyJobs { limit } => {
            ApiError::new(ErrorCode::DailyJobsUsed, format!("all {limit} jobs of the day were started"))
                .details(serde_json::json!({ "limit": limit }))
        }
        QuotaDenial::Credits { .. } => {
            ApiError::new(ErrorCode::CreditsExhausted, "too little of this period's allowance is left to start a job")
        }
    }
}
