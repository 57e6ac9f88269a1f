//! A job in the making: the next state and the effects on the way to it.

use super::{Answer, No};
use crate::effect::{Deadline, Dispatch, Effect, Notice};
use crate::event::{EffectResult, EventKind, Usage};
use crate::ids::{DeadlineId, EffectId, MilliCredits, TestId, Timestamp};
use crate::job::{InFlight, Job, NotedCost};
use crate::outcome::{Outcome, Stale};
use crate::policy::waterfall::ModelClass;
use crate::state::State;

pub(super) struct Draft {
    pub(super) job: Job,
    now: Timestamp,
    effects: Vec<Dispatch>,
    /// The effect that the event answers: it is not in flight any more.
    pub(super) answered: Option<InFlight>,
}

impl Draft {
    pub(super) fn new(job: &Job, now: Timestamp) -> Self {
        let mut job = job.clone();
        job.seq = job.seq.saturating_add(1);
        Self { job, now, effects: Vec::new(), answered: None }
    }

    pub(super) fn done(self) -> Outcome {
        Outcome::Next { job: Box::new(self.job), effects: self.effects }
    }

    /// Leaves the place: nobody waits for its results or its timer any more.
    pub(super) fn go(&mut self, state: State) {
        self.abandon();
        self.job.in_flight.clear();
        self.change(state);
    }

    /// Enters a state without touching what is in flight.
    pub(super) fn change(&mut self, state: State) {
        if let Some(deadline) = self.job.deadline.take() {
            self.emit(Effect::CancelTimer { deadline: deadline.id });
        }
        self.job.state = state;
        self.arm();
    }

    /// Changes what a place holds; its timer runs on and its results are still waited for.
    pub(super) fn stay(&mut self, state: State) {
        self.job.state = state;
    }

    fn arm(&mut self) {
        let Some(kind) = self.job.state.place().deadline() else { return };
        let Some(wait) = self.job.entitlement.timers.wait(kind) else { return };
        let mut at = self.now.after(wait);
        if self.job.state.place().is_ended() {
            at = *self.job.artifacts_expire_at.get_or_insert(at);
        }
        let deadline = Deadline { id: DeadlineId(self.job.seq), kind, at };
        self.job.deadline = Some(deadline);
        self.emit(Effect::ArmTimer { deadline });
    }

    /// Tells the shell that nobody waits for what is in flight.
    pub(super) fn abandon(&mut self) {
        if self.job.in_flight.is_empty() {
            return;
        }
        let effects = self.job.in_flight.iter().map(|entry| entry.dispatch.id.clone()).collect();
        let tokens = self.job.in_flight.iter().any(|entry| entry.cost.is_some());
        self.emit(Effect::CancelInFlight { effects });
        if tokens {
            self.emit(Effect::StopTokens);
        }
    }

    /// Asks for an effect. A model call is preceded by a note of the most that it may cost.
    pub(super) fn emit(&mut self, effect: Effect) {
        let cost = effect.model().map(|class| self.note_cost(class));
        if effect.touches_workspace() {
            self.job.workspace_touched = true;
        }
        let index = u16::try_from(self.effects.len()).unwrap_or(u16::MAX);
        let id = EffectId { job: self.job.id.clone(), seq: self.job.seq, index };
        let dispatch = Dispatch { id, effect };
        if !dispatch.effect.answers().is_empty() {
            self.job.in_flight.push(InFlight { dispatch: dispatch.clone(), cost });
        }
        self.effects.push(dispatch);
    }

    pub(super) fn tell(&mut self, notice: Notice) {
        self.emit(Effect::Notify { notice });
    }

    pub(super) fn audit(&mut self, decision: EventKind, tests: &[TestId]) {
        self.emit(Effect::Audit { decision, tests: tests.to_vec() });
    }

    fn note_cost(&mut self, class: ModelClass) -> NotedCost {
        let tokens = self.job.scope.map_or(self.job.entitlement.context_tokens, |scope| scope.pack_tokens);
        let worst_case = self.job.entitlement.worst_case(class, tokens);
        let billing = &mut self.job.billing;
        billing.dispatch_ordinal = billing.dispatch_ordinal.saturating_add(1);
        billing.used = billing.used.plus(worst_case);
        let ordinal = billing.dispatch_ordinal;
        self.emit(Effect::JournalCost { ordinal, class, worst_case });
        NotedCost { ordinal, worst_case }
    }

    /// Takes the answered effect out of flight and corrects its cost; stale when nobody waits for it.
    pub(super) fn answered(&mut self, effect: &EffectId, result: &EffectResult) -> Answer {
        let stale = No::Stale(Stale::Result);
        let at = self.job.in_flight.iter().position(|entry| entry.dispatch.id == *effect).ok_or(stale)?;
        let kind = result.kind();
        if kind != EventKind::InfraFailed && !self.job.in_flight[at].dispatch.effect.answers().contains(&kind) {
            return Err(stale);
        }
        let entry = self.job.in_flight.remove(at);
        if let Some(cost) = entry.cost {
            self.correct_cost(cost, usage(result));
        }
        self.answered = Some(entry);
        Ok(())
    }

    fn correct_cost(&mut self, cost: NotedCost, usage: Usage) {
        let rest = self.job.billing.used.0.saturating_sub(cost.worst_case.0);
        self.job.billing.used = MilliCredits(rest).plus(usage.credits);
        self.emit(Effect::CorrectCost { ordinal: cost.ordinal, actual: usage.credits });
    }

    /// Accepts the firing of the armed timer; stale when it is another one, or too early.
    pub(super) fn timer_fired(&mut self, id: DeadlineId) -> Answer {
        match self.job.deadline {
            Some(deadline) if deadline.id == id && self.now < deadline.at => Err(No::Stale(Stale::EarlyTimer)),
            Some(deadline) if deadline.id == id => {
                self.job.deadline = None;
                Ok(())
            }
            Some(_) | None => Err(No::Stale(Stale::Timer)),
        }
    }
}

fn usage(result: &EffectResult) -> Usage {
    match result {
        EffectResult::AnalysisDone { usage }
        | EffectResult::ReportDone { usage }
        | EffectResult::ProposalsReady { usage }
        | EffectResult::SpecDrafted { usage }
        | EffectResult::TestsGenerated { usage, .. }
        | EffectResult::PatchGenerated { usage, .. }
        | EffectResult::PatchRefused { usage, .. } => *usage,
        _ => Usage::default(),
    }
}
