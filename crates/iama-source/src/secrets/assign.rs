//! A name and the value that is given to it, in whatever language: found from a word within the name.

use std::ops::Range;

/// The longest name, and the longest value, in bytes.
const NAME: usize = 80;
const VALUE: usize = 2048;

/// How a value comes to its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// `=`, `:`, `=>`, `||` and their like.
    Sign,
    /// Between tags, or in another attribute.
    Markup,
    /// The next argument, or the first of a call.
    Argument,
    /// Blanks alone.
    Blank,
}

/// A value that is given to a name. Both are places in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Assigned {
    pub(super) name: Range<usize>,
    pub(super) value: Range<usize>,
    pub(super) quoted: bool,
    pub(super) how: How,
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.') || byte >= 0x80
}

fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'`')
}

/// The name around a word.
pub(super) fn name_around(text: &[u8], word: &Range<usize>) -> Range<usize> {
    let start = (word.start.saturating_sub(NAME)..word.start).rev().find(|at| !is_name(text[*at]));
    let end = (word.end..text.len().min(word.end + NAME)).find(|at| !is_name(text[*at]));
    start.map_or(word.start.saturating_sub(NAME), |at| at + 1)..end.unwrap_or(text.len().min(word.end + NAME))
}

/// A place that reads on.
struct Reader<'t> {
    text: &'t [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> u8 {
        self.text.get(self.at).copied().unwrap_or(b'\n')
    }

    fn takes(&mut self, part: &[u8]) -> bool {
        let found = self.text[self.at..].starts_with(part);
        self.at += if found { part.len() } else { 0 };
        found
    }

    fn skip(&mut self, wanted: impl Fn(u8) -> bool, most: usize) -> usize {
        let rest = &self.text[self.at..];
        let count = rest.iter().take(most).take_while(|byte| wanted(**byte)).count();
        self.at += count;
        count
    }

    fn blanks(&mut self) -> usize {
        self.skip(|byte| matches!(byte, b' ' | b'\t'), 40)
    }
}

/// The value that is given to the name around a word, if one is on the same line, or opens the next.
pub(super) fn assigned(text: &[u8], word: &Range<usize>) -> Option<Assigned> {
    let name = name_around(text, word);
    let mut reader = Reader { text, at: name.end };
    reader.takes(b"\\");
    let in_quotes = is_quote(reader.peek());
    reader.skip(|byte| is_quote(byte) || matches!(byte, b']' | b')' | b'?'), 4);
    let blanks = reader.blanks();
    let how = sign(&mut reader, text, &name, in_quotes, blanks)?;
    value(&mut reader, how).map(|(value, quoted)| Assigned { name, value, quoted, how })
}

fn sign(reader: &mut Reader<'_>, text: &[u8], name: &Range<usize>, in_quotes: bool, blanks: usize) -> Option<How> {
    let tag = name.start > 0 && text[name.start - 1] == b'<';
    let attributes = text[..name.start].iter().rev().take(80).take_while(|byte| **byte != b'\n');
    let in_tag = in_quotes && attributes.take_while(|byte| **byte != b'>').any(|byte| *byte == b'<');
    if tag {
        reader.skip(|byte| !matches!(byte, b'>' | b'\n' | b'<'), 120);
        return reader.takes(b">").then_some(How::Markup);
    }
    if in_tag {
        let value = [b"value=".as_slice(), b"Value="].iter().any(|part| reader.takes(part)) || reader.takes(b">");
        return value.then_some(How::Markup);
    }
    for sign in [":=", "=>", "===", "==", "!==", "!=", "?=", "||", "??", "=", ": ", ":", "->"] {
        if reader.takes(sign.as_bytes()) {
            if matches!(sign, ":" | ": ") {
                annotation(reader);
            }
            return Some(How::Sign);
        }
    }
    if reader.takes(b"or ") {
        return Some(How::Sign);
    }
    if (in_quotes && reader.takes(b",")) || (blanks == 0 && reader.takes(b"(")) {
        return Some(How::Argument);
    }
    (blanks > 0).then_some(How::Blank)
}

