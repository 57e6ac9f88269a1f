//! What can happen to a job: a person decides, an effect answers, the platform signals.

use crate::codes::codes;
use crate::entitlement::Entitlement;
use crate::fingerprint::Fingerprint;
use crate::ids::{ArtifactId, DeadlineId, EffectId, MilliCredits, QuoteId, TestId};
use crate::policy::baseline::BaselineMode;
use crate::policy::waterfall::ModelClass;
use crate::state::{Quote, Selection, Strategy};
use serde::{Deserialize, Serialize};

/// Anything that can happen to a job.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "source", content = "event", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Event {
    /// A person decides; may be refused.
    Decision(Decision),
    /// An effect answers; ignored when late or repeated.
    Result {
        /// Which effect.
        effect: EffectId,
        /// What came of it.
        result: EffectResult,
    },
    /// The platform signals; ignored where it means nothing.
    Signal(Signal),
}

/// What a person can decide.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Decision {
    /// Start the job with this snapshot.
    Start {
        /// What the job may use from now on.
        entitlement: Box<Entitlement>,
    },
    /// Work on a dirty workspace all the same.
    PreflightContinue,
    /// Work on a dirty workspace in safe mode.
    PreflightSafeMode,
    /// Leave a dirty workspace alone.
    PreflightCancel,
    /// Take one of the proposals.
    SelectProposal {
        /// Which.
        strategy: Strategy,
    },
    /// The spec is right.
    ApproveSpec,
    /// The spec changes, or shall be changed.
    EditSpec,
    /// Take another baseline than the confidence suggests.
    OverrideBaseline {
        /// Which.
        mode: BaselineMode,
    },
    /// Go on although some behaviour is covered by nothing.
    AcknowledgeUncovered {
        /// How much, as it was shown.
        uncovered: u32,
    },
    /// Leave failing tests out of the baseline.
    Quarantine {
        /// Which.
        tests: Vec<TestId>,
    },
    /// Replace what failing tests depend on by mocks.
    MockOverride {
        /// Which.
        tests: Vec<TestId>,
    },
    /// Allow a stronger class.
    ConfirmEscalation {
        /// Which.
        class: ModelClass,
        /// The price, for L3.
        quote: Option<QuoteId>,
    },
    /// Do not allow it.
    DeclineEscalation,
    /// Fix from first principles.
    DeepFix,
    /// Pay the price of a deep fix with L3.
    ConfirmDeepFix {
        /// The price.
        quote: QuoteId,
    },
    /// Take over.
    Intervene,
    /// Go on repairing: after identical failures, or after a time-out.
    ContinueRepair,
    /// Allow the tests more time and run them again.
    IncreaseTimeout,
    /// Leave out the tests that time out and run the others again.
    SkipOrQuarantineTest {
        /// Which.
        tests: Vec<TestId>,
    },
    /// Allow a sealed test to be changed, by name.
    WaiveSeal {
        /// Which.
        tests: Vec<TestId>,
    },
    /// A repair command in a person's own words.
    Command {
        /// The words.
        command: ArtifactId,
    },
    /// Run the tests on what the person changed.
    RunTests,
    /// Hand the copy back to the machine.
    ResumeRepair,
    /// Try the next class.
    RetryStrongerModel,
    /// Take the partial patch along.
    DownloadPartial,
    /// Tell the makers.
    ReportIssue,
    /// Write the delivery, or part of it, to the user's tree.
    ApplyDelivery {
        /// Which part.
        selection: Selection,
        /// Whether the warning about complex changes was confirmed.
        complexity_confirmed: bool,
    },
    /// Take it back; taken back already, put it there again.
    RevertDelivery,
    /// Stop the job.
    Cancel,
    /// Stop waiting for a lost client.
    ForceTerminate,
}

/// What a model call used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Usage {
    /// What it cost.
    pub credits: MilliCredits,
}

/// What the legacy run showed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum BaselineOutcome {
    /// It ran to its end.
    Ran {
        /// Tests that passed.
        passed: u32,
        /// Tests that failed.
        failed: u32,
        /// Behaviour that no test covers, counted from outside.
        uncovered: u32,
    },
    /// It ran out of time.
    TimedOut,
    /// The legacy side cannot run on this machine: everything stays unproven.
    Unrunnable {
        /// Behaviour left without proof.
        uncovered: u32,
    },
}

/// What a test run on the result showed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TestOutcome {
    /// Everything that must pass passes.
    Green,
    /// A logic failure.
    Failed {
        /// What it looks like.
        fingerprint: Fingerprint,
    },
    /// No logic failure: the time ran out.
    TimedOut,
}

