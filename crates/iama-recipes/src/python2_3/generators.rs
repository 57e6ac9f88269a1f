//! `StopIteration` that leaves a generator: Python 3.7 made it an error.

use iama_syntax::{Node, Span};

use super::look::{arguments, indentation, is_builtin, line_end, line_start, method_call};
use crate::context::Context;
use crate::edit::{Edit, Piece};
use crate::recipe::{Class, Findings, Recipe, Strategy};

pub(super) const RECIPES: [Recipe; 2] = [
    Recipe {
        id: "generator-stop",
        title: "raise StopIteration ends a generator",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "From Python 3.7 on a StopIteration that leaves a generator becomes a RuntimeError; return ends it.",
        before: "def first(items):\n    for item in items:\n        yield item\n        raise StopIteration",
        after: "def first(items):\n    for item in items:\n        yield item\n        return",
        kinds: &["raise_statement"],
        visit: raise_stop,
    },
    Recipe {
        id: "generator-next",
        title: "next() that may run dry inside a generator",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "The StopIteration of an exhausted iterator used to end the generator around it; from Python 3.7 on it is a \
              RuntimeError.",
        before: "def pairs(items):\n    while True:\n        a = next(items)\n        yield a",
        after: "def pairs(items):\n    while True:\n        try:\n            a = next(items)\n        except \
                StopIteration:\n            return\n        yield a",
        kinds: &["call"],
        visit: bare_next,
    },
];

/// The function whose body a node belongs to, when it is a generator.
fn generator_around(node: Node<'_>) -> Option<Node<'_>> {
    let function = node.ancestors().find(|outer| opens_scope(*outer))?;
    (function.kind() == "function_definition" && yields(function)).then_some(function)
}

fn opens_scope(node: Node<'_>) -> bool {
    matches!(node.kind(), "function_definition" | "lambda" | "class_definition" | "generator_expression")
}

fn yields(function: Node<'_>) -> bool {
    let Some(body) = function.field("body") else { return false };
    let own = |node: Node<'_>| node.ancestors().find(|outer| opens_scope(*outer)) == Some(function);
    body.descendants().any(|node| node.kind() == "yield" && node.is_named() && own(node))
}

/// Whether a `StopIteration` raised here would be caught before it leaves the function.
fn is_caught(node: Node<'_>, function: Node<'_>) -> bool {
    let mut inner = node;
    for outer in node.ancestors().take_while(|outer| *outer != function) {
        let in_body = outer.kind() == "try_statement" && outer.field("body") == Some(inner);
        if in_body && outer.named_children().any(catches_stop) {
            return true;
        }
        inner = outer;
    }
    false
}

fn catches_stop(clause: Node<'_>) -> bool {
    if clause.kind() != "except_clause" {
        return false;
    }
    let named = |node: Node<'_>| matches!(node.text(), "StopIteration" | "Exception" | "BaseException");
    let caught = clause.named_children().find(|child| child.kind() != "block");
    caught.is_none_or(|caught| caught.descendants().any(|node| node.kind() == "identifier" && named(node)))
}

pub(super) fn raise_stop(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(value) = node.named_child(0) else { return raise_again(context, node, found) };
    let (name, arguments) = match value.kind() {
        "call" => (value.field("function"), arguments(value)),
        "expression_list" => (value.named_child(0), value.named_children().skip(1).collect()),
        _ => (Some(value), Vec::new()),
    };
    if !name.is_some_and(|name| is_builtin(context, name, "StopIteration")) {
        return;
    }
    let Some(function) = generator_around(node) else { return };
    if is_caught(node, function) {
        return;
    }
    match arguments[..] {
        [] => found.safe(node, vec![Edit::replace(node.span(), "return")]),
        [value] => {
            let why = "the value of the StopIteration becomes the generator's return value";
            let pieces = vec![Piece::New("return ".into()), Piece::Keep(value.span())];
            found.check(node, why, vec![Edit::pieces(node.span(), pieces)]);
        }
        _ => {}
    }
}

/// A bare `raise` where nothing but a `StopIteration` was caught.
fn raise_again(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(function) = generator_around(node) else { return };
    let mut around = node.ancestors().take_while(|outer| *outer != function);
    let Some(clause) = around.find(|outer| outer.kind() == "except_clause") else { return };
    let caught = clause.named_children().find(|child| child.kind() != "block");
    let stop = caught.is_some_and(|caught| is_builtin(context, caught, "StopIteration"));
    if stop && !is_caught(node, function) {
        found.safe(node, vec![Edit::replace(node.span(), "return")]);
    }
}

fn is_next(context: &Context<'_>, call: Node<'_>) -> bool {
    let Some(function) = call.field("function") else { return false };
    match function.kind() {
        "identifier" => is_builtin(context, function, "next") && arguments(call).len() == 1,
        _ => method_call(call).is_some_and(|(_, name)| name.text() == "next") && arguments(call).is_empty(),
    }
}

fn bare_next(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if !is_next(context, node) {
        return;
    }
    let Some(function) = generator_around(node) else { return };
    if is_caught(node, function) {
        return;
    }
    let Some(statement) = simple_statement(node) else {
        return found
            .refuse(node, "an exhausted iterator ended the generator here and is an error now: catch StopIteration");
    };
    // One statement may hold several calls; the first of them speaks for it.
    let first = statement.descendants().find(|inner| inner.kind() == "call" && is_next(context, *inner));
    if first != Some(node) {
        return;
    }
    let (newline, indent) = (line_end(node.tree().text()), indentation(statement));
    let end = end_of_line(statement);
    let (before, after) = (
        format!("try:{newline}{indent}    "),
        format!("{newline}{indent}except StopIteration:{newline}{indent}    return"),
    );
    found.safe(node, vec![Edit::wrap(Span::new(statement.start(), end), before, after)]);
}

/// The statement around a node, when it is a simple one that has its lines for itself.
fn simple_statement(node: Node<'_>) -> Option<Node<'_>> {
    let mut inner = node;
    for outer in node.ancestors() {
        if outer.kind() == "block" {
            let own_line = indentation(inner).len() == (inner.start() - line_start(inner)) as usize;
            let compound =
                inner.named_children().any(|part| part.kind() == "block" || part.kind().ends_with("_definition"));
            let alone = node.tree().text()[inner.end() as usize..].lines().next().is_none_or(|rest| {
                let rest = rest.trim();
                rest.is_empty() || rest.starts_with('#')
            });
            return (own_line && !compound && alone).then_some(inner);
        }
        inner = outer;
    }
    None
}

/// Where the last line of a statement ends, a comment behind it included.
fn end_of_line(statement: Node<'_>) -> u32 {
    let rest = &statement.tree().text()[statement.end() as usize..];
    let comment = rest.lines().next().unwrap_or("").trim_end();
    statement.end() + u32::try_from(comment.len()).unwrap_or(0)
}
