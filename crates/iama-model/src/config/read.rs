//! Reading the route table: every fault is told, none hides another.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use iama_job::ModelClass;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Fault, Kind, Off, Pricing, Provider, Route, RouteTable, Waits};
use crate::key::Key;
use crate::prices::{self, ModelPrice, Price};
use crate::stage::{Stage, output_cap};

/// The whole table as JSON, in place of the settings' own.
pub const ENV_TABLE: &str = "IAMA_LLM_ROUTE_TABLE";
/// What is switched off: `all`, classes, providers and routes, separated by commas.
pub const ENV_OFF: &str = "IAMA_MODELS_OFF";

/// The variables of the environment.
pub type Environment<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// Who wrote the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The user, in a file outside any project, or in the environment.
    User,
    /// The project that is migrated: nobody vouches for it.
    Project,
}

/// Whether keys have to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keys {
    /// A route whose key is missing is a fault.
    Needed,
    /// A recording is replayed: no key is used.
    Unneeded,
}

/// Providers that need no settings: name, form, place, variable of the key.
const BUILT_IN: [(&str, Kind, &str, &str); 3] = [
    ("anthropic", Kind::Anthropic, "https://api.anthropic.com", "ANTHROPIC_API_KEY"),
    ("openai", Kind::Openai, "https://api.openai.com/v1", "OPENAI_API_KEY"),
    ("gemini", Kind::Gemini, "https://generativelanguage.googleapis.com", "GEMINI_API_KEY"),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ProviderEntry {
    kind: Option<Kind>,
    base_url: Option<String>,
    key_env: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    plain_http: bool,
    connect_seconds: Option<u64>,
    headers_seconds: Option<u64>,
    silence_seconds: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RouteEntry {
    class: ModelClass,
    provider: String,
    model: String,
    stages: Option<BTreeSet<Stage>>,
    context_tokens: Option<u64>,
    output_tokens: Option<u64>,
    price: Option<PriceEntry>,
    #[serde(default)]
    unpriced: bool,
}

/// Dollars for a million tokens.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct PriceEntry {
    input: f64,
    output: f64,
    cache_read: Option<f64>,
    cache_write: Option<f64>,
    cache_write_hour: Option<f64>,
}

/// Reads `[models]` (or what the environment has in its place). No settings at all give an empty table.
pub fn read(
    settings: &Value,
    origin: Origin,
    keys: Keys,
    environment: &Environment<'_>,
) -> Result<RouteTable, Vec<Fault>> {
    let given = environment(ENV_TABLE).filter(|text| !text.trim().is_empty());
    let (settings, origin) = match given.map(|text| serde_json::from_str::<Value>(&text)) {
        Some(Ok(value)) => (&value.clone(), Origin::User),
        Some(Err(error)) => {
            let hint = "write the table as one JSON object, as docs/models.md shows it".to_owned();
            return Err(vec![Fault {
                code: "MODELS_JSON",
                place: ENV_TABLE.to_owned(),
                what: error.to_string(),
                hint,
            }]);
        }
        None => (settings, origin),
    };
    let mut reader = Reader { environment, origin, keys, faults: Vec::new() };
    let table = reader.table(settings);
    if reader.faults.is_empty() { Ok(table) } else { Err(reader.faults) }
}

struct Reader<'e> {
    environment: &'e Environment<'e>,
    origin: Origin,
    keys: Keys,
    faults: Vec<Fault>,
}

