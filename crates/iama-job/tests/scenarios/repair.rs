//! The loop: waterfall, escalation, time-outs, refused patches.

use crate::walk::{Walk, green, red, refused_patch, routes, tier, timed_out};
use iama_job::effect::Notice;
use iama_job::state::{RecoveryReason, State};
use iama_job::{Decision, Denial, Effect, EffectResult, Entitlement, ModelClass, Place, RefusalCode, TestId, Tier};

fn reason(walk: &Walk) -> RecoveryReason {
    match walk.job.state {
        State::RecoveryPending { reason, .. } | State::FallbackRequired { reason, .. } => reason,
        ref other => panic!("{other:?}"),
    }
}

fn at_escalation(which: Tier) -> Walk {
    Walk::started(tier(which)).until_attempt_1().failing_attempts(3)
}

/// Confirmed L2 at attempt 4, failed through attempt 6.
fn behind_l2(which: Tier) -> Walk {
    at_escalation(which)
        .decide(Decision::ConfirmEscalation { class: ModelClass::L2, quote: None })
        .failing_attempts(3)
        .at(Place::Escalation)
}

#[test]
fn free_ends_after_attempt_three_with_a_denial_that_machines_can_read() {
    let walk = at_escalation(Tier::Free).at(Place::RecoveryPacking);
    let denial = Denial::EntitlementDenied { class: ModelClass::L2, tier: Tier::Free, needs: Tier::Plus };
    assert_eq!(reason(&walk), RecoveryReason::ClassDenied { denial });
    assert!(walk.effects().contains(&&Effect::Notify { notice: Notice::UpgradeHint }));
}

#[test]
fn crossing_into_l2_asks_for_an_hour_and_expiry_retreats() {
    let walk = at_escalation(Tier::Plus).at(Place::Escalation);
    assert_eq!(walk.wait_ms(), Some(3_600_000));
    let walk = walk.let_expire().at(Place::RecoveryPacking);
    assert_eq!(reason(&walk), RecoveryReason::EscalationExpired);
}

#[test]
fn declining_retreats() {
    let walk = at_escalation(Tier::Plus).decide(Decision::DeclineEscalation);
    assert_eq!(reason(&walk), RecoveryReason::EscalationDeclined);
}

#[test]
fn pre_authorisation_covers_l2() {
    let entitlement = Entitlement { pre_authorised: true, ..tier(Tier::Max) };
    let walk = Walk::started(entitlement).until_attempt_1().failing_attempts(3).at(Place::RepairContext);
    assert_eq!((walk.job.counters.attempt, walk.job.counters.class), (4, ModelClass::L2));
    let walk = walk.failing_attempts(3).at(Place::Escalation);
    assert!(walk.effects().contains(&&Effect::Quote { class: ModelClass::L3 }), "L3 asks all the same");
}

#[test]
fn l3_needs_the_quote_that_was_offered() {
    let confirm =
        |quote: Option<&str>| Decision::ConfirmEscalation { class: ModelClass::L3, quote: quote.map(Into::into) };
    let walk = behind_l2(Tier::Max);
    assert_eq!(walk.refusal(confirm(Some("q"))), RefusalCode::ConfirmationRequired);
    let walk = walk.quote("q");
    assert_eq!(walk.refusal(confirm(None)), RefusalCode::ConfirmationRequired);
    assert_eq!(walk.refusal(confirm(Some("other"))), RefusalCode::QuoteMismatch);
    let walk = walk.decide(confirm(Some("q"))).attempt().replays();
    let calls: Vec<_> = walk
        .all_effects()
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::GeneratePatch { class: ModelClass::L3, quote, attempt, .. } => Some((*attempt, quote.clone())),
            _ => None,
        })
        .collect();
    assert_eq!(calls, [(7, Some("q".into()))]);
}

#[test]
fn max_may_stay_with_l2_at_attempt_seven() {
    let walk = behind_l2(Tier::Max).decide(Decision::ConfirmEscalation { class: ModelClass::L2, quote: None });
    assert_eq!((walk.job.counters.attempt, walk.job.counters.class), (7, ModelClass::L2));
}

