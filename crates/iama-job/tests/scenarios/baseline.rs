//! Today's behaviour, pinned down.

use crate::walk::{Walk, baseline, red, tier};
use iama_job::event::{BaselineOutcome, Usage};
use iama_job::policy::baseline::{BaselineMode, EditMode};
use iama_job::state::State;
use iama_job::{Decision, Effect, EffectResult, Place, RefusalCode, TestId, Tier};

fn with_confidence(confidence: u8) -> Walk {
    Walk::started(tier(Tier::Pro))
        .answer(EffectResult::PreflightDone { dirty: false })
        .answer(EffectResult::ContextBuilt { tokens: 10, confidence })
        .answer(EffectResult::AnalysisDone { usage: Usage::default() })
        .answer(EffectResult::ProposalsReady { usage: Usage::default() })
        .decide(Decision::SelectProposal { strategy: iama_job::state::Strategy::Standard })
        .answer(EffectResult::SpecDrafted { usage: Usage::default() })
}

fn timed_out() -> EffectResult {
    EffectResult::BaselineDone { outcome: BaselineOutcome::TimedOut }
}

fn tests(names: &[&str]) -> Vec<TestId> {
    names.iter().map(|name| TestId::from(*name)).collect()
}

#[test]
fn a_baseline_that_passes_is_sealed_before_the_rewrite() {
    let walk = Walk::started(tier(Tier::Pro)).until_baseline().answer(baseline(3, 0)).at(Place::BaselineSealing);
    let walk = walk.answer(EffectResult::TestsSealed).at(Place::Migrating).replays();
    assert!(walk.job.tests.sealed);
}

#[test]
fn a_black_box_waits_until_the_very_count_is_acknowledged() {
    let walk = with_confidence(39).decide(Decision::ApproveSpec).baseline_from_tests().answer(baseline(2, 0));
    assert_eq!(walk.refusal(Decision::AcknowledgeUncovered { uncovered: 5 }), RefusalCode::CountMismatch);
    let walk = walk.decide(Decision::AcknowledgeUncovered { uncovered: 4 }).at(Place::BaselineSealing);
    assert!(walk.job.tests.uncovered_acknowledged);
}

#[test]
fn the_black_box_can_be_waived_down_to_twenty_percent() {
    let inside = Decision::OverrideBaseline { mode: BaselineMode::Assertions };
    assert_eq!(with_confidence(19).refusal(inside.clone()), RefusalCode::ConfidenceTooLow);
    let walk = with_confidence(20).decide(inside).decide(Decision::ApproveSpec).baseline_from_tests();
    assert_eq!(walk.answer(baseline(2, 0)).place(), Place::BaselineSealing);
}

#[test]
fn below_twenty_percent_only_exact_edits_are_asked_for() {
    let walk = with_confidence(19)
        .decide(Decision::ApproveSpec)
        .baseline_from_tests()
        .answer(baseline(2, 0))
        .decide(Decision::AcknowledgeUncovered { uncovered: 4 })
        .answer(EffectResult::TestsSealed)
        .answer(EffectResult::TestsMigrated)
        .answer(EffectResult::TestsSealed);
    let edits = walk.effects().into_iter().find_map(|effect| match effect {
        Effect::RunRecipes { edits, .. } => Some(*edits),
        _ => None,
    });
    assert_eq!(edits, Some(EditMode::ExactOnly));
}

#[test]
fn a_legacy_side_that_cannot_run_is_acknowledged_and_does_not_stop_the_job() {
    let outcome = BaselineOutcome::Unrunnable { uncovered: 7 };
    let walk = Walk::local(&[]).until_baseline().answer(EffectResult::BaselineDone { outcome });
    let walk = walk.at(Place::BaselineAwaitingAck).decide(Decision::AcknowledgeUncovered { uncovered: 7 });
    assert_eq!(walk.replays().place(), Place::BaselineSealing);
}

#[test]
fn a_baseline_without_a_single_test_is_acknowledged_too() {
    let walk = Walk::local(&[]).until_baseline().answer(baseline(0, 0));
    assert_eq!(walk.place(), Place::BaselineAwaitingAck);
}

