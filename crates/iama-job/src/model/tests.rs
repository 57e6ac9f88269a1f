use super::*;
use crate::effect::Effect;
use crate::event::{Decision, EffectResult, Signal, Source, TestOutcome};
use crate::ids::QuoteId;
use crate::outcome::RefusalCode;
use crate::policy::tiers::Tier;
use crate::state::State;
use crate::step::step;
use crate::table::Verdict;
use proptest::collection::vec;
use proptest::prelude::*;

fn setup(name: &str) -> Setup {
    setups().into_iter().find(|setup| setup.name == name).unwrap()
}

fn holds(names: &[&str]) {
    for name in names {
        let report = explore(&setup(name), usize::MAX, step);
        if let Some(broken) = report.broken {
            panic!("{name}: {broken}");
        }
        assert!(report.complete, "{name}");
    }
}

#[test]
fn every_promise_holds_on_the_users_own_machine_and_for_free() {
    holds(&["local, no model", "local, L1", "local, L3", "free"]);
}

#[test]
fn every_promise_holds_for_plus() {
    holds(&["plus"]);
}

#[test]
fn every_promise_holds_for_pro() {
    holds(&["pro"]);
}

#[test]
fn every_promise_holds_for_pro_that_pre_authorised() {
    holds(&["pro, pre-authorised"]);
}

#[test]
fn every_promise_holds_for_max() {
    holds(&["max"]);
}

#[test]
fn every_promise_holds_for_max_that_pre_authorised() {
    holds(&["max, pre-authorised"]);
}

#[test]
fn every_promise_holds_for_an_enterprise_trial() {
    holds(&["enterprise trial"]);
}

#[test]
fn every_move_of_the_table_is_made_by_some_job_and_no_other() {
    let mut made = BTreeSet::new();
    for setup in setups() {
        made.extend(explore(&setup, 9_000, step).edges);
    }
    let row = |&place: &Place| {
        table::moves(place).flat_map(move |found| found.to.iter().map(move |&to| (place, found.on, to)))
    };
    let listed: BTreeSet<_> = Place::ALL.iter().flat_map(row).collect();
    assert_eq!(listed.difference(&made).collect::<Vec<_>>(), Vec::<&(Place, EventKind, Place)>::new(), "never made");
    assert_eq!(made.difference(&listed).collect::<Vec<_>>(), Vec::<&(Place, EventKind, Place)>::new(), "not listed");
}

/// All events of a kind, whether or not the job waits for them.
fn any_events(job: &Job, kind: EventKind, setup: &Setup) -> Vec<Event> {
    let stray = crate::ids::EffectId { job: job.id.clone(), seq: 0, index: 7 };
    let late = world::results(kind).into_iter().map(|result| Event::Result { effect: stray.clone(), result });
    let deadline = crate::ids::DeadlineId(u64::MAX);
    let timer = (kind == EventKind::TimerFired).then_some(Event::Signal(Signal::TimerFired { deadline }));
    world::events(job, kind, setup).into_iter().chain(late).chain(timer).collect()
}

#[test]
fn the_machine_answers_every_pair_as_the_table_says() {
    let setup = setup("enterprise");
    let samples = explore(&setup, 12_000, step).samples;
    let mut pairs = 0;
    for place in Place::ALL {
        let job = &samples[place];
        for &kind in EventKind::ALL {
            let events = any_events(job, kind, &setup);
            assert!(!events.is_empty(), "{kind} was not tried in {place}");
            for event in events {
                pairs += 1;
                let outcome = step(job, &event, Timestamp(0));
                let agrees = match (table::verdict(*place, kind), &outcome) {
                    (Verdict::May(to), Outcome::Next { job, .. }) => to.contains(&job.state.place()),
                    (Verdict::May(_), Outcome::Ignored(_)) => kind.source() != Source::Decision,
                    (Verdict::May(_), Outcome::Refused(refusal)) => refusal.code != RefusalCode::NotHere,
                    (Verdict::Ignored(stale), Outcome::Ignored(found)) => stale == *found,
                    (Verdict::Refused(code), Outcome::Refused(refusal)) => {
                        (refusal.code, refusal.from, refusal.event) == (code, *place, kind)
                    }
                    _ => false,
                };
                assert!(agrees, "{place} × {kind}: {outcome:?}");
            }
        }
    }
    assert!(pairs >= Place::ALL.len() * EventKind::ALL.len());
}

/// The promise that breaks when the rules are `mutant` instead.
fn caught(name: &str, mutant: impl Fn(&Job, &Event, Timestamp) -> Outcome) -> Option<Promise> {
    explore(&setup(name), 30_000, mutant).broken.map(|broken| broken.promise)
}

