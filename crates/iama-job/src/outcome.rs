//! What comes of an event.

use crate::codes::codes;
use crate::effect::Dispatch;
use crate::event::EventKind;
use crate::job::Job;
use crate::place::Place;
use crate::policy::waterfall::Denial;
use serde::{Deserialize, Serialize};

/// What came of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was accepted.
    Next {
        /// The job afterwards.
        job: Box<Job>,
        /// What to do, in this order.
        effects: Vec<Dispatch>,
    },
    /// It came too late, twice, or where it means nothing. Nothing changes and nobody is told.
    Ignored(Stale),
    /// It was a decision that cannot be taken. Nothing changes and the person is told.
    Refused(Refusal),
}

codes! {
    /// Why an event is ignored.
    pub enum Stale {
        /// Nobody waits for this result: late, repeated or cancelled.
        Result = "STALE_RESULT",
        /// The timer was cancelled or armed anew.
        Timer = "STALE_TIMER",
        /// The timer fired before its time; it has to be armed again.
        EarlyTimer = "EARLY_TIMER",
        /// Nothing is worked on that beats, or lack of them, could concern.
        Presence = "NOT_LISTENING",
        /// Nothing is worked on that needs credits.
        Credits = "NOTHING_TO_STOP",
        /// The job is over, or waits for no upgrade.
        Signal = "NO_MEANING_HERE",
    }
}

impl Stale {
    /// What it means.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Result => "A result that nobody waits for: late, repeated or cancelled.",
            Self::Timer => "A timer that was cancelled or armed anew.",
            Self::EarlyTimer => "A timer that fired before its time; it has to be armed again.",
            Self::Presence => "Nothing is worked on that a beat, or the lack of it, could concern.",
            Self::Credits => "No model is at work that would need credits.",
            Self::Signal => "The job is over, or has no gate to open.",
        }
    }
}

codes! {
    /// Why a decision is refused.
    pub enum RefusalCode {
        NotStarted = "NOT_STARTED",
        AlreadyStarted = "ALREADY_STARTED",
        JobEnded = "JOB_ENDED",
        NotHere = "ILLEGAL_TRANSITION",
        StillWorking = "STILL_WORKING",
        NewerRules = "NEWER_RULES",
        SafeModeRequired = "SAFE_MODE_REQUIRED",
        UpgradeRequired = "UPGRADE_REQUIRED",
        WorkspaceNotRestored = "WORKSPACE_NOT_RESTORED",
        ConfidenceTooLow = "CONFIDENCE_TOO_LOW",
        CountMismatch = "UNCOVERED_COUNT_MISMATCH",
        TimeoutLimit = "TIMEOUT_LIMIT",
        NoTestsNamed = "NO_TESTS_NAMED",
        ZeroTestsLeft = "ZERO_TESTS_LEFT",
        EntitlementDenied = "ENTITLEMENT_DENIED",
        NoRoute = "NO_MODEL_CONFIGURED",
        NoStrongerClass = "NO_STRONGER_CLASS",
        ClassNotOffered = "CLASS_NOT_OFFERED",
        ConfirmationRequired = "L3_CONFIRMATION_REQUIRED",
        QuoteMismatch = "QUOTE_MISMATCH",
        DeepFixUsed = "DEEP_FIX_USED",
        NothingToRepair = "NOTHING_TO_REPAIR",
        NoPartial = "NO_PARTIAL_PATCH",
        ComplexityUnconfirmed = "COMPLEXITY_CONFIRMATION_REQUIRED",
        AlreadyApplied = "ALREADY_APPLIED",
        NotApplied = "NOT_APPLIED",
        Expired = "ARTIFACT_EXPIRED",
        RevertBlocked = "POST_COMMIT_REVERT_BLOCKED",
    }
}

impl RefusalCode {
    /// What a person can do about it, in one sentence.
    pub const fn hint(self) -> &'static str {
        match self {
            Self::NotStarted => "Start the job first.",
            Self::AlreadyStarted => "The job runs already; create another one to start again.",
            Self::JobEnded => "The job is over; create another one.",
            Self::NotHere => "See which decisions the job waits for now.",
            Self::StillWorking => "Wait until the running step is over.",
            Self::NewerRules => "Update IAMA: the job was started by a newer version.",
            Self::SafeModeRequired => "Continue in safe mode, or cancel and commit your changes first.",
            Self::UpgradeRequired => "The trial ends with the report; upgrade to choose a strategy.",
            Self::WorkspaceNotRestored => "Wait until the workspace is back as it was; your client must be connected.",
            Self::ConfidenceTooLow => "The code cannot be parsed well enough for tests from inside.",
            Self::CountMismatch => "Acknowledge the number that is shown now.",
            Self::TimeoutLimit => "The limits cannot be stretched further; leave out the tests that hang.",
            Self::NoTestsNamed => "Name at least one test.",
            Self::ZeroTestsLeft => "Keep at least one test, or revise the spec.",
            Self::EntitlementDenied => "Upgrade to a tier that includes this model class.",
            Self::NoRoute => "Configure a model for this class.",
            Self::NoStrongerClass => "The strongest class was tried; take over or revise the spec.",
            Self::ClassNotOffered => "Choose one of the classes offered.",
            Self::ConfirmationRequired => "Wait for the price and confirm it by its id.",
            Self::QuoteMismatch => "Confirm the price that is offered now.",
            Self::DeepFixUsed => "A round has one deep fix; take over or continue.",
            Self::NothingToRepair => "There are no sealed tests to repair against yet.",
            Self::NoPartial => "Nothing had been applied, so there is nothing to take along.",
            Self::ComplexityUnconfirmed => "Read the warning about complex changes and confirm it.",
            Self::AlreadyApplied => "Revert the delivery before applying another part.",
            Self::NotApplied => "Apply the delivery first.",
            Self::Expired => "The artifacts were deleted after their time; run the job again.",
            Self::RevertBlocked => "You have committed since; apply the reverse patch yourself.",
        }
    }
}

/// A decision that cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{code}: {event} is not possible in {from}")]
pub struct Refusal {
    /// Where the job is.
    pub from: Place,
    /// What was to happen.
    pub event: EventKind,
    /// Why not.
    pub code: RefusalCode,
    /// For machines: the class, and the tier or route that is missing.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub denial: Option<Denial>,
}

impl Refusal {
    /// What a person can do about it.
    pub const fn hint(&self) -> &'static str {
        self.code.hint()
    }
}
