//! What a job may use: a snapshot taken when it starts and never changed afterwards.

use crate::ids::{MilliCredits, RouteName};
use crate::policy::billing::Price;
use crate::policy::tiers::{Segment, Tier};
use crate::policy::timers::Timers;
use crate::policy::waterfall::{Denial, ModelClass};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One configured model.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Route {
    /// Its name in the configuration.
    pub name: RouteName,
    /// What it costs.
    pub price: Price,
    /// The longest answer, in tokens.
    pub output_tokens: u32,
}

/// The snapshot.
#[expect(clippy::struct_excessive_bools, reason = "four independent facts about a subscription")]
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Entitlement {
    /// The tier.
    pub tier: Tier,
    /// The person's segment.
    pub segment: Segment,
    /// Whether the person has asked for the fast track.
    pub expert: bool,
    /// Whether this is an Enterprise trial: it sees the report and must upgrade to go on.
    pub trial: bool,
    /// The configured models, by class.
    pub routes: BTreeMap<ModelClass, Route>,
    /// Tokens of one context pack.
    pub context_tokens: u32,
    /// The waits.
    pub timers: Timers,
    /// Whether crossing into L2 needs no question. L3 always asks.
    pub pre_authorised: bool,
    /// Whether quota is reserved and settled at all.
    pub metered: bool,
}

impl Entitlement {
    /// What a job has before it is started: nothing.
    pub fn none() -> Self {
        Self { routes: BTreeMap::new(), ..Self::for_tier(Tier::Free, BTreeMap::new()) }
    }

    /// The usual snapshot of a tier on the platform.
    pub fn for_tier(tier: Tier, routes: BTreeMap<ModelClass, Route>) -> Self {
        Self {
            tier,
            segment: Segment::B,
            expert: false,
            trial: false,
            routes,
            context_tokens: tier.grant().context_tokens,
            timers: Timers::server(),
            pre_authorised: false,
            metered: true,
        }
    }

    /// The command line's own: whatever has a route may be used, nothing is metered, nothing expires; L3 still asks.
    pub fn local(routes: BTreeMap<ModelClass, Route>) -> Self {
        Self { timers: Timers::local(), metered: false, ..Self::for_tier(Tier::Local, routes) }
    }

    /// The route of a class that the tier reaches.
    pub fn route(&self, class: ModelClass) -> Result<&Route, Denial> {
        if class > self.tier.grant().strongest {
            return Err(Denial::EntitlementDenied { class, tier: self.tier, needs: Tier::needed_for(class) });
        }
        self.routes.get(&class).ok_or(Denial::NoRoute { class })
    }

    /// What does the work that leads up to the rewrite: L1 where there is one, otherwise what needs no model.
    pub fn stage_class(&self) -> ModelClass {
        if self.route(ModelClass::L1).is_ok() { ModelClass::L1 } else { ModelClass::L0 }
    }

    /// The class of a deep fix. On the user's own machine it is the strongest one with a route.
    pub fn deep_fix_class(&self) -> Result<ModelClass, Denial> {
        let Some(class) = self.tier.grant().deep_fix else {
            let (class, needs) = (ModelClass::L2, Tier::Pro);
            return Err(Denial::EntitlementDenied { class, tier: self.tier, needs });
        };
        if self.tier == Tier::Local && self.route(class).is_err() {
            return self.route(ModelClass::L2).map(|_| ModelClass::L2);
        }
        self.route(class).map(|_| class)
    }

    /// Whether an own spec approves itself.
    pub fn fast_track(&self) -> bool {
        self.expert && self.segment == Segment::B && self.tier.grant().fast_track
    }

    /// The most that a call may cost: the whole pack in, the longest answer out. Recipes cost nothing.
    pub fn worst_case(&self, class: ModelClass, pack_tokens: u32) -> MilliCredits {
        self.routes.get(&class).map_or(MilliCredits(0), |route| {
            route.price.cost(u64::from(pack_tokens.min(self.context_tokens)), u64::from(route.output_tokens))
        })
    }
}
