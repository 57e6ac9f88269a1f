//! Opening files.

use iama_syntax::Node;

use super::stand_in;
use crate::context::Context;
use crate::edit::Edit;
use crate::python2_3::helpers::name_of;
use crate::python2_3::look::{positional, rename};
use crate::python2_3::{files, native_files};
use crate::recipe::{Findings, Import};

pub(super) fn file_builtin(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if node.text() != "file" || super::names::is_bound(context, "file") {
        return;
    }
    files::file_builtin(context, node, found);
    // Where it is asked for as a type, it keeps its name.
    if let Some(finding) = found.found.last_mut().filter(|finding| !finding.imports.is_empty()) {
        finding.edits.clear();
        finding.imports = stand_in("file").into_iter().collect();
    }
}

/// The mode is one or the other.
fn either(finding: &mut crate::recipe::Finding, node: Node<'_>) {
    let new = finding.edits.iter().flat_map(|edit| &edit.pieces).find_map(|piece| match piece {
        crate::edit::Piece::New(text) => Some(text.clone()),
        crate::edit::Piece::Keep(_) => None,
    });
    if let Some(new) = new {
        finding.edits = vec![rename(node, &format!("{} if str is bytes else {new}", node.text()))];
    }
}

pub(super) fn universal_newlines(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    files::universal_newlines(context, node, found);
    let Some(finding) = found.found.last_mut() else { return };
    let mode = node.tree().covering(finding.span);
    let mode = mode.ancestors().chain([mode]).find(|outer| outer.kind() == "string" && outer.span() == finding.span);
    if let Some(mode) = mode {
        either(finding, mode);
    }
}

pub(super) fn unbuffered(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    files::unbuffered(context, node, found);
    let Some(buffer) = crate::python2_3::look::arguments(node).get(2).copied() else { return };
    if let Some(finding) = found.found.last_mut() {
        either(finding, buffer);
    }
}

const OPEN_NATIVE: Import = Import::Helper(
    "open_native",
    "\n\ndef open_native(name, mode='r'):\n    if str is bytes:\n        return open(name, mode)\n    mode = mode.replace('b', \
     '').replace('U', '')\n    return open(name, mode, encoding='latin-1', newline='\\n')\n",
);

pub(super) fn native_file(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    native_files::native_file(context, node, found);
    let (Some(finding), Some(function)) = (found.found.last_mut(), node.field("function")) else { return };
    if positional(node).is_some() {
        finding.edits = vec![Edit::replace(function.span(), name_of(context, &OPEN_NATIVE))];
        finding.imports = vec![OPEN_NATIVE];
    }
}
