//! Literals, operators and parameters that Python 3 spells in another way.

use iama_syntax::{Node, Span};

use super::look::{indentation, line_end, rename};
use crate::context::Context;
use crate::edit::{Edit, Piece};
use crate::recipe::{Class, Findings, Recipe, Strategy};

pub(super) const RECIPES: [Recipe; 7] = [
    Recipe {
        id: "backticks",
        title: "backticks become repr()",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "Python 3 has no backtick operator.",
        before: "name = `value`",
        after: "name = repr(value)",
        kinds: &["repr_expression"],
        visit: backticks,
    },
    Recipe {
        id: "not-equal",
        title: "<> becomes !=",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "Python 3 has one spelling of the operator.",
        before: "if a <> b: pass",
        after: "if a != b: pass",
        kinds: &["<>"],
        visit: |_, node, found| found.safe(node, vec![rename(node, "!=")]),
    },
    Recipe {
        id: "number-literals",
        title: "octal and long literals",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "Python 3 writes octal numbers with 0o and has one integer type of any size.",
        before: "mode = 0755\nbig = 10L",
        after: "mode = 0o755\nbig = 10",
        kinds: &["integer"],
        visit: number_literal,
    },
    Recipe {
        id: "unicode-literals",
        title: "u'' loses its prefix",
        class: Class::Safe,
        strategy: Strategy::Standard,
        why: "Every string literal is text in Python 3, and ur'' is no longer accepted.",
        before: "title = u'caf\\xe9'",
        after: "title = 'caf\\xe9'",
        kinds: &["string_start"],
        visit: unicode_literal,
    },
    Recipe {
        id: "native-escapes",
        title: "\\u in strings that were bytes",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "Only u'' read \\u, \\U and \\N in Python 2; in Python 3 every literal that is not raw does.",
        before: "pattern = '\\u0041'",
        after: "pattern = '\\\\u0041'",
        kinds: &["string"],
        visit: native_escape,
    },
    Recipe {
        id: "bare-tuple-in-comprehension",
        title: "a list comprehension over a bare tuple",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "Python 3 wants parentheses around a tuple that a list comprehension goes through.",
        before: "squares = [n * n for n in 1, 2, 3]",
        after: "squares = [n * n for n in (1, 2, 3)]",
        kinds: &["for_in_clause"],
        visit: bare_tuple,
    },
    Recipe {
        id: "tuple-parameters",
        title: "tuples in parameter lists",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "Python 3 has no parameters that unpack a tuple.",
        before: "def length((x, y)):\n    return x + y",
        after: "def length(x_y):\n    (x, y) = x_y\n    return x + y",
        kinds: &["function_definition", "lambda"],
        visit: tuple_parameters,
    },
];

fn backticks(_: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let inside: Vec<_> = node.named_children().collect();
    let (Some(first), Some(last)) = (inside.first(), inside.last()) else { return };
    let tuple = inside.len() > 1 || matches!(first.kind(), "expression_list");
    let (before, after) = if tuple { ("repr((", "))") } else { ("repr(", ")") };
    let kept = Span::new(first.start(), last.end());
    let pieces = vec![Piece::New(before.into()), Piece::Keep(kept), Piece::New(after.into())];
    found.safe(node, vec![Edit::pieces(node.span(), pieces)]);
}

pub(super) fn number_literal(_: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let text = node.text();
    let digits = text.trim_end_matches(['l', 'L']);
    let octal = digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|digit| digit.is_ascii_digit());
    let new = if octal { format!("0o{}", &digits[1..]) } else { digits.to_owned() };
    if new != text {
        // A dot right behind the digits would be taken for a fraction's.
        let dotted = node.tree().text()[node.end() as usize..].starts_with('.') && digits.len() < text.len();
        let space = if dotted { " " } else { "" };
        found.safe(node, vec![Edit::replace(node.span(), format!("{new}{space}"))]);
    }
}

