//! What the design promises, told by a witness that keeps its own account of a job and never trusts the job's.

use crate::codes::codes;
use crate::effect::{Dispatch, Effect, PatchMode};
use crate::event::{Decision, EffectResult, Event, EventKind, TestOutcome};
use crate::fingerprint::Fingerprint;
use crate::job::Job;
use crate::place::{Place, StateKind};
use crate::policy::budget::Counters;
use crate::policy::waterfall::ModelClass;
use crate::state::{DeepFixStep, FailureReason, PatchStep, RefactorStep, State};
use crate::table::{Verdict, verdict};

codes! {
    /// A promise.
    pub enum Promise {
        /// No end is left.
        EndsAreFinal = "ends are final",
        /// The table lists every move.
        TableHoldsEveryMove = "the table holds every move",
        /// L3 works only on a quote that was confirmed in the same round, for the same purpose.
        L3IsConfirmed = "L3 is confirmed",
        /// No class beyond the tier.
        TierIsKept = "the tier is kept",
        /// At most ten attempts a round, attempt 0 included.
        TenAttempts = "at most ten attempts a round",
        /// A round is settled once, at its end, and never otherwise.
        SettledOnce = "settled exactly once",
        /// Charged exactly when the precedence says so.
        BilledRightly = "billed by precedence",
        /// `WAITING_INTERVENTION` comes on three identical failures in a row and on nothing else.
        InterventionOnThree = "intervention on exactly three",
        /// Back to the spec: all counters reset in the same step.
        BackwardResets = "backward transitions reset all counters",
        /// A refused patch and a time-out leave the streak as it was.
        StreakIsKept = "the streak is kept",
        /// The first time-out of an attempt is answered by a rerun of the same attempt.
        TimeoutIsRerun = "a time-out is rerun once",
        /// A client that comes back finds the very state, its work asked for again.
        ResumeIsExact = "resume is exact",
        /// One deep fix a round.
        OneDeepFix = "one deep fix a round",
        /// Recipes run once for each revision of the spec.
        RecipesOnce = "recipes once a revision",
        /// The number of model calls only grows, by one for each.
        OrdinalGrows = "the dispatch ordinal grows",
        /// Work waits for a result, everything else that is alive for a decision: nothing hangs.
        NothingHangs = "nothing hangs",
        /// A timer is armed exactly where one is due.
        TimersAreArmed = "timers are armed where due",
        /// Nothing is waited for after the end but what may still matter.
        NoStrayWork = "no stray work",
        /// A delivery is prepared only by a green run.
        GreenDelivers = "only green delivers",
    }
}

/// What the witness remembers.
#[expect(clippy::struct_excessive_bools, reason = "separate observations, not a state")]
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Witness {
    attempts: u8,
    settled: u8,
    behind_tests: bool,
    repair_quote: bool,
    deep_quote: bool,
    /// Whether the round began with a deep fix.
    deep_fixed: bool,
    identical: u8,
    last: Option<Fingerprint>,
    /// Whether recipes have run for the present revision.
    recipes: bool,
}

type Seen = Result<(), Promise>;

impl Witness {
    /// Watches one accepted event.
    pub(super) fn sees(&self, before: &Job, event: &Event, after: &Job, effects: &[Dispatch]) -> Result<Self, Promise> {
        let mut next = self.clone();
        let step = Step { before, event, after, effects };
        ends(&step)?;
        next.count(&step);
        next.rounds(&step)?;
        next.models(&step)?;
        next.interventions(&step)?;
        next.recipes(&step)?;
        timeouts(&step)?;
        presence(&step)?;
        Ok(next)
    }

    /// Counts finished attempts and identical failures from the results alone.
    fn count(&mut self, step: &Step<'_>) {
        let place = step.before.state.place();
        let attempt = matches!(place.kind(), StateKind::Refactoring | StateKind::DeepFixActive)
            && place != Place::Reapplying
            && step.ends_attempt();
        if attempt {
            self.attempts += 1;
        }
        let counted = place == Place::RepairTesting && self.attempts > 1;
        match step.event {
            Event::Result {
                result: EffectResult::TestsRun { outcome: TestOutcome::Failed { fingerprint } }, ..
            } if counted => {
                let same = self.last.as_ref() == Some(fingerprint);
                self.identical = if same { self.identical + 1 } else { 1 };
                self.last = Some(fingerprint.clone());
            }
            Event::Decision(Decision::ContinueRepair) if place == Place::Intervention => self.forget(),
            Event::Decision(Decision::ResumeRepair) => self.forget(),
            _ => {}
        }
    }

    fn forget(&mut self) {
        self.identical = 0;
        self.last = None;
    }

