//! Names that may be None where they are ordered: Python 2 took None for smaller than everything.

use iama_syntax::scopes::BindingKind;
use iama_syntax::{Node, NodeId};

use super::facts::may_hold_none;
use super::look::{class_of, is_builtin, positional};
use super::observed::guard;
use crate::context::Context;
use crate::edit::{Edit, Piece};
use crate::recipe::{Class, Findings, Recipe, Strategy};

pub(super) const RECIPES: [Recipe; 1] = [Recipe {
    id: "none-values",
    title: "ordering what may be None",
    class: Class::Check,
    strategy: Strategy::Comprehensive,
    why: "Python 2 took None for smaller than everything; Python 3 raises TypeError.",
    before: "def later(name, last=None):\n    if name > last:\n        return name",
    after: "def later(name, last=None):\n    if last is None or name > last:\n        return name",
    kinds: &["comparison_operator", "call"],
    visit: none_value,
}];

const WHY: &str = "it is None by default, and nothing here asks for that first; where it never is, the test may go";

fn none_value(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if !context.certain {
        return;
    }
    if node.kind() == "call" {
        return greatest(context, node, found);
    }
    let operands: Vec<_> = node.named_children().filter(|child| child.field_name() != "operators").collect();
    let operators: Vec<_> = node.fields("operators").map(Node::kind).collect();
    let less = operators.iter().all(|operator| matches!(*operator, "<" | "<="));
    let greater = operators.iter().all(|operator| matches!(*operator, ">" | ">="));
    if !less && !greater {
        return;
    }
    let empty = |operand: Node<'_>| may_be_none(context, operand) && !is_guarded(operand, node);
    let (value, test) = match operands[..] {
        [left, right] => match (empty(left), empty(right)) {
            (true, false) => (left, if less { " is None or " } else { " is not None and " }),
            (false, true) => (right, if less { " is not None and " } else { " is None or " }),
            _ => return,
        },
        // Nothing is smaller than None.
        [_, middle, _] if empty(middle) || (middle.kind() == "identifier" && is_asked_later(middle, node)) => {
            (middle, " is not None and ")
        }
        _ => return,
    };
    guard(node, value, test, WHY, found);
}

/// `max(a, b)` of what may be None.
fn greatest(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if !node.field("function").is_some_and(|function| is_builtin(context, function, "max")) {
        return;
    }
    let Some(parts) = positional(node).filter(|parts| parts.len() > 1) else { return };
    if !parts.iter().any(|part| may_be_none(context, *part) && !is_guarded(*part, node)) {
        return;
    }
    let (Some(first), Some(last)) = (parts.first(), parts.last()) else { return };
    let all = iama_syntax::Span::new(first.start(), last.end());
    let pieces = vec![
        Piece::New("list(item for item in (".into()),
        Piece::Keep(all),
        Piece::New(") if item is not None) or [None]".into()),
    ];
    found.check(node, WHY, vec![Edit::pieces(all, pieces)]);
}

/// Whether a name or an attribute of self holds None by a default.
fn may_be_none(context: &Context<'_>, node: Node<'_>) -> bool {
    if node.kind() == "attribute" {
        let own = node.field("object").is_some_and(|object| object.text() == "self");
        let class = class_around(node).and_then(|class| class.field("name"));
        let name = node.field("attribute").map_or("", Node::text);
        return own && class.is_some_and(|class| may_hold_none(context, class.text(), name));
    }
    let Some(binding) = context.scopes().binding_of(node).filter(|_| node.kind() == "identifier") else { return false };
    let empty = |(id, kind): &(NodeId, BindingKind)| {
        let definition = context.tree.node(*id);
        let Some(outer) = definition.parent() else { return false };
        match outer.kind() {
            "default_parameter" => *kind == BindingKind::Parameter && is_none(outer.field("value")),
            "assignment" if definition.field_name() == "left" => {
                let value = outer.field("right");
                let held = value.is_some_and(|value| value.kind() == "attribute" && may_be_none(context, value));
                definition.start() < node.start() && (is_none(value) || held)
            }
            _ => false,
        }
    };
    context.scopes().binding(binding).definitions.iter().any(empty)
}

fn class_around(node: Node<'_>) -> Option<Node<'_>> {
    class_of(node.ancestors().find(|outer| outer.kind() == "function_definition")?)
}

fn is_none(value: Option<Node<'_>>) -> bool {
    value.is_some_and(|value| value.kind() == "none" || value.text() == "None")
}

fn around(node: Node<'_>) -> Option<Node<'_>> {
    node.ancestors().find(|outer| matches!(outer.kind(), "function_definition" | "lambda"))
}

/// Whether a node asks something of a value: whether it is None or true, or of what type.
fn asks(node: Node<'_>, value: &str) -> bool {
    match node.kind() {
        "comparison_operator" => is_none_test(node, value),
        "not_operator" => node.field("argument").is_some_and(|inner| inner.text() == value),
        "boolean_operator" => node.named_children().any(|inner| inner.text() == value),
        "if_statement" | "elif_clause" | "while_statement" | "conditional_expression" => {
            node.field("condition").is_some_and(|inner| inner.text() == value)
                || node.named_children().any(|inner| node.kind() == "conditional_expression" && inner.text() == value)
        }
        "call" => {
            let function = node.field("function").map_or("", Node::text);
            let first = node.field("arguments").and_then(|list| list.named_child(0));
            matches!(function, "isinstance" | "callable" | "type") && first.is_some_and(|first| first.text() == value)
        }
        _ => false,
    }
}

fn is_none_test(node: Node<'_>, value: &str) -> bool {
    let mut operands = node.named_children();
    let equal = matches!(node.field("operators").map_or("", |operator| operator.kind()), "is" | "is not" | "==" | "!=");
    equal && operands.next().is_some_and(|left| left.text() == value) && is_none(operands.last())
}

/// Whether the function asks for the value, or sets an attribute, before it is ordered.
fn is_guarded(value: Node<'_>, node: Node<'_>) -> bool {
    let Some(scope) = around(node) else { return true };
    let text = value.text();
    let sets = |inner: Node<'_>| {
        let target = inner.field("left").filter(|_| inner.kind().ends_with("assignment"));
        target.is_some_and(|target| value.kind() == "attribute" && target.text() == text)
    };
    scope.descendants().take_while(|inner| inner.start() < node.start()).any(|inner| asks(inner, text) || sets(inner))
}

/// Whether the function asks whether a value is None, though only behind this place.
fn is_asked_later(value: Node<'_>, node: Node<'_>) -> bool {
    let later = |inner: Node<'_>| inner.kind() == "comparison_operator" && is_none_test(inner, value.text());
    around(node).is_some_and(|scope| {
        scope.descendants().any(|inner| inner.start() > node.end() && later(inner)) && !is_guarded(value, node)
    })
}
