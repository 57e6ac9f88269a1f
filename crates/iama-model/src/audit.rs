//! One event for each call: what was asked of whom, what it took and what came of it. Never a text of it.

use iama_job::{ModelClass, RouteName, Tier};
use serde::{Deserialize, Serialize};

use crate::cost::Cost;
use crate::prompt::Template;
use crate::stage::Stage;
use crate::usage::Usage;

/// The event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEvent {
    /// The job's tier.
    pub tier: Tier,
    /// The work.
    pub stage: Stage,
    /// The class.
    pub class: ModelClass,
    /// The route that was asked last; none if the call was refused.
    pub route: Option<RouteName>,
    /// The template of the prompt.
    pub template: Template,
    /// Whether a cache spared something.
    pub cache: Cache,
    /// Tokens of all tries together.
    pub tokens: Usage,
    /// Whether some of the tokens are an estimate, because the provider did not come to tell.
    pub estimated: bool,
    /// What all tries cost together; none if a route has no price. What is not known counts at its worst case.
    pub cost: Option<Cost>,
    /// `OK`, or the code of the failure.
    pub outcome: String,
    /// Whether the answer's JSON had to be repaired.
    pub repaired: bool,
    /// The requests that were sent.
    pub tries: Vec<Try>,
}

/// What a provider's cache did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cache {
    /// It spared something.
    Hit,
    /// It spared nothing.
    Miss,
    /// Nobody told.
    Unknown,
}

/// One request to a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Try {
    /// The route.
    pub route: RouteName,
    /// The most that it could cost.
    pub worst_case: Option<Cost>,
    /// What it cost.
    pub cost: Option<Cost>,
    /// What it used.
    pub tokens: Usage,
    /// Whether the tokens are an estimate.
    pub estimated: bool,
    /// `OK`, or the code of the failure.
    pub outcome: String,
}

impl AuditEvent {
    /// The event of a call before its tries.
    pub(crate) fn new(tier: Tier, stage: Stage, class: ModelClass, template: Template) -> Self {
        Self {
            tier,
            stage,
            class,
            route: None,
            template,
            cache: Cache::Unknown,
            tokens: Usage::default(),
            estimated: false,
            cost: Some(Cost::ZERO),
            outcome: String::new(),
            repaired: false,
            tries: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, tried: Try) {
        self.route = Some(tried.route.clone());
        self.tokens = self.tokens.plus(&tried.tokens);
        self.estimated |= tried.estimated;
        self.cost = self.cost.zip(tried.cost).map(|(sum, cost)| sum.plus(cost));
        self.cache = match (self.tokens.hit_cache(), tried.estimated) {
            (true, _) => Cache::Hit,
            (false, true) => self.cache,
            (false, false) => Cache::Miss,
        };
        self.tries.push(tried);
    }
}
