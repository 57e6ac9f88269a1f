//! How long the machine waits for whom.

use crate::codes::codes;
use crate::ids::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A client of a working job beats this often.
pub const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(30);
/// A beat this late is a lost client. Together with the sweep it keeps token stop within ten seconds.
pub const HEARTBEAT_OVERDUE: Duration = Duration::from_secs(5);
/// From a missed beat to the last token.
pub const TOKEN_STOP_LIMIT: Duration = Duration::from_secs(10);

/// Whether a client that last beat at `last_beat` counts as lost.
pub fn is_lost(last_beat: Timestamp, now: Timestamp) -> bool {
    now >= last_beat.after(HEARTBEAT_INTERVAL + HEARTBEAT_OVERDUE)
}

codes! {
    /// What a deadline is for.
    pub enum DeadlineKind {
        /// A lost client may come back.
        Grace = "GRACE",
        /// A stronger class may be confirmed.
        Escalation = "ESCALATION",
        /// A person may choose after identical failures.
        Intervention = "INTERVENTION",
        /// A person at work, or asked in the middle of work, is idle.
        Idle = "IDLE",
        /// A decision before any work on the code, or an artifact that decisions need, grows too old.
        Expiry = "EXPIRY",
    }
}

/// Waits in milliseconds; `None` waits for ever.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Timers {
    /// For a lost client.
    pub grace_ms: Option<u64>,
    /// For an escalation decision.
    pub escalation_ms: Option<u64>,
    /// For an intervention decision.
    pub intervention_ms: Option<u64>,
    /// For a person in the middle of work.
    pub idle_ms: Option<u64>,
    /// For decisions and artifacts.
    pub expiry_ms: Option<u64>,
}

impl Timers {
    /// The platform's waits.
    pub const fn server() -> Self {
        Self {
            grace_ms: Some(300_000),
            escalation_ms: Some(3_600_000),
            intervention_ms: Some(1_800_000),
            idle_ms: Some(24 * 3_600_000),
            expiry_ms: Some(14 * 24 * 3_600_000),
        }
    }

    /// On the user's own machine a closed lid must not cost the job: nothing expires.
    pub const fn local() -> Self {
        Self { grace_ms: None, escalation_ms: None, intervention_ms: None, idle_ms: None, expiry_ms: None }
    }

    /// The wait for `kind`.
    pub fn wait(&self, kind: DeadlineKind) -> Option<Duration> {
        let ms = match kind {
            DeadlineKind::Grace => self.grace_ms,
            DeadlineKind::Escalation => self.escalation_ms,
            DeadlineKind::Intervention => self.intervention_ms,
            DeadlineKind::Idle => self.idle_ms,
            DeadlineKind::Expiry => self.expiry_ms,
        };
        ms.map(Duration::from_millis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_lost_when_its_beat_is_five_seconds_overdue() {
        let beat = Timestamp(1_000);
        assert!(!is_lost(beat, Timestamp(35_999)));
        assert!(is_lost(beat, Timestamp(36_000)));
    }

    #[test]
    fn the_platform_waits_as_long_as_it_promises() {
        let seconds: Vec<u64> = DeadlineKind::ALL
            .iter()
            .filter_map(|&kind| Timers::server().wait(kind))
            .map(|wait| wait.as_secs())
            .collect();
        assert_eq!(seconds, [300, 3_600, 1_800, 86_400, 1_209_600]);
    }
}
