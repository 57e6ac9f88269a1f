//! Expressions as nested groups, spelled as `python2_ast.py` spells them.

use crate::tree::Node;

fn group(head: &str, parts: impl IntoIterator<Item = String>) -> String {
    let mut out = format!("({head}");
    for part in parts {
        out.push(' ');
        out.push_str(&part);
    }
    out.push(')');
    out
}

fn children(node: Node<'_>) -> impl Iterator<Item = String> {
    node.named_children().map(expression)
}

fn field(node: Node<'_>, name: &str) -> String {
    maybe(node.field(name))
}

pub(super) fn maybe(node: Option<Node<'_>>) -> String {
    node.map_or_else(|| "_".into(), expression)
}

/// The members of a list without brackets; one for anything else.
pub(super) fn expression_list(node: Node<'_>) -> Vec<String> {
    if node.kind() == "expression_list" { children(node).collect() } else { vec![expression(node)] }
}

/// A tuple when there is a comma, else the one child.
pub(super) fn tuple_of_children(node: Node<'_>) -> String {
    if has_comma(node) { group("tuple", children(node)) } else { maybe(node.named_child(0)) }
}

fn has_comma(node: Node<'_>) -> bool {
    node.children().any(|child| child.kind() == ",")
}

pub(super) fn expression(node: Node<'_>) -> String {
    match node.kind() {
        "identifier" | "none" => node.text().to_owned(),
        "integer" | "float" => "#".into(),
        "string" | "concatenated_string" => "S".into(),
        "parenthesized_expression" => maybe(node.named_child(0)),
        "tuple" | "expression_list" | "pattern_list" => group("tuple", children(node)),
        "tuple_pattern" => tuple_of_children(node),
        "list" | "list_pattern" => group("list", children(node)),
        "set" => group("set", children(node)),
        "dictionary" => group("dict", node.named_children().flat_map(pair)),
        "list_comprehension" => comprehension("listcomp", node),
        "set_comprehension" => comprehension("setcomp", node),
        "generator_expression" => comprehension("genexp", node),
        "dictionary_comprehension" => {
            let body = node.field("body").into_iter().flat_map(pair);
            group("dictcomp", body.chain(clauses(node)))
        }
        "attribute" => group(".", [field(node, "object"), field(node, "attribute")]),
        "subscript" => group("[]", [field(node, "value"), subscript(node)]),
        "call" => call(node),
        "lambda" => lambda(node),
        "yield" => group("yield", [maybe(node.named_child(0))]),
        "repr_expression" => group("repr", [field(node, "argument")]),
        _ => operation(node),
    }
}

fn operation(node: Node<'_>) -> String {
    let operator = node.field("operator").map_or("", Node::text);
    match node.kind() {
        "binary_operator" => group(operator, [field(node, "left"), field(node, "right")]),
        "unary_operator" => match field(node, "argument") {
            number if number == "#" && operator == "-" => number,
            argument => group("unary", [operator.to_owned(), argument]),
        },
        "not_operator" => group("unary", ["not".to_owned(), field(node, "argument")]),
        "boolean_operator" => group(operator, operands(node, operator)),
        "comparison_operator" => group("cmp", comparison(node)),
        "conditional_expression" => {
            let parts: Vec<_> = children(node).collect();
            match parts.as_slice() {
                [body, test, orelse] => group("ifexp", [test.clone(), body.clone(), orelse.clone()]),
                _ => group("ifexp", parts),
            }
        }
        other => group(other, children(node)),
    }
}

/// `a and b and c` is one operation on three operands.
fn operands(node: Node<'_>, operator: &str) -> Vec<String> {
    let mut parts = match node.field("left") {
        Some(left)
            if left.kind() == "boolean_operator" && left.field("operator").is_some_and(|o| o.text() == operator) =>
        {
            operands(left, operator)
        }
        left => vec![maybe(left)],
    };
    parts.push(field(node, "right"));
    parts
}

fn comparison(node: Node<'_>) -> impl Iterator<Item = String> {
    node.children().filter(|child| !child.is_extra()).map(|child| match child.kind() {
        "<>" => "!=".to_owned(),
        operator if !child.is_named() => operator.to_owned(),
        _ => expression(child),
    })
}

fn pair(node: Node<'_>) -> [String; 2] {
    [field(node, "key"), field(node, "value")]
}

fn comprehension(head: &str, node: Node<'_>) -> String {
    group(head, std::iter::once(field(node, "body")).chain(clauses(node)))
}

fn clauses(node: Node<'_>) -> impl Iterator<Item = String> {
    node.named_children().filter_map(|clause| match clause.kind() {
        "if_clause" => Some(group("if", children(clause))),
        "for_in_clause" => {
            let sources: Vec<_> = clause.fields("right").filter(|child| child.is_named()).map(expression).collect();
            let source = if has_comma(clause) { group("tuple", sources) } else { sources.concat() };
            Some(group("for", [field(clause, "left"), source]))
        }
        _ => None,
    })
}

fn call(node: Node<'_>) -> String {
    let Some(arguments) = node.field("arguments") else { return String::new() };
    let function = field(node, "function");
    if arguments.kind() == "generator_expression" {
        return group("call", [function, expression(arguments)]);
    }
    let (mut plain, mut keywords, mut splats) = (vec![function], Vec::new(), Vec::new());
    for argument in arguments.named_children() {
        match argument.kind() {
            "keyword_argument" => keywords.push(format!("{}={}", field(argument, "name"), field(argument, "value"))),
            "list_splat" => splats.push(format!("*{}", maybe(argument.named_child(0)))),
            "dictionary_splat" => splats.push(format!("**{}", maybe(argument.named_child(0)))),
            _ => plain.push(expression(argument)),
        }
    }
    group("call", plain.into_iter().chain(keywords).chain(splats))
}

fn lambda(node: Node<'_>) -> String {
    let parameters = node.field("parameters").map_or_else(|| group("args", []), parameters);
    group("lambda", [parameters, field(node, "body")])
}

pub(super) fn parameters(node: Node<'_>) -> String {
    let parameter = |node: Node<'_>| match node.kind() {
        "default_parameter" => format!("{}={}", field(node, "name"), field(node, "value")),
        "list_splat_pattern" => format!("*{}", maybe(node.named_child(0))),
        "dictionary_splat_pattern" => format!("**{}", maybe(node.named_child(0))),
        _ => expression(node),
    };
    group("args", node.named_children().map(parameter))
}

fn subscript(node: Node<'_>) -> String {
    let indices: Vec<_> = node.fields("subscript").collect();
    let is_plain = |index: &Node<'_>| !matches!(index.kind(), "slice" | "ellipsis");
    if !has_comma(node) {
        return indices.first().copied().map_or_else(String::new, index);
    }
    let head = if indices.iter().all(is_plain) { "tuple" } else { "ext" };
    group(head, indices.into_iter().map(index))
}

fn index(node: Node<'_>) -> String {
    match node.kind() {
        "slice" => slice(node),
        "ellipsis" => "...".into(),
        _ => expression(node),
    }
}

fn slice(node: Node<'_>) -> String {
    let mut parts: [String; 3] = ["_".into(), "_".into(), "_".into()];
    let mut at = 0;
    for child in node.children().filter(|child| !child.is_extra()) {
        if child.kind() == ":" {
            at += 1;
        } else if let Some(part) = parts.get_mut(at) {
            *part = expression(child);
        }
    }
    if parts[2] == "None" {
        parts[2] = "_".into();
    }
    group(":", parts)
}
