//! Jobs with a model: a provider in the test's own process answers by a script.

use std::path::Path;

use iama_model::fake::{Background, Fake, Reply, Seen, frames};
use serde_json::{Value, json};

use crate::world::{Shown, World};

const LIB: &str = "def greet(name):\n    return 'hi ' + name\n\ndef show(name):\n    print greet(name)\n";
const TEST: &str = "import unittest\nimport lib\n\nclass T(unittest.TestCase):\n    def test_greet(self):\n        self.assertEqual(lib.greet('a'), 'hi a')\n";
const MENDED: &str = "The statement became a function.\n\nlib.py\n<<<<<<< SEARCH\n    print greet(name)\n=======\n    print(greet(name))\n>>>>>>> REPLACE\n";

pub(crate) fn says(text: &str) -> Reply {
    Reply::stream(&frames::openai(&[text], "stop"))
}

/// A provider that gives these answers in turn, and the last one for ever.
fn provider(answers: &[&str]) -> Background {
    let answers: Vec<String> = answers.iter().map(|text| (*text).to_owned()).collect();
    let mut next = 0;
    Fake::in_background(move |_| {
        let answer = &answers[next.min(answers.len() - 1)];
        next += 1;
        says(answer)
    })
    .unwrap()
}

/// A table with these classes, all served by the provider.
fn table(provider: &Background, classes: &[&str]) -> String {
    let price = json!({"input": 1.0, "output": 2.0});
    let route = |class: &&str| json!({"class": class, "provider": "here", "model": "scripted", "price": price});
    let routes: Vec<Value> = classes.iter().map(route).collect();
    let here = json!({"kind": "openai-compatible", "base-url": format!("{}/v1", provider.url)});
    json!({"route": routes, "provider": {"here": here}}).to_string()
}

/// Changes the file with every answer and never mends it.
pub(crate) fn useless() -> impl FnMut(&Seen) -> Reply {
    let mut count = 0;
    move |_| {
        count += 1;
        let (old, new) = (count - 1, count);
        let search = if old == 0 { "def greet(name):\n".to_owned() } else { format!("def greet(name):  # {old}\n") };
        says(&format!("lib.py\n<<<<<<< SEARCH\n{search}=======\ndef greet(name):  # {new}\n>>>>>>> REPLACE\n"))
    }
}

fn project() -> World {
    World::new(&[("lib.py", LIB), ("test_lib.py", TEST)])
}

fn run(world: &World, table: &str, arguments: &[&str]) -> Shown {
    world.iama_where(&[("IAMA_LLM_ROUTE_TABLE", Path::new(table))], arguments)
}

fn refactor(world: &World, table: &str, more: &[&str]) -> Shown {
    let arguments: Vec<&str> =
        ["refactor", ".", "--yes", "--json", "--no-recipes"].iter().chain(more).copied().collect();
    run(world, table, &arguments)
}

#[test]
fn a_model_mends_what_recipes_left_and_a_bad_edit_is_asked_for_again_with_the_real_lines() {
    let bad = MENDED.replace("    print greet(name)", "    print greet(names)");
    let (world, provider) = (project(), provider(&[&bad, MENDED]));
    let shown = refactor(&world, &table(&provider, &["L1"]), &[]);
    let result = shown.json();
    assert_eq!((shown.code, &result["state"]), (0, &Value::from("DELIVERED")), "{}", shown.err);
    let seen = provider.seen();
    assert_eq!(seen.len(), 2);
    let first = seen[0].texts();
    for part in
        ["# What failed", "SyntaxError", ": lib.py (whole file; to be changed) ---", "print greet(name)", "test_lib.py"]
    {
        assert!(first.contains(part), "{part}: {first}");
    }
    assert!(seen[1].texts().contains("The most similar lines of the file"), "{}", seen[1].texts());
    let evidence: Value = serde_json::from_slice(&std::fs::read(world.job().join("evidence.json")).unwrap()).unwrap();
    let author = json!([{"by": "model", "ordinal": 5, "class": "L1", "route": "here/scripted"}]);
    assert_eq!(evidence["files"][0]["hunks"][0]["authors"], author);
    assert_eq!((&evidence["models"]["calls"], &evidence["privacy"]["model_requests"]), (&json!(2), &json!(2)));
    assert!(std::fs::read_to_string(world.job().join("report.html")).unwrap().contains("written by a model"));
    assert_eq!(world.iama(&["apply"]).code, 0);
    assert_eq!(world.read("lib.py"), LIB.replace("print greet(name)", "print(greet(name))"));
}

