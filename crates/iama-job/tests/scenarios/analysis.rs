//! Start, preflight, proposals, spec.

use crate::walk::{Walk, tier};
use iama_job::event::Usage;
use iama_job::policy::tiers::Segment;
use iama_job::state::{FailureReason, State, Strategy};
use iama_job::{Decision, Effect, EffectResult, Entitlement, Place, RefusalCode, Signal, Tier};

#[test]
fn a_start_reserves_and_keeps_the_snapshot_in_the_same_step() {
    let walk = Walk::started(tier(Tier::Pro)).at(Place::Preflight);
    let effects = walk.effects();
    assert!(effects.contains(&&Effect::ReserveQuota { round: 1 }));
    assert!(effects.contains(&&Effect::WriteEntitlement { entitlement: Box::new(tier(Tier::Pro)) }));
    assert_eq!(walk.job.entitlement, tier(Tier::Pro));
}

#[test]
fn nothing_is_reserved_on_the_users_own_machine() {
    let walk = Walk::local(&[]).until_delivered();
    let reserved = walk.all_effects().into_iter().any(|effect| matches!(effect, Effect::ReserveQuota { .. }));
    assert!(!reserved);
}

#[test]
fn a_job_starts_once() {
    let again = Decision::Start { entitlement: Box::new(tier(Tier::Free)) };
    assert_eq!(Walk::started(tier(Tier::Pro)).refusal(again), RefusalCode::AlreadyStarted);
    assert_eq!(Walk::pending().refusal(Decision::ApproveSpec), RefusalCode::NotStarted);
}

fn dirty(segment: Segment) -> Walk {
    Walk::started(Entitlement { segment, ..tier(Tier::Pro) })
        .answer(EffectResult::PreflightDone { dirty: true })
        .at(Place::Dirty)
}

#[test]
fn a_dirty_workspace_asks_and_segment_a_gets_safe_mode_only() {
    assert_eq!(dirty(Segment::A).refusal(Decision::PreflightContinue), RefusalCode::SafeModeRequired);
    assert!(dirty(Segment::A).decide(Decision::PreflightSafeMode).at(Place::AnalysisContext).job.safe_mode);
    assert!(!dirty(Segment::B).decide(Decision::PreflightContinue).at(Place::AnalysisContext).job.safe_mode);
    let cancelled = dirty(Segment::B).decide(Decision::PreflightCancel);
    assert_eq!(cancelled.job.state, State::Failed { reason: FailureReason::UserCancelled });
}

#[test]
fn enterprise_sees_a_report_before_it_chooses_and_others_do_not() {
    let has_report = |which| {
        let walk = Walk::started(tier(which)).until_strategy().at(Place::Choosing);
        walk.all_effects().into_iter().any(|effect| matches!(effect, Effect::WriteReport { .. }))
    };
    assert_eq!(
        Tier::ALL.iter().map(|tier| has_report(*tier)).collect::<Vec<_>>(),
        [false, false, false, false, false, true]
    );
}

#[test]
fn a_trial_sees_the_report_and_chooses_after_the_upgrade() {
    let choose = || Decision::SelectProposal { strategy: Strategy::Standard };
    let walk = Walk::started(Entitlement { trial: true, ..tier(Tier::Enterprise) }).until_strategy();
    assert_eq!(walk.refusal(choose()), RefusalCode::UpgradeRequired);
    let walk = walk.signal(Signal::TrialUpgraded).decide(choose()).at(Place::Drafting).replays();
    assert!(walk.job.entitlement.trial, "the snapshot itself never changes");
}

#[test]
fn the_fast_track_approves_by_itself_and_persists_the_spec_all_the_same() {
    let walk = Walk::started(Entitlement { expert: true, ..tier(Tier::Pro) }).until_spec().at(Place::GeneratingTests);
    assert!(walk.effects().contains(&&Effect::PersistSpec { revision: 1, fast_track: true }));
}

#[test]
fn the_fast_track_needs_pro_and_an_expert() {
    let place = |entitlement| Walk::started(entitlement).until_spec().place();
    assert_eq!(place(Entitlement { expert: true, ..tier(Tier::Plus) }), Place::SpecApproval);
    assert_eq!(place(Entitlement { expert: true, segment: Segment::A, ..tier(Tier::Max) }), Place::SpecApproval);
    assert_eq!(place(tier(Tier::Max)), Place::SpecApproval);
}

#[test]
fn an_edited_spec_is_a_new_revision_that_waits_for_approval() {
    let walk = Walk::started(tier(Tier::Pro)).until_spec().decide(Decision::EditSpec).at(Place::SpecApproval);
    assert_eq!((walk.job.spec_revision, walk.job.counters.round), (2, 1));
}

#[test]
fn decisions_before_any_work_expire_with_their_artifacts() {
    let walk = Walk::started(tier(Tier::Pro)).until_strategy();
    assert_eq!(walk.wait_ms(), Some(14 * 24 * 3_600_000));
    let walk = walk.let_expire();
    assert_eq!(walk.job.state, State::Failed { reason: FailureReason::DecisionTimeout });
    assert_eq!(walk.last_settlement().map(|settlement| settlement.billable), Some(false));
}

#[test]
fn credits_that_run_out_stop_a_model_at_work_and_nothing_else() {
    let walk = Walk::started(tier(Tier::Plus)).answer(EffectResult::PreflightDone { dirty: false });
    assert_eq!(walk.stale(&iama_job::Event::Signal(Signal::CreditsExhausted)), iama_job::Stale::Credits);
    let walk = walk
        .answer(EffectResult::ContextBuilt { tokens: 1, confidence: 90 })
        .signal(Signal::CreditsExhausted)
        .at(Place::RecoveryPacking);
    assert!(walk.effects().contains(&&Effect::StopTokens));
}

#[test]
fn a_model_call_is_preceded_by_its_worst_case_and_followed_by_its_cost() {
    let walk = Walk::started(tier(Tier::Pro))
        .answer(EffectResult::PreflightDone { dirty: false })
        .answer(EffectResult::ContextBuilt { tokens: 10_000, confidence: 95 });
    let noted: Vec<_> = walk.job.in_flight.iter().filter_map(|entry| entry.cost).collect();
    let worst_case = noted[0].worst_case;
    assert_eq!((noted[0].ordinal, worst_case), (1, iama_job::MilliCredits(2_000)));
    let actual = iama_job::MilliCredits(300);
    let walk = walk.answer(EffectResult::AnalysisDone { usage: Usage { credits: actual } });
    assert!(walk.effects().contains(&&Effect::CorrectCost { ordinal: 1, actual }));
    assert_eq!(walk.job.billing.used, actual.plus(worst_case), "the next call is noted already");
}
