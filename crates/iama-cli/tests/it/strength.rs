//! `--strength`: what the tests notice, as the evidence tells it.

use std::fs;

use serde_json::Value;

use crate::world::World;

const SOURCE: &str = "def kind(n):\n    if n > 1 and n <> 3:\n        return 'many'\n    return 'few'\n\ndef idle(d):\n    return d.has_key(1)\n\ndef loose(x):\n    y = long(x) + 1\n    return y\n";
const TEST: &str = "import unittest\nimport lib\n\nclass T(unittest.TestCase):\n    def test_kind(self):\n        self.assertEqual([lib.kind(n) for n in (0, 1, 2, 3)], ['few', 'few', 'many', 'few'])\n    def test_loose(self):\n        lib.loose(1)\n";

#[test]
fn faults_at_touched_places_are_told_by_what_became_of_them() {
    let world = World::new(&[("lib.py", SOURCE), ("test_lib.py", TEST)]);
    let shown = world.iama(&["refactor", ".", "--yes", "--strength", "full", "--out", "../out"]);
    assert_eq!(shown.code, 0, "{}{}", shown.out, shown.err);
    let out = world.root().join("../out");
    let evidence: Value = serde_json::from_str(&fs::read_to_string(out.join("evidence.json")).unwrap()).unwrap();
    let strength = &evidence["strength"];
    if evidence["tests"]["legacy"]["ran"] == false {
        eprintln!("not run: no Python 2.7 was found");
        return;
    }
    assert_eq!(strength["skipped"], Value::Null, "{strength}");
    let places = |name: &str| -> Vec<(u64, &str)> {
        let rows = strength[name].as_array().unwrap().iter();
        rows.map(|row| (row["line"].as_u64().unwrap(), row["symbol"].as_str().unwrap())).collect()
    };
    assert_eq!(places("weaker"), [], "{strength}");
    assert!(places("survived").iter().all(|(line, symbol)| (*line, *symbol) == (10, "loose")), "{strength}");
    assert!(!places("survived").is_empty(), "nothing looks at what loose() makes: {strength}");
    assert!(strength["noticed"].as_u64().unwrap() >= 5, "{strength}");
    assert!(strength["repeated"].as_u64().unwrap() >= 4, "{strength}");
    let idle = evidence["unproven"].as_array().unwrap().iter().any(|place| place["symbol"] == "idle");
    assert!(idle, "no test runs idle(): {}", evidence["unproven"]);
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.contains("Strength of the tests"));
    assert!(page.contains("no test runs 1 line of it") || page.contains("no test runs 2 lines of it"), "idle()");
}

/// The hunk of `lib.py` that holds an added line with this text.
fn hunk<'a>(evidence: &'a Value, text: &str) -> &'a Value {
    let files = evidence["files"].as_array().unwrap().iter().filter(|file| file["path"] == "lib.py");
    let mut hunks = files.flat_map(|file| file["hunks"].as_array().unwrap());
    let holds = |hunk: &&Value| {
        hunk["lines"].as_array().unwrap().iter().any(|line| line[0] == "+" && line[1].as_str().unwrap().contains(text))
    };
    hunks.find(holds).unwrap()
}

#[test]
fn each_hunk_is_linked_to_spec_tests_and_what_they_notice_there() {
    let apart = "\n# apart\n# apart\n# apart\n# apart\n# apart\n# apart\n# apart\n";
    let source = SOURCE.replace("\ndef ", &format!("{apart}def "));
    let world = World::new(&[("lib.py", &source), ("test_lib.py", TEST)]);
    let shown = world.iama(&["refactor", ".", "--yes", "--strength", "full", "--out", "../out"]);
    assert_eq!(shown.code, 0, "{}{}", shown.out, shown.err);
    let out = world.root().join("../out");
    let evidence: Value = serde_json::from_str(&fs::read_to_string(out.join("evidence.json")).unwrap()).unwrap();
    if evidence["tests"]["legacy"]["ran"] == false {
        eprintln!("not run: no Python 2.7 was found");
        return;
    }
    let items: Vec<&str> =
        evidence["spec"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect();
    let of = |text: &str| {
        let hunk = hunk(&evidence, text);
        let links = &hunk["links"];
        assert!(hunk["reasons"].as_array().unwrap().iter().all(|reason| reason["origin"] == "recipe"), "{hunk}");
        let spec = links["spec"].as_array().unwrap();
        assert!(spec.iter().all(|id| items.contains(&id.as_str().unwrap())), "{links}");
        let cases = evidence["tests"]["cases"].as_array().unwrap();
        let runs = links["reached"]["cases"].as_array().unwrap().iter();
        let place = |at: &Value| usize::try_from(at.as_u64().unwrap()).unwrap();
        let ids = runs.flat_map(|run| place(&run[0])..=place(&run[1])).map(|at| cases[at]["id"].as_str().unwrap());
        (ids.collect::<Vec<_>>(), links["strength"].clone())
    };
    let (tests, strength) = of("n != 3");
    assert_eq!(tests, ["test_lib.py::T::test_kind"]);
    assert_eq!((&strength["old"]["survived"], &strength["unproven_lines"]), (&0.into(), &0.into()), "{strength}");
    assert!(strength["old"]["killed"].as_u64().unwrap() > 0, "{strength}");
    let (tests, strength) = of("int(x) + 1");
    assert_eq!(tests, ["test_lib.py::T::test_loose"]);
    assert!(strength["new"]["survived"].as_u64().unwrap() > 0, "{strength}");
    let (tests, strength) = of("1 in d");
    assert_eq!((tests, &strength["unproven_lines"]), (Vec::new(), &2.into()), "{strength}");
    assert!(strength["old"]["unreached"].as_u64().unwrap() > 0, "{strength}");
}

#[test]
fn recorded_tests_notice_what_the_own_tests_do_not() {
    let world = World::new(&[("lib.py", SOURCE), ("test_lib.py", TEST)]);
    let shown = world.iama(&["refactor", ".", "--yes", "--strength", "full", "--characterise", "--out", "../shown"]);
    assert_eq!(shown.code, 0, "{}{}", shown.out, shown.err);
    let evidence = fs::read_to_string(world.root().join("../shown/evidence.json")).unwrap();
    let evidence: Value = serde_json::from_str(&evidence).unwrap();
    if evidence["tests"]["legacy"]["ran"] == false {
        eprintln!("not run: no Python 2.7 was found");
        return;
    }
    let strength = &evidence["strength"];
    let count = |value: &Value| value.as_u64().unwrap();
    assert!(count(&strength["own"]["noticed"]) < count(&strength["noticed"]), "{strength}");
    assert_eq!(strength["percent"], 100, "loose() is recorded, and idle() is called by trying: {strength}");
    assert!(count(&evidence["characterisation"]["grown"]) > 0, "{}", evidence["characterisation"]);
    let unproven = evidence["unproven"].as_array().unwrap();
    let idle = unproven.iter().any(|place| place["why"].as_str().unwrap().starts_with("no test runs"));
    assert!(!idle, "{unproven:?}");
}

#[test]
fn a_time_that_is_none_is_refused() {
    let world = World::new(&[("lib.py", SOURCE)]);
    for wrong in ["", "fast", "0s", "60h", "-1"] {
        let argument = format!("--strength={wrong}");
        assert_eq!(world.iama(&["refactor", ".", "--yes", &argument]).code, 2, "{wrong}");
    }
}
