//! Tests that a model writes: a provider in the test's own process mixes useful ones with all that is of no use.

use std::path::Path;

use iama_model::fake::{Background, Fake, Reply, Seen, frames};
use serde_json::{Value, json};

use crate::world::{Shown, World};

pub(crate) const LIB: &str = "\
def share(total, count):
    if count < 1:
        raise ValueError('no one')
    return total / count

def greet(name):
    return 'hi ' + name

def label(code):
    if isinstance(code, basestring):
        return 'text'
    return 'number'

def total(sizes):
    result = 0
    for name in sorted(sizes.keys()):
        if sizes.has_key(name):
            result = result + sizes[name]
    return result
";

pub(crate) const TEST: &str = "\
import unittest
import lib

class T(unittest.TestCase):
    def test_greet(self):
        self.assertEqual(lib.greet('a'), 'hi a')
    def test_text(self):
        self.assertEqual(lib.label('a'), 'text')
        self.assertEqual(lib.label(1), 'number')
";

/// What is wrong with each, by the name of the test.
pub(crate) const FIRST: &str = "\
### TESTS
Shares are whole numbers.
```python
def test_share_is_whole():
    from lib import share
    assert share(7, 2) == 3
```

### TESTS
The same again, and less.
```python
def test_share_doubled():
    from lib import share
    assert share(9, 2) == 4
```

### TESTS
```python
def test_label_is_known_to_the_project():
    from lib import label
    assert label('b') == 'text'
    assert label(2) == 'number'
```

### TESTS
```python
def test_vacuous():
    from lib import share
    try:
        share(5, 2)
    except Exception:
        pass
    assert True
```

### TESTS
```python
def test_elsewhere():
    from lib import greet
    assert greet('b') == 'hi b'
```

### TESTS
```python
def test_wrong():
    from lib import share
    assert share(7, 2) == 3.5
```

### TESTS
```python
def test_flaky():
    from lib import share
    assert share(4, 2) == 2 and hash('SPIN') % 2 == 1
```

### TESTS
```python
def test_reaches_out():
    import socket
    assert socket.gethostname()
```

### TESTS
```python
import lib
def test_shape():
    assert lib.share(2, 1) == 2
```

### B99
```python
def test_no_item():
    from lib import share
    assert share(2, 1) == 2
```

### TESTS
```python
def test_share_is_whole_again():
    from lib import share
    assert share(7, 2) == 3
    share(8, 2)
```
";

pub(crate) const SECOND: &str = "\
### TESTS
A total is the sum of the sizes.
```python
def test_total():
    from lib import total
    assert total({'a': 1L, 'b': 2}) == 3
    assert total({}) == 0
```

### TESTS
Nobody shares with less than one.
```python
def test_no_one():
    from lib import share
    assert share(4, 1) == 4
    try:
        share(1, 0)
    except ValueError as error:
        assert str(error) == 'no one'
    else:
        assert False
```
";

fn says(text: &str) -> Reply {
    Reply::stream(&frames::openai(&[text], "stop"))
}

/// Answers the first question and the one after it.
fn provider(first: &str, second: &str) -> Background {
    let (first, second) = (first.to_owned(), second.to_owned());
    let script =
        move |seen: &Seen| says(if seen.texts().contains("# What became of earlier tests") { &second } else { &first });
    Fake::in_background(script).unwrap()
}

fn refactor(world: &World, provider: &Background, more: &[&str]) -> Shown {
    let price = json!({"input": 1.0, "output": 2.0});
    let here = json!({"kind": "openai-compatible", "base-url": format!("{}/v1", provider.url)});
    let route = json!({"class": "L1", "provider": "here", "model": "scripted", "price": price});
    let table = json!({"route": [route], "provider": {"here": here}}).to_string();
    let arguments: Vec<&str> =
        ["refactor", ".", "--yes", "--json", "--generate-tests"].iter().chain(more).copied().collect();
    world.iama_where(&[("IAMA_LLM_ROUTE_TABLE", Path::new(&table))], &arguments)
}

fn record(world: &World) -> Value {
    serde_json::from_slice(&std::fs::read(world.job().join("generated.json")).unwrap()).unwrap()
}

