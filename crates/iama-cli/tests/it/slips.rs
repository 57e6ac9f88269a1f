//! What is refused before a job is made leaves nothing behind, and readers and cleaners keep to what they may touch.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::world::World;

const SOURCE: &str = "import sys\ndef limit():\n    return sys.maxint.bit_length()\n";

fn nothing_is_left(world: &World, arguments: &[&str], code: &str) {
    let shown = world.iama(arguments);
    assert_eq!((shown.code, shown.error()), (2, code), "{}", shown.err);
    assert!(shown.err.contains("hint: "), "{}", shown.err);
    assert!(!world.root().join(".iama").exists(), "{arguments:?}");
}

#[test]
fn a_slip_leaves_nothing_behind() {
    let world = World::new(&[("lib.py", SOURCE)]);
    fs::create_dir(world.root().join("empty")).unwrap();
    let check = |arguments: &[&str], code: &str| nothing_is_left(&world, arguments, code);
    check(&["refactor", ".", "--yes", "--exclude", "a["], "PATH_INVALID");
    check(&["refactor", ".", "--yes", "--test", "test_none.py"], "TEST_UNKNOWN");
    check(&["refactor", ".", "--yes", "--test", "../project/lib.py/../../elsewhere.py"], "TEST_UNKNOWN");
    check(&["refactor", ".", "--yes", "--python", "/no/such/python"], "INTERPRETER_INVALID");
    check(&["refactor", ".", "--yes", "--legacy-python", "lib.py"], "INTERPRETER_INVALID");
    check(&["refactor", ".", "--yes", "--out", "lib.py/out"], "CANNOT_WRITE");
    check(&["refactor", "empty", "--yes"], "NOTHING_TO_DO");
    assert!(!world.root().join("empty/.iama").exists());
}

#[test]
fn a_job_that_finds_nothing_leaves_the_jobs_before_it() {
    let world = World::new(&[("lib.py", SOURCE)]);
    assert_eq!(world.iama(&["refactor", "."]).error(), "DECISION_NEEDED");
    let before = world.job();
    assert_eq!(world.iama(&["refactor", ".", "--yes", "--exclude", "**"]).error(), "NOTHING_TO_DO");
    assert_eq!(world.job(), before);
}

#[test]
fn a_busy_project_gets_no_second_job() {
    let world = World::new(&[("lib.py", SOURCE)]);
    assert_eq!(world.iama(&["refactor", "."]).error(), "DECISION_NEEDED");
    let lock = fs::File::options().write(true).open(world.root().join(".iama/lock")).unwrap();
    lock.lock().unwrap();
    let shown = world.iama(&["refactor", ".", "--yes"]);
    assert_eq!((shown.code, shown.error()), (2, "PROJECT_BUSY"));
    world.job();
}

#[test]
fn an_interpreter_of_another_version_than_the_target_is_refused() {
    let world = World::new(&[("lib.py", SOURCE)]);
    let found = world.iama(&["doctor", "--json"]).json();
    let Some(target) = found["targets"].as_array().unwrap().first().cloned() else {
        eprintln!("not run: no Python 3 was found");
        return;
    };
    let other = if target["version"]["minor"] == 8 { "3.9" } else { "3.8" };
    let path = target["path"].as_str().unwrap();
    nothing_is_left(&world, &["refactor", ".", "--yes", "--python", path, "--to", other], "PYTHON_MISMATCH");
    nothing_is_left(&world, &["refactor", ".", "--yes", "--legacy-python", path], "INTERPRETER_INVALID");
}

#[test]
fn times_that_no_run_can_take_are_bad_usage() {
    let world = World::new(&[("lib.py", SOURCE)]);
    for arguments in [["--test-timeout", "18446744073709551615"], ["--run-timeout", "0"]] {
        let shown = world.iama(&["refactor", ".", "--yes", arguments[0], arguments[1]]);
        assert_eq!(shown.code, 2, "{}", shown.err);
        assert!(shown.err.contains(&format!("'{} <SECONDS>'", arguments[0])), "{}", shown.err);
    }
}

