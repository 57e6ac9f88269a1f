//! `--exercise`: commands show what the old code does, where tests do not.

use std::fs;

use serde_json::Value;

use crate::world::{Shown, World};

const LIB: &str = "\
class Basket(object):
    def __init__(self, items):
        self.items = items

    def total(self):
        return sum(price for name, price in self.items.iteritems())

def half(n):
    return n / 2

def never(d):
    return d.has_key(1)
";

/// Defines what it uses itself: the running program is the module.
const TOOL: &str = "\
import sys
import lib

def words(text):
    return sorted(text.split(), lambda a, b: cmp(len(a), len(b)))

def main(arguments):
    print lib.Basket({'a': 3, 'b': len(arguments)}).total(), lib.half(7)
    print ' '.join(words('ccc a bb'))

if __name__ == '__main__':
    main(sys.argv[1:])
";

fn world() -> World {
    World::new(&[("lib.py", LIB), ("tool.py", TOOL)])
}

fn evidence(world: &World) -> Value {
    serde_json::from_str(&fs::read_to_string(world.root().join("../out/evidence.json")).unwrap()).unwrap()
}

/// Runs a job; nothing where there is no Python 2.7.
fn refactor(world: &World, more: &[&str]) -> Option<(Shown, Value)> {
    let before = world.tree();
    let line = ["refactor", ".", "--yes", "--json", "--out", "../out"];
    let shown = world.iama(&line.iter().chain(more).copied().collect::<Vec<_>>());
    let found = evidence(world);
    assert_eq!(world.tree(), before, "nothing in the project is written");
    if found["toolchains"]["legacy"]["found"] == false {
        eprintln!("not run: no Python 2.7 was found");
        return None;
    }
    Some((shown, found))
}

fn written(world: &World) -> String {
    let files = fs::read_dir(world.root().join("../out/characterization")).unwrap().flatten();
    let tests = files.filter(|file| file.file_name().to_string_lossy().starts_with("test_"));
    tests.map(|file| fs::read_to_string(file.path()).unwrap()).collect()
}

#[test]
fn a_project_without_tests_is_recorded_through_a_command() {
    let world = world();
    let command = "cd / && python \"$OLDPWD/tool.py\" x y";
    let Some((shown, found)) = refactor(&world, &["--exercise", command, "--strength", "full"]) else { return };
    let known = &found["characterisation"];
    assert_eq!(known["commands"], serde_json::json!([command]));
    assert_eq!(known["notes"], serde_json::json!([]), "the command ends well");
    let tests = written(&world);
    for name in ["lib.Basket({'a': 3, 'b': 2}).total", "half(7)", "words('ccc a bb')"] {
        assert!(tests.contains(name.rsplit('.').next().unwrap()), "{name}: {tests}");
    }
    assert!(fs::read_to_string(world.root().join("../out/patch.diff")).unwrap().contains("n // 2"), "types were seen");
    assert_eq!((shown.code, &found["verdict"]["code"]), (0, &Value::from("PROVEN_WITH_GAPS")), "{}", shown.err);
    let sentence = found["verdict"]["sentence"].as_str().unwrap();
    assert!(sentence.contains("written from what the legacy code was seen to do"), "{sentence}");
    let hunks = found["files"].as_array().unwrap().iter().filter(|file| file["path"] == "lib.py");
    let links: Vec<&Value> = hunks.flat_map(|file| file["hunks"].as_array().unwrap()).map(|h| &h["links"]).collect();
    assert!(links.iter().any(|links| links["reached"]["recorded"].as_u64().unwrap() > 0), "{links:?}");
    let strength = &found["strength"];
    assert_eq!(strength["skipped"], Value::Null, "{strength}");
    assert!(strength["own"]["skipped"].as_str().unwrap().starts_with("no test of the project passes"), "{strength}");
    assert!(strength["noticed"].as_u64().unwrap() > 5, "{strength}");
}

#[test]
fn a_command_that_fails_is_told_and_what_it_called_counts() {
    let world = world();
    let command = "python tool.py && python -c \"import lib; lib.half(1); raise SystemExit('no more')\"";
    let Some((shown, found)) = refactor(&world, &["--exercise", command, "--exercise", "true"]) else { return };
    assert_eq!(shown.code, 0, "{}", shown.err);
    let notes: Vec<&str> =
        found["characterisation"]["notes"].as_array().unwrap().iter().map(|note| note.as_str().unwrap()).collect();
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(
        notes[0].ends_with("ended with exit code 1: no more; what it had called by then was recorded"),
        "{notes:?}"
    );
    assert!(found["characterisation"]["tests"].as_u64().unwrap() >= 4, "{}", found["characterisation"]);
}

#[test]
fn a_test_command_is_recorded_and_gives_strength_through_what_it_calls() {
    let test = "import lib\nassert lib.half(7) == 3\nassert lib.Basket({1: 2}).total() == 2\n";
    let settings = ("iama.toml", "exercise = [\"python -c 'import lib; lib.never({})'\"]\n");
    let world = World::new(&[("lib.py", LIB), ("run_checks.py", test), settings]);
    let line = ["--test-command", "python run_checks.py", "--characterise", "--strength", "full"];
    let Some((shown, found)) = refactor(&world, &line) else { return };
    assert_eq!(shown.code, 0, "{}", shown.err);
    let known = &found["characterisation"];
    assert_eq!(known["commands"], serde_json::json!(["python -c 'import lib; lib.never({})'", "python run_checks.py"]));
    assert!(written(&world).contains("never({})"), "what the command of the settings calls");
    assert!(known["tests"].as_u64().unwrap() >= 2, "{known}");
    let strength = &found["strength"];
    assert!(strength["own"]["skipped"].as_str().unwrap().starts_with("a test command is one test"), "{strength}");
    assert!(strength["noticed"].as_u64().unwrap() > 0, "{strength}");
}

#[test]
fn a_test_in_quarantine_is_not_run_for_recording_or_strength() {
    let mark = "import os\nopen(os.path.join(os.environ['HOME'], '..', 'seen'), 'a').write('x')\n";
    let test = format!(
        "import unittest\nimport lib\n\nclass T(unittest.TestCase):\n    def test_half(self):\n        self.assertEqual(lib.half(7), 3)\n    def test_bad(self):\n        {}        lib.never({{}})\n",
        mark.replace('\n', "\n        ").trim_end_matches(' ').to_owned()
    );
    let world = World::new(&[("lib.py", LIB), ("test_lib.py", &test)]);
    let line = ["--quarantine", "test_lib.py::T::test_bad=it writes files", "--characterise", "--strength", "full"];
    let Some((shown, found)) = refactor(&world, &line) else { return };
    assert_eq!(shown.code, 0, "{}", shown.err);
    assert!(found["strength"]["planted"].as_u64().unwrap() > 0, "{}", found["strength"]);
    for folder in ["legacy-run", "observed-run", "characterization-run", "strength-run", "result-run"] {
        assert!(!world.job().join(folder).join("seen").exists(), "{folder}");
    }
}
