use serde_json::json;

use super::*;
use crate::config::Fault;

const KEYS: [(&str, &str); 3] = [("ANTHROPIC_API_KEY", "sk-ant"), ("OPENAI_API_KEY", "sk-oai"), ("MINE", "sk-mine")];

fn read_with(toml: &str, origin: Origin, more: &[(&str, &str)]) -> Result<RouteTable, Vec<Fault>> {
    let settings: Value = toml::from_str(toml).unwrap();
    let variable = |name: &str| {
        let found = KEYS.iter().chain(more).find(|(key, _)| *key == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    read(&settings, origin, Keys::Needed, &variable)
}

fn codes(toml: &str, origin: Origin, more: &[(&str, &str)]) -> Vec<(&'static str, String)> {
    let faults = read_with(toml, origin, more).unwrap_err();
    faults.into_iter().map(|fault| (fault.code, fault.place)).collect()
}

const GOOD: &str = r#"
[[route]]
class = "L1"
provider = "anthropic"
model = "claude-sonnet-4-5"
[[route]]
class = "L1"
provider = "openai"
model = "gpt-5"
[[route]]
class = "L2"
provider = "local"
model = "coder"
context-tokens = 32000
price = { input = 0.5, output = 1.25 }
[provider.local]
kind = "openai-compatible"
base-url = "http://127.0.0.1:8080/v1/"
"#;

#[test]
fn a_table_has_its_routes_in_order_with_prices_and_caps() {
    let table = read_with(GOOD, Origin::User, &[]).unwrap();
    let l1: Vec<String> = table.routes_for(Stage::Spec, ModelClass::L1).map(|route| route.name().0).collect();
    assert_eq!(l1, ["anthropic/claude-sonnet-4-5", "openai/gpt-5"]);
    let local = table.routes_for(Stage::Repair, ModelClass::L2).next().unwrap();
    let price = Price { input: 500_000, output: 1_250_000, ..Price::default() };
    assert_eq!(local.pricing, Pricing::Known(ModelPrice::flat(price)));
    assert_eq!((local.context_tokens, local.output_tokens), (Some(32_000), 5_000));
    assert_eq!(table.providers["local"].base_url, "http://127.0.0.1:8080/v1");
    assert_eq!(table.routes[0].output_tokens, 30_000);
    assert_eq!(table.routes_for(Stage::Spec, ModelClass::L2).count(), 0);
}

#[test]
fn the_snapshot_of_a_class_is_at_the_dearest_of_its_routes() {
    let snapshot = read_with(GOOD, Origin::User, &[]).unwrap().snapshot();
    let first = &snapshot[&ModelClass::L1];
    // An hour's cache write of Sonnet at 6 dollars, and an answer of Sonnet at 15.
    let credits = iama_job::MilliCredits::credits;
    assert_eq!((first.price.input_per_mtok, first.price.output_per_mtok), (credits(600), credits(1_500)));
    assert_eq!((first.name.0.as_str(), first.output_tokens), ("anthropic/claude-sonnet-4-5", 30_000));
}

#[test]
fn every_fault_is_told_at_once() {
    let faulty = r#"
        colour = "blue"
        [[route]]
        class = "L0"
        provider = "nobody"
        model = "m"
        [[route]]
        class = "L2"
        provider = "gemini"
        model = "gemini-of-tomorrow"
        stages = ["spec"]
        [[route]]
        class = "L4"
        provider = "openai"
        model = "gpt-5"
        [provider.far]
        kind = "openai"
        base-url = "http://models.example/v1"
        [provider.odd]
        base-url = "ftp://models.example"
        kind = "gemini"
        [provider.short]
        kind = "gemini"
        [off]
        providers = ["opena1"]
    "#;
    let told = codes(faulty, Origin::User, &[]);
    let told: Vec<(&str, &str)> = told.iter().map(|(code, place)| (*code, place.as_str())).collect();
    assert_eq!(
        told,
        [
            ("MODELS_UNKNOWN", "models.colour"),
            ("MODELS_PLAIN_HTTP", "models.provider.far.base-url"),
            ("MODELS_URL", "models.provider.odd.base-url"),
            ("MODELS_PROVIDER", "models.provider.short"),
            ("MODELS_CLASS", "models.route[0]"),
            ("MODELS_NO_PROVIDER", "models.route[0].provider"),
            ("MODELS_NO_PRICE", "models.route[0]"),
            ("MODELS_STAGE", "models.route[1].stages"),
            ("MODELS_NO_KEY", "models.route[1]"),
            ("MODELS_NO_PRICE", "models.route[1]"),
            ("MODELS_ENTRY", "models.route[2]"),
            ("MODELS_OFF", "models.off"),
        ]
    );
}

#[test]
fn a_project_chooses_models_but_not_where_keys_are_sent() {
    let stolen = "[provider.anthropic]\nbase-url = \"https://collector.example\"";
    assert_eq!(codes(stolen, Origin::Project, &[])[0].0, "MODELS_UNTRUSTED");
    let named = "[provider.x]\nkind = \"openai\"\nbase-url = \"http://127.0.0.1:1\"\nkey-env = \"MINE\"";
    assert_eq!(codes(named, Origin::Project, &[])[0].0, "MODELS_UNTRUSTED");
    let local = "[provider.anthropic]\nbase-url = \"http://127.0.0.1:1\"";
    let table = read_with(local, Origin::Project, &[]).unwrap();
    assert_eq!(table.providers["anthropic"].key, None);
    assert_eq!(read_with(named, Origin::User, &[]).unwrap().providers["x"].key, Some(Key::new("sk-mine")));
}

#[test]
fn the_environment_replaces_the_table_and_switches_off() {
    let table = json!({"route": [{"class": "L1", "provider": "openai", "model": "gpt-5"}]}).to_string();
    let read = read_with(GOOD, Origin::Project, &[(ENV_TABLE, &table), (ENV_OFF, "l1, openai,openai/gpt-5")]).unwrap();
    assert_eq!(read.routes.len(), 1);
    assert_eq!(read.off.stops(&read.routes[0]), Some("L1".to_owned()));
    assert_eq!(read.off.providers, ["openai".to_owned()].into());
    assert_eq!(codes(GOOD, Origin::User, &[(ENV_TABLE, "{")])[0].0, "MODELS_JSON");
    assert_eq!(codes(GOOD, Origin::User, &[(ENV_OFF, "opnai")])[0].0, "MODELS_OFF");
}

#[test]
fn a_price_is_whole_microdollars_for_a_million_tokens() {
    assert_eq!([0.0, 3.0, 0.075, 0.000_001].map(picodollars), [Some(0), Some(3_000_000), Some(75_000), Some(1)]);
    assert_eq!([-1.0, f64::NAN, 0.000_000_1, 1e12].map(picodollars), [None; 4]);
}

#[test]
fn a_model_that_nobody_priced_has_to_be_marked() {
    let route = "[[route]]\nclass = \"L1\"\nprovider = \"openai\"\nmodel = \"mine\"\n";
    assert_eq!(codes(route, Origin::User, &[])[0].0, "MODELS_NO_PRICE");
    let marked = read_with(&format!("{route}unpriced = true"), Origin::User, &[]).unwrap();
    assert_eq!(marked.routes[0].pricing, Pricing::Unpriced);
}

#[test]
fn a_replay_needs_no_keys_and_a_name_is_no_path() {
    let route = |model: &str| json!({"route": [{"class": "L1", "provider": "gemini", "model": model}]});
    let none = |_: &str| None;
    assert!(read(&route("gemini-2.5-pro"), Origin::User, Keys::Unneeded, &none).is_ok());
    let faults = read(&route("gemini-2.5-pro?key=1"), Origin::User, Keys::Needed, &none).unwrap_err();
    let codes: Vec<&str> = faults.iter().map(|fault| fault.code).collect();
    assert_eq!(codes, ["MODELS_NO_KEY", "MODELS_MODEL", "MODELS_NO_PRICE"]);
}
