//! `iama recipes` and `iama patch`.

use crate::world::World;

const OLD: &str = "def f(d):\n    print 'x', d.has_key(1)\n";
const NEW: &str = "def f(d):\n    print('x', 1 in d)\n";

#[test]
fn standard_input_comes_back_rewritten() {
    let shown = World::new(&[]).iama_with_input(&["recipes", "run", "-"], OLD);
    assert_eq!((shown.code, shown.out.as_str()), (0, NEW));
}

#[test]
fn the_default_shows_a_diff_and_writes_nothing() {
    let world = World::new(&[("a.py", OLD)]);
    let shown = world.iama(&["recipes", "run"]);
    assert_eq!(shown.code, 0);
    assert!(shown.out.contains("-    print 'x', d.has_key(1)\n+    print('x', 1 in d)"), "{}", shown.out);
    assert!(shown.err.contains("1 of 1 file would be rewritten; 0 places need a person"), "{}", shown.err);
    assert_eq!(world.read("a.py"), OLD);
}

#[test]
fn check_fails_until_the_files_are_written() {
    let world = World::new(&[("a.py", OLD), ("tool", "#!/usr/bin/env python\nprint 1\n")]);
    assert_eq!(world.iama(&["recipes", "run", "--check"]).code, 1);
    assert_eq!(world.iama(&["recipes", "run", "--write"]).code, 0);
    assert_eq!((world.read("a.py").as_str(), world.read("tool").as_str()), (NEW, "#!/usr/bin/env python\nprint(1)\n"));
    assert_eq!(world.iama(&["recipes", "run", "--check"]).code, 0);
}

#[test]
fn a_module_that_hides_the_librarys_gets_another_name_when_all_files_are_worked_on() {
    let files =
        [("queue.py", "class Jobs(object):\n    x = 1 <> 2\n"), ("main.py", "import queue\nprint queue.Jobs\n")];
    let world = World::new(&files);
    let shown = world.iama(&["recipes", "run", "queue.py"]);
    assert!(shown.err.contains("queue.py:1  REFUSED shadowed-library"), "{}", shown.err);
    assert_eq!(world.iama(&["recipes", "run", "--check"]).code, 1);
    let moved = world.iama(&["recipes", "run", "--write", "--json"]).json()["moved"].clone();
    assert_eq!(moved, serde_json::json!([{ "from": "queue.py", "to": "queue_.py" }]));
    assert_eq!(world.read("main.py"), "import queue_ as queue\nprint(queue.Jobs)\n");
    assert_eq!(world.read("queue_.py"), files[0].1.replace("<>", "!="));
    assert_eq!(world.iama(&["recipes", "run", "--check"]).code, 0);
}

#[test]
fn packages_without_a_release_for_python_3_are_told_at_the_end() {
    let files = [
        ("a.py", "import BeautifulSoup\nprint 1\n"),
        ("setup.py", ""),
        ("requirements.txt", "BeautifulSoup>=3\nzsi\n"),
    ];
    let world = World::new(&files);
    let told = world.iama(&["recipes", "run"]).err;
    let lines: Vec<_> = told.lines().filter(|line| line.contains("has no release")).collect();
    let wanted = [
        "beautifulsoup  has no release for Python 3: beautifulsoup4 is its heir and is imported as bs4 (a.py, requirements.txt)",
        "zsi  has no release for Python 3: zeep speaks SOAP (requirements.txt)",
    ];
    assert_eq!(lines, wanted);
    let missing = world.iama(&["recipes", "run", "--json"]).json()["missing"]["zsi"].clone();
    assert_eq!(missing, serde_json::json!({ "instead": "zeep speaks SOAP", "files": ["requirements.txt"] }));
}

#[test]
fn lines_and_settings_can_leave_recipes_out() {
    let text = "print d.has_key(1)  # iama: skip[has-key]\nprint d.has_key(2)\n";
    let world = World::new(&[("a.py", text), ("iama.toml", "ignore = ['print-statement']\n")]);
    world.iama(&["recipes", "run", "--write", "--strategy", "conservative"]);
    assert_eq!(world.read("a.py"), "print d.has_key(1)  # iama: skip[has-key]\nprint 2 in d\n");
}

#[test]
fn code_for_both_languages_is_asked_for_by_an_option_or_by_the_settings() {
    const BOTH: &str = "from __future__ import print_function\ndef f(d):\n    print('x', 1 in d)\n";
    let world = World::new(&[("a.py", OLD), ("sub/b.py", OLD), ("sub/iama.toml", "dual = true\n")]);
    let shown = world.iama(&["recipes", "run", "--write", "--dual", "--json", "a.py"]);
    assert_eq!((world.read("a.py").as_str(), &shown.json()["dual"]), (BOTH, &serde_json::json!(true)));
    world.iama(&["recipes", "run", "--write", "sub"]);
    assert_eq!(world.read("sub/b.py"), BOTH);
    for path in ["a.py", "sub"] {
        assert_eq!(world.iama(&["recipes", "run", "--check", "--dual", path]).code, 0);
    }
}

