//! `iama refactor`, `iama jobs`, `iama apply` and `iama revert`.

use std::fs;

use serde_json::Value;

use crate::world::World;

const SOURCE: &str = "def double(d):\n    return [v for k, v in sorted(d.iteritems())]\n\ndef show(x):\n    print x\n";
const TEST: &str = "import unittest\nimport lib\n\nclass T(unittest.TestCase):\n    def test_double(self):\n        self.assertEquals(lib.double({1: u'a', 2: u'b'}), [u'a', u'b'])\n    def test_old(self):\n        self.assertEqual(0777, 511)\n";

fn project() -> World {
    World::new(&[("lib.py", SOURCE), ("test_lib.py", TEST), ("notes.txt", "kept\n")])
}

fn refactor(world: &World, more: &[&str]) -> crate::world::Shown {
    let arguments: Vec<&str> = ["refactor", ".", "--yes", "--json"].iter().chain(more).copied().collect();
    world.iama(&arguments)
}

#[test]
fn a_project_is_migrated_tested_applied_and_taken_back() {
    let world = project();
    world.git(&["init", "-q"]);
    world.git(&["add", "."]);
    world.git(&["commit", "-qm", "first"]);
    let before = world.tree();
    let shown = refactor(&world, &[]);
    let result = shown.json();
    assert_eq!((shown.code, &result["state"]), (0, &Value::from("DELIVERED")), "{}", shown.err);
    assert_eq!(result["files_changed"], serde_json::json!(["lib.py", "test_lib.py"]));
    assert_eq!(result["tests"]["test_lib.py::T::test_double"]["result"], "passed");
    assert_eq!(world.tree(), before, "nothing of the project may change, .git included");
    assert_eq!(world.iama(&["apply"]).code, 0);
    assert!(world.read("lib.py").contains("d.items()") && world.read("lib.py").contains("print(x)"));
    assert!(world.read("test_lib.py").contains("0o777"));
    let applied = world.tree();
    assert_eq!(world.iama(&["apply"]).error(), "ALREADY_APPLIED");
    let refused = world.iama(&["apply", "--partial", "--yes"]);
    assert_eq!((refused.code, refused.error()), (2, "NO_PARTIAL"));
    assert_eq!(world.iama(&["revert"]).code, 0);
    assert_eq!(world.tree(), before);
    assert_eq!(world.iama(&["revert"]).code, 0);
    assert_eq!(world.tree(), applied);
    world.write("lib.py", b"mine = 1\n");
    let refused = world.iama(&["revert"]);
    assert_eq!((refused.code, refused.error()), (2, "EDITED_SINCE"));
    assert_eq!(world.read("lib.py"), "mine = 1\n");
}

#[test]
fn a_chosen_part_is_tested_on_its_own_before_it_is_written() {
    let world = project();
    assert_eq!(refactor(&world, &[]).code, 0);
    let refused = world.iama(&["apply", "--file", "lib.py"]);
    assert_eq!((refused.code, refused.error()), (2, "SUBSET_RED"), "the tests are still Python 2: {}", refused.err);
    assert_eq!(world.read("lib.py"), SOURCE);
    assert_eq!(world.iama(&["apply", "--hunk", "nothing#9"]).error(), "SELECTION_INVALID");
    assert_eq!(world.iama(&["apply", "--file", "lib.py", "--file", "test_lib.py"]).code, 0);
    assert!(world.read("lib.py").contains("print(x)"));
}

