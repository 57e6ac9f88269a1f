//! A job that a test leads by the hand: it answers what the machine asks for, and moves time.

use iama_job::event::{BaselineOutcome, TestOutcome, Usage};
use iama_job::policy::billing::{Price, Settlement};
use iama_job::state::{Quote, Strategy};
use iama_job::{
    Decision, Effect, EffectId, EffectResult, Entitlement, Event, Fingerprint, Job, MilliCredits, ModelClass, Outcome,
    Place, Record, RefusalCode, Route, Signal, Stale, Tier, Timestamp, fold, record, step,
};
use std::collections::BTreeMap;

pub(crate) const ALL_CLASSES: &[ModelClass] = &[ModelClass::L1, ModelClass::L2, ModelClass::L3];

pub(crate) struct Walk {
    pub(crate) job: Job,
    pub(crate) now: Timestamp,
    records: Vec<Record>,
    answered: Option<EffectId>,
}

pub(crate) fn routes(classes: &[ModelClass]) -> BTreeMap<ModelClass, Route> {
    let price = Price { input_per_mtok: MilliCredits::credits(100), output_per_mtok: MilliCredits::credits(1_000) };
    let route = |class: &ModelClass| Route { name: class.code().into(), price, output_tokens: 1_000 };
    classes.iter().map(|class| (*class, route(class))).collect()
}

pub(crate) fn tier(tier: Tier) -> Entitlement {
    Entitlement::for_tier(tier, routes(ALL_CLASSES))
}

pub(crate) fn red(fingerprint: &str) -> EffectResult {
    EffectResult::TestsRun { outcome: TestOutcome::Failed { fingerprint: Fingerprint::from_hex(fingerprint) } }
}

pub(crate) fn green() -> EffectResult {
    EffectResult::TestsRun { outcome: TestOutcome::Green }
}

pub(crate) fn timed_out() -> EffectResult {
    EffectResult::TestsRun { outcome: TestOutcome::TimedOut }
}

pub(crate) fn refused_patch() -> EffectResult {
    EffectResult::PatchRefused { code: "ANCHOR_NOT_FOUND".into(), usage: Usage::default() }
}

pub(crate) fn infra_failed() -> EffectResult {
    EffectResult::InfraFailed { code: "PROVIDER_DOWN".into() }
}

pub(crate) fn baseline(passed: u32, failed: u32) -> EffectResult {
    EffectResult::BaselineDone { outcome: BaselineOutcome::Ran { passed, failed, uncovered: 4 } }
}

impl Walk {
    /// A job that has not been started.
    pub(crate) fn pending() -> Self {
        Self { job: Job::new("job".into()), now: Timestamp(1_000_000), records: Vec::new(), answered: None }
    }

    /// A job that has just been started.
    pub(crate) fn started(entitlement: Entitlement) -> Self {
        Self::pending().decide(Decision::Start { entitlement: Box::new(entitlement) })
    }

    pub(crate) fn local(classes: &[ModelClass]) -> Self {
        Self::started(Entitlement::local(routes(classes)))
    }

    pub(crate) fn place(&self) -> Place {
        self.job.state.place()
    }

    #[track_caller]
    pub(crate) fn at(self, place: Place) -> Self {
        assert_eq!(self.place(), place);
        self
    }

    #[track_caller]
    pub(crate) fn event(mut self, event: Event) -> Self {
        let (job, record) = record(&self.job, event, self.now).unwrap_or_else(|no| panic!("{no:?}"));
        self.job = job;
        self.records.push(record);
        self
    }

    #[track_caller]
    pub(crate) fn decide(self, decision: Decision) -> Self {
        self.event(Event::Decision(decision))
    }

    #[track_caller]
    pub(crate) fn signal(self, signal: Signal) -> Self {
        self.event(Event::Signal(signal))
    }

    /// The effect in flight that `result` answers.
    #[track_caller]
    pub(crate) fn asked(&self, result: &EffectResult) -> EffectId {
        let kind = result.kind();
        let infra = matches!(result, EffectResult::InfraFailed { .. });
        let entry = self
            .job
            .in_flight
            .iter()
            .find(|entry| infra || entry.dispatch.effect.answers().contains(&kind))
            .unwrap_or_else(|| panic!("nothing waits for {kind} in {}", self.place()));
        entry.dispatch.id.clone()
    }

    #[track_caller]
    pub(crate) fn answer(mut self, result: EffectResult) -> Self {
        let effect = self.asked(&result);
        self.answered = Some(effect.clone());
        self.event(Event::Result { effect, result })
    }

    /// Moves time to the armed deadline and lets it fire.
    #[track_caller]
    pub(crate) fn let_expire(mut self) -> Self {
        let deadline = self.job.deadline.expect("a timer is armed");
        self.now = deadline.at;
        self.signal(Signal::TimerFired { deadline: deadline.id })
    }

    /// Milliseconds until the armed timer fires.
    pub(crate) fn wait_ms(&self) -> Option<i64> {
        self.job.deadline.map(|deadline| deadline.at.0 - self.now.0)
    }

    /// The code of a decision that is refused here.
    #[track_caller]
    pub(crate) fn refusal(&self, decision: Decision) -> RefusalCode {
        match step(&self.job, &Event::Decision(decision), self.now) {
            Outcome::Refused(refusal) => refusal.code,
            other => panic!("not refused: {other:?}"),
        }
    }

    /// Why an event is ignored here.
    #[track_caller]
    pub(crate) fn stale(&self, event: &Event) -> Stale {
        match step(&self.job, event, self.now) {
            Outcome::Ignored(stale) => stale,
            other => panic!("not ignored: {other:?}"),
        }
    }