/// What effects answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EffectResult {
    /// The workspace was looked at.
    PreflightDone {
        /// Whether there are uncommitted changes.
        dirty: bool,
    },
    /// A context pack is ready.
    ContextBuilt {
        /// Its size.
        tokens: u32,
        /// The parser's confidence in percent.
        confidence: u8,
    },
    /// The scope is known.
    AnalysisDone {
        /// What it used.
        usage: Usage,
    },
    /// The management report is written.
    ReportDone {
        /// What it used.
        usage: Usage,
    },
    /// The proposals are written.
    ProposalsReady {
        /// What they used.
        usage: Usage,
    },
    /// A price is known.
    QuoteReady {
        /// The price.
        quote: Quote,
    },
    /// The spec is drafted.
    SpecDrafted {
        /// What it used.
        usage: Usage,
    },
    /// The tests are written.
    TestsGenerated {
        /// How many there are, existing ones included.
        tests: u32,
        /// What they used.
        usage: Usage,
    },
    /// The legacy run is over.
    BaselineDone {
        /// What it showed.
        #[serde(flatten)]
        outcome: BaselineOutcome,
    },
    /// The tests are sealed.
    TestsSealed,
    /// The existing tests are carried over.
    TestsMigrated,
    /// A patch is written.
    PatchGenerated {
        /// Where it is.
        patch: ArtifactId,
        /// What it used.
        usage: Usage,
    },
    /// All of a patch is applied.
    PatchApplied,
    /// None of it is: an anchor, a hash or a seal stood against it, or no valid patch came at all.
    PatchRefused {
        /// Why.
        code: String,
        /// What it used.
        usage: Usage,
    },
    /// A test run is over.
    TestsRun {
        /// What it showed.
        #[serde(flatten)]
        outcome: TestOutcome,
    },
    /// The workspace is as it was.
    WorkspaceRestored,
    /// The partial patch is kept.
    PartialPacked {
        /// Where, if anything had been applied.
        patch: Option<ArtifactId>,
    },
    /// Patch and evidence are put together.
    DeliveryPrepared {
        /// Whether the change is complex enough for a warning.
        complex: bool,
    },
    /// The delivery is in the user's tree.
    DeliveryApplied,
    /// It is not: a file has changed meanwhile.
    DeliveryRefused {
        /// Why.
        code: String,
    },
    /// The delivery is taken back.
    DeliveryReverted,
    /// It cannot be: the user has committed.
    RevertBlocked {
        /// The inverse patch, for the user to apply.
        reverse_patch: ArtifactId,
    },
    /// The platform failed, all retries included.
    InfraFailed {
        /// Why.
        code: String,
    },
}

impl EffectResult {
    /// The same result with another account of what model calls used: that of whoever made them.
    #[must_use]
    pub fn charged(mut self, usage: Usage) -> Self {
        match &mut self {
            Self::AnalysisDone { usage: own }
            | Self::ReportDone { usage: own }
            | Self::ProposalsReady { usage: own }
            | Self::SpecDrafted { usage: own }
            | Self::TestsGenerated { usage: own, .. }
            | Self::PatchGenerated { usage: own, .. }
            | Self::PatchRefused { usage: own, .. } => *own = usage,
            _ => {}
        }
        self
    }
}

/// What the platform signals.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Signal {
    /// A beat is overdue.
    HeartbeatLost,
    /// The beats are back.
    HeartbeatRestored,
    /// A timer ran out.
    TimerFired {
        /// Which.
        deadline: DeadlineId,
    },
    /// No credits are left.
    CreditsExhausted,
    /// The platform, or this user, is stopped.
    KillSwitch,
    /// A trial became a subscription.
    TrialUpgraded,
}