fn unicode_literal(_: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let text = node.text();
    let Some(quote) = text.find(['"', '\'']) else { return };
    let prefix = &text[..quote];
    if !prefix.contains(['u', 'U']) {
        return;
    }
    let kept: String = prefix.chars().filter(|c| !matches!(c, 'u' | 'U')).collect();
    let span = Span::new(node.start(), node.start() + u32::try_from(quote).unwrap_or(0));
    let edit = Edit::replace(span, kept.as_str());
    if kept.is_empty() {
        return found.safe(node, vec![edit]);
    }
    let Some(string) = node.parent().filter(|string| string.kind() == "string") else { return };
    match unescaped(string, &text[quote..]) {
        Some((content, true)) => found.safe(string, vec![Edit::replace(string.span(), content)]),
        _ => found.safe(node, vec![edit]),
    }
}

/// `ur''` reads \u escapes and `r''` does not: the same text as a literal that is not raw, and whether it has such escapes.
pub(super) fn unescaped(string: Node<'_>, quote: &str) -> Option<(String, bool)> {
    let inner = string.text().split_once(quote)?.1.strip_suffix(quote)?;
    let mut text = String::from(quote);
    let mut escapes = false;
    let mut rest = inner;
    while let Some(first) = rest.chars().next() {
        let run = rest.len() - rest.trim_start_matches('\\').len();
        if run == 0 {
            text.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let follows = rest[run..].chars().next();
        let escape = run % 2 == 1 && matches!(follows, Some('u' | 'U'));
        let quoted = run % 2 == 1 && follows.is_some_and(|c| quote.starts_with(c));
        text.push_str(&"\\".repeat(2 * run - usize::from(escape)));
        if quoted {
            text.push('\\');
        }
        if let Some(c) = follows {
            text.push(c);
        }
        escapes |= escape;
        rest = &rest[run + follows.map_or(0, char::len_utf8)..];
    }
    text.push_str(quote);
    Some((text, escapes))
}

fn native_escape(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let text = node.text();
    if !text.starts_with(['"', '\'']) || !context.certain || context.had_future("unicode_literals") {
        return;
    }
    let (mut edits, mut at) = (Vec::new(), 0);
    while let Some(next) = text[at..].find('\\') {
        let escape = at + next;
        if text[escape + 1..].starts_with(['u', 'U', 'N']) {
            edits.push(Edit::insert(node.start() + u32::try_from(escape).unwrap_or(0), "\\"));
        }
        at = escape + 1 + text[escape + 1..].chars().next().map_or(0, char::len_utf8);
    }
    // An earlier round may have taken a prefix away.
    let source = context.source_text(node);
    let before = context.original.get(..context.source_start(node)).unwrap_or_default();
    let plain = source.starts_with(['"', '\'']) && !before.ends_with(|c: char| c.is_ascii_alphabetic());
    if !edits.is_empty() && plain && !context.is_written(node) {
        found.safe(node, edits);
    }
}

fn bare_tuple(_: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let items: Vec<_> = node.fields("right").filter(|item| item.is_named()).collect();
    let (Some(first), Some(last)) = (items.first(), items.last()) else { return };
    let comma = node.children().any(|child| child.kind() == "," && child.start() >= first.end());
    if !comma && first.kind() != "expression_list" {
        return;
    }
    let end = node
        .children()
        .filter(|child| child.kind() == ",")
        .last()
        .map_or(last.end(), |comma| comma.end().max(last.end()));
    found.safe(node, vec![Edit::wrap(Span::new(first.start(), end), "(", ")")]);
}

fn tuple_parameters(_: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(parameters) = node.field("parameters") else { return };
    let tuples: Vec<_> = parameters.named_children().filter_map(tuple_of).collect();
    if tuples.is_empty() {
        return;
    }
    let taken: Vec<&str> = node.descendants().filter(|name| name.kind() == "identifier").map(Node::text).collect();
    let named: Vec<(Node<'_>, String)> = tuples.iter().map(|tuple| (*tuple, fresh_name(*tuple, &taken))).collect();
    if node.kind() == "lambda" {
        lambda_parameters(node, &named, found);
    } else {
        function_parameters(node, &named, found);
    }
}

fn tuple_of(parameter: Node<'_>) -> Option<Node<'_>> {
    match parameter.kind() {
        "tuple_pattern" => Some(parameter),
        "default_parameter" => parameter.field("name").filter(|name| name.kind() == "tuple_pattern"),
        _ => None,
    }
}

fn names_in(tuple: Node<'_>) -> Vec<Node<'_>> {
    tuple.descendants().filter(|node| node.kind() == "identifier").collect()
}

fn fresh_name(tuple: Node<'_>, taken: &[&str]) -> String {
    let mut name = names_in(tuple).iter().map(|name| name.text()).collect::<Vec<_>>().join("_");
    while taken.contains(&name.as_str()) || name.is_empty() {
        name.push('_');
    }
    name
}

fn function_parameters(node: Node<'_>, named: &[(Node<'_>, String)], found: &mut Findings) {
    let Some(body) = node.field("body") else { return };
    let Some(first) = first_statement(body) else { return };
    let inline = !node.tree().slice(Span::new(node.start(), first.start())).contains(['\n', '\r'])
        || body.start() == first.start() && !own_line(first);
    let separator =
        if inline { "; ".to_owned() } else { format!("{}{}", line_end(node.tree().text()), indentation(first)) };
    let mut edits = Vec::new();
    let mut unpacking = String::new();
    for (tuple, name) in named {
        edits.push(Edit::replace(tuple.span(), name.as_str()));
        unpacking.extend([tuple.text(), " = ", name, separator.as_str()]);
    }
    edits.push(Edit::insert(first.start(), unpacking));
    found.safe(node, edits);
}

fn own_line(node: Node<'_>) -> bool {
    indentation(node).len() + super::look::line_start(node) as usize == node.start() as usize
}

/// The first statement after the docstring, so that the docstring stays one.
fn first_statement(body: Node<'_>) -> Option<Node<'_>> {
    let mut statements = body.named_children();
    let first = statements.next()?;
    let docstring =
        first.kind() == "expression_statement" && first.named_child(0).is_some_and(|value| value.kind() == "string");
    if docstring { statements.next().or(Some(first)) } else { Some(first) }
}

fn lambda_parameters(node: Node<'_>, named: &[(Node<'_>, String)], found: &mut Findings) {
    let Some(body) = node.field("body") else { return };
    let mut edits = Vec::new();
    for (tuple, name) in named {
        let touching = !node.tree().text()[..tuple.start() as usize].ends_with([' ', ',', '\t']);
        let space = if touching { " " } else { "" };
        let inner = unwrapped(*tuple);
        if inner.kind() != "tuple_pattern" {
            edits.push(Edit::replace(tuple.span(), format!("{space}{}", inner.text())));
            continue;
        }
        edits.push(Edit::replace(tuple.span(), format!("{space}{name}")));
        for (path, leaf) in leaves(inner, name) {
            for used in body.descendants().filter(|used| is_use_of(*used, leaf)) {
                edits.push(Edit::replace(used.span(), path.as_str()));
            }
        }
    }
    found.safe(node, edits);
}

/// What stands in parentheses that make no tuple, as in `lambda (a): a`.
fn unwrapped(mut tuple: Node<'_>) -> Node<'_> {
    while tuple.kind() == "tuple_pattern" && tuple.child_of_kind(",").is_none() {
        match tuple.named_child(0) {
            Some(inner) => tuple = inner,
            None => break,
        }
    }
    tuple
}

fn is_use_of(node: Node<'_>, name: &str) -> bool {
    node.kind() == "identifier"
        && node.text() == name
        && node.field_name() != "attribute"
        && !(node.field_name() == "name" && node.parent().is_some_and(|parent| parent.kind() == "keyword_argument"))
}

/// Each name of a tuple with the subscripts that lead to it.
fn leaves<'t>(tuple: Node<'t>, path: &str) -> Vec<(String, &'t str)> {
    let mut found = Vec::new();
    for (rank, item) in tuple.named_children().enumerate() {
        let path = format!("{path}[{rank}]");
        if item.kind() == "tuple_pattern" {
            found.extend(leaves(item, &path));
        } else {
            found.push((path, item.text()));
        }
    }
    found
}
