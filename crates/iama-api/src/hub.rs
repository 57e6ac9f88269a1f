//! Wakes the readers of streams: one listener on the database, any number of readers.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::watch;
use uuid::Uuid;

/// A job's bell. It rings by counting.
type Bell = watch::Sender<u64>;

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
    _bell: Arc<Bell>,
}

impl Reader {
    /// Waits until something has been told since the last call.
    pub(crate) async fn news(&mut self) {
        // The bell is held here, so the channel cannot close.
        let _ = self.news.changed().await;
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
            let bell = Arc::new(watch::Sender::new(0));
            bells.insert(job, Arc::downgrade(&bell));
            bell
        });
        Reader { news: bell.subscribe(), _bell: bell }
    }

    /// Wakes the readers of a job.
    pub fn ring(&self, job: Uuid) {
        let bell = self.bells.lock().unwrap_or_else(PoisonError::into_inner).get(&job).and_then(Weak::upgrade);
        if let Some(bell) = bell {
            bell.send_modify(|count| *count += 1);
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
            bell.send_modify(|count| *count += 1);
        }
    }
}
