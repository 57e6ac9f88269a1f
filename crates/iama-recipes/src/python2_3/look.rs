//! Questions about Python code that several recipes ask.

use iama_syntax::{Node, Span};

use crate::context::Context;
use crate::edit::{Edit, Piece};

/// The arguments of a call, in order, comments left out. A generator without parentheses of its own is one argument.
pub(super) fn arguments(call: Node<'_>) -> Vec<Node<'_>> {
    match call.field("arguments") {
        Some(list) if list.kind() == "argument_list" => list.named_children().collect(),
        Some(generator) => vec![generator],
        None => Vec::new(),
    }
}

/// The arguments of a call that passes only positional ones.
pub(super) fn positional(call: Node<'_>) -> Option<Vec<Node<'_>>> {
    let arguments = arguments(call);
    let plain = |node: &Node<'_>| {
        !matches!(node.kind(), "keyword_argument" | "list_splat" | "dictionary_splat" | "parenthesized_list_splat")
    };
    arguments.iter().all(plain).then_some(arguments)
}

/// The call of which this node is the function.
pub(super) fn call_of(function: Node<'_>) -> Option<Node<'_>> {
    function.parent().filter(|parent| parent.kind() == "call" && function.field_name() == "function")
}

/// For a call of a method: the object, the method's name and the call.
pub(super) fn method_call(call: Node<'_>) -> Option<(Node<'_>, Node<'_>)> {
    let function = call.field("function").filter(|function| function.kind() == "attribute")?;
    Some((function.field("object")?, function.field("attribute")?))
}

/// What [`str::lines`] gives, found faster: every file is gone through by lines before any is rewritten.
pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let Some(end) = memchr::memchr(b'\n', rest.as_bytes()) else { return Some(std::mem::take(&mut rest)) };
        let line = &rest[..end];
        rest = &rest[end + 1..];
        Some(line.strip_suffix('\r').unwrap_or(line))
    })
}

/// Whether the node is the name of a builtin that the file does not redefine.
pub(super) fn is_builtin(context: &Context<'_>, node: Node<'_>, name: &str) -> bool {
    node.kind() == "identifier" && node.text() == name && context.is_builtin(node)
}

