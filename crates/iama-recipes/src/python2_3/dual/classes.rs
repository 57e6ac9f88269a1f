//! Special methods under both of their names.

use iama_syntax::Node;

use crate::context::Context;
use crate::edit::{Edit, Piece};
use crate::python2_3::helpers::name_of;
use crate::python2_3::iterators::{method_name, methods};
use crate::python2_3::look::{call_of, class_of, indentation, line_end, rename};
use crate::python2_3::{classes, comparing, division, idioms, protocols, text_methods};
use crate::recipe::{Finding, Findings, Import};

/// The method with its decorators.
fn whole(method: Node<'_>) -> Node<'_> {
    method.parent().filter(|parent| parent.kind() == "decorated_definition").unwrap_or(method)
}

/// Lines of a class behind one of its methods, after an empty one.
fn behind(method: Node<'_>, lines: &[&str]) -> Edit {
    let (newline, indent) = (line_end(method.tree().text()), indentation(whole(method)));
    let text: Vec<_> = lines.iter().map(|line| format!("{newline}{indent}{line}")).collect();
    Edit::insert(whole(method).end(), format!("{newline}{}", text.concat()))
}

/// Whether the class gives a name a value in any way.
fn mentions(class: Node<'_>, name: &str) -> bool {
    let body = class.field("body");
    body.is_some_and(|body| body.descendants().any(|node| node.kind() == "identifier" && node.text() == name))
}

/// Gives a method its new name and keeps the old one beside it.
pub(super) fn keep_old_name(method: Node<'_>, finding: &mut Finding, new: &str) {
    let Some(old) = method.field("name") else { return };
    finding.edits.retain(|edit| edit.span != old.span());
    finding.edits.extend([rename(old, new), behind(method, &[&format!("{} = {new}", old.text())])]);
}

pub(super) fn nonzero(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if class_of(node).is_some_and(|class| mentions(class, "__bool__")) {
        return;
    }
    classes::nonzero(context, node, found);
    if let Some(finding) = found.found.last_mut() {
        keep_old_name(node, finding, "__bool__");
    }
}

pub(super) fn division_method(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    division::division_method(context, node, found);
    let new = division::METHODS.iter().find(|(old, _)| *old == method_name(node)).map(|(_, new)| *new);
    if let (Some(finding), Some(new)) = (found.found.last_mut(), new) {
        keep_old_name(node, finding, new);
    }
}

/// Calls find the methods under both names; what an assignment makes of one is given the other, too.
pub(super) fn special_name(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let assigned = node.field_name() == "left" && node.parent().is_some_and(|outer| outer.kind() == "assignment");
    let statement = node.ancestors().find(|outer| outer.kind() == "expression_statement");
    let Some(statement) = statement.filter(|_| assigned) else { return };
    protocols::special_name(context, node, found);
    let Some((_, new)) = protocols::RENAMED.iter().find(|(old, _)| *old == node.text()) else { return };
    if let Some(finding) = found.found.last_mut() {
        let (newline, indent) = (line_end(node.tree().text()), indentation(statement));
        finding.edits = vec![Edit::insert(statement.end(), format!("{newline}{indent}{new} = {}", node.text()))];
    }
}

const WITH_METACLASS: Import = Import::Helper(
    "with_metaclass",
    "\n\ndef with_metaclass(meta, *bases):\n    class Once(type):\n        def __new__(cls, name, _, members):\n            \
     return meta(name, bases, members)\n    return type.__new__(Once, str('Once'), (), {})\n",
);

/// The class statement makes its class by way of a base that is there for no longer than that.
pub(super) fn metaclass(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    classes::metaclass(context, node, found);
    let Some(finding) = found.found.last_mut() else { return };
    let assigned = node.field("body").into_iter().flat_map(Node::named_children);
    let Some((_, value)) = assigned.filter_map(classes::metaclass_assignment).last() else { return };
    let bases = node.field("superclasses");
    let mut pieces = vec![Piece::New(format!("({}({}", name_of(context, &WITH_METACLASS), value.text()))];
    for base in bases.into_iter().flat_map(Node::named_children) {
        pieces.extend([Piece::New(", ".into()), Piece::Keep(base.span())]);
    }
    pieces.push(Piece::New("))".into()));
    let name_end = node.field("name").map_or(node.start(), Node::end);
    let span = bases.map_or(iama_syntax::Span::empty(name_end), Node::span);
    finding.edits[0] = Edit::pieces(span, pieces);
    finding.imports.push(WITH_METACLASS);
}

/// Python 2 finds the inherited hash by itself.
pub(super) fn eq_without_hash(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if mentions(node, "__hash__") {
        return;
    }
    comparing::eq_without_hash(context, node, found);
    let Some(finding) = found.found.last_mut() else { return };
    let Some(first) = node.field("body").and_then(|body| body.named_child(0)) else { return };
    let indent = indentation(first);
    for edit in &mut finding.edits {
        for piece in &mut edit.pieces {
            if let Piece::New(text) = piece {
                let newline = line_end(node.tree().text());
                *text = format!("if str is not bytes:{newline}{indent}    {text}");
            }
        }
    }
}

/// Only Python 3 passes slices to the method that is added.
pub(super) fn slice_methods(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if node.text().contains(".indices(len(self))[:2]") || node.text().contains(".start or 0, sys.maxsize if ") {
        return;
    }
    idioms::slice_methods(context, node, found);
    for piece in found.found.iter_mut().flat_map(|finding| &mut finding.edits).flat_map(|edit| &mut edit.pieces) {
        let Piece::New(text) = piece else { continue };
        // Python 2 takes one star in a call.
        if text.contains("[:2], *(") {
            *text = text.replace("slice__(*", "slice__(*(").replace("[:2], *(", "[:2] + (").replace(",))", ",)))");
        }
        let newline = line_end(node.tree().text());
        let Some(definition) = text.strip_prefix(&format!("{newline}{newline}")) else { continue };
        let indent = &definition[..definition.len() - definition.trim_start().len()];
        let deeper: Vec<_> = definition.lines().map(|line| format!("{newline}    {line}")).collect();
        *text = format!("{newline}{newline}{indent}if str is not bytes:{}", deeper.concat());
    }
}

/// On Python 2 both methods stay what they are; on Python 3 they are known under the names that they have there.
pub(super) fn unicode_method(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let named = |wanted: &str| methods(node).find(|method| method_name(*method) == wanted);
    if mentions(node, "__bytes__") || node.text().contains("__str__ = __unicode__") {
        return;
    }
    text_methods::unicode_method(context, node, found);
    let Some(finding) = found.found.last_mut() else { return };
    let (text, old) = (named("__unicode__"), named("__str__"));
    match (text, old) {
        // Python 3 never calls it.
        (Some(text), None) if text_methods::decodes(text) => {
            found.found.pop();
        }
        (Some(text), None) => {
            finding.edits = vec![behind(text, &["if str is not bytes:", "    __str__ = __unicode__"])];
        }
        (Some(text), Some(old)) if text_methods::has_parameters(old) && !text_methods::encodes(old) => {
            let Some(name) = old.field("name") else { return };
            let last = if text.start() < old.start() { old } else { text };
            let lines = ["__str__ = __bytes__ if str is bytes else __unicode__"];
            finding.edits.retain(|edit| text.field("name").is_none_or(|name| name.span() != edit.span));
            finding.edits.retain(|edit| edit.span != name.span());
            finding.edits.extend([rename(name, "__bytes__"), behind(last, &lines)]);
        }
        (Some(text), Some(_)) if text_methods::decodes(text) && !old.is_some_and(text_methods::encodes) => {
            found.found.pop();
        }
        (Some(text), Some(old)) => {
            let last = if text.start() < old.start() { old } else { text };
            let lines = ["if str is not bytes:", "    __bytes__, __str__ = __str__, __unicode__"];
            finding.edits = vec![behind(last, &lines)];
        }
        (None, Some(old)) => {
            finding.edits.push(behind(old, &["if str is bytes:", "    __str__ = __bytes__"]));
        }
        (None, None) => {}
    }
}

/// The method keeps its name, so that calls of it do as well; those that name an encoding mean the other one.
pub(super) fn unicode_call(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let named = node.field("attribute").map_or("", Node::text);
    if named != "__str__" && call_of(node).is_some() {
        return;
    }
    text_methods::unicode_call(context, node, found);
    let (Some(finding), Some(call)) = (found.found.last_mut(), call_of(node)) else { return };
    let whole = |edit: &Edit| edit.span == call.span();
    if let (true, Some(arguments)) = (finding.edits.iter().any(whole), call.field("arguments")) {
        let text = format!("(self.__bytes__{} if str is bytes else str(self))", arguments.text());
        finding.edits = vec![rename(call, &text)];
    }
}
