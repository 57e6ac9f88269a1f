//! Types that other functions and files show.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test says what it found by panicking")]

use iama_recipes::{Class, Options, Outcome, PAIRS, Project, Strategy, migrate};

/// The last file after the run, with the class of its last note.
fn run(files: &[(&str, &str)]) -> (String, Option<Class>) {
    let names = files.iter().map(|(path, _)| (*path).to_owned()).collect();
    let mut project = Project { files: names, certain: true, ..Project::default() };
    for (path, text) in files {
        project.learn(PAIRS[0], path, text);
    }
    let (path, text) = files.last().unwrap();
    match migrate(PAIRS[0], path, text, &project, &Options::of(Strategy::Comprehensive)) {
        Outcome::Migrated(done) => (done.text, done.notes.last().map(|note| note.class)),
        other => panic!("{other:?}"),
    }
}

const TOOLS: (&str, &str) = ("tools.py", "LIMIT = 10\nRATIO = 0.5\n\ndef count(rows):\n    return len(rows)\n");

#[test]
fn functions_and_constants_of_another_file_are_known() {
    let text = "from tools import LIMIT, count\nx = count(a) / LIMIT\n";
    let after = "from tools import LIMIT, count\nx = count(a) // LIMIT\n".to_owned();
    assert_eq!(run(&[TOOLS, ("a.py", text)]), (after, Some(Class::Check)));
    let text = "from tools import RATIO\nx = f(a) / RATIO\n";
    assert_eq!(run(&[TOOLS, ("a.py", text)]), (text.to_owned(), None));
}

#[test]
fn an_attribute_has_the_type_that_every_file_gives_it() {
    let text = "class A(object):\n    def __init__(self):\n        self.width = 4\n\n    def half(self):\n        return \
                self.width / 2\n";
    let done = run(&[("a.py", text)]);
    assert_eq!(done, (text.replace("/ 2", "// 2"), Some(Class::Check)));
    let done = run(&[("b.py", "def widen(a):\n    a.width = a.width * 1.5\n"), ("a.py", text)]);
    assert!(done.0.ends_with("return old_div(self.width, 2)\n"), "{}", done.0);
}

#[test]
fn a_name_of_two_types_is_unknown() {
    let other = ("other.py", "def count(rows):\n    return sum(rows)\n");
    let done = run(&[TOOLS, other, ("a.py", "from tools import count\nx = count(a) / 2\n")]);
    assert!(done.0.ends_with("x = old_div(count(a), 2)\n"), "{}", done.0);
}
