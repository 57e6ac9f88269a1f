//! Scenarios, quarantine and stand-ins in `iama refactor`.

use serde_json::{Value, json};

use crate::world::{Shown, World};

const TOOL: &str = "import sys\n\n\ndef main(words):\n    numbers = [int(word) for word in words]\n    print 'mean', sum(numbers) / len(numbers)\n\n\nif __name__ == '__main__':\n    main(sys.argv[1:])\n";
const SCENARIOS: &str = "version: 1\nscenarios:\n  - name: even\n    run: python tool.py 1 3\n  - name: odd\n    run: python tool.py 1 2 4\n";
const WITHOUT_DIVISION: &str = "ignore = [\"integer-division\", \"observed-division\", \"unknown-division\"]\n";

fn refactor(world: &World, more: &[&str]) -> Shown {
    let arguments: Vec<&str> =
        ["refactor", ".", "--yes", "--json", "--sandbox", "native"].iter().chain(more).copied().collect();
    world.iama(&arguments)
}

/// Whether there is no Python 2.7 here.
fn cannot_run(evidence: &Value) -> bool {
    let missing = evidence["toolchains"]["legacy"]["found"] == false;
    if missing {
        eprintln!("not run: no Python 2.7 was found");
    }
    missing
}

fn evidence(world: &World) -> Value {
    serde_json::from_str(&std::fs::read_to_string(world.job().join("evidence.json")).unwrap()).unwrap()
}

#[test]
fn a_scenario_that_comes_out_otherwise_is_a_regression() {
    let world = World::new(&[("tool.py", TOOL), ("iama-scenarios.yaml", SCENARIOS), ("iama.toml", WITHOUT_DIVISION)]);
    let before = world.tree();
    let shown = refactor(&world, &[]);
    let found = evidence(&world);
    if cannot_run(&found) {
        return;
    }
    let result = shown.json();
    assert_eq!((shown.code, &result["verdict"]), (1, &Value::from("REGRESSIONS")), "{}", shown.err);
    let sentence = "2 scenarios passed on the legacy code and not on the result; nothing was delivered.";
    assert_eq!(result["sentence"], sentence);
    let tests = json!({
        "iama-scenarios.yaml::even": { "legacy": "passed", "result": "failed" },
        "iama-scenarios.yaml::odd": { "legacy": "passed", "result": "failed" },
    });
    assert_eq!(result["tests"], tests);
    let part = &found["scenarios"];
    let counts = ["recorded", "same", "different", "silent"].map(|name| part[name].clone());
    assert_eq!(counts, [2, 0, 2, 0].map(Value::from));
    let difference = json!([{
        "part": "stdout", "recorded": "\"mean 2\\n\"", "seen": "\"mean 2.3333333333333335\\n\"",
        "lines": ["-mean 2", "+mean 2.3333333333333335"],
    }]);
    assert_eq!(part["rows"][1]["differences"], difference);
    let report = std::fs::read_to_string(world.job().join("report.html")).unwrap();
    assert!(report.contains("+mean 2.3333333333333335"));
    assert_eq!(world.tree(), before, "nothing goes into the project");
}

#[test]
fn scenarios_that_come_out_the_same_prove_the_files_that_they_start() {
    let tool = TOOL.replace(" / ", " - ");
    let world = World::new(&[("tool.py", &tool), ("other.py", "print 1\n"), ("iama-scenarios.yaml", SCENARIOS)]);
    let shown = refactor(&world, &[]);
    let found = evidence(&world);
    if cannot_run(&found) {
        return;
    }
    let result = shown.json();
    assert_eq!((shown.code, &result["verdict"]), (0, &Value::from("PROVEN_WITH_GAPS")), "{}", shown.err);
    let sentence = result["sentence"].as_str().unwrap();
    assert!(
        sentence.starts_with("2 scenarios that passed before the migration pass after it; not proven"),
        "{sentence}"
    );
    let files: Vec<_> =
        result["unproven"].as_array().unwrap().iter().map(|place| (&place["file"], &place["reason"])).collect();
    let why = Value::from("no test imports and no scenario starts this file, directly or through another");
    assert!(files.contains(&(&Value::from("other.py"), &why)), "{files:?}");
    assert!(!files.contains(&(&Value::from("tool.py"), &why)), "{files:?}");
}

