//! Special attributes and methods of classes.

use iama_syntax::Node;

use super::look::rename;
use crate::context::Context;
use crate::edit::Edit;
use crate::recipe::{Class, Findings, Recipe, Strategy};

pub(super) const RECIPES: [Recipe; 2] = [
    Recipe {
        id: "metaclass",
        title: "__metaclass__ becomes a keyword of the class",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "Python 3 ignores the attribute; the metaclass stands in the class statement.",
        before: "class Model(Base):\n    __metaclass__ = Meta\n    fields = ()",
        after: "class Model(Base, metaclass=Meta):\n    fields = ()",
        kinds: &["class_definition"],
        visit: metaclass,
    },
    Recipe {
        id: "nonzero",
        title: "__nonzero__ becomes __bool__",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "Python 3 asks __bool__ whether an object is true.",
        before: "class Box:\n    def __nonzero__(self):\n        return False",
        after: "class Box:\n    def __bool__(self):\n        return False",
        kinds: &["function_definition"],
        visit: nonzero,
    },
];

pub(super) fn metaclass(_: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(body) = node.field("body") else { return };
    let statements: Vec<_> = body.named_children().collect();
    let all: Vec<_> = statements.iter().filter_map(|statement| metaclass_assignment(*statement)).collect();
    let Some(&(_, value)) = all.last() else { return };
    let keyword = format!("metaclass={}", value.text());
    let head = match node.field("superclasses") {
        Some(list) if list.named_children().next().is_some() => {
            let last = list.named_children().last().map_or(list.end(), Node::end);
            Edit::insert(last, format!(", {keyword}"))
        }
        Some(list) => Edit::replace(list.span(), format!("({keyword})")),
        None => Edit::insert(node.field("name").map_or(node.start(), Node::end), format!("({keyword})")),
    };
    let mut edits = vec![head];
    edits.extend(all.iter().map(|(statement, _)| {
        if statements.len() == all.len() {
            Edit::replace(statement.span(), "pass")
        } else {
            super::modules::remove_statement(*statement)
        }
    }));
    found.safe(node, edits);
}

pub(super) fn metaclass_assignment(statement: Node<'_>) -> Option<(Node<'_>, Node<'_>)> {
    let assignment = statement.named_child(0).filter(|inner| inner.kind() == "assignment")?;
    let left = assignment.field("left").filter(|left| left.text() == "__metaclass__")?;
    let right = assignment.field("right").filter(|right| right.kind() != "assignment")?;
    let _ = left;
    Some((statement, right))
}

pub(super) fn nonzero(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(name) = node.field("name").filter(|name| name.text() == "__nonzero__") else { return };
    let in_class = node
        .ancestors()
        .find(|ancestor| matches!(ancestor.kind(), "class_definition" | "function_definition"))
        .is_some_and(|ancestor| ancestor.kind() == "class_definition");
    let has_bool = node.parent().is_some_and(|body| {
        body.named_children().any(|other| other.field("name").is_some_and(|name| name.text() == "__bool__"))
    });
    if in_class && !has_bool {
        let mut edits = vec![rename(name, "__bool__")];
        edits.extend(returned(node).filter(|value| !is_truth(context, *value)).map(truth));
        found.safe(node, edits);
    }
}

/// The values that a function returns itself.
fn returned(function: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    let own = move |node: Node<'_>| {
        node.ancestors().find(|outer| matches!(outer.kind(), "function_definition" | "lambda")) == Some(function)
    };
    function
        .descendants()
        .filter(move |node| node.kind() == "return_statement" && own(*node))
        .filter_map(|statement| statement.named_child(0))
}

/// Whether an expression is True or False, whatever its parts are.
fn is_truth(context: &Context<'_>, node: Node<'_>) -> bool {
    let node = super::look::bare(node);
    match node.kind() {
        "not_operator" | "comparison_operator" | "true" | "false" => true,
        "identifier" => matches!(node.text(), "True" | "False" | "NotImplemented"),
        "boolean_operator" => {
            let side = |name: &str| node.field(name).is_some_and(|side| is_truth(context, side));
            side("left") && side("right")
        }
        "call" => node.field("function").is_some_and(|function| {
            let known = ["bool", "isinstance", "issubclass", "hasattr", "callable", "any", "all"];
            known.iter().any(|name| super::look::is_builtin(context, function, name))
                || function.field("attribute").is_some_and(|name| matches!(name.text(), "__nonzero__" | "__bool__"))
        }),
        _ => false,
    }
}

/// Python 2 took 0 and 1 for an answer.
fn truth(value: Node<'_>) -> Edit {
    match value.text() {
        "0" => rename(value, "False"),
        "1" => rename(value, "True"),
        _ => Edit::wrap(value.span(), "bool(", ")"),
    }
}
