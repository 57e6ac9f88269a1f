//! Wakes the readers of streams: one listener on the database, any number of readers. What one of them has read of a job, the
//! others take from it.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use axum::response::sse::Event;
use tokio::sync::watch;
use tokio::time::Instant;
use uuid::Uuid;

use crate::metering::OpenStream;

/// The longest time between two looks at the database, and at a session.
pub(crate) const LOOK: Duration = Duration::from_secs(30);

/// How many events are read at once.
pub(crate) const BATCH: usize = 200;

/// A job's bell. It rings by counting.
#[derive(Debug)]
struct Bell {
    rings: watch::Sender<u64>,
    tail: tokio::sync::Mutex<Tail>,
}

impl Bell {
    fn ring(&self) {
        self.rings.send_modify(|count| *count += 1);
    }
}

/// An event as its readers are sent it.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    /// Its place in the stream.
    pub(crate) id: i64,
    /// What is sent.
    pub(crate) event: Event,
}

/// The end of a job's stream, as somebody has read it after a ring. It is locked while it is read, so that of many readers one asks.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    read: Option<(u64, Instant)>,
    /// The events after this one, the oldest first.
    after: i64,
    events: Vec<Sent>,
    /// Sessions that were open.
    sessions: HashSet<Uuid>,
}

impl Tail {
    /// Whether it says what a reader would read in the database: since this ring, for this session, after this event.
    pub(crate) fn serves(&self, ring: u64, session: Uuid, seen: i64) -> bool {
        self.is_of(ring) && self.sessions.contains(&session) && self.after <= seen && self.events.len() < BATCH
    }

    fn is_of(&self, ring: u64) -> bool {
        self.read.is_some_and(|(known, at)| known == ring && at.elapsed() < LOOK)
    }

    /// Keeps what a reader has read.
    pub(crate) fn keep(&mut self, ring: u64, session: Uuid, seen: i64, events: Vec<Sent>) {
        if !self.is_of(ring) {
            self.sessions.clear();
            self.read = Some((ring, Instant::now()));
        }
        self.sessions.insert(session);
        (self.after, self.events) = (seen, events);
    }

    /// The events after this one, the newest first.
    pub(crate) fn after(&self, seen: i64) -> Vec<Sent> {
        self.events.iter().rev().take_while(|sent| sent.id > seen).cloned().collect()
    }
}

/// Who waits for news of which job.
#[derive(Debug, Default)]
pub struct Hub {
    bells: Mutex<HashMap<Uuid, Weak<Bell>>>,
    closed: AtomicBool,
}

/// A reader of a job's stream. The bell goes with its last reader.
#[derive(Debug)]
pub(crate) struct Reader {
    news: watch::Receiver<u64>,
    bell: Arc<Bell>,
    _open: OpenStream,
}

impl Reader {
    /// Waits until something has been told since the last call.
    pub(crate) async fn news(&mut self) {
        // The bell is held here, so the channel cannot close.
        let _ = self.news.changed().await;
    }

    /// The last ring. The next call of [`Self::news`] waits for another.
    pub(crate) fn ring(&mut self) -> u64 {
        *self.news.borrow_and_update()
    }

    /// What readers of the job have read.
    pub(crate) fn tail(&self) -> &tokio::sync::Mutex<Tail> {
        &self.bell.tail
    }
}

impl Hub {
    /// Begins to wait for news of a job: what is told from now on is noticed.
    pub(crate) fn read(&self, job: Uuid) -> Reader {
        let mut bells = self.bells.lock().unwrap_or_else(PoisonError::into_inner);
        let known = bells.get(&job).and_then(Weak::upgrade);
        let bell = known.unwrap_or_else(|| {
            // Whoever makes a bell sweeps away those that nobody holds, when they are many.
            if bells.len() >= 64 && bells.len().is_power_of_two() {
                bells.retain(|_, bell| bell.strong_count() > 0);
            }
            let bell = Arc::new(Bell { rings: watch::Sender::new(0), tail: tokio::sync::Mutex::default() });
            bells.insert(job, Arc::downgrade(&bell));
            bell
        });
        Reader { news: bell.rings.subscribe(), bell, _open: OpenStream::new() }
    }

    /// Wakes the readers of a job.
    pub fn ring(&self, job: Uuid) {
        let bell = self.bells.lock().unwrap_or_else(PoisonError::into_inner).get(&job).and_then(Weak::upgrade);
        if let Some(bell) = bell {
            bell.ring();
        }
    }

    /// Ends all streams: the server is about to stop, and their readers go on elsewhere.
    pub fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.ring_all();
    }

    /// Whether streams are to end.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// Wakes all readers: the listener was away, and nobody knows what it missed.
    pub fn ring_all(&self) {
        let bells = self.bells.lock().unwrap_or_else(PoisonError::into_inner);
        let held: Vec<Arc<Bell>> = bells.values().filter_map(Weak::upgrade).collect();
        drop(bells);
        for bell in held {
            bell.ring();
        }
    }
}
