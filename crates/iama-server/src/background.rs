//! What goes on beside requests: the ear on the database, the broom, and model calls.

use std::time::Duration;

use iama_api::{AppState, metering, models, sweeping};
use iama_store::requests::STOP_CHANNEL;
use iama_store::{calls, stream};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{MissedTickBehavior, interval, sleep};

/// How often is looked for what is due. With the five seconds after which a beat is overdue, tokens stop within ten.
const SWEEP: Duration = Duration::from_secs(1);

/// How often is looked for housekeeping that is due and that no other server does.
const HOUSE: Duration = Duration::from_mins(1);

/// How often is measured what lies in the database.
const MEASURE: Duration = Duration::from_secs(10);

/// The wait before a broken connection is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// How long model calls may take to be given back. Whoever takes them otherwise waits until their leases run out.
const GIVE_BACK: Duration = Duration::from_secs(5);

/// What goes on. It ends when it is dropped.
pub(crate) struct Background {
    _tasks: JoinSet<()>,
    calls: JoinHandle<()>,
}

impl Drop for Background {
    fn drop(&mut self) {
        self.calls.abort();
    }
}

/// Starts it.
pub(crate) fn start(state: &AppState) -> Background {
    let mut tasks = JoinSet::new();
    tasks.spawn(listen(state.clone()));
    tasks.spawn(sweep(state.clone()));
    tasks.spawn(keep_house(state.clone()));
    tasks.spawn(measure(state.clone()));
    Background { _tasks: tasks, calls: tokio::spawn(models::drive(state.clone())) }
}

impl Background {
    /// Gives model calls back that are under way, so that another server goes on with them.
    pub(crate) async fn stop(mut self, state: &AppState) {
        state.models.close();
        if tokio::time::timeout(GIVE_BACK, &mut self.calls).await.is_err() {
            tracing::warn!("model calls were left to whoever takes them when their leases have run out");
        }
    }
}

async fn listen(state: AppState) {
    loop {
        if let Err(error) = hear(&state).await {
            tracing::warn!(%error, "nothing is heard from the database");
        }
        sleep(AGAIN).await;
        missed(&state);
    }
}

/// Nobody knows what was told while nobody listened.
fn missed(state: &AppState) {
    state.hub.ring_all();
    state.models.look();
}

async fn hear(state: &AppState) -> Result<(), iama_store::StoreError> {
    let mut listener = state.db.listener().await.map_err(|error| match error {
        iama_store::Error::Sql(error) => error.into(),
        _ => iama_store::StoreError::Missing("connection to listen on"),
    })?;
    listener.listen_all([stream::CHANNEL, STOP_CHANNEL, calls::CHANNEL]).await?;
    missed(state);
    loop {
        // Nothing means that the connection broke and is there again.
        let Some(told) = listener.try_recv().await? else {
            missed(state);
            continue;
        };
        match (told.channel(), told.payload().parse()) {
            (stream::CHANNEL, Ok(job)) => state.hub.ring(job),
            (STOP_CHANNEL, Ok(job)) => state.models.stop(job),
            (calls::CHANNEL, _) => state.models.look(),
            _ => {}
        }
    }
}

async fn sweep(state: AppState) {
    let mut ticks = interval(SWEEP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match sweeping::sweep(&state).await {
            Ok(swept) if swept != sweeping::Swept::default() => tracing::info!(?swept, "swept"),
            Ok(_) => {}
            Err(error) => tracing::warn!(code = error.code(), "a sweep failed"),
        }
    }
}

async fn keep_house(state: AppState) {
    let mut ticks = interval(HOUSE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match sweeping::keep_house(&state).await {
            Ok(sweeping::Kept { orphans: Some(deleted), .. }) if deleted > 0 => {
                tracing::info!(deleted, "objects without a row were deleted");
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(code = error.code(), "housekeeping was not done"),
        }
    }
}

async fn measure(state: AppState) {
    let mut ticks = interval(MEASURE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = metering::measure(&state).await {
            tracing::warn!(code = error.code(), "the database could not be measured");
        }
    }
}
