//! The route table as a setting: read, checked, and made into routers. Keys are no part of it; it is told where they lie.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};

use iama_engine::executor::stage_of;
use iama_engine::models::holds_secret;
use iama_job::{Effect, Entitlement, Job, ModelClass, Route, Tier};
use iama_model::config::{ENV_OFF, ENV_TABLE, Fault, Keys, Off, Origin, RouteTable, read};
use iama_model::{Router, Tariff};
use iama_store::{Connection, configs, jobs, switches};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::Models;
use crate::error::ApiError;
use crate::state::AppState;

/// Routers of so many versions are kept.
const VERSIONS: usize = 8;

/// Where a key lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyPlace<'a> {
    /// In a variable of the environment.
    Variable(&'a str),
    /// In a file of the folder of secrets.
    File(&'a str),
}

impl<'a> KeyPlace<'a> {
    /// The place that a reference names (`env:NAME` or `file:NAME`); a bare name is a variable's.
    fn of(reference: &'a str) -> Self {
        match reference.split_once(':') {
            Some(("file", name)) => Self::File(name),
            Some((_, name)) => Self::Variable(name),
            None => Self::Variable(reference),
        }
    }
}

/// What is wrong with a route table for a server: all faults at once. No provider is asked.
pub fn check(table: &Value) -> Result<(), Vec<Fault>> {
    let mut faults = own_faults(table);
    if let Err(more) = read(table, Origin::User, Keys::Unneeded, &|_| None) {
        faults.extend(more);
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

/// What a server refuses beside: keys, and models whose price nobody knows.
fn own_faults(table: &Value) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut fault = |code, place: String, what: &str, hint: &str| {
        faults.push(Fault { code, place, what: what.to_owned(), hint: hint.to_owned() });
    };
    let lies = "set `model.PROVIDER.api_key_ref` to env:NAME or file:NAME";
    for (name, provider) in entries(table) {
        let place = format!("models.provider.{name}");
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(plain) {
            fault("MODELS_PROVIDER", place.clone(), "no name of a provider", "use letters, digits and _");
        }
        for field in ["key-env", "key_env", "api_key", "api-key", "api_key_ref", "headers"] {
            if provider.get(field).is_some() {
                fault("MODELS_RAW_KEY", format!("{place}.{field}"), "keys are no part of the table", lies);
            }
        }
    }
    for (rank, route) in table["route"].as_array().into_iter().flatten().enumerate() {
        if route["unpriced"] == true {
            let (what, hint) = ("nobody would know what to charge", "give the route a `price`");
            fault("MODELS_NO_PRICE", format!("models.route[{rank}]"), what, hint);
        }
    }
    if serde_json::to_string_pretty(table).is_ok_and(|text| holds_secret(&text)) {
        fault("MODELS_RAW_KEY", "models".to_owned(), "something in it looks like a key", lies);
    }
    faults
}

fn entries(table: &Value) -> impl Iterator<Item = (&String, &Value)> {
    table["provider"].as_object().into_iter().flatten()
}

/// The table with the keys that can be found now. A route without its key serves nobody.
fn with_keys(table: &Value, places: &BTreeMap<String, String>, models: &Models) -> Result<RouteTable, Vec<Fault>> {
    let mut table = table.clone();
    let built_in = ["anthropic", "openai", "gemini"];
    let named: BTreeSet<String> = entries(&table).map(|(name, _)| name.clone()).collect();
    if let Some(fields) = table.as_object_mut() {
        let providers = fields.entry("provider").or_insert_with(|| Map::new().into());
        for (name, place) in
            places.iter().filter(|(name, _)| named.contains(*name) || built_in.contains(&name.as_str()))
        {
            providers[name]["key-env"] = json!(place);
        }
    }
    let key = |name: &str| match name {
        ENV_TABLE | ENV_OFF => None,
        _ => (models.keys)(KeyPlace::of(name)),
    };
    let mut read = read(&table, Origin::User, Keys::Unneeded, &key)?;
    let providers = &read.providers;
    let has_key = |provider: &String| {
        providers.get(provider).is_some_and(|provider| provider.key.is_some() || provider.key_env.is_none())
    };
    let open: Vec<_> = read.routes.iter().filter(|route| has_key(&route.provider)).cloned().collect();
    read.routes = open;
    Ok(read)
}

/// What a job may use of the table as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Routes {
    /// The version of the table; none where there is no table.
    pub(crate) version: Option<i32>,
    /// The routes of the classes that the tier has.
    pub(crate) routes: BTreeMap<ModelClass, Route>,
}

/// What a job that starts now may use.
pub(crate) async fn routes_at_start(
    state: &AppState,
    connection: &mut Connection,
    tier: Tier,
) -> Result<Routes, ApiError> {
    let Some(now) = configs::setting(connection, configs::ROUTE_TABLE).await? else {
        return Ok(Routes { version: None, routes: BTreeMap::new() });
    };
    let places = configs::key_refs(connection).await?;
    let mut routes = readable(with_keys(&now.value, &places, &state.models)).map(|table| table.snapshot());
    if let Some(routes) = &mut routes {
        routes.retain(|class, _| *class <= tier.grant().strongest);
    }
    Ok(Routes { version: Some(now.version), routes: routes.unwrap_or_default() })
}

/// A table that was checked before it was written should be readable; where it is not, nobody is served.
fn readable(read: Result<RouteTable, Vec<Fault>>) -> Option<RouteTable> {
    read.map_err(|faults| {
        let codes: Vec<String> = faults.iter().map(|fault| format!("{} {}", fault.code, fault.place)).collect();
        tracing::error!(faults = codes.join(", "), "the route table cannot be read");
    })
    .ok()
}

/// The router of a job, by the table that it was started with and with keys and switches of this moment; nothing where it has none.
pub(super) async fn router(
    state: &AppState,
    connection: &mut Connection,
    job: Uuid,
) -> Result<Option<Arc<Router>>, ApiError> {
    let Some(version) = jobs::route_table(connection, job).await? else { return Ok(None) };
    let Some(table) = configs::at_version(connection, configs::ROUTE_TABLE, version).await? else { return Ok(None) };
    let places = configs::key_refs(connection).await?;
    let Some(mut table) = readable(with_keys(&table, &places, &state.models)) else { return Ok(None) };
    table.off = off(connection).await?;
    let router = state.models.router_of(version, table)?;
    Ok(Some(router))
}

/// What is switched off now.
pub(super) async fn off(connection: &mut Connection) -> Result<Off, ApiError> {
    if switches::is_all_stopped(connection).await? {
        return Ok(Off { all: true, ..Off::default() });
    }
    let now = configs::setting(connection, configs::ROUTE_TABLE).await?;
    let off = now.map(|now| now.value["off"].clone()).filter(|off| !off.is_null());
    // What cannot be read stops everything rather than nothing.
    let unread = || Off { all: true, ..Off::default() };
    Ok(off.map_or_else(Off::default, |off| serde_json::from_value(off).unwrap_or_else(|_| unread())))
}

impl Models {
    /// The router of a version. A key that has changed makes a new one.
    fn router_of(&self, version: i32, table: RouteTable) -> Result<Arc<Router>, ApiError> {
        let mut routers = self.routers.lock().unwrap_or_else(PoisonError::into_inner);
        let known = routers.get(&version).filter(|known| {
            let own = known.table();
            (&own.providers, &own.routes) == (&table.providers, &table.routes)
        });
        if let Some(known) = known {
            known.switch(table.off);
            return Ok(Arc::clone(known));
        }
        let router = Arc::new(Router::live(table).map_err(|fault| ApiError::internal(&fault))?);
        routers.insert(version, Arc::clone(&router));
        while routers.len() > VERSIONS {
            routers.pop_first();
        }
        Ok(router)
    }
}

/// The terms of the classes that the job may use for an effect.
pub(crate) async fn tariffs(
    state: &AppState,
    connection: &mut Connection,
    id: Uuid,
    job: &Job,
    effect: &Effect,
) -> Result<BTreeMap<ModelClass, Tariff>, ApiError> {
    let Some(stage) = stage_of(job, effect) else { return Ok(BTreeMap::new()) };
    let entitlement: &Entitlement = &job.entitlement;
    let router = router(state, connection, id).await?;
    Ok(router.map(|router| router.tariffs(entitlement, stage)).unwrap_or_default())
}
