//! The command line without any model.

use crate::walk::{Walk, green, red};
use iama_job::state::{RecoveryReason, Selection, State};
use iama_job::{Decision, EffectResult, Place};

#[test]
fn recipes_alone_deliver() {
    let walk = Walk::local(&[]).until_delivered().replays();
    assert_eq!(walk.job.counters.attempt, 0);
    let walk = walk
        .decide(Decision::ApplyDelivery { selection: Selection::Whole, complexity_confirmed: false })
        .answer(EffectResult::DeliveryApplied)
        .at(Place::DeliveryApplied)
        .replays();
    assert!(walk.job.in_flight.is_empty());
}

#[test]
fn without_a_model_what_recipes_leave_red_falls_back_and_says_why() {
    let walk = Walk::local(&[]).until_first_tests().answer(red("zero")).until_fallback().replays();
    let State::FallbackRequired { reason, .. } = walk.job.state else { panic!("{:?}", walk.job.state) };
    assert_eq!(reason, RecoveryReason::NoModel);
    assert_eq!(walk.job.partial, Some("partial".into()));
}

#[test]
fn nothing_expires_on_the_users_own_machine() {
    assert_eq!(Walk::local(&[]).until_strategy().wait_ms(), None);
    assert_eq!(Walk::local(&[]).until_delivered().wait_ms(), None);
}

#[test]
fn a_person_may_finish_without_a_model() {
    let walk = Walk::local(&[])
        .until_first_tests()
        .answer(red("zero"))
        .until_fallback()
        .decide(Decision::Intervene)
        .answer(EffectResult::PatchApplied)
        .decide(Decision::RunTests)
        .answer(green())
        .answer(EffectResult::DeliveryPrepared { complex: false });
    assert_eq!(walk.replays().place(), Place::DeliveryReady);
}
