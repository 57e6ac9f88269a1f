use super::*;
use crate::entitlement::Route;
use crate::policy::billing::Price;
use crate::policy::tiers::Tier;
use std::fmt::Write as _;

fn entitlement(tier: Tier, classes: &[ModelClass], pre_authorised: bool) -> Entitlement {
    let route = Route { name: "m".into(), price: Price::default(), output_tokens: 1 };
    let routes = classes.iter().map(|&class| (class, route.clone())).collect();
    Entitlement { pre_authorised, ..Entitlement::for_tier(tier, routes) }
}

/// What each attempt from 0 to 9 leads to, in one letter or class: `!` asks, `x` retreats.
fn waterfall(tier: Tier, classes: &[ModelClass], pre_authorised: bool) -> String {
    let entitlement = entitlement(tier, classes, pre_authorised);
    let mut counters = Counters::default();
    let mut path = String::from("0");
    loop {
        match plan(&counters, &entitlement) {
            Plan::Work { attempt, class } => {
                let _ = write!(path, " {attempt}:{class}");
                (counters.attempt, counters.class) = (attempt, class);
            }
            Plan::Ask { attempt, classes } => {
                let names: Vec<_> = classes.iter().map(|class| class.code()).collect();
                let _ = write!(path, " !{attempt}:{}", names.join("/"));
                (counters.attempt, counters.class) = (attempt, classes[0]);
            }
            Plan::Retreat(reason) => return format!("{path} {reason:?}"),
        }
    }
}

const ALL: &[ModelClass] = &[ModelClass::L1, ModelClass::L2, ModelClass::L3];

#[test]
fn each_tier_falls_as_far_as_it_may() {
    let free = "0 1:L1 2:L1 3:L1 ClassDenied { denial: EntitlementDenied { class: L2, tier: Free, needs: Plus } }";
    let plus = "0 1:L1 2:L1 3:L1 !4:L2 5:L2 6:L2 !7:L2 8:L2 9:L2 BudgetSpent";
    let pro = "0 1:L1 2:L1 3:L1 4:L2 5:L2 6:L2 7:L2 8:L2 9:L2 BudgetSpent";
    let max = "0 1:L1 2:L1 3:L1 4:L2 5:L2 6:L2 !7:L3/L2 8:L3 9:L3 BudgetSpent";
    assert_eq!(waterfall(Tier::Free, ALL, false), free);
    assert_eq!(waterfall(Tier::Plus, ALL, false), plus);
    assert_eq!(waterfall(Tier::Pro, ALL, true), pro);
    assert_eq!(waterfall(Tier::Max, ALL, true), max);
}

#[test]
fn a_phase_without_a_route_is_passed_over_and_the_crossing_asks() {
    let first = "0 1:L1 2:L1 3:L1 ClassDenied { denial: NoRoute { class: L2 } }";
    let second = "0 !4:L2 5:L2 6:L2 !7:L2 8:L2 9:L2 BudgetSpent";
    let third = "0 !7:L3 8:L3 9:L3 BudgetSpent";
    assert_eq!(waterfall(Tier::Local, &[], false), "0 NoModel");
    assert_eq!(waterfall(Tier::Local, &[ModelClass::L1], false), first);
    assert_eq!(waterfall(Tier::Local, &[ModelClass::L2], false), second);
    assert_eq!(waterfall(Tier::Local, &[ModelClass::L3], true), third);
}
