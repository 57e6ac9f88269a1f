//! Members of modules and objects.

use iama_syntax::Node;

use super::imports::{guarded, is_guarded};
use super::lines::Lines;
use super::removed::is_last_resort;
use super::stand_in;
use crate::context::Context;
use crate::edit::Piece;
use crate::python2_3::helpers::name_of;
use crate::python2_3::look::rename;
use crate::python2_3::modules::items;
use crate::python2_3::tables::ABSTRACT;
use crate::python2_3::{idioms, members, names};
use crate::recipe::{Findings, Import};

/// Members that have no one name on both, and what asks for the right one. `{}` stands for the module as it is written.
const EITHER: &[(&str, &str)] = &[
    ("sys.maxint", "getattr({}, 'maxint', {}.maxsize)"),
    ("os.getcwdu", "getattr({}, 'getcwdu', {}.getcwd)"),
    ("operator.div", "getattr({}, 'div', {}.floordiv)"),
    ("operator.idiv", "getattr({}, 'idiv', {}.ifloordiv)"),
    ("base64.decodestring", "(getattr({}, 'decodebytes', None) or {}.decodestring)"),
    ("base64.encodestring", "(getattr({}, 'encodebytes', None) or {}.encodestring)"),
    ("time.clock", "(getattr({}, 'perf_counter', None) or {}.clock)"),
    ("string.maketrans", "(getattr(str, 'maketrans', None) or {}.maketrans)"),
    ("types.BufferType", "getattr({}, 'BufferType', memoryview)"),
    ("types.ClassType", "getattr({}, 'ClassType', type)"),
    ("types.InstanceType", "getattr({}, 'InstanceType', object)"),
    ("types.UnboundMethodType", "getattr({}, 'UnboundMethodType', {}.FunctionType)"),
];

/// Members that are a builtin which Python 3 lacks.
const BUILTIN: &[(&str, &str, &str)] = &[
    ("types.UnicodeType", "unicode", "unicode"),
    ("types.StringTypes", "(str, unicode)", "unicode"),
    ("types.LongType", "long", "long"),
    ("types.XRangeType", "xrange", "xrange"),
    ("string.atol", "long", "long"),
];

pub(super) fn renamed_members(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if node.kind() == "import_from_statement" {
        return renamed_imports(context, node, found);
    }
    let Some(path) = context.dotted(node) else { return };
    let given = node.field_name() == "left" || node.ancestors().any(|outer| outer.kind() == "delete_statement");
    if given && (EITHER.iter().any(|(old, _)| *old == path) || BUILTIN.iter().any(|(old, ..)| *old == path)) {
        return found.refuse(node, "the member is given a value or taken away: say for which of the two languages");
    }
    let module = node.field("object").map_or("", Node::text);
    if let Some((_, text)) = EITHER.iter().find(|(old, _)| *old == path) {
        if !is_last_resort(node) {
            found.safe(node, vec![rename(node, &text.replace("{}", module))]);
        }
    } else if let Some((_, text, name)) = BUILTIN.iter().find(|(old, ..)| *old == path) {
        found.safe_with(node, vec![rename(node, text)], stand_in(name).into_iter().collect());
    } else {
        members::renamed_members(context, node, found);
    }
}

/// Names out of a module are imported where they are, and given their new value elsewhere.
fn renamed_imports(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(module) = node.field("module_name").map(Node::text) else { return };
    if is_guarded(context, node) {
        return;
    }
    let (mut kept, mut old, mut fallback) = (Vec::new(), Vec::new(), Vec::new());
    for (item, name, alias) in items(node) {
        let Some(new) = members::new_path(&format!("{module}.{}", name.text())) else {
            kept.push(item.text());
            continue;
        };
        let bound = alias.unwrap_or(name).text();
        old.push(item.text());
        fallback.push(match new.strip_prefix(module).and_then(|rest| rest.strip_prefix('.')) {
            Some(member) if member == bound => format!("from {module} import {member}"),
            Some(member) => format!("from {module} import {member} as {bound}"),
            None => format!("{bound} = {new}"),
        });
    }
    if old.is_empty() {
        return;
    }
    let kept = (!kept.is_empty()).then(|| Lines::one(format!("from {module} import {}", kept.join(", "))));
    let moved = Lines::either(vec![format!("from {module} import {}", old.join(", "))], "ImportError", fallback);
    guarded(node, kept.into_iter().chain([moved]), found);
}

const ABC: Import = Import::Helper(
    "collections_abc",
    "\ntry:\n    import collections.abc as collections_abc\nexcept ImportError:\n    import collections as collections_abc\n",
);

pub(super) fn collections_abc(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if node.kind() == "attribute" {
        let path = context.dotted(node).unwrap_or_default();
        let Some(name) = path.strip_prefix("collections.").filter(|name| ABSTRACT.contains(name)) else { return };
        return found.safe_with(node, vec![rename(node, &format!("{}.{name}", name_of(context, &ABC)))], vec![ABC]);
    }
    if node.field("module_name").is_none_or(|module| module.text() != "collections") || is_guarded(context, node) {
        return;
    }
    let (moved, kept): (Vec<_>, Vec<_>) = items(node).partition(|(_, name, _)| ABSTRACT.contains(&name.text()));
    if moved.is_empty() {
        return;
    }
    let list = |all: &[(Node<'_>, Node<'_>, Option<Node<'_>>)]| {
        all.iter().map(|(item, ..)| item.text()).collect::<Vec<_>>().join(", ")
    };
    let kept = (!kept.is_empty()).then(|| Lines::one(format!("from collections import {}", list(&kept))));
    let new = format!("from collections.abc import {}", list(&moved));
    let old = format!("from collections import {}", list(&moved));
    guarded(node, kept.into_iter().chain([Lines::either(vec![new], "ImportError", vec![old])]), found);
}

pub(super) fn operator_predicates(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    members::operator_predicates(context, node, found);
    let Some(finding) = found.found.last_mut() else { return };
    let import = Import::Module("collections.abc");
    if !finding.imports.contains(&import) {
        return;
    }
    finding.imports = vec![ABC];
    for piece in finding.edits.iter_mut().flat_map(|edit| &mut edit.pieces) {
        if let Piece::New(text) = piece {
            *text = text.replace("collections.abc.", &format!("{}.", name_of(context, &ABC)));
        }
    }
}

/// Python 2's exceptions have a message, which need not be what `str()` makes of them.
pub(super) fn exception_members(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let asked = node.parent().is_some_and(|outer| {
        outer.kind() == "conditional_expression"
            && outer.text().contains("hasattr(")
            && outer.text().contains("'message'")
    });
    if asked {
        return;
    }
    idioms::exception_members(context, node, found);
    let (Some(finding), Some(object)) = (found.found.last_mut(), node.field("object")) else { return };
    let text = format!("({0}.message if hasattr({0}, 'message') else str({0}))", object.text());
    finding.edits = vec![rename(node, &text)];
}

/// An unbound method of Python 2 knows its class and has no object.
pub(super) fn function_attribute(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    names::function_attribute(context, node, found);
    let (Some(finding), Some(object)) = (found.found.last_mut(), node.field("object")) else { return };
    if node.field("attribute").is_none_or(|name| name.text() != "im_class") {
        return;
    }
    if !matches!(object.kind(), "identifier" | "attribute") {
        found.found.pop();
        return found.refuse(node, "give the method a name, so that it can be asked for its class in two ways");
    }
    let text = format!("(getattr({0}, 'im_class', None) or {0}.__self__.__class__)", object.text());
    finding.edits = vec![rename(node, &text)];
}
