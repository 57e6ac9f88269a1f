//! A person is needed: asked, helped by a deep fix, or at work.

use super::draft::Draft;
use super::patching::{Line, Terms};
use super::{Answer, attempts, baseline, delivery, patching, recovery, refactor, rounds, unlisted};
use crate::effect::{Effect, Notice, PatchMode, RestorePoint};
use crate::event::{Decision, EffectResult, Event, EventKind};
use crate::ids::QuoteId;
use crate::outcome::RefusalCode;
use crate::policy::waterfall::ModelClass;
use crate::state::{DeepFixStep, InterveneStep, Offer, PatchStep, RecoveryReason, State};

/// Three identical failures.
pub(super) fn call(draft: &mut Draft) {
    draft.go(State::WaitingIntervention { offer: Offer::None });
    draft.tell(Notice::InterventionWanted);
}

pub(super) fn waiting(draft: &mut Draft, offer: &Offer, event: &Event) -> Answer {
    match event {
        Event::Decision(Decision::DeepFix) => {
            if draft.job.counters.deep_fix_used {
                return Err(RefusalCode::DeepFixUsed.into());
            }
            if ask_for_deep_fix(draft, offer)? {
                draft.stay(State::WaitingIntervention { offer: Offer::Quoting });
            }
        }
        Event::Decision(Decision::ConfirmDeepFix { quote }) => confirm_deep_fix(draft, offer, quote)?,
        Event::Decision(Decision::Intervene) => idle(draft),
        Event::Decision(Decision::ContinueRepair) => {
            draft.job.counters.forget_streak();
            attempts::next(draft);
        }
        Event::Decision(Decision::WaiveSeal { tests }) => baseline::waive(draft, tests)?,
        Event::Result { result: EffectResult::QuoteReady { quote }, .. } => {
            draft.stay(State::WaitingIntervention { offer: Offer::Quoted { quote: quote.clone() } });
        }
        _ => return unlisted(),
    }
    Ok(())
}

/// Starts a deep fix with L2 at once; with L3 asks for its price and answers true. Only what was offered can be
/// confirmed, so this is the one gate to a deep fix.
pub(super) fn ask_for_deep_fix(draft: &mut Draft, offer: &Offer) -> Result<bool, super::No> {
    let class = draft.job.entitlement.deep_fix_class()?;
    if class != ModelClass::L3 {
        start_deep_fix(draft, class, None);
        return Ok(false);
    }
    match offer {
        Offer::None => {
            draft.emit(Effect::Quote { class });
            Ok(true)
        }
        Offer::Quoting | Offer::Quoted { .. } => Err(RefusalCode::ConfirmationRequired.into()),
    }
}

pub(super) fn confirm_deep_fix(draft: &mut Draft, offer: &Offer, named: &QuoteId) -> Answer {
    let Offer::Quoted { quote: offered } = offer else { return Err(RefusalCode::ConfirmationRequired.into()) };
    let class = draft.job.entitlement.deep_fix_class()?;
    let quote = refactor::confirmed(class, Some(named), Some(offered))?;
    start_deep_fix(draft, class, quote);
    Ok(())
}

/// Opens the round of a deep fix: from the original source, without anything of the failed attempts.
fn start_deep_fix(draft: &mut Draft, class: ModelClass, quote: Option<QuoteId>) {
    rounds::open(draft);
    rounds::pass_checkpoint(draft);
    draft.job.counters.deep_fix_used = true;
    draft.job.partial = None;
    draft.audit(EventKind::DeepFix, &[]);
    draft.go(State::DeepFixActive { class, quote, step: DeepFixStep::Restoring });
    draft.emit(Effect::RestoreWorkspace { to: RestorePoint::Sealed });
    draft.tell(Notice::DeepFixStarted);
}

