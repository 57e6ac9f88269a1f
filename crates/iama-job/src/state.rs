//! The states of a job. A variant carries what only it needs; what outlives a state is in [`Job`](crate::job::Job).

use crate::codes::codes;
use crate::ids::{ArtifactId, MilliCredits, QuoteId};
use crate::policy::waterfall::{Denial, ModelClass};
use serde::{Deserialize, Serialize};

codes! {
    /// How much of the code a job dares to touch.
    pub enum Strategy {
        Conservative = "CONSERVATIVE",
        Standard = "STANDARD",
        Comprehensive = "COMPREHENSIVE",
    }
}

/// The price of one use of L3, to be confirmed by name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Quote {
    /// Its name.
    pub id: QuoteId,
    /// The class that it is for.
    pub class: ModelClass,
    /// The hard cap.
    pub max: MilliCredits,
}

/// How far the analysis is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AnalysisStep {
    /// Workspace state and base hashes are being taken.
    Preflight,
    /// The workspace has uncommitted changes; a person decides.
    Dirty,
    /// The context pack is being built.
    Context,
    /// The scope is being analysed.
    Scope,
    /// The three proposals are being written.
    Proposals,
}

/// How far the strategy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StrategyStep {
    /// A person chooses.
    Choosing,
    /// The spec for the chosen one is being drafted.
    Drafting,
}

/// How far the baseline is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE", tag = "step")]
pub enum BaselineStep {
    /// The tests run on the legacy code.
    Running {
        /// Whether this is the automatic rerun after a time-out.
        rerun: bool,
    },
    /// Behaviour that no test covers must be acknowledged.
    AwaitingAck {
        /// How much of it was counted.
        uncovered: u32,
    },
    /// It timed out twice; a person decides.
    TimedOut,
    /// IAMA's own tests are being sealed.
    Sealing,
}

/// From a context pack to a verdict: the part that repair, deep fix and a person's command have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE", tag = "step")]
pub enum PatchStep {
    /// The pack is being built anew.
    Context,
    /// A patch is being written.
    Generating,
    /// It is being applied.
    Applying,
    /// The tests run.
    Testing {
        /// Whether this is the automatic rerun after a time-out.
        rerun: bool,
    },
    /// Green: patch and evidence are being put together.
    Delivering,
}

/// How far the rewrite is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE", tag = "at")]
pub enum RefactorStep {
    /// Existing tests are being carried over.
    Migrating,
    /// They are being sealed.
    Sealing,
    /// Attempt 0: recipes.
    Recipes,
    /// Back from a fallback: the partial patch is being put back.
    Reapplying,
    /// An attempt.
    Patch(PatchStep),
    /// The tests timed out twice; a person decides.
    TimedOut,
}

/// How far a deep fix is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE", tag = "at")]
pub enum DeepFixStep {
    /// The original source is being put back, under the sealed tests.
    Restoring,
    /// The fix.
    Patch(PatchStep),
    /// The tests timed out twice; a person decides.
    TimedOut,
}

/// What a person who works on the job's copy waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE", tag = "at")]
pub enum InterveneStep {
    /// Back from a fallback: the partial patch is being put back.
    Reapplying,
    /// Nothing: the copy is theirs.
    Idle,
    /// A command or test run.
    Patch(PatchStep),
}

/// How far the retreat is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RecoveryStep {
    /// The partial patch is being kept.
    Packing,
    /// The workspace is being put back.
    Restoring,
}

/// Why the machine retreated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RecoveryReason {
    /// The round's attempts are spent.
    BudgetSpent,
    /// The next class is not to be had: an upgrade or a configured model would help.
    ClassDenied {
        /// Why.
        denial: Denial,
    },
    /// No model is configured at all and recipes did not suffice.
    NoModel,
    /// A person declined the stronger class.
    EscalationDeclined,
    /// Nobody answered about the stronger class.
    EscalationExpired,
    /// The credits are gone.
    CreditsExhausted,
    /// A person was idle for too long.
    Idle,
    /// The partial patch no longer fits the workspace.
    WorkspaceChanged,
}

