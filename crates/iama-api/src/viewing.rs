//! What endpoints that show something of a job have in common.

use iama_job::Job;
use iama_store::{StoreError, journal};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::error::{ApiError, ErrorBody};
use crate::jobs::OwnJob;
use crate::state::AppState;

/// Which job.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "described, not read: an extractor reads what it describes")]
pub(crate) struct Viewed {
    /// Which job.
    job_id: Uuid,
}

/// A price of L3, told as a part of what the tier has in a month: credits are never shown.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PriceView {
    /// Its name, by which it is confirmed.
    #[schema(example = "quote-7")]
    id: String,
    /// The class that it is for.
    #[schema(example = "L3")]
    class: &'static str,
    /// The most that it can come to, in percent of the month's allowance; nothing where the tier has none.
    #[schema(example = 12)]
    percent_at_most: Option<u64>,
}

impl PriceView {
    /// A quote next to a month's allowance, in credits.
    pub(crate) fn of(quote: &iama_job::state::Quote, credits_a_month: u32) -> Self {
        let month = u64::from(credits_a_month) * 1_000;
        let percent_at_most = (month > 0).then(|| quote.max.0.saturating_mul(100).div_ceil(month));
        Self { id: quote.id.0.clone(), class: quote.class.code(), percent_at_most }
    }
}

/// The job as it is now.
pub(crate) async fn job(state: &AppState, own: OwnJob) -> Result<Job, ApiError> {
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    let owned = journal::load(&mut connection, own.id).await?;
    owned.map(|owned| owned.job).ok_or_else(|| ApiError::not_found("job"))
}

/// Where the bytes of an artifact are to be had.
pub(crate) fn url(job: Uuid, artifact: Uuid) -> String {
    format!("/api/v1/jobs/{job}/artifacts/{artifact}")
}

/// What may come instead of a view.
#[derive(utoipa::IntoResponses)]
#[expect(dead_code, reason = "described, not made: handlers answer with what it describes")]
pub(crate) enum Unseen {
    /// Nobody knows who asks.
    #[response(status = UNAUTHORIZED)]
    Unauthenticated(ErrorBody),
    /// There is no such job, or it has nothing of the kind yet (`NOT_YET`).
    #[response(status = NOT_FOUND)]
    Missing(ErrorBody),
    /// It was deleted after its time.
    #[response(status = GONE)]
    Expired(ErrorBody),
}
