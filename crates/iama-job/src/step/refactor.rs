//! The rewrite: recipes first, then models, until the tests pass or somebody is needed.

use super::draft::Draft;
use super::patching::{Line, Terms};
use super::{Answer, attempts, delivery, intervention, patching, recovery, unlisted};
use crate::effect::{Effect, PatchMode, SealScope};
use crate::event::{Decision, EffectResult, Event, EventKind};
use crate::ids::QuoteId;
use crate::outcome::RefusalCode;
use crate::policy::budget::IDENTICAL_FAILURES;
use crate::policy::waterfall::ModelClass;
use crate::state::{PatchStep, Quote, RecoveryReason, RefactorStep, State, Strategy};

/// The sealed baseline is in place: existing tests are carried over, then recipes run.
pub(super) fn begin(draft: &mut Draft) {
    draft.go(State::Refactoring { step: RefactorStep::Migrating });
    draft.emit(Effect::MigrateTests);
}

pub(super) fn refactoring(draft: &mut Draft, step: RefactorStep, event: &Event) -> Answer {
    match step {
        RefactorStep::Migrating => {
            draft.go(State::Refactoring { step: RefactorStep::Sealing });
            draft.emit(Effect::SealTests { scope: SealScope::Migrated });
            Ok(())
        }
        RefactorStep::Sealing => {
            run_recipes(draft);
            Ok(())
        }
        RefactorStep::Recipes => patch(draft, PatchStep::Generating, event),
        RefactorStep::Reapplying => reapplied(draft, event),
        RefactorStep::Patch(step) => patch(draft, step, event),
        RefactorStep::TimedOut => timed_out(draft, event),
    }
}

fn run_recipes(draft: &mut Draft) {
    draft.go(State::Refactoring { step: RefactorStep::Recipes });
    let effect = Effect::RunRecipes {
        strategy: draft.job.strategy.unwrap_or(Strategy::Conservative),
        edits: patching::edits(draft),
        safe_mode: draft.job.safe_mode,
    };
    draft.emit(effect);
}

fn reapplied(draft: &mut Draft, event: &Event) -> Answer {
    match event {
        Event::Result { result: EffectResult::PatchApplied, .. } => attempts::work(draft),
        Event::Result { result: EffectResult::PatchRefused { .. }, .. } => {
            recovery::retreat(draft, RecoveryReason::WorkspaceChanged);
        }
        _ => return unlisted(),
    }
    Ok(())
}

fn patch(draft: &mut Draft, step: PatchStep, event: &Event) -> Answer {
    let Some(line) = patching::advance(draft, step, event) else { return unlisted() };
    match line {
        Line::On(step) => {
            let terms = Terms {
                class: draft.job.counters.class,
                mode: PatchMode::Standard,
                quote: draft.job.counters.quote.clone(),
            };
            draft.go(State::Refactoring { step: RefactorStep::Patch(step) });
            patching::ask(draft, step, &terms, event);
        }
        Line::Refused => attempts::next(draft),
        Line::Red(fingerprint) => {
            draft.job.counters.count_failure(&fingerprint);
            if draft.job.counters.streak >= IDENTICAL_FAILURES {
                intervention::call(draft);
            } else {
                attempts::next(draft);
            }
        }
        Line::TimedOut => {
            draft.go(State::Refactoring { step: RefactorStep::TimedOut });
            draft.tell(crate::effect::Notice::TestsTimedOut);
        }
        Line::Done { complex } => delivery::deliver(draft, complex),
    }
    Ok(())
}

fn timed_out(draft: &mut Draft, event: &Event) -> Answer {
    if let Some(choice) = patching::rerun_choice(draft, event) {
        choice?;
        draft.go(State::Refactoring { step: RefactorStep::Patch(PatchStep::Testing { rerun: true }) });
        patching::run_tests(draft);
        return Ok(());
    }
    if event.kind() != EventKind::ContinueRepair {
        return unlisted();
    }
    attempts::next(draft);
    Ok(())
}

pub(super) fn escalation(
    draft: &mut Draft,
    attempt: u8,
    classes: &[ModelClass],
    offered: Option<&Quote>,
    event: &Event,
) -> Answer {
    match event {
        Event::Decision(Decision::ConfirmEscalation { class, quote }) => {
            if !classes.contains(class) {
                draft.job.entitlement.route(*class)?;
                return Err(RefusalCode::ClassNotOffered.into());
            }
            let quote = confirmed(*class, quote.as_ref(), offered)?;
            draft.audit(EventKind::ConfirmEscalation, &[]);
            attempts::begin(draft, attempt, *class, quote);
        }
        Event::Decision(Decision::DeclineEscalation) => recovery::retreat(draft, RecoveryReason::EscalationDeclined),
        Event::Result { result: EffectResult::QuoteReady { quote }, .. } => {
            let (classes, quote) = (classes.to_vec(), Some(quote.clone()));
            draft.stay(State::WaitingEscalationDecision { attempt, classes, quote });
        }
        _ => return unlisted(),
    }
    Ok(())
}

/// The quote that a confirmation is bound to: always for L3, never for less.
pub(super) fn confirmed(
    class: ModelClass,
    named: Option<&QuoteId>,
    offered: Option<&Quote>,
) -> Result<Option<QuoteId>, RefusalCode> {
    if class != ModelClass::L3 {
        return Ok(None);
    }
    match (named, offered) {
        (None, _) | (_, None) => Err(RefusalCode::ConfirmationRequired),
        (Some(named), Some(offered)) if *named != offered.id || offered.class != class => {
            Err(RefusalCode::QuoteMismatch)
        }
        (Some(named), Some(_)) => Ok(Some(named.clone())),
    }
}
