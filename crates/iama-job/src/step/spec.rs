//! Strategy and spec: chosen, drafted, edited, approved.

use super::draft::Draft;
use super::{Answer, baseline, rounds, unlisted};
use crate::effect::{Effect, Notice, RestorePoint};
use crate::event::{Decision, EffectResult, Event};
use crate::job::Tests;
use crate::outcome::RefusalCode;
use crate::policy::baseline::{BaselineMode, EXACT_ONLY_BELOW};
use crate::state::{State, StrategyStep};

pub(super) fn strategy(draft: &mut Draft, step: StrategyStep, event: &Event) -> Answer {
    match (step, event) {
        (StrategyStep::Choosing, Event::Decision(Decision::SelectProposal { strategy })) => {
            if draft.job.trial_gate {
                return Err(RefusalCode::UpgradeRequired.into());
            }
            draft.job.strategy = Some(*strategy);
            draft.go(State::WaitingStrategy { step: StrategyStep::Drafting });
            let class = draft.job.entitlement.stage_class();
            draft.emit(Effect::DraftSpec { class, strategy: *strategy });
            Ok(())
        }
        (StrategyStep::Drafting, Event::Result { result: EffectResult::SpecDrafted { .. }, .. }) => {
            drafted(draft);
            Ok(())
        }
        _ => unlisted(),
    }
}

fn drafted(draft: &mut Draft) {
    draft.job.spec_revision = 1;
    let fast_track = draft.job.entitlement.fast_track();
    draft.emit(Effect::PersistSpec { revision: 1, fast_track });
    if fast_track {
        baseline::generate_tests(draft);
    } else {
        draft.go(State::WaitingSpecApproval);
        draft.tell(Notice::SpecWanted);
    }
}

pub(super) fn approval(draft: &mut Draft, event: &Event) -> Answer {
    match event {
        Event::Decision(Decision::ApproveSpec) if draft.job.workspace_touched => {
            Err(RefusalCode::WorkspaceNotRestored.into())
        }
        Event::Decision(Decision::ApproveSpec) => {
            baseline::generate_tests(draft);
            Ok(())
        }
        Event::Decision(Decision::OverrideBaseline { mode }) => override_baseline(draft, *mode),
        Event::Result { result: EffectResult::WorkspaceRestored, .. } => {
            draft.job.workspace_touched = false;
            Ok(())
        }
        _ => unlisted(),
    }
}

fn override_baseline(draft: &mut Draft, mode: BaselineMode) -> Answer {
    let Some(scope) = draft.job.scope.as_mut() else { return unlisted() };
    if mode == BaselineMode::Assertions && scope.confidence < EXACT_ONLY_BELOW {
        return Err(RefusalCode::ConfidenceTooLow.into());
    }
    scope.baseline = mode;
    scope.overridden = true;
    draft.audit(crate::event::EventKind::OverrideBaseline, &[]);
    Ok(())
}

/// A new revision. During execution it also stops what is in flight, resets every counter by opening a round, and puts
/// the workspace back.
pub(super) fn edit(draft: &mut Draft) -> Answer {
    if draft.job.spec_revision == 0 {
        return Err(RefusalCode::NothingToRepair.into());
    }
    draft.job.spec_revision = draft.job.spec_revision.saturating_add(1);
    let revision = draft.job.spec_revision;
    draft.emit(Effect::PersistSpec { revision, fast_track: false });
    if draft.job.state == State::WaitingSpecApproval {
        return Ok(());
    }
    rounds::open(draft);
    draft.job.tests = Tests::default();
    draft.job.partial = None;
    draft.job.command = None;
    draft.go(State::WaitingSpecApproval);
    if draft.job.workspace_touched {
        draft.emit(Effect::RestoreWorkspace { to: RestorePoint::Start });
    }
    draft.tell(Notice::SpecWanted);
    Ok(())
}
