//! The retreat, and what a person can make of it.

use super::draft::Draft;
use super::{Answer, attempts, baseline, intervention, rounds, unlisted};
use crate::effect::{Effect, Notice, RestorePoint};
use crate::event::{Decision, EffectResult, Event, EventKind};
use crate::outcome::RefusalCode;
use crate::policy::billing::RoundEnd;
use crate::policy::waterfall::{Denial, ModelClass, first_attempt};
use crate::state::{Offer, RecoveryReason, RecoveryStep, State};

/// Gives up the round: the partial patch is kept, the workspace put back.
pub(super) fn retreat(draft: &mut Draft, reason: RecoveryReason) {
    draft.go(State::RecoveryPending { step: RecoveryStep::Packing, reason });
    draft.emit(Effect::PackPartial);
    if matches!(reason, RecoveryReason::ClassDenied { denial: Denial::EntitlementDenied { .. } }) {
        draft.tell(Notice::UpgradeHint);
    }
}

pub(super) fn retreating(draft: &mut Draft, step: RecoveryStep, reason: RecoveryReason, event: &Event) -> Answer {
    match (step, event) {
        (RecoveryStep::Packing, Event::Result { result: EffectResult::PartialPacked { patch }, .. }) => {
            // A patch kept by an earlier retreat stays when nothing was applied since.
            if patch.is_some() {
                draft.job.partial.clone_from(patch);
            }
            draft.go(State::RecoveryPending { step: RecoveryStep::Restoring, reason });
            draft.emit(Effect::RestoreWorkspace { to: RestorePoint::Start });
        }
        (RecoveryStep::Restoring, Event::Result { result: EffectResult::WorkspaceRestored, .. }) => {
            draft.job.workspace_touched = false;
            rounds::settle(draft, RoundEnd::LogicFailure);
            draft.go(State::FallbackRequired { reason, offer: Offer::None });
            draft.emit(Effect::WriteEvidence);
            draft.tell(Notice::FallbackReady);
        }
        _ => return unlisted(),
    }
    Ok(())
}

pub(super) fn fallback(draft: &mut Draft, reason: RecoveryReason, offer: &Offer, event: &Event) -> Answer {
    match event {
        Event::Decision(Decision::DeepFix) => {
            repairable(draft)?;
            if intervention::ask_for_deep_fix(draft, offer)? {
                draft.stay(State::FallbackRequired { reason, offer: Offer::Quoting });
            }
        }
        Event::Decision(Decision::ConfirmDeepFix { quote }) => {
            repairable(draft)?;
            intervention::confirm_deep_fix(draft, offer, quote)?;
        }
        Event::Decision(Decision::Intervene) => {
            repairable(draft)?;
            reopen(draft);
            intervention::take_over(draft);
        }
        Event::Decision(Decision::RetryStrongerModel) => return retry_stronger(draft),
        Event::Decision(Decision::DownloadPartial) => {
            if draft.job.partial.is_none() {
                return Err(RefusalCode::NoPartial.into());
            }
            draft.audit(EventKind::DownloadPartial, &[]);
            draft.tell(Notice::PartialOffered);
        }
        Event::Decision(Decision::ReportIssue) => draft.tell(Notice::IssueReported),
        Event::Decision(Decision::WaiveSeal { tests }) => baseline::waive(draft, tests)?,
        Event::Result { result: EffectResult::QuoteReady { quote }, .. } => {
            draft.stay(State::FallbackRequired { reason, offer: Offer::Quoted { quote: quote.clone() } });
        }
        _ => return unlisted(),
    }
    Ok(())
}

fn repairable(draft: &Draft) -> Answer {
    if draft.job.tests.sealed { Ok(()) } else { Err(RefusalCode::NothingToRepair.into()) }
}

fn reopen(draft: &mut Draft) {
    rounds::open(draft);
    rounds::pass_checkpoint(draft);
}

fn retry_stronger(draft: &mut Draft) -> Answer {
    repairable(draft)?;
    let class = stronger(draft)?;
    reopen(draft);
    draft.audit(EventKind::RetryStrongerModel, &[]);
    if class == ModelClass::L3 {
        attempts::ask(draft, first_attempt(class), vec![class]);
    } else {
        attempts::begin(draft, first_attempt(class), class, None);
    }
    Ok(())
}

/// The weakest class that is to be had and stronger than the last round's.
fn stronger(draft: &Draft) -> Result<ModelClass, super::No> {
    let last = draft.job.counters.class;
    let mut denied = None;
    for &class in ModelClass::ALL.iter().filter(|&&class| class > last) {
        match draft.job.entitlement.route(class) {
            Ok(_) => return Ok(class),
            Err(denial) => denied = denied.or(Some(denial)),
        }
    }
    Err(denied.map_or(RefusalCode::NoStrongerClass.into(), super::No::Denied))
}
