//! What becomes due by itself: clients that have fallen silent, timers, claims that ran out. Any number of instances may
//! sweep at once: each finding is taken by one of them, or puts an event that the job ignores the second time.

use iama_job::{Event, Signal};
use iama_store::stream::{self, StreamEvent};
use iama_store::{
    StoreError, admins, artifacts, chores, clients, devices, grants, idempotency, login_codes, oauth_flows, requests,
    switches, throttle, timers,
};
use serde_json::json;
use time::Duration;
use uuid::Uuid;

use crate::error::ApiError;
use crate::jobs::{Done, Steps};
use crate::objects;
use crate::state::AppState;

/// How many findings of a kind are taken at once.
const MOST: i64 = 200;

/// How often is thrown away what nobody needs.
const TIDY: Duration = Duration::minutes(10);

/// How often is looked for objects that no row names. All of them are listed for it.
const LIST: Duration = Duration::hours(1);

/// What a sweep found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Clients that have fallen silent.
    pub lost: usize,
    /// Timers that were due.
    pub fired: usize,
    /// Jobs that a switch has stopped.
    pub stopped: usize,
    /// People to whom credits were granted, or whose credits have ended.
    pub granted: usize,
    /// Requests that are offered again.
    pub offered: usize,
}

/// Looks once.
pub async fn sweep(state: &AppState) -> Result<Swept, ApiError> {
    let stopped = stopped(state).await?;
    Ok(Swept {
        lost: lost(state).await?,
        fired: fired(state).await?,
        stopped,
        granted: granted(state).await?,
        offered: offered(state).await?,
    })
}

/// What housekeeping was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kept {
    /// Whether was thrown away what nobody needs.
    pub tidied: bool,
    /// How many objects were deleted that no row names; nothing where they were not looked for.
    pub orphans: Option<usize>,
}

/// Does what is due of the housekeeping, unless another server does it.
pub async fn keep_house(state: &AppState) -> Result<Kept, ApiError> {
    state.limits().forget_idle();
    let tidied = is_ours(state, "tidy", TIDY).await?;
    if tidied {
        tidy(state).await?;
    }
    let lists = is_ours(state, "list_objects", LIST).await?;
    let orphans = if lists { Some(sweep_orphans(state).await?) } else { None };
    Ok(Kept { tidied, orphans })
}

async fn is_ours(state: &AppState, chore: &str, every: Duration) -> Result<bool, ApiError> {
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    Ok(chores::take(&mut connection, chore, every, state.clock.now()).await?)
}

/// Forgets what nobody needs any more.
pub async fn tidy(state: &AppState) -> Result<(), ApiError> {
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    idempotency::sweep(&mut connection, state.clock.now()).await?;
    admins::sweep(&mut connection, state.clock.now()).await?;
    throttle::sweep(&mut connection, state.clock.now()).await?;
    devices::sweep(&mut connection, state.clock.now()).await?;
    stream::forget_lines(&mut connection, state.clock.now() - artifacts::KEPT).await?;
    oauth_flows::sweep(&mut connection, state.clock.now()).await?;
    login_codes::sweep(&mut connection, state.clock.now()).await?;
    drop(connection);
    while objects::sweep(state, MOST).await? > 0 {}
    Ok(())
}

/// Deletes objects whose rows were rolled back. Gives how many.
pub async fn sweep_orphans(state: &AppState) -> Result<usize, ApiError> {
    objects::sweep_orphans(state).await
}

/// A client counts as lost in the transaction in which its job hears of it.
async fn lost(state: &AppState) -> Result<usize, ApiError> {
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    let silent = clients::silent(&mut connection, state.clock.now(), MOST).await?;
    drop(connection);
    let mut lost = 0;
    for job in silent {
        let mut steps = Steps::begin(state).await?;
        let before = steps.lock(job).await?;
        if clients::lose(&mut steps, job, state.clock.now()).await? {
            steps.put_to(&before, Event::Signal(Signal::HeartbeatLost)).await?;
            lost += 1;
        }
        steps.commit().await?;
    }
    Ok(lost)
}

/// Stops jobs at work that are under a switch; in any number of instances, each job once. One that cannot be stopped keeps
/// none of the others at work.
pub(crate) async fn stopped(state: &AppState) -> Result<usize, ApiError> {
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    let under = switches::under(&mut connection, MOST).await?;
    drop(connection);
    let mut stopped = 0;
    for job in under {
        match stop(state, job).await {
            Ok(done) => stopped += usize::from(done),
            Err(error) => tracing::error!(%job, code = error.code(), "a job under a switch goes on"),
        }
    }
    Ok(stopped)
}

/// False where somebody else was faster.
async fn stop(state: &AppState, job: Uuid) -> Result<bool, ApiError> {
    let mut steps = Steps::begin(state).await?;
    let before = steps.lock(job).await?;
    if before.job.state.place().is_ended() {
        return Ok(false);
    }
    let done = steps.put_to(&before, Event::Signal(Signal::KillSwitch)).await?;
    steps.commit().await?;
    Ok(matches!(done, Done::Taken(_)))
}

/// Credits of periods that begin, in a transaction for each person.
async fn granted(state: &AppState) -> Result<usize, ApiError> {
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    let due = grants::due(&mut connection, state.clock.now(), MOST).await?;
    drop(connection);
    let mut granted = 0;
    for user in due {
        match grant(state, user).await {
            Ok(done) => granted += usize::from(done),
            Err(error) => tracing::error!(%user, code = error.code(), "no credits could be granted"),
        }
    }
    Ok(granted)
}

async fn grant(state: &AppState, user: Uuid) -> Result<bool, ApiError> {
    let mut transaction = state.db.begin().await?;
    let done = grants::settle(&mut transaction, user, state.clock.now()).await?;
    transaction.commit().await.map_err(StoreError::from)?;
    Ok(done)
}

async fn fired(state: &AppState) -> Result<usize, ApiError> {
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    let due = timers::due(&mut connection, state.clock.now(), MOST).await?;
    drop(connection);
    for timer in &due {
        let mut steps = Steps::begin(state).await?;
        steps.put(timer.job, Event::Signal(Signal::TimerFired { deadline: timer.deadline })).await?;
        timers::cancel(&mut steps, timer.job, timer.deadline).await?;
        steps.commit().await?;
    }
    Ok(due.len())
}

async fn offered(state: &AppState) -> Result<usize, ApiError> {
    let mut transaction = state.db.begin().await?;
    let again = requests::sweep(&mut transaction, state.clock.now()).await?;
    for (job, request) in &again {
        let event = StreamEvent::new("execution_request", json!({ "request_id": request, "again": true }));
        stream::tell(&mut transaction, *job, &event, state.clock.now()).await?;
        stream::announce(&mut transaction, *job).await?;
    }
    transaction.commit().await.map_err(StoreError::from)?;
    Ok(again.len())
}
