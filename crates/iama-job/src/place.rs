//! States without their data: the rows of the transition table.

use crate::codes::codes;
use crate::policy::timers::DeadlineKind;
use crate::state::{
    AnalysisStep, BaselineStep, DeepFixStep, Delivery, InterveneStep, PatchStep, RecoveryStep, RefactorStep, State,
    StrategyStep,
};

codes! {
    /// The states as the outside knows them.
    pub enum StateKind {
        Pending = "PENDING",
        Analyzing = "ANALYZING",
        GeneratingAnalysisReport = "GENERATING_ANALYSIS_REPORT",
        WaitingStrategy = "WAITING_STRATEGY",
        WaitingSpecApproval = "WAITING_SPEC_APPROVAL",
        GeneratingTests = "GENERATING_TESTS",
        BaselineValidation = "BASELINE_VALIDATION",
        BaselineValidationFailed = "BASELINE_VALIDATION_FAILED",
        Refactoring = "REFACTORING",
        WaitingEscalationDecision = "WAITING_ESCALATION_DECISION",
        WaitingIntervention = "WAITING_INTERVENTION",
        DeepFixActive = "DEEP_FIX_ACTIVE",
        UserIntervening = "USER_INTERVENING",
        ClientHeartbeatLost = "CLIENT_HEARTBEAT_LOST",
        RecoveryPending = "RECOVERY_PENDING",
        FallbackRequired = "FALLBACK_REQUIRED",
        Delivered = "DELIVERED",
        Failed = "FAILED",
    }
}

codes! {
    /// The states and the steps inside them.
    pub enum Place {
        Pending = "PENDING",
        Preflight = "ANALYZING.preflight",
        Dirty = "ANALYZING.dirty",
        AnalysisContext = "ANALYZING.context",
        Scope = "ANALYZING.scope",
        Proposals = "ANALYZING.proposals",
        Report = "GENERATING_ANALYSIS_REPORT",
        Choosing = "WAITING_STRATEGY.choosing",
        Drafting = "WAITING_STRATEGY.drafting",
        SpecApproval = "WAITING_SPEC_APPROVAL",
        GeneratingTests = "GENERATING_TESTS",
        BaselineRunning = "BASELINE_VALIDATION.running",
        BaselineAwaitingAck = "BASELINE_VALIDATION.awaiting_ack",
        BaselineTimedOut = "BASELINE_VALIDATION.timed_out",
        BaselineSealing = "BASELINE_VALIDATION.sealing",
        BaselineFailed = "BASELINE_VALIDATION_FAILED",
        Migrating = "REFACTORING.migrating",
        SealingMigrated = "REFACTORING.sealing",
        Recipes = "REFACTORING.recipes",
        Reapplying = "REFACTORING.reapplying",
        RepairContext = "REFACTORING.context",
        RepairGenerating = "REFACTORING.generating",
        RepairApplying = "REFACTORING.applying",
        RepairTesting = "REFACTORING.testing",
        RepairTimedOut = "REFACTORING.timed_out",
        RepairDelivering = "REFACTORING.delivering",
        Escalation = "WAITING_ESCALATION_DECISION",
        Intervention = "WAITING_INTERVENTION",
        DeepFixRestoring = "DEEP_FIX_ACTIVE.restoring",
        DeepFixContext = "DEEP_FIX_ACTIVE.context",
        DeepFixGenerating = "DEEP_FIX_ACTIVE.generating",
        DeepFixApplying = "DEEP_FIX_ACTIVE.applying",
        DeepFixTesting = "DEEP_FIX_ACTIVE.testing",
        DeepFixTimedOut = "DEEP_FIX_ACTIVE.timed_out",
        DeepFixDelivering = "DEEP_FIX_ACTIVE.delivering",
        UserReapplying = "USER_INTERVENING.reapplying",
        UserIdle = "USER_INTERVENING.idle",
        UserContext = "USER_INTERVENING.context",
        UserGenerating = "USER_INTERVENING.generating",
        UserApplying = "USER_INTERVENING.applying",
        UserTesting = "USER_INTERVENING.testing",
        UserDelivering = "USER_INTERVENING.delivering",
        HeartbeatLost = "CLIENT_HEARTBEAT_LOST",
        RecoveryPacking = "RECOVERY_PENDING.packing",
        RecoveryRestoring = "RECOVERY_PENDING.restoring",
        Fallback = "FALLBACK_REQUIRED",
        DeliveryReady = "DELIVERED.ready",
        DeliveryBusy = "DELIVERED.busy",
        DeliveryApplied = "DELIVERED.applied",
        DeliveryReverted = "DELIVERED.reverted",
        DeliveryExpired = "DELIVERED.expired",
        Failed = "FAILED",
    }
}

