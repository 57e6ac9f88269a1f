//! Being there: beats while a job is at work, the ear on its stream, claims that are held.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use iama_job::Timestamp;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::{sleep, timeout};

use super::lines::Lines;
use super::wire::Wire;
use crate::machine;
use crate::problem::Problem;

/// A claim holds for a minute; it is renewed three times in one.
const RENEWAL: Duration = Duration::from_secs(20);

/// After news it is looked at once whether the work is still wanted, but not more often than this.
const AFTER_NEWS: Duration = Duration::from_millis(500);

/// Before a beat that failed, or a stream that broke, is tried again.
const AGAIN: Duration = Duration::from_secs(2);

/// The longest time without a look at what is asked for.
const LOOK: Duration = Duration::from_secs(20);

/// How often it is looked whether a person wants to stop.
const TICK: Duration = Duration::from_millis(50);

/// This machine's presence at a job. It ends when it is dropped.
pub(super) struct Presence {
    wire: Wire,
    runtime: Handle,
    job: String,
    session: Arc<Mutex<String>>,
    news: watch::Receiver<u64>,
    tasks: [AbortHandle; 2],
}

impl Presence {
    /// Beats for the first time, with the session of before if there was one, and goes on.
    pub(super) fn begin(
        wire: &Wire,
        runtime: &Handle,
        job: &str,
        before: Option<&str>,
        name: &str,
    ) -> Result<Self, Problem> {
        let first = runtime.block_on(wire.beat(job, before, name));
        let (session, next) = first.map_err(|fault| fault.problem(wire.url()))?;
        let session = Arc::new(Mutex::new(session));
        let (bell, news) = watch::channel(0);
        let beats = runtime.spawn(beat(wire.clone(), job.to_owned(), name.to_owned(), Arc::clone(&session), next));
        let ear = runtime.spawn(listen(wire.clone(), job.to_owned(), bell));
        let tasks = [beats.abort_handle(), ear.abort_handle()];
        Ok(Self { wire: wire.clone(), runtime: runtime.clone(), job: job.to_owned(), session, news, tasks })
    }

    /// The session that this machine has at the job.
    pub(super) fn session(&self) -> String {
        self.session.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What tells the readers of the job's stream what is done here, from this moment on.
    pub(super) fn lines(&self, since: Timestamp) -> Lines {
        Lines::begin(&self.wire, &self.runtime, &self.job, &self.session, since)
    }

    /// Notes that all news so far are being looked at.
    pub(super) fn look(&mut self) {
        self.news.mark_unchanged();
    }

    /// Waits until something has happened since the last look, or a person wants to stop.
    pub(super) fn wait(&mut self) {
        let news = &mut self.news;
        self.runtime.block_on(async {
            let told = timeout(LOOK, news.changed());
            let mut told = pin!(told);
            loop {
                tokio::select! {
                    _ = &mut told => return,
                    () = sleep(TICK) => if machine::is_interrupted() { return },
                }
            }
        });
    }

    /// Holds a claim while work is done. What nobody waits for any more is stopped.
    pub(super) fn hold(&self, request: &str, token: i64) -> Held {
        let (wire, job, request, mut news) =
            (self.wire.clone(), self.job.clone(), request.to_owned(), self.news.clone());
        Held(self.runtime.spawn(async move {
            loop {
                let told = timeout(RENEWAL, news.changed()).await;
                if told.is_ok() {
                    sleep(AFTER_NEWS).await;
                }
                let renewed = wire.renew(&job, &request, token).await;
                if renewed.is_err_and(|fault| fault.is_late()) {
                    machine::halt();
                    return;
                }
            }
        }))
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

/// A claim that is held until this is dropped.
pub(super) struct Held(JoinHandle<()>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.abort();
        machine::go_on();
    }
}

async fn beat(wire: Wire, job: String, name: String, session: Arc<Mutex<String>>, first: Duration) {
    let mut next = first;
    loop {
        sleep(next).await;
        let known = session.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match wire.beat(&job, Some(&known), &name).await {
            Ok((now, wait)) => {
                *session.lock().unwrap_or_else(PoisonError::into_inner) = now;
                next = wait;
            }
            // Whoever works for the job instead is found out with the next claim.
            Err(_) => next = AGAIN,
        }
    }
}

/// Rings for each event of the stream, and whenever the stream begins: something may have happened before.
async fn listen(wire: Wire, job: String, bell: watch::Sender<u64>) {
    let mut seen = 0;
    loop {
        if let Ok(stream) = wire.stream(&job, seen).await {
            bell.send_modify(|count| *count += 1);
            let mut stream = pin!(stream);
            while let Some(Some(id)) = Wire::patient(stream.next()).await {
                seen = id;
                bell.send_modify(|count| *count += 1);
            }
        }
        sleep(AGAIN).await;
    }
}