#[test]
fn quarantine_reruns_and_zero_tests_left_is_refused() {
    let walk = Walk::started(tier(Tier::Pro)).until_baseline().answer(baseline(2, 1)).at(Place::BaselineFailed);
    assert_eq!(walk.refusal(Decision::Quarantine { tests: Vec::new() }), RefusalCode::NoTestsNamed);
    let all = Decision::Quarantine { tests: tests(&["a", "b", "c"]) };
    assert_eq!(walk.refusal(all), RefusalCode::ZeroTestsLeft);
    let walk = walk.decide(Decision::Quarantine { tests: tests(&["a", "b"]) }).at(Place::BaselineRunning);
    let audit = Effect::Audit { decision: iama_job::EventKind::Quarantine, tests: tests(&["a", "b"]) };
    assert!(walk.effects().contains(&&audit));
    let walk = walk.answer(baseline(0, 1));
    assert_eq!(walk.refusal(Decision::Quarantine { tests: tests(&["c"]) }), RefusalCode::ZeroTestsLeft);
}

#[test]
fn a_mock_override_is_audited_and_reruns() {
    let walk = Walk::started(tier(Tier::Pro)).until_baseline().answer(baseline(2, 1));
    let walk = walk.decide(Decision::MockOverride { tests: tests(&["a"]) }).at(Place::BaselineRunning);
    let audited = walk.effects().into_iter().any(|effect| matches!(effect, Effect::Audit { .. }));
    assert!(audited);
}

#[test]
fn a_failed_baseline_goes_back_to_the_spec_with_all_counters_reset() {
    let walk = Walk::started(tier(Tier::Pro)).until_baseline().answer(baseline(2, 1)).decide(Decision::EditSpec);
    let walk = walk.at(Place::SpecApproval).replays();
    let counters = &walk.job.counters;
    assert_eq!((counters.attempt, counters.streak, &counters.fingerprint), (0, 0, &None));
    assert_eq!((counters.round, walk.job.spec_revision), (2, 2));
}

#[test]
fn a_baseline_that_times_out_is_rerun_once_and_then_asks() {
    let walk = Walk::started(tier(Tier::Pro)).until_baseline().answer(timed_out()).at(Place::BaselineRunning);
    let walk = walk.answer(timed_out()).at(Place::BaselineTimedOut);
    let walk = walk.decide(Decision::IncreaseTimeout).at(Place::BaselineRunning);
    assert_eq!(walk.job.tests.time_factor, 2);
    let walk = walk.answer(timed_out()).at(Place::BaselineTimedOut);
    let walk = walk.decide(Decision::SkipOrQuarantineTest { tests: tests(&["slow"]) }).at(Place::BaselineRunning);
    assert_eq!(walk.answer(timed_out()).decide(Decision::ContinueRepair).place(), Place::BaselineFailed);
}

#[test]
fn time_limits_stretch_only_so_far() {
    let mut walk = Walk::started(tier(Tier::Pro)).until_baseline().answer(timed_out()).answer(timed_out());
    for _ in 0..3 {
        walk = walk.decide(Decision::IncreaseTimeout).answer(timed_out());
    }
    assert_eq!(walk.refusal(Decision::IncreaseTimeout), RefusalCode::TimeoutLimit);
}

#[test]
fn a_spec_edited_during_execution_stops_everything_and_restores_before_the_next_baseline() {
    let walk = Walk::started(tier(Tier::Pro)).until_attempt_1().attempt().answer(red("x"));
    let walk = walk.answer(EffectResult::ContextBuilt { tokens: 1, confidence: 90 }).at(Place::RepairGenerating);
    let walk = walk.decide(Decision::EditSpec).at(Place::SpecApproval);
    let cancelled = walk.effects().into_iter().any(|effect| matches!(effect, Effect::CancelInFlight { .. }));
    assert!(cancelled && walk.effects().contains(&&Effect::StopTokens));
    assert_eq!((walk.job.counters.attempt, walk.job.counters.streak), (0, 0));
    assert_eq!(walk.refusal(Decision::ApproveSpec), RefusalCode::WorkspaceNotRestored);
    let walk = walk.answer(EffectResult::WorkspaceRestored).decide(Decision::ApproveSpec).replays();
    assert_eq!(walk.job.state, State::GeneratingTests);
}