#[test]
fn lines_that_an_objection_quotes_hold_no_secret() {
    let key = format!("AKIA{}", "Q3EGRJ5VXK2DT7MZ");
    let lib = LIB.replace("    print", &format!("    key = '{key}'\n    print"));
    let world = World::new(&[("lib.py", &lib), ("test_lib.py", TEST)]);
    let bad = MENDED.replace("    print greet(name)", "    print greet(names)");
    let provider = provider(&[&bad, MENDED]);
    let shown = refactor(&world, &table(&provider, &["L1"]), &[]);
    assert_eq!(shown.code, 0, "{}", shown.err);
    let seen = provider.seen();
    let again = seen[1].texts();
    let (_, quoted) = again.split_once("The most similar lines of the file").unwrap();
    assert!(quoted.contains("key = '") && !seen.iter().any(|seen| seen.texts().contains(&key)), "{quoted}");
}

#[test]
fn three_identical_failures_call_a_person_who_can_help() {
    let (world, provider) = (project(), Fake::in_background(useless()).unwrap());
    let table = table(&provider, &["L1"]);
    let shown = refactor(&world, &table, &[]);
    assert_eq!((shown.code, shown.error()), (3, "DECISION_NEEDED"), "{}", shown.err);
    assert_eq!(provider.seen().len(), 3);
    assert!(shown.err.contains("3 times in a row") && shown.err.contains("SyntaxError"), "{}", shown.err);
    let job = world.job().file_name().unwrap().to_str().unwrap().to_owned();
    let listed = run(&world, &table, &["jobs", "decide", &job, "--json"]).json();
    let words: Vec<&str> = listed["situation"]["choices"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|choice| choice["word"].as_str())
        .collect();
    assert_eq!(words, ["intervene", "continue-repair", "waive-seal", "edit-spec", "cancel"]);
    assert_eq!(
        listed["situation"]["choices"][2]["names"],
        json!(["test_lib.py"]),
        "what is sealed can be waived by name"
    );
    let refused = run(&world, &table, &["jobs", "decide", &job, "waive-seal", "--test", "lib.py"]);
    assert_eq!((refused.code, refused.error()), (2, "TEST_UNKNOWN"), "{}", refused.err);
    let idle = run(&world, &table, &["jobs", "decide", &job, "intervene", "--yes"]);
    assert_eq!((idle.code, idle.error()), (3, "DECISION_NEEDED"), "{}", idle.err);
    let copy = world.job().join("work").join("lib.py");
    std::fs::write(copy, LIB.replace("print greet(name)", "print(greet(name))")).unwrap();
    let done = run(&world, &table, &["jobs", "decide", &job, "run-tests", "--yes", "--json"]);
    assert_eq!((done.code, &done.json()["state"]), (0, &Value::from("DELIVERED")), "{}", done.err);
    assert_eq!(world.iama(&["apply"]).code, 0);
    assert_eq!(world.read("lib.py"), LIB.replace("print greet(name)", "print(greet(name))"));
}

#[test]
fn a_fallback_offers_what_can_be_done_and_a_report_names_nothing_of_the_project() {
    let (world, provider) = (project(), provider(&["There is nothing to do."]));
    let table = table(&provider, &["L1"]);
    let shown = refactor(&world, &table, &[]);
    assert_eq!((shown.code, &shown.json()["state"]), (1, &Value::from("FALLBACK_REQUIRED")), "{}", shown.err);
    assert_eq!(provider.seen().len(), 6, "three attempts, each asked once more");
    let job = world.job().file_name().unwrap().to_str().unwrap().to_owned();
    let listed = run(&world, &table, &["jobs", "decide", &job, "--json"]).json();
    let words: Vec<&str> = listed["situation"]["choices"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|choice| choice["word"].as_str())
        .collect();
    assert_eq!(words, ["intervene", "edit-spec", "report-issue", "waive-seal", "cancel"]);
    let refused = run(&world, &table, &["jobs", "decide", &job, "retry-stronger-model"]);
    assert_eq!((refused.code, refused.error()), (2, "NO_MODEL_CONFIGURED"), "{}", refused.err);
    run(&world, &table, &["jobs", "decide", &job, "report-issue", "--yes"]);
    let issue = std::fs::read_to_string(world.job().join("issue.md")).unwrap();
    assert!(issue.contains("of SyntaxError") && issue.contains("no model is configured for the class"), "{issue}");
    assert!(!issue.contains("lib") && !issue.contains("greet"), "{issue}");
}

