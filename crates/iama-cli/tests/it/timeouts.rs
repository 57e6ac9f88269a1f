//! Tests that run out of time before anything was rewritten.

use std::path::Path;

use serde_json::{Value, json};

use crate::world::{Shown, World};

const TEST: &str = "import time\nimport lib\n\ndef test_half():\n    assert lib.half(4) == 2\n\ndef test_wait():\n    time.sleep(600)\n";
const SLOW: &str = "test_lib.py::test_wait";

/// Leaves out what did not end: at a terminal, or where none can be had by a command.
fn leave_out(world: &World, job: &str) -> Shown {
    let variables = [("NO_COLOR", Path::new("1")), ("DOCKER_HOST", Path::new("unix:///nowhere/docker.sock"))];
    let answers = [("Which one?", "skip-or-quarantine-test\n"), ("Which tests?", "1\n")];
    let shown = world.iama_at_terminal(&variables, &format!("jobs resume {job}"), &answers);
    shown.unwrap_or_else(|| world.iama(&["jobs", "decide", job, "skip-or-quarantine-test", "--test", SLOW, "--yes"]))
}

#[test]
fn tests_that_do_not_end_on_the_old_code_can_be_left_out_by_name() {
    let world = World::new(&[("lib.py", "def half(n):\n    print n\n    return n / 2\n"), ("test_lib.py", TEST)]);
    world.git(&["init", "-q"]);
    world.git(&["add", "."]);
    world.git(&["commit", "-qm", "first"]);
    let shown = world.iama(&["refactor", ".", "--yes", "--run-timeout", "4"]);
    if shown.error() == "ISOLATION_MISSING" || shown.code == 0 {
        eprintln!("not run: nothing closes runs off here, or no Python 2.7 was found");
        return;
    }
    assert_eq!((shown.code, shown.error()), (3, "DECISION_NEEDED"), "{}", shown.err);
    assert!(shown.err.contains(&format!("did not end: {SLOW}")), "{}", shown.err);
    let job = world.job().file_name().unwrap().to_str().unwrap().to_owned();
    let listed = world.iama(&["jobs", "decide", &job, "--json"]).json();
    assert_eq!(listed["situation"]["code"], "TIMED_OUT");
    assert_eq!(listed["situation"]["choices"][1]["names"], json!([SLOW]));
    let rows = listed["situation"]["choices"].as_array().unwrap();
    let words: Vec<&str> = rows.iter().filter_map(|choice| choice["word"].as_str()).collect();
    assert_eq!(words, ["increase-timeout", "skip-or-quarantine-test", "edit-spec", "cancel"]);
    let refused = world.iama(&["jobs", "decide", &job, "skip-or-quarantine-test", "--test", "test_lib::nothing"]);
    assert_eq!((refused.code, refused.error()), (2, "TEST_UNKNOWN"), "{}", refused.err);
    let done = leave_out(&world, &job);
    assert_eq!(done.code, 0, "{}", done.err);
    let evidence: Value = serde_json::from_str(&world.read_job("evidence.json")).unwrap();
    assert_eq!(
        (&evidence["overrides"][0]["code"], &evidence["overrides"][0]["name"]),
        (&json!("QUARANTINE"), &json!(SLOW))
    );
    let unproven = evidence["unproven"].as_array().unwrap();
    assert!(unproven.iter().any(|row| row["symbol"] == "test_wait"), "{unproven:?}");
}
