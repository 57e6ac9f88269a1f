//! What the endpoints of jobs have in common: who may see one, and how an event is put to it.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use iama_job::policy::tiers::QuotaDenial;
use iama_job::{Decision, Event, Job, Signal};
use iama_store::journal::{self, Put};
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

/// Puts an event of a person's or of their machine's; what is stale changes nothing and is no error.
pub(crate) async fn put(state: &AppState, job: Uuid, event: Event) -> Result<Option<Job>, ApiError> {
    let mut transaction = state.db.begin().await?;
    let done = put_within(state, &mut transaction, job, event).await;
    match done {
        Ok(Done::Taken(job)) => {
            transaction.commit().await.map_err(StoreError::from)?;
            Ok(Some(*job))
        }
        Ok(Done::Stale) => Ok(None),
        Ok(Done::CreditsExhausted) => Err(run_dry(state, transaction, job).await),
        Err(error) => Err(error),
    }
}

/// What came of an event.
pub(crate) enum Done {
    /// It was taken: commit.
    Taken(Box<Job>),
    /// It means nothing any more.
    Stale,
    /// Credits are wanting: roll back, and tell the job with [`run_dry`].
    CreditsExhausted,
}

/// Puts an event in a transaction of the caller's.
pub(crate) async fn put_within(
    state: &AppState,
    connection: &mut Connection,
    job: Uuid,
    event: Event,
) -> Result<Done, ApiError> {
    let span = tracing::info_span!("step", %job, event = event.kind().code());
    let put = async {
        let before = journal::lock(connection, job).await?.ok_or_else(|| ApiError::not_found("job"))?;
        Ok::<_, ApiError>(journal::put(connection, &before, event, state.clock.now()).await?)
    };
    match put.instrument(span).await? {
        Put::Taken { job: after, record } => {
            metering::settled(&record);
            if after.state.place().is_ended() {
                clients::close(connection, job).await?;
            }
            Ok(Done::Taken(after))
        }
        Put::Ignored(_) => Ok(Done::Stale),
        Put::Refused(refusal) => Err(refusal.into()),
        Put::Denied(denial) => Err(denied(denial)),
        Put::CreditsExhausted => Ok(Done::CreditsExhausted),
    }
}

/// Takes back what was begun, and tells the job that no credits are left. Gives what the caller is told.
pub(crate) async fn run_dry(state: &AppState, begun: Transaction, job: Uuid) -> ApiError {
    let told = async {
        begun.rollback().await.map_err(StoreError::from)?;
        let mut transaction = state.db.begin().await?;
        put_within(state, &mut transaction, job, Event::Signal(Signal::CreditsExhausted)).await?;
        transaction.commit().await.map_err(StoreError::from)?;
        Ok(())
    };
    let short = ApiError::new(ErrorCode::CreditsExhausted, "too few credits are left for the next model call");
    told.await.err().unwrap_or(short)
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
