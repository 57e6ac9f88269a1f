use std::collections::BTreeSet;

use serde_json::json;

use super::*;
use crate::config::{Keys, Origin, read};

fn table(off: &str) -> RouteTable {
    let routes = json!({
        "provider": {"here": {"kind": "openai-compatible", "base-url": "http://localhost:1"}},
        "route": [
            {"class": "L1", "provider": "here", "model": "small", "context-tokens": 100_000, "unpriced": true},
            {"class": "L1", "provider": "here", "model": "large", "context-tokens": 180_000, "unpriced": true},
            {"class": "L2", "provider": "here", "model": "large", "unpriced": true},
            {"class": "L3", "provider": "here", "model": "large", "unpriced": true},
        ],
    });
    let environment = |name: &str| (name == crate::config::ENV_OFF).then(|| off.to_owned());
    read(&routes, Origin::User, Keys::Needed, &environment).unwrap()
}

fn asked(stage: Stage, class: ModelClass) -> Asked<'static> {
    Asked { stage, class, quote: None, prompt_tokens: 1_000, output_tokens: 4_000 }
}

fn decide(tier: Tier, off: &str, asked: &Asked<'_>) -> Result<Vec<String>, Refusal> {
    let table = table(off);
    let entitlement = Entitlement::for_tier(tier, table.snapshot());
    gate(&table, &table.off, &entitlement, asked).map(|routes| routes.iter().map(|route| route.name().0).collect())
}

#[test]
fn a_tier_reaches_its_classes_and_names_the_tier_that_has_more() {
    let repair = |tier, class| decide(tier, "", &asked(Stage::Repair, class)).map_err(|refusal| refusal.code());
    let both = vec!["here/small".to_owned(), "here/large".to_owned()];
    assert_eq!(repair(Tier::Free, ModelClass::L1), Ok(both));
    assert_eq!(repair(Tier::Free, ModelClass::L2), Err("ENTITLEMENT_DENIED"));
    assert_eq!(repair(Tier::Plus, ModelClass::L2), Ok(vec!["here/large".to_owned()]));
    let denied = decide(Tier::Pro, "", &asked(Stage::DeepFix, ModelClass::L3)).unwrap_err();
    let told = json!({"code": "ENTITLEMENT_DENIED", "class": "L3", "tier": "PRO", "needs": "MAX"});
    assert_eq!(serde_json::to_value(&denied).unwrap(), told);
}

#[test]
fn the_strongest_class_needs_a_confirmed_quote_on_every_tier() {
    let quote = QuoteId("q".into());
    for tier in [Tier::Local, Tier::Max, Tier::Enterprise] {
        let without = asked(Stage::DeepFix, ModelClass::L3);
        assert_eq!(decide(tier, "", &without), Err(Refusal::Unconfirmed { class: ModelClass::L3 }));
        assert!(decide(tier, "", &Asked { quote: Some(&quote), ..without }).is_ok());
    }
}

#[test]
fn a_prompt_is_held_to_the_tier_and_to_the_models() {
    let long = |tokens| Asked { prompt_tokens: tokens, ..asked(Stage::Spec, ModelClass::L1) };
    assert_eq!(decide(Tier::Free, "", &long(96_001)), Ok(vec!["here/large".to_owned()]));
    assert_eq!(decide(Tier::Free, "", &long(128_001)), Err(Refusal::ContextCap { tokens: 128_001, cap: 128_000 }));
    assert_eq!(decide(Tier::Max, "", &long(176_001)), Err(Refusal::ContextCap { tokens: 176_001, cap: 176_000 }));
}

#[test]
fn switches_stop_everything_a_class_a_provider_or_a_route() {
    let generation = asked(Stage::TestGeneration, ModelClass::L1);
    let stopped = |switch: &str| Err(Refusal::KillSwitch { switch: switch.to_owned() });
    assert_eq!(decide(Tier::Local, "all", &generation), stopped("all"));
    assert_eq!(decide(Tier::Local, "L1", &generation), stopped("L1"));
    assert_eq!(decide(Tier::Local, "here", &generation), stopped("here"));
    assert_eq!(decide(Tier::Local, "here/small", &generation), Ok(vec!["here/large".to_owned()]));
}

#[test]
fn a_class_does_only_its_stages() {
    let denied = decide(Tier::Local, "", &asked(Stage::RefactorGeneration, ModelClass::L2));
    assert_eq!(denied, Err(Refusal::StageDenied { class: ModelClass::L2, stage: Stage::RefactorGeneration }));
}

#[test]
fn a_class_without_a_route_for_the_stage_is_told_so() {
    let mut table = table("");
    table.routes.iter_mut().for_each(|route| route.stages = BTreeSet::from([Stage::Repair]));
    let entitlement = Entitlement::local(table.snapshot());
    let told = gate(&table, &table.off, &entitlement, &asked(Stage::Spec, ModelClass::L1));
    assert_eq!(told, Err(Refusal::NoRoute { class: ModelClass::L1, stage: Stage::Spec }));
}
