//! Jobs of a server: the program as its user starts it, against the API as it is, with a database.

mod api;

use std::path::Path;

use serde_json::Value;

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