    /// The effects of the last event.
    pub(crate) fn effects(&self) -> Vec<&Effect> {
        self.records
            .last()
            .map(|record| record.effects.iter().map(|dispatch| &dispatch.effect).collect())
            .unwrap_or_default()
    }

    /// All effects so far.
    pub(crate) fn all_effects(&self) -> Vec<&Effect> {
        self.records.iter().flat_map(|record| record.effects.iter().map(|dispatch| &dispatch.effect)).collect()
    }

    pub(crate) fn last_settlement(&self) -> Option<Settlement> {
        self.job.billing.settlements.last().copied()
    }

    /// Folds the records, by way of JSON, and compares.
    #[track_caller]
    pub(crate) fn replays(self) -> Self {
        let text: Vec<String> = self.records.iter().map(|record| serde_json::to_string(record).unwrap()).collect();
        let read: Vec<Record> = text.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(fold(self.job.id.clone(), &read), Ok(self.job.clone()));
        let job = serde_json::to_string(&self.job).unwrap();
        assert_eq!(serde_json::from_str::<Job>(&job).unwrap(), self.job);
        self
    }

    pub(crate) fn records(&self) -> &[Record] {
        &self.records
    }

    /// The id of the effect that was answered last.
    pub(crate) fn answered(&self) -> EffectId {
        self.answered.clone().expect("something was answered")
    }
}

/// Longer stretches of a life.
impl Walk {
    #[track_caller]
    pub(crate) fn until_strategy(self) -> Self {
        let walk = self
            .answer(EffectResult::PreflightDone { dirty: false })
            .answer(EffectResult::ContextBuilt { tokens: 10_000, confidence: 95 })
            .answer(EffectResult::AnalysisDone { usage: Usage::default() })
            .answer(EffectResult::ProposalsReady { usage: Usage::default() });
        if walk.place() == Place::Report {
            return walk.answer(EffectResult::ReportDone { usage: Usage::default() });
        }
        walk
    }

    #[track_caller]
    pub(crate) fn until_spec(self) -> Self {
        self.until_strategy()
            .decide(Decision::SelectProposal { strategy: Strategy::Standard })
            .answer(EffectResult::SpecDrafted { usage: Usage::default() })
    }

    #[track_caller]
    pub(crate) fn until_generating_tests(self) -> Self {
        self.until_spec().decide(Decision::ApproveSpec).at(Place::GeneratingTests)
    }

    #[track_caller]
    pub(crate) fn until_baseline(self) -> Self {
        self.until_generating_tests().baseline_from_tests()
    }

    #[track_caller]
    pub(crate) fn baseline_from_tests(self) -> Self {
        self.answer(EffectResult::TestsGenerated { tests: 3, usage: Usage::default() }).at(Place::BaselineRunning)
    }

    #[track_caller]
    pub(crate) fn until_recipes(self) -> Self {
        self.until_baseline().sealed()
    }

    /// From a baseline run that passes to attempt 0.
    #[track_caller]
    pub(crate) fn sealed(self) -> Self {
        self.answer(baseline(3, 0))
            .answer(EffectResult::TestsSealed)
            .answer(EffectResult::TestsMigrated)
            .answer(EffectResult::TestsSealed)
            .at(Place::Recipes)
    }

    /// The tests of attempt 0 are running.
    #[track_caller]
    pub(crate) fn until_first_tests(self) -> Self {
        self.until_recipes().patch()
    }

    /// A patch is written and applied; its tests run.
    #[track_caller]
    pub(crate) fn patch(self) -> Self {
        self.answer(EffectResult::PatchGenerated { patch: "patch".into(), usage: Usage::default() })
            .answer(EffectResult::PatchApplied)
    }

    /// A whole attempt by a model, up to its tests.
    #[track_caller]
    pub(crate) fn attempt(self) -> Self {
        self.answer(EffectResult::ContextBuilt { tokens: 8_000, confidence: 95 }).patch()
    }

    /// Attempt 0 failed; attempt 1 builds its context.
    #[track_caller]
    pub(crate) fn until_attempt_1(self) -> Self {
        self.until_first_tests().answer(red("zero")).at(Place::RepairContext)
    }

    /// Attempts that each fail in another way.
    #[track_caller]
    pub(crate) fn failing_attempts(mut self, count: usize) -> Self {
        for at in 0..count {
            self = self.attempt().answer(red(&format!("failure {at}")));
        }
        self
    }

    /// Three identical failures.
    #[track_caller]
    pub(crate) fn until_intervention(self) -> Self {
        let mut walk = self.until_attempt_1();
        for _ in 0..3 {
            walk = walk.attempt().answer(red("same"));
        }
        walk.at(Place::Intervention)
    }

    /// The whole retreat.
    #[track_caller]
    pub(crate) fn until_fallback(self) -> Self {
        self.at(Place::RecoveryPacking)
            .answer(EffectResult::PartialPacked { patch: Some("partial".into()) })
            .answer(EffectResult::WorkspaceRestored)
            .at(Place::Fallback)
    }

    #[track_caller]
    pub(crate) fn until_delivered(self) -> Self {
        self.until_first_tests()
            .answer(green())
            .answer(EffectResult::DeliveryPrepared { complex: false })
            .at(Place::DeliveryReady)
    }

    #[track_caller]
    pub(crate) fn quote(self, id: &str) -> Self {
        let quote = Quote { id: id.into(), class: ModelClass::L3, max: MilliCredits::credits(50) };
        self.answer(EffectResult::QuoteReady { quote })
    }
}
