//! Applied, taken back, put there again.

use crate::walk::{Walk, green, infra_failed, red, tier};
use iama_job::policy::tiers::Segment;
use iama_job::state::Selection;
use iama_job::{Decision, Effect, EffectResult, Entitlement, Place, RefusalCode, Tier};

fn delivered() -> Walk {
    Walk::started(tier(Tier::Pro)).until_delivered()
}

fn apply(selection: Selection) -> Decision {
    Decision::ApplyDelivery { selection, complexity_confirmed: false }
}

fn some() -> Selection {
    Selection::Subset { selection: "two hunks".into() }
}

fn applied() -> Walk {
    delivered().decide(apply(Selection::Whole)).answer(EffectResult::DeliveryApplied).at(Place::DeliveryApplied)
}

#[test]
fn a_subset_is_tested_again_before_it_touches_the_tree() {
    let walk = delivered().decide(apply(some()));
    assert!(walk.effects().contains(&&Effect::RetestSelection { selection: some() }));
    let walk = walk.answer(green());
    assert!(walk.effects().contains(&&Effect::ApplyDelivery { selection: some() }));
    assert_eq!(walk.answer(EffectResult::DeliveryApplied).replays().place(), Place::DeliveryApplied);
}

#[test]
fn a_subset_that_fails_stays_out_of_the_tree() {
    let walk = delivered().decide(apply(some())).answer(red("half")).at(Place::DeliveryReady);
    let written = walk.all_effects().into_iter().any(|effect| matches!(effect, Effect::ApplyDelivery { .. }));
    assert!(!written);
}

#[test]
fn a_changed_file_refuses_the_whole_and_leaves_the_delivery_ready() {
    let refused = EffectResult::DeliveryRefused { code: "BASE_HASH_MISMATCH".into() };
    assert_eq!(delivered().decide(apply(Selection::Whole)).answer(refused).place(), Place::DeliveryReady);
}

#[test]
fn a_revert_can_be_reverted() {
    let walk = applied().decide(Decision::RevertDelivery).answer(EffectResult::DeliveryReverted);
    let walk = walk.at(Place::DeliveryReverted).decide(Decision::RevertDelivery);
    let walk = walk.answer(EffectResult::DeliveryApplied).at(Place::DeliveryApplied).replays();
    assert_eq!(walk.decide(Decision::RevertDelivery).place(), Place::DeliveryBusy);
}

#[test]
fn after_a_commit_the_revert_is_blocked_and_the_reverse_patch_offered() {
    let blocked = EffectResult::RevertBlocked { reverse_patch: "reverse".into() };
    let walk = applied().decide(Decision::RevertDelivery).answer(blocked).at(Place::DeliveryApplied);
    assert_eq!(walk.job.reverse_patch, Some("reverse".into()));
    assert_eq!(walk.refusal(Decision::RevertDelivery), RefusalCode::RevertBlocked);
    assert_eq!(RefusalCode::RevertBlocked.code(), "POST_COMMIT_REVERT_BLOCKED");
}

#[test]
fn a_delivery_is_applied_once_at_a_time() {
    assert_eq!(applied().refusal(apply(Selection::Whole)), RefusalCode::AlreadyApplied);
    assert_eq!(delivered().refusal(Decision::RevertDelivery), RefusalCode::NotApplied);
    let busy = delivered().decide(apply(Selection::Whole));
    assert_eq!(busy.refusal(apply(Selection::Whole)), RefusalCode::StillWorking);
}

#[test]
fn a_delivery_expires_after_fourteen_days() {
    let walk = delivered();
    assert_eq!(walk.wait_ms(), Some(14 * 24 * 3_600_000));
    let walk = walk.let_expire().at(Place::DeliveryExpired).replays();
    assert_eq!(walk.refusal(apply(Selection::Whole)), RefusalCode::Expired);
}

#[test]
fn applying_and_reverting_buy_no_time() {
    let mut walk = delivered();
    let expires = walk.job.deadline.unwrap().at;
    walk.now.0 += 1_000;
    let walk = walk.decide(apply(Selection::Whole)).answer(EffectResult::DeliveryApplied);
    assert_eq!(walk.replays().job.deadline.unwrap().at, expires);
}

#[test]
fn the_platforms_failure_leaves_a_delivery_as_it_was() {
    let walk = applied().decide(Decision::RevertDelivery).answer(infra_failed());
    assert_eq!(walk.place(), Place::DeliveryApplied);
}

#[test]
fn segment_a_confirms_a_complex_change_before_it_is_applied() {
    let walk =
        Walk::started(Entitlement { segment: Segment::A, ..tier(Tier::Pro) }).until_first_tests().answer(green());
    let walk = walk.answer(EffectResult::DeliveryPrepared { complex: true });
    assert_eq!(walk.refusal(apply(Selection::Whole)), RefusalCode::ComplexityUnconfirmed);
    let confirmed = Decision::ApplyDelivery { selection: Selection::Whole, complexity_confirmed: true };
    assert_eq!(walk.decide(confirmed).place(), Place::DeliveryBusy);
}
