//! Counts and times requests, by route and never by address: a metric holds no id.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::StatusCode;
use iama_job::journal::Record;
use iama_job::{Effect, StateKind};
use iama_store::health::{self, Count, Waiting};
use iama_store::{StoreError, chores};
use metrics::{counter, gauge, histogram};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use crate::error::ApiError;
use crate::state::AppState;

/// How many minutes are counted together.
const MINUTES: i64 = 5;

/// The chore of measuring what lies in the database.
const MEASURE: &str = "measure";

/// How long what was measured is good: a little less than the time after which a server looks again.
const GOOD: Duration = Duration::seconds(9);

/// Jobs in these are many and say nothing of the load.
const ENDED_OR_NEW: [&str; 3] = ["PENDING", "DELIVERED", "FAILED"];

/// A request that is not answered yet.
pub(crate) struct Measured {
    started: Instant,
    method: String,
    route: String,
}

impl Measured {
    #[expect(clippy::disallowed_methods, reason = "a request is measured by the real clock")]
    pub(crate) fn begin(request: &Request) -> Self {
        let method = request.method().to_string();
        let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
        Self { started: Instant::now(), method, route }
    }

    /// Notes the answer.
    pub(crate) fn end(self, state: &AppState, status: StatusCode) {
        tracing::Span::current().record("status", status.as_u16());
        state.rates().note(status.is_server_error(), state.clock.now());
        let labels = [("method", self.method), ("route", self.route), ("status", status.as_u16().to_string())];
        histogram!("iama_http_request_seconds", &labels).record(self.started.elapsed().as_secs_f64());
        counter!("iama_http_requests_total", &labels).increment(1);
    }
}

/// Counts the rounds that an event has settled.
pub(crate) fn settled(record: &Record) {
    for dispatch in &record.effects {
        if let Effect::SettleBilling { settlement } = &dispatch.effect {
            let billable = if settlement.billable { "true" } else { "false" };
            counter!("iama_rounds_settled_total", "class" => settlement.class.code(), "billable" => billable)
                .increment(1);
        }
    }
}

/// A stream that is open.
#[derive(Debug)]
pub(crate) struct OpenStream(());

impl OpenStream {
    pub(crate) fn new() -> Self {
        gauge!("iama_streams_open").increment(1);
        Self(())
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        gauge!("iama_streams_open").decrement(1);
    }
}

/// What lies in the database, as one server tells it to all.
#[derive(Debug, Serialize, Deserialize)]
struct Findings {
    jobs: Vec<Count>,
    waiting: Waiting,
}

/// Measures the connections to the database, and what lies there, unless another server has just done so.
pub async fn measure(state: &AppState) -> Result<(), ApiError> {
    let (all, idle) = state.db.pool().size();
    gauge!("iama_db_connections", "state" => "idle").set(count(idle));
    gauge!("iama_db_connections", "state" => "busy").set(count(all) - count(idle));
    let now = state.clock.now();
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    if chores::take(&mut connection, MEASURE, GOOD, now).await? {
        let jobs = health::active_jobs(&mut connection).await?;
        let waiting = health::waiting(&mut connection, now).await?;
        let findings = serde_json::to_value(Findings { jobs, waiting }).map_err(|error| ApiError::internal(&error))?;
        chores::tell(&mut connection, MEASURE, &findings).await?;
    }
    let found = chores::found(&mut connection, MEASURE).await?;
    drop(connection);
    // What a server of another version tells may be something else.
    let Some(Ok(Findings { jobs, waiting })) = found.map(serde_json::from_value) else { return Ok(()) };
    for kind in StateKind::ALL.iter().filter(|kind| !ENDED_OR_NEW.contains(&kind.code())) {
        let found = jobs.iter().find(|found| found.name == kind.code()).map_or(0, |found| found.count);
        gauge!("iama_jobs_active", "status" => kind.code()).set(size(found));
    }
    gauge!("iama_outbox_waiting").set(size(waiting.outbox));
    gauge!("iama_outbox_age_seconds").set(waiting.outbox_age_s);
    gauge!("iama_model_calls_open").set(size(waiting.calls));
    gauge!("iama_sweep_lag_seconds").set(waiting.sweep_lag_s);
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "no table has so many rows")]
const fn size(rows: i64) -> f64 {
    rows as f64
}

#[expect(clippy::cast_precision_loss, reason = "no pool has so many connections")]
const fn count(connections: usize) -> f64 {
    connections as f64
}

/// Requests of some time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Rates {
    /// How many.
    pub(crate) count: u64,
    /// How many failed on our side.
    pub(crate) errors: u64,
}

/// The requests of the last minutes, as this instance saw them.
#[derive(Debug, Default)]
pub(crate) struct Window(Mutex<VecDeque<(i64, Rates)>>);

impl Window {
    /// Counts a request.
    fn note(&self, failed: bool, now: OffsetDateTime) {
        let minute = now.unix_timestamp().div_euclid(60);
        let mut minutes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if minutes.back().is_none_or(|(last, _)| *last < minute) {
            minutes.push_back((minute, Rates::default()));
            while minutes.front().is_some_and(|(first, _)| *first <= minute - MINUTES) {
                minutes.pop_front();
            }
        }
        if let Some((_, rates)) = minutes.back_mut() {
            rates.count += 1;
            rates.errors += u64::from(failed);
        }
    }

    /// The requests of the last five minutes.
    pub(crate) fn last(&self, now: OffsetDateTime) -> Rates {
        let minute = now.unix_timestamp().div_euclid(60);
        let minutes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = minutes.iter().filter(|(at, _)| *at > minute - MINUTES);
        recent.fold(Rates::default(), |sum, (_, rates)| Rates {
            count: sum.count + rates.count,
            errors: sum.errors + rates.errors,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_older_than_five_minutes_is_forgotten() {
        let (window, start) = (Window::default(), OffsetDateTime::UNIX_EPOCH);
        window.note(true, start);
        window.note(false, start + Duration::minutes(4));
        assert_eq!(window.last(start + Duration::minutes(4)), Rates { count: 2, errors: 1 });
        assert_eq!(window.last(start + Duration::minutes(5)), Rates { count: 1, errors: 0 });
        window.note(false, start + Duration::minutes(20));
        assert_eq!(window.0.lock().unwrap().len(), 1);
    }
}