#[test]
fn a_regression_is_not_delivered_and_the_partial_patch_waits_for_a_yes() {
    let source = "import sys\ndef limit():\n    return sys.maxint.bit_length()\n";
    let text = "import lib\ndef test_kind():\n    assert repr(u'a') == \"u'a'\"\ndef test_limit():\n    assert lib.limit() > 1\n";
    let world = World::new(&[("lib.py", source), ("test_lib.py", text), ("old.py", "print 1\n")]);
    let shown = refactor(&world, &[]);
    let result = shown.json();
    if result["tests"]["test_lib.py::test_kind"]["legacy"] == "not_run" {
        eprintln!("not run: no Python 2.7 was found");
        return;
    }
    assert_eq!((shown.code, &result["state"]), (1, &Value::from("FALLBACK_REQUIRED")), "{}", shown.err);
    assert_eq!((&result["verdict"], &result["reason"]), (&Value::from("REGRESSIONS"), &Value::from("NO_MODEL")));
    let refused = world.iama(&["apply", "--partial"]);
    assert_eq!((refused.code, refused.error()), (3, "DECISION_NEEDED"));
    assert_eq!(world.read("lib.py"), source);
    assert_eq!(world.iama(&["apply", "--partial", "--yes"]).code, 0);
    assert!(world.read("lib.py").contains("sys.maxsize"));
    assert_eq!(world.iama(&["revert"]).code, 0);
    assert_eq!(world.read("lib.py"), source);
}

#[test]
fn without_a_terminal_and_without_yes_the_job_waits_for_a_decision() {
    let world = project();
    let shown = world.iama(&["refactor", "."]);
    assert_eq!((shown.code, shown.error()), (3, "DECISION_NEEDED"), "{}", shown.err);
    let listed = world.iama(&["jobs", "list", "--json"]);
    assert_eq!(listed.json()["jobs"][0]["state"], "WAITING_STRATEGY.choosing");
    let one = world.iama(&["jobs", "show", "--json"]);
    assert_eq!((one.code, one.json()), (0, listed.json()));
    let resumed = world.iama(&["jobs", "resume", "--yes", "--json"]);
    assert_eq!((resumed.code, &resumed.json()["state"]), (0, &Value::from("DELIVERED")), "{}", resumed.err);
}

#[test]
fn without_any_python_the_result_cannot_be_tested_and_that_is_said() {
    let world = project();
    let shown = world.iama_without_python(&["refactor", ".", "--yes"]);
    assert_eq!(shown.code, if shown.error() == "ISOLATION_MISSING" { 3 } else { 2 }, "{}", shown.err);
    assert!(matches!(shown.error(), "TARGET_MISSING" | "ISOLATION_MISSING"), "{}", shown.err);
    assert!(shown.err.contains("hint: "));
}

#[test]
fn without_a_legacy_interpreter_the_delivery_is_called_unproven() {
    let world = World::new(&[
        ("lib.py", SOURCE),
        ("test_lib.py", "import lib\ndef test_a():\n    assert lib.double({}) == []\n"),
    ]);
    let arguments = ["refactor", ".", "--yes", "--json"];
    if world.iama_of_the_system(&["doctor", "--json"]).json()["legacy"] != serde_json::json!([]) {
        eprintln!("not run: Python 2.7 is part of the system");
        return;
    }
    let shown = world.iama_of_the_system(&arguments);
    let result = shown.json();
    assert_eq!((shown.code, &result["verdict"]), (0, &Value::from("UNPROVEN")), "{}", shown.err);
    assert_eq!(result["unproven"][0]["file"], "lib.py");
}

#[test]
fn wrong_input_is_answered_with_a_code_and_a_hint() {
    let world = World::new(&[("notes.txt", "no source\n")]);
    let check = |arguments: &[&str], code: &str| {
        let shown = world.iama(arguments);
        assert_eq!((shown.code, shown.error()), (2, code), "{}", shown.err);
        assert!(shown.err.contains("hint: "), "{}", shown.err);
    };
    check(&["refactor", ".", "--yes"], "NOTHING_TO_DO");
    check(&["refactor", "nowhere"], "PATH_INVALID");
    check(&["refactor", ".", "--to", "python2.7"], "TARGET_UNKNOWN");
    check(&["jobs", "show", "nothing"], "JOB_UNKNOWN");
}

