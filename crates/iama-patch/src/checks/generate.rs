//! Texts of near-duplicate blocks, edits to them, and what must come of each: told by comparing bytes at every offset, or
//! by how the text was put together.

use super::Random;
use crate::files::sha256;
use crate::patch::{Action, Operation, Patch, SchemaName};

pub(super) struct Case {
    pub(super) path: String,
    pub(super) before: Vec<u8>,
    pub(super) patch: Patch,
    /// The bytes afterwards; nothing when the patch must be refused.
    pub(super) expected: Option<Vec<u8>>,
}

impl Case {
    pub(super) fn new(random: &mut Random) -> Self {
        if random.one_in(8) { symbol_case(random) } else { search_case(random) }
    }

    fn of(path: &str, before: Vec<u8>, actions: Vec<Action>, expected: Option<Vec<u8>>) -> Self {
        let operation =
            |(rank, action): (usize, Action)| Operation { id: rank.to_string(), path: path.to_owned(), action };
        let base = [(path.to_owned(), Some(sha256(&before)))].into();
        let operations = actions.into_iter().enumerate().map(operation).collect();
        Self { path: path.to_owned(), before, patch: Patch { schema: SchemaName::V1, base, operations }, expected }
    }
}

const PATHS: [&str; 6] = ["a.py", "a.js", "a.ts", "a.tsx", "A.java", "notes.txt"];
const ENDINGS: [&str; 4] = ["\n", "\n", "\r\n", "\r"];
const LINES: [&str; 10] = [
    "def handle(self, x):",
    "    return self.value",
    "    return self.values",
    "        return self.value",
    "\treturn self.value",
    "}",
    "    log(x)",
    "    log(x) ",
    "",
    "",
];

fn search_case(random: &mut Random) -> Case {
    let ending = random.pick(&ENDINGS);
    let mut lines: Vec<String> = (0..=random.below(24)).map(|_| line(random)).collect();
    if random.one_in(3) {
        let copy: Vec<String> = lines.iter().take(6).cloned().collect();
        lines.extend(copy);
    }
    let mut text = lines.join(ending);
    if !random.one_in(4) {
        text.push_str(ending);
    }
    let (mut current, mut actions, mut is_right) = (text.clone(), Vec::new(), true);
    for _ in 0..=random.below(3) {
        let (search, replace) = (anchor(random, &lines), lines_of(random));
        match replaced(&current, &own(&search, &current), &own(&replace, &current)) {
            Some(after) if is_right => current = after,
            _ => is_right = false,
        }
        actions.push(Action::ExactSearchReplace { search, replace });
    }
    Case::of(random.pick(&PATHS), text.into_bytes(), actions, is_right.then(|| current.into_bytes()))
}

fn line(random: &mut Random) -> String {
    let line = random.pick(&LINES);
    if random.one_in(4) { format!("{line} {}", random.below(4)) } else { line.to_owned() }
}

fn lines_of(random: &mut Random) -> String {
    let lines: Vec<String> = (0..random.below(4)).map(|_| line(random)).collect();
    lines.join("\n") + random.pick(&["", "\n"])
}

/// Some lines of the text, with line feeds; now and then spoiled in one of the ways in which edits are.
fn anchor(random: &mut Random, lines: &[String]) -> String {
    let start = random.below(lines.len());
    let length = 1 + random.below(5).min(lines.len() - start - 1);
    let mut taken = lines[start..start + length].to_vec();
    let at = random.below(taken.len());
    match random.below(9) {
        0 => taken[at].insert_str(0, "    "),
        1 => taken[at] = taken[at].trim_start().into(),
        2 => taken.retain(|line| !line.is_empty()),
        3 => taken[at].push(' '),
        4 => taken.swap(0, at),
        _ => {}
    }
    taken.join("\n") + random.pick(&["", "\n", "\n"])
}

/// A given text with the line ends of a text that has one kind of them.
fn own(given: &str, text: &str) -> String {
    let kinds =
        [text.contains("\r\n"), text.replace("\r\n", "").contains('\n'), text.replace("\r\n", "").contains('\r')];
    match kinds {
        [true, false, false] => given.replace('\n', "\r\n"),
        [false, false, true] => given.replace('\n', "\r"),
        _ => given.to_owned(),
    }
}

/// The text with its one occurrence replaced, looking at every offset.
fn replaced(text: &str, search: &str, replace: &str) -> Option<String> {
    if search.is_empty() {
        return text.is_empty().then(|| replace.to_owned());
    }
    let stands_at = |at: &usize| text.as_bytes()[*at..].starts_with(search.as_bytes());
    let places: Vec<usize> = (0..text.len()).filter(stands_at).collect();
    match places[..] {
        [at] => Some([&text[..at], replace, &text[at + search.len()..]].concat()),
        _ => None,
    }
}

/// Functions of few names, one after another: replacing one by its name touches its lines alone.
fn symbol_case(random: &mut Random) -> Case {
    let names = ["run", "runs", "Run", "run_"];
    let functions: Vec<&str> = (0..=random.below(5)).map(|_| random.pick(&names)).collect();
    let name = random.pick(&names);
    let ending = random.pick(&ENDINGS);
    let is_python = random.one_in(2);
    let whole = |name: &str, body: &str| {
        if is_python {
            format!("def {name}(x):\n    return {body}")
        } else {
            format!("function {name}(x) {{\n  return {body};\n}}")
        }
    };
    let text = |new: Option<&str>| {
        let function = |function: &&str| match new {
            Some(new) if *function == name => new.to_owned(),
            _ => whole(function, "run(x)"),
        };
        let all: Vec<String> = functions.iter().map(function).collect();
        (all.join("\n\n\n") + "\n").replace('\n', ending)
    };
    let content = whole(name, "x + 1");
    let count = functions.iter().filter(|function| **function == name).count();
    let expected = (count == 1).then(|| text(Some(&content)).into_bytes());
    let action = Action::ReplaceSymbol { symbol: name.to_owned(), content };
    Case::of(if is_python { "a.py" } else { "a.ts" }, text(None).into_bytes(), vec![action], expected)
}
