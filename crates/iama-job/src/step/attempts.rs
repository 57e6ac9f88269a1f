//! What comes after an attempt.

use super::draft::Draft;
use super::{patching, recovery};
use crate::effect::{Effect, Notice};
use crate::entitlement::Entitlement;
use crate::ids::QuoteId;
use crate::policy::budget::Counters;
use crate::policy::waterfall::{Denial, LAST_ATTEMPT, ModelClass, PHASES, Phase};
use crate::state::{PatchStep, RecoveryReason, RefactorStep, State};

/// What comes after an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Plan {
    /// Another attempt by this class.
    Work { attempt: u8, class: ModelClass },
    /// A question first.
    Ask { attempt: u8, classes: Vec<ModelClass> },
    /// Nothing.
    Retreat(RecoveryReason),
}

/// What the waterfall and the entitlement say about the attempt after the present one.
pub(super) fn plan(counters: &Counters, entitlement: &Entitlement) -> Plan {
    if counters.attempt >= LAST_ATTEMPT {
        return Plan::Retreat(RecoveryReason::BudgetSpent);
    }
    let attempt = counters.attempt + 1;
    if PHASES.iter().any(|phase| phase.first < attempt && attempt <= phase.last) {
        return Plan::Work { attempt, class: counters.class };
    }
    if entitlement.routes.is_empty() {
        return Plan::Retreat(RecoveryReason::NoModel);
    }
    enter_phase(attempt, entitlement)
}

/// Enters the phase that begins at `attempt`, or the first behind it that has a model.
fn enter_phase(attempt: u8, entitlement: &Entitlement) -> Plan {
    let mut missing = None;
    for phase in PHASES.iter().filter(|phase| phase.first >= attempt) {
        match classes(phase, entitlement) {
            Ok(classes) => return enter(phase, classes, entitlement),
            Err(denial @ Denial::EntitlementDenied { .. }) => {
                return Plan::Retreat(RecoveryReason::ClassDenied { denial });
            }
            Err(denial @ Denial::NoRoute { .. }) => missing = missing.or(Some(denial)),
        }
    }
    Plan::Retreat(missing.map_or(RecoveryReason::BudgetSpent, |denial| RecoveryReason::ClassDenied { denial }))
}

/// The classes of a phase that are to be had, strongest first; the reason why the weakest is not, if none is.
fn classes(phase: &Phase, entitlement: &Entitlement) -> Result<Vec<ModelClass>, Denial> {
    let mut granted = Vec::new();
    let mut denied = None;
    for &class in phase.classes {
        match entitlement.route(class) {
            Ok(_) => granted.push(class),
            Err(denial) => denied = Some(denial),
        }
    }
    match denied {
        Some(denial) if granted.is_empty() => Err(denial),
        Some(_) | None => Ok(granted),
    }
}

fn enter(phase: &Phase, classes: Vec<ModelClass>, entitlement: &Entitlement) -> Plan {
    let attempt = phase.first;
    match classes.as_slice() {
        [class @ ModelClass::L1] => Plan::Work { attempt, class: *class },
        [class @ ModelClass::L2] if entitlement.pre_authorised => Plan::Work { attempt, class: *class },
        _ => Plan::Ask { attempt, classes },
    }
}

/// Goes on to whatever comes after the present attempt.
pub(super) fn next(draft: &mut Draft) {
    match plan(&draft.job.counters, &draft.job.entitlement) {
        Plan::Work { attempt, class } => {
            let quote = draft.job.counters.quote.clone().filter(|_| class == ModelClass::L3);
            begin(draft, attempt, class, quote);
        }
        Plan::Ask { attempt, classes } => ask(draft, attempt, classes),
        Plan::Retreat(reason) => recovery::retreat(draft, reason),
    }
}

pub(super) fn ask(draft: &mut Draft, attempt: u8, classes: Vec<ModelClass>) {
    let strongest = classes.first().copied();
    draft.go(State::WaitingEscalationDecision { attempt, classes, quote: None });
    if strongest == Some(ModelClass::L3) {
        draft.emit(Effect::Quote { class: ModelClass::L3 });
    }
    draft.tell(Notice::EscalationWanted);
}

/// Begins an attempt; what a round left behind is put back first.
pub(super) fn begin(draft: &mut Draft, attempt: u8, class: ModelClass, quote: Option<QuoteId>) {
    draft.job.counters.attempt = attempt;
    draft.job.counters.class = class;
    draft.job.counters.quote = quote;
    match draft.job.partial.take() {
        Some(patch) => {
            draft.go(State::Refactoring { step: RefactorStep::Reapplying });
            draft.emit(Effect::ApplyPatch { patch });
        }
        None => work(draft),
    }
}

/// The attempt's own work.
pub(super) fn work(draft: &mut Draft) {
    draft.go(State::Refactoring { step: RefactorStep::Patch(PatchStep::Context) });
    patching::build_context(draft, false);
}

#[cfg(test)]
mod tests;
