//! A job is its events: recorded one by one, folded back into a job.

use crate::effect::Dispatch;
use crate::event::Event;
use crate::ids::{JobId, Timestamp};
use crate::job::{Job, RULES_VERSION};
use crate::outcome::{Outcome, Refusal, Stale};
use crate::place::Place;
use crate::state::State;
use crate::step::step;
use serde::{Deserialize, Serialize};

/// One accepted event, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// From 1, without gaps.
    pub seq: u64,
    /// When it happened: folding needs the same time to get the same deadlines.
    pub at: Timestamp,
    /// The event.
    pub event: Event,
    /// Where the job was.
    pub from: Place,
    /// What it became.
    pub to: State,
    /// What was to be done.
    pub effects: Vec<Dispatch>,
    /// The rules that decided.
    pub rules_version: u32,
}

/// Why records cannot be folded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FoldError {
    /// A record is missing, repeated or out of order.
    #[error("record {found} stands where record {expected} should")]
    OutOfOrder {
        /// The number that should come.
        expected: u64,
        /// The number that came.
        found: u64,
    },
    /// A newer version of the rules wrote the record.
    #[error("record {seq} was written by rules {found}; this version knows rules up to {RULES_VERSION}")]
    NewerRules {
        /// Which record.
        seq: u64,
        /// Its rules.
        found: u32,
    },
    /// A record was written by other rules than the job's.
    #[error("record {seq} was written by rules {found}, the job runs by rules {expected}")]
    ChangedRules {
        /// Which record.
        seq: u64,
        /// The job's rules.
        expected: u32,
        /// Its rules.
        found: u32,
    },
    /// The rules do not accept the event.
    #[error("record {seq} holds {event}, which the rules do not accept in {place}")]
    NotAccepted {
        /// Which record.
        seq: u64,
        /// Its event.
        event: crate::event::EventKind,
        /// Where the job is.
        place: Place,
    },
    /// The rules lead elsewhere than the record.
    #[error("record {seq} goes from {recorded_from} to {recorded_to}, the rules go from {from} to {to}")]
    Diverged {
        /// Which record.
        seq: u64,
        /// Where the record starts.
        recorded_from: Place,
        /// Where the record ends.
        recorded_to: Place,
        /// Where the rules start.
        from: Place,
        /// Where the rules end.
        to: Place,
    },
    /// The rules ask for other effects than the record.
    #[error("record {seq} asks for other effects than the rules")]
    EffectsDiffer {
        /// Which record.
        seq: u64,
    },
}

/// Why nothing was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotRecorded {
    /// The event is stale.
    Ignored(Stale),
    /// The decision is refused.
    Refused(Refusal),
}

/// Takes a step and writes it down.
pub fn record(job: &Job, event: Event, now: Timestamp) -> Result<(Job, Record), NotRecorded> {
    match step(job, &event, now) {
        Outcome::Ignored(stale) => Err(NotRecorded::Ignored(stale)),
        Outcome::Refused(refusal) => Err(NotRecorded::Refused(refusal)),
        Outcome::Next { job: next, effects } => {
            let record = Record {
                seq: next.seq,
                at: now,
                event,
                from: job.state.place(),
                to: next.state.clone(),
                effects,
                rules_version: next.rules_version,
            };
            Ok((*next, record))
        }
    }
}

/// The job that the records tell of. Each is decided again and must come out as it was recorded.
pub fn fold<'a>(id: JobId, records: impl IntoIterator<Item = &'a Record>) -> Result<Job, FoldError> {
    let mut job = Job::new(id);
    for record in records {
        job = replay(&job, record)?;
    }
    Ok(job)
}

/// The job after one more record.
pub fn replay(job: &Job, record: &Record) -> Result<Job, FoldError> {
    check_header(job, record)?;
    let (seq, from) = (record.seq, job.state.place());
    match step(job, &record.event, record.at) {
        Outcome::Ignored(_) | Outcome::Refused(_) => {
            Err(FoldError::NotAccepted { seq, event: record.event.kind(), place: from })
        }
        Outcome::Next { job: next, .. } if record.from != from || record.to != next.state => {
            let (recorded_from, recorded_to) = (record.from, record.to.place());
            Err(FoldError::Diverged { seq, recorded_from, recorded_to, from, to: next.state.place() })
        }
        Outcome::Next { effects, .. } if record.effects != effects => Err(FoldError::EffectsDiffer { seq }),
        Outcome::Next { job: next, .. } => Ok(*next),
    }
}

fn check_header(job: &Job, record: &Record) -> Result<(), FoldError> {
    let (seq, found) = (record.seq, record.rules_version);
    let expected = job.seq.saturating_add(1);
    if found > RULES_VERSION {
        Err(FoldError::NewerRules { seq, found })
    } else if found != job.rules_version {
        Err(FoldError::ChangedRules { seq, expected: job.rules_version, found })
    } else if seq != expected {
        Err(FoldError::OutOfOrder { expected, found: seq })
    } else {
        Ok(())
    }
}