/// Rules that are right except for what `spoil` does to an accepted step.
fn spoiled(
    spoil: impl Fn(&Job, &Event, &mut Job, &mut Vec<crate::effect::Dispatch>),
) -> impl Fn(&Job, &Event, Timestamp) -> Outcome {
    move |job, event, now| match step(job, event, now) {
        Outcome::Next { job: mut next, mut effects } => {
            spoil(job, event, &mut next, &mut effects);
            Outcome::Next { job: next, effects }
        }
        other => other,
    }
}

/// Rules that are right about a job that `blind` has changed first.
fn blinded(blind: impl Fn(&mut Job, &Event)) -> impl Fn(&Job, &Event, Timestamp) -> Outcome {
    move |job, event, now| {
        let mut blinded = job.clone();
        blind(&mut blinded, event);
        step(&blinded, event, now)
    }
}

fn test_result(event: &Event) -> Option<&TestOutcome> {
    match event {
        Event::Result { result: EffectResult::TestsRun { outcome }, .. } => Some(outcome),
        _ => None,
    }
}

fn red(event: &Event) -> bool {
    matches!(test_result(event), Some(TestOutcome::Failed { .. }))
}

#[test]
fn l3_without_its_quote_is_caught() {
    let lenient = |job: &Job, event: &Event, now| match event {
        Event::Decision(Decision::ConfirmEscalation { class, quote: None }) => {
            let quote = Some(QuoteId::from("right"));
            step(job, &Event::Decision(Decision::ConfirmEscalation { class: *class, quote }), now)
        }
        event => step(job, event, now),
    };
    assert_eq!(caught("local, L3", lenient), Some(Promise::L3IsConfirmed));
}

#[test]
fn a_pro_job_that_reaches_l3_is_caught() {
    let generous = |job: &Job, event: &Event, now| {
        let mut raised = job.clone();
        raised.entitlement.tier = Tier::Max;
        match step(&raised, event, now) {
            Outcome::Next { job: mut next, effects } => {
                next.entitlement.tier = Tier::Pro;
                Outcome::Next { job: next, effects }
            }
            other => other,
        }
    };
    assert_eq!(caught("pro", generous), Some(Promise::TierIsKept));
}

#[test]
fn a_call_after_two_failures_and_one_that_never_comes_are_caught() {
    let early = blinded(|job, event| {
        if red(event) && job.counters.streak == 1 {
            job.counters.streak = 2;
        }
    });
    let never = blinded(|job, event| {
        if red(event) {
            job.counters.streak = 0;
        }
    });
    assert_eq!(caught("free", early), Some(Promise::InterventionOnThree));
    assert_eq!(caught("free", never), Some(Promise::InterventionOnThree));
}

#[test]
fn a_round_without_end_is_caught() {
    let endless = spoiled(|_, _, next, _| next.counters.attempt = next.counters.attempt.min(2));
    assert_eq!(caught("free", endless), Some(Promise::TenAttempts));
}

#[test]
fn settling_twice_and_not_at_all_are_caught() {
    let is_settlement = |dispatch: &crate::effect::Dispatch| matches!(dispatch.effect, Effect::SettleBilling { .. });
    let twice = spoiled(move |_, _, _, effects| {
        let again: Vec<_> = effects.iter().filter(|dispatch| is_settlement(dispatch)).cloned().collect();
        effects.extend(again);
    });
    let never = spoiled(move |_, _, _, effects| effects.retain(|dispatch| !is_settlement(dispatch)));
    assert_eq!(caught("free", twice), Some(Promise::SettledOnce));
    assert_eq!(caught("free", never), Some(Promise::SettledOnce));
}

#[test]
fn charging_for_the_platforms_failure_is_caught() {
    let greedy = spoiled(|_, _, _, effects| {
        for dispatch in effects {
            if let Effect::SettleBilling { settlement } = &mut dispatch.effect {
                settlement.billable = true;
            }
        }
    });
    assert_eq!(caught("free", greedy), Some(Promise::BilledRightly));
}

#[test]
fn a_spec_edit_that_keeps_a_counter_is_caught() {
    let forgetful = spoiled(|before, event, next, _| {
        if event.kind() == EventKind::EditSpec {
            next.counters.streak = before.counters.streak;
        }
    });
    assert_eq!(caught("free", forgetful), Some(Promise::BackwardResets));
}

#[test]
fn a_refused_patch_that_breaks_the_streak_is_caught() {
    let strict = spoiled(|_, event, next, _| {
        if event.kind() == EventKind::PatchRefused {
            next.counters.forget_streak();
        }
    });
    assert_eq!(caught("free", strict), Some(Promise::StreakIsKept));
}