#[test]
fn without_a_home_no_cache_is_made_in_the_project() {
    let world = World::new(&[("lib.py", SOURCE)]);
    for variables in [[].as_slice(), &[("HOME", Path::new(""))], &[("XDG_CACHE_HOME", Path::new("cache"))]] {
        let before = world.tree();
        let shown = world.iama_with_only(variables, &["refactor", ".", "--yes"]);
        assert_eq!((shown.code, shown.error()), (2, "CACHE_UNKNOWN"), "{}", shown.err);
        assert_eq!(world.tree(), before);
    }
}

#[test]
fn a_damaged_journal_is_skipped_when_jobs_are_cleaned() {
    let world = World::new(&[("lib.py", SOURCE)]);
    assert_eq!(world.iama(&["refactor", "."]).error(), "DECISION_NEEDED");
    let damaged = world.job();
    assert_eq!(world.iama(&["refactor", "."]).error(), "DECISION_NEEDED");
    assert_eq!(world.iama(&["jobs", "cancel"]).code, 0);
    let cancelled = world.iama(&["jobs", "list", "--json"]).json()["jobs"][1]["job"].as_str().unwrap().to_owned();
    fs::write(damaged.join("journal.jsonl"), "nonsense\n").unwrap();
    let shown = world.iama(&["jobs", "clean", "--json"]);
    let name = damaged.file_name().unwrap().to_str().unwrap();
    let expected =
        json!({ "schema": "iama.clean/1", "removed": [format!(".iama/jobs/{cancelled}")], "skipped": [name] });
    assert_eq!((shown.code, shown.json()), (0, expected), "{}", shown.err);
    assert_eq!(world.job(), damaged);
}

#[test]
fn what_is_not_delivered_is_taken_with_partial_alone_and_stays_when_copies_are_cleaned() {
    let text = "import lib\ndef test_kind():\n    assert repr(u'a') == \"u'a'\"\ndef test_limit():\n    assert lib.limit() > 1\n";
    let world = World::new(&[("lib.py", SOURCE), ("test_lib.py", text), ("old.py", "print 1\n")]);
    let shown = world.iama(&["refactor", ".", "--yes", "--json"]);
    if shown.json()["verdict"] != "REGRESSIONS" {
        eprintln!("not run: no Python 2.7 was found");
        return;
    }
    assert_eq!(world.iama(&["apply"]).error(), "PARTIAL_ONLY");
    assert_eq!(world.iama(&["jobs", "clean"]).code, 0);
    let job = world.job();
    assert!(!job.join("work").exists() && job.join("partial.json").exists() && job.join("report.html").exists());
    let applied = world.iama(&["apply", "--partial", "--yes", "--json"]);
    assert_eq!((applied.code, &applied.json()["partial"]), (0, &Value::from("applied")), "{}", applied.err);
    assert!(world.read("lib.py").contains("sys.maxsize"));
    let reverted = world.iama(&["revert", "--json"]);
    assert_eq!((reverted.code, &reverted.json()["partial"]), (0, &Value::from("reverted")), "{}", reverted.err);
    assert_eq!(world.read("lib.py"), SOURCE);
}

#[cfg(target_os = "linux")]
#[test]
fn one_interrupt_ends_a_question_and_the_job_can_be_resumed() {
    let world = World::new(&[("lib.py", SOURCE)]);
    let Some(shown) = world.iama_at_terminal(&[], "refactor .", &[("[conservative / STANDARD", "\x03")]) else {
        eprintln!("not run: there is no `script` to make a terminal");
        return;
    };
    assert_eq!(shown.code, 130, "{}", shown.err);
    assert!(shown.err.contains("INTERRUPTED") && shown.err.contains("iama jobs resume"), "{}", shown.err);
    assert_eq!(world.iama(&["jobs", "list", "--json"]).json()["jobs"][0]["state"], "WAITING_STRATEGY.choosing");
}