#[test]
fn pro_is_never_offered_l3() {
    let walk = behind_l2(Tier::Pro);
    let l3 = Decision::ConfirmEscalation { class: ModelClass::L3, quote: Some("q".into()) };
    assert_eq!(walk.refusal(l3), RefusalCode::EntitlementDenied);
    let quoted = walk.all_effects().into_iter().any(|effect| matches!(effect, Effect::Quote { .. }));
    assert!(!quoted);
}

#[test]
fn ten_attempts_end_the_round() {
    let walk = behind_l2(Tier::Plus)
        .decide(Decision::ConfirmEscalation { class: ModelClass::L2, quote: None })
        .failing_attempts(3)
        .at(Place::RecoveryPacking);
    assert_eq!((walk.job.counters.attempt, reason(&walk)), (9, RecoveryReason::BudgetSpent));
}

#[test]
fn attempt_zero_is_recipes_and_every_later_one_builds_its_context_anew() {
    let walk = Walk::started(tier(Tier::Pro)).until_attempt_1();
    assert_eq!(walk.job.counters.attempt, 1);
    assert_eq!(walk.effects().into_iter().filter(|effect| matches!(effect, Effect::BuildContext { .. })).count(), 1);
}

#[test]
fn a_refused_patch_spends_an_attempt_and_leaves_the_streak() {
    let walk = Walk::started(tier(Tier::Pro)).until_attempt_1().attempt().answer(red("x"));
    let walk = walk
        .answer(EffectResult::ContextBuilt { tokens: 1, confidence: 90 })
        .answer(EffectResult::PatchGenerated { patch: "p".into(), usage: iama_job::event::Usage::default() });
    let walk = walk.answer(refused_patch()).at(Place::RepairContext);
    assert_eq!((walk.job.counters.attempt, walk.job.counters.streak), (3, 1));
    assert_eq!(walk.attempt().answer(red("x")).job.counters.streak, 2, "the run of failures goes on");
}

#[test]
fn a_time_out_is_rerun_once_without_spending_an_attempt_and_then_asks() {
    let walk = Walk::started(tier(Tier::Pro)).until_attempt_1().attempt();
    let before = walk.job.counters.clone();
    let walk = walk.answer(timed_out()).at(Place::RepairTesting);
    assert_eq!(walk.job.counters, before);
    let walk = walk.answer(timed_out()).at(Place::RepairTimedOut);
    assert_eq!(walk.job.counters, before);
    assert_eq!(walk.answer_choice(Decision::IncreaseTimeout), Place::RepairTesting);
}

impl Walk {
    fn answer_choice(self, choice: Decision) -> Place {
        self.decide(choice).place()
    }
}

#[test]
fn after_a_time_out_a_test_can_be_left_out_or_repair_go_on() {
    let timed_out_twice =
        || Walk::started(tier(Tier::Pro)).until_attempt_1().attempt().answer(timed_out()).answer(timed_out());
    let skip = Decision::SkipOrQuarantineTest { tests: vec![TestId::from("slow")] };
    assert_eq!(timed_out_twice().answer_choice(skip), Place::RepairTesting);
    let walk = timed_out_twice().decide(Decision::ContinueRepair).at(Place::RepairContext);
    assert_eq!((walk.job.counters.attempt, walk.job.counters.streak), (2, 0));
}

#[test]
fn green_at_any_attempt_delivers() {
    let walk = Walk::started(tier(Tier::Pro)).until_attempt_1().failing_attempts(1).attempt().answer(green());
    let walk = walk.answer(EffectResult::DeliveryPrepared { complex: false }).replays();
    assert_eq!(walk.place(), Place::DeliveryReady);
}

#[test]
fn a_local_job_uses_the_classes_that_have_a_route() {
    let walk = Walk::started(Entitlement::local(routes(&[ModelClass::L1]))).until_attempt_1().failing_attempts(3);
    let denial = Denial::NoRoute { class: ModelClass::L2 };
    assert_eq!(reason(&walk), RecoveryReason::ClassDenied { denial });
}
