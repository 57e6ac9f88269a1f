//! Jobs of a server: the program as its user starts it, against the API as it is, with a database.

mod api;

use std::path::Path;

use iama_model::fake::{Background, Fake, Reply, frames};
use serde_json::{Value, json};

use self::api::Api;
use crate::world::{Shown, World};

const FILES: &[(&str, &str)] = &[
    ("lib.py", "def greet(name):\n    return 'hi ' + name\n\ndef show(name):\n    print greet(name)\n"),
    (
        "test_lib.py",
        "import unittest\nimport lib\n\nclass T(unittest.TestCase):\n    def test_greet(self):\n        self.assertEqual(lib.greet('a'), 'hi a')\n",
    ),
];

/// A project that can be gone back to.
fn project() -> World {
    let world = World::new(FILES);
    world.git(&["init", "-q"]);
    world.git(&["add", "."]);
    world.git(&["commit", "-qm", "first"]);
    world
}

fn iama(world: &World, api: &Api, arguments: &[&str]) -> Shown {
    let settings = api.settings();
    let variables =
        [("XDG_CONFIG_HOME", settings.as_path()), ("DOCKER_HOST", Path::new("unix:///nowhere/docker.sock"))];
    world.iama_where(&variables, arguments)
}

/// A job to its end; nothing where runs cannot be closed off.
fn migrated(world: &World, api: &Api) -> Option<(Shown, String)> {
    let shown = iama(world, api, &["refactor", ".", "--yes", "--json", "--no-models", "--server", &api.url]);
    if shown.error() == "ISOLATION_MISSING" {
        eprintln!("not run: nothing closes runs off here");
        return None;
    }
    assert_eq!(shown.code, 0, "{}", shown.err);
    let job = shown.json()["job"].as_str().unwrap().to_owned();
    assert_eq!(api.get(&format!("/jobs/{job}"))["place"], Value::from("DELIVERED.ready"));
    Some((shown, job))
}

#[test]
fn what_iama_shows_its_user_is_on_the_stream_of_the_job() {
    let (world, api) = (project(), Api::start("FREE"));
    let Some((shown, job)) = migrated(&world, &api) else { return };
    let lines = api.lines(&job);
    for line in [
        "looking at the workspace",
        "running the tests on the legacy code",
        "passed  test_lib.py::T::test_greet",
        "1 test, 0 not passing",
        "running the tests on the result",
    ] {
        assert!(lines.iter().any(|told| told == line), "{line}: {lines:?}");
    }
    // Each of them was shown here, and nothing of the project is in any.
    let own = lines.iter().filter(|line| !line.starts_with("passed"));
    own.for_each(|line| assert!(shown.err.contains(line.as_str()), "{line}: {}", shown.err));
    assert!(!lines.concat().contains("greet(") && !lines.concat().contains("hi "), "{lines:?}");
    assert!(!shown.err.contains("the job's stream misses"), "{}", shown.err);
    let applied = iama(&world, &api, &["apply", "--file", "lib.py"]);
    assert_eq!(applied.code, 0, "{}", applied.err);
    let more = api.lines(&job);
    assert!(more[lines.len()..].contains(&"testing the chosen part on its own".to_owned()), "{more:?}");
}

#[test]
fn lines_that_a_server_refuses_are_dropped_with_one_warning_and_the_job_goes_on() {
    let (world, api) = (project(), Api::start("FREE"));
    api.refuse_lines(usize::MAX);
    let Some((shown, job)) = migrated(&world, &api) else { return };
    assert_eq!(api.lines(&job), [""; 0]);
    assert_eq!(shown.err.matches("the job's stream misses").count(), 1, "{}", shown.err);
    assert!(shown.err.contains("of no use here [CLIENT_NOT_BOUND]; the job goes on"), "{}", shown.err);
}

const SAID: &str = "Printing is to be called printing.";

/// A provider whose model changes the first item of design, and wants to change a rule.
fn provider() -> Background {
    let change = |action: &str, id: &str, text: &str| json!({"action": action, "id": id, "kind": null, "text": text, "given": null, "when": null, "then": null});
    let changes = [change("remove", "SEAL", ""), change("change", "S1", "Rewrite printing.")];
    let answer = json!({"say": "Said so.", "changes": changes}).to_string();
    Fake::in_background(move |_| Reply::stream(&frames::openai(&[&answer], "stop"))).unwrap()
}

/// The texts of the first item of design and the revision, as the server has them.
fn spec(api: &Api, job: &str) -> (u64, String, Value) {
    let spec = api.get(&format!("/jobs/{job}/spec"));
    let items = spec["items"].as_array().unwrap();
    let first = items.iter().find(|item| item["id"] == "S1").unwrap()["text"].as_str().unwrap().to_owned();
    let author = spec["revisions"].as_array().unwrap().last().unwrap()["author"].clone();
    (spec["revision"].as_u64().unwrap(), first, author)
}

fn only_job(world: &World) -> String {
    world.job().file_name().unwrap().to_string_lossy().into_owned()
}

