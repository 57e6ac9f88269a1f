//! Light types: what an expression certainly is, by literals, builtins and names with one meaning. No guess is ever made.

use iama_syntax::scopes::BindingKind;
use iama_syntax::{Node, NodeId};

use super::look::{arguments, bare, is_builtin, method_call};
use crate::context::Context;

/// What an expression is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    /// A whole number.
    Int,
    /// A floating number.
    Float,
    /// A string of either kind.
    Text,
    /// Anything that is no number and no string.
    Other,
    /// It cannot be told.
    Unknown,
}

/// Steps from name to name that are followed.
const DEPTH: usize = 6;

/// What an expression certainly is.
pub(super) fn type_of(context: &Context<'_>, node: Node<'_>) -> Type {
    infer(context, node, Reach { steps: DEPTH, wide: false })
}

/// What an expression is where what all functions and assignments of the workspace say about a name may be taken along.
pub(super) fn likely_type_of(context: &Context<'_>, node: Node<'_>) -> Type {
    infer(context, node, Reach { steps: DEPTH, wide: true })
}

/// How far types are looked for.
#[derive(Debug, Clone, Copy)]
struct Reach {
    /// Steps from name to name that are left.
    steps: usize,
    /// Whether to go beyond the function and the file.
    wide: bool,
}

fn infer(context: &Context<'_>, node: Node<'_>, reach: Reach) -> Type {
    let Some(steps) = reach.steps.checked_sub(1) else { return Type::Unknown };
    let (node, reach) = (bare(node), Reach { steps, ..reach });
    match near(context, node, reach) {
        Type::Unknown if reach.wide => super::shapes::type_of(context, node),
        known => known,
    }
}

fn near(context: &Context<'_>, node: Node<'_>, reach: Reach) -> Type {
    match node.kind() {
        "integer" | "float" if node.text().ends_with(['j', 'J']) => Type::Other,
        "integer" | "true" | "false" => Type::Int,
        "float" => Type::Float,
        "string" if node.text().starts_with(['b', 'B']) => Type::Other,
        "string" | "concatenated_string" | "repr_expression" => Type::Text,
        "list" | "tuple" | "dictionary" | "set" | "list_comprehension" | "none" | "lambda" => Type::Other,
        "unary_operator" => node.field("argument").map_or(Type::Unknown, |inner| infer(context, inner, reach)),
        "binary_operator" => binary(context, node, reach),
        "call" => call(context, node, reach),
        "conditional_expression" => {
            let parts: Vec<_> = node.named_children().collect();
            let ([a, _, b] | [a, b]) = parts[..] else { return Type::Unknown };
            same(infer(context, a, reach), infer(context, b, reach))
        }
        "identifier" => name(context, node, reach),
        _ => Type::Unknown,
    }
}

fn same(a: Type, b: Type) -> Type {
    if a == b { a } else { Type::Unknown }
}

fn binary(context: &Context<'_>, node: Node<'_>, reach: Reach) -> Type {
    let (Some(left), Some(right)) = (node.field("left"), node.field("right")) else { return Type::Unknown };
    let operator = node.field("operator").map_or("", |operator| operator.kind());
    let (a, b) = (infer(context, left, reach), infer(context, right, reach));
    match (a, operator, b) {
        (Type::Text, "%", _) | (Type::Text, "+", Type::Text) => Type::Text,
        (Type::Int, "**", Type::Int) => Type::Unknown,
        (Type::Int, _, Type::Int) => Type::Int,
        (Type::Float, "+" | "-" | "*" | "/" | "//" | "%" | "**", Type::Int | Type::Float)
        | (Type::Int, "+" | "-" | "*" | "/" | "//" | "%" | "**", Type::Float) => Type::Float,
        _ => Type::Unknown,
    }
}

const INT_BUILTINS: &[&str] = &["len", "ord", "hash", "id", "int", "long"];
const TEXT_BUILTINS: &[&str] = &["str", "unicode", "repr", "chr", "unichr", "hex", "oct", "raw_input"];
const INT_METHODS: &[&str] = &["toordinal", "weekday", "isoweekday", "bit_length"];
const FLOAT_PATHS: &[&str] = &[
    "time.time",
    "time.clock",
    "time.mktime",
    "random.random",
    "random.uniform",
    "math.sqrt",
    "math.log",
    "math.exp",
    "math.sin",
    "math.cos",
    "math.tan",
    "math.floor",
    "math.ceil",
    "math.pow",
    "math.log10",
    "math.atan2",
];

fn call(context: &Context<'_>, node: Node<'_>, reach: Reach) -> Type {
    let Some(function) = node.field("function") else { return Type::Unknown };
    let is = |names: &[&str]| names.contains(&function.text()) && context.is_builtin(function);
    if function.kind() == "identifier" {
        return match function.text() {
            _ if is(INT_BUILTINS) => Type::Int,
            _ if is(TEXT_BUILTINS) => Type::Text,
            "float" | "round" if context.is_builtin(function) => Type::Float,
            "abs" | "min" | "max" if context.is_builtin(function) => {
                let types = arguments(node).into_iter().map(|argument| infer(context, argument, reach));
                types.reduce(same).filter(|kind| *kind != Type::Other).unwrap_or(Type::Unknown)
            }
            _ => Type::Unknown,
        };
    }
    let path = context.dotted(function).unwrap_or_default();
    if FLOAT_PATHS.contains(&path) {
        return Type::Float;
    }
    match method_call(node) {
        Some((_, method)) if INT_METHODS.contains(&method.text()) => Type::Int,
        _ => Type::Unknown,
    }
}

fn name(context: &Context<'_>, node: Node<'_>, reach: Reach) -> Type {
    let Some(binding) = context.scopes().binding_of(node) else { return Type::Unknown };
    let definitions = &context.scopes().binding(binding).definitions;
    let kinds = definitions.iter().filter(|(_, kind)| *kind != BindingKind::Deletion);
    let types = kinds.map(|(definition, kind)| match kind {
        BindingKind::Assignment => assigned(context, *definition, reach),
        _ => Type::Unknown,
    });
    types.reduce(same).unwrap_or(Type::Unknown)
}

/// What one assignment gives a name.
fn assigned(context: &Context<'_>, definition: NodeId, reach: Reach) -> Type {
    let target = context.tree.node(definition);
    let Some(statement) = target.parent() else { return Type::Unknown };
    match statement.kind() {
        "assignment" if target.field_name() == "left" => {
            let mut value = statement.field("right");
            while let Some(inner) = value.filter(|inner| inner.kind() == "assignment") {
                value = inner.field("right");
            }
            value.map_or(Type::Unknown, |value| infer(context, value, reach))
        }
        "augmented_assignment" if target.field_name() == "left" => {
            // Adding to a number what is of its kind keeps the kind; the other definitions say which it is.
            let value = statement.field("right").map_or(Type::Unknown, |value| infer(context, value, reach));
            let operator = statement.field("operator").map_or("", |operator| operator.kind());
            if matches!(operator, "**=") { Type::Unknown } else { value }
        }
        "for_statement" if target.field_name() == "left" => looped(context, statement),
        _ => Type::Unknown,
    }
}

fn looped(context: &Context<'_>, statement: Node<'_>) -> Type {
    let over = statement.field("right").and_then(|right| right.field("function"));
    let counts = |name| over.is_some_and(|function| is_builtin(context, function, name));
    if counts("range") || counts("xrange") { Type::Int } else { Type::Unknown }
}
