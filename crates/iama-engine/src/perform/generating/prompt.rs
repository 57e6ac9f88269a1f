//! What a model is told when it is asked for tests, and what a kept test looks like in its file.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use iama_baseline::python::strength::Planted;
use iama_patch::{FileState, Files};

use super::field::{Lines, holds};
use crate::generated::{Fate, GeneratedTest};
use crate::spec::{Behaviour, SpecItem};

/// Faults that are told for one file.
const FAULTS: usize = 40;

/// Characters of a piece of source.
const QUOTED: usize = 100;

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
        let lines = touched.get(file).map_or(&[][..], Vec::as_slice);
        let mut faults: Vec<&Planted> = faults.iter().collect();
        faults.sort_by_key(|fault| !holds(lines, fault.mutant.line));
        for fault in faults.iter().take(FAULTS) {
            let mutant = &fault.mutant;
            let place = usize::try_from(mutant.line).unwrap_or(1).saturating_sub(1);
            let line = bytes.split(|byte| *byte == b'\n').nth(place).unwrap_or_default();
            let within = if mutant.symbol.is_empty() { String::new() } else { format!(" in {}", mutant.symbol) };
            let _ =
                writeln!(text, "- line {}{within}, {}: {}", mutant.line, quoted(line), change(fault, files.get(file)));
        }
        if faults.len() > FAULTS {
            let _ = writeln!(text, "- and {} more like these", faults.len() - FAULTS);
        }
    }
    text
}

/// A fault in words: what stands there, and what is put there.
pub(super) fn change(fault: &Planted, file: Option<&FileState>) -> String {
    let was = file.and_then(|state| state.bytes.get(fault.start..fault.end)).unwrap_or_default();
    if fault.mutant.replacement.is_empty() {
        return format!("{} left out", quoted(was));
    }
    format!("{} in place of {}", quoted(fault.mutant.replacement.as_bytes()), quoted(was))
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
