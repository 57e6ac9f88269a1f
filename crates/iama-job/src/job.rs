//! A job: where it is and everything that outlives a state.

use crate::effect::{Deadline, Dispatch};
use crate::entitlement::Entitlement;
use crate::ids::{ArtifactId, EffectId, JobId, MilliCredits, TestId, Timestamp};
use crate::policy::baseline::{BaselineMode, EditMode};
use crate::policy::billing::Settlement;
use crate::policy::budget::Counters;
use crate::state::{State, Strategy};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The rules in this crate. A running job keeps the version that it started with.
pub const RULES_VERSION: u32 = 1;

/// An effect that has not answered yet.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct InFlight {
    /// The effect, as it was last asked for.
    pub dispatch: Dispatch,
    /// What was noted for it, if a model is called.
    pub cost: Option<NotedCost>,
}

/// The cost noted before a model call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct NotedCost {
    /// The number of the call.
    pub ordinal: u32,
    /// The most that it may cost.
    pub worst_case: MilliCredits,
}

/// The money side of a job.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Billing {
    /// Whether the round has come to `GENERATING_TESTS`, or began behind it.
    pub past_checkpoint: bool,
    /// Whether the round is settled.
    pub settled: bool,
    /// Used in this round. A call that was cancelled stands at its worst case: what it really used is known only to
    /// whoever stopped it.
    pub used: MilliCredits,
    /// What became of the rounds.
    pub settlements: Vec<Settlement>,
    /// Model calls so far: the ledger's attempt number, which nothing resets.
    pub dispatch_ordinal: u32,
}

/// What the tests are.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Tests {
    /// How many there are, `None` before they are written.
    pub total: Option<u32>,
    /// Those left out by name.
    pub left_out: BTreeSet<TestId>,
    /// Multiplies the time limits.
    pub time_factor: u32,
    /// Whether behaviour without any proof was acknowledged.
    pub uncovered_acknowledged: bool,
    /// Whether they are sealed.
    pub sealed: bool,
}

impl Default for Tests {
    fn default() -> Self {
        Self { total: None, left_out: BTreeSet::new(), time_factor: 1, uncovered_acknowledged: false, sealed: false }
    }
}

/// What was found out about the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Scope {
    /// The parser's confidence in percent.
    pub confidence: u8,
    /// Tokens of the latest pack.
    pub pack_tokens: u32,
    /// How behaviour is pinned down.
    pub baseline: BaselineMode,
    /// Which edits are allowed.
    pub edits: EditMode,
    /// Whether a person chose the baseline.
    pub overridden: bool,
}

/// A job.
#[expect(clippy::struct_excessive_bools, reason = "independent facts that outlive states")]
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Job {
    /// Its name.
    pub id: JobId,
    /// The rules that it runs by.
    pub rules_version: u32,
    /// The number of the last accepted event; 0 before the first.
    pub seq: u64,
    /// What it may use.
    pub entitlement: Entitlement,
    /// Where it is.
    pub state: State,
    /// What the round has used up.
    pub counters: Counters,
    /// The money side.
    pub billing: Billing,
    /// Effects that have not answered.
    pub in_flight: Vec<InFlight>,
    /// The armed timer, if any.
    pub deadline: Option<Deadline>,
    /// What was found out.
    pub scope: Option<Scope>,
    /// What was chosen.
    pub strategy: Option<Strategy>,
    /// The revision of the spec; 0 before the first.
    pub spec_revision: u32,
    /// The tests.
    pub tests: Tests,
    /// Whether everything that may change meaning is left alone.
    pub safe_mode: bool,
    /// Whether an Enterprise trial still has to upgrade.
    pub trial_gate: bool,
    /// Whether the workspace differs from what the user had.
    pub workspace_touched: bool,
    /// Whether the job ended before that could be put back.
    pub restore_owed: bool,
    /// The words of a person's command that is being carried out.
    pub command: Option<ArtifactId>,
    /// The patch of a round that did not finish.
    pub partial: Option<ArtifactId>,
    /// Whether the delivery deserves a warning.
    pub complex_delivery: bool,
    /// When the delivery's artifacts are deleted; set once, so that applying and reverting buy no time.
    pub artifacts_expire_at: Option<Timestamp>,
    /// The inverse patch, once the user has committed.
    pub reverse_patch: Option<ArtifactId>,
}

impl Job {
    /// A job that waits to be started.
    pub fn new(id: JobId) -> Self {
        Self {
            id,
            rules_version: RULES_VERSION,
            seq: 0,
            entitlement: Entitlement::none(),
            state: State::Pending,
            counters: Counters::default(),
            billing: Billing::default(),
            in_flight: Vec::new(),
            deadline: None,
            scope: None,
            strategy: None,
            spec_revision: 0,
            tests: Tests::default(),
            safe_mode: false,
            trial_gate: false,
            workspace_touched: false,
            restore_owed: false,
            command: None,
            partial: None,
            complex_delivery: false,
            artifacts_expire_at: None,
            reverse_patch: None,
        }
    }

    /// Whether an answer to `effect` is waited for.
    pub fn awaits(&self, effect: &EffectId) -> bool {
        self.in_flight.iter().any(|entry| entry.dispatch.id == *effect)
    }
}
