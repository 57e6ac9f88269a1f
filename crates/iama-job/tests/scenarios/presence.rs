//! Clients that vanish, and come back or not.

use crate::walk::{Walk, infra_failed, tier};
use iama_job::policy::billing::RoundEnd;
use iama_job::state::{FailureReason, State};
use iama_job::{Decision, Effect, EffectResult, Event, Place, RefusalCode, Signal, Stale, Tier};

fn generating() -> Walk {
    Walk::started(tier(Tier::Pro)).until_attempt_1().answer(EffectResult::ContextBuilt { tokens: 9, confidence: 90 })
}

#[test]
fn a_lost_client_stops_tokens_and_has_five_minutes() {
    let walk = generating().signal(Signal::HeartbeatLost).at(Place::HeartbeatLost);
    assert!(walk.effects().contains(&&Effect::StopTokens));
    assert_eq!(walk.wait_ms(), Some(300_000));
}

#[test]
fn a_timer_that_fires_early_or_twice_is_ignored() {
    let mut walk = generating().signal(Signal::HeartbeatLost);
    let deadline = walk.job.deadline.unwrap();
    let fired = Event::Signal(Signal::TimerFired { deadline: deadline.id });
    walk.now.0 = deadline.at.0 - 1;
    assert_eq!(walk.stale(&fired), Stale::EarlyTimer);
    let walk = walk.signal(Signal::HeartbeatRestored);
    assert_eq!(walk.stale(&fired), Stale::Timer);
}

#[test]
fn a_client_that_returns_in_time_finds_the_very_state_and_its_generation_asked_for_again() {
    let before = generating();
    let cancelled = before.job.in_flight[0].dispatch.id.clone();
    let walk = generating().signal(Signal::HeartbeatLost).signal(Signal::HeartbeatRestored).replays();
    assert_eq!(walk.job.state, before.job.state);
    assert_eq!(walk.job.counters, before.job.counters);
    assert_eq!(walk.job.in_flight[0].dispatch.effect, before.job.in_flight[0].dispatch.effect);
    assert_eq!(walk.job.billing.dispatch_ordinal, before.job.billing.dispatch_ordinal + 1);
    let late = EffectResult::PatchGenerated { patch: "late".into(), usage: iama_job::event::Usage::default() };
    assert_eq!(walk.stale(&Event::Result { effect: cancelled, result: late }), Stale::Result);
}

#[test]
fn only_working_states_listen_for_beats() {
    let lost = Event::Signal(Signal::HeartbeatLost);
    assert_eq!(Walk::started(tier(Tier::Pro)).until_strategy().stale(&lost), Stale::Presence);
    assert_eq!(Walk::started(tier(Tier::Pro)).until_intervention().stale(&lost), Stale::Presence);
    assert_eq!(Walk::started(tier(Tier::Pro)).until_delivered().stale(&lost), Stale::Presence);
}

fn gone(walk: Walk) -> (State, RoundEnd, bool) {
    let walk = walk.signal(Signal::HeartbeatLost).let_expire().replays();
    let settlement = walk.last_settlement().unwrap();
    (walk.job.state.clone(), settlement.class, settlement.billable)
}

#[test]
fn a_disconnect_before_generating_tests_costs_nothing_and_after_it_does() {
    let failed = || State::Failed { reason: FailureReason::ClientDisconnected };
    let analysing = Walk::started(tier(Tier::Pro));
    let drafting = Walk::started(tier(Tier::Pro))
        .until_strategy()
        .decide(Decision::SelectProposal { strategy: iama_job::state::Strategy::Standard });
    let end = RoundEnd::ClientDisconnected;
    assert_eq!(gone(analysing), (failed(), end, false));
    assert_eq!(gone(drafting), (failed(), end, false));
    assert_eq!(gone(Walk::started(tier(Tier::Pro)).until_generating_tests()), (failed(), end, true));
    assert_eq!(gone(generating()), (failed(), end, true));
}

#[test]
fn an_infra_failure_outweighs_a_disconnect_whichever_comes_first() {
    let lost = || generating().signal(Signal::HeartbeatLost);
    let walk = lost().answer(infra_failed());
    assert_eq!(walk.job.state, State::Failed { reason: FailureReason::InfraFailure });
    assert_eq!(walk.last_settlement().map(|settlement| settlement.billable), Some(false));

    let walk = lost().let_expire();
    assert_eq!(walk.last_settlement().map(|settlement| settlement.billable), Some(true));
    let walk = walk.answer(infra_failed()).replays();
    let settlement = walk.last_settlement().unwrap();
    assert_eq!((settlement.class, settlement.billable), (RoundEnd::InfraFailure, false));
    assert_eq!(walk.job.billing.settlements.len(), 1);
}

#[test]
fn a_job_that_ends_without_its_client_owes_the_restoration() {
    let walk = generating().signal(Signal::HeartbeatLost).let_expire();
    assert!(walk.job.restore_owed);
    let walk = walk.answer(EffectResult::WorkspaceRestored).at(Place::Failed).replays();
    assert!(!walk.job.restore_owed);
}

#[test]
fn an_executor_that_is_absent_while_the_job_retreats_fails_it_with_the_restoration_owed() {
    let walk = Walk::started(tier(Tier::Plus)).until_attempt_1().failing_attempts(3).let_expire();
    let walk = walk.at(Place::RecoveryPacking).signal(Signal::HeartbeatLost);
    assert_eq!(walk.wait_ms(), Some(300_000));
    let walk = walk.let_expire();
    assert_eq!((walk.place(), walk.job.restore_owed), (Place::Failed, true));
}

#[test]
fn termination_can_be_forced_only_during_grace() {
    assert_eq!(generating().refusal(Decision::ForceTerminate), RefusalCode::NotHere);
    let walk = generating().signal(Signal::HeartbeatLost).decide(Decision::ForceTerminate);
    assert_eq!(walk.job.state, State::Failed { reason: FailureReason::UserCancelled });
}