    fn rounds(&mut self, step: &Step<'_>) -> Seen {
        for dispatch in step.effects {
            if let Effect::SettleBilling { settlement } = &dispatch.effect {
                self.settled += 1;
                let excused = matches!(step.after.state, State::Failed { reason } if !failure_is_billable(reason));
                let billable = self.behind_tests && !excused;
                if settlement.billable != billable || settlement.round != step.before.counters.round {
                    return Err(Promise::BilledRightly);
                }
            }
        }
        if self.settled > 1 {
            return Err(Promise::SettledOnce);
        }
        let fixes = step.starts_deep_fix();
        if fixes && self.deep_fixed && step.before.state.place() == Place::Intervention {
            return Err(Promise::OneDeepFix);
        }
        if step.after.counters.round != step.before.counters.round {
            if step.before.counters.round > 0 && self.settled != 1 {
                return Err(Promise::SettledOnce);
            }
            *self = Self { recipes: self.recipes, attempts: step.round_begins_with_attempts(), ..Self::default() };
            self.deep_fixed = fixes;
        }
        if step.after.state.place() == Place::GeneratingTests
            || step.has(|effect| matches!(effect, Effect::WriteCheckpoint { .. }))
        {
            self.behind_tests = true;
        }
        let at_rest = step.after.state.place().is_ended() || step.after.state.place() == Place::Fallback;
        let due = u8::from(at_rest && step.after.counters.round > 0);
        if self.settled == due { self.attempts_fit() } else { Err(Promise::SettledOnce) }
    }

    fn attempts_fit(&self) -> Seen {
        if self.attempts > 10 { Err(Promise::TenAttempts) } else { Ok(()) }
    }

    fn models(&mut self, step: &Step<'_>) -> Seen {
        match step.event {
            Event::Decision(Decision::ConfirmEscalation { class: ModelClass::L3, quote }) => {
                self.repair_quote = quote.as_ref().is_some_and(|quote| quote.0 == "right");
            }
            Event::Decision(Decision::ConfirmDeepFix { quote }) => self.deep_quote = quote.0 == "right",
            _ => {}
        }
        let mut ordinal = step.before.billing.dispatch_ordinal;
        for dispatch in step.effects {
            if let Effect::JournalCost { ordinal: noted, .. } = dispatch.effect {
                ordinal += 1;
                if noted != ordinal {
                    return Err(Promise::OrdinalGrows);
                }
            }
            self.model_call(&dispatch.effect, step.after)?;
        }
        if ordinal == step.after.billing.dispatch_ordinal { Ok(()) } else { Err(Promise::OrdinalGrows) }
    }

    fn model_call(&self, effect: &Effect, job: &Job) -> Seen {
        let Some(class) = effect.model() else { return Ok(()) };
        if class > job.entitlement.tier.grant().strongest || !job.entitlement.routes.contains_key(&class) {
            return Err(Promise::TierIsKept);
        }
        if class < ModelClass::L3 {
            return Ok(());
        }
        let confirmed = match effect {
            Effect::GeneratePatch { mode: PatchMode::DeepFix, quote: Some(_), .. } => self.deep_quote,
            Effect::GeneratePatch { mode: PatchMode::Standard, quote: Some(_), .. } => self.repair_quote,
            _ => false,
        };
        if confirmed { Ok(()) } else { Err(Promise::L3IsConfirmed) }
    }

    fn interventions(&mut self, step: &Step<'_>) -> Seen {
        let called =
            step.before.state.place() == Place::RepairTesting && step.after.state.place() == Place::Intervention;
        let due = step.before.state.place() == Place::RepairTesting
            && self.identical == 3
            && matches!(
                step.event,
                Event::Result { result: EffectResult::TestsRun { outcome: TestOutcome::Failed { .. } }, .. }
            );
        if called != due || self.identical > 3 {
            return Err(Promise::InterventionOnThree);
        }
        let back = step.event.kind() == EventKind::EditSpec && step.before.state.place() != Place::SpecApproval;
        let fresh = Counters { round: step.before.counters.round + 1, ..Counters::default() };
        if back && step.after.counters != fresh {
            return Err(Promise::BackwardResets);
        }
        let same_round = step.after.counters.round == step.before.counters.round;
        let keeps = step.event.kind() == EventKind::PatchRefused || step.timed_out();
        if keeps && same_round && step.after.counters.streak != step.before.counters.streak {
            return Err(Promise::StreakIsKept);
        }
        Ok(())
    }

    fn recipes(&mut self, step: &Step<'_>) -> Seen {
        if step.after.spec_revision != step.before.spec_revision {
            self.recipes = false;
        }
        let resumed = step.event.kind() == EventKind::HeartbeatRestored;
        if !resumed && step.has(|effect| matches!(effect, Effect::RunRecipes { .. })) {
            if self.recipes {
                return Err(Promise::RecipesOnce);
            }
            self.recipes = true;
        }
        Ok(())
    }
}

struct Step<'a> {
    before: &'a Job,
    event: &'a Event,
    after: &'a Job,
    effects: &'a [Dispatch],
}

