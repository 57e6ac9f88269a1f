//! Identical failures, deep fixes, a person at work.

use crate::walk::{Walk, green, red, refused_patch, tier};
use iama_job::effect::{PatchMode, RestorePoint};
use iama_job::policy::billing::RoundEnd;
use iama_job::state::{FailureReason, State};
use iama_job::{Decision, Effect, EffectResult, Entitlement, ModelClass, Place, RefusalCode, Tier};

#[test]
fn exactly_three_identical_failures_call_a_person() {
    let same = |count: usize| {
        let mut walk = Walk::started(tier(Tier::Pro)).until_attempt_1();
        for _ in 0..count {
            walk = walk.attempt().answer(red("same"));
        }
        walk.place()
    };
    assert_eq!([same(1), same(2), same(3)], [Place::RepairContext, Place::RepairContext, Place::Intervention]);
}

#[test]
fn another_failure_in_between_starts_the_count_anew() {
    let walk = Walk::started(Entitlement { pre_authorised: true, ..tier(Tier::Pro) }).until_attempt_1();
    let walk = ["a", "a", "b", "a", "a"].iter().fold(walk, |walk, failure| walk.attempt().answer(red(failure)));
    assert_eq!(walk.place(), Place::RepairContext);
    assert_eq!(walk.attempt().answer(red("a")).place(), Place::Intervention);
}

#[test]
fn the_call_comes_before_any_escalation() {
    let walk = Walk::started(tier(Tier::Plus)).until_intervention();
    assert_eq!(walk.job.counters.attempt, 3);
    assert_eq!(walk.decide(Decision::ContinueRepair).place(), Place::Escalation);
}

#[test]
fn a_call_that_nobody_answers_fails_after_half_an_hour_and_costs_nothing() {
    let walk = Walk::started(tier(Tier::Pro)).until_intervention();
    assert_eq!(walk.wait_ms(), Some(1_800_000));
    let walk = walk.let_expire().replays();
    assert_eq!(walk.job.state, State::Failed { reason: FailureReason::InterventionTimeout });
    let settlement = walk.last_settlement().unwrap();
    assert_eq!((settlement.class, settlement.billable), (RoundEnd::InterventionTimeout, false));
}

#[test]
fn free_and_plus_have_no_deep_fix() {
    for which in [Tier::Free, Tier::Plus] {
        let walk = Walk::started(tier(which)).until_intervention();
        assert_eq!(walk.refusal(Decision::DeepFix), RefusalCode::EntitlementDenied);
    }
}

#[test]
fn a_deep_fix_of_pro_starts_at_once_with_l2() {
    let walk =
        Walk::started(tier(Tier::Pro)).until_intervention().decide(Decision::DeepFix).at(Place::DeepFixRestoring);
    assert!(walk.effects().contains(&&Effect::RestoreWorkspace { to: RestorePoint::Sealed }));
    let walk = walk.answer(EffectResult::WorkspaceRestored);
    assert!(walk.effects().contains(&&Effect::BuildContext { purged: true }));
    let walk = walk.answer(EffectResult::ContextBuilt { tokens: 1, confidence: 90 });
    let modes: Vec<_> = walk
        .effects()
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::GeneratePatch { class, mode, .. } => Some((*class, *mode)),
            _ => None,
        })
        .collect();
    assert_eq!(modes, [(ModelClass::L2, PatchMode::DeepFix)]);
}

#[test]
fn a_deep_fix_of_max_waits_for_its_confirmed_price() {
    let walk = Walk::started(tier(Tier::Max)).until_intervention();
    assert_eq!(walk.refusal(Decision::ConfirmDeepFix { quote: "q".into() }), RefusalCode::ConfirmationRequired);
    let armed = walk.job.deadline;
    let walk = walk.decide(Decision::DeepFix).at(Place::Intervention).quote("q").at(Place::Intervention);
    assert_eq!(walk.job.deadline, armed, "asking for the price buys no time");
    assert_eq!(walk.refusal(Decision::ConfirmDeepFix { quote: "x".into() }), RefusalCode::QuoteMismatch);
    let walk = walk.decide(Decision::ConfirmDeepFix { quote: "q".into() }).at(Place::DeepFixRestoring).replays();
    let State::DeepFixActive { class, quote, .. } = &walk.job.state else { panic!("{:?}", walk.job.state) };
    assert_eq!((*class, quote.clone()), (ModelClass::L3, Some("q".into())));
}

#[test]
fn after_a_deep_fix_comes_attempt_one_with_every_counter_reset() {
    let walk = Walk::started(tier(Tier::Pro)).until_intervention().decide(Decision::DeepFix);
    let walk = walk.answer(EffectResult::WorkspaceRestored).attempt().answer(red("same")).at(Place::RepairContext);
    let counters = &walk.job.counters;
    assert_eq!((counters.attempt, counters.streak, &counters.fingerprint), (1, 0, &None));
    assert_eq!(counters.class, ModelClass::L1);
}

#[test]
fn a_round_has_one_deep_fix() {
    let walk = Walk::started(tier(Tier::Pro)).until_intervention().decide(Decision::DeepFix);
    let mut walk = walk.answer(EffectResult::WorkspaceRestored).attempt().answer(red("same"));
    for _ in 0..3 {
        walk = walk.attempt().answer(red("same"));
    }
    assert_eq!(walk.at(Place::Intervention).refusal(Decision::DeepFix), RefusalCode::DeepFixUsed);
}

#[test]
fn a_person_takes_over_tests_and_delivers() {
    let walk = Walk::started(tier(Tier::Pro)).until_intervention().decide(Decision::Intervene).at(Place::UserIdle);
    assert_eq!(walk.wait_ms(), Some(24 * 3_600_000));
    let walk = walk.decide(Decision::RunTests).answer(red("still")).at(Place::UserIdle);
    let walk = walk.decide(Decision::Command { command: "words".into() }).attempt().answer(green());
    assert_eq!(walk.answer(EffectResult::DeliveryPrepared { complex: false }).replays().place(), Place::DeliveryReady);
}

#[test]
fn a_command_that_yields_no_patch_leaves_the_copy_to_the_person() {
    let walk = Walk::started(tier(Tier::Pro)).until_intervention().decide(Decision::Intervene);
    let walk = walk.decide(Decision::Command { command: "words".into() });
    let walk = walk.answer(EffectResult::ContextBuilt { tokens: 1, confidence: 90 }).answer(refused_patch());
    assert_eq!(walk.place(), Place::UserIdle);
}

#[test]
fn a_person_hands_back_or_walks_away() {
    let taken = || Walk::started(tier(Tier::Pro)).until_intervention().decide(Decision::Intervene);
    let walk = taken().decide(Decision::ResumeRepair).at(Place::Escalation);
    assert_eq!(walk.job.counters.streak, 0);
    assert_eq!(taken().let_expire().place(), Place::RecoveryPacking);
}

#[test]
fn a_sealed_test_is_waived_by_name_and_on_the_record() {
    let walk = Walk::started(tier(Tier::Pro)).until_intervention();
    assert_eq!(walk.refusal(Decision::WaiveSeal { tests: Vec::new() }), RefusalCode::NoTestsNamed);
    let walk = walk.decide(Decision::WaiveSeal { tests: vec!["t".into()] }).at(Place::Intervention);
    assert!(walk.effects().contains(&&Effect::WaiveSeal { tests: vec!["t".into()] }));
}
