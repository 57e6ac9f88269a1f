//! What a person can make of a round that did not finish.

use crate::walk::{Walk, red, routes, tier};
use iama_job::choices::{FallbackAction, decisions, fallback_actions};
use iama_job::state::{FailureReason, State};
use iama_job::{Decision, Effect, EffectResult, Entitlement, EventKind, ModelClass, Place, RefusalCode, Signal, Tier};

/// Free, after attempt 3; the partial patch is kept.
fn fallback(which: Tier) -> Walk {
    let walk = Walk::started(tier(which)).until_attempt_1().failing_attempts(3);
    if walk.place() == Place::Escalation {
        return walk.decide(Decision::DeclineEscalation).until_fallback();
    }
    walk.until_fallback()
}

#[test]
fn the_retreat_keeps_the_partial_patch_before_it_restores() {
    let walk = Walk::started(tier(Tier::Free)).until_attempt_1().failing_attempts(3).at(Place::RecoveryPacking);
    let walk = walk.until_fallback().replays();
    assert_eq!(walk.job.partial, Some("partial".into()));
    assert!(!walk.job.workspace_touched);
    assert_eq!(walk.last_settlement().map(|settlement| settlement.billable), Some(true));
}

#[test]
fn editing_the_spec_opens_a_round_with_every_counter_reset() {
    let walk = fallback(Tier::Free).decide(Decision::EditSpec).at(Place::SpecApproval).replays();
    let counters = &walk.job.counters;
    assert_eq!((counters.round, counters.attempt, counters.streak, &counters.fingerprint), (2, 0, 0, &None));
    assert!(walk.effects().contains(&&Effect::ReserveQuota { round: 2 }));
    assert_eq!(walk.decide(Decision::ApproveSpec).baseline_from_tests().sealed().place(), Place::Recipes);
}

#[test]
fn retrying_goes_on_with_the_next_class_where_the_partial_patch_left_off() {
    let walk = fallback(Tier::Plus).decide(Decision::RetryStrongerModel).at(Place::Reapplying);
    let walk = walk.answer(EffectResult::PatchApplied).at(Place::RepairContext).replays();
    assert_eq!((walk.job.counters.attempt, walk.job.counters.class), (4, ModelClass::L2));
}

#[test]
fn retrying_beyond_the_tier_is_denied() {
    assert_eq!(fallback(Tier::Free).refusal(Decision::RetryStrongerModel), RefusalCode::EntitlementDenied);
}

#[test]
fn retrying_with_l3_asks_for_its_price_first() {
    let entitlement = Entitlement::for_tier(Tier::Max, routes(&[ModelClass::L1, ModelClass::L3]));
    let walk = Walk::started(entitlement).until_attempt_1().failing_attempts(3).decide(Decision::DeclineEscalation);
    let walk = walk.until_fallback().decide(Decision::RetryStrongerModel).at(Place::Escalation).quote("q");
    let confirm = Decision::ConfirmEscalation { class: ModelClass::L3, quote: Some("q".into()) };
    assert_eq!(walk.decide(confirm).replays().place(), Place::Reapplying);
}

#[test]
fn a_deep_fix_from_the_fallback_starts_from_the_original() {
    let walk = fallback(Tier::Pro).decide(Decision::DeepFix).at(Place::DeepFixRestoring);
    assert_eq!((walk.job.partial.clone(), walk.job.counters.round), (None, 2));
}

#[test]
fn a_deep_fix_of_max_from_the_fallback_needs_its_price_confirmed() {
    let walk = fallback(Tier::Max).decide(Decision::DeepFix).at(Place::Fallback).quote("q").at(Place::Fallback);
    let walk = walk.decide(Decision::ConfirmDeepFix { quote: "q".into() });
    assert_eq!(walk.replays().place(), Place::DeepFixRestoring);
}

#[test]
fn a_partial_patch_that_no_longer_fits_leads_back() {
    let walk = fallback(Tier::Pro).decide(Decision::Intervene).at(Place::UserReapplying);
    assert_eq!(walk.answer(crate::walk::refused_patch()).place(), Place::RecoveryPacking);
}

#[test]
fn taking_the_partial_patch_and_reporting_stay_where_they_are() {
    let walk = fallback(Tier::Free).decide(Decision::DownloadPartial).decide(Decision::ReportIssue);
    assert_eq!(walk.at(Place::Fallback).job.counters.round, 1);
}

#[test]
fn a_fallback_expires_after_fourteen_days_without_a_second_settlement() {
    let walk = fallback(Tier::Free);
    assert_eq!(walk.wait_ms(), Some(14 * 24 * 3_600_000));
    let walk = walk.let_expire();
    assert_eq!(walk.job.state, State::Failed { reason: FailureReason::FallbackExpired });
    assert_eq!(walk.job.billing.settlements.len(), 1);
}

#[test]
fn before_there_are_tests_there_is_nothing_to_repair() {
    let walk = Walk::started(tier(Tier::Max))
        .answer(EffectResult::PreflightDone { dirty: false })
        .answer(EffectResult::ContextBuilt { tokens: 1, confidence: 90 })
        .signal(Signal::CreditsExhausted)
        .answer(EffectResult::PartialPacked { patch: None })
        .answer(EffectResult::WorkspaceRestored)
        .at(Place::Fallback);
    assert_eq!(walk.last_settlement().map(|settlement| settlement.billable), Some(false));
    for decision in [Decision::DeepFix, Decision::Intervene, Decision::RetryStrongerModel, Decision::EditSpec] {
        assert_eq!(walk.refusal(decision), RefusalCode::NothingToRepair);
    }
    assert_eq!(walk.refusal(Decision::DownloadPartial), RefusalCode::NoPartial);
}

#[test]
fn without_a_model_retrying_says_that_none_is_configured() {
    let walk = Walk::local(&[]).until_first_tests().answer(red("zero")).until_fallback();
    assert_eq!(walk.refusal(Decision::RetryStrongerModel), RefusalCode::NoRoute);
}

#[test]
fn the_six_actions_say_what_they_need_and_why_they_are_not_to_be_had() {
    let summary = |walk: &Walk| {
        let actions = fallback_actions(&walk.job, walk.now);
        let line = |action: &FallbackAction| {
            let confirm = if action.requires_confirmation { " (confirm)" } else { "" };
            let refusal = action.refusal.map_or(String::new(), |refusal| format!(" {}", refusal.code));
            format!("{}{confirm}{refusal}", action.action)
        };
        actions.iter().map(line).collect::<Vec<_>>().join(", ")
    };
    let max = "DEEP_FIX (confirm), INTERVENE, RETRY_STRONGER_MODEL, EDIT_SPEC, DOWNLOAD_PARTIAL, REPORT_ISSUE";
    let free = "DEEP_FIX ENTITLEMENT_DENIED, INTERVENE, RETRY_STRONGER_MODEL ENTITLEMENT_DENIED, EDIT_SPEC, \
                DOWNLOAD_PARTIAL, REPORT_ISSUE";
    assert_eq!(summary(&fallback(Tier::Max)), max);
    assert_eq!(summary(&fallback(Tier::Free)), free);
    assert_eq!(summary(&Walk::pending()), "");
}

#[test]
fn what_a_place_waits_for_is_read_from_the_table() {
    let walk = Walk::started(tier(Tier::Pro)).until_strategy();
    assert_eq!(decisions(&walk.job), [EventKind::SelectProposal, EventKind::Cancel]);
}
