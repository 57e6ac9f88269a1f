//! What was taken out of the library, and what stands in for it.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test says what it found by panicking")]

use iama_recipes::{Class, Migration, Options, Outcome, PAIRS, Project, Strategy, migrate};

fn run(text: &str) -> Migration {
    run_for((3, 13), text)
}

fn run_for(target: (u8, u8), text: &str) -> Migration {
    let project = Project { certain: true, ..Project::default() };
    let options = Options { target, ..Options::of(Strategy::Comprehensive) };
    match migrate(PAIRS[0], "a.py", text, &project, &options) {
        Outcome::Migrated(done) => done,
        other => panic!("{other:?} for\n{text}"),
    }
}

fn check(before: &str, after: &str) {
    assert_eq!(run(before).text, after);
}

fn refusals(text: &str) -> Vec<&'static str> {
    run(text).notes.iter().filter(|note| note.class == Class::Refused).map(|note| note.recipe).collect()
}

#[test]
fn a_removed_member_is_led_to_its_heir_however_it_is_imported() {
    check("import ConfigParser as cp\nx = cp.SafeConfigParser()\n", "import configparser as cp\nx = cp.ConfigParser()\n");
    check("from fractions import gcd, Fraction\ngcd(1, 2)\n", "from fractions import Fraction\nfrom math import gcd\ngcd(1, 2)\n");
    check("from locale import format as f\nf('%d', 1)\n", "from locale import format_string as f\nf('%d', 1)\n");
    check("import os\nx = os.errno.EEXIST\n", "import os\nimport errno\nx = errno.EEXIST\n");
}

#[test]
fn what_the_target_still_has_stays() {
    let text = "import fractions\nx = fractions.gcd(a, b)\n";
    assert_eq!(run_for((3, 8), text).text, text);
}

#[test]
fn a_member_without_an_heir_needs_a_person() {
    assert_eq!(refusals("import platform\nx = platform.dist()\n"), ["removed-members"]);
    assert_eq!(refusals("from random import jumpahead\n"), ["removed-members"]);
}

#[test]
fn nested_managers_become_one_statement_where_they_are_written_out() {
    check(
        "from contextlib import nested\nwith nested(a(), b()) as (x, y):\n    pass\n",
        "import contextlib\n\n\n@contextlib.contextmanager\ndef nested_managers(*managers):\n    with contextlib.ExitStack() as stack:\n        yield tuple([stack.enter_context(manager) for manager in managers])\n\nwith nested_managers(a(), b()) as (x, y):\n    pass\n",
    );
}