#[test]
fn a_time_out_taken_for_a_failure_is_caught() {
    let confused = |job: &Job, event: &Event, now| match (event, test_result(event)) {
        (Event::Result { effect, .. }, Some(TestOutcome::TimedOut)) => {
            let outcome = TestOutcome::Failed { fingerprint: crate::fingerprint::Fingerprint::from_hex("t") };
            let result = EffectResult::TestsRun { outcome };
            step(job, &Event::Result { effect: effect.clone(), result }, now)
        }
        _ => step(job, event, now),
    };
    assert_eq!(caught("free", confused), Some(Promise::TimeoutIsRerun));
}

#[test]
fn red_taken_for_green_is_caught() {
    let optimistic = |job: &Job, event: &Event, now| match event {
        Event::Result { effect, .. } if red(event) => {
            let result = EffectResult::TestsRun { outcome: TestOutcome::Green };
            step(job, &Event::Result { effect: effect.clone(), result }, now)
        }
        event => step(job, event, now),
    };
    assert_eq!(caught("free", optimistic), Some(Promise::GreenDelivers));
}

#[test]
fn an_end_that_is_left_is_caught() {
    let undead = spoiled(|before, _, next, _| {
        if matches!(before.state, State::Failed { .. }) {
            next.state = State::Pending;
        }
    });
    assert_eq!(caught("free", undead), Some(Promise::EndsAreFinal));
}

#[test]
fn a_move_that_the_table_does_not_list_is_caught() {
    let hasty = spoiled(|_, event, next, _| {
        if event.kind() == EventKind::SelectProposal {
            next.state = State::WaitingSpecApproval;
        }
    });
    assert_eq!(caught("free", hasty), Some(Promise::TableHoldsEveryMove));
}

#[test]
fn a_resumed_job_that_spent_an_attempt_is_caught() {
    let costly = spoiled(|_, event, next, _| {
        if event.kind() == EventKind::HeartbeatRestored {
            next.counters.attempt += 1;
        }
    });
    assert_eq!(caught("free", costly), Some(Promise::ResumeIsExact));
}

#[test]
fn a_second_deep_fix_in_a_round_is_caught() {
    let forgetful = blinded(|job, _| job.counters.deep_fix_used = false);
    assert_eq!(caught("pro", forgetful), Some(Promise::OneDeepFix));
}

#[test]
fn lost_work_and_lost_timers_are_caught() {
    let dropped = spoiled(|_, event, next, _| {
        if event.kind() == EventKind::PatchApplied {
            next.in_flight.clear();
        }
    });
    let disarmed = spoiled(|_, _, next, _| next.deadline = None);
    assert_eq!(caught("free", dropped), Some(Promise::NothingHangs));
    assert_eq!(caught("free", disarmed), Some(Promise::TimersAreArmed));
}

#[test]
fn work_left_in_flight_after_its_place_is_caught() {
    let untidy = spoiled(|before, event, next, _| {
        if event.kind() == EventKind::ProposalsReady {
            next.in_flight.clone_from(&before.in_flight);
        }
    });
    assert_eq!(caught("free", untidy), Some(Promise::NoStrayWork));
}

#[test]
fn a_reset_ordinal_is_caught() {
    let reset = spoiled(|before, _, next, _| {
        if next.counters.round != before.counters.round {
            next.billing.dispatch_ordinal = 0;
        }
    });
    assert_eq!(caught("free", reset), Some(Promise::OrdinalGrows));
}

#[test]
fn recipes_that_run_again_are_caught() {
    let again = spoiled(|before, event, next, _| {
        if event.kind() == EventKind::EditSpec {
            next.spec_revision = before.spec_revision;
        }
    });
    assert_eq!(caught("free", again), Some(Promise::RecipesOnce));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_life_folds_back_from_its_records(which in 0..setups().len(), choices in vec(any::<prop::sample::Index>(), 150)) {
        let setup = &setups()[which];
        let mut job = Job::new("job".into());
        let mut now = Timestamp(0);
        let mut lines = Vec::new();
        for choice in choices {
            let events: Vec<Event> = table::moves(job.state.place())
                .filter(|found| !matches!(found.on, EventKind::Cancel | EventKind::KillSwitch | EventKind::InfraFailed))
                .flat_map(|found| world::events(&job, found.on, setup))
                .collect();
            if events.is_empty() {
                break;
            }
            now = job.deadline.map_or(now, |deadline| deadline.at.max(now));
            if let Ok((next, record)) = crate::journal::record(&job, choice.get(&events).clone(), now) {
                lines.push(serde_json::to_string(&record).unwrap());
                job = next;
            }
        }
        let records: Vec<crate::journal::Record> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        prop_assert_eq!(crate::journal::fold("job".into(), &records), Ok(job));
    }
}
