//! What a model is told when it is asked for tests, and what a kept test looks like in its file.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use iama_baseline::python::strength::Planted;
use iama_patch::{FileState, Files};

use super::field::{Lines, holds};
use crate::generated::{Fate, GeneratedTest};
use crate::spec::{Behaviour, SpecItem};

/// Lines that are told for one file.
const LINES: usize = 60;

/// Faults that are told for one line.
const EACH: usize = 4;

/// Characters of a piece of source.
const QUOTED: usize = 100;

/// Bytes that are shown of what stands after a place.
const AFTER: usize = 20;

/// Tests whose fate is told.
const TOLD: usize = 30;

/// The item for what no other one names: that what holds today goes on to hold.
pub(super) const EVERYTHING: &str = "TESTS";

/// The items that a test can be for.
pub(super) fn spec(items: &[&SpecItem]) -> String {
    let mut text = "# What the spec says\n\n".to_owned();
    for item in items {
        let _ = write!(text, "- {}: {}", item.id, item.text);
        if let Some(Behaviour { given, when, then }) = &item.behaviour {
            let _ = write!(text, " Given {given}, when {when}, then {then}.");
        }
        text.push('\n');
    }
    let _ = writeln!(text, "- {EVERYTHING}: what the code does otherwise, where no other item names it.");
    text
}

/// The faults that no test notices, by file, each with what stands there.
pub(super) fn missed(
    left: &BTreeMap<String, Vec<Planted>>,
    touched: &BTreeMap<String, Lines>,
    files: &Files,
) -> String {
    let mut text = "# What no test notices\n\nA test notices a fault when it passes on the code as it is and fails with the fault in \
                    it. Of each file, what stands on lines that the migration will touch comes first.\n"
        .to_owned();
    for (file, faults) in left {
        let _ = write!(text, "\n## {file}\n\n");
        let bytes = files.get(file).map_or(&[][..], |state| &state.bytes);
        let touched = touched.get(file).map_or(&[][..], Vec::as_slice);
        let mut lines: BTreeMap<(bool, u32), Vec<&Planted>> = BTreeMap::new();
        for fault in faults {
            lines.entry((!holds(touched, fault.mutant.line), fault.mutant.line)).or_default().push(fault);
        }
        for ((_, number), faults) in lines.iter().take(LINES) {
            let place = usize::try_from(*number).unwrap_or(1).saturating_sub(1);
            let line = bytes.split(|byte| *byte == b'\n').nth(place).unwrap_or_default();
            let symbol = faults.first().map_or("", |fault| &fault.mutant.symbol);
            let within = if symbol.is_empty() { String::new() } else { format!(" in {symbol}") };
            let told: Vec<String> = faults.iter().take(EACH).map(|fault| change(fault, files.get(file))).collect();
            let more = faults.len().saturating_sub(EACH);
            let more = if more > 0 { format!("; and {more} more") } else { String::new() };
            let _ = writeln!(text, "- line {number}{within}, {}: {}{more}", quoted(line), told.join("; "));
        }
        if lines.len() > LINES {
            let _ = writeln!(text, "- and {} more lines", lines.len() - LINES);
        }
    }
    text
}

/// A fault in words: what stands there, and what is put there.
pub(super) fn change(fault: &Planted, file: Option<&FileState>) -> String {
    let source = |from: usize, to: usize| file.and_then(|state| state.bytes.get(from..to)).unwrap_or_default();
    let (was, put) = (source(fault.start, fault.end), fault.mutant.replacement.as_bytes());
    if put.is_empty() {
        return format!("{} left out", quoted(was));
    }
    if was.is_empty() {
        let end = file.map_or(0, |state| state.bytes.len()).min(fault.start + AFTER);
        let after = source(fault.start, end).split(|byte| *byte == b'\n').next().unwrap_or_default();
        return format!("{} put before {}", quoted(put), quoted(after));
    }
    format!("{} in place of {}", quoted(put), quoted(was))
}

/// A piece of source in one short line.
fn quoted(source: &[u8]) -> String {
    let text = String::from_utf8_lossy(source);
    let words: Vec<&str> = text.split_whitespace().collect();
    let short: String = words.join(" ").chars().take(QUOTED).collect();
    format!("`{short}`")
}

/// What became of the tests of the first round.
pub(super) fn earlier(tests: &[GeneratedTest]) -> String {
    if tests.is_empty() {
        return String::new();
    }
    let mut text = "\n# What became of earlier tests\n\n".to_owned();
    for test in tests.iter().rev().take(TOLD) {
        let name = test.name.rsplit("::").next().unwrap_or(&test.name);
        let _ = match &test.fate {
            Fate::Kept { faults } => {
                writeln!(text, "- {name} ({}): kept, it alone notices {} faults", test.item, faults.len())
            }
            Fate::Dropped { code, why } => writeln!(text, "- {name} ({}): not kept: {}", test.item, told(code, why)),
        };
    }
    text.push_str("\nWrite tests for the faults above that are still not noticed. Repeat none that was kept.\n");
    text
}

/// The reason in words that are the same whenever the same tests are tried.
fn told<'w>(code: &str, why: &'w str) -> &'w str {
    match code {
        "DUPLICATE" => "all that it notices is noticed by other tests",
        _ => why,
    }
}

/// A kept test as a file.
pub(super) fn test_file(test: &GeneratedTest, code: &str) -> String {
    let says: String = test.says.chars().filter(|c| !c.is_control() && !matches!(c, '"' | '\\')).take(200).collect();
    let says = if says.is_empty() { "What the legacy code does.".to_owned() } else { says };
    let future: String = code.split_inclusive('\n').take_while(|line| line.starts_with("from __future__")).collect();
    let rest = code.get(future.len()..).unwrap_or_default().trim_start_matches('\n');
    let space = if future.is_empty() { "" } else { "\n" };
    format!("# -*- coding: utf-8 -*-\n\"\"\"{}: {says}\"\"\"\n{future}{space}\n\n{rest}", test.item)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(fate: Fate) -> GeneratedTest {
        GeneratedTest {
            name: "test_b1_a.py::test_a".to_owned(),
            item: "B1".to_owned(),
            says: "It \"greets\".\n".to_owned(),
            round: 1,
            route: "r".to_owned(),
            fate,
        }
    }

    #[test]
    fn a_kept_test_says_what_it_is_for_and_stays_as_it_was_tried() {
        let kept = test(Fate::Kept { faults: Vec::new() });
        let code = "def test_a():\n    assert 1\n";
        let head = "# -*- coding: utf-8 -*-\n\"\"\"B1: It greets.\"\"\"\n";
        assert_eq!(test_file(&kept, code), format!("{head}\n\n{code}"));
        let future = "from __future__ import print_function\n";
        assert_eq!(test_file(&kept, &format!("{future}{code}")), format!("{head}{future}\n\n\n{code}"));
    }

    #[test]
    fn what_became_of_tests_is_told_with_the_reason() {
        let dropped = Fate::Dropped { code: "WRONG".to_owned(), why: "AssertionError: 1".to_owned() };
        let told = earlier(&[test(Fate::Kept { faults: Vec::new() }), test(dropped)]);
        assert!(
            told.contains("- test_a (B1): not kept: AssertionError: 1\n- test_a (B1): kept, it alone notices 0 faults"),
            "{told}"
        );
        assert_eq!(earlier(&[]), "");
    }
}
