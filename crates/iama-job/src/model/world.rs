//! Everything that the world can do to a job.

use crate::entitlement::{Entitlement, Route};
use crate::event::{BaselineOutcome, Decision, EffectResult, Event, EventKind, Signal, TestOutcome, Usage};
use crate::fingerprint::Fingerprint;
use crate::ids::{MilliCredits, TestId};
use crate::job::Job;
use crate::policy::baseline::BaselineMode;
use crate::policy::billing::Price;
use crate::policy::tiers::Tier;
use crate::policy::waterfall::ModelClass;
use crate::state::{BaselineStep, Quote, Selection, State, Strategy};
use EventKind as E;

/// A kind of job to search.
#[derive(Debug, Clone)]
pub struct Setup {
    /// What to call it.
    pub name: &'static str,
    /// What its jobs may use.
    pub entitlement: Entitlement,
}

const ALL: &[ModelClass] = &[ModelClass::L1, ModelClass::L2, ModelClass::L3];

fn entitlement(tier: Tier, classes: &[ModelClass]) -> Entitlement {
    let price = Price { input_per_mtok: MilliCredits(1), output_per_mtok: MilliCredits(1) };
    let route = Route { name: "model".into(), price, output_tokens: 1 };
    let routes = classes.iter().map(|&class| (class, route.clone())).collect();
    if tier == Tier::Local { Entitlement::local(routes) } else { Entitlement::for_tier(tier, routes) }
}

/// The kinds of jobs that differ in what the rules do with them.
pub fn setups() -> Vec<Setup> {
    let tier = |tier| entitlement(tier, ALL);
    let local = |classes| entitlement(Tier::Local, classes);
    let setup = |name, entitlement| Setup { name, entitlement };
    vec![
        setup("local, no model", local(&[])),
        setup("local, L1", local(&[ModelClass::L1])),
        setup("local, L3", local(&[ModelClass::L3])),
        setup("free", tier(Tier::Free)),
        setup("plus", tier(Tier::Plus)),
        setup("pro", tier(Tier::Pro)),
        setup("pro, pre-authorised", Entitlement { pre_authorised: true, ..tier(Tier::Pro) }),
        setup("pro, fast track", Entitlement { expert: true, ..tier(Tier::Pro) }),
        setup("max", tier(Tier::Max)),
        setup("max, pre-authorised", Entitlement { pre_authorised: true, ..tier(Tier::Max) }),
        setup("enterprise", tier(Tier::Enterprise)),
        setup("enterprise trial", Entitlement { trial: true, ..tier(Tier::Enterprise) }),
    ]
}

/// Every event of a kind that can happen to the job: all that its data can change, good and bad.
pub(super) fn events(job: &Job, kind: EventKind, setup: &Setup) -> Vec<Event> {
    let decided = decisions(job, kind, setup);
    if !decided.is_empty() {
        return decided.into_iter().map(Event::Decision).collect();
    }
    let signals = signals(job, kind);
    if !signals.is_empty() {
        return signals.into_iter().map(Event::Signal).collect();
    }
    let mut events = Vec::new();
    for entry in &job.in_flight {
        if kind == E::InfraFailed || entry.dispatch.effect.answers().contains(&kind) {
            let effect = &entry.dispatch.id;
            events.extend(results(kind).into_iter().map(|result| Event::Result { effect: effect.clone(), result }));
        }
    }
    events
}

/// The one price that is ever right, and one that never is.
const QUOTES: [&str; 2] = ["right", "wrong"];

fn decisions(job: &Job, kind: EventKind, setup: &Setup) -> Vec<Decision> {
    let tests = || vec![TestId::from("a")];
    match kind {
        E::Start => vec![Decision::Start { entitlement: Box::new(setup.entitlement.clone()) }],
        E::PreflightContinue => vec![Decision::PreflightContinue],
        E::PreflightSafeMode => vec![Decision::PreflightSafeMode],
        E::PreflightCancel => vec![Decision::PreflightCancel],
        E::SelectProposal => vec![Decision::SelectProposal { strategy: Strategy::Standard }],
        E::ApproveSpec => vec![Decision::ApproveSpec],
        E::EditSpec => vec![Decision::EditSpec],
        E::OverrideBaseline => BaselineMode::ALL.iter().map(|&mode| Decision::OverrideBaseline { mode }).collect(),
        E::AcknowledgeUncovered => vec![Decision::AcknowledgeUncovered { uncovered: shown(job) }],
        E::Quarantine => vec![Decision::Quarantine { tests: tests() }],
        E::MockOverride => vec![Decision::MockOverride { tests: tests() }],
        E::ConfirmEscalation => confirmations(),
        E::DeclineEscalation => vec![Decision::DeclineEscalation],
        E::DeepFix => vec![Decision::DeepFix],
        E::ConfirmDeepFix => QUOTES.map(|quote| Decision::ConfirmDeepFix { quote: quote.into() }).to_vec(),
        E::Intervene => vec![Decision::Intervene],
        E::ContinueRepair => vec![Decision::ContinueRepair],
        E::IncreaseTimeout => vec![Decision::IncreaseTimeout],
        E::SkipOrQuarantineTest => vec![Decision::SkipOrQuarantineTest { tests: tests() }],
        E::WaiveSeal => vec![Decision::WaiveSeal { tests: tests() }],
        E::Command => vec![Decision::Command { command: "words".into() }],
        E::RunTests => vec![Decision::RunTests],
        E::ResumeRepair => vec![Decision::ResumeRepair],
        E::RetryStrongerModel => vec![Decision::RetryStrongerModel],
        E::DownloadPartial => vec![Decision::DownloadPartial],
        E::ReportIssue => vec![Decision::ReportIssue],
        E::ApplyDelivery => [Selection::Whole, Selection::Subset { selection: "some".into() }]
            .map(|selection| Decision::ApplyDelivery { selection, complexity_confirmed: true })
            .to_vec(),
        E::RevertDelivery => vec![Decision::RevertDelivery],
        E::Cancel => vec![Decision::Cancel],
        E::ForceTerminate => vec![Decision::ForceTerminate],
        _ => Vec::new(),
    }
}

