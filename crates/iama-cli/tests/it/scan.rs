//! `iama scan`.

use crate::world::World;

/// Put together here, so that no file of the repository holds it.
fn line() -> String {
    format!("db_password = '{}'\n", ["k9#Vx2", "!qLw8Z"].concat())
}

#[test]
fn findings_are_told_by_place_and_never_by_their_text() {
    let world = World::new(&[("b.py", &line()), ("a/settings.py", &format!("\n  {}", line())), ("c.py", "x = 1\n")]);
    let shown = world.iama(&["scan"]);
    assert_eq!(shown.code, 1);
    assert_eq!(
        shown.out,
        "a/settings.py:2:18: named-password password k9#… c34741001c0d3c39\n\
         b.py:1:16: named-password password k9#… c34741001c0d3c39\n"
    );
    assert_eq!(shown.err, "2 findings in 3 files\n");
}

#[test]
fn nothing_found_is_a_success() {
    let shown = World::new(&[("c.py", "x = 1\n")]).iama(&["scan", "."]);
    assert_eq!((shown.code, shown.out.as_str(), shown.err.as_str()), (0, "", "0 findings in 1 file\n"));
}

#[test]
fn the_json_has_a_version_and_paths_relative_to_what_was_scanned() {
    let world = World::new(&[("a/b.py", &line())]);
    let shown = world.iama(&["scan", "a", "--json"]);
    let expected = serde_json::json!({
        "schema": "iama.scan/1",
        "files": 1,
        "bytes": 29,
        "findings": [{
            "path": "b.py", "line": 1, "column": 16, "rule": "named-password", "title": "password",
            "hash": "c34741001c0d3c39", "redacted": "k9#…",
        }],
        "known": 0,
        "skipped": [],
    });
    assert_eq!((shown.code, shown.json()), (1, expected));
}

#[test]
fn sarif_names_the_rule_and_the_place() {
    let world = World::new(&[("a b.py", &line())]);
    let shown = world.iama(&["scan", "--sarif"]).json();
    let result = &shown["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "named-password");
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "a%20b.py");
    assert_eq!(place["region"], serde_json::json!({ "startLine": 1, "startColumn": 16 }));
}

#[test]
fn a_baseline_silences_what_is_known_and_nothing_else() {
    let world = World::new(&[("a.py", &line())]);
    let known = ["scan", "--baseline", "known.json"];
    let written = world.iama(&[&known[..], &["--update-baseline"]].concat());
    assert_eq!((written.code, written.err.as_str()), (0, "1 finding written to known.json\n"));
    world.write("a.py", format!("\n\n{}", line()).as_bytes());
    let silent = world.iama(&known);
    assert_eq!((silent.code, silent.out.as_str()), (0, ""));
    world.write("b.py", line().as_bytes());
    assert_eq!(world.iama(&known).code, 1);
    assert!(!world.read("known.json").contains("k9#"));
}

#[test]
fn bad_input_is_told_with_a_code() {
    let world = World::new(&[("a.py", ""), ("broken.json", "{"), ("old.json", "{\"schema\":\"x/1\",\"findings\":[]}")]);
    let told = |arguments: &[&str]| {
        let shown = world.iama(arguments);
        (shown.code, shown.error().to_owned())
    };
    assert_eq!(told(&["scan", "none"]), (2, "PATH_INVALID".to_owned()));
    assert_eq!(told(&["scan", "--baseline", "none.json"]), (2, "BASELINE_MISSING".to_owned()));
    assert_eq!(told(&["scan", "--baseline", "broken.json"]), (2, "BASELINE_INVALID".to_owned()));
    assert_eq!(told(&["scan", "--baseline", "old.json"]), (2, "BASELINE_INVALID".to_owned()));
    assert_eq!(told(&["scan", "--exclude", "["]), (2, "PATH_INVALID".to_owned()));
    assert_eq!(world.iama(&["scan", "--json", "--sarif"]).code, 2);
}
