//! Model calls: wanted by machines, made by whoever takes them, answered with the next turn of the same effect.
//!
//! A call is a row before anything is sent, with the most that it can cost reserved. Whoever takes it holds a lease; an answer
//! counts with the fencing token of that lease alone, so a call that is made twice is paid for once.

mod account;
mod asking;
mod counting;
mod ending;
mod making;
mod table;
mod wanting;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use iama_model::{CancellationToken, Router};
use iama_store::{StoreError, calls};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::error::ApiError;
use crate::state::AppState;

pub(crate) use asking::preview;
pub use table::{KeyPlace, check as check_table};
pub(crate) use table::{Routes, routes_at_start, tariffs};
pub(crate) use wanting::{answers, check, want};

/// Calls that one server makes at once.
const AT_ONCE: usize = 64;

/// How often is looked for calls that nobody was told of: those whose pause or lease is over.
const LOOK: Duration = Duration::from_secs(1);

/// Gives the key that lies at a place; nothing where there is none.
type Keys = dyn Fn(KeyPlace<'_>) -> Option<String> + Send + Sync;

/// What this server makes calls with.
pub struct Models {
    keys: Box<Keys>,
    /// Routers by the version of their table.
    routers: Mutex<BTreeMap<i32, Arc<Router>>>,
    /// Calls that this server makes, and the jobs that they are for.
    at_work: Mutex<BTreeMap<Uuid, (Uuid, CancellationToken)>>,
    news: Notify,
    closed: CancellationToken,
}

impl fmt::Debug for Models {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Models").finish_non_exhaustive()
    }
}

impl Models {
    /// With keys that are looked up when a call is made, and kept nowhere.
    pub fn new(keys: impl Fn(KeyPlace<'_>) -> Option<String> + Send + Sync + 'static) -> Self {
        Self {
            keys: Box::new(keys),
            routers: Mutex::default(),
            at_work: Mutex::default(),
            news: Notify::new(),
            closed: CancellationToken::new(),
        }
    }

    /// There may be a call to be made.
    pub fn look(&self) {
        self.news.notify_one();
    }

    /// Stops the calls of a job: not one more token.
    pub fn stop(&self, job: Uuid) {
        for (of, cancel) in self.at_work().values() {
            if *of == job {
                cancel.cancel();
            }
        }
    }

    /// Takes no more calls and gives back those that are under way.
    pub fn close(&self) {
        self.closed.cancel();
        for (_, cancel) in self.at_work().values() {
            cancel.cancel();
        }
    }

    fn is_closed(&self) -> bool {
        self.closed.is_cancelled()
    }

    fn at_work(&self) -> std::sync::MutexGuard<'_, BTreeMap<Uuid, (Uuid, CancellationToken)>> {
        self.at_work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a call is made here. It is forgotten with the value.
    fn begin(&self, call: Uuid, job: Uuid) -> AtWork<'_> {
        let cancel = CancellationToken::new();
        self.at_work().insert(call, (job, cancel.clone()));
        if self.is_closed() {
            cancel.cancel();
        }
        AtWork { models: self, call, cancel }
    }
}

/// A call that is made here.
struct AtWork<'m> {
    models: &'m Models,
    call: Uuid,
    cancel: CancellationToken,
}

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.models.at_work().remove(&self.call);
    }
}

/// Makes calls until [`Models::close`]. What is under way then is given back before this returns.
pub async fn drive(state: AppState) {
    let mut at_work = JoinSet::new();
    while !state.models.is_closed() {
        while at_work.len() < AT_ONCE {
            match take(&state).await {
                Ok(Some(taken)) => {
                    let state = state.clone();
                    at_work.spawn(async move { making::make(&state, &taken).await });
                }
                Ok(None) => break,
                Err(error) => {
                    tracing::warn!(code = error.code(), "no model calls could be taken");
                    break;
                }
            }
        }
        tokio::select! {
            () = state.models.closed.cancelled() => break,
            () = state.models.news.notified(), if at_work.len() < AT_ONCE => {}
            () = tokio::time::sleep(LOOK), if at_work.len() < AT_ONCE => {}
            Some(_) = at_work.join_next() => {}
        }
    }
    while at_work.join_next().await.is_some() {}
}

/// Makes the calls that are due, one after the other. Gives how many.
pub async fn make_due(state: &AppState) -> Result<usize, ApiError> {
    let mut made = 0;
    while let Some(taken) = take(state).await? {
        making::make(state, &taken).await;
        made += 1;
    }
    Ok(made)
}

async fn take(state: &AppState) -> Result<Option<calls::Taken>, ApiError> {
    let mut transaction = state.db.begin().await?;
    let taken = calls::take(&mut transaction, state.clock.now()).await?;
    transaction.commit().await.map_err(StoreError::from)?;
    Ok(taken)
}