impl State {
    /// The row of the table that the state belongs to.
    pub fn place(&self) -> Place {
        match self {
            Self::Pending => Place::Pending,
            Self::Analyzing { step } => match step {
                AnalysisStep::Preflight => Place::Preflight,
                AnalysisStep::Dirty => Place::Dirty,
                AnalysisStep::Context => Place::AnalysisContext,
                AnalysisStep::Scope => Place::Scope,
                AnalysisStep::Proposals => Place::Proposals,
            },
            Self::GeneratingAnalysisReport => Place::Report,
            Self::WaitingStrategy { step: StrategyStep::Choosing } => Place::Choosing,
            Self::WaitingStrategy { step: StrategyStep::Drafting } => Place::Drafting,
            Self::WaitingSpecApproval => Place::SpecApproval,
            Self::GeneratingTests => Place::GeneratingTests,
            Self::BaselineValidation { step } => match step {
                BaselineStep::Running { .. } => Place::BaselineRunning,
                BaselineStep::AwaitingAck { .. } => Place::BaselineAwaitingAck,
                BaselineStep::TimedOut => Place::BaselineTimedOut,
                BaselineStep::Sealing => Place::BaselineSealing,
            },
            Self::BaselineValidationFailed => Place::BaselineFailed,
            Self::Refactoring { step } => refactor_place(*step),
            Self::WaitingEscalationDecision { .. } => Place::Escalation,
            Self::WaitingIntervention { .. } => Place::Intervention,
            Self::DeepFixActive { step, .. } => deep_fix_place(*step),
            Self::UserIntervening { step } => intervene_place(*step),
            Self::ClientHeartbeatLost { .. } => Place::HeartbeatLost,
            Self::RecoveryPending { step: RecoveryStep::Packing, .. } => Place::RecoveryPacking,
            Self::RecoveryPending { step: RecoveryStep::Restoring, .. } => Place::RecoveryRestoring,
            Self::FallbackRequired { .. } => Place::Fallback,
            Self::Delivered { task: Some(_), .. } => Place::DeliveryBusy,
            Self::Delivered { delivery, task: None } => delivery_place(delivery),
            Self::Failed { .. } => Place::Failed,
        }
    }

    /// The state as the outside knows it.
    pub fn kind(&self) -> StateKind {
        self.place().kind()
    }
}

fn refactor_place(step: RefactorStep) -> Place {
    match step {
        RefactorStep::Migrating => Place::Migrating,
        RefactorStep::Sealing => Place::SealingMigrated,
        RefactorStep::Recipes => Place::Recipes,
        RefactorStep::Reapplying => Place::Reapplying,
        RefactorStep::TimedOut => Place::RepairTimedOut,
        RefactorStep::Patch(step) => match step {
            PatchStep::Context => Place::RepairContext,
            PatchStep::Generating => Place::RepairGenerating,
            PatchStep::Applying => Place::RepairApplying,
            PatchStep::Testing { .. } => Place::RepairTesting,
            PatchStep::Delivering => Place::RepairDelivering,
        },
    }
}

