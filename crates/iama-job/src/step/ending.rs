//! How a job ends without a delivery, and what may still happen to it.

use super::draft::Draft;
use super::{Answer, delivery, recovery, rounds, unlisted};
use crate::effect::{Effect, Notice, RestorePoint};
use crate::event::{EffectResult, Event};
use crate::place::Place;
use crate::policy::timers::DeadlineKind;
use crate::state::{Delivery, FailureReason, Offer, RecoveryReason, State};

/// Ends the job: settled, everything cancelled, the workspace put back as soon as somebody can.
pub(super) fn fail(draft: &mut Draft, reason: FailureReason) {
    rounds::settle(draft, rounds::end_of(reason));
    let still_open = match reason {
        FailureReason::ClientDisconnected => draft.job.in_flight.clone(),
        FailureReason::UserCancelled
        | FailureReason::InterventionTimeout
        | FailureReason::DecisionTimeout
        | FailureReason::FallbackExpired
        | FailureReason::KillSwitch
        | FailureReason::InfraFailure => Vec::new(),
    };
    draft.go(State::Failed { reason });
    draft.job.in_flight = still_open;
    if draft.job.workspace_touched {
        draft.job.restore_owed = true;
        draft.emit(Effect::RestoreWorkspace { to: RestorePoint::Start });
    }
    draft.emit(Effect::WriteEvidence);
    draft.tell(Notice::JobFailed);
}

/// An effect failed for good, through no fault of the job.
pub(super) fn infra_failed(draft: &mut Draft) {
    match draft.job.state.clone() {
        State::Delivered { delivery, .. } => delivery::infra_failed(draft, delivery),
        State::FallbackRequired { reason, .. } => {
            draft.stay(State::FallbackRequired { reason, offer: Offer::None });
        }
        State::Failed { reason } => infra_failed_after(draft, reason),
        State::Pending
        | State::Analyzing { .. }
        | State::GeneratingAnalysisReport
        | State::WaitingStrategy { .. }
        | State::WaitingSpecApproval
        | State::GeneratingTests
        | State::BaselineValidation { .. }
        | State::BaselineValidationFailed
        | State::Refactoring { .. }
        | State::WaitingEscalationDecision { .. }
        | State::WaitingIntervention { .. }
        | State::DeepFixActive { .. }
        | State::UserIntervening { .. }
        | State::ClientHeartbeatLost { .. }
        | State::RecoveryPending { .. } => fail(draft, FailureReason::InfraFailure),
    }
}

/// After the end: the owed restoration may fail and stays owed; anything else that had been open when the client
/// vanished shows that the platform failed too.
fn infra_failed_after(draft: &mut Draft, reason: FailureReason) {
    let restoring = draft.answered.as_ref().is_some_and(|entry| {
        draft.job.restore_owed && matches!(entry.dispatch.effect, Effect::RestoreWorkspace { .. })
    });
    if reason == FailureReason::ClientDisconnected && !restoring {
        rounds::correct_to_infra_failure(draft);
        draft.job.in_flight.retain(|entry| matches!(entry.dispatch.effect, Effect::RestoreWorkspace { .. }));
    }
}

pub(super) fn after_failure(draft: &mut Draft, _reason: FailureReason, event: &Event) -> Answer {
    let Event::Result { result: EffectResult::WorkspaceRestored, .. } = event else { return unlisted() };
    draft.job.workspace_touched = false;
    draft.job.restore_owed = false;
    Ok(())
}

/// The armed timer ran out.
pub(super) fn timed_out(draft: &mut Draft) -> Answer {
    let place = draft.job.state.place();
    match place.deadline() {
        Some(DeadlineKind::Grace) => fail(draft, FailureReason::ClientDisconnected),
        Some(DeadlineKind::Escalation) => recovery::retreat(draft, RecoveryReason::EscalationExpired),
        Some(DeadlineKind::Intervention) => fail(draft, FailureReason::InterventionTimeout),
        Some(DeadlineKind::Idle) => recovery::retreat(draft, RecoveryReason::Idle),
        Some(DeadlineKind::Expiry) if place == Place::Fallback => fail(draft, FailureReason::FallbackExpired),
        Some(DeadlineKind::Expiry) if place.is_ended() => {
            draft.go(State::Delivered { delivery: Delivery::Expired, task: None });
        }
        Some(DeadlineKind::Expiry) => fail(draft, FailureReason::DecisionTimeout),
        None => return unlisted(),
    }
    Ok(())
}
