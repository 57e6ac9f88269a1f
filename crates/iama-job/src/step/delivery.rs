//! What becomes of a delivery: applied whole or in part, taken back, put there again.

use super::draft::Draft;
use super::{Answer, rounds, unlisted};
use crate::effect::{Effect, Notice};
use crate::event::{Decision, EffectResult, Event, EventKind, TestOutcome};
use crate::outcome::RefusalCode;
use crate::policy::billing::RoundEnd;
use crate::policy::tiers::Segment;
use crate::state::{Delivery, DeliveryTask, Selection, State};

/// Green: the round is over.
pub(super) fn deliver(draft: &mut Draft, complex: bool) {
    draft.job.complex_delivery = complex;
    draft.job.command = None;
    rounds::settle(draft, RoundEnd::Delivered);
    rest(draft, Delivery::Ready);
    draft.emit(Effect::WriteEvidence);
    draft.tell(Notice::ArtifactReady);
}

fn rest(draft: &mut Draft, delivery: Delivery) {
    draft.go(State::Delivered { delivery, task: None });
}

fn work(draft: &mut Draft, delivery: &Delivery, task: DeliveryTask) {
    let effect = match task.clone() {
        DeliveryTask::Retest { selection } => Effect::RetestSelection { selection },
        DeliveryTask::Apply { selection } => Effect::ApplyDelivery { selection },
        DeliveryTask::Revert { selection } => Effect::RevertDelivery { selection },
    };
    draft.go(State::Delivered { delivery: delivery.clone(), task: Some(task) });
    draft.emit(effect);
}

pub(super) fn delivered(draft: &mut Draft, delivery: &Delivery, task: Option<DeliveryTask>, event: &Event) -> Answer {
    match (task, event) {
        (None, Event::Decision(decision)) => wanted(draft, delivery, decision),
        (Some(task), Event::Result { result, .. }) => done(draft, delivery, task, result),
        _ => unlisted(),
    }
}

fn wanted(draft: &mut Draft, delivery: &Delivery, decision: &Decision) -> Answer {
    match (delivery, decision) {
        (_, Decision::ApplyDelivery { selection, complexity_confirmed }) => {
            let guarded = draft.job.complex_delivery && draft.job.entitlement.segment == Segment::A;
            if guarded && !complexity_confirmed {
                return Err(RefusalCode::ComplexityUnconfirmed.into());
            }
            let selection = selection.clone();
            let task = match selection {
                Selection::Whole => DeliveryTask::Apply { selection },
                Selection::Subset { .. } => DeliveryTask::Retest { selection },
            };
            work(draft, delivery, task);
            Ok(())
        }
        (Delivery::Applied { .. }, Decision::RevertDelivery) if draft.job.reverse_patch.is_some() => {
            Err(RefusalCode::RevertBlocked.into())
        }
        (Delivery::Applied { selection }, Decision::RevertDelivery) => {
            draft.audit(EventKind::RevertDelivery, &[]);
            work(draft, delivery, DeliveryTask::Revert { selection: selection.clone() });
            Ok(())
        }
        (Delivery::Reverted { selection }, Decision::RevertDelivery) => {
            draft.audit(EventKind::RevertDelivery, &[]);
            work(draft, delivery, DeliveryTask::Apply { selection: selection.clone() });
            Ok(())
        }
        _ => unlisted(),
    }
}

fn done(draft: &mut Draft, delivery: &Delivery, task: DeliveryTask, result: &EffectResult) -> Answer {
    match (task, result) {
        (DeliveryTask::Retest { selection }, EffectResult::TestsRun { outcome: TestOutcome::Green }) => {
            work(draft, delivery, DeliveryTask::Apply { selection });
        }
        (DeliveryTask::Retest { .. }, EffectResult::TestsRun { .. }) => {
            rest(draft, delivery.clone());
            draft.tell(Notice::SubsetRed);
        }
        (DeliveryTask::Apply { selection }, EffectResult::DeliveryApplied) => {
            rest(draft, Delivery::Applied { selection });
            draft.tell(Notice::DeliveryApplied);
        }
        (DeliveryTask::Revert { selection }, EffectResult::DeliveryReverted) => {
            rest(draft, Delivery::Reverted { selection });
            draft.tell(Notice::DeliveryReverted);
        }
        (DeliveryTask::Revert { .. }, EffectResult::RevertBlocked { reverse_patch }) => {
            draft.job.reverse_patch = Some(reverse_patch.clone());
            draft.audit(EventKind::RevertBlocked, &[]);
            rest(draft, delivery.clone());
            draft.tell(Notice::RevertBlocked);
        }
        (_, EffectResult::DeliveryRefused { .. }) => {
            rest(draft, delivery.clone());
            draft.tell(Notice::DeliveryRefused);
        }
        _ => return unlisted(),
    }
    Ok(())
}

/// The platform failed: the delivery is as it was.
pub(super) fn infra_failed(draft: &mut Draft, delivery: Delivery) {
    rest(draft, delivery);
    draft.tell(Notice::DeliveryRefused);
}
