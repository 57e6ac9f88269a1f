//! `GET /api/v1/jobs/{job_id}/news`: what has happened since a machine looked last.

use std::collections::BTreeMap;

use axum::extract::State;
use iama_engine::executor::News;
use iama_store::artifacts;
use iama_store::{Connection, StoreError, journal};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::deciding::DECISION;
use crate::error::{ApiError, ErrorBody};
use crate::extract::{Fields, Json, Query};
use crate::jobs::OwnJob;
use crate::objects;
use crate::state::AppState;

/// How much of the journal a machine has.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Seen {
    /// The last record that it has; none for a machine that has none.
    #[serde(default)]
    #[param(minimum = 0)]
    seen: i64,
}

/// What has happened to a job since a machine looked last: the job, the records of its journal, and the texts that they
/// name, as `iama_engine::executor::News`.
#[utoipa::path(get, path = "/jobs/{job_id}/news", operation_id = "getNews", tag = "Execution", security(("user" = [])),
    params(("job_id" = Uuid, Path, description = "Which"), Seen),
    responses(
        (status = OK, body = Object),
        (status = UNAUTHORIZED, body = ErrorBody),
        (status = NOT_FOUND, body = ErrorBody),
        (status = UNPROCESSABLE_ENTITY, body = ErrorBody),
    ))]
pub(crate) async fn get(
    State(state): State<AppState>,
    own: OwnJob,
    Query(Seen { seen }): Query<Seen>,
) -> Result<Json<News>, ApiError> {
    let mut fields = Fields::default();
    fields.require(seen >= 0, "seen", "must not be below 0");
    fields.done()?;
    let seen = seen.unsigned_abs();
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    news(&state, &mut connection, own.id, seen).await.map(Json)
}

/// What has happened to a job after a record.
pub(crate) async fn news(
    state: &AppState,
    connection: &mut Connection,
    job: Uuid,
    seen: u64,
) -> Result<News, ApiError> {
    let now = journal::load(connection, job).await?.ok_or_else(|| ApiError::not_found("job"))?;
    let mut records = journal::records_after(connection, job, seen).await?;
    // Between the two looks the job may have gone on; what it did then comes with the next news.
    records.retain(|record| record.seq <= now.job.seq);
    let mut news = News { job: Box::new(now.job), records, documents: BTreeMap::new() };
    let named = artifacts::after(connection, job, DECISION, i64::try_from(seen).unwrap_or(i64::MAX)).await?;
    for artifact in named.iter().filter(|named| u64::try_from(named.seq).is_ok_and(|seq| seq <= news.job.seq)) {
        news.documents.insert(artifact.name.clone(), objects::read(state, artifact).await?);
    }
    Ok(news)
}