impl Step<'_> {
    fn has(&self, wanted: impl Fn(&Effect) -> bool) -> bool {
        self.effects.iter().any(|dispatch| wanted(&dispatch.effect))
    }

    fn timed_out(&self) -> bool {
        matches!(self.event, Event::Result { result: EffectResult::TestsRun { outcome: TestOutcome::TimedOut }, .. })
    }

    fn ends_attempt(&self) -> bool {
        match self.event {
            Event::Result { result: EffectResult::TestsRun { outcome }, .. } => *outcome != TestOutcome::TimedOut,
            Event::Result { result: EffectResult::PatchRefused { .. }, .. }
            | Event::Decision(Decision::ContinueRepair) => true,
            _ => false,
        }
    }

    /// A retry with a stronger class skips attempt 0: it still counts as one of the ten.
    fn round_begins_with_attempts(&self) -> u8 {
        let skipped = self.before.state.place() == Place::Fallback
            && matches!(self.event.kind(), EventKind::RetryStrongerModel | EventKind::Intervene);
        u8::from(skipped)
    }

    fn starts_deep_fix(&self) -> bool {
        self.after.state.place() == Place::DeepFixRestoring && self.event.kind() != EventKind::HeartbeatRestored
    }
}

/// Told again from the design rather than taken from the policy.
fn failure_is_billable(reason: FailureReason) -> bool {
    match reason {
        FailureReason::InfraFailure | FailureReason::KillSwitch | FailureReason::InterventionTimeout => false,
        FailureReason::UserCancelled
        | FailureReason::ClientDisconnected
        | FailureReason::DecisionTimeout
        | FailureReason::FallbackExpired => true,
    }
}

fn ends(step: &Step<'_>) -> Seen {
    let (from, to) = (step.before.state.place(), step.after.state.place());
    if from.is_ended() && to.kind() != from.kind() {
        return Err(Promise::EndsAreFinal);
    }
    match verdict(from, step.event.kind()) {
        Verdict::May(places) if places.contains(&to) => {}
        Verdict::May(_) | Verdict::Ignored(_) | Verdict::Refused(_) => return Err(Promise::TableHoldsEveryMove),
    }
    let delivers = step.has(|effect| matches!(effect, Effect::PrepareDelivery));
    let green =
        matches!(step.event, Event::Result { result: EffectResult::TestsRun { outcome: TestOutcome::Green }, .. });
    if delivers && !green && step.event.kind() != EventKind::HeartbeatRestored {
        return Err(Promise::GreenDelivers);
    }
    Ok(())
}

fn timeouts(step: &Step<'_>) -> Seen {
    let first = PatchStep::Testing { rerun: false };
    let repairing = matches!(step.before.state, State::Refactoring { step } if step == RefactorStep::Patch(first));
    let fixing = matches!(step.before.state, State::DeepFixActive { step, .. } if step == DeepFixStep::Patch(first));
    let running = repairing || fixing;
    if !(running && step.timed_out()) {
        return Ok(());
    }
    let same = step.before.state.place() == step.after.state.place() && step.before.counters == step.after.counters;
    if same { Ok(()) } else { Err(Promise::TimeoutIsRerun) }
}

fn presence(step: &Step<'_>) -> Seen {
    let (State::ClientHeartbeatLost { resume }, EventKind::HeartbeatRestored) = (&step.before.state, step.event.kind())
    else {
        return Ok(());
    };
    let asked = |job: &Job| job.in_flight.iter().map(|entry| entry.dispatch.effect.clone()).collect::<Vec<_>>();
    let renewed = step.after.in_flight.iter().all(|entry| entry.dispatch.id.seq == step.after.seq);
    let same = **resume == step.after.state
        && step.before.counters == step.after.counters
        && asked(step.before) == asked(step.after);
    if same && renewed { Ok(()) } else { Err(Promise::ResumeIsExact) }
}

/// What must be true of a job in which `accepted` of all possible events mean something.
pub(super) fn at_rest(job: &Job, accepted: usize) -> Option<Promise> {
    let place = job.state.place();
    let waits = job.entitlement.timers.wait(crate::policy::timers::DeadlineKind::Grace).is_some();
    let armed = job.deadline.map(|deadline| deadline.kind);
    if armed != place.deadline().filter(|_| waits) {
        return Some(Promise::TimersAreArmed);
    }
    let working = place.is_working() || place == Place::DeliveryBusy;
    if working && job.in_flight.len() != 1 || !place.is_ended() && accepted == 0 {
        return Some(Promise::NothingHangs);
    }
    let may_wait = working
        || matches!(place, Place::SpecApproval | Place::Escalation | Place::Intervention | Place::Fallback)
        || matches!(place, Place::HeartbeatLost | Place::Failed);
    if !may_wait && !job.in_flight.is_empty() { Some(Promise::NoStrayWork) } else { None }
}
