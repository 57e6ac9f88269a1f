//! Who pays.

use crate::walk::{Walk, green, infra_failed, red, tier};
use iama_job::policy::billing::RoundEnd;
use iama_job::state::{FailureReason, State};
use iama_job::{Decision, Effect, EffectResult, Place, RefusalCode, Signal, Tier};

fn ended(walk: &Walk) -> Vec<(u32, RoundEnd, bool)> {
    walk.job.billing.settlements.iter().map(|done| (done.round, done.class, done.billable)).collect()
}

#[test]
fn a_delivery_is_charged_once() {
    let walk = Walk::started(tier(Tier::Pro)).until_delivered();
    assert_eq!(ended(&walk), [(1, RoundEnd::Delivered, true)]);
    let commits = walk.all_effects().into_iter().filter(|effect| **effect == Effect::CommitReservation { round: 1 });
    assert_eq!(commits.count(), 1);
}

#[test]
fn a_cancelled_job_is_charged_from_generating_tests_on() {
    let before = Walk::started(tier(Tier::Pro)).until_spec().decide(Decision::Cancel);
    let after = Walk::started(tier(Tier::Pro)).until_generating_tests().decide(Decision::Cancel);
    assert_eq!(ended(&before), [(1, RoundEnd::UserCancelled, false)]);
    assert_eq!(ended(&after), [(1, RoundEnd::UserCancelled, true)]);
    assert!(before.effects().contains(&&Effect::ReleaseReservation { round: 1 }));
}

#[test]
fn a_job_that_never_started_has_nothing_to_settle() {
    let walk = Walk::pending().decide(Decision::Cancel).at(Place::Failed).replays();
    assert_eq!(ended(&walk), []);
}

#[test]
fn the_platforms_failures_are_never_charged() {
    let infra = Walk::started(tier(Tier::Pro)).until_attempt_1().answer(infra_failed());
    let killed = Walk::started(tier(Tier::Pro)).until_attempt_1().signal(Signal::KillSwitch);
    assert_eq!(ended(&infra), [(1, RoundEnd::InfraFailure, false)]);
    assert_eq!(ended(&killed), [(1, RoundEnd::InfraFailure, false)]);
    assert_eq!(killed.job.state, State::Failed { reason: FailureReason::KillSwitch });
}

#[test]
fn every_round_is_settled_once_at_its_own_end() {
    let walk = Walk::started(tier(Tier::Pro)).until_intervention().decide(Decision::DeepFix);
    assert_eq!(ended(&walk), [(1, RoundEnd::Superseded, true)]);
    assert!(walk.effects().contains(&&Effect::ReserveQuota { round: 2 }));
    let walk = walk.answer(EffectResult::WorkspaceRestored).attempt().answer(green());
    let walk = walk.answer(EffectResult::DeliveryPrepared { complex: false }).replays();
    assert_eq!(ended(&walk), [(1, RoundEnd::Superseded, true), (2, RoundEnd::Delivered, true)]);
}

#[test]
fn a_new_round_before_its_tests_is_free_again() {
    let walk = Walk::started(tier(Tier::Pro)).until_attempt_1().decide(Decision::EditSpec).decide(Decision::Cancel);
    assert_eq!(ended(&walk), [(1, RoundEnd::Superseded, true), (2, RoundEnd::UserCancelled, false)]);
}

#[test]
fn the_dispatch_ordinal_survives_every_reset() {
    let walk = Walk::started(tier(Tier::Pro)).until_attempt_1().failing_attempts(2);
    let spent = walk.job.billing.dispatch_ordinal;
    let walk = walk.decide(Decision::EditSpec);
    assert_eq!((walk.job.counters.attempt, walk.job.billing.dispatch_ordinal), (0, spent));
}

#[test]
fn an_ended_job_cannot_be_cancelled_or_killed() {
    let walk = Walk::started(tier(Tier::Pro)).until_delivered();
    assert_eq!(walk.refusal(Decision::Cancel), RefusalCode::JobEnded);
    assert_eq!(walk.stale(&iama_job::Event::Signal(Signal::KillSwitch)), iama_job::Stale::Signal);
    let walk = Walk::started(tier(Tier::Pro)).until_first_tests().answer(red("x")).decide(Decision::Cancel);
    assert_eq!(walk.refusal(Decision::Cancel), RefusalCode::JobEnded);
}
