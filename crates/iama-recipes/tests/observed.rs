//! What runs of the legacy code have seen decides where the code itself does not show it.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test says what it found by panicking")]

use iama_recipes::{Class, Migration, Options, Outcome, PAIRS, Project, Strategy, migrate};
use iama_syntax::Span;

/// The project of one file in which these kinds were seen at the first places of these texts.
fn project(text: &str, seen: &[(&str, &str)]) -> Project {
    let mut project = Project { certain: true, ..Project::default() };
    project.learn(PAIRS[0], "a.py", text);
    for (value, kind) in seen {
        let start = u32::try_from(text.find(value).unwrap()).unwrap();
        let end = start + u32::try_from(value.len()).unwrap();
        project.facts.observe("a.py", Span::new(start, end), kind);
    }
    project
}

fn run(text: &str, seen: &[(&str, &str)]) -> Migration {
    match migrate(PAIRS[0], "a.py", text, &project(text, seen), &Options::of(Strategy::Comprehensive)) {
        Outcome::Migrated(done) => done,
        other => panic!("{other:?} for\n{text}"),
    }
}

fn check(text: &str, seen: &[(&str, &str)], after: &str) {
    assert_eq!(run(text, seen).text, after, "{seen:?} for\n{text}");
}

/// The class and the reason of the only note.
fn note(text: &str, seen: &[(&str, &str)]) -> (Class, String) {
    let notes = run(text, seen).notes;
    let [note] = &notes[..] else { panic!("{notes:?}") };
    (note.class, note.why.clone())
}

#[test]
fn keys_of_dictionaries_are_lists_for_sure() {
    let text = "names = table.keys()\n";
    check(text, &[("table", "dict")], "names = list(table.keys())\n");
    let why = "the tests of the legacy code met dict here".to_owned();
    assert_eq!(note(text, &[("table", "dict")]), (Class::Safe, why));
    let why = "the tests of the legacy code met dict, Message here".to_owned();
    assert_eq!(note(text, &[("table", "dict"), ("table", "other:Message")]), (Class::Check, why));
    assert_eq!(note(text, &[]), (Class::Safe, String::new()));
}

#[test]
fn methods_of_own_classes_are_left_where_they_were_seen() {
    let class = "class Table(object):\n    def keys(self):\n        return self.names\n\n    def has_key(self, name):\n        \
                 return True\n\n";
    let text = format!("{class}names = table.keys()\nif table.has_key(1): pass\n");
    let at_keys = ("table", "other:Table");
    let done = run(&text, &[at_keys]).text;
    assert!(done.contains("names = table.keys()\n"), "{done}");
    let text = format!("{class}if store.has_key(1): pass\n");
    assert!(run(&text, &[("store", "other:Table")]).text.contains("if store.has_key(1)"));
    assert!(run(&text, &[("store", "dict")]).text.contains("if 1 in store:"));
}

#[test]
fn next_is_the_protocol_only_of_iterators() {
    let class = "class Node(object):\n    def next(self):\n        return self.after\n\n";
    let text = format!("{class}print node.next()\nprint rows.next()\n");
    let seen = [("node", "other:Node"), ("rows", "iterator")];
    check(&text, &seen, &format!("{class}print(node.next())\nprint(rows.__next__())\n"));
    let done = run(&format!("{class}print unknown.next()\nprint node.next()\n"), &seen[..1]).text;
    assert!(done.contains("print(next_of(unknown)())\nprint(node.next())\n"), "{done}");
}

#[test]
fn what_codes_by_a_method_of_its_own_is_left() {
    check("line = box.encode('utf-8')\n", &[("box", "other:Box")], "line = box.encode('utf-8')\n");
    check("line = box.decode('utf-8')\n", &[("box", "other:Box")], "line = box.decode('utf-8')\n");
    check("line = box.encode('hex')\n", &[("box", "other:Box")], "line = box.encode('hex')\n");
}

#[test]
fn native_strings_that_are_encoded_hold_ascii() {
    let done = run("line = key.encode('utf-8')\n", &[("key", "str")]).text;
    assert!(done.ends_with("line = as_native(key)\n"), "{done}");
    let done = run("line = key.encode('utf-8')\n", &[("key", "unicode")]).text;
    assert!(done.ends_with("line = as_native(key.encode('utf-8'))\n"), "{done}");
}

#[test]
fn native_strings_are_decoded_even_beside_literals_of_bytes() {
    let text = "mark = b'!'\nline = data.decode('utf-8')\n";
    check(text, &[], text);
    let done = run(text, &[("data", "str")]).text;
    assert!(done.ends_with("line = as_octets(data).decode('utf-8')\n"), "{done}");
}

#[test]
fn none_that_was_ordered_is_asked_for() {
    let none = [("low", "NoneType"), ("low", "int"), ("high", "int")];
    check("if low < high: pass\n", &none, "if low is None or low < high: pass\n");
    check("if low > high: pass\n", &none, "if low is not None and low > high: pass\n");
    check("x = high < low\n", &none, "x = (low is not None and high < low)\n");
    check(
        "x = 1 <= low <= high\n",
        &[("1", "int"), none[0], none[1], none[2]],
        "x = (low is not None and 1 <= low <= high)\n",
    );
    check("x = low < high\n", &[("low", "int"), ("high", "float")], "x = low < high\n");
}

#[test]
fn unlike_things_that_were_ordered_are_compared_by_a_function() {
    let done = run("x = low < high\n", &[("low", "str"), ("high", "int")]).text;
    assert!(done.ends_with("x = cmp(low, high) < 0\n"), "{done}");
    let done = run("x = f(low) >= high\n", &[("f(low)", "NoneType"), ("high", "int")]).text;
    assert!(done.ends_with("x = cmp(f(low), high) >= 0\n"), "{done}");
    check("x = low < high\n", &[("low", "other:Version"), ("high", "NoneType")], "x = low < high\n");
}

#[test]
fn what_was_sorted_of_unlike_things_gets_an_order() {
    let done = run("print sorted(rows)\n", &[("rows", "unlike"), ("rows", "alike")]).text;
    assert!(done.ends_with("print(sorted(rows, key=functools.cmp_to_key(cmp)))\n"), "{done}");
    let done = run("print max(a, b)\n", &[("a, b", "unlike")]).text;
    assert!(done.ends_with("print(max(a, b, key=functools.cmp_to_key(cmp)))\n"), "{done}");
    check("print sorted(rows)\n", &[("rows", "alike")], "print(sorted(rows))\n");
}

#[test]
fn code_for_both_languages_asks_what_was_seen_as_well() {
    let class = "class Table(object):\n    def viewkeys(self):\n        return self.names\n\n    def has_key(self, name):\n        \
                 return True\n\n";
    let options = Options { dual: true, ..Options::of(Strategy::Comprehensive) };
    let run = |line: &str, kind: &str| {
        let text = format!("{class}{line}");
        match migrate(PAIRS[0], "a.py", &text, &project(&text, &[("store", kind)]), &options) {
            Outcome::Migrated(done) => done.text.lines().last().unwrap_or_default().to_owned(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(run("x = store.viewkeys()\n", "other:Table"), "x = store.viewkeys()");
    assert_eq!(run("x = store.viewkeys()\n", "dict"), "x = getattr(store, 'viewkeys', store.keys)()");
    assert_eq!(run("if store.has_key(1): pass\n", "other:Table"), "if store.has_key(1): pass");
    assert_eq!(run("if store.has_key(1): pass\n", "dict"), "if 1 in store: pass");
}
