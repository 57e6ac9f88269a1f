//! `GET /api/v1/jobs`: the person's jobs.

use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use iama_job::StateKind;
use iama_store::StoreError;
use iama_store::jobs::{self, Cursor};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::view::JobSummary;
use crate::auth::User;
use crate::error::{ApiError, ErrorBody};
use crate::extract::{Fields, Json, Query};
use crate::state::AppState;

/// How many jobs a page has at most.
const LARGEST: u32 = 100;

/// Which part of the list is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Page {
    /// Only jobs that are there.
    #[param(example = "DELIVERED")]
    status: Option<String>,
    /// How many, from 1 to 100; 20 when nothing is said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// Where the last page ended: its `next`.
    cursor: Option<String>,
}

/// A page of the list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobList {
    /// The jobs, the newest first.
    jobs: Vec<JobSummary>,
    /// Where the next page begins; nothing on the last one.
    next: Option<String>,
}

/// The person's jobs, the newest first.
#[utoipa::path(get, path = "/jobs", operation_id = "listJobs", tag = "Jobs", security(("user" = [])), params(Page),
    responses(
        (status = OK, body = JobList),
        (status = UNAUTHORIZED, body = ErrorBody),
        (status = UNPROCESSABLE_ENTITY, body = ErrorBody),
    ))]
pub(crate) async fn get(
    State(state): State<AppState>,
    user: User,
    Query(page): Query<Page>,
) -> Result<Json<JobList>, ApiError> {
    let limit = page.limit.unwrap_or(20);
    let cursor = page.cursor.as_deref().map(read_cursor);
    let status = page.status.as_deref();
    let mut fields = Fields::default();
    fields.require((1..=LARGEST).contains(&limit), "limit", format!("must be from 1 to {LARGEST}"));
    fields.require(cursor != Some(None), "cursor", "is none of ours");
    let known = status.is_none_or(|status| StateKind::ALL.iter().any(|known| known.code() == status));
    fields.require(known, "status", "is no status of a job");
    fields.done()?;
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    let most = i64::from(limit);
    let mut rows = jobs::list(&mut connection, user.id, status, cursor.flatten(), most + 1).await?;
    let more = rows.len() > usize::try_from(limit).unwrap_or(usize::MAX);
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = rows.last().filter(|_| more).map(|last| write_cursor(last.created_at, last.id));
    Ok(Json(JobList { jobs: rows.into_iter().map(JobSummary::from).collect(), next }))
}

fn write_cursor(at: OffsetDateTime, id: Uuid) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}.{id}", at.unix_timestamp_nanos() / 1_000))
}

fn read_cursor(text: &str) -> Option<Cursor> {
    let plain = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    let (at, id) = plain.split_once('.')?;
    let nanos = at.parse::<i128>().ok()?.checked_mul(1_000)?;
    let created_at = OffsetDateTime::from_unix_timestamp_nanos(nanos).ok()?;
    Some(Cursor { created_at, id: id.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_says_where_the_list_goes_on_to_the_microsecond() {
        let at = OffsetDateTime::from_unix_timestamp_nanos(1_795_435_200_123_456_000).unwrap();
        let id = Uuid::from_u128(7);
        assert_eq!(read_cursor(&write_cursor(at, id)), Some(Cursor { created_at: at, id }));
        for other in ["", "!", "MQ", "MS4x"] {
            assert_eq!(read_cursor(other), None, "{other}");
        }
    }
}