codes! {
    /// Events without their data: the columns of the transition table.
    pub enum EventKind {
        Start = "START",
        PreflightContinue = "PREFLIGHT_CONTINUE",
        PreflightSafeMode = "PREFLIGHT_SAFE_MODE",
        PreflightCancel = "PREFLIGHT_CANCEL",
        SelectProposal = "SELECT_PROPOSAL",
        ApproveSpec = "APPROVE_SPEC",
        EditSpec = "EDIT_SPEC",
        OverrideBaseline = "OVERRIDE_BASELINE",
        AcknowledgeUncovered = "ACKNOWLEDGE_UNCOVERED",
        Quarantine = "QUARANTINE",
        MockOverride = "MOCK_OVERRIDE",
        ConfirmEscalation = "CONFIRM_ESCALATION",
        DeclineEscalation = "DECLINE_ESCALATION",
        DeepFix = "DEEP_FIX",
        ConfirmDeepFix = "CONFIRM_DEEP_FIX",
        Intervene = "INTERVENE",
        ContinueRepair = "CONTINUE_REPAIR",
        IncreaseTimeout = "INCREASE_TIMEOUT",
        SkipOrQuarantineTest = "SKIP_OR_QUARANTINE_TEST",
        WaiveSeal = "WAIVE_SEAL",
        Command = "COMMAND",
        RunTests = "RUN_TESTS",
        ResumeRepair = "RESUME_REPAIR",
        RetryStrongerModel = "RETRY_STRONGER_MODEL",
        DownloadPartial = "DOWNLOAD_PARTIAL",
        ReportIssue = "REPORT_ISSUE",
        ApplyDelivery = "APPLY_DELIVERY",
        RevertDelivery = "REVERT_DELIVERY",
        Cancel = "CANCEL",
        ForceTerminate = "FORCE_TERMINATE",
        PreflightDone = "PREFLIGHT_DONE",
        ContextBuilt = "CONTEXT_BUILT",
        AnalysisDone = "ANALYSIS_DONE",
        ReportDone = "REPORT_DONE",
        ProposalsReady = "PROPOSALS_READY",
        QuoteReady = "QUOTE_READY",
        SpecDrafted = "SPEC_DRAFTED",
        TestsGenerated = "TESTS_GENERATED",
        BaselineDone = "BASELINE_DONE",
        TestsSealed = "TESTS_SEALED",
        TestsMigrated = "TESTS_MIGRATED",
        PatchGenerated = "PATCH_GENERATED",
        PatchApplied = "PATCH_APPLIED",
        PatchRefused = "PATCH_REFUSED",
        TestsRun = "TESTS_RUN",
        WorkspaceRestored = "WORKSPACE_RESTORED",
        PartialPacked = "PARTIAL_PACKED",
        DeliveryPrepared = "DELIVERY_PREPARED",
        DeliveryApplied = "DELIVERY_APPLIED",
        DeliveryRefused = "DELIVERY_REFUSED",
        DeliveryReverted = "DELIVERY_REVERTED",
        RevertBlocked = "REVERT_BLOCKED",
        InfraFailed = "INFRA_FAILED",
        HeartbeatLost = "HEARTBEAT_LOST",
        HeartbeatRestored = "HEARTBEAT_RESTORED",
        TimerFired = "TIMER_FIRED",
        CreditsExhausted = "CREDITS_EXHAUSTED",
        KillSwitch = "KILL_SWITCH",
        TrialUpgraded = "TRIAL_UPGRADED",
    }
}

/// Where an event comes from: it decides what becomes of one that has no place in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A person: refused with a code.
    Decision,
    /// An effect: ignored as stale.
    Result,
    /// The platform: ignored as without meaning here.
    Signal,
}

impl EventKind {
    /// Where events of this kind come from.
    pub fn source(self) -> Source {
        if Decision::KINDS.contains(&self) {
            Source::Decision
        } else if EffectResult::KINDS.contains(&self) {
            Source::Result
        } else {
            Source::Signal
        }
    }
}

impl Event {
    /// The column of the table that the event belongs to.
    pub fn kind(&self) -> EventKind {
        match self {
            Self::Decision(decision) => decision.kind(),
            Self::Result { result, .. } => result.kind(),
            Self::Signal(signal) => signal.kind(),
        }
    }
}

macro_rules! kinds {
    ($type:ident: $($variant:ident)+) => {
        impl $type {
            /// Every kind of them.
            pub const KINDS: &'static [EventKind] = &[$(EventKind::$variant),+];

            /// The column of the table.
            pub fn kind(&self) -> EventKind {
                match self { $(Self::$variant { .. } => EventKind::$variant,)+ }
            }
        }
    };
}

kinds!(Decision:
    Start PreflightContinue PreflightSafeMode PreflightCancel SelectProposal ApproveSpec EditSpec OverrideBaseline
    AcknowledgeUncovered Quarantine MockOverride ConfirmEscalation DeclineEscalation DeepFix ConfirmDeepFix Intervene
    ContinueRepair IncreaseTimeout SkipOrQuarantineTest WaiveSeal Command RunTests ResumeRepair RetryStrongerModel
    DownloadPartial ReportIssue ApplyDelivery RevertDelivery Cancel ForceTerminate
);
kinds!(EffectResult:
    PreflightDone ContextBuilt AnalysisDone ReportDone ProposalsReady QuoteReady SpecDrafted TestsGenerated
    BaselineDone TestsSealed TestsMigrated PatchGenerated PatchApplied PatchRefused TestsRun WorkspaceRestored
    PartialPacked DeliveryPrepared DeliveryApplied DeliveryRefused DeliveryReverted RevertBlocked InfraFailed
);
kinds!(Signal: HeartbeatLost HeartbeatRestored TimerFired CreditsExhausted KillSwitch TrialUpgraded);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_event_has_one_source() {
        assert_eq!([Decision::KINDS, EffectResult::KINDS, Signal::KINDS].concat(), EventKind::ALL);
    }
}
