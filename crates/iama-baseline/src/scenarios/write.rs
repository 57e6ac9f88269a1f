//! Putting what was recorded into the file: the text around it, comments and order stay as they are.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Content, Expectation, Scenario, Scenarios, parse};

/// Why nothing was put into a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct NotWritten {
    /// Where.
    pub line: usize,
    /// Why.
    pub what: String,
}

/// The text of a file with these expectations, by name of the scenario. Others stay.
pub fn put(text: &str, expectations: &BTreeMap<String, Expectation>) -> Result<String, NotWritten> {
    let broken = |line: usize, what: &str| NotWritten { line, what: what.to_owned() };
    let known = parse(text).map_err(|error| NotWritten { line: error.line, what: error.what })?;
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    // From the end to the beginning, so that the places of what is still to come stay right.
    for scenario in known.scenarios.iter().rev() {
        let Some(expect) = expectations.get(&scenario.name) else { continue };
        let flow = || broken(scenario.line, "a scenario in braces cannot be written to; give each of its keys a line");
        let block = block(&lines, scenario.line).ok_or_else(flow)?;
        if let Some(last) = lines.get_mut(block.to - 1).filter(|last| !last.ends_with('\n')) {
            last.push('\n');
        }
        lines.splice(block.from..block.to, [rendered(expect, block.indent)]);
    }
    let new = lines.concat();
    let expected = known.scenarios.iter().map(|scenario| {
        let expect = expectations.get(&scenario.name).cloned().or_else(|| scenario.expect.clone());
        Scenario { expect, line: 0, ..scenario.clone() }
    });
    let expected = Scenarios { scenarios: expected.collect() };
    let found = parse(&new).map_err(|error| broken(error.line, "what would be written cannot be read again"))?;
    let found = found.scenarios.into_iter().map(|scenario| Scenario { line: 0, ..scenario }).collect();
    if (Scenarios { scenarios: found }) == expected {
        Ok(new)
    } else {
        Err(broken(1, "what would be written reads as something else; use plain block style without anchors"))
    }
}

/// The lines of a scenario that are to be replaced.
struct Block {
    from: usize,
    to: usize,
    /// Spaces before the scenario's keys.
    indent: usize,
}

/// Where the `expect` of the scenario whose first key is on `line` lies, or where it would go.
fn block(lines: &[String], line: usize) -> Option<Block> {
    let first = line.checked_sub(1)?;
    let head = lines.get(first)?;
    let indent = head.find(|c: char| !matches!(c, ' ' | '-'))?;
    if head[indent..].starts_with('{') || !head[..indent].contains('-') {
        return None;
    }
    let spaces = |text: &str| text.len() - text.trim_start_matches(' ').len();
    let is_blank = |text: &str| text.trim().is_empty();
    let ends = |from: usize, least: usize| {
        let inside = |text: &String| is_blank(text) || spaces(text) >= least;
        let all = lines[from..].iter().take_while(|text| inside(text)).count();
        let blank = lines[from..from + all].iter().rev().take_while(|text| is_blank(text)).count();
        from + all - blank
    };
    let end = ends(first + 1, indent);
    let is_own = |text: &String| spaces(text) == indent && text[indent..].starts_with("expect:");
    let found = (first + 1..end).find(|at| is_own(&lines[*at]));
    match found {
        Some(from) => Some(Block { from, to: ends(from + 1, indent + 1), indent }),
        None => Some(Block { from: end, to: end, indent }),
    }
}

