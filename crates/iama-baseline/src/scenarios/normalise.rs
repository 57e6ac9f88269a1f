//! What may differ without harm. Each kind has a name, is counted where it changes something, and can be switched off.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::times::{self, Span};

mod order;
mod traceback;

/// When a normaliser runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Always.
    Always,
    /// When three recordings differ without it and agree with it.
    Needed,
    /// When the file asks for it.
    Asked,
}

impl Use {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Needed => "when needed",
            Self::Asked => "when asked for",
        }
    }
}

/// Something that may differ without harm.
#[derive(Debug, Clone, Copy)]
pub struct Normaliser {
    /// Its name in the file.
    pub name: &'static str,
    /// When it runs.
    pub when: Use,
    /// What it does, in a sentence.
    pub what: &'static str,
    apply: fn(&str, &Surroundings) -> (String, usize),
}

impl PartialEq for Normaliser {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Normaliser {}

/// Where and when something ran.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Surroundings {
    /// Paths and what stands for them, longest first.
    pub(super) paths: Vec<(String, &'static str)>,
    /// The port that was picked.
    pub(super) port: Option<u16>,
    /// When.
    pub(super) span: Span,
}

/// All of them, in the order in which they run.
pub const NORMALISERS: &[Normaliser] = &[
    normaliser("line-ends", Use::Always, "`\\r\\n` becomes `\\n`", line_ends),
    normaliser(
        "paths",
        Use::Always,
        "the copy, temporary files and the interpreter have the same names everywhere",
        paths,
    ),
    normaliser("addresses", Use::Always, "addresses of objects, as in `<x object at 0x7f…>`", addresses),
    normaliser("times", Use::Always, "dates and times around the run itself; others stay", moments),
    normaliser("ports", Use::Always, "the port that IAMA picked", ports),
    normaliser("pids", Use::Always, "numbers of processes, where the word `pid` stands before them", pids),
    normaliser(
        "tracebacks",
        Use::Always,
        "line numbers, source lines and frames of the standard library, and names of exceptions that Python 3 merged",
        traceback::replace,
    ),
    normaliser("python-version", Use::Always, "the version of Python, as in `Python/2.7.18`", python_version),
    normaliser("argparse", Use::Always, "`optional arguments:`, which is `options:` from Python 3.10 on", argparse),
    normaliser("durations", Use::Needed, "how long something took, as in `0.12 s` or `3 ms`", durations),
    normaliser("uuids", Use::Needed, "random names of 32 hexadecimal digits", uuids),
    normaliser("json-order", Use::Needed, "the order of keys and the spaces of JSON", order::json),
    normaliser("repr-order", Use::Needed, "the order within the braces of a printed dict or set", order::reprs),
    normaliser("unordered-lines", Use::Needed, "the order of lines", order::lines),
    normaliser("reprs", Use::Asked, "`u'…'`, `10L` and `set([…])`, as Python 2 prints them", reprs),
    normaliser("line-end-spaces", Use::Asked, "spaces at the ends of lines", line_end_spaces),
];

const fn normaliser(
    name: &'static str,
    when: Use,
    what: &'static str,
    apply: fn(&str, &Surroundings) -> (String, usize),
) -> Normaliser {
    Normaliser { name, when, what, apply }
}

impl Normaliser {
    pub(super) fn apply(&self, text: &str, around: &Surroundings) -> (String, usize) {
        (self.apply)(text, around)
    }
}

/// Applies several and adds up how often each changed something.
pub(super) fn apply_all(
    text: &str,
    around: &Surroundings,
    normalisers: &[&'static Normaliser],
    counts: &mut BTreeMap<String, usize>,
) -> String {
    let mut text = text.to_owned();
    for normaliser in normalisers {
        let (changed, count) = normaliser.apply(&text, around);
        if count > 0 {
            *counts.entry(normaliser.name.to_owned()).or_default() += count;
        }
        text = changed;
    }
    text
}

/// An expression of ours; one that is wrong would match nothing, and the tests would say so.
fn expression(text: &str) -> Option<Regex> {
    Regex::new(text).ok()
}

fn replace(expression: Option<&Regex>, text: &str, with: impl Fn(&Captures<'_>) -> String) -> (String, usize) {
    let mut count = 0;
    let Some(expression) = expression else { return (text.to_owned(), 0) };
    let replaced = expression.replace_all(text, |found: &Captures<'_>| {
        let new = with(found);
        count += usize::from(new != found[0]);
        new
    });
    (replaced.into_owned(), count)
}

macro_rules! expression {
    ($text:expr) => {{
        static EXPRESSION: LazyLock<Option<Regex>> = LazyLock::new(|| expression($text));
        EXPRESSION.as_ref()
    }};
}

fn line_ends(text: &str, _: &Surroundings) -> (String, usize) {
    (text.replace("\r\n", "\n"), text.matches("\r\n").count())
}

fn paths(text: &str, around: &Surroundings) -> (String, usize) {
    let mut count = 0;
    let mut text = text.to_owned();
    for (path, name) in around.paths.iter().filter(|(path, _)| path.len() > 1) {
        count += text.matches(path.as_str()).count();
        text = text.replace(path.as_str(), name);
    }
    let random = expression!(r"(?:<tmp>|/tmp|/var/tmp)/tmp[A-Za-z0-9_]{6,8}\b");
    let (text, more) = replace(random, &text, |_| "<tmp>/<name>".to_owned());
    (text, count + more)
}

fn addresses(text: &str, _: &Surroundings) -> (String, usize) {
    replace(expression!(r"\bat 0x[0-9A-Fa-f]{6,16}\b"), text, |_| "at <address>".to_owned())
}

fn moments(text: &str, around: &Surroundings) -> (String, usize) {
    times::replace(text, around.span)
}

fn ports(text: &str, around: &Surroundings) -> (String, usize) {
    let Some(port) = around.port else { return (text.to_owned(), 0) };
    let own = port.to_string();
    replace(
        expression!(r"\b\d{2,5}\b"),
        text,
        |found| if found[0] == own { "<port>".to_owned() } else { found[0].to_owned() },
    )
}

fn pids(text: &str, _: &Surroundings) -> (String, usize) {
    replace(expression!(r"(?i)\b(pid\b[\s:=#]{0,3})\d+"), text, |found| format!("{}<pid>", &found[1]))
}

fn python_version(text: &str, _: &Surroundings) -> (String, usize) {
    let own = expression!(r"\b(Python|PyPy|CPython|BaseHTTP|SimpleHTTP|WSGIServer)([/ ])\d+(?:\.\d+)+\+?");
    replace(own, text, |found| format!("{}{}<version>", &found[1], &found[2]))
}

fn argparse(text: &str, _: &Surroundings) -> (String, usize) {
    replace(expression!(r"(?m)^optional arguments:$"), text, |_| "options:".to_owned())
}

fn durations(text: &str, _: &Surroundings) -> (String, usize) {
    let own = expression!(r"\b\d+(?:\.\d+)?(?:e-?\d+)? ?(ns|us|µs|ms|msec|s|sec|secs|seconds?|minutes?)\b");
    replace(own, text, |found| format!("<duration> {}", &found[1]))
}

fn uuids(text: &str, _: &Surroundings) -> (String, usize) {
    let own = expression!(r"(?i)\b[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\b");
    replace(own, text, |_| "<uuid>".to_owned())
}

fn reprs(text: &str, _: &Surroundings) -> (String, usize) {
    let (text, quotes) =
        replace(expression!(r#"(^|[\s\[({,:=])u(['"])"#), text, |found| format!("{}{}", &found[1], &found[2]));
    let (text, longs) = replace(expression!(r"\b(\d+)L\b"), &text, |found| found[1].to_owned());
    let (text, sets) = replace(expression!(r"\bset\(\[([^\[\]]+)\]\)"), &text, |found| format!("{{{}}}", &found[1]));
    (text, quotes + longs + sets)
}

fn line_end_spaces(text: &str, _: &Surroundings) -> (String, usize) {
    replace(expression!(r"(?m)[ \t]+$"), text, |_| String::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, text: &str, expected: &str, count: usize) {
        let around = Surroundings {
            paths: vec![("/job/legacy".to_owned(), "<root>"), ("/job/run/tmp".to_owned(), "<tmp>")],
            port: Some(40123),
            span: Span { from: 1_795_374_884, to: 1_795_374_886 },
        };
        let normaliser = NORMALISERS.iter().find(|normaliser| normaliser.name == name).unwrap();
        assert_eq!(normaliser.apply(text, &around), (expected.to_owned(), count), "{name}");
    }

    #[test]
    fn each_normaliser_changes_what_it_is_for_and_counts_it() {
        check("line-ends", "a\r\nb\n", "a\nb\n", 1);
        check("paths", "/job/legacy/a.py /job/run/tmp/tmpAb1_x9", "<root>/a.py <tmp>/<name>", 3);
        check("addresses", "<X object at 0x7f00aa11bb22> 0x10", "<X object at <address>> 0x10", 1);
        check("times", "at 2026-11-22 19:14:45, not 1999-01-01", "at <time>, not 1999-01-01", 1);
        check("ports", "http://127.0.0.1:40123/ 4012", "http://127.0.0.1:<port>/ 4012", 1);
        check("pids", "started, PID: 4711, page 4711", "started, PID: <pid>, page 4711", 1);
        check("python-version", "BaseHTTP/0.3 Python/2.7.18", "BaseHTTP/<version> Python/<version>", 2);
        check("argparse", "usage: x\n\noptional arguments:\n  -h", "usage: x\n\noptions:\n  -h", 1);
        check("durations", "done in 0.013s (12 ms)", "done in <duration> s (<duration> ms)", 2);
        check("uuids", "id 0f8fad5b-d9cb-469f-a165-70867728950e", "id <uuid>", 1);
        check("reprs", "[u'a', 10L] set(['b'])", "['a', 10] {'b'}", 3);
        check("line-end-spaces", "a \nb\n", "a\nb\n", 1);
    }

    #[test]
    fn what_is_no_business_of_theirs_stays() {
        check("python-version", "in Python 2 or 3", "in Python 2 or 3", 0);
        check("durations", "10 steps of 3", "10 steps of 3", 0);
        check("reprs", "menu'x", "menu'x", 0);
        check("paths", "/tmp/report.txt", "/tmp/report.txt", 0);
    }
}