#[test]
fn json_says_what_was_edited_and_what_needs_a_person() {
    let world = World::new(&[("a.py", "print input()\nraise 'x'\n"), ("b.py", "def f(:\n")]);
    let report = world.iama(&["recipes", "run", "--json"]).json();
    assert_eq!(report["schema"], "iama.recipes-run/1");
    assert_eq!(report["changed"], serde_json::json!(["a.py"]));
    assert_eq!(report["edits"]["print-statement"], 1);
    let places: Vec<_> =
        report["places"].as_array().unwrap().iter().map(|place| (&place["class"], &place["line"])).collect();
    assert_eq!(places.len(), 2, "{places:?}");
    assert_eq!(report["failures"][0]["code"], "SOURCE_SYNTAX");
}

#[test]
fn wrong_words_are_answered_with_a_code_and_a_hint() {
    let world = World::new(&[("a.py", OLD), ("bad.yml", "id: x\nlanguage: python\nrule: {pattern: 'f('}\n")]);
    let check = |arguments: &[&str], code: &str| {
        let shown = world.iama(arguments);
        assert_eq!((shown.code, shown.error()), (2, code), "{}", shown.err);
        assert!(shown.err.contains("hint: "), "{}", shown.err);
    };
    check(&["recipes", "run", "--select", "nonsense"], "RECIPE_UNKNOWN");
    check(&["recipes", "run", "--pair", "cobol"], "PAIR_UNKNOWN");
    check(&["recipes", "run", "--target-version", "2.7"], "TARGET_UNKNOWN");
    check(&["recipes", "run", "no/such/folder"], "PATH_INVALID");
    check(&["recipes", "run", "--exclude", "a[", "."], "PATH_INVALID");
    check(&["recipes", "run", "--rules", "bad.yml"], "RULES_INVALID");
    check(&["recipes", "explain", "nonsense"], "RECIPE_UNKNOWN");
    world.write("iama.toml", b"strateggy = 'x'\n");
    check(&["recipes", "run"], "SETTINGS_INVALID");
}

#[test]
fn rules_of_the_users_own_run_beside_the_recipes() {
    let rule = "id: no-frob\nlanguage: python\nmessage: frob is gone\nrule:\n  pattern: frob($A)\nfix: bar($A)\n";
    let world = World::new(&[("a.py", "print frob(1)\n"), ("rules.yml", rule)]);
    let shown = world.iama(&["recipes", "run", "--write", "--rules", "rules.yml"]);
    assert_eq!((shown.code, world.read("a.py").as_str()), (0, "print(bar(1))\n"), "{}", shown.err);
}

#[test]
fn every_recipe_is_listed_and_explained() {
    let world = World::new(&[]);
    let list = world.iama(&["recipes", "list", "--json"]).json();
    let recipes = list["recipes"].as_array().unwrap();
    assert!(recipes.len() > 30);
    let shown = world.iama(&["recipes", "explain", "except-comma"]);
    assert!(shown.out.contains("+ except OSError as error:"), "{}", shown.out);
}

#[test]
fn a_patch_is_applied_whole_or_not_at_all_and_inverted() {
    const BASE: &str = "cb78bd8a17f7b751fe0d4663366dcbc257204033ef7ddd64b1f2969573b5b2e2";
    let patch = |search: &str| {
        format!(
            r#"{{"schema":"iama.patch/1","base":{{"a.py":"{BASE}"}},"operations":[{{"id":"1","path":"a.py","op":"EXACT_SEARCH_REPLACE","search":"{search}","replace":"b"}}]}}"#
        )
    };
    let world = World::new(&[("a.py", "a = 1\n")]);
    world.write("good.json", patch("a = 1").as_bytes());
    world.write("bad.json", patch("a = 2").as_bytes());
    let shown = world.iama(&["patch", "apply", "bad.json", "--json"]);
    assert_eq!((shown.code, world.read("a.py").as_str()), (1, "a = 1\n"));
    assert_eq!(shown.json()["outcomes"][0]["code"], "ANCHOR_NOT_FOUND");
    let inverse = world.iama(&["patch", "invert", "good.json"]);
    world.write("inverse.json", inverse.out.as_bytes());
    assert_eq!(world.iama(&["patch", "check", "good.json"]).code, 0);
    assert_eq!(world.read("a.py"), "a = 1\n");
    assert_eq!(world.iama(&["patch", "apply", "good.json"]).code, 0);
    assert_eq!(world.read("a.py"), "b\n");
    assert_eq!(world.iama(&["patch", "apply", "inverse.json"]).code, 0);
    assert_eq!(world.read("a.py"), "a = 1\n");
}

