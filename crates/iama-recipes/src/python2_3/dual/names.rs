//! Builtins that keep their names, and literals.

use iama_syntax::scopes::ScopeId;
use iama_syntax::{Node, Span};

use super::stand_in;
use crate::context::Context;
use crate::edit::Edit;
use crate::python2_3::look::{arguments, call_of};
use crate::python2_3::{comparing, expressions, names};
use crate::recipe::{Findings, Import};

/// Whether the file binds a name at its top level.
pub(super) fn is_bound(context: &Context<'_>, name: &str) -> bool {
    context.scopes().lookup(ScopeId::MODULE, name).is_some()
}

/// A builtin of Python 2 that the file uses and gives no value.
fn lacks(context: &Context<'_>, node: Node<'_>) -> bool {
    context.is_builtin(node) && !is_bound(context, node.text())
}

pub(super) fn renamed_builtin(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let renamed = names::RENAMED_BUILTINS.iter().any(|(old, _)| *old == node.text());
    if let Some(import) = stand_in(node.text()).filter(|_| renamed && lacks(context, node)) {
        found.safe_with(node, Vec::new(), vec![import]);
    }
}

pub(super) fn moved_builtin(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let import = match node.text() {
        "reduce" => Some(Import::Name("functools", "reduce")),
        "intern" => call_of(node).and_then(|_| stand_in("intern")),
        // What is done to sys for the sake of its encoding is left to Python 2.
        "reload" => call_of(node)
            .filter(|call| arguments(*call)[..].iter().all(|what| what.text() != "sys"))
            .and_then(|_| stand_in("reload")),
        _ => None,
    };
    if let Some(import) = import.filter(|_| lacks(context, node)) {
        found.safe_with(node, Vec::new(), vec![import]);
    }
}

pub(super) fn compared(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    comparing::cmp_builtin(context, node, found);
    let Some(finding) = found.found.last_mut() else { return };
    finding.imports = stand_in("cmp").into_iter().collect();
    if finding.edits.is_empty() && !lacks(context, node) {
        found.found.pop();
    }
}

pub(super) fn buffer(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    kept(context, node, "buffer", found);
}

pub(super) fn coerce(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    kept(context, node, "coerce", found);
}

/// A builtin whose stand-in does not do all that it did.
fn kept(context: &Context<'_>, node: Node<'_>, name: &str, found: &mut Findings) {
    let named = node.text() == name && context.certain;
    if let Some(import) = stand_in(name).filter(|_| named && lacks(context, node)) {
        let why = "on Python 3 something like it stands in, which does not do all that the builtin did";
        found.check_with(node, why, Vec::new(), vec![import]);
    }
}

/// Where a file tells `long` from `int`, its literals say so, too.
pub(super) fn number_literal(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let digits = node.text().trim_end_matches(['l', 'L']);
    let told_apart = || context.original.contains("LongType") || context.original.contains("long)");
    if digits.len() == node.text().len() || !told_apart() || is_bound(context, "long") {
        return expressions::number_literal(context, node, found);
    }
    let octal = digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|digit| digit.is_ascii_digit());
    let digits = if octal { format!("0o{}", &digits[1..]) } else { digits.to_owned() };
    let edit = Edit::replace(node.span(), format!("long({digits})"));
    found.safe_with(node, vec![edit], stand_in("long").into_iter().collect());
}

/// `u''` may stay; `ur''` becomes a literal that is not raw.
pub(super) fn unicode_literal(_: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some((prefix, quote)) = node.text().find(['"', '\'']).map(|at| node.text().split_at(at)) else { return };
    let Some(string) = node.parent().filter(|string| string.kind() == "string") else { return };
    if !prefix.eq_ignore_ascii_case("ur") {
        return;
    }
    let Some((content, _)) = expressions::unescaped(string, quote) else { return };
    let plain = string.text().contains('\\');
    let edit = if plain {
        Edit::replace(string.span(), format!("u{content}"))
    } else {
        Edit::replace(Span::new(node.start(), node.start() + 2), "u")
    };
    found.safe(node, vec![edit]);
}
