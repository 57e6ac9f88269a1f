//! `iama context`.

use crate::world::World;

const APP: &str = "import util\nprint util.total([1])\n";
const UTIL: &str = "def total(all):\n    \"\"\"Adds.\"\"\"\n    return sum(all)\n\n\ndef unused():\n    return 1\n";

fn world() -> World {
    World::new(&[("app.py", APP), ("util.py", UTIL), ("made.py", "# automatically generated\nx = 1\n")])
}

#[test]
fn a_tree_is_told_with_what_is_left_out_and_what_a_model_would_see() {
    let shown = world().iama(&["context", "--target", "app.py"]);
    let lines: Vec<&str> = shown.out.lines().collect();
    assert_eq!(shown.code, 0, "{}", shown.err);
    assert_eq!(
        lines[..6],
        [
            "2 files, 9 lines: 1 Python 2, 1 Python",
            "confidence 100: statements 100 %, names 100 %, whole files 100 %; edits by symbol",
            "",
            "1 path left out",
            "  made.py  says that a program wrote it",
            "",
        ]
    );
    assert!(lines[6].starts_with("context pack 145 of 200 000 tokens "), "{}", lines[6]);
    assert_eq!(
        lines[7..],
        [
            "        52  util.py  interface   imported by app.py",
            "        50  util.py  1 body      imported by app.py",
            "            total",
            "        43  app.py   whole       to be changed",
        ]
    );
}

#[test]
fn the_text_is_what_a_model_would_see() {
    let shown = world().iama(&["context", "--target", "app.py", "--text"]);
    let lines: Vec<&str> = shown.out.lines().filter(|line| !line.starts_with("---")).collect();
    assert_eq!(
        lines,
        [
            "def total(all):",
            "    \"\"\"Adds.\"\"\"",
            "def unused():",
            "    pass",
            "",
            "def total(all):",
            "    \"\"\"Adds.\"\"\"",
            "    return sum(all)",
            "",
            "import util",
            "print util.total([1])",
        ]
    );
}

#[test]
fn the_json_has_a_version_and_no_source() {
    let shown = world().iama(&["context", "--target", "app.py", "--json"]).json();
    assert_eq!(shown["schema"], "iama.context/1");
    assert_eq!(shown["excluded"], serde_json::json!([{ "path": "made.py", "reason": "GENERATED" }]));
    assert_eq!(shown["dialects"], serde_json::json!({ "python2": 1, "python3": 1 }));
    let parts: Vec<_> = shown["pack"]["parts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| (part["path"].as_str().unwrap(), part["kind"].as_str().unwrap(), part["reason"].as_str().unwrap()))
        .collect();
    assert_eq!(
        parts,
        [("util.py", "INTERFACE", "IMPORTED"), ("util.py", "BODY", "IMPORTED"), ("app.py", "TARGET", "TARGET"),]
    );
    assert_eq!(shown["pack"]["parts"][0]["chain"], serde_json::json!(["app.py"]));
    assert!(!shown.to_string().contains("sum(all)"));
}

#[test]
fn a_cap_that_is_too_low_is_refused_and_the_tree_is_told_all_the_same() {
    let shown = world().iama(&["context", "--target", "app.py", "--cap", "60"]);
    assert_eq!((shown.code, shown.error()), (2, "CONTEXT_CAP"));
    assert!(shown.out.starts_with("2 files"), "{}", shown.out);
    let shown = world().iama(&["context", "--target", "app.py", "--cap", "60", "--json"]);
    assert_eq!(shown.json()["refusal"]["code"], "CONTEXT_CAP");
}

#[test]
fn a_secret_in_a_target_is_refused_until_it_is_known() {
    let world = World::new(&[("app.py", &format!("db_password = '{}'\n", ["k9#Vx2", "!qLw8Z"].concat()))]);
    let shown = world.iama(&["context", "--target", "app.py"]);
    assert_eq!((shown.code, shown.error()), (2, "SECRET_FOUND"));
    world.iama(&["scan", "--baseline", "known.json", "--update-baseline"]);
    let shown = world.iama(&["context", "--target", "app.py", "--baseline", "known.json", "--text"]);
    assert_eq!(shown.code, 0, "{}", shown.err);
    assert!(shown.out.contains("db_password = 'IAMA_SECRET_c34741001c0d3c39'"), "{}", shown.out);
}

#[test]
fn targets_are_found_as_seen_from_here_too_and_wrong_ones_are_refused() {
    let world = World::new(&[("in/app.py", APP), ("in/util.py", UTIL)]);
    assert_eq!(world.iama(&["context", "in", "--target", "in/app.py"]).code, 0);
    assert_eq!(world.iama(&["context", "in", "--target", "./app.py"]).code, 0);
    let told = |arguments: &[&str]| {
        let shown = world.iama(arguments);
        (shown.code, shown.error().to_owned(), shown.out)
    };
    assert_eq!(told(&["context", "in", "--target", "none.py"]), (2, "TARGET_UNKNOWN".to_owned(), String::new()));
    assert_eq!(told(&["context", "none"]), (2, "PATH_INVALID".to_owned(), String::new()));
    assert!(world.iama(&["context", "--cap", "0"]).err.contains("looks like 128K"));
}
