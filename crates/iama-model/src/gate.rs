//! What may be dispatched at all: decided before a byte leaves the machine, and told in words that machines read.

use iama_job::{Denial, Entitlement, ModelClass, QuoteId, Tier};
use serde::{Deserialize, Serialize};

use crate::config::{Off, Route, RouteTable};
use crate::cost::Cost;
use crate::stage::{Stage, output_cap};

/// What a call asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked<'a> {
    /// The work.
    pub stage: Stage,
    /// The class that the job machine chose.
    pub class: ModelClass,
    /// The confirmed price; L3 is never dispatched without one.
    pub quote: Option<&'a QuoteId>,
    /// An estimate of the prompt.
    pub prompt_tokens: u64,
    /// The longest answer that is wanted.
    pub output_tokens: u64,
}

/// Why a call is not made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Refusal {
    /// The tier does not reach the class.
    #[error("{class} is not part of {tier}; it takes {needs}")]
    EntitlementDenied {
        /// What was asked for.
        class: ModelClass,
        /// The tier of the job.
        tier: Tier,
        /// The weakest tier that has the class.
        needs: Tier,
    },
    /// No model is configured for the class and the stage.
    #[error("no model is configured for {class} to do {stage}")]
    NoRoute {
        /// The class.
        class: ModelClass,
        /// The stage.
        stage: Stage,
    },
    /// The class does not do such work.
    #[error("{class} does not do {stage}")]
    StageDenied {
        /// The class.
        class: ModelClass,
        /// The stage.
        stage: Stage,
    },
    /// Nobody confirmed a price.
    #[error("{class} needs a price that a person confirmed")]
    Unconfirmed {
        /// The class.
        class: ModelClass,
    },
    /// A switch is thrown.
    #[error("{switch} is switched off")]
    KillSwitch {
        /// Which: `all`, a class, a provider or a route.
        switch: String,
    },
    /// The prompt is longer than the tier or every model takes.
    #[error("the prompt has about {tokens} tokens, and {cap} are the most")]
    ContextCap {
        /// The estimate.
        tokens: u64,
        /// The cap.
        cap: u64,
    },
    /// The money left does not cover the worst case.
    #[error("the call may cost {worst_case}, and {left} is left")]
    CostCap {
        /// The most that the call can cost.
        worst_case: Cost,
        /// What is left.
        left: Cost,
    },
    /// A cap of money is to be kept, and nobody knows what the model costs.
    #[error("nobody knows what {route} costs, and a cap is to be kept")]
    Unpriced {
        /// The route.
        route: String,
    },
    /// Every provider failed too often of late.
    #[error("every provider of {class} failed repeatedly; the next try is in {retry_ms} ms")]
    ProvidersDown {
        /// The class.
        class: ModelClass,
        /// When one may be tried again.
        retry_ms: u64,
    },
}

impl Refusal {
    /// The stable name.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::EntitlementDenied { .. } => "ENTITLEMENT_DENIED",
            Self::NoRoute { .. } => "NO_ROUTE",
            Self::StageDenied { .. } => "STAGE_DENIED",
            Self::Unconfirmed { .. } => "UNCONFIRMED",
            Self::KillSwitch { .. } => "KILL_SWITCH",
            Self::ContextCap { .. } => "CONTEXT_CAP",
            Self::CostCap { .. } => "COST_CAP",
            Self::Unpriced { .. } => "UNPRICED",
            Self::ProvidersDown { .. } => "PROVIDERS_DOWN",
        }
    }

    /// What a person can do about it.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::EntitlementDenied { .. } => "go on with a weaker class, or upgrade",
            Self::NoRoute { .. } => "add a route for the class to [models]; see docs/models.md",
            Self::StageDenied { .. } => "leave the choice of the class to the job",
            Self::Unconfirmed { .. } => "ask for a quote and confirm it",
            Self::KillSwitch { .. } => "wait until it is switched on again; without models, recipes still run",
            Self::ContextCap { .. } => "choose fewer target files",
            Self::CostCap { .. } => "raise the cap, or take the work as it is",
            Self::Unpriced { .. } => "give the route a price, or run without a cap",
            Self::ProvidersDown { .. } => "try again later, or add a route of another provider",
        }
    }
}

impl Refusal {
    fn denied(denial: Denial, stage: Stage) -> Self {
        match denial {
            Denial::EntitlementDenied { class, tier, needs } => Self::EntitlementDenied { class, tier, needs },
            Denial::NoRoute { class } => Self::NoRoute { class, stage },
        }
    }
}

/// The routes that may serve a call, best first, or why none may. The switches are those of this moment.
pub fn gate<'t>(
    table: &'t RouteTable,
    off: &Off,
    entitlement: &Entitlement,
    asked: &Asked<'_>,
) -> Result<Vec<&'t Route>, Refusal> {
    let (class, stage) = (asked.class, asked.stage);
    if let Some(switch) = off.stops_class(class) {
        return Err(Refusal::KillSwitch { switch });
    }
    if !stage.classes().contains(&class) {
        return Err(Refusal::StageDenied { class, stage });
    }
    entitlement.route(class).map_err(|denial| Refusal::denied(denial, stage))?;
    if class == ModelClass::L3 && asked.quote.is_none() {
        return Err(Refusal::Unconfirmed { class });
    }
    let (tokens, cap) = (asked.prompt_tokens, u64::from(entitlement.context_tokens));
    if tokens > cap {
        return Err(Refusal::ContextCap { tokens, cap });
    }
    open_routes(table, off, asked)
}

fn open_routes<'t>(table: &'t RouteTable, off: &Off, asked: &Asked<'_>) -> Result<Vec<&'t Route>, Refusal> {
    let (class, stage) = (asked.class, asked.stage);
    let all: Vec<&Route> = table.routes_for(stage, class).collect();
    let switched_on: Vec<&Route> = all.iter().copied().filter(|route| off.stops(route).is_none()).collect();
    if switched_on.is_empty() {
        let switch = all.iter().find_map(|route| off.stops(route));
        return Err(switch.map_or(Refusal::NoRoute { class, stage }, |switch| Refusal::KillSwitch { switch }));
    }
    let window = |route: &Route| window(route, asked.output_tokens);
    let cap = switched_on.iter().map(|route| window(route)).max().unwrap_or(0);
    let wide: Vec<&Route> = switched_on.into_iter().filter(|route| asked.prompt_tokens <= window(route)).collect();
    if wide.is_empty() {
        return Err(Refusal::ContextCap { tokens: asked.prompt_tokens, cap });
    }
    Ok(wide)
}

/// The longest prompt that a route takes, with room for the answer: some models count it into their window.
pub(crate) fn window(route: &Route, wanted: u64) -> u64 {
    route.context_tokens.map_or(u64::MAX, |cap| cap.saturating_sub(longest_answer(route, wanted)))
}

/// The longest answer that is asked of a route.
pub(crate) fn longest_answer(route: &Route, wanted: u64) -> u64 {
    wanted.min(route.output_tokens).min(output_cap(route.class)).max(1)
}

#[cfg(test)]
mod tests;
