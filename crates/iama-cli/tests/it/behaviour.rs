//! `iama refactor --characterise`.

use std::process::Command;

use serde_json::Value;

use crate::world::World;

const SOURCE: &str = "def mean(values):\n    return sum(values) / len(values)\n\n\ndef names(d):\n    return [k for k in d.iterkeys()]\n";
const TEST: &str = "import unittest\nimport lib\n\n\nclass T(unittest.TestCase):\n    def test_lib(self):\n        self.assertEqual(lib.mean([2, 4]), 3)\n        self.assertEqual(lib.names({1: 2}), [1])\n";
const WITHOUT_DIVISION: &str =
    "characterise = true\nignore = [\"integer-division\", \"observed-division\", \"unknown-division\"]\n";

#[test]
fn a_division_that_no_test_notices_is_shown_with_a_script() {
    let world = World::new(&[("lib.py", SOURCE), ("test_lib.py", TEST), ("iama.toml", WITHOUT_DIVISION)]);
    let before = world.tree();
    let shown = world.iama(&["refactor", ".", "--yes", "--json", "--out", "shown"]);
    let result = shown.json();
    if result["tests"]["test_lib.py::T::test_lib"]["legacy"] == "not_run" {
        eprintln!("not run: no Python 2.7 was found");
        return;
    }
    assert_eq!((shown.code, &result["verdict"]), (0, &Value::from("PROVEN_WITH_GAPS")), "{}", shown.err);
    let evidence: Value = serde_json::from_str(&world.read("shown/evidence.json")).unwrap();
    let characterisation = &evidence["characterisation"];
    let counts = ["recorded", "chosen"].map(|name| characterisation[name].clone());
    assert_eq!(counts, [2, 2].map(Value::from), "{characterisation}");
    let count = |name: &str| characterisation[name].as_u64().unwrap();
    assert!(count("grown") > 0 && count("tests") > count("grown"), "{characterisation}");
    let found = evidence["differences"].as_array().unwrap();
    let row = |found: &Value| ["function", "file", "kind", "legacy", "migrated"].map(|name| found[name].clone());
    let rows: Vec<_> = found.iter().map(row).collect();
    // What the recipes did keep, such as the names, is no difference.
    let failed = "AssertionError: assert <expected 3 but got 3.0>";
    let expected = [
        ["mean", "lib.py", "recorded test", "passes", failed].map(Value::from),
        ["mean", "lib.py", "number type", "3", "3.0"].map(Value::from),
    ];
    assert!(expected.iter().all(|row| rows.contains(row)), "{rows:?}");
    assert!(rows.iter().all(|[function, ..]| function == "mean"), "{rows:?}");
    let shown = found.iter().find(|row| row["kind"] == "number type").unwrap();
    let script = world.root().join("shown").join(shown["script"].as_str().unwrap());
    let mut python = Command::new("python3");
    let said = python.env("PYTHONDONTWRITEBYTECODE", "1").arg(script).arg(world.root()).output().unwrap();
    // Nothing was applied, and what the old file does with the new interpreter is what the result would do.
    assert_eq!(
        String::from_utf8_lossy(&said.stdout).trim(),
        "result: 3.0",
        "{}",
        String::from_utf8_lossy(&said.stderr)
    );
    assert!(world.read("shown/report.html").contains("number type"));
    assert!(world.read("shown/characterization/test_characterization_lib.py").contains("lib.mean([2, 4])"));
    std::fs::remove_dir_all(world.root().join("shown")).unwrap();
    assert_eq!(world.tree(), before, "nothing goes into the project");
}
