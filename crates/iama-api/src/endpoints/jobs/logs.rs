//! `GET /api/v1/jobs/{job_id}/logs`: what happens to a job, as it happens.

use std::convert::Infallible;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::Stream;
use futures_util::stream::unfold;
use iama_store::stream::{self, Body, Told};
use iama_store::{StoreError, sessions};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;

use crate::error::{ApiError, ErrorBody};
use crate::extract::{Fields, Query};
use crate::hub::{BATCH, LOOK, Reader, Sent};
use crate::jobs::OwnJob;
use crate::state::AppState;

/// Where to begin.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Start {
    /// After this event; the header `Last-Event-ID` goes before it.
    after: Option<i64>,
}

/// What happens to a job, as Server-Sent Events.
///
/// Each event has the number of its place in the job's stream for an id. Who comes back with `Last-Event-ID` goes on
/// there, on any instance and after any restart, and misses and repeats nothing. The stream lasts as long as the
/// session: an access token that expires in the middle of it does not end it.
#[utoipa::path(get, path = "/jobs/{job_id}/logs", operation_id = "readLogs", tag = "Jobs", security(("user" = [])),
    params(("job_id" = uuid::Uuid, Path, description = "Which"), Start,
        ("Last-Event-ID" = Option<i64>, Header, description = "The last event that was seen")),
    responses(
        (status = OK, body = String, content_type = "text/event-stream"),
        (status = UNAUTHORIZED, body = ErrorBody),
        (status = NOT_FOUND, body = ErrorBody),
        (status = UNPROCESSABLE_ENTITY, body = ErrorBody),
    ))]
pub(crate) async fn get(
    State(state): State<AppState>,
    own: OwnJob,
    Query(start): Query<Start>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let named = headers.get("last-event-id").map(|id| id.to_str().ok().and_then(|id| id.parse().ok()));
    let mut fields = Fields::default();
    fields.require(named != Some(None), "Last-Event-ID", "is no number");
    let seen: i64 = named.flatten().or(start.after).unwrap_or(0);
    fields.require(seen >= 0, "after", "must not be below 0");
    fields.done()?;
    let reading = Reading { news: state.hub.read(own.id), state, own, seen, has_begun: false, waiting: Vec::new() };
    let events = unfold(reading, |mut reading| async move { Some((Ok(reading.next().await?), reading)) });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

/// A stream that is read: it holds what was fetched and not yet sent, and no more than a batch of it.
struct Reading {
    state: AppState,
    own: OwnJob,
    news: Reader,
    seen: i64,
    has_begun: bool,
    /// The next one is the last.
    waiting: Vec<Sent>,
}

impl Reading {
    /// The next event; nothing when the session is over, or the database is: then the client comes back.
    async fn next(&mut self) -> Option<Event> {
        while self.waiting.is_empty() {
            if self.state.hub.is_closed() {
                return None;
            }
            Box::pin(self.fetch()).await.inspect_err(|error| tracing::warn!(%error, "a stream ends")).ok()?;
            if self.waiting.is_empty() {
                let _ = tokio::time::timeout(LOOK, self.news.news()).await;
            }
        }
        let sent = self.waiting.pop()?;
        self.seen = sent.id;
        Some(sent.event)
    }

    /// Who begins asks the database: what is there already may not have rung yet. Afterwards one reader asks for all.
    async fn fetch(&mut self) -> Result<(), StoreError> {
        let ring = self.news.ring();
        if !self.has_begun {
            self.has_begun = true;
            self.waiting = self.ask().await?;
            self.waiting.reverse();
            return Ok(());
        }
        let session = self.own.user.session;
        let mut tail = self.news.tail().lock().await;
        if !tail.serves(ring, session, self.seen) {
            tail.keep(ring, session, self.seen, self.ask().await?);
        }
        self.waiting = tail.after(self.seen);
        Ok(())
    }

    async fn ask(&self) -> Result<Vec<Sent>, StoreError> {
        let mut connection = self.state.db.pool().acquire().await?;
        if !sessions::is_open(&mut connection, self.own.user.session).await? {
            return Err(StoreError::Missing("session"));
        }
        let most = i64::try_from(BATCH).unwrap_or(i64::MAX);
        let told = stream::after(&mut connection, self.own.id, self.seen, most).await?;
        Ok(told.into_iter().map(|told| Sent { id: told.id, event: self.event(told) }).collect())
    }

    fn event(&self, told: Told) -> Event {
        let at = told.at.unix_timestamp_nanos() / 1_000_000;
        let body = match told.body {
            Body::Data(data) => data,
            Body::Sealed(sealed) => {
                let opened = self.state.ring.open(&stream::context(self.own.id), &sealed);
                let text = opened.ok().and_then(|text| String::from_utf8(text).ok());
                json!({ "text": text })
            }
        };
        let mut data = json!({ "at_ms": at.to_string().parse::<i64>().unwrap_or_default() });
        if let (Some(all), Value::Object(body)) = (data.as_object_mut(), body) {
            all.extend(body);
        }
        Event::default().id(told.id.to_string()).event(told.event).data(data.to_string())
    }
}
