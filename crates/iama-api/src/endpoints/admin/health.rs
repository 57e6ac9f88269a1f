//! `GET /api/v1/admin/health`: how the platform is doing.

use std::collections::BTreeMap;

use axum::extract::State;
use iama_store::health::{self, Count};
use iama_store::{StoreError, switches};
use serde::Serialize;
use time::Duration;
use utoipa::ToSchema;

use crate::auth::{Admin, Permission};
use crate::error::{ApiError, ErrorBody};
use crate::extract::Json;
use crate::metering::Rates;
use crate::state::AppState;

/// How far back jobs are counted.
const JOBS: Duration = Duration::hours(24);

/// How far back model calls are counted.
const CALLS: Duration = Duration::hours(1);

/// How the platform is doing.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlatformHealth {
    /// Whether everything is stopped.
    stopped: bool,
    /// Requests to this instance in the last five minutes.
    requests: Requests,
    /// Jobs.
    jobs: Jobs,
    /// Model calls of the last hour, by class.
    models: Vec<ModelHealth>,
    /// Requests to providers in the last hour.
    providers: Vec<ProviderHealth>,
}

/// Requests.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Requests {
    /// How many.
    count: u64,
    /// How many failed on our side.
    errors: u64,
    /// The part of them that failed; nothing where there were none.
    error_rate: Option<f64>,
}

/// Jobs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Jobs {
    /// At work, by status.
    active: BTreeMap<String, i64>,
    /// Ended in the last day: `DELIVERED`, or why they failed.
    ended: BTreeMap<String, i64>,
    /// The part of them that was delivered, of those that their owners did not cancel; nothing where there were none.
    success_rate: Option<f64>,
}

/// Model calls of a class.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ModelHealth {
    /// The class.
    #[schema(example = "L1")]
    model_class: String,
    /// Were answered.
    answered: i64,
    /// Came to nothing.
    failed: i64,
    /// Wait, or are under way.
    open: i64,
}

/// A provider.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProviderHealth {
    /// Its name in the route table.
    #[schema(example = "anthropic")]
    provider: String,
    /// `UP` when most requests are answered, `DOWN` when none is, else `DEGRADED`; `IDLE` when nobody waited for any.
    #[schema(example = "UP")]
    status: &'static str,
    /// Were answered.
    answered: i64,
    /// Were not, though nobody had stopped them.
    failed: i64,
    /// The code of the last that was not.
    #[schema(example = "OVERLOADED")]
    last_failure: Option<String>,
}

/// How the platform is doing, from what was measured and what is on record.
#[utoipa::path(get, path = "/admin/health", operation_id = "getPlatformHealth", tag = "Administration",
    security(("admin" = [])),
    responses(
        (status = OK, body = PlatformHealth),
        (status = UNAUTHORIZED, body = ErrorBody),
    ))]
pub(crate) async fn get(State(state): State<AppState>, admin: Admin) -> Result<Json<PlatformHealth>, ApiError> {
    admin.require(Permission::SeeHealth)?;
    let now = state.clock.now();
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    let stopped = switches::is_all_stopped(&mut connection).await?;
    let active = by_name(health::active_jobs(&mut connection).await?);
    let ended = by_name(health::ended_jobs(&mut connection, now - JOBS).await?);
    let calls = health::model_calls(&mut connection, now - CALLS).await?;
    let providers = health::providers(&mut connection, now - CALLS).await?;
    let Rates { count, errors } = state.rates().last(now);
    let requests = Requests { count, errors, error_rate: part(errors, count) };
    let jobs = Jobs { success_rate: success(&ended), active, ended };
    Ok(Json(PlatformHealth {
        stopped,
        requests,
        jobs,
        models: calls.into_iter().map(model).collect(),
        providers: providers.into_iter().map(provider).collect(),
    }))
}

fn by_name(counts: Vec<Count>) -> BTreeMap<String, i64> {
    counts.into_iter().map(|Count { name, count }| (name, count)).collect()
}

/// What part of a whole something is.
#[expect(clippy::cast_precision_loss, reason = "a rate need not be exact beyond 2^52")]
fn part(of: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| of as f64 / whole as f64)
}

fn success(ended: &BTreeMap<String, i64>) -> Option<f64> {
    let counted = |name: &String| name != "USER_CANCELLED";
    let all: i64 = ended.iter().filter(|(name, _)| counted(name)).map(|(_, count)| count).sum();
    let delivered = ended.get("DELIVERED").copied().unwrap_or_default();
    part(u64::try_from(delivered).unwrap_or_default(), u64::try_from(all).unwrap_or_default())
}

fn model(calls: health::Calls) -> ModelHealth {
    let health::Calls { model_class, answered, failed, open } = calls;
    ModelHealth { model_class, answered, failed, open }
}

fn provider(known: health::Provider) -> ProviderHealth {
    let health::Provider { provider, answered, failed, last_failure } = known;
    let status = match (answered, failed) {
        (0, 0) => "IDLE",
        (0, _) => "DOWN",
        (answered, failed) if failed <= answered => "UP",
        _ => "DEGRADED",
    };
    ProviderHealth { provider, status, answered, failed, last_failure }
}