#[test]
fn without_tests_ways_in_are_proposed_and_the_result_is_not_called_proven() {
    let tool = TOOL.replace("'mean', ", "");
    let world =
        World::new(&[("tool.py", &tool), ("lib.py", "def f(d):\n    return d.has_key(1)\n\ndef g():\n    pass\n")]);
    let asked = world.iama(&["refactor", ".", "--strategy", "standard", "--acknowledge-uncovered", "1"]);
    assert_eq!(
        (asked.code, asked.error()),
        (3, "DECISION_NEEDED"),
        "nobody answers the other questions: {}",
        asked.err
    );
    std::fs::remove_dir_all(world.root().join(".iama")).unwrap();
    let shown = refactor(&world, &["--acknowledge-uncovered", "1"]);
    assert_eq!((shown.code, shown.error()), (3, "UNCOVERED_COUNT_MISMATCH"), "{}", shown.err);
    assert!(
        shown.err.contains("1 without a test or a scenario were acknowledged, and there are 3 such functions"),
        "{}",
        shown.err
    );
    let resumed = world.iama(&["jobs", "resume", "--yes", "--json"]);
    let found = evidence(&world);
    if cannot_run(&found) {
        return;
    }
    let result = resumed.json();
    assert_eq!((resumed.code, &result["verdict"]), (0, &Value::from("UNPROVEN")), "{}", resumed.err);
    let sentence = "Nothing could be compared but 2 scenarios that IAMA proposed, with the same outcome: that the code behaves as before is unproven.";
    assert_eq!(result["sentence"], sentence);
    assert_eq!(found["scenarios"]["proposed"], true);
    let rows: Vec<_> =
        found["scenarios"]["rows"].as_array().unwrap().iter().map(|row| (&row["name"], &row["result"])).collect();
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert_eq!(result["unproven"].as_array().unwrap().len(), 2);
}

#[test]
fn code_that_is_hardly_understood_is_seen_from_outside_and_what_nothing_covers_is_acknowledged() {
    let go = "import sys\n\n\nif __name__ == '__main__':\n    print 'hello', sys.argv[1:]\n";
    let mut files = vec![("lib.py", LIB), ("test_lib.py", TESTS), ("go.py", go)];
    let names: Vec<String> = (0..20).map(|number| format!("broken{number}.py")).collect();
    let broken = "def a(:\n    ? nothing\n".repeat(50);
    files.extend(names.iter().map(|name| (name.as_str(), broken.as_str())));
    let world = World::new(&files);
    let shown = refactor(&world, &[]);
    let found = evidence(&world);
    if cannot_run(&found) {
        return;
    }
    assert_eq!(shown.json()["verdict"], "PROVEN_WITH_GAPS", "{}", shown.err);
    let score = found["scope"]["confidence"]["score"].as_u64().unwrap();
    assert!((20..40).contains(&score), "{score}");
    let asked = found["decisions"].as_array().unwrap().iter().find(|row| row["code"] == "UNCOVERED_BEHAVIOUR").unwrap();
    let sentence = "No test that passes on the old code and no scenario of yours reaches the files of some functions (21), so nothing can show that they still behave as they did. Go on?";
    assert_eq!((&asked["question"], &asked["answer"]), (&Value::from(sentence), &Value::from("yes")));
    let rows = found["scenarios"]["rows"].as_array().unwrap().iter().map(|row| (&row["name"], &row["result"]));
    let expected = [("go.py --help", "same"), ("go.py without arguments", "same")].map(|(a, b)| (a.into(), b.into()));
    assert_eq!(rows.collect::<Vec<_>>(), expected.each_ref().map(|(a, b): &(Value, Value)| (a, b)));
}

const LIB: &str = "def double(d):\n    return sorted(d.iteritems())\n";
const TESTS: &str = "import lib\n\n\ndef test_double():\n    assert lib.double({1: 2}) == [(1, 2)]\n\n\ndef test_printer():\n    assert lib.double({2: 1}) == [(2, 1)]\n";

