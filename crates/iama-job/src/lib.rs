//! The job machine: every rule of a job's life, as one pure function.
//!
//! [`step()`] takes a [`Job`], an [`Event`] and the time, and says what becomes of it: the next job and the effects to
//! carry out, or that the event is stale, or that the decision is refused and why. [`table`] is the rule book at a
//! glance: every place that a job can be in, every event that means something there, and where it may lead; the
//! handlers in [the module of the same name](mod@step) only decide between the destinations that it lists. [`policy`]
//! holds the numbers, [`journal`] folds recorded events back into a job, and [`choices`] tells a shell what a person
//! can decide now.
//!
//! What must never be in here: IO, async, a clock, randomness, logging, knowledge of any shell, wire or database, and
//! source code of the user's (events and effects carry the ids of artifacts instead).

pub mod choices;
mod codes;
pub mod diagram;
pub mod effect;
pub mod entitlement;
pub mod event;
pub mod fingerprint;
pub mod ids;
pub mod job;
pub mod journal;
#[cfg(any(test, feature = "model"))]
pub mod model;
pub mod outcome;
pub mod place;
pub mod policy;
pub mod state;
pub mod step;
pub mod table;

pub use effect::{Dispatch, Effect};
pub use entitlement::{Entitlement, Route};
pub use event::{Decision, EffectResult, Event, EventKind, Signal};
pub use fingerprint::{Failure, Fingerprint};
pub use ids::{ArtifactId, DeadlineId, EffectId, JobId, MilliCredits, QuoteId, RouteName, TestId, Timestamp};
pub use job::{Job, RULES_VERSION};
pub use journal::{FoldError, Record, fold, record};
pub use outcome::{Outcome, Refusal, RefusalCode, Stale};
pub use place::{Place, StateKind};
pub use policy::tiers::{Segment, Tier};
pub use policy::waterfall::{Denial, ModelClass};
pub use state::State;
pub use step::step;
