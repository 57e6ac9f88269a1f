//! What a statement itself holds, without the statements within it.

use super::expressions::{self, expression, expression_list, maybe};
use crate::tree::Node;

/// The name that `ast` gives to a simple statement, a loop or a definition.
pub(super) fn kind(node: Node<'_>) -> &'static str {
    match node.kind() {
        "assert_statement" => "Assert",
        "break_statement" => "Break",
        "class_definition" => "ClassDef",
        "continue_statement" => "Continue",
        "delete_statement" => "Delete",
        "exec_statement" => "Exec",
        "expression_statement" => match node.named_child(0).map_or("", Node::kind) {
            "assignment" => "Assign",
            "augmented_assignment" => "AugAssign",
            _ => "Expr",
        },
        "for_statement" => "For",
        "function_definition" => "FunctionDef",
        "future_import_statement" | "import_from_statement" => "ImportFrom",
        "global_statement" => "Global",
        "import_statement" => "Import",
        "pass_statement" => "Pass",
        "print_statement" => "Print",
        "raise_statement" => "Raise",
        "return_statement" => "Return",
        "while_statement" => "While",
        other => other,
    }
}

pub(super) fn condition(node: Node<'_>) -> String {
    maybe(node.field("condition"))
}

pub(super) fn decorators(node: Node<'_>) -> Vec<String> {
    let decorators = node.named_children().filter(|child| child.kind() == "decorator");
    decorators.filter_map(|decorator| decorator.named_child(0)).map(expression).collect()
}

pub(super) fn detail(node: Node<'_>) -> String {
    let parts = match node.kind() {
        "assert_statement" => padded(children(node), 2),
        "class_definition" => class(node),
        "delete_statement" => deleted(node),
        "except_clause" => caught(node),
        "exec_statement" => exec(node),
        "expression_statement" => expression_statement(node),
        "for_statement" => vec![maybe(node.field("left")), maybe(node.field("right"))],
        "function_definition" => {
            vec![name(node), node.field("parameters").map_or_else(String::new, expressions::parameters)]
        }
        "future_import_statement" => imported_from("__future__".into(), node),
        "global_statement" => children(node),
        "import_from_statement" => imported_from(node.field("module_name").map_or_else(String::new, module), node),
        "import_statement" => imported(node),
        "print_statement" => print(node),
        "raise_statement" => padded(node.named_child(0).map_or_else(Vec::new, expression_list), 3),
        "return_statement" => vec![maybe(node.named_child(0))],
        "while_statement" => vec![condition(node)],
        "with_item" => node.field("value").map_or_else(Vec::new, |value| padded(aliased(value), 2)),
        _ => Vec::new(),
    };
    parts.join(" ")
}

fn children(node: Node<'_>) -> Vec<String> {
    node.named_children().map(expression).collect()
}

fn padded(mut parts: Vec<String>, length: usize) -> Vec<String> {
    while parts.len() < length {
        parts.push("_".into());
    }
    parts
}

fn name(node: Node<'_>) -> String {
    node.field("name").map_or_else(String::new, |name| name.text().to_owned())
}

fn class(node: Node<'_>) -> Vec<String> {
    let bases = node.field("superclasses").into_iter().flat_map(Node::named_children).map(expression);
    std::iter::once(name(node)).chain(bases).collect()
}

fn deleted(node: Node<'_>) -> Vec<String> {
    node.named_child(0).map_or_else(Vec::new, expression_list)
}

/// `value as alias`, or the value alone.
fn aliased(value: Node<'_>) -> Vec<String> {
    if value.kind() != "as_pattern" {
        return vec![expression(value)];
    }
    let target = value.field("alias").and_then(|target| target.named_child(0));
    vec![maybe(value.named_child(0)), maybe(target)]
}

fn caught(node: Node<'_>) -> Vec<String> {
    let mut parts = node.field("value").map_or_else(Vec::new, aliased);
    parts.extend(node.field("alias").map(expression));
    padded(parts, 2)
}

/// `exec (code, globals, locals)` means what `exec code in globals, locals` does.
fn exec(node: Node<'_>) -> Vec<String> {
    let Some(code) = node.field("code") else { return Vec::new() };
    let scopes = node.field("globals").into_iter().chain(node.field("locals"));
    let tuple: Vec<_> = code.named_children().collect();
    if code.kind() == "tuple" && matches!(tuple.len(), 2 | 3) && node.field("globals").is_none() {
        return padded(tuple.into_iter().map(expression).collect(), 3);
    }
    padded(std::iter::once(code).chain(scopes).map(expression).collect(), 3)
}

fn print(node: Node<'_>) -> Vec<String> {
    let destination = node.child_of_kind("chevron").and_then(|chevron| chevron.named_child(0));
    let soft = node.children().last().is_some_and(|last| last.kind() == ",");
    let values = node.fields("argument").map(expression);
    [maybe(destination), if soft { "soft" } else { "nl" }.into()].into_iter().chain(values).collect()
}

fn expression_statement(node: Node<'_>) -> Vec<String> {
    match node.named_child(0).map(|inner| (inner, inner.kind())) {
        Some((inner, "assignment")) => assignment(inner),
        Some((inner, "augmented_assignment")) => {
            let operator = inner.field("operator").map_or("", Node::text);
            vec![maybe(inner.field("left")), operator.to_owned(), maybe(inner.field("right"))]
        }
        _ => vec![expressions::tuple_of_children(node)],
    }
}

fn assignment(node: Node<'_>) -> Vec<String> {
    let mut targets = vec![maybe(node.field("left"))];
    let mut value = node.field("right");
    while let Some(inner) = value.filter(|value| value.kind() == "assignment") {
        targets.push(maybe(inner.field("left")));
        value = inner.field("right");
    }
    targets.extend(["=".to_owned(), maybe(value)]);
    targets
}

/// A dotted name as it would be without spaces.
fn module(node: Node<'_>) -> String {
    node.text().chars().filter(|char| !char.is_whitespace() && *char != '\\').collect()
}

fn imported(node: Node<'_>) -> Vec<String> {
    node.fields("name")
        .map(|item| match item.field("alias") {
            Some(alias) => format!("{}={}", item.field("name").map_or_else(String::new, module), alias.text()),
            None => module(item),
        })
        .collect()
}

fn imported_from(module: String, node: Node<'_>) -> Vec<String> {
    let names = if node.child_of_kind("wildcard_import").is_some() { vec!["*".into()] } else { imported(node) };
    std::iter::once(module).chain(names).collect()
}
