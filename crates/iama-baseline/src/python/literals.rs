//! The values that are written in a text, whatever their spelling: what carrying tests over must not lose.

use std::collections::BTreeMap;
use std::fmt;

use iama_syntax::{Dialect, Node, SyntaxTree};

/// A value that stands in a text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Literal {
    /// A number, by its value where that can be told, else by its lower-case spelling.
    Number(String),
    /// Text or bytes. A byte stands for the character of the same number, so that a prefix alone makes no difference.
    Text(String),
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => f.write_str(number),
            Self::Text(text) => write!(f, "{text:?}"),
        }
    }
}

/// The values of a tree and how often each stands there. Documentation strings are no values.
pub fn literals(tree: &SyntaxTree) -> BTreeMap<Literal, usize> {
    let unicode = tree.dialect() == Dialect::Python3 || has_unicode_literals(tree);
    let mut found = BTreeMap::new();
    for node in tree.nodes() {
        let literal = match node.kind() {
            "integer" | "float" => Literal::Number(number(node.text())),
            "string" if !is_documentation(node) => Literal::Text(string(node.text(), unicode)),
            _ => continue,
        };
        *found.entry(literal).or_default() += 1;
    }
    found
}

/// The values that stand in `before` more often than in `after`.
pub fn lost(before: &SyntaxTree, after: &SyntaxTree) -> Vec<Literal> {
    let mut left = literals(after);
    let mut lost = Vec::new();
    for (literal, count) in literals(before) {
        let missing = count - take(&mut left, &literal, count);
        let missing = missing - encoded(&literal).map_or(0, |bytes| take(&mut left, &bytes, missing));
        lost.extend(std::iter::repeat_n(literal, missing));
    }
    lost
}

/// Takes up to `count` of a value away; how many there were.
fn take(left: &mut BTreeMap<Literal, usize>, literal: &Literal, count: usize) -> usize {
    let Some(there) = left.get_mut(literal) else { return 0 };
    let taken = count.min(*there);
    *there -= taken;
    taken
}

/// A native string whose text was spelled out as the bytes that it had.
fn encoded(literal: &Literal) -> Option<Literal> {
    match literal {
        Literal::Text(text) if !text.is_ascii() => Some(Literal::Text(text.bytes().map(char::from).collect())),
        _ => None,
    }
}

fn has_unicode_literals(tree: &SyntaxTree) -> bool {
    let mut futures = tree.root().named_children().filter(|node| node.kind() == "future_import_statement");
    futures.any(|node| node.fields("name").any(|name| name.text() == "unicode_literals"))
}

/// A string that is a statement of its own.
fn is_documentation(node: Node<'_>) -> bool {
    let whole = node.parent().filter(|parent| parent.kind() == "concatenated_string").unwrap_or(node);
    whole.parent().is_some_and(|parent| parent.kind() == "expression_statement" && parent.named_children().count() == 1)
}

fn number(spelling: &str) -> String {
    let lower = spelling.replace('_', "").to_ascii_lowercase();
    let plain = lower.trim_end_matches('l');
    let (digits, radix) = match plain.as_bytes() {
        [b'0', b'x', ..] => (&plain[2..], 16),
        [b'0', b'o', ..] => (&plain[2..], 8),
        [b'0', b'b', ..] => (&plain[2..], 2),
        [b'0', rest @ ..] if !rest.is_empty() && rest.iter().all(u8::is_ascii_digit) => (plain, 8),
        _ => (plain, 10),
    };
    u128::from_str_radix(digits, radix).map_or_else(|_| plain.to_owned(), |value| value.to_string())
}

