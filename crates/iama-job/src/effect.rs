//! What the machine asks for. A shell carries effects out; those that answer are listed in
//! [`Job::in_flight`](crate::job::Job::in_flight) until they do.

use crate::codes::codes;
use crate::entitlement::Entitlement;
use crate::event::EventKind;
use crate::ids::{ArtifactId, DeadlineId, EffectId, MilliCredits, QuoteId, TestId, Timestamp};
use crate::policy::baseline::{BaselineMode, EditMode};
use crate::policy::billing::Settlement;
use crate::policy::timers::DeadlineKind;
use crate::policy::waterfall::ModelClass;
use crate::state::{Selection, Strategy};
use serde::{Deserialize, Serialize};

/// An effect and its identity.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Dispatch {
    /// Its identity; the answer must carry it.
    pub id: EffectId,
    /// What to do.
    pub effect: Effect,
}

/// A timer that is armed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Deadline {
    /// Its identity; the firing must carry it.
    pub id: DeadlineId,
    /// What it is for.
    pub kind: DeadlineKind,
    /// When it fires.
    pub at: Timestamp,
}

codes! {
    /// How a patch is asked for.
    pub enum PatchMode {
        /// Repair what failed.
        Standard = "STANDARD",
        /// From the original source, the tests and the spec; nothing of the failed attempts.
        DeepFix = "DEEP_FIX",
        /// What a person asked for.
        Command = "COMMAND",
    }
}

codes! {
    /// Which tests are sealed.
    pub enum SealScope {
        /// IAMA's own, before the rewrite.
        Own = "OWN",
        /// The existing ones, once carried over.
        Migrated = "MIGRATED",
    }
}

codes! {
    /// How far back the workspace goes.
    pub enum RestorePoint {
        /// Before the job touched anything.
        Start = "START",
        /// The original source under the sealed tests.
        Sealed = "SEALED",
    }
}

codes! {
    /// What a person is told at once.
    pub enum Notice {
        DirtyWorkspace = "DIRTY_WORKSPACE",
        StrategyWanted = "STRATEGY_WANTED",
        SpecWanted = "SPEC_WANTED",
        UncoveredBehaviour = "UNCOVERED_BEHAVIOUR",
        BaselineFailed = "BASELINE_FAILED",
        TestsTimedOut = "TESTS_TIMED_OUT",
        EscalationWanted = "ESCALATION_WANTED",
        InterventionWanted = "INTERVENTION_WANTED",
        DeepFixStarted = "DEEP_FIX_STARTED",
        CommandDone = "COMMAND_DONE",
        ClientLost = "CLIENT_LOST",
        ClientBack = "CLIENT_BACK",
        UpgradeHint = "UPGRADE_HINT",
        FallbackReady = "FALLBACK_READY",
        ArtifactReady = "ARTIFACT_READY",
        SubsetRed = "SUBSET_RED",
        DeliveryApplied = "DELIVERY_APPLIED",
        DeliveryRefused = "DELIVERY_REFUSED",
        DeliveryReverted = "DELIVERY_REVERTED",
        RevertBlocked = "POST_COMMIT_REVERT_BLOCKED",
        JobFailed = "JOB_FAILED",
        IssueReported = "ISSUE_REPORTED",
        PartialOffered = "PARTIAL_OFFERED",
    }
}

