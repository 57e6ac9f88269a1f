//! Regular expressions that Python 3 refuses.

use iama_syntax::{Node, Span};

use super::look::{arguments, call_of, rename};
use crate::context::Context;
use crate::edit::Edit;
use crate::recipe::{Class, Findings, Recipe, Strategy};

pub(super) const RECIPES: [Recipe; 4] = [
    Recipe {
        id: "pattern-letters",
        title: "backslashes before letters of a regular expression",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "Python 2 took a letter that means nothing behind a backslash for itself; Python 3 refuses it, or gives it a \
              meaning.",
        before: "import re\ncodes = re.compile(r'\\U[0-9a-f]{8}')",
        after: "import re\ncodes = re.compile(r'U[0-9a-f]{8}')",
        kinds: &["string"],
        visit: pattern_letters,
    },
    Recipe {
        id: "octal-escapes",
        title: "octal escapes beyond a byte",
        class: Class::Check,
        strategy: Strategy::Conservative,
        why: "Python 2 kept the last eight bits of an octal escape, in native strings and in regular expressions; Python 3 \
              makes another character of it or refuses it.",
        before: "last = '\\777'",
        after: "last = '\\377'",
        kinds: &["string"],
        visit: octal_escapes,
    },
    Recipe {
        id: "pattern-flags",
        title: "flags in the middle of a regular expression",
        class: Class::Check,
        strategy: Strategy::Conservative,
        why: "From Python 3.11 on flags for the whole expression must stand at its beginning.",
        before: "import re\nwords = re.compile(r'\\w+(?u)')",
        after: "import re\nwords = re.compile(r'(?u)\\w+')",
        kinds: &["string"],
        visit: pattern_flags,
    },
    Recipe {
        id: "pattern-locale",
        title: "re.LOCALE for text",
        class: Class::Check,
        strategy: Strategy::Conservative,
        why: "Python 3 takes the flag only for patterns of bytes and refuses it for text.",
        before: "import re\nwords = re.compile('[a-z]+', re.I | re.LOCALE)",
        after: "import re\nwords = re.compile('[a-z]+', re.I | 0)",
        kinds: &["attribute"],
        visit: pattern_locale,
    },
];

/// A group of flags in the text of a literal: where it begins and ends, and the letters.
struct Flags<'t> {
    start: usize,
    end: usize,
    letters: &'t str,
}

/// The groups of flags in a pattern, outside of classes of characters.
fn groups(text: &str) -> Vec<Flags<'_>> {
    let bytes = text.as_bytes();
    let (mut at, mut class, mut found) = (0, false, Vec::new());
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            b'[' if !class => {
                class = true;
                // A bracket that closes right at the beginning is a character of the class.
                at += usize::from(bytes.get(at + 1) == Some(&b'^'));
                at += usize::from(bytes.get(at + 1) == Some(&b']'));
            }
            b']' => class = false,
            b'(' if !class && bytes.get(at + 1) == Some(&b'?') => {
                let rest = &text[at + 2..];
                let count = rest.bytes().take_while(|byte| b"iLmsux".contains(byte)).count();
                if count > 0 && rest.as_bytes().get(count) == Some(&b')') {
                    found.push(Flags { start: at, end: at + count + 3, letters: &rest[..count] });
                }
            }
            _ => {}
        }
        at += 1;
    }
    found
}

fn octal_escapes(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(start) = node.child_of_kind("string_start").filter(|_| context.certain && node.text().contains('\\'))
    else {
        return;
    };
    let prefix = start.text().to_ascii_lowercase();
    let raw = prefix.contains('r');
    if prefix.contains('u') || context.is_written(node) || (raw && !names_re(context)) {
        return;
    }
    let (bytes, mut at, mut edits) = (node.text().as_bytes(), 0, Vec::new());
    while at + 3 < bytes.len() {
        if bytes[at] != b'\\' {
            at += 1;
            continue;
        }
        let octal = |byte: u8| (b'0'..=b'7').contains(&byte);
        if (b'4'..=b'7').contains(&bytes[at + 1]) && octal(bytes[at + 2]) && octal(bytes[at + 3]) {
            let place = node.start() + u32::try_from(at).unwrap_or(0) + 1;
            let digit = char::from(bytes[at + 1] - 4);
            edits.push(Edit::replace(Span::new(place, place + 1), digit.to_string()));
        }
        at += 2;
    }
    if !edits.is_empty() && !has_unicode_literals(context) {
        found.check(node, "taken for a native string or a pattern of one", edits);
    }
}

fn has_unicode_literals(context: &Context<'_>) -> bool {
    context.had_future("unicode_literals")
}