#[test]
fn a_test_in_quarantine_counts_on_no_side_and_is_on_record() {
    let world = World::new(&[("lib.py", LIB), ("test_lib.py", TESTS)]);
    let shown = refactor(&world, &["--quarantine", "test_lib.py::test_printer=needs a printer"]);
    let found = evidence(&world);
    if cannot_run(&found) {
        return;
    }
    let result = shown.json();
    assert_eq!((shown.code, &result["verdict"]), (0, &Value::from("PROVEN_WITH_GAPS")), "{}", shown.err);
    assert_eq!(result["tests"], json!({ "test_lib.py::test_double": { "legacy": "passed", "result": "passed" } }));
    let part = &found["overrides"][0];
    let told = ["code", "name", "why"].map(|name| part[name].as_str().unwrap());
    assert_eq!(told, ["QUARANTINE", "test_lib.py::test_printer", "needs a printer"]);
    assert_eq!(part["at"], found["job"]["created_at"]);
    let decision = found["decisions"].as_array().unwrap().iter().find(|row| row["code"] == "QUARANTINE").unwrap();
    assert_eq!(decision["question"], "Leave test_lib.py::test_printer out on both sides?");
    assert_eq!(decision["answer"], "yes: needs a printer");
    assert!(decision["by"].as_str().unwrap().starts_with("person"));
    let gap =
        json!({ "file": "test_lib.py", "line": 1, "reason": "this test was left out on both sides: needs a printer" });
    assert!(result["unproven"].as_array().unwrap().contains(&gap), "{}", result["unproven"]);
}

#[test]
fn a_quarantine_that_leaves_nothing_or_names_nothing_is_refused() {
    let check = |more: &[&str], code: &str| {
        let world = World::new(&[("lib.py", LIB), ("test_lib.py", TESTS)]);
        let shown = refactor(&world, more);
        if shown.out.contains("not_run") {
            return;
        }
        assert_eq!((shown.code, shown.error()), (2, code), "{}", shown.err);
        assert!(shown.err.contains(" hint: "), "{}", shown.err);
    };
    let both = ["--quarantine", "test_lib.py::test_printer=a", "--quarantine", "test_lib.py::test_double=b"];
    check(&both, "ZERO_TESTS_LEFT");
    check(&["--quarantine", "test_lib.py::test_misspelt=a"], "QUARANTINE_UNKNOWN");
}

#[test]
fn a_module_that_cannot_be_had_is_replaced_on_both_sides_and_told_as_a_gap() {
    let lib = "import wanted_by_nobody\nfrom wanted_by_nobody.deep import Thing, WantedError\n\n\nclass Own(Thing):\n    def name(self):\n        print 'named'\n        return u'own'\n\n\ndef ask():\n    try:\n        return wanted_by_nobody.connect('x').fetch()\n    except WantedError:\n        return None\n";
    let tests = "import lib\n\n\ndef test_own():\n    lib.ask()\n    assert lib.Own().name() == u'own'\n";
    let world = World::new(&[("lib.py", lib), ("test_lib.py", tests)]);
    let shown = refactor(&world, &["--mock", "wanted_by_nobody=its server is gone"]);
    let found = evidence(&world);
    if cannot_run(&found) {
        return;
    }
    let result = shown.json();
    assert_eq!((shown.code, &result["verdict"]), (0, &Value::from("PROVEN_WITH_GAPS")), "{}", shown.err);
    assert_eq!(result["tests"], json!({ "test_lib.py::test_own": { "legacy": "passed", "result": "passed" } }));
    let why = "tests ran with a stand-in for wanted_by_nobody: its server is gone";
    for line in [1, 2] {
        let gap = json!({ "file": "lib.py", "line": line, "reason": why });
        assert!(result["unproven"].as_array().unwrap().contains(&gap), "{}", result["unproven"]);
    }
    assert_eq!(found["overrides"][0]["code"], "MOCK_OVERRIDE");
    assert_eq!(refactor(&world, &["--mock", "a.b=c"]).error(), "MODULE_INVALID");
}
