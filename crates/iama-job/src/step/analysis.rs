//! From the start to the proposals.

use super::draft::Draft;
use super::{Answer, ending, rounds, unlisted};
use crate::effect::{Effect, Notice};
use crate::entitlement::Entitlement;
use crate::event::{Decision, EffectResult, Event};
use crate::job::Scope;
use crate::outcome::RefusalCode;
use crate::policy::baseline::{baseline_mode, edit_mode};
use crate::policy::tiers::Segment;
use crate::state::{AnalysisStep, FailureReason, State, StrategyStep};

pub(super) fn start(draft: &mut Draft, event: &Event) -> Answer {
    let Event::Decision(Decision::Start { entitlement }) = event else { return unlisted() };
    draft.job.entitlement = Entitlement::clone(entitlement);
    draft.job.trial_gate = entitlement.trial;
    rounds::open(draft);
    draft.emit(Effect::WriteEntitlement { entitlement: entitlement.clone() });
    analyze(draft, AnalysisStep::Preflight, Effect::Preflight);
    Ok(())
}

fn analyze(draft: &mut Draft, step: AnalysisStep, effect: Effect) {
    draft.go(State::Analyzing { step });
    draft.emit(effect);
}

pub(super) fn analyzing(draft: &mut Draft, step: AnalysisStep, event: &Event) -> Answer {
    match step {
        AnalysisStep::Preflight => preflight(draft, event),
        AnalysisStep::Dirty => dirty(draft, event),
        AnalysisStep::Context => context(draft, event),
        AnalysisStep::Scope => scope(draft, event),
        AnalysisStep::Proposals => proposals(draft, event),
    }
}

fn preflight(draft: &mut Draft, event: &Event) -> Answer {
    match event {
        Event::Result { result: EffectResult::PreflightDone { dirty: true }, .. } => {
            draft.go(State::Analyzing { step: AnalysisStep::Dirty });
            draft.tell(Notice::DirtyWorkspace);
            Ok(())
        }
        Event::Result { result: EffectResult::PreflightDone { dirty: false }, .. } => {
            build_context(draft);
            Ok(())
        }
        _ => unlisted(),
    }
}

fn build_context(draft: &mut Draft) {
    analyze(draft, AnalysisStep::Context, Effect::BuildContext { purged: false });
}

fn dirty(draft: &mut Draft, event: &Event) -> Answer {
    match event {
        Event::Decision(Decision::PreflightContinue) if draft.job.entitlement.segment == Segment::A => {
            Err(RefusalCode::SafeModeRequired.into())
        }
        Event::Decision(decision @ Decision::PreflightContinue) => {
            draft.audit(decision.kind(), &[]);
            build_context(draft);
            Ok(())
        }
        Event::Decision(decision @ Decision::PreflightSafeMode) => {
            draft.audit(decision.kind(), &[]);
            draft.job.safe_mode = true;
            build_context(draft);
            Ok(())
        }
        Event::Decision(Decision::PreflightCancel) => {
            ending::fail(draft, FailureReason::UserCancelled);
            Ok(())
        }
        _ => unlisted(),
    }
}

fn context(draft: &mut Draft, event: &Event) -> Answer {
    let Event::Result { result: EffectResult::ContextBuilt { tokens, confidence }, .. } = event else {
        return unlisted();
    };
    draft.job.scope = Some(Scope {
        confidence: *confidence,
        pack_tokens: *tokens,
        baseline: baseline_mode(*confidence),
        edits: edit_mode(*confidence),
        overridden: false,
    });
    let class = draft.job.entitlement.stage_class();
    analyze(draft, AnalysisStep::Scope, Effect::AnalyseScope { class });
    Ok(())
}

fn scope(draft: &mut Draft, event: &Event) -> Answer {
    let Event::Result { result: EffectResult::AnalysisDone { .. }, .. } = event else { return unlisted() };
    let class = draft.job.entitlement.stage_class();
    analyze(draft, AnalysisStep::Proposals, Effect::Propose { class });
    Ok(())
}

fn proposals(draft: &mut Draft, event: &Event) -> Answer {
    let Event::Result { result: EffectResult::ProposalsReady { .. }, .. } = event else { return unlisted() };
    if draft.job.entitlement.tier.grant().analysis_report {
        let class = draft.job.entitlement.stage_class();
        draft.go(State::GeneratingAnalysisReport);
        draft.emit(Effect::WriteReport { class });
    } else {
        wait_for_choice(draft);
    }
    Ok(())
}

pub(super) fn report(draft: &mut Draft, event: &Event) -> Answer {
    let Event::Result { result: EffectResult::ReportDone { .. }, .. } = event else { return unlisted() };
    wait_for_choice(draft);
    Ok(())
}

fn wait_for_choice(draft: &mut Draft) {
    draft.go(State::WaitingStrategy { step: StrategyStep::Choosing });
    draft.tell(Notice::StrategyWanted);
}

pub(super) fn trial_upgraded(draft: &mut Draft) -> Answer {
    if !draft.job.trial_gate {
        return Err(super::No::Stale(crate::outcome::Stale::Signal));
    }
    draft.job.trial_gate = false;
    Ok(())
}