impl Reader<'_> {
    fn fault(&mut self, code: &'static str, place: &str, what: impl Into<String>, hint: &str) {
        self.faults.push(Fault { code, place: place.to_owned(), what: what.into(), hint: hint.to_owned() });
    }

    fn entry<T: DeserializeOwned>(&mut self, place: &str, value: &Value) -> Option<T> {
        let read = T::deserialize(value);
        read.map_err(|error| self.fault("MODELS_ENTRY", place, error.to_string(), "see docs/models.md")).ok()
    }

    fn table(&mut self, settings: &Value) -> RouteTable {
        self.names(settings);
        let providers = self.providers(settings.get("provider"));
        let routes = self.routes(settings.get("route"), &providers);
        let off = self.off(settings.get("off"), &providers, &routes);
        RouteTable { providers, routes, off }
    }

    fn names(&mut self, settings: &Value) {
        let fields = settings.as_object().into_iter().flat_map(serde_json::Map::keys);
        for name in fields.filter(|name| !["provider", "route", "off"].contains(&name.as_str())) {
            let place = format!("models.{name}");
            self.fault("MODELS_UNKNOWN", &place, "no such setting", "use `provider`, `route` and `off`");
        }
    }

    fn providers(&mut self, given: Option<&Value>) -> BTreeMap<String, Provider> {
        let mut made = BTreeMap::new();
        for (name, kind, base_url, key_env) in BUILT_IN {
            made.insert(name.to_owned(), self.provider(name, kind, base_url.to_owned(), Some(key_env.to_owned())));
        }
        for (name, value) in given.and_then(Value::as_object).into_iter().flatten() {
            let place = format!("models.provider.{name}");
            let Some(entry) = self.entry::<ProviderEntry>(&place, value) else { continue };
            let before = made.get(name);
            if let Some(provider) = self.defined(name, &place, entry, before) {
                made.insert(name.clone(), provider);
            }
        }
        made
    }

    fn provider(&self, name: &str, kind: Kind, base_url: String, key_env: Option<String>) -> Provider {
        let key = key_env.as_deref().and_then(|variable| (self.environment)(variable));
        let key = key.map(|key| key.trim().to_owned()).filter(|key| !key.is_empty()).map(Key::new);
        let (headers, waits) = (BTreeMap::new(), Waits::default());
        Provider { name: name.to_owned(), kind, base_url, key, key_env, headers, waits }
    }

    fn defined(
        &mut self,
        name: &str,
        place: &str,
        entry: ProviderEntry,
        before: Option<&Provider>,
    ) -> Option<Provider> {
        let kind = entry.kind.or(before.map(|provider| provider.kind));
        let base_url = entry.base_url.clone().or_else(|| before.map(|provider| provider.base_url.clone()));
        let (Some(kind), Some(base_url)) = (kind, base_url) else {
            let hint = "give `kind` (anthropic, openai, gemini, openai-compatible) and `base-url`";
            self.fault("MODELS_PROVIDER", place, "a provider of one's own needs a kind and an address", hint);
            return None;
        };
        let address = self.address(place, &base_url, entry.plain_http);
        self.trust(place, &entry, address);
        // The key of a provider goes where the user sends it, not where a project does.
        let inherited = before.filter(|_| self.origin == Origin::User).and_then(|provider| provider.key_env.clone());
        let key_env = entry.key_env.or(inherited);
        let mut provider = self.provider(name, kind, base_url.trim_end_matches('/').to_owned(), key_env);
        provider.headers = entry.headers;
        let seconds = |given: Option<u64>, usual: Duration| given.map_or(usual, Duration::from_secs);
        provider.waits = Waits {
            connect: seconds(entry.connect_seconds, provider.waits.connect),
            headers: seconds(entry.headers_seconds, provider.waits.headers),
            silence: seconds(entry.silence_seconds, provider.waits.silence),
        };
        Some(provider)
    }

    fn address(&mut self, place: &str, text: &str, plain_http: bool) -> Address {
        let place = format!("{place}.base-url");
        let Some(address) = Address::of(text) else {
            let what = "no address of a server";
            self.fault("MODELS_URL", &place, what, "write it as in https://host/v1, without a name or password");
            return Address { secure: true, loopback: false };
        };
        if !address.secure && !address.loopback && !plain_http {
            let hint = "use https, or set `plain-http = true` if the network between is yours";
            self.fault("MODELS_PLAIN_HTTP", &place, "source and key would travel in the clear", hint);
        }
        address
    }

    /// A project's file may point at a server on this machine that takes no key, and at nothing else.
    fn trust(&mut self, place: &str, entry: &ProviderEntry, address: Address) {
        let harmless =
            address.loopback && entry.key_env.is_none() && entry.headers.is_empty() && entry.base_url.is_some();
        if self.origin == Origin::Project && !harmless {
            let what = "a project must not say where source and keys are sent";
            let hint = "move the provider to your own settings, or into the environment";
            self.fault("MODELS_UNTRUSTED", place, what, hint);
        }
    }

    fn routes(&mut self, given: Option<&Value>, providers: &BTreeMap<String, Provider>) -> Vec<Route> {
        let mut made: Vec<Route> = Vec::new();
        for (rank, value) in given.and_then(Value::as_array).into_iter().flatten().enumerate() {
            let place = format!("models.route[{rank}]");
            let Some(entry) = self.entry::<RouteEntry>(&place, value) else { continue };
            let Some(route) = self.route(&place, entry, providers) else { continue };
            let same = |other: &Route| (other.class, other.name()) == (route.class, route.name());
            if made.iter().any(same) {
                self.fault(
                    "MODELS_TWICE",
                    &place,
                    format!("{} is listed twice for its class", route.name()),
                    "remove one",
                );
            }
            made.push(route);
        }
        made
    }

    fn route(&mut self, place: &str, entry: RouteEntry, providers: &BTreeMap<String, Provider>) -> Option<Route> {
        let stages = self.stages(place, &entry);
        let provider = providers.get(&entry.provider);
        if provider.is_none() {
            let known: Vec<&str> = providers.keys().map(String::as_str).collect();
            let hint = format!("one of {}, or define it under [models.provider]", known.join(", "));
            let field = format!("{place}.provider");
            self.fault("MODELS_NO_PROVIDER", &field, format!("no provider is called {}", entry.provider), &hint);
        }
        if let Some(Provider { key: None, key_env: Some(variable), .. }) = provider
            && self.keys == Keys::Needed
        {
            let what = format!("{variable} is not set");
            self.fault("MODELS_NO_KEY", place, what, "set the variable, or remove the route");
        }
        let odd = |c: char| !(c.is_ascii_alphanumeric() || "._:/@+-".contains(c));
        if entry.model.is_empty() || entry.model.contains(odd) {
            let hint = "write it as the provider does: letters, digits and ._:/@+-";
            self.fault("MODELS_MODEL", &format!("{place}.model"), "no name of a model", hint);
        }
        let listed = provider.and_then(|provider| listed(provider, &entry.model)).cloned();
        let pricing = self.pricing(place, &entry, listed.as_ref());
        let most = output_cap(entry.class);
        let limit = |own: Option<u64>, table: Option<u64>| own.or(table);
        let (context, output) = listed.map_or((None, None), |model| (model.context_tokens, model.output_tokens));
        let output_tokens = limit(entry.output_tokens, output).unwrap_or(most).min(most);
        if output_tokens == 0 && most > 0 {
            self.fault(
                "MODELS_OUTPUT",
                place,
                "an answer of no tokens is none",
                "give `output-tokens` a number above 0",
            );
        }
        Some(Route {
            class: entry.class,
            stages,
            provider: entry.provider,
            model: entry.model,
            context_tokens: limit(entry.context_tokens, context),
            output_tokens,
            pricing: pricing?,
        })
    }

    fn stages(&mut self, place: &str, entry: &RouteEntry) -> BTreeSet<Stage> {
        if entry.class == ModelClass::L0 {
            self.fault("MODELS_CLASS", place, "L0 is recipes and has no model", "use L1, L2 or L3");
        }
        let serves = |stage: &Stage| stage.classes().contains(&entry.class);
        let Some(stages) = &entry.stages else { return Stage::ALL.into_iter().filter(serves).collect() };
        for stage in stages.iter().filter(|stage| !serves(stage)) {
            let classes: Vec<&str> = stage.classes().iter().map(|class| class.code()).collect();
            let hint = format!("{stage} is done by {}", classes.join(", "));
            let field = format!("{place}.stages");
            self.fault("MODELS_STAGE", &field, format!("{} does not do {stage}", entry.class), &hint);
        }
        stages.clone()
    }

    fn pricing(&mut self, place: &str, entry: &RouteEntry, listed: Option<&ModelPrice>) -> Option<Pricing> {
        if let Some(own) = &entry.price {
            let price = own.price();
            if price.is_none() {
                let hint = "give dollars for a million tokens, with at most six places";
                self.fault("MODELS_PRICE", &format!("{place}.price"), "no amount of money", hint);
            }
            return price.map(|price| Pricing::Known(ModelPrice::flat(price)));
        }
        if let Some(model) = listed {
            return Some(Pricing::Known(model.clone()));
        }
        if entry.unpriced {
            return Some(Pricing::Unpriced);
        }
        let what = format!("nobody knows what {}/{} costs", entry.provider, entry.model);
        let hint = "give `price = { input = …, output = … }` in dollars for a million tokens, or `unpriced = true`";
        self.fault("MODELS_NO_PRICE", place, what, hint);
        None
    }

    fn off(&mut self, given: Option<&Value>, providers: &BTreeMap<String, Provider>, routes: &[Route]) -> Off {
        let mut off: Off = given.and_then(|value| self.entry("models.off", value)).unwrap_or_default();
        let named = (self.environment)(ENV_OFF).unwrap_or_default();
        for word in named.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            let class = ModelClass::ALL.iter().find(|class| class.code().eq_ignore_ascii_case(word));
            if word.eq_ignore_ascii_case("all") {
                off.all = true;
            } else if let Some(class) = class {
                off.classes.insert(*class);
            } else if providers.contains_key(word) {
                off.providers.insert(word.to_owned());
            } else {
                off.routes.insert(word.to_owned());
            }
        }
        self.unknown_switches(&off, providers, routes);
        off
    }

    /// A switch with a misspelt name would stop nothing.
    fn unknown_switches(&mut self, off: &Off, providers: &BTreeMap<String, Provider>, routes: &[Route]) {
        let no_provider = off.providers.iter().filter(|name| !providers.contains_key(*name));
        let no_route = off.routes.iter().filter(|name| routes.iter().all(|route| route.name().0 != **name));
        for name in no_provider.chain(no_route) {
            let hint = "write `all`, a class, a provider or a route as in anthropic/claude-sonnet-4-5";
            self.fault("MODELS_OFF", "models.off", format!("{name} is nothing that could be switched off"), hint);
        }
    }
}

