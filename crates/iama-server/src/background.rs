//! What goes on beside requests: the ear on the database, and the broom.

use std::time::Duration;

use iama_api::{AppState, sweeping};
use iama_store::stream::CHANNEL;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};

/// How often is looked for what is due. With the five seconds after which a beat is overdue, tokens stop within ten.
const SWEEP: Duration = Duration::from_secs(1);

/// How often is thrown away what nobody needs.
const TIDY: Duration = Duration::from_mins(10);

/// The wait before a broken connection is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// Starts it. It ends when the set is dropped.
pub(crate) fn start(state: &AppState) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(listen(state.clone()));
    tasks.spawn(sweep(state.clone()));
    tasks.spawn(tidy(state.clone()));
    tasks
}

async fn listen(state: AppState) {
    loop {
        if let Err(error) = hear(&state).await {
            tracing::warn!(%error, "nothing is heard from the database");
        }
        sleep(AGAIN).await;
        state.hub.ring_all();
    }
}

async fn hear(state: &AppState) -> Result<(), iama_store::StoreError> {
    let mut listener = state.db.listener().await.map_err(|error| match error {
        iama_store::Error::Sql(error) => error.into(),
        _ => iama_store::StoreError::Missing("connection to listen on"),
    })?;
    listener.listen(CHANNEL).await?;
    // What was told before we listened.
    state.hub.ring_all();
    loop {
        // Nothing means that the connection broke and is there again.
        match listener.try_recv().await? {
            Some(told) => told.payload().parse().map_or((), |job| state.hub.ring(job)),
            None => state.hub.ring_all(),
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

async fn tidy(state: AppState) {
    let mut ticks = interval(TIDY);
    loop {
        ticks.tick().await;
        if let Err(error) = sweeping::tidy(&state).await {
            tracing::warn!(code = error.code(), "what nobody needs could not be thrown away");
        }
    }
}