fn pattern_flags(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if !node.text().contains("(?") || !context.certain || context.target < (3, 11) {
        return;
    }
    let (Some(start), Some(end)) = (node.child_of_kind("string_start"), node.child_of_kind("string_end")) else {
        return;
    };
    if start.text().contains(['b', 'B']) {
        return;
    }
    let content = node.tree().slice(Span::new(start.end(), end.start()));
    let whole = whole_expression(node);
    let first = leftmost(whole);
    let head = groups(content).iter().take_while(|group| group.start == 0).count();
    let misplaced: Vec<_> = groups(content).into_iter().skip(if first == node { head } else { 0 }).collect();
    if misplaced.is_empty() || is_docstring(whole) || !is_pattern(context, whole, content, &misplaced) {
        return;
    }
    let offset = |at: usize| start.end() + u32::try_from(at).unwrap_or(0);
    let mut edits: Vec<_> =
        misplaced.iter().map(|group| Edit::delete(Span::new(offset(group.start), offset(group.end)))).collect();
    let letters: String = misplaced.iter().map(|group| group.letters.replace('L', "")).collect();
    if !letters.is_empty() {
        match first.child_of_kind("string_start") {
            Some(quote) => edits.push(Edit::insert(quote.end(), format!("(?{letters})"))),
            None => edits.push(Edit::insert(first.start(), format!("'(?{letters})' + "))),
        }
    }
    found.check(node, "taken for a regular expression whose flags hold for all of it", edits);
}

/// The expression that a literal is part of by `+`, `%` and standing beside others.
fn whole_expression(node: Node<'_>) -> Node<'_> {
    let mut whole = node;
    while let Some(parent) = whole.parent() {
        let part = match parent.kind() {
            "concatenated_string" | "parenthesized_expression" => true,
            "binary_operator" => {
                let operator = parent.field("operator").map_or("", |operator| operator.kind());
                operator == "+" || (operator == "%" && whole.field_name() == "left")
            }
            _ => false,
        };
        if !part {
            break;
        }
        whole = parent;
    }
    whole
}

fn leftmost(node: Node<'_>) -> Node<'_> {
    let mut first = node;
    while matches!(first.kind(), "concatenated_string" | "parenthesized_expression" | "binary_operator") {
        match first.named_child(0) {
            Some(inner) => first = inner,
            None => break,
        }
    }
    first
}

fn is_docstring(whole: Node<'_>) -> bool {
    whole.parent().is_some_and(|parent| parent.kind() == "expression_statement")
}

/// Functions of `re` that take a pattern first.
const TAKING: &[&str] =
    &["re.compile", "re.match", "re.search", "re.sub", "re.subn", "re.split", "re.findall", "re.finditer"];

/// Whether an expression is a pattern: it is handed to `re`, or it ends in flags and the file works with `re`.
fn is_pattern(context: &Context<'_>, whole: Node<'_>, content: &str, misplaced: &[Flags<'_>]) -> bool {
    let call = whole.parent().filter(|list| list.kind() == "argument_list").and_then(Node::parent);
    let taken = call.is_some_and(|call| {
        let function = call.field("function").and_then(|function| context.dotted(function));
        function.is_some_and(|path| TAKING.contains(&path)) && arguments(call).first() == Some(&whole)
    });
    let at_edge = misplaced.iter().any(|group| group.end == content.len() || content[..group.start].trim().is_empty());
    let kept = whole.parent().is_some_and(|parent| {
        matches!(
            parent.kind(),
            "assignment" | "argument_list" | "tuple" | "list" | "pair" | "expression_list" | "return_statement"
        )
    });
    taken || (at_edge && kept && (context.imports_module("re") || names_re(context)))
}

/// Letters that mean something behind a backslash in Python 2's patterns.
const MEANING: &str = "AbBdDsSwWZafnrtvx";

fn pattern_letters(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let (Some(start), Some(end)) = (node.child_of_kind("string_start"), node.child_of_kind("string_end")) else {
        return;
    };
    let raw = start.text().trim_end_matches(['"', '\'']);
    if !raw.eq_ignore_ascii_case("r") || !context.certain || has_unicode_literals(context) {
        return;
    }
    let span = Span::new(start.end(), end.start());
    let content = node.tree().slice(span);
    if !content.contains('\\') || !is_pattern(context, whole_expression(node), content, &[]) {
        return;
    }
    let mut edits = Vec::new();
    let mut at = 0;
    while let Some(found_at) = content[at..].find('\\') {
        let place = at + found_at;
        let letter = content[place + 1..].chars().next();
        if letter.is_some_and(|letter| letter.is_ascii_alphabetic() && !MEANING.contains(letter)) {
            let from = span.start + u32::try_from(place).unwrap_or(0);
            edits.push(Edit::delete(Span::new(from, from + 1)));
        }
        at = place + 1 + letter.map_or(0, char::len_utf8);
    }
    if !edits.is_empty() {
        found.safe(node, edits);
    }
}

pub(super) fn pattern_locale(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if !node.field("attribute").is_some_and(|name| matches!(name.text(), "L" | "LOCALE")) {
        return;
    }
    let path = context.dotted(node).unwrap_or_default();
    if !matches!(path, "re.L" | "re.LOCALE") || !context.certain || call_of(node).is_some() || is_asked(node) {
        return;
    }
    let why = "the letters of text are those of Unicode; a pattern of bytes may keep the flag";
    found.check(node, why, vec![rename(node, "0")]);
}

/// Whether flags are only compared with this one.
fn is_asked(node: Node<'_>) -> bool {
    node.parent().is_some_and(|parent| {
        parent.kind() == "comparison_operator"
            || parent.field("operator").is_some_and(|operator| operator.kind() == "&")
    })
}

/// Whether something in the file looks like an import of re.
fn names_re(context: &Context<'_>) -> bool {
    context.once("import re", || context.original.contains("import re"))
}