#[test]
fn only_useful_tests_stay_and_every_other_is_dropped_with_its_reason() {
    let world = World::new(&[("lib.py", LIB), ("test_lib.py", TEST)]);
    let provider = provider(&FIRST.replace("SPIN", "iama"), SECOND);
    let shown = refactor(&world, &provider, &[]);
    let record = record(&world);
    let fates: Vec<(&str, &str)> = record["tests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|test| {
            let name = test["name"].as_str().unwrap();
            (name.rsplit("::").next().unwrap(), test["code"].as_str().unwrap_or("kept"))
        })
        .collect();
    let expected = [
        ("test_share_is_whole", "kept"),
        ("test_share_doubled", "DUPLICATE"),
        ("test_label_is_known_to_the_project", "DUPLICATE"),
        ("test_vacuous", "VACUOUS"),
        ("test_elsewhere", "DUPLICATE"),
        ("test_wrong", "WRONG"),
        ("test_flaky", "FLAKY"),
        ("test_reaches_out", "REACH"),
        ("test_shape", "SHAPE"),
        ("test_no_item", "NO_ITEM"),
        ("test_share_is_whole_again", "DUPLICATE"),
        ("test_total", "kept"),
        ("test_no_one", "kept"),
    ];
    assert_eq!(fates, expected, "{}", shown.err);
    let whole = &record["tests"][0];
    assert_eq!(whole["faults"], json!([{"file": "lib.py", "line": 4, "told": "`*` in place of `/`"}]));
    assert_eq!((&record["before"]["noticed"], &record["after"]), (&json!(1), &json!({"faults": 2, "noticed": 2})));
    // The second question says what came of the first and what is still missing.
    let seen = provider.seen();
    assert_eq!(seen.len(), 2);
    let again = seen[1].texts();
    for part in [
        "- test_wrong (TESTS): not kept: AssertionError: assert 3 == 3.5",
        "in total, `result = 0`: `1` in place of `0`",
    ] {
        assert!(again.contains(part), "{part}: {again}");
    }
    assert!(!again.contains("`*` in place of `/`"), "{again}");
    let total = "# -*- coding: utf-8 -*-\n\"\"\"TESTS: A total is the sum of the sizes.\"\"\"\n\n\ndef test_total():\n    from lib import total\n    \
                 assert total({'a': 1, 'b': 2}) == 3\n    assert total({}) == 0\n";
    assert_eq!(world.read_job("generated/test_tests_total.py"), total);
    assert_eq!((shown.code, &shown.json()["state"]), (0, &Value::from("DELIVERED")), "{}", shown.err);
    assert_eq!(world.iama(&["apply"]).code, 0);
    assert!(world.read("lib.py").contains("total // count"), "{}", world.read("lib.py"));
}

#[test]
fn a_recording_of_generated_tests_plays_back_and_a_test_that_the_result_fails_is_a_regression() {
    // What the old language calls a text is not what the new one does.
    let first = "### TESTS\n```python\ndef test_quirk():\n    from lib import name_of\n    assert name_of(u'a') == 'unicode'\n```\n";
    let lib = "def name_of(value):\n    return type(value).__name__\n\ndef show(value):\n    print name_of(value)\n";
    let test = "import unittest\nimport lib\nclass T(unittest.TestCase):\n    def test_a(self):\n        self.assertTrue(lib.name_of)\n";
    let provider = provider(first, "### TESTS\n```python\ndef test_nothing():\n    assert 1\n```\n");
    let mut seen = Vec::new();
    let tape = tempfile::tempdir().unwrap();
    let folder = tape.path().join("tape");
    for mode in ["--record", "--replay"] {
        let world = World::new(&[("lib.py", lib), ("test_lib.py", test)]);
        let shown = refactor(&world, &provider, &[mode, folder.to_str().unwrap()]);
        // No answer holds an edit, so nobody mends it.
        assert_eq!((shown.code, shown.json()["state"].as_str()), (1, Some("FALLBACK_REQUIRED")), "{}", shown.err);
        let evidence: Value = serde_json::from_str(&world.read_job("evidence.json")).unwrap();
        assert_eq!(evidence["verdict"]["code"], "REGRESSIONS", "{}", shown.err);
        seen.push((record(&world), evidence["tests"]["cases"].clone(), provider.seen().len()));
    }
    assert_eq!(seen[0], seen[1]);
    let cases = &seen[0].1;
    let quirk =
        cases.as_array().unwrap().iter().find(|case| case["id"].as_str().unwrap().ends_with("::test_quirk")).unwrap();
    assert_eq!(
        (&quirk["legacy"], &quirk["result"], &quirk["regression"]),
        (&json!("passed"), &json!("failed"), &json!(true))
    );
}
