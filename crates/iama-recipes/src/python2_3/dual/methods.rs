//! Methods of library objects, and names in strings.

use iama_syntax::Node;

use crate::context::Context;
use crate::edit::Piece;
use crate::python2_3::look::{method_call, rename};
use crate::python2_3::tables::STRING_FUNCTIONS;
use crate::python2_3::{library, methods};
use crate::recipe::Findings;

/// Methods that 2.7 has under the new name as well.
const KNOWN_TO_BOTH: &[&str] = &["isAlive", "getiterator"];

pub(super) fn renamed_method(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if super::removed::is_last_resort(node) {
        return;
    }
    methods::renamed_method(context, node, found);
    let (Some(finding), Some(object), Some(name)) =
        (found.found.last_mut(), node.field("object"), node.field("attribute"))
    else {
        return;
    };
    if KNOWN_TO_BOTH.contains(&name.text()) || finding.edits.is_empty() {
        return;
    }
    let new = match finding.edits[0].pieces.first() {
        Some(Piece::New(new)) => new.clone(),
        _ => return,
    };
    if !matches!(object.kind(), "identifier" | "attribute") {
        found.found.pop();
        return found.refuse(node, "give the object a name, so that it can be asked for either method");
    }
    let text = format!("(getattr({0}, '{new}', None) or {0}.{1})", object.text(), name.text());
    finding.edits = vec![rename(node, &text)];
}

/// Only `get` is known to the headers of both.
pub(super) fn message_headers(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if method_call(node).is_some_and(|(_, name)| name.text() == "getheader") {
        methods::message_headers(context, node, found);
    }
}

pub(super) fn attribute_names(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    methods::attribute_names(context, node, found);
    either_name(node, found);
}

pub(super) fn import_by_name(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    methods::import_by_name(context, node, found);
    either_name(node, found);
}

/// The name in a string is one or the other.
fn either_name(node: Node<'_>, found: &mut Findings) {
    for edit in found.found.iter_mut().flat_map(|finding| &mut finding.edits) {
        let old = node.tree().slice(edit.span);
        if let Some(Piece::New(new)) = edit.pieces.first_mut() {
            *new = format!("{old} if str is bytes else {new}");
        }
    }
}

/// Only Python 3's parser is told.
pub(super) fn html_references(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    methods::html_references(context, node, found);
    for piece in found.found.iter_mut().flat_map(|finding| &mut finding.edits).flat_map(|edit| &mut edit.pieces) {
        if let Piece::New(text) = piece {
            let asked = "**({} if str is bytes else {'convert_charrefs': False})";
            *text = text.replace("convert_charrefs=False", asked);
        }
    }
}

/// A function that stands for a method takes both kinds of strings.
pub(super) fn string_function(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    library::string_function(context, node, found);
    for piece in found.found.iter_mut().flat_map(|finding| &mut finding.edits).flat_map(|edit| &mut edit.pieces) {
        let Piece::New(text) = piece else { continue };
        for (_, method) in STRING_FUNCTIONS {
            let (plain, both) = (format!("str.{method}"), format!("(lambda text, *rest: text.{method}(*rest))"));
            if *text == plain || text.ends_with(&format!(" = {plain}")) || text.contains(&format!(" = {plain}\n")) {
                *text = text.replace(&plain, &both);
            }
        }
    }
}
