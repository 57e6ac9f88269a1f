//! Newtypes for everything that the machine only passes on: it never looks inside them.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// A moment in milliseconds since the Unix epoch. The caller supplies it; nothing here reads a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The moment `wait` later, held at the end of time instead of wrapping.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)))
    }
}

macro_rules! text_ids {
    ($($(#[$meta:meta])* $name:ident;)+) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

text_ids! {
    /// A job.
    JobId;
    /// A stored thing that may quote code (pack, spec, patch, report). Rows and events hold only this.
    ArtifactId;
    /// An offer of a price for one L3 use; a confirmation must name it.
    QuoteId;
    /// A test, as its framework names it.
    TestId;
    /// A configured model behind a class.
    RouteName;
}

/// One effect of one accepted event: results are deduplicated by it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EffectId {
    /// The job.
    pub job: JobId,
    /// The sequence number of the event that asked for the effect.
    pub seq: u64,
    /// The place among that event's effects.
    pub index: u16,
}

impl fmt::Display for EffectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.job, self.seq, self.index)
    }
}

/// One armed timer; a timer armed later has another id, so a late firing is recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeadlineId(pub u64);

/// Thousandths of a credit. One credit is one US cent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MilliCredits(pub u64);

impl MilliCredits {
    /// Whole credits.
    pub const fn credits(credits: u64) -> Self {
        Self(credits.saturating_mul(1000))
    }

    /// The sum, held at the maximum instead of wrapping.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}