/// What a string literal stands for. `unicode` says what a literal without a prefix is.
fn string(spelling: &str, unicode: bool) -> String {
    let quote = spelling.find(['"', '\'', '`']).unwrap_or(0);
    let (prefix, rest) = (spelling[..quote].to_ascii_lowercase(), &spelling[quote..]);
    let width = if rest.len() >= 6 && (rest.starts_with("\"\"\"") || rest.starts_with("'''")) { 3 } else { 1 };
    let body = rest.get(width..rest.len().saturating_sub(width)).unwrap_or_default();
    let body = body.replace("\r\n", "\n").replace('\r', "\n");
    let unicode = prefix.contains('u') || (unicode && !prefix.contains('b'));
    match (prefix.contains('r'), unicode) {
        (true, true) if prefix.contains('u') => unescape(&body, |escape| matches!(escape, 'u' | 'U')),
        (true, _) => body,
        (false, true) => unescape(&body, |_| true),
        (false, false) => unescape(&body, |escape| !matches!(escape, 'u' | 'U' | 'N')),
    }
}

/// Resolves the escapes that `known` accepts by the letter after the backslash; the others stay as written.
fn unescape(body: &str, known: impl Fn(char) -> bool) -> String {
    let mut text = String::with_capacity(body.len());
    let mut rest = body;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        let escape = &rest[at + 1..];
        let Some(letter) = escape.chars().next() else {
            rest = &rest[at..];
            break;
        };
        let value = if known(letter) { resolve(escape) } else { None };
        let used = value.as_ref().map_or(letter.len_utf8(), |(_, used)| *used);
        match value {
            Some((value, _)) => text.push_str(&value),
            None => text.push_str(&rest[at..=at + used]),
        }
        rest = &escape[used..];
    }
    text + rest
}

/// The value of an escape and the bytes of its spelling after the backslash.
fn resolve(escape: &str) -> Option<(String, usize)> {
    let simple = |value: &str| Some((value.to_owned(), 1));
    let digits = |radix: u32, from: usize, most: usize| {
        let count = escape[from..].bytes().take(most).take_while(|byte| char::from(*byte).is_digit(radix)).count();
        let value = u32::from_str_radix(&escape[from..from + count], radix).ok()?;
        Some((char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER).to_string(), from + count))
    };
    match escape.as_bytes()[0] {
        b'\n' => simple(""),
        b'\\' => simple("\\"),
        b'\'' => simple("'"),
        b'"' => simple("\""),
        b'a' => simple("\u{7}"),
        b'b' => simple("\u{8}"),
        b'f' => simple("\u{c}"),
        b'n' => simple("\n"),
        b'r' => simple("\r"),
        b't' => simple("\t"),
        b'v' => simple("\u{b}"),
        b'0'..=b'7' => digits(8, 0, 3),
        b'x' => digits(16, 1, 2),
        b'u' => digits(16, 1, 4),
        b'U' => digits(16, 1, 8),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost_between(before: &str, after: &str) -> Vec<String> {
        let before = SyntaxTree::parse(Dialect::python2_of(before), before).unwrap();
        let after = SyntaxTree::parse(Dialect::Python3, after).unwrap();
        lost(&before, &after).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn prefix_and_spelling_may_change() {
        let pairs = [
            ("a(0777, 10L, 0xFFL, 1.5e3)\n", "a(0o777, 10, 0xff, 1.5E3)\n"),
            ("a(u'x\\u00e9', 'y', b'\\xff', ur'\\d\\u00e9')\n", "a('xé', b\"y\", '\\xff', '\\\\dé')\n"),
            ("a('\\u1234', r'\\n')\n", "a('\\\\u1234', '\\\\n')\n"),
            ("a('''x\ny''', 'a' 'b')\n", "a('x\\ny', 'a' 'b')\n"),
            ("# -*- coding: utf-8 -*-\na('é')\n", "a(b'\\xc3\\xa9')\n"),
        ];
        for (before, after) in pairs {
            assert_eq!(lost_between(before, after), Vec::<String>::new(), "{before}");
        }
    }

    #[test]
    fn a_value_that_changes_is_lost_even_where_the_count_is_the_same() {
        assert_eq!(lost_between("eq(f(1), 2)\n", "eq(f(1), 3)\n"), ["2"]);
        assert_eq!(lost_between("eq(f('a'), 'b', 'b')\n", "eq(f('a'), 'b', 'c')\n"), ["\"b\""]);
    }

    #[test]
    fn documentation_is_no_value() {
        assert_eq!(lost_between("def f():\n    'old'\n", "def f():\n    'new'\n"), Vec::<String>::new());
    }
}