/// Whether the offer of a deep fix waits for its price.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "offer", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Offer {
    /// Nobody asked.
    None,
    /// The price is being worked out.
    Quoting,
    /// It waits to be confirmed.
    Quoted {
        /// The price.
        quote: Quote,
    },
}

/// What part of a delivery is meant.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "select", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Selection {
    /// All of it.
    Whole,
    /// A subset by file or hunk, described by an artifact.
    Subset {
        /// Which.
        selection: ArtifactId,
    },
}

/// Where a delivery is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Delivery {
    /// To be applied.
    Ready,
    /// In the user's tree.
    Applied {
        /// What was applied.
        selection: Selection,
    },
    /// Taken back.
    Reverted {
        /// What was applied before.
        selection: Selection,
    },
    /// Too old: the artifacts are gone.
    Expired,
}

/// What is being done with a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DeliveryTask {
    /// A subset is being tested on its own.
    Retest {
        /// Which.
        selection: Selection,
    },
    /// It is being written to the user's tree.
    Apply {
        /// What.
        selection: Selection,
    },
    /// It is being taken back.
    Revert {
        /// What.
        selection: Selection,
    },
}

codes! {
    /// Why a job failed.
    pub enum FailureReason {
        UserCancelled = "USER_CANCELLED",
        ClientDisconnected = "CLIENT_DISCONNECTED",
        InterventionTimeout = "INTERVENTION_TIMEOUT",
        DecisionTimeout = "DECISION_TIMEOUT",
        FallbackExpired = "FALLBACK_EXPIRED",
        KillSwitch = "KILL_SWITCH",
        InfraFailure = "INFRA_FAILURE",
    }
}

/// Where a job is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// Created.
    Pending,
    /// The workspace is looked at.
    Analyzing {
        /// How far.
        step: AnalysisStep,
    },
    /// Enterprise: the management report is written.
    GeneratingAnalysisReport,
    /// A strategy is chosen and its spec drafted.
    WaitingStrategy {
        /// How far.
        step: StrategyStep,
    },
    /// A person reads the spec.
    WaitingSpecApproval,
    /// Tests are written.
    GeneratingTests,
    /// They run on the legacy code.
    BaselineValidation {
        /// How far.
        #[serde(flatten)]
        step: BaselineStep,
    },
    /// Some failed there; a person decides.
    BaselineValidationFailed,
    /// The code is rewritten and repaired.
    Refactoring {
        /// How far.
        #[serde(flatten)]
        step: RefactorStep,
    },
    /// A stronger class needs a yes.
    WaitingEscalationDecision {
        /// The first attempt of the phase to enter.
        attempt: u8,
        /// The classes to choose from, strongest first.
        classes: Vec<ModelClass>,
        /// The price of L3, once it is known.
        quote: Option<Quote>,
    },
    /// Three identical failures: a person decides.
    WaitingIntervention {
        /// The offered deep fix.
        #[serde(flatten)]
        offer: Offer,
    },
    /// A fix from first principles.
    DeepFixActive {
        /// Who works.
        class: ModelClass,
        /// The confirmed price, for L3.
        quote: Option<QuoteId>,
        /// How far.
        #[serde(flatten)]
        step: DeepFixStep,
    },
    /// A person works on the job's copy.
    UserIntervening {
        /// On what.
        #[serde(flatten)]
        step: InterveneStep,
    },
    /// The client went silent.
    ClientHeartbeatLost {
        /// The state to come back to.
        resume: Box<State>,
    },
    /// The machine retreats.
    RecoveryPending {
        /// How far.
        step: RecoveryStep,
        /// Why.
        #[serde(flatten)]
        reason: RecoveryReason,
    },
    /// It could not finish; a person decides.
    FallbackRequired {
        /// Why.
        #[serde(flatten)]
        reason: RecoveryReason,
        /// The offered deep fix.
        #[serde(flatten)]
        offer: Offer,
    },
    /// Done.
    Delivered {
        /// Where the delivery is.
        #[serde(flatten)]
        delivery: Delivery,
        /// What is being done with it.
        task: Option<DeliveryTask>,
    },
    /// Ended without delivery.
    Failed {
        /// Why.
        reason: FailureReason,
    },
}