fn rendered(expect: &Expectation, indent: usize) -> String {
    let mut out = Out { text: String::new() };
    out.key(indent, "expect", "");
    let inner = indent + 2;
    let part = |name: &str| expect.parts.get(name);
    if let Some(Content::Text(code)) = part("exit") {
        out.key(inner, "exit", code);
    }
    for name in ["stdout", "stderr"] {
        if let Some(content) = part(name) {
            out.content(inner, name, content);
        }
    }
    let files: Vec<_> =
        expect.parts.iter().filter_map(|(name, content)| Some((name.strip_prefix("file ")?, content))).collect();
    if !files.is_empty() {
        out.key(inner, "files", "");
        for (path, content) in files {
            out.content(inner + 2, &quoted(path), content);
        }
    }
    responses(&mut out, inner, expect);
    if !expect.normalised.is_empty() {
        out.key(inner, "normalised", "");
        expect.normalised.iter().for_each(|(name, count)| out.key(inner + 2, name, &count.to_string()));
    }
    if !expect.quarantined.is_empty() {
        out.key(inner, "quarantined", "");
        expect.quarantined.iter().for_each(|(part, why)| out.key(inner + 2, &quoted(part), &quoted(why)));
    }
    if out.text.lines().count() == 1 {
        out.text = format!("{}expect: {{}}\n", " ".repeat(indent));
    }
    out.text
}

fn responses(out: &mut Out, indent: usize, expect: &Expectation) {
    let number = |part: &str| part.strip_prefix("response ")?.split(' ').next()?.parse::<usize>().ok();
    let most = expect.parts.keys().filter_map(|part| number(part)).max().unwrap_or(0);
    if most > 0 {
        out.key(indent, "responses", "");
    }
    for at in 1..=most {
        let part = |rest: &str| expect.parts.get(&format!("response {at} {rest}"));
        let mut row = Out { text: String::new() };
        if let Some(Content::Text(status)) = part("status") {
            row.key(indent + 4, "status", status);
        }
        let begins = format!("response {at} header ");
        let headers: Vec<_> =
            expect.parts.iter().filter_map(|(name, content)| Some((name.strip_prefix(&begins)?, content))).collect();
        if !headers.is_empty() {
            row.key(indent + 4, "headers", "");
            for (name, content) in headers {
                row.content(indent + 6, &quoted(name), content);
            }
        }
        if let Some(body) = part("body") {
            row.content(indent + 4, "body", body);
        }
        if row.text.is_empty() {
            row.text = format!("{}{{}}\n", " ".repeat(indent + 4));
        }
        row.text.replace_range(indent + 2..=indent + 2, "-");
        out.text.push_str(&row.text);
    }
}

struct Out {
    text: String,
}

impl Out {
    fn key(&mut self, indent: usize, key: &str, value: &str) {
        let gap = if value.is_empty() { "" } else { " " };
        // A string takes everything.
        let _ = writeln!(self.text, "{}{key}:{gap}{value}", " ".repeat(indent));
    }

    fn content(&mut self, indent: usize, key: &str, content: &Content) {
        match content {
            Content::Text(text) => self.scalar(indent, key, text),
            Content::Binary { base64 } => self.key(indent, key, &format!("{{base64: {}}}", quoted(base64))),
            Content::Digest { sha256, bytes } => {
                self.key(indent, key, &format!("{{sha256: {sha256:?}, bytes: {bytes}}}"));
            }
            Content::Removed { .. } => self.key(indent, key, "{removed: true}"),
        }
    }

    /// Text in the form that reads best and is read as the same text again.
    fn scalar(&mut self, indent: usize, key: &str, text: &str) {
        let plain =
            |c: char| c == '\n' || c == '\t' || (!c.is_control() && !matches!(c, '\u{feff}' | '\u{2028}' | '\u{2029}'));
        let body = text.strip_suffix('\n').unwrap_or(text);
        let block = body.contains('\n') || text.ends_with('\n');
        let tame = text.chars().all(plain)
            && !body.is_empty()
            && !body.ends_with('\n')
            && !body.starts_with(['\n', ' ', '\t']);
        let blank_lines_are_empty = body.lines().all(|line| line.is_empty() || !line.trim().is_empty());
        if !block || !tame || !blank_lines_are_empty {
            return self.key(indent, key, &quoted(text));
        }
        self.key(indent, key, if text.ends_with('\n') { "|" } else { "|-" });
        for line in body.split('\n') {
            let gap = if line.is_empty() { 0 } else { indent + 2 };
            // A string takes everything.
            let _ = writeln!(self.text, "{}{line}", " ".repeat(gap));
        }
    }
}

