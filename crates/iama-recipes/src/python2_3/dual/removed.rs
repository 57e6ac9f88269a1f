//! What Python 3 took away and 2.7 has.

use iama_syntax::Node;

use super::imports::{guarded, is_guarded};
use super::lines::Lines;
use crate::context::Context;
use crate::edit::Piece;
use crate::python2_3::look::rename;
use crate::python2_3::modules::items;
use crate::python2_3::tables_removed::Instead;
use crate::python2_3::{library, patterns, protocols, removed};
use crate::recipe::{Findings, Import, Visit};

/// Leaves a statement that a recipe would take away to Python 2.
fn left_to_two(context: &Context<'_>, node: Node<'_>, found: &mut Findings, plain: Visit) {
    let asked = node.ancestors().any(|outer| {
        outer.kind() == "if_statement" && outer.field("condition").is_some_and(|asked| asked.text() == "str is bytes")
    });
    if asked {
        return;
    }
    plain(context, node, found);
    let Some(finding) = found.found.last_mut().filter(|finding| !finding.edits.is_empty()) else { return };
    if let Some(edit) = Lines::suite("if str is bytes:", node.text()).in_place_of(node) {
        finding.edits = vec![edit];
    } else {
        found.found.pop();
        found.refuse(node, "give it a line of its own, so that it can be left to Python 2");
    }
}

pub(super) fn default_encoding(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    left_to_two(context, node, found, library::default_encoding);
}

pub(super) fn removed_call(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    left_to_two(context, node, found, removed::removed_call);
}

pub(super) fn expat_text(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    left_to_two(context, node, found, protocols::expat_text);
}

/// Whether a member is what remains where its heir is asked for first.
pub(super) fn is_last_resort(node: Node<'_>) -> bool {
    node.parent().is_some_and(|outer| {
        outer.kind() == "boolean_operator"
            && outer.field("left").is_some_and(|left| left.text().starts_with("getattr("))
    })
}

/// Whether a node is one of the two values of a condition that asks this.
fn is_asked(node: Node<'_>, question: &str) -> bool {
    node.ancestors().take(3).any(|outer| outer.kind() == "conditional_expression" && outer.text().contains(question))
}

pub(super) fn pattern_locale(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if is_asked(node, "str is bytes") {
        return;
    }
    patterns::pattern_locale(context, node, found);
    if let Some(finding) = found.found.last_mut() {
        finding.edits = vec![rename(node, &format!("({} if str is bytes else 0)", node.text()))];
    }
}

/// A module that only Python 3 has.
const PARSE: Import =
    Import::Helper("urllib.parse", "\ntry:\n    import urllib.parse\nexcept ImportError:\n    import urllib\n");

pub(super) fn removed_members(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if node.kind() == "import_from_statement" {
        return removed_imports(context, node, found);
    }
    if is_asked(node, "hasattr(") || is_last_resort(node) {
        return;
    }
    removed::removed_members(context, node, found);
    let (Some(finding), Some(module), Some(member)) =
        (found.found.last_mut(), node.field("object"), node.field("attribute"))
    else {
        return;
    };
    let Some(edit) = finding.edits.first() else { return };
    let Some(Piece::New(new)) = edit.pieces.first() else { return };
    let new = if edit.span == member.span() { format!("{}.{new}", module.text()) } else { new.clone() };
    let text = format!("({0} if hasattr({1}, '{2}') else {new})", node.text(), module.text(), member.text());
    finding.edits = vec![rename(node, &text)];
    for import in &mut finding.imports {
        if *import == Import::Module("urllib.parse") {
            *import = PARSE;
        }
    }
}

fn removed_imports(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(module) = node.field("module_name").filter(|_| context.certain) else { return };
    if is_guarded(context, node) || crate::python2_3::modules::is_neighbour(context, module.text()) {
        return;
    }
    let (mut kept, mut lines) = (Vec::new(), Vec::new());
    for (item, name, alias) in items(node) {
        let Some(gone) = removed::entry(context, &format!("{}.{}", module.text(), name.text())) else {
            kept.push(item.text());
            continue;
        };
        let bound = alias.unwrap_or(name).text();
        let new = match gone.instead {
            Instead::Member(path) => path.rsplit_once('.').map(|(home, member)| {
                let renamed = if member == bound { String::new() } else { format!(" as {bound}") };
                format!("from {home} import {member}{renamed}")
            }),
            Instead::Value(text, []) => Some(format!("{bound} = {text}")),
            Instead::Value(..) | Instead::Helper(..) | Instead::Nothing => None,
        };
        let Some(new) = new else {
            return found.refuse(item, format!("{} is gone, and its heir has no name to import", gone.path));
        };
        let old = format!("from {} import {}", module.text(), item.text());
        lines.push(Lines::either(vec![old], "ImportError", vec![new]));
    }
    if !lines.is_empty() {
        let kept = (!kept.is_empty()).then(|| Lines::one(format!("from {} import {}", module.text(), kept.join(", "))));
        guarded(node, kept.into_iter().chain(lines), found);
    }
}
