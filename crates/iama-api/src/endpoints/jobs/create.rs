//! `POST /api/v1/jobs`: a job that waits to be started.

use axum::extract::State;
use axum::http::StatusCode;
use iama_job::Tier;
use iama_store::jobs::{self, NewJob};
use iama_store::{StoreError, configs, tiers};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::view::JobSummary;
use crate::auth::User;
use crate::error::{ApiError, ErrorBody, ErrorCode};
use crate::extract::{Fields, Json};
use crate::state::AppState;

/// Where a job runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum ExecutionMode {
    /// In containers on the person's machine.
    LocalDocker,
    /// On the person's machine, closed off as far as it allows.
    LocalNative,
    /// Elsewhere: not in this version.
    RemoteSandbox,
}

impl ExecutionMode {
    const fn code(self) -> &'static str {
        match self {
            Self::LocalDocker => "LOCAL_DOCKER",
            Self::LocalNative => "LOCAL_NATIVE",
            Self::RemoteSandbox => "REMOTE_SANDBOX",
        }
    }
}

/// For whom a job explains itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Mode {
    /// In plain words.
    Simple,
    /// For engineers.
    #[default]
    Professional,
    /// With a report for the management.
    Enterprise,
}

impl Mode {
    const fn code(self) -> &'static str {
        match self {
            Self::Simple => "SIMPLE",
            Self::Professional => "PROFESSIONAL",
            Self::Enterprise => "ENTERPRISE",
        }
    }
}

/// A job that is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct JobWanted {
    /// The project's name; a new one is made.
    #[schema(example = "shop", min_length = 1, max_length = 200)]
    project: String,
    /// From which language to which.
    #[schema(example = "python2-3")]
    language_pair: String,
    /// Where it runs.
    execution_mode: ExecutionMode,
    /// For whom it explains itself.
    #[serde(default)]
    mode: Mode,
    /// Whether models of class L2 need no question.
    #[serde(default)]
    pre_authorised: bool,
}

/// A job that waits to be started.
#[utoipa::path(post, path = "/jobs", operation_id = "createJob", tag = "Jobs", security(("user" = [])),
    params(("Idempotency-Key" = String, Header, description = "A new one for each intent")),
    request_body = JobWanted,
    responses(
        (status = CREATED, body = JobSummary),
        (status = BAD_REQUEST, body = ErrorBody),
        (status = UNAUTHORIZED, body = ErrorBody),
        (status = FORBIDDEN, body = ErrorBody),
        (status = CONFLICT, body = ErrorBody),
        (status = UNSUPPORTED_MEDIA_TYPE, body = ErrorBody),
        (status = UNPROCESSABLE_ENTITY, body = ErrorBody),
    ))]
pub(crate) async fn post(
    State(state): State<AppState>,
    user: User,
    Json(wanted): Json<JobWanted>,
) -> Result<(StatusCode, Json<JobSummary>), ApiError> {
    let project = wanted.project.trim();
    let mut fields = Fields::default();
    fields.require((1..=200).contains(&project.chars().count()), "project", "needs 1 to 200 characters");
    fields.require(!project.contains('\0'), "project", "must not contain NUL");
    let mut transaction = state.db.begin().await?;
    let pairs = configs::language_pairs(&mut transaction).await?;
    fields.require(pairs.contains(&wanted.language_pair), "language_pair", format!("is none of {}", pairs.join(", ")));
    fields.done()?;
    let now = state.clock.now();
    let subscription = tiers::subscription(&mut transaction, user.id).await?;
    let subscription = subscription.ok_or(StoreError::Missing("subscription"))?.at(now);
    refuse_remote(wanted.execution_mode, subscription.tier)?;
    let project = jobs::project(&mut transaction, user.id, project, &wanted.language_pair, now).await?;
    let job = NewJob {
        owner: user.id,
        project,
        language_pair: &wanted.language_pair,
        execution_mode: wanted.execution_mode.code(),
        mode: wanted.mode.code(),
        pre_authorised: wanted.pre_authorised,
    };
    let id = jobs::create(&mut transaction, &job, now).await?;
    let made = jobs::summary(&mut transaction, user.id, id).await?.ok_or(StoreError::Missing("job"))?;
    transaction.commit().await.map_err(StoreError::from)?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

fn refuse_remote(mode: ExecutionMode, tier: Tier) -> Result<(), ApiError> {
    match (mode, tier) {
        (ExecutionMode::LocalDocker | ExecutionMode::LocalNative, _) => Ok(()),
        (ExecutionMode::RemoteSandbox, Tier::Free | Tier::Plus) => {
            Err(ApiError::new(ErrorCode::EntitlementDenied, format!("{tier} does not include REMOTE_SANDBOX")))
        }
        (ExecutionMode::RemoteSandbox, _) => {
            Err(ApiError::new(ErrorCode::NotInThisVersion, "REMOTE_SANDBOX is not in this version"))
        }
    }
}