/// What the machine asks for. The comment of each group says who carries it out.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Effect {
    // The journal, in the transaction that appends the event; when one fails, the event is not appended.
    /// Reserve quota for a round (the daily count for the first one only).
    ReserveQuota {
        /// The round.
        round: u32,
    },
    /// Keep the snapshot.
    WriteEntitlement {
        /// The snapshot.
        entitlement: Box<Entitlement>,
    },
    /// From here on the round is billable.
    WriteCheckpoint {
        /// The round.
        round: u32,
    },
    /// Note the most that the effect of the next index may cost.
    JournalCost {
        /// Counts the model calls of a job; nothing resets it.
        ordinal: u32,
        /// The class.
        class: ModelClass,
        /// The most.
        worst_case: MilliCredits,
    },
    /// Replace a noted cost by the real one.
    CorrectCost {
        /// Which call.
        ordinal: u32,
        /// The real one.
        actual: MilliCredits,
    },
    /// The reservation becomes a charge.
    CommitReservation {
        /// The round.
        round: u32,
    },
    /// The reservation is given back.
    ReleaseReservation {
        /// The round.
        round: u32,
    },
    /// The round is settled.
    SettleBilling {
        /// How.
        settlement: Settlement,
    },
    /// A settled round turns out to have been the platform's failure.
    CorrectSettlement {
        /// How it is now.
        settlement: Settlement,
    },
    /// Keep a revision of the spec.
    PersistSpec {
        /// Which.
        revision: u32,
        /// Whether it approved itself.
        fast_track: bool,
    },
    /// Write down who decided what.
    Audit {
        /// The decision.
        decision: EventKind,
        /// The tests that it names.
        tests: Vec<TestId>,
    },

    // The executor, on the user's machine.
    /// Look at the workspace, take base hashes.
    Preflight,
    /// Build a context pack from the current files.
    BuildContext {
        /// Without anything from failed attempts.
        purged: bool,
    },
    /// Run the tests on the legacy code.
    RunBaseline {
        /// From where.
        mode: BaselineMode,
        /// Multiplies the time limits.
        time_factor: u32,
        /// Tests left out.
        without: Vec<TestId>,
    },
    /// Seal tests by hash.
    SealTests {
        /// Which.
        scope: SealScope,
    },
    /// Allow a sealed test to change.
    WaiveSeal {
        /// Which.
        tests: Vec<TestId>,
    },
    /// Carry the existing tests over; ids, counts and literals must not shrink.
    MigrateTests,
    /// Run the recipes and answer with their patch.
    RunRecipes {
        /// How far they may go.
        strategy: Strategy,
        /// Which edits they may make.
        edits: EditMode,
        /// Whether to leave everything alone that may change meaning.
        safe_mode: bool,
    },
    /// Apply a patch, wholly or not at all.
    ApplyPatch {
        /// Which.
        patch: ArtifactId,
    },
    /// Run the sealed tests on the result.
    RunTests {
        /// Multiplies the time limits.
        time_factor: u32,
        /// Tests left out.
        without: Vec<TestId>,
    },
    /// Put the workspace back.
    RestoreWorkspace {
        /// To which moment.
        to: RestorePoint,
    },
    /// Keep what has been applied so far as a patch.
    PackPartial,
    /// Put the patch and its evidence together.
    PrepareDelivery,
    /// Run the tests on a part of the delivery.
    RetestSelection {
        /// Which.
        selection: Selection,
    },
    /// Write a delivery to the user's tree, onto unchanged files only.
    ApplyDelivery {
        /// What.
        selection: Selection,
    },
    /// Take it back by the inverse patch.
    RevertDelivery {
        /// What.
        selection: Selection,
    },
    /// Write the evidence as it stands.
    WriteEvidence,

    // The model seam; with L0 whatever does the same without a model.
    /// Analyse the scope.
    AnalyseScope {
        /// By whom.
        class: ModelClass,
    },
    /// Write the management report.
    WriteReport {
        /// By whom.
        class: ModelClass,
    },
    /// Write the three proposals.
    Propose {
        /// By whom.
        class: ModelClass,
    },
    /// Work out the price of a use of L3.
    Quote {
        /// Of what.
        class: ModelClass,
    },
    /// Draft the spec.
    DraftSpec {
        /// By whom.
        class: ModelClass,
        /// For which proposal.
        strategy: Strategy,
    },
    /// Write the tests.
    GenerateTests {
        /// By whom.
        class: ModelClass,
        /// For which revision of the spec.
        revision: u32,
        /// From where they look.
        mode: BaselineMode,
    },
    /// Write a patch.
    GeneratePatch {
        /// By whom.
        class: ModelClass,
        /// To what end.
        mode: PatchMode,
        /// For which attempt.
        attempt: u8,
        /// Which edits it may hold.
        edits: EditMode,
        /// The confirmed price, for L3.
        quote: Option<QuoteId>,
        /// A person's words.
        command: Option<ArtifactId>,
    },

    // The shell itself.
    /// Fire later.
    ArmTimer {
        /// Which and when.
        deadline: Deadline,
    },
    /// Do not fire after all.
    CancelTimer {
        /// Which.
        deadline: DeadlineId,
    },
    /// Nobody waits for these any more.
    CancelInFlight {
        /// Which.
        effects: Vec<EffectId>,
    },
    /// Not one more token, within ten seconds of the missed beat.
    StopTokens,
    /// Tell a person.
    Notify {
        /// What.
        notice: Notice,
    },
}