#[test]
fn standard_input_honours_the_mode() {
    let world = World::new(&[("a.py", OLD)]);
    let check = world.iama_with_input(&["recipes", "run", "-", "--check"], OLD);
    assert_eq!((check.code, check.out.as_str()), (1, ""), "{}", check.err);
    let check = world.iama_with_input(&["recipes", "run", "-", "--check"], NEW);
    assert_eq!((check.code, check.out.as_str()), (0, ""), "{}", check.err);
    let diff = world.iama_with_input(&["recipes", "run", "-", "--diff"], OLD);
    assert!(diff.code == 0 && diff.out.starts_with("--- -\n+++ -\n@@"), "{}", diff.out);
    let report = world.iama_with_input(&["recipes", "run", "-", "--json"], OLD).json();
    assert_eq!((&report["changed"], &report["strategy"]), (&serde_json::json!(["-"]), &"standard".into()));
    let mixed = world.iama_with_input(&["recipes", "run", "-", "a.py"], OLD);
    assert_eq!((mixed.code, mixed.error()), (2, "STDIN_MIXED"));
}

#[test]
fn check_fails_differently_when_a_file_cannot_be_worked_on() {
    let world = World::new(&[("a.py", NEW), ("b.py", "def f(:\n"), ("zero.py", "a\0b")]);
    let shown = world.iama(&["recipes", "run", "--check"]);
    assert_eq!((shown.code, shown.error()), (2, "SOURCE_SYNTAX"), "{}", shown.err);
    assert!(shown.err.contains("zero.py  left out: holds bytes that no source text has\n"), "{}", shown.err);
    assert_eq!(world.iama(&["recipes", "run", "--check", "--exclude", "b.py"]).code, 0);
}

#[test]
fn a_named_file_keeps_to_the_limits_and_patterns_of_a_walk_and_counts_once() {
    let world =
        World::new(&[("sub/a.py", OLD), ("zero.py", "a\0b"), ("pyproject.toml", "[tool.iama]\nexclude = ['x/**']\n")]);
    world.write("x/b.py", OLD.as_bytes());
    let refused = world.iama(&["recipes", "run", "zero.py"]);
    assert_eq!((refused.code, refused.error()), (2, "SOURCE_REFUSED"), "{}", refused.err);
    let left_out = world.iama(&["recipes", "run", "--json", "sub/a.py", "--exclude", "sub/*"]).json();
    assert_eq!(left_out["excluded"], serde_json::json!([{ "path": "sub/a.py", "reason": "PATTERN" }]));
    let set = world.iama(&["recipes", "run", "--json", "x/b.py", "x"]).json();
    assert_eq!(set["excluded"], serde_json::json!([{ "path": "x/b.py", "reason": "PATTERN" }]));
    let once = world.iama(&["recipes", "run", "--json", "sub/a.py", "sub", "./sub/../sub/a.py"]).json();
    assert_eq!((&once["files"], &once["changed"]), (&1.into(), &serde_json::json!(["sub/a.py"])));
}

#[cfg(unix)]
#[test]
fn a_named_link_is_refused() {
    let world = World::new(&[("a.py", OLD)]);
    std::os::unix::fs::symlink("a.py", world.root().join("link.py")).unwrap();
    let shown = world.iama(&["recipes", "run", "--write", "link.py"]);
    assert_eq!((shown.code, shown.error()), (2, "SOURCE_REFUSED"), "{}", shown.err);
    assert_eq!(world.read("a.py"), OLD);
}

#[test]
fn settings_come_from_the_nearest_folder_above_a_named_file() {
    let world =
        World::new(&[("sub/deep/a.py", OLD), ("sub/iama.toml", "select = ['print-statement']\n\nignore = 3\n")]);
    let shown = world.iama(&["recipes", "run", "sub/deep/a.py"]);
    assert_eq!((shown.code, shown.error()), (2, "SETTINGS_INVALID"));
    assert!(shown.err.contains("sub/iama.toml:3: "), "{}", shown.err);
    world.write("sub/iama.toml", b"ignore = ['has-key']\n");
    let report = world.iama(&["recipes", "run", "--json", "sub/deep/a.py"]).json();
    assert_eq!(report["edits"], serde_json::json!({ "print-statement": 1 }));
}

#[cfg(target_os = "linux")]
#[test]
fn an_output_that_cannot_be_written_is_a_problem_and_a_closed_pipe_is_none() {
    let world = World::new(&[("a.py", OLD)]);
    for arguments in [["recipes", "run", "a.py"].as_slice(), &["recipes", "list"], &["doctor", "--json"]] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let shown = world.iama_into(arguments, full.into());
        assert_eq!((shown.code, shown.error()), (2, "OUTPUT_FAILED"), "{}", shown.err);
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let shown = world.iama_into(arguments, writer.into());
        assert_eq!((shown.code, shown.error()), (0, ""), "{}", shown.err);
    }
}