/// The price of a model of the three providers, wherever they are reached.
fn listed<'p>(provider: &Provider, model: &str) -> Option<&'p ModelPrice> {
    match provider.kind {
        Kind::Anthropic => prices::known("anthropic", model),
        Kind::Openai => prices::known("openai", model),
        Kind::Gemini => prices::known("gemini", model),
        Kind::OpenaiCompatible => None,
    }
}

impl PriceEntry {
    fn price(&self) -> Option<Price> {
        Some(Price {
            input: picodollars(self.input)?,
            output: picodollars(self.output)?,
            cache_read: optional(self.cache_read)?,
            cache_write: optional(self.cache_write)?,
            cache_write_hour: optional(self.cache_write_hour)?,
            reasoning: None,
        })
    }
}

#[expect(clippy::option_option, reason = "the outer one is the failure")]
fn optional(dollars: Option<f64>) -> Option<Option<u64>> {
    dollars.map_or(Some(None), |dollars| picodollars(dollars).map(Some))
}

/// Dollars for a million tokens, as picodollars for one: the same number of microdollars.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked first")]
fn picodollars(dollars: f64) -> Option<u64> {
    let micro = dollars * 1e6;
    let whole = micro.round();
    ((0.0..=1e12).contains(&whole) && (micro - whole).abs() < 1e-3).then_some(whole as u64)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Address {
    secure: bool,
    pub(super) loopback: bool,
}

impl Address {
    pub(super) fn of(text: &str) -> Option<Self> {
        let url = reqwest::Url::parse(text).ok()?;
        let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
        let secure = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let host = url.host_str()?.trim_matches(['[', ']']);
        let loopback = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
        plain.then_some(Self { secure, loopback })
    }
}

#[cfg(test)]
mod tests;
