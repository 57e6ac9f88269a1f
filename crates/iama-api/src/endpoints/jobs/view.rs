//! Jobs as their owners see them.

use iama_store::jobs::Summary;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

/// A job, in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobSummary {
    /// Its name.
    id: Uuid,
    /// The project.
    #[schema(example = "shop")]
    project: String,
    /// From which language to which.
    #[schema(example = "python2-3")]
    language_pair: String,
    /// Where it runs.
    #[schema(example = "LOCAL_DOCKER")]
    execution_mode: String,
    /// Where it is.
    #[schema(example = "WAITING_STRATEGY")]
    status: String,
    /// Why it failed.
    failure_reason: Option<String>,
    /// What was chosen.
    strategy: Option<String>,
    /// The revision of the spec; 0 before the first.
    spec_revision: i32,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// When it was started.
    #[serde(with = "time::serde::rfc3339::option")]
    started_at: Option<OffsetDateTime>,
    /// When it was over.
    #[serde(with = "time::serde::rfc3339::option")]
    ended_at: Option<OffsetDateTime>,
}

impl From<Summary> for JobSummary {
    fn from(row: Summary) -> Self {
        Self {
            id: row.id,
            project: row.project,
            language_pair: row.language_pair,
            execution_mode: row.execution_mode,
            status: row.status,
            failure_reason: row.failure_reason,
            strategy: row.strategy,
            spec_revision: row.spec_revision,
            created_at: row.created_at,
            started_at: row.started_at,
            ended_at: row.ended_at,
        }
    }
}

/// Where a job is after a write.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobState {
    /// Its name.
    pub(crate) id: Uuid,
    /// Where it is.
    #[schema(example = "ANALYZING")]
    pub(crate) status: String,
    /// Where in there.
    #[schema(example = "ANALYZING.preflight")]
    pub(crate) place: String,
    /// The number of its last event.
    pub(crate) seq: u64,
}

impl JobState {
    pub(crate) fn of(id: Uuid, job: &iama_job::Job) -> Self {
        let place = job.state.place();
        Self { id, status: job.state.kind().code().to_owned(), place: place.code().to_owned(), seq: job.seq }
    }
}
