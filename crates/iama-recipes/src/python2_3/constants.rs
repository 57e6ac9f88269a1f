//! Names that Python 2 lets a file bind and Python 3 does not: True, False and None, and stars inside functions.

use iama_syntax::{Node, Span};

use super::look::{indentation, line_end, line_start, rename};
use super::modules::{items, remove_statement};
use crate::context::Context;
use crate::edit::Edit;
use crate::recipe::{Class, Findings, Recipe, Strategy};

pub(super) const RECIPES: [Recipe; 2] = [
    Recipe {
        id: "bound-constants",
        title: "True, False and None as names",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "Code for Python before 2.3 defines True and False itself; they are keywords of Python 3.",
        before: "def f(x, True=True): pass\n\ntry:\n    True\nexcept NameError:\n    True, False = 1, 0",
        after: "def f(x): pass\n\ntry:\n    True\nexcept NameError:\n    pass",
        kinds: &["parameters", "lambda_parameters", "expression_statement", "import_from_statement", "attribute"],
        visit: bound_constants,
    },
    Recipe {
        id: "star-import-in-function",
        title: "from module import * inside a function",
        class: Class::Check,
        strategy: Strategy::Conservative,
        why: "Python 3 allows the star only at the level of the module.",
        before: "def load():\n    from helpers import *\n    return read()",
        after: "from helpers import *\ndef load():\n    pass\n    return read()",
        kinds: &["import_from_statement"],
        visit: star_in_function,
    },
];

fn is_constant(node: Node<'_>) -> bool {
    matches!(node.text(), "True" | "False" | "None")
}

fn bound_constants(_: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    match node.kind() {
        "expression_statement" => assigned(node, found),
        "import_from_statement" => imported(node, found),
        "attribute" => member(node, found),
        _ => parameters(node, found),
    }
}

/// `def f(x, True=True)` kept a global at hand. Nobody passes these arguments.
fn parameters(node: Node<'_>, found: &mut Findings) {
    let all: Vec<_> = node.named_children().collect();
    let goes = |parameter: &Node<'_>| parameter.field("name").is_some_and(is_constant);
    if !all.iter().any(goes) {
        return;
    }
    let (mut edits, mut kept) = (Vec::new(), false);
    for (rank, parameter) in all.iter().enumerate() {
        if !goes(parameter) {
            kept = true;
            continue;
        }
        let span = match (kept, all.get(rank + 1)) {
            (true, _) => Span::new(all[rank - 1].end(), parameter.end()),
            (false, Some(next)) => Span::new(parameter.start(), next.start()),
            (false, None) => parameter.span(),
        };
        edits.push(Edit::delete(span));
    }
    found.safe(node, edits);
}

/// `True, False = 1, 0` and its kin have nothing left to do.
fn assigned(node: Node<'_>, found: &mut Findings) {
    let Some(assignment) = node.named_child(0).filter(|inner| inner.kind() == "assignment") else { return };
    let Some(left) = assignment.field("left") else { return };
    let names: Vec<_> = match left.kind() {
        "identifier" => vec![left],
        "pattern_list" | "tuple_pattern" | "tuple" => left.named_children().collect(),
        "attribute" => left.field("attribute").into_iter().collect(),
        _ => return,
    };
    if names.iter().all(|name| is_constant(*name)) {
        found.safe(node, vec![Edit::replace(node.span(), "pass")]);
    } else if let Some(name) = names.iter().find(|name| is_constant(**name)) {
        found.refuse(*name, "a constant of Python 3 is given a value together with other names: take it out");
    }
}

fn imported(node: Node<'_>, found: &mut Findings) {
    let all: Vec<_> = items(node).collect();
    let kept: Vec<_> = all
        .iter()
        .filter(|(_, name, alias)| !is_constant(alias.unwrap_or(*name)))
        .map(|(item, ..)| item.text())
        .collect();
    if kept.len() == all.len() {
        return;
    }
    match (all.first(), all.last()) {
        (Some((first, ..)), Some((last, ..))) if !kept.is_empty() => {
            let span = Span::new(first.start(), last.end());
            found.safe(node, vec![Edit::replace(span, kept.join(", "))]);
        }
        _ => found.safe(node, vec![remove_statement(node)]),
    }
}

/// `__builtin__.True` is True.
fn member(node: Node<'_>, found: &mut Findings) {
    let Some(name) = node.field("attribute").filter(|name| is_constant(*name)) else { return };
    if node.field_name() != "left" {
        found.safe(node, vec![rename(node, name.text())]);
    }
}

fn star_in_function(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let inside = node.ancestors().any(|outer| outer.kind() == "function_definition");
    if node.child_of_kind("wildcard_import").is_none() || !inside || !context.certain {
        return;
    }
    let top = node.ancestors().take_while(|outer| outer.kind() != "module").last();
    let Some(top) = top.filter(|top| indentation(*top).is_empty()) else { return };
    let text = format!("{}{}", node.text(), line_end(node.tree().text()));
    let why = "the names are read when the module is, and the whole module sees them";
    found.check(node, why, vec![Edit::insert(line_start(top), text), Edit::replace(node.span(), "pass")]);
}