/// The node without the parentheses around it.
pub(super) fn bare(mut node: Node<'_>) -> Node<'_> {
    while node.kind() == "parenthesized_expression" {
        match node.named_child(0) {
            Some(inner) => node = inner,
            None => break,
        }
    }
    node
}

/// The node with the parentheses around it.
pub(super) fn with_parentheses(mut node: Node<'_>) -> Node<'_> {
    while let Some(outer) = node.parent().filter(|parent| parent.kind() == "parenthesized_expression") {
        node = outer;
    }
    node
}

/// Whether an expression may stand as an operand or before a dot without parentheses of its own.
pub(super) fn is_primary(node: Node<'_>) -> bool {
    matches!(
        node.kind(),
        "identifier"
            | "attribute"
            | "subscript"
            | "call"
            | "string"
            | "integer"
            | "float"
            | "true"
            | "false"
            | "none"
            | "list"
            | "dictionary"
            | "set"
            | "tuple"
            | "list_comprehension"
            | "dictionary_comprehension"
            | "set_comprehension"
            | "generator_expression"
            | "parenthesized_expression"
            | "repr_expression"
    )
}

/// Whether an expression binds more loosely than a comparison, so that it needs parentheses as an operand of one.
pub(super) fn is_loose(node: Node<'_>) -> bool {
    matches!(
        node.kind(),
        "comparison_operator" | "not_operator" | "boolean_operator" | "lambda" | "conditional_expression" | "yield"
    )
}

/// Pieces that keep a node, in parentheses when asked.
pub(super) fn kept(node: Node<'_>, parentheses: bool) -> Vec<Piece> {
    if parentheses {
        vec![Piece::New("(".into()), Piece::Keep(node.span()), Piece::New(")".into())]
    } else {
        vec![Piece::Keep(node.span())]
    }
}

/// Calls that go once through their first argument and keep no hold of it.
const CONSUMERS: &[&str] =
    &["all", "any", "dict", "enumerate", "frozenset", "iter", "list", "max", "min", "set", "sorted", "sum", "tuple"];

/// How the value of an expression is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use<'t> {
    /// A loop goes through it.
    Loop(Node<'t>),
    /// A comprehension goes through it.
    Comprehension,
    /// A builtin that goes once through it.
    Consumed,
    /// It is only asked whether something is in it.
    Membership,
    /// Its value is dropped.
    Dropped,
    /// Anything else: it may be indexed, measured, kept or changed.
    Other,
}

/// How the value of `node` is used.
pub(super) fn use_of<'t>(context: &Context<'_>, node: Node<'t>) -> Use<'t> {
    let node = with_parentheses(node);
    let Some(parent) = node.parent() else { return Use::Other };
    match parent.kind() {
        "for_statement" if node.field_name() == "right" => Use::Loop(parent),
        "for_in_clause" if node.field_name() == "right" => Use::Comprehension,
        "expression_statement" => Use::Dropped,
        "argument_list" if is_consumed(context, parent, node) => Use::Consumed,
        "comparison_operator" if is_container(parent, node) => Use::Membership,
        _ => Use::Other,
    }
}

fn is_consumed(context: &Context<'_>, list: Node<'_>, node: Node<'_>) -> bool {
    let Some(call) = list.parent().filter(|call| call.kind() == "call") else { return false };
    let Some(function) = call.field("function") else { return false };
    if list.named_child(0) != Some(node) {
        return false;
    }
    match function.kind() {
        "identifier" => CONSUMERS.contains(&function.text()) && context.is_builtin(function),
        "attribute" => {
            list.named_children().count() == 1
                && function.field("attribute").is_some_and(|name| matches!(name.text(), "join" | "extend"))
        }
        _ => false,
    }
}

fn is_container(comparison: Node<'_>, node: Node<'_>) -> bool {
    let operands = comparison.named_children().filter(|child| child.field_name() != "operators").count();
    let operator = comparison.field("operators").map_or("", |operator| operator.kind());
    operands == 2 && matches!(operator, "in" | "not in") && comparison.named_children().last() == Some(node)
}

/// The whole line or lines of a statement that stands alone on them, its line end included.
pub(super) fn statement_lines(statement: Node<'_>) -> Span {
    let text = statement.tree().text();
    let end = text[statement.end() as usize..].find('\n').map_or(text.len(), |at| statement.end() as usize + at + 1);
    Span::new(line_start(statement), u32::try_from(end).unwrap_or(statement.end()))
}

/// Where the line begins in which a node begins.
pub(super) fn line_start(node: Node<'_>) -> u32 {
    let before = &node.tree().text()[..node.start() as usize];
    u32::try_from(before.rfind(['\n', '\r']).map_or(0, |at| at + 1)).unwrap_or(0)
}

/// The white space before the statement that begins a line.
pub(super) fn indentation(node: Node<'_>) -> &str {
    let line = &node.tree().text()[line_start(node) as usize..node.start() as usize];
    &line[..line.len() - line.trim_start().len()]
}

/// The line ending of the file.
pub(super) fn line_end(text: &str) -> &'static str {
    match text.find(['\n', '\r']) {
        Some(at) if text[at..].starts_with("\r\n") => "\r\n",
        Some(at) if text[at..].starts_with('\r') => "\r",
        _ => "\n",
    }
}

/// Replaces a node's text.
pub(super) fn rename(node: Node<'_>, text: &str) -> Edit {
    Edit::replace(node.span(), text)
}

/// The class whose body holds this function; nothing for a function within a function.
pub(super) fn class_of(function: Node<'_>) -> Option<Node<'_>> {
    let around = |outer: &Node<'_>| matches!(outer.kind(), "class_definition" | "function_definition" | "lambda");
    function.ancestors().find(around).filter(|outer| outer.kind() == "class_definition")
}

/// What stands before and behind an expression that becomes a list: a call, where that name still is the builtin.
pub(super) fn list_around(context: &Context<'_>) -> (&'static str, &'static str) {
    match (context.binds_anywhere("list"), context.dual) {
        (false, _) => ("list(", ")"),
        (true, false) => ("[item for item in ", "]"),
        // In Python 2 the name is left behind.
        (true, true) => ("[_item for _item in ", "]"),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn lines_are_those_of_the_standard_library() {
        for text in ["", "\n", "a", "a\n", "a\r\nb\r", "\r\n\n\r\r\n", "é\nb\n\nc"] {
            assert_eq!(super::lines(text).collect::<Vec<_>>(), text.lines().collect::<Vec<_>>(), "{text:?}");
        }
    }
}