/// Text in double quotation marks: JSON's spelling, with what YAML does not want to see bare escaped as well.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() || matches!(c, '\u{feff}' | '\u{2028}' | '\u{2029}' | '\u{fffe}' | '\u{ffff}') => {
                // A string takes everything.
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# what the tool does\nversion: 1\n\nscenarios:\n  - name: help  # first\n    run: python tool.py --help\n    expect:\n      exit: 9\n      stdout: |\n        old\n\n\n  # the other one\n  - name: other\n    run: [python, tool.py]\n    # at the end\n";

    fn expectation(stdout: &str) -> Expectation {
        let text = |text: &str| Content::Text(text.to_owned());
        let parts = [("exit", text("0")), ("stdout", text(stdout)), ("file a: b", Content::REMOVED)];
        Expectation {
            parts: parts.map(|(name, content)| (name.to_owned(), content)).into(),
            normalised: BTreeMap::from([("times".to_owned(), 2)]),
            quarantined: BTreeMap::from([("stderr".to_owned(), "it \"differs\": \n".to_owned())]),
        }
    }

    #[test]
    fn comments_order_and_everything_else_stay() {
        let both = ["help", "other"].map(|name| (name.to_owned(), expectation("usage: x\n\n  y\n")));
        let expect = "expect:\n      exit: 0\n      stdout: |\n        usage: x\n\n          y\n      files:\n        \"a: b\": {removed: true}\n      normalised:\n        times: 2\n      quarantined:\n        \"stderr\": \"it \\\"differs\\\": \\n\"\n";
        let expected = format!(
            "# what the tool does\nversion: 1\n\nscenarios:\n  - name: help  # first\n    run: python tool.py --help\n    {expect}\n\n  # the other one\n  - name: other\n    run: [python, tool.py]\n    # at the end\n    {expect}"
        );
        let found = put(FILE, &both.into()).unwrap();
        assert_eq!(found, expected);
        assert_eq!(
            put(&found, &BTreeMap::from([("help".to_owned(), expectation("usage: x\n\n  y\n"))])).unwrap(),
            found
        );
    }

    #[test]
    fn every_text_is_read_again_as_it_was() {
        for text in [
            "",
            "\n",
            "a",
            "a\n",
            "a\n\n",
            "\na\n",
            " a\nb",
            "a\n \nb\n",
            "a \nb\t\n",
            "\ta\n",
            "# a\n",
            "- a: b\n",
            "yes",
            "1",
            "null",
            "~",
            "'a' \"b\" \\",
            "a\r\nb",
            "\u{1b}[31m",
            "é\u{85}\u{2028}\u{feff}x",
            "%a\n---\n...\n",
            "{a}\n",
            "\u{7f}",
            "😀\n",
        ] {
            let expectations = BTreeMap::from([("other".to_owned(), expectation(text))]);
            let found = put(FILE, &expectations).unwrap_or_else(|error| panic!("{text:?}: {error}"));
            let read = parse(&found).unwrap().scenarios.remove(1).expect.unwrap();
            assert_eq!(read, expectation(text), "{text:?}");
        }
    }

    #[test]
    fn responses_are_written_and_read_again() {
        let text = |text: &str| Content::Text(text.to_owned());
        let parts = [
            ("response 1 status", text("200")),
            ("response 1 header content-type", text("text/html")),
            ("response 1 body", text("a\nb\n")),
            ("response 3 body", Content::of_binary(&[0, 255])),
        ];
        let parts = parts.map(|(name, content)| (name.to_owned(), content)).into();
        let expect = Expectation { parts, ..Expectation::default() };
        let file =
            "version: 1\nscenarios:\n- name: web\n  server: python s.py {port}\n  requests: [GET /, GET /b, GET /c]";
        let found = put(file, &BTreeMap::from([("web".to_owned(), expect.clone())])).unwrap();
        assert_eq!(parse(&found).unwrap().scenarios[0].expect, Some(expect));
    }

    #[test]
    fn a_scenario_in_braces_is_refused_with_its_line() {
        let file = "version: 1\nscenarios:\n  - {name: a, run: python a.py}\n";
        let refused = put(file, &BTreeMap::from([("a".to_owned(), expectation("x"))])).unwrap_err();
        assert_eq!(refused.line, 3);
    }
}
