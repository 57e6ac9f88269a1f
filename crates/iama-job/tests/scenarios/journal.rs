//! Records, their JSON, and what folding makes of damaged ones.

use crate::walk::{Walk, green, tier};
use iama_job::state::State;
use iama_job::{
    Decision, EffectResult, Event, FoldError, Job, Outcome, Place, RULES_VERSION, Record, RefusalCode, Stale, Tier,
    Timestamp, fold, step,
};

fn records() -> Vec<Record> {
    Walk::started(tier(Tier::Pro)).until_delivered().records().to_vec()
}

fn folded(records: &[Record]) -> Result<Job, FoldError> {
    fold("job".into(), records)
}

#[test]
fn a_whole_life_folds_back_from_its_json() {
    Walk::started(tier(Tier::Max)).until_intervention().decide(Decision::DeepFix).quote("q").replays();
}

#[test]
fn a_record_that_says_another_state_is_refused_by_name() {
    let mut records = records();
    records[3].to = State::GeneratingTests;
    let diverged = FoldError::Diverged {
        seq: 4,
        recorded_from: Place::Scope,
        recorded_to: Place::GeneratingTests,
        from: Place::Scope,
        to: Place::Proposals,
    };
    assert_eq!(folded(&records), Err(diverged));
}

#[test]
fn newer_rules_are_refused() {
    let mut records = records();
    records[2].rules_version = RULES_VERSION + 1;
    assert_eq!(folded(&records), Err(FoldError::NewerRules { seq: 3, found: RULES_VERSION + 1 }));
    let job = Job { rules_version: RULES_VERSION + 1, ..Job::new("job".into()) };
    let Outcome::Refused(refusal) = step(&job, &Event::Decision(Decision::Cancel), Timestamp(0)) else {
        panic!("not refused")
    };
    assert_eq!(refusal.code, RefusalCode::NewerRules);
}

#[test]
fn a_missing_record_is_noticed() {
    let mut records = records();
    records.remove(5);
    assert_eq!(folded(&records), Err(FoldError::OutOfOrder { expected: 6, found: 7 }));
}

#[test]
fn a_record_with_other_effects_is_noticed() {
    let mut records = records();
    records[4].effects.pop();
    assert_eq!(folded(&records), Err(FoldError::EffectsDiffer { seq: 5 }));
}

#[test]
fn an_event_that_the_rules_do_not_accept_is_noticed() {
    let mut records = records();
    records[1].event = Event::Decision(Decision::ApproveSpec);
    let not_accepted =
        FoldError::NotAccepted { seq: 2, event: iama_job::EventKind::ApproveSpec, place: Place::Preflight };
    assert_eq!(folded(&records), Err(not_accepted));
}

#[test]
fn a_result_is_taken_once() {
    let walk = Walk::started(tier(Tier::Pro)).answer(EffectResult::PreflightDone { dirty: false });
    let again = Event::Result { effect: walk.answered(), result: EffectResult::PreflightDone { dirty: false } };
    assert_eq!(walk.stale(&again), Stale::Result);
}

#[test]
fn a_result_of_the_wrong_kind_answers_nothing() {
    let walk = Walk::started(tier(Tier::Pro)).until_first_tests();
    let effect = walk.job.in_flight[0].dispatch.id.clone();
    assert_eq!(walk.stale(&Event::Result { effect, result: EffectResult::PatchApplied }), Stale::Result);
}

#[test]
fn the_json_of_a_record_is_stable() {
    let walk = Walk::local(&[]).until_first_tests().answer(green());
    let record = walk.records().last().unwrap();
    insta::assert_json_snapshot!(record);
}

#[test]
fn refusals_name_place_event_and_code() {
    let walk = Walk::started(tier(Tier::Free)).until_intervention();
    let Outcome::Refused(refusal) = step(&walk.job, &Event::Decision(Decision::DeepFix), walk.now) else {
        panic!("not refused")
    };
    assert_eq!(refusal.to_string(), "ENTITLEMENT_DENIED: DEEP_FIX is not possible in WAITING_INTERVENTION");
    assert_eq!(
        serde_json::to_value(refusal).unwrap(),
        serde_json::json!({
            "from": "WAITING_INTERVENTION",
            "event": "DEEP_FIX",
            "code": "ENTITLEMENT_DENIED",
            "denial": { "reason": "ENTITLEMENT_DENIED", "class": "L2", "tier": "FREE", "needs": "PRO" },
        })
    );
}
