//! What a model is told: the same words for the same state, in an order that lets a prefix repeat.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use iama_baseline::Frame;

use super::failures::Cause;
use crate::spec::{Behaviour, Origin, Spec};

/// Causes that are told in one prompt; the others come up again when these are mended.
const CAUSES: usize = 8;
/// Tests that are named for one cause.
const NAMED: usize = 5;

/// The part that says what failed.
pub(super) fn failures(causes: &[Cause]) -> String {
    let tests: BTreeSet<&String> = causes.iter().flat_map(|cause| &cause.tests).collect();
    let mut text = format!(
        "# What failed\n\nOn the new code {} that pass on the old code, by {}.\n",
        count(tests.len(), "test or file of tests fails", "tests or files of tests fail"),
        count(causes.len(), "cause", "causes")
    );
    for (number, cause) in causes.iter().take(CAUSES).enumerate() {
        let _ = write!(text, "\n## Cause {}: {}\n\n", number + 1, count(cause.tests.len(), "test", "tests"));
        let class = if cause.class.is_empty() { "No error" } else { &cause.class };
        let _ = writeln!(text, "{class}: {}", cause.message);
        if let Some(file) = &cause.file {
            let line = cause.line.map(|line| format!(", line {line}")).unwrap_or_default();
            let symbol = cause.symbol.as_deref().map(|symbol| format!(", in {symbol}")).unwrap_or_default();
            let _ = writeln!(text, "raised in {file}{line}{symbol}");
        }
        text.push_str(&way(&cause.frames));
        for test in cause.tests.iter().take(NAMED) {
            let _ = writeln!(text, "- {test}");
        }
        if cause.tests.len() > NAMED {
            let _ = writeln!(text, "- and {} more", cause.tests.len() - NAMED);
        }
    }
    if causes.len() > CAUSES {
        let _ = writeln!(text, "\n{} more causes are not shown.", causes.len() - CAUSES);
    }
    text
}

/// The way to where an error was raised, as far as it leads through the project.
fn way(frames: &[Frame]) -> String {
    if frames.len() < 2 {
        return String::new();
    }
    let place = |frame: &Frame| {
        let line = frame.line.map(|line| format!(", line {line}")).unwrap_or_default();
        let symbol = frame.symbol.as_deref().map(|symbol| format!(", in {symbol}")).unwrap_or_default();
        format!("  {}{line}{symbol}\n", frame.file)
    };
    format!("the way there, outermost call first:\n{}", frames.iter().map(place).collect::<String>())
}

fn count(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// The part that says which files may be edited; their content follows it.
pub(super) fn editable<'f>(files: impl Iterator<Item = &'f String>) -> String {
    let mut text = "\n# Files that you may edit\n\n".to_owned();
    for path in files {
        let _ = writeln!(text, "- {path}");
    }
    text + "\nTheir content, and tests and functions that show what is expected:\n\n"
}

/// The part with what the files import.
pub(super) fn interfaces(text: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        format!("# What the files lean on\n\nThese cannot be edited.\n\n{text}")
    }
}

/// Bytes of the spec that are told.
const SPEC_BYTES: usize = 12 << 10;

/// The spec, item by item, the most binding first.
pub(super) fn spec(spec: &Spec) -> String {
    let mut text = "# What must hold\n\n".to_owned();
    for item in spec.binding(SPEC_BYTES) {
        let _ = write!(text, "- {}: {}", item.id, item.text);
        if let Some(Behaviour { given, when, then }) =
            item.behaviour.as_ref().filter(|_| item.origin != Origin::Recipes)
        {
            let _ = write!(text, " Given {given}, when {when}, then {then}.");
        }
        text.push('\n');
    }
    text
}

/// What earlier attempts did and what came of them, so that none is repeated.
pub(super) fn earlier(tried: &BTreeMap<u32, String>) -> String {
    if tried.is_empty() {
        return String::new();
    }
    let mut text = "\n# Earlier attempts\n\n".to_owned();
    for (ordinal, what) in tried {
        let _ = writeln!(text, "- call {ordinal}: {what}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::perform::repairing::failures::unknown;

    #[test]
    fn the_way_to_a_failure_is_told_where_it_has_more_than_one_place() {
        let frame = |file: &str, line, symbol: &str| Frame {
            file: file.to_owned(),
            line: Some(line),
            symbol: Some(symbol.to_owned()),
        };
        let short = Cause { frames: vec![frame("lib.py", 2, "half")], ..unknown() };
        let long = Cause { frames: vec![frame("test_lib.py", 4, "T.test"), frame("lib.py", 2, "half")], ..unknown() };
        let way = "the way there, outermost call first:\n  test_lib.py, line 4, in T.test\n  lib.py, line 2, in half\n";
        assert!(failures(&[long]).contains(way));
        assert!(!failures(&[short]).contains("the way there"));
    }
}