impl Effect {
    /// The class of a model call, `None` for everything that a model has no part in.
    pub fn model(&self) -> Option<ModelClass> {
        match self {
            Self::AnalyseScope { class }
            | Self::WriteReport { class }
            | Self::Propose { class }
            | Self::DraftSpec { class, .. }
            | Self::GenerateTests { class, .. }
            | Self::GeneratePatch { class, .. } => class.is_model().then_some(*class),
            _ => None,
        }
    }

    /// Whether the workspace is written to.
    pub fn touches_workspace(&self) -> bool {
        matches!(self, Self::MigrateTests | Self::ApplyPatch { .. })
    }

    /// The result that answers the effect, apart from [`EventKind::InfraFailed`], which answers each of them. Empty
    /// for effects that nobody waits for.
    pub fn answers(&self) -> &'static [EventKind] {
        match self {
            Self::Preflight => &[EventKind::PreflightDone],
            Self::BuildContext { .. } => &[EventKind::ContextBuilt],
            Self::RunBaseline { .. } => &[EventKind::BaselineDone],
            Self::SealTests { .. } => &[EventKind::TestsSealed],
            Self::MigrateTests => &[EventKind::TestsMigrated],
            Self::RunRecipes { .. } | Self::GeneratePatch { .. } => {
                &[EventKind::PatchGenerated, EventKind::PatchRefused]
            }
            Self::ApplyPatch { .. } => &[EventKind::PatchApplied, EventKind::PatchRefused],
            Self::RunTests { .. } | Self::RetestSelection { .. } => &[EventKind::TestsRun],
            Self::RestoreWorkspace { .. } => &[EventKind::WorkspaceRestored],
            Self::PackPartial => &[EventKind::PartialPacked],
            Self::PrepareDelivery => &[EventKind::DeliveryPrepared],
            Self::ApplyDelivery { .. } => &[EventKind::DeliveryApplied, EventKind::DeliveryRefused],
            Self::RevertDelivery { .. } => {
                &[EventKind::DeliveryReverted, EventKind::DeliveryRefused, EventKind::RevertBlocked]
            }
            Self::AnalyseScope { .. } => &[EventKind::AnalysisDone],
            Self::WriteReport { .. } => &[EventKind::ReportDone],
            Self::Propose { .. } => &[EventKind::ProposalsReady],
            Self::Quote { .. } => &[EventKind::QuoteReady],
            Self::DraftSpec { .. } => &[EventKind::SpecDrafted],
            Self::GenerateTests { .. } => &[EventKind::TestsGenerated],
            Self::ReserveQuota { .. }
            | Self::WriteEntitlement { .. }
            | Self::WriteCheckpoint { .. }
            | Self::JournalCost { .. }
            | Self::CorrectCost { .. }
            | Self::CommitReservation { .. }
            | Self::ReleaseReservation { .. }
            | Self::SettleBilling { .. }
            | Self::CorrectSettlement { .. }
            | Self::PersistSpec { .. }
            | Self::Audit { .. }
            | Self::WaiveSeal { .. }
            | Self::WriteEvidence
            | Self::ArmTimer { .. }
            | Self::CancelTimer { .. }
            | Self::CancelInFlight { .. }
            | Self::StopTokens
            | Self::Notify { .. } => &[],
        }
    }
}