fn deep_fix_place(step: DeepFixStep) -> Place {
    match step {
        DeepFixStep::Restoring => Place::DeepFixRestoring,
        DeepFixStep::TimedOut => Place::DeepFixTimedOut,
        DeepFixStep::Patch(step) => match step {
            PatchStep::Context => Place::DeepFixContext,
            PatchStep::Generating => Place::DeepFixGenerating,
            PatchStep::Applying => Place::DeepFixApplying,
            PatchStep::Testing { .. } => Place::DeepFixTesting,
            PatchStep::Delivering => Place::DeepFixDelivering,
        },
    }
}

fn intervene_place(step: InterveneStep) -> Place {
    match step {
        InterveneStep::Reapplying => Place::UserReapplying,
        InterveneStep::Idle => Place::UserIdle,
        InterveneStep::Patch(step) => match step {
            PatchStep::Context => Place::UserContext,
            PatchStep::Generating => Place::UserGenerating,
            PatchStep::Applying => Place::UserApplying,
            PatchStep::Testing { .. } => Place::UserTesting,
            PatchStep::Delivering => Place::UserDelivering,
        },
    }
}

fn delivery_place(delivery: &Delivery) -> Place {
    match delivery {
        Delivery::Ready => Place::DeliveryReady,
        Delivery::Applied { .. } => Place::DeliveryApplied,
        Delivery::Reverted { .. } => Place::DeliveryReverted,
        Delivery::Expired => Place::DeliveryExpired,
    }
}

impl Place {
    /// The state that the place is in.
    pub fn kind(self) -> StateKind {
        let code = self.code().split('.').next().unwrap_or_default();
        StateKind::ALL.iter().copied().find(|kind| kind.code() == code).unwrap_or(StateKind::Failed)
    }

    /// Whether something is being worked on here. Only such places ask a client for heartbeats.
    pub fn is_working(self) -> bool {
        crate::table::belongs_to(self, crate::table::Group::Working)
    }

    /// Whether nothing but the handling of the result is left.
    pub fn is_ended(self) -> bool {
        matches!(self.kind(), StateKind::Delivered | StateKind::Failed)
    }

    /// The deadline that is armed on arrival here.
    pub fn deadline(self) -> Option<DeadlineKind> {
        match self {
            Self::Dirty
            | Self::Choosing
            | Self::SpecApproval
            | Self::Fallback
            | Self::DeliveryReady
            | Self::DeliveryApplied
            | Self::DeliveryReverted => Some(DeadlineKind::Expiry),
            Self::BaselineAwaitingAck
            | Self::BaselineTimedOut
            | Self::BaselineFailed
            | Self::RepairTimedOut
            | Self::DeepFixTimedOut
            | Self::UserIdle => Some(DeadlineKind::Idle),
            Self::Escalation => Some(DeadlineKind::Escalation),
            Self::Intervention => Some(DeadlineKind::Intervention),
            Self::HeartbeatLost => Some(DeadlineKind::Grace),
            Self::Pending
            | Self::Preflight
            | Self::AnalysisContext
            | Self::Scope
            | Self::Proposals
            | Self::Report
            | Self::Drafting
            | Self::GeneratingTests
            | Self::BaselineRunning
            | Self::BaselineSealing
            | Self::Migrating
            | Self::SealingMigrated
            | Self::Recipes
            | Self::Reapplying
            | Self::RepairContext
            | Self::RepairGenerating
            | Self::RepairApplying
            | Self::RepairTesting
            | Self::RepairDelivering
            | Self::DeepFixRestoring
            | Self::DeepFixContext
            | Self::DeepFixGenerating
            | Self::DeepFixApplying
            | Self::DeepFixTesting
            | Self::DeepFixDelivering
            | Self::UserReapplying
            | Self::UserContext
            | Self::UserGenerating
            | Self::UserApplying
            | Self::UserTesting
            | Self::UserDelivering
            | Self::RecoveryPacking
            | Self::RecoveryRestoring
            | Self::DeliveryBusy
            | Self::DeliveryExpired
            | Self::Failed => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_names_its_state() {
        for place in Place::ALL {
            assert!(place.code().starts_with(place.kind().code()), "{place} in {}", place.kind());
        }
    }
}