#[test]
fn the_cap_of_money_stops_a_job_cleanly_before_it_would_be_passed() {
    let (world, provider) = (project(), provider(&[MENDED]));
    let shown = refactor(&world, &table(&provider, &["L1"]), &["--max-cost", "0.001"]);
    assert_eq!((shown.code, &shown.json()["state"]), (1, &Value::from("FALLBACK_REQUIRED")), "{}", shown.err);
    assert!(provider.seen().is_empty());
}

#[test]
fn a_confirmed_price_is_a_cap_of_its_own_and_reaching_it_gives_the_job_back() {
    let mut cheap = useless();
    let both = move |seen: &Seen| {
        if seen.body["model"] != "dear" {
            return cheap(seen);
        }
        let frames = frames::openai(&["There is nothing to do."], "stop");
        let frames: Vec<String> = frames.iter().map(|frame| frame.replace("2311", "2000000")).collect();
        Reply::stream(&frames)
    };
    let (world, provider) = (project(), Fake::in_background(both).unwrap());
    let price = json!({"input": 1.0, "output": 2.0});
    let route = |class: &str, model: &str| json!({"class": class, "provider": "here", "model": model, "price": price});
    let here = json!({"kind": "openai-compatible", "base-url": format!("{}/v1", provider.url)});
    let table = json!({"route": [route("L1", "cheap"), route("L3", "dear")], "provider": {"here": here}}).to_string();
    assert_eq!(refactor(&world, &table, &[]).code, 3);
    let job = world.job().file_name().unwrap().to_str().unwrap().to_owned();
    let offered = run(&world, &table, &["jobs", "decide", &job, "deep-fix"]);
    assert_eq!((offered.code, offered.error()), (3, "DECISION_NEEDED"), "{}", offered.err);
    assert!(offered.err.contains("L3 would cost at most $0."), "{}", offered.err);
    let listed = run(&world, &table, &["jobs", "decide", &job, "--json"]).json();
    let choices = listed["situation"]["choices"].as_array().unwrap();
    let confirm = choices.iter().find(|choice| choice["word"] == "confirm-deep-fix").unwrap();
    let quote = confirm["with"][0].as_str().unwrap().strip_prefix("--quote ").unwrap().to_owned();
    let before = provider.seen().len();
    let done = run(&world, &table, &["jobs", "decide", &job, "confirm-deep-fix", "--quote", &quote, "--yes", "--json"]);
    assert_eq!((done.code, &done.json()["reason"]), (1, &Value::from("CREDITS_EXHAUSTED")), "{}", done.err);
    assert_eq!(provider.seen().len(), before + 1, "the second answer could have cost more than was confirmed");
    let told = run(&world, &table, &["jobs", "show", &job]);
    for part in ["one more call could cost more than you allowed", "that were confirmed, $2.0"] {
        assert!(told.out.contains(part), "{part}: {}", told.out);
    }
}

#[test]
fn a_recording_gives_the_same_patch_without_a_network() {
    let (world, provider) = (project(), provider(&[MENDED]));
    let folder = world.root().parent().unwrap().join("tape");
    let folder = folder.to_str().unwrap();
    let shown = refactor(&world, &table(&provider, &["L1"]), &["--record", folder]);
    assert_eq!(shown.code, 0, "{}", shown.err);
    let again = project();
    let shown = again.iama(&["refactor", ".", "--yes", "--json", "--no-recipes", "--replay", folder]);
    assert_eq!(shown.code, 0, "{}", shown.err);
    assert_eq!(provider.seen().len(), 1);
    let patch = |world: &World| std::fs::read_to_string(world.job().join("patch.json")).unwrap();
    assert_eq!(patch(&world), patch(&again));
}
