//! The route table: which providers there are, and which models serve which class.
//!
//! It is read from `[models]` of the settings and from the environment, and refused with all faults at once. The project's own
//! file is part of the code that is migrated, so it may choose among models but never say where a key is sent.

mod read;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use iama_job::policy::billing::Price as CreditPrice;
use iama_job::{MilliCredits, ModelClass, RouteName};
use serde::{Deserialize, Serialize};

use crate::cost::Cost;
use crate::key::Key;
use crate::prices::ModelPrice;
use crate::stage::{Stage, output_cap};

pub use read::{ENV_OFF, ENV_TABLE, Environment, Keys, Origin, read};

/// A form of request and answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Anthropic's messages.
    Anthropic,
    /// `OpenAI`'s chat completions.
    Openai,
    /// Gemini's `streamGenerateContent`.
    Gemini,
    /// Chat completions as others serve them: vLLM, Ollama, `llama-server`, a `LiteLLM` proxy.
    OpenaiCompatible,
}

/// A place that serves models.
#[derive(Clone, PartialEq, Eq)]
pub struct Provider {
    /// Its name in the settings.
    pub name: String,
    /// How it is spoken to.
    pub kind: Kind,
    /// Where, without a slash at the end.
    pub base_url: String,
    /// The key, if the environment had one.
    pub key: Option<Key>,
    /// The variable that holds the key.
    pub key_env: Option<String>,
    /// Headers to send with every request.
    pub headers: BTreeMap<String, String>,
    /// The waits.
    pub waits: Waits,
}

/// Headers may hold keys, too, so only their names are shown.
impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<&String> = self.headers.keys().collect();
        f.debug_struct("Provider")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .field("base_url", &self.base_url)
            .field("key_env", &self.key_env)
            .field("headers", &headers)
            .finish_non_exhaustive()
    }
}

impl Provider {
    /// Whether it runs on this machine.
    pub(crate) fn is_local(&self) -> bool {
        read::Address::of(&self.base_url).is_some_and(|address| address.loopback)
    }
}

/// How long a provider may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waits {
    /// To accept a connection.
    pub connect: Duration,
    /// To begin its answer.
    pub headers: Duration,
    /// Between two pieces of its answer.
    pub silence: Duration,
}

impl Default for Waits {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { connect: seconds(10), headers: seconds(120), silence: seconds(90) }
    }
}

/// What a model costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pricing {
    /// So much.
    Known(ModelPrice),
    /// The settings say that nobody knows; such a route is refused wherever a cap of money is to be kept.
    Unpriced,
}

impl Pricing {
    /// The price, where there is one.
    pub const fn known(&self) -> Option<&ModelPrice> {
        match self {
            Self::Known(price) => Some(price),
            Self::Unpriced => None,
        }
    }
}

/// One model of one provider for one class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The class.
    pub class: ModelClass,
    /// The stages that it serves.
    pub stages: BTreeSet<Stage>,
    /// The provider's name.
    pub provider: String,
    /// The model's name, as the provider has it.
    pub model: String,
    /// The longest prompt, in tokens; no limit of its own if absent.
    pub context_tokens: Option<u64>,
    /// The longest answer, in tokens.
    pub output_tokens: u64,
    /// What it costs.
    pub pricing: Pricing,
}

impl Route {
    /// The route as audit events and snapshots call it.
    pub fn name(&self) -> RouteName {
        RouteName(format!("{}/{}", self.provider, self.model))
    }

    /// What a million tokens cost at the most, in credits, for the job machine's worst case.
    fn credit_price(&self) -> CreditPrice {
        let Some(price) = self.pricing.known() else { return CreditPrice::default() };
        let window = self.context_tokens.or(price.context_tokens).unwrap_or(u64::MAX);
        let million = |input, output| {
            let lengths = price.above.iter().map(|step| step.tokens.saturating_add(1)).filter(|&from| from <= window);
            let dearest = std::iter::once(0).chain(lengths).map(|from| ModelPrice::flat(price.at(from)));
            dearest.map(|flat| flat.worst_case(input, output)).max().unwrap_or(Cost::ZERO).millicredits()
        };
        CreditPrice { input_per_mtok: million(1_000_000, 0), output_per_mtok: million(0, 1_000_000) }
    }
}

/// What is switched off at once, whatever a job's snapshot says.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Off {
    /// Everything.
    pub all: bool,
    /// Classes.
    pub classes: BTreeSet<ModelClass>,
    /// Providers, by name.
    pub providers: BTreeSet<String>,
    /// Routes, as in `anthropic/claude-sonnet-4-5`.
    pub routes: BTreeSet<String>,
}

impl Off {
    /// The switch that stops a class.
    pub fn stops_class(&self, class: ModelClass) -> Option<String> {
        (self.all.then(|| "all".to_owned())).or_else(|| self.classes.contains(&class).then(|| class.to_string()))
    }

    /// The switch that stops a route.
    pub fn stops(&self, route: &Route) -> Option<String> {
        let name = route.name().0;
        self.stops_class(route.class)
            .or_else(|| self.providers.contains(&route.provider).then(|| route.provider.clone()))
            .or_else(|| self.routes.contains(&name).then_some(name))
    }
}

/// The route table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RouteTable {
    /// The providers by name.
    pub providers: BTreeMap<String, Provider>,
    /// The routes in the order in which they are tried.
    pub routes: Vec<Route>,
    /// What is switched off.
    pub off: Off,
}

impl RouteTable {
    /// The routes for a stage and a class, best first.
    pub fn routes_for(&self, stage: Stage, class: ModelClass) -> impl Iterator<Item = &Route> {
        self.routes.iter().filter(move |route| route.class == class && route.stages.contains(&stage))
    }

    /// The providers that a route names.
    pub(crate) fn used(&self) -> impl Iterator<Item = &Provider> {
        let named = |provider: &&Provider| self.routes.iter().any(|route| route.provider == provider.name);
        self.providers.values().filter(named)
    }

    /// What a job's snapshot says of the table: the first route of each class, at the dearest price of any of the class's
    /// routes and the longest answer of any, so that its worst case holds whichever serves.
    pub fn snapshot(&self) -> BTreeMap<ModelClass, iama_job::Route> {
        let mut made: BTreeMap<ModelClass, iama_job::Route> = BTreeMap::new();
        for route in &self.routes {
            let price = route.credit_price();
            let output_tokens = u32::try_from(route.output_tokens.min(output_cap(route.class))).unwrap_or(u32::MAX);
            let first = || iama_job::Route { name: route.name(), price, output_tokens };
            let entry = made.entry(route.class).or_insert_with(first);
            entry.price = dearer(entry.price, price);
            entry.output_tokens = entry.output_tokens.max(output_tokens);
        }
        made
    }
}

fn dearer(one: CreditPrice, other: CreditPrice) -> CreditPrice {
    let max = |a: MilliCredits, b: MilliCredits| a.max(b);
    CreditPrice {
        input_per_mtok: max(one.input_per_mtok, other.input_per_mtok),
        output_per_mtok: max(one.output_per_mtok, other.output_per_mtok),
    }
}

/// A fault of the settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{place}: {what}")]
pub struct Fault {
    /// A stable name for this kind of fault.
    pub code: &'static str,
    /// Where, as in `models.route[2].model`.
    pub place: String,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub hint: String,
}