pub(super) fn deep_fix(
    draft: &mut Draft,
    class: ModelClass,
    quote: Option<&QuoteId>,
    step: DeepFixStep,
    event: &Event,
) -> Answer {
    let state = |step| State::DeepFixActive { class, quote: quote.cloned(), step };
    let terms = Terms { class, mode: PatchMode::DeepFix, quote: quote.cloned() };
    match step {
        DeepFixStep::Restoring => {
            enter(draft, state(DeepFixStep::Patch(PatchStep::Context)), PatchStep::Context, &terms, event);
        }
        DeepFixStep::TimedOut => {
            if let Some(choice) = patching::rerun_choice(draft, event) {
                choice?;
                let testing = PatchStep::Testing { rerun: true };
                enter(draft, state(DeepFixStep::Patch(testing)), testing, &terms, event);
            } else if event.kind() == EventKind::ContinueRepair {
                attempts::next(draft);
            } else {
                return unlisted();
            }
        }
        DeepFixStep::Patch(step) => {
            let Some(line) = patching::advance(draft, step, event) else { return unlisted() };
            match line {
                Line::On(step) => enter(draft, state(DeepFixStep::Patch(step)), step, &terms, event),
                Line::Refused | Line::Red(_) => attempts::next(draft),
                Line::TimedOut => {
                    draft.go(state(DeepFixStep::TimedOut));
                    draft.tell(Notice::TestsTimedOut);
                }
                Line::Done { complex } => delivery::deliver(draft, complex),
            }
        }
    }
    Ok(())
}

fn enter(draft: &mut Draft, state: State, step: PatchStep, terms: &Terms, event: &Event) {
    draft.go(state);
    patching::ask(draft, step, terms, event);
}

/// The copy is the person's.
pub(super) fn idle(draft: &mut Draft) {
    draft.job.command = None;
    draft.go(State::UserIntervening { step: InterveneStep::Idle });
}

/// Back from a fallback: what had been done is put back first.
pub(super) fn take_over(draft: &mut Draft) {
    match draft.job.partial.take() {
        Some(patch) => {
            draft.go(State::UserIntervening { step: InterveneStep::Reapplying });
            draft.emit(Effect::ApplyPatch { patch });
        }
        None => idle(draft),
    }
}

pub(super) fn user(draft: &mut Draft, step: InterveneStep, event: &Event) -> Answer {
    match step {
        InterveneStep::Reapplying => match event {
            Event::Result { result: EffectResult::PatchApplied, .. } => idle(draft),
            Event::Result { result: EffectResult::PatchRefused { .. }, .. } => {
                recovery::retreat(draft, RecoveryReason::WorkspaceChanged);
            }
            _ => return unlisted(),
        },
        InterveneStep::Idle => return at_work(draft, event),
        InterveneStep::Patch(step) => {
            let Some(line) = patching::advance(draft, step, event) else { return unlisted() };
            match line {
                Line::On(step) => user_step(draft, step, event),
                Line::Refused | Line::Red(_) | Line::TimedOut => {
                    idle(draft);
                    draft.tell(Notice::CommandDone);
                }
                Line::Done { complex } => delivery::deliver(draft, complex),
            }
        }
    }
    Ok(())
}

fn user_step(draft: &mut Draft, step: PatchStep, event: &Event) {
    let class = command_class(draft).unwrap_or(ModelClass::L1);
    let terms = Terms { class, mode: PatchMode::Command, quote: None };
    enter(draft, State::UserIntervening { step: InterveneStep::Patch(step) }, step, &terms, event);
}

/// A command is carried out by the weakest model that there is, never by L3.
fn command_class(draft: &Draft) -> Result<ModelClass, super::No> {
    let entitlement = &draft.job.entitlement;
    match entitlement.route(ModelClass::L1) {
        Ok(_) => Ok(ModelClass::L1),
        Err(denial) => entitlement.route(ModelClass::L2).map(|_| ModelClass::L2).map_err(|_| denial.into()),
    }
}

fn at_work(draft: &mut Draft, event: &Event) -> Answer {
    if let Some(choice) = patching::rerun_choice(draft, event) {
        choice?;
        user_step(draft, PatchStep::Testing { rerun: true }, event);
        return Ok(());
    }
    match event {
        Event::Decision(Decision::Command { command }) => {
            command_class(draft)?;
            draft.job.command = Some(command.clone());
            user_step(draft, PatchStep::Context, event);
        }
        Event::Decision(Decision::RunTests) => user_step(draft, PatchStep::Testing { rerun: false }, event),
        Event::Decision(Decision::WaiveSeal { tests }) => baseline::waive(draft, tests)?,
        Event::Decision(Decision::ResumeRepair) => {
            draft.job.counters.forget_streak();
            attempts::next(draft);
        }
        _ => return unlisted(),
    }
    Ok(())
}
