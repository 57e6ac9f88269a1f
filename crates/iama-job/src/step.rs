//! The function: one event, one answer.

mod analysis;
mod attempts;
mod baseline;
mod delivery;
mod draft;
mod ending;
mod intervention;
mod patching;
mod presence;
mod recovery;
mod refactor;
mod rounds;
mod spec;

use crate::event::{Decision, EffectResult, Event, EventKind, Signal};
use crate::ids::Timestamp;
use crate::job::{Job, RULES_VERSION};
use crate::outcome::{Outcome, Refusal, RefusalCode, Stale};
use crate::policy::waterfall::Denial;
use crate::state::{FailureReason, RecoveryReason, State};
use crate::table::{Verdict, verdict};
use draft::Draft;

/// Why a listed event comes to nothing after all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum No {
    Stale(Stale),
    Refused(RefusalCode),
    Denied(Denial),
}

type Answer = Result<(), No>;

impl From<RefusalCode> for No {
    fn from(code: RefusalCode) -> Self {
        Self::Refused(code)
    }
}

impl From<Denial> for No {
    fn from(denial: Denial) -> Self {
        Self::Denied(denial)
    }
}

/// What becomes of `job` when `event` happens at `now`.
pub fn step(job: &Job, event: &Event, now: Timestamp) -> Outcome {
    if job.rules_version > RULES_VERSION {
        return refuse(job, event.kind(), RefusalCode::NewerRules, None);
    }
    match verdict(job.state.place(), event.kind()) {
        Verdict::Ignored(stale) => Outcome::Ignored(stale),
        Verdict::Refused(code) => refuse(job, event.kind(), code, None),
        Verdict::May(_) => {
            let mut draft = Draft::new(job, now);
            match decide(&mut draft, event) {
                Ok(()) => draft.done(),
                Err(No::Stale(stale)) => Outcome::Ignored(stale),
                Err(No::Refused(code)) => refuse(job, event.kind(), code, None),
                Err(No::Denied(denial)) => refuse(job, event.kind(), code_of(denial), Some(denial)),
            }
        }
    }
}

fn refuse(job: &Job, event: EventKind, code: RefusalCode, denial: Option<Denial>) -> Outcome {
    Outcome::Refused(Refusal { from: job.state.place(), event, code, denial })
}

fn code_of(denial: Denial) -> RefusalCode {
    match denial {
        Denial::EntitlementDenied { .. } => RefusalCode::EntitlementDenied,
        Denial::NoRoute { .. } => RefusalCode::NoRoute,
    }
}

/// What a handler answers to an event that its place does not list. The table keeps such events from getting there.
fn unlisted() -> Answer {
    Err(No::Refused(RefusalCode::NotHere))
}

/// Events that mean the same wherever they are listed, then those that depend on the state.
fn decide(draft: &mut Draft, event: &Event) -> Answer {
    match event {
        Event::Result { effect, result } => {
            draft.answered(effect, result)?;
            if !matches!(result, EffectResult::InfraFailed { .. }) {
                return by_state(draft, event);
            }
            ending::infra_failed(draft);
        }
        Event::Signal(Signal::TimerFired { deadline }) => {
            draft.timer_fired(*deadline)?;
            ending::timed_out(draft)?;
        }
        Event::Signal(Signal::TrialUpgraded) => analysis::trial_upgraded(draft)?,
        Event::Signal(Signal::KillSwitch) => ending::fail(draft, FailureReason::KillSwitch),
        Event::Signal(Signal::HeartbeatLost) => presence::lost(draft),
        Event::Signal(Signal::CreditsExhausted) => recovery::retreat(draft, RecoveryReason::CreditsExhausted),
        Event::Decision(Decision::Cancel) => ending::fail(draft, FailureReason::UserCancelled),
        Event::Decision(Decision::EditSpec) => spec::edit(draft)?,
        Event::Decision(_) | Event::Signal(Signal::HeartbeatRestored) => return by_state(draft, event),
    }
    Ok(())
}

fn by_state(draft: &mut Draft, event: &Event) -> Answer {
    match draft.job.state.clone() {
        State::Pending => analysis::start(draft, event),
        State::Analyzing { step } => analysis::analyzing(draft, step, event),
        State::GeneratingAnalysisReport => analysis::report(draft, event),
        State::WaitingStrategy { step } => spec::strategy(draft, step, event),
        State::WaitingSpecApproval => spec::approval(draft, event),
        State::GeneratingTests => baseline::generating(draft, event),
        State::BaselineValidation { step } => baseline::validating(draft, step, event),
        State::BaselineValidationFailed => baseline::failed(draft, event),
        State::Refactoring { step } => refactor::refactoring(draft, step, event),
        State::WaitingEscalationDecision { attempt, classes, quote } => {
            refactor::escalation(draft, attempt, &classes, quote.as_ref(), event)
        }
        State::WaitingIntervention { offer } => intervention::waiting(draft, &offer, event),
        State::DeepFixActive { class, quote, step } => {
            intervention::deep_fix(draft, class, quote.as_ref(), step, event)
        }
        State::UserIntervening { step } => intervention::user(draft, step, event),
        State::ClientHeartbeatLost { resume } => presence::while_lost(draft, *resume, event),
        State::RecoveryPending { step, reason } => recovery::retreating(draft, step, reason, event),
        State::FallbackRequired { reason, offer } => recovery::fallback(draft, reason, &offer, event),
        State::Delivered { delivery, task } => delivery::delivered(draft, &delivery, task, event),
        State::Failed { reason } => ending::after_failure(draft, reason, event),
    }
}