#[test]
fn a_script_sees_what_becomes_of_the_spec_by_words_before_it_takes_it() {
    let (world, api, provider) = (project(), Api::start("PLUS"), provider());
    api.serve_models(&provider.url);
    let waits = iama(&world, &api, &["refactor", ".", "--strategy", "standard", "--server", &api.url]);
    assert_eq!((waits.code, waits.error()), (3, "DECISION_NEEDED"), "{}", waits.err);
    let job = only_job(&world);
    let before = spec(&api, &job);
    let shown = iama(&world, &api, &["jobs", "spec", "--words", SAID, "--json"]);
    assert_eq!(shown.code, 0, "{}", shown.err);
    let shown = shown.json();
    assert_eq!((&shown["says"], shown["refused"].as_array().unwrap().len()), (&json!("Said so."), 1), "{shown}");
    assert_eq!(shown["changes"]["changed"][0][1]["text"], "Rewrite printing.");
    assert_eq!(spec(&api, &job), before, "nothing was changed");
    let seen = provider.seen();
    assert!(seen.len() == 1 && seen[0].body["model"] == "stronger" && seen[0].texts().contains(SAID), "{seen:?}");
    let taken = iama(&world, &api, &["jobs", "spec", "--words", SAID, "--take", "--json"]);
    assert_eq!((taken.code, &taken.json()["revision"]), (0, &json!(2)), "{}", taken.err);
    assert_eq!(spec(&api, &job), (2, "Rewrite printing.".to_owned(), json!("WORDS")));
    assert_eq!(provider.seen().len(), 1, "the same words are asked about once");
    let key = format!("Use AKIA{}.", "Q3EGRJ5VXK2DT7MZ");
    assert_eq!(iama(&world, &api, &["jobs", "spec", "--words", &key]).error(), "WORDS_SECRET");
}

#[test]
fn a_script_is_told_that_its_tier_has_no_model_for_words() {
    let (world, api, provider) = (project(), Api::start("FREE"), provider());
    api.serve_models(&provider.url);
    let waits = iama(&world, &api, &["refactor", ".", "--strategy", "standard", "--server", &api.url]);
    assert_eq!(waits.error(), "DECISION_NEEDED", "{}", waits.err);
    let refused = iama(&world, &api, &["jobs", "spec", "--words", SAID]);
    assert_eq!((refused.code, refused.error()), (2, "ENTITLEMENT_DENIED"), "{}", refused.err);
    assert!(refused.err.contains("PLUS"), "{}", refused.err);
    assert_eq!(provider.seen().len(), 0);
}

#[cfg(target_os = "linux")]
mod at_a_terminal {
    use super::*;

    fn at_terminal(world: &World, api: &Api, answers: &[(&str, &str)]) -> Option<Shown> {
        let (settings, state) = (api.settings(), tempfile::tempdir().unwrap());
        let variables = [
            ("XDG_CONFIG_HOME", settings.as_path()),
            ("XDG_STATE_HOME", state.path()),
            ("DOCKER_HOST", Path::new("unix:///nowhere/docker.sock")),
            ("NO_COLOR", Path::new("1")),
        ];
        let shown = world.iama_at_terminal(
            &variables,
            &format!("refactor . --strategy standard --server {}", api.url),
            answers,
        );
        if shown.is_none() {
            eprintln!("not run: there is no `script` to make a terminal");
        }
        shown
    }

    #[test]
    fn words_are_shown_as_a_change_with_their_price_and_taken_or_dropped() {
        let (world, api, provider) = (project(), Api::start("PLUS"), provider());
        api.serve_models(&provider.url);
        let (prompt, said) = ("[yes / no / edit / words …]", format!("words {SAID}\n"));
        let question = "Shall the spec be changed like this";
        let answers =
            [(prompt, said.as_str()), (question, "no\n"), (prompt, &said), (question, "yes\n"), (prompt, "\x03")];
        let Some(shown) = at_terminal(&world, &api, &answers) else { return };
        for told in [
            "`words …` asks a model (L2)",
            "the model says: Said so.",
            "not done:",
            "+ S1     Rewrite printing.",
            "% of this month's allowance at most",
        ] {
            assert!(shown.err.contains(told), "{told}: {}", shown.err);
        }
        assert_eq!(provider.seen().len(), 1, "{}", shown.err);
        assert_eq!(spec(&api, &only_job(&world)), (2, "Rewrite printing.".to_owned(), json!("WORDS")));
        assert!(world.read_job("spec.json").contains("Rewrite printing."));
    }

    #[test]
    fn who_has_no_such_model_is_told_which_tier_has_and_asked_on() {
        let (world, api, provider) = (project(), Api::start("FREE"), provider());
        api.serve_models(&provider.url);
        let prompt = "[yes / no / edit]";
        let answers = [(prompt, "words Call it printing\n"), (prompt, "no\n")];
        let Some(shown) = at_terminal(&world, &api, &answers) else { return };
        assert_eq!(shown.err.matches("class L2, which PLUS has and FREE has not").count(), 2, "{}", shown.err);
        assert_eq!(api.get(&format!("/jobs/{}", only_job(&world)))["status"], "FAILED");
        assert_eq!(provider.seen().len(), 0);
    }

    #[test]
    fn a_model_that_is_down_changes_nothing_and_the_question_stands() {
        let (world, api) = (project(), Api::start("PLUS"));
        let down = Fake::in_background(|_| Reply::refusal(401, "{}")).unwrap();
        api.serve_models(&down.url);
        let prompt = "[yes / no / edit / words …]";
        let answers = [(prompt, "words Call it printing\n"), (prompt, "no\n")];
        let Some(shown) = at_terminal(&world, &api, &answers) else { return };
        assert!(shown.err.contains("no change:") && shown.err.contains("[MODEL_UNAVAILABLE]"), "{}", shown.err);
        assert_eq!(spec(&api, &only_job(&world)).0, 1);
    }
}