#[test]
fn a_journal_of_a_newer_version_is_refused_and_a_torn_line_is_dropped() {
    let world = project();
    assert_eq!(world.iama(&["refactor", "."]).code, 3);
    let journal = world.job().join("journal.jsonl");
    let text = fs::read_to_string(&journal).unwrap();
    fs::write(&journal, format!("{text}{{\"seq\":99,\"torn")).unwrap();
    assert_eq!(world.iama(&["jobs", "list", "--json"]).json()["jobs"][0]["state"], "WAITING_STRATEGY.choosing");
    fs::write(&journal, text.replace("\"rules_version\":1", "\"rules_version\":9")).unwrap();
    let shown = world.iama(&["jobs", "resume", "--yes"]);
    assert_eq!((shown.code, shown.error()), (2, "JOURNAL_NEWER"));
}

#[test]
fn a_cancelled_job_is_over_and_can_be_cleaned_away() {
    let world = project();
    assert_eq!(world.iama(&["refactor", "."]).code, 3);
    assert_eq!(world.iama(&["jobs", "cancel"]).code, 0);
    assert_eq!(world.iama(&["jobs", "list", "--json"]).json()["jobs"][0]["state"], "FAILED");
    assert_eq!(world.iama(&["jobs", "clean"]).code, 0);
    assert_eq!(world.iama(&["jobs", "list", "--json"]).json()["jobs"], serde_json::json!([]));
}

#[test]
fn a_test_that_hangs_on_the_result_alone_is_a_regression() {
    let source = "import sys\ndef wait():\n    while sys.version_info[0] > 2:\n        pass\n    return 1\ndef old(d):\n    return d.has_key(1)\n";
    let text = "import lib\ndef test_wait():\n    assert lib.wait() == 1\n";
    let world = World::new(&[("lib.py", source), ("test_lib.py", text)]);
    let shown = refactor(&world, &["--test-timeout", "1"]);
    let result = shown.json();
    if result["tests"]["test_lib.py::test_wait"]["legacy"] == "not_run" {
        eprintln!("not run: no Python 2.7 was found");
        return;
    }
    assert_eq!((shown.code, &result["verdict"]), (1, &Value::from("REGRESSIONS")), "{}", shown.err);
    assert_eq!(result["tests"]["test_lib.py::test_wait"]["result"], "timeout");
}

#[test]
fn a_test_command_of_ones_own_is_run_on_both_sides() {
    let source =
        "def old(d):\n    return d.has_key(1)\nif __name__ == '__main__':\n    assert old({1: 2})\n    print 'fine'\n";
    let world = World::new(&[("lib.py", source)]);
    let shown = refactor(&world, &["--test-command", "python lib.py"]);
    let result = shown.json();
    assert_eq!((shown.code, &result["tests"]["test-command"]["result"]), (0, &Value::from("passed")), "{}", shown.err);
}

#[test]
fn what_the_tests_divide_on_the_legacy_code_decides_how_the_result_divides() {
    let source =
        "def half(width):\n    return width / 2\n\ndef share(part, whole):\n    return part / whole\n\nprint half(2)\n";
    let test = "import lib\n\ndef test_half():\n    assert lib.half(5) == 2\n\ndef test_share():\n    assert lib.share(1.0, 2) == 0.5\n";
    let world = World::new(&[("lib.py", source), ("test_lib.py", test)]);
    let shown = refactor(&world, &[]);
    let result = shown.json();
    if result["tests"]["test_lib.py::test_half"]["legacy"] == "not_run" {
        eprintln!("not run: no Python 2.7 was found");
        return;
    }
    assert_eq!((shown.code, &result["state"]), (0, &Value::from("DELIVERED")), "{}", shown.err);
    assert_eq!(world.iama(&["apply"]).code, 0);
    let migrated = world.read("lib.py");
    assert!(migrated.contains("return width // 2") && migrated.contains("return part / whole"), "{migrated}");
}
