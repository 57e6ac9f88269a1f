//! Rounds: opened by a person, settled once, at their end.

use super::draft::Draft;
use crate::effect::Effect;
use crate::policy::billing::{RoundEnd, Settlement, is_billable};
use crate::state::FailureReason;

/// Opens the next round, all counters back at once; a round that still runs is settled first.
pub(super) fn open(draft: &mut Draft) {
    settle(draft, RoundEnd::Superseded);
    draft.job.counters = draft.job.counters.next_round();
    draft.job.billing.settled = false;
    draft.job.billing.past_checkpoint = false;
    draft.job.billing.used = crate::ids::MilliCredits::default();
    if draft.job.entitlement.metered {
        draft.emit(Effect::ReserveQuota { round: draft.job.counters.round });
    }
}

/// The point of no return.
pub(super) fn pass_checkpoint(draft: &mut Draft) {
    draft.job.billing.past_checkpoint = true;
    draft.emit(Effect::WriteCheckpoint { round: draft.job.counters.round });
}

/// Settles the round, unless there is none or it is settled.
pub(super) fn settle(draft: &mut Draft, class: RoundEnd) {
    let round = draft.job.counters.round;
    if round == 0 || draft.job.billing.settled {
        return;
    }
    let billing = &mut draft.job.billing;
    let billable = is_billable(class, billing.past_checkpoint);
    let settlement = Settlement { round, class, billable, used: billing.used };
    billing.settled = true;
    billing.settlements.push(settlement);
    draft.emit(Effect::SettleBilling { settlement });
    if draft.job.entitlement.metered {
        draft.emit(if billable { Effect::CommitReservation { round } } else { Effect::ReleaseReservation { round } });
    }
}

/// The platform's failure outweighs a disconnect that was settled a moment before.
pub(super) fn correct_to_infra_failure(draft: &mut Draft) {
    let Some(last) = draft.job.billing.settlements.last_mut() else { return };
    last.class = RoundEnd::InfraFailure;
    last.billable = false;
    let settlement = *last;
    draft.emit(Effect::CorrectSettlement { settlement });
}

/// The ledger's name for a failure.
pub(super) fn end_of(reason: FailureReason) -> RoundEnd {
    match reason {
        FailureReason::UserCancelled => RoundEnd::UserCancelled,
        FailureReason::ClientDisconnected => RoundEnd::ClientDisconnected,
        FailureReason::InterventionTimeout => RoundEnd::InterventionTimeout,
        FailureReason::DecisionTimeout | FailureReason::FallbackExpired => RoundEnd::DecisionTimeout,
        FailureReason::KillSwitch | FailureReason::InfraFailure => RoundEnd::InfraFailure,
    }
}
