//! The functions of itertools that lost their names.

use iama_syntax::{Node, Span};

use super::look::{call_of, rename};
use crate::context::Context;
use crate::edit::Edit;
use crate::recipe::{Class, Findings, Recipe, Strategy};

pub(super) const RECIPES: [Recipe; 1] = [Recipe {
    id: "itertools-names",
    title: "imap, ifilter, izip and their kin",
    class: Class::Safe,
    strategy: Strategy::Conservative,
    why: "The builtins are lazy now, so that itertools no longer has its own; two functions lost their i.",
    before: "import itertools\npairs = itertools.izip(a, b)",
    after: "import itertools\npairs = zip(a, b)",
    kinds: &["attribute", "identifier", "import_from_statement"],
    visit: itertools_names,
}];

pub(super) const LAZY_BUILTINS: &[(&str, &str)] = &[("imap", "map"), ("ifilter", "filter"), ("izip", "zip")];
pub(super) const RENAMED_ITERTOOLS: &[(&str, &str)] =
    &[("ifilterfalse", "filterfalse"), ("izip_longest", "zip_longest")];

fn itertools_names(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if node.kind() == "import_from_statement" {
        return itertools_import(context, node, found);
    }
    if node.kind() == "identifier" {
        return itertools_unbound(context, node, found);
    }
    let Some(name) = node.field("attribute") else { return };
    let known = |table: &[(&str, &'static str)]| table.iter().find(|(old, _)| *old == name.text()).map(|(_, new)| *new);
    if context.dotted(node).is_none_or(|path| !path.starts_with("itertools.")) {
        return;
    }
    if let Some(new) = known(LAZY_BUILTINS) {
        found.safe(node, vec![rename(node, new)]);
    } else if let Some(new) = known(RENAMED_ITERTOOLS) {
        found.safe(node, vec![rename(name, new)]);
    }
}

/// A name that only an import with a star can have brought.
fn itertools_unbound(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if !node.text().starts_with('i') {
        return;
    }
    let known = LAZY_BUILTINS.iter().chain(RENAMED_ITERTOOLS).find(|(old, _)| *old == node.text());
    if let Some((_, new)) = known.filter(|_| call_of(node).is_some() && context.is_builtin(node)) {
        found.safe(node, vec![rename(node, new)]);
    }
}

/// `from itertools import imap, chain` keeps chain; uses of imap become map.
fn itertools_import(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if node.field("module_name").is_none_or(|module| module.text() != "itertools") {
        return;
    }
    let mut edits = Vec::new();
    let mut kept = Vec::new();
    for item in node.fields("name") {
        let (name, bound) = match item.kind() {
            "aliased_import" => (item.field("name"), item.field("alias")),
            _ => (Some(item), Some(item)),
        };
        let (Some(name), Some(bound)) = (name, bound) else { return };
        let table =
            |table: &[(&str, &'static str)]| table.iter().find(|(old, _)| *old == name.text()).map(|(_, new)| *new);
        if let Some(new) = table(LAZY_BUILTINS) {
            edits.extend(context.references(bound).into_iter().map(|used| rename(used, new)));
        } else if let Some(new) = table(RENAMED_ITERTOOLS) {
            if bound == name {
                edits.extend(context.references(bound).into_iter().map(|used| rename(used, new)));
                kept.push(new.to_owned());
            } else {
                kept.push(format!("{new} as {}", bound.text()));
            }
        } else {
            kept.push(item.text().to_owned());
        }
    }
    let names = node.fields("name").map(|item| item.text().to_owned()).collect::<Vec<_>>();
    if names == kept {
        return;
    }
    if kept.is_empty() {
        edits.push(super::modules::remove_statement(node));
    } else if let (Some(first), Some(last)) = (node.fields("name").next(), node.fields("name").last()) {
        edits.push(Edit::replace(Span::new(first.start(), last.end()), kept.join(", ")));
    }
    found.safe(node, edits);
}