/// The count that the job shows, where it shows one.
fn shown(job: &Job) -> u32 {
    match job.state {
        State::BaselineValidation { step: BaselineStep::AwaitingAck { uncovered } } => uncovered,
        _ => 0,
    }
}

fn confirmations() -> Vec<Decision> {
    let named = |class: ModelClass| {
        [None, Some(QUOTES[0]), Some(QUOTES[1])]
            .map(|quote| Decision::ConfirmEscalation { class, quote: quote.map(Into::into) })
    };
    ALL.iter().flat_map(|&class| named(class)).collect()
}

fn signals(job: &Job, kind: EventKind) -> Vec<Signal> {
    match kind {
        E::HeartbeatLost => vec![Signal::HeartbeatLost],
        E::HeartbeatRestored => vec![Signal::HeartbeatRestored],
        E::TimerFired => {
            job.deadline.map(|deadline| Signal::TimerFired { deadline: deadline.id }).into_iter().collect()
        }
        E::CreditsExhausted => vec![Signal::CreditsExhausted],
        E::KillSwitch => vec![Signal::KillSwitch],
        E::TrialUpgraded => vec![Signal::TrialUpgraded],
        _ => Vec::new(),
    }
}

/// Every result of a kind.
pub(super) fn results(kind: EventKind) -> Vec<EffectResult> {
    let usage = Usage::default();
    match kind {
        E::PreflightDone => [true, false].map(|dirty| EffectResult::PreflightDone { dirty }).to_vec(),
        E::ContextBuilt => [95, 30].map(|confidence| EffectResult::ContextBuilt { tokens: 1, confidence }).to_vec(),
        E::AnalysisDone => vec![EffectResult::AnalysisDone { usage }],
        E::ReportDone => vec![EffectResult::ReportDone { usage }],
        E::ProposalsReady => vec![EffectResult::ProposalsReady { usage }],
        E::QuoteReady => {
            let quote = Quote { id: QUOTES[0].into(), class: ModelClass::L3, max: MilliCredits(1) };
            vec![EffectResult::QuoteReady { quote }]
        }
        E::SpecDrafted => vec![EffectResult::SpecDrafted { usage }],
        E::TestsGenerated => vec![EffectResult::TestsGenerated { tests: 1_000, usage }],
        E::BaselineDone => baselines().map(|outcome| EffectResult::BaselineDone { outcome }).to_vec(),
        E::TestsSealed => vec![EffectResult::TestsSealed],
        E::TestsMigrated => vec![EffectResult::TestsMigrated],
        E::PatchGenerated => vec![EffectResult::PatchGenerated { patch: "patch".into(), usage }],
        E::PatchApplied => vec![EffectResult::PatchApplied],
        E::PatchRefused => vec![EffectResult::PatchRefused { code: "ANCHOR_NOT_FOUND".into(), usage }],
        E::TestsRun => test_outcomes().map(|outcome| EffectResult::TestsRun { outcome }).to_vec(),
        E::WorkspaceRestored => vec![EffectResult::WorkspaceRestored],
        E::PartialPacked => [None, Some("partial".into())].map(|patch| EffectResult::PartialPacked { patch }).to_vec(),
        E::DeliveryPrepared => vec![EffectResult::DeliveryPrepared { complex: false }],
        E::DeliveryApplied => vec![EffectResult::DeliveryApplied],
        E::DeliveryRefused => vec![EffectResult::DeliveryRefused { code: "BASE_HASH_MISMATCH".into() }],
        E::DeliveryReverted => vec![EffectResult::DeliveryReverted],
        E::RevertBlocked => vec![EffectResult::RevertBlocked { reverse_patch: "reverse".into() }],
        E::InfraFailed => vec![EffectResult::InfraFailed { code: "DOWN".into() }],
        _ => Vec::new(),
    }
}

fn baselines() -> [BaselineOutcome; 5] {
    [
        BaselineOutcome::Ran { passed: 2, failed: 0, uncovered: 1 },
        BaselineOutcome::Ran { passed: 0, failed: 0, uncovered: 1 },
        BaselineOutcome::Ran { passed: 1, failed: 1, uncovered: 0 },
        BaselineOutcome::TimedOut,
        BaselineOutcome::Unrunnable { uncovered: 1 },
    ]
}

fn test_outcomes() -> [TestOutcome; 4] {
    let failed = |text| TestOutcome::Failed { fingerprint: Fingerprint::from_hex(text) };
    [TestOutcome::Green, failed("a"), failed("b"), TestOutcome::TimedOut]
}