/// `name: type = value`: what stands between the colon and the sign is no value.
fn annotation(reader: &mut Reader<'_>) {
    let before = reader.at;
    reader.blanks();
    let letters =
        reader.skip(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'[' | b']' | b'|' | b'&'), 40);
    reader.blanks();
    let equals = reader.peek() == b'=' && reader.text.get(reader.at + 1) != Some(&b'=');
    if letters > 0 && equals {
        reader.at += 1;
    } else {
        reader.at = before;
    }
}

fn value(reader: &mut Reader<'_>, how: How) -> Option<(Range<usize>, bool)> {
    reader.blanks();
    if how == How::Sign
        && matches!(reader.peek(), b'(' | b'\\' | b'\r' | b'\n')
        && reader.text.get(reader.at + 1) != Some(&b'"')
    {
        let before = reader.at;
        reader.skip(|byte| matches!(byte, b'(' | b'\\' | b'\r' | b'\n' | b' ' | b'\t'), 60);
        if !is_quote(reader.peek()) {
            reader.at = before;
            return None;
        }
    }
    for call in ["new String(", "String(", "bytes(", "str(", "Buffer.from("] {
        reader.takes(call.as_bytes());
    }
    let prefix = reader.at;
    reader.skip(|byte| matches!(byte, b'u' | b'b' | b'r' | b'U' | b'B' | b'R' | b'@' | b'L'), 2);
    let escaped = reader.takes(b"\\");
    let quote = reader.peek();
    if is_quote(quote) {
        let triple = [quote; 3];
        if !reader.takes(&triple) {
            reader.at += 1;
        }
        return quoted(reader, quote, escaped);
    }
    reader.at = prefix;
    (how != How::Argument).then(|| bare(reader)).flatten().map(|range| (range, false))
}

fn quoted(reader: &Reader<'_>, quote: u8, escaped: bool) -> Option<(Range<usize>, bool)> {
    let rest = &reader.text[reader.at..reader.text.len().min(reader.at + VALUE)];
    let mut at = 0;
    while let Some(byte) = rest.get(at) {
        match byte {
            b'\n' => return None,
            b'\\' if escaped && rest.get(at + 1) == Some(&quote) => break,
            b'\\' => at += 1,
            byte if *byte == quote => break,
            _ => {}
        }
        at += 1;
    }
    (at > 0 && at < rest.len()).then(|| (reader.at..reader.at + at, true))
}

fn bare(reader: &Reader<'_>) -> Option<Range<usize>> {
    let rest = &reader.text[reader.at..reader.text.len().min(reader.at + VALUE)];
    let ends = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'`' | b'<');
    let mut end = rest.iter().position(ends).unwrap_or(rest.len());
    if let Some(semicolon) = rest[..end].iter().position(|byte| *byte == b';') {
        end = semicolon;
    }
    while end > 0 && matches!(rest[end - 1], b',' | b')' | b'}' | b']' | b'\\') {
        end -= 1;
    }
    (end > 0).then_some(reader.at..reader.at + end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, word: &str, expected: Option<(&str, &str)>) {
        let at = text.find(word).unwrap();
        let found = assigned(text.as_bytes(), &(at..at + word.len()));
        let shown = found.as_ref().map(|found| (&text[found.name.clone()], &text[found.value.clone()]));
        assert_eq!(shown, expected, "{text}");
    }

    #[test]
    fn values_are_found_in_many_notations() {
        let name = "db_pass";
        for text in [
            "db_pass = 'v1'",
            "  \"db_pass\": \"v1\",",
            "db_pass: v1",
            "db_pass=v1;",
            "export db_pass=v1\n",
            "<db_pass>v1</db_pass>",
            "<add key=\"db_pass\" value=\"v1\"/>",
            "{ :db_pass => \"v1\" }",
            "db_pass: str = \"v1\"",
            "f('db_pass', 'v1')",
            "db_pass := `v1`",
            "db_pass = (\n    \"v1\"\n)",
            "{\\\"db_pass\\\": \\\"v1\\\"}",
            "env.db_pass || 'v1'",
            "x['db_pass'] = u'v1'",
            "db_pass v1",
        ] {
            check(text, "pass", Some((if text.contains("env.") { "env.db_pass" } else { name }, "v1")));
        }
    }

    #[test]
    fn what_is_computed_is_no_value_of_a_call() {
        check("db_pass(x)", "pass", None);
        check("db_pass", "pass", None);
    }
}
