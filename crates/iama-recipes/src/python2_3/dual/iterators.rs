//! Iterators and what gave lists.

use iama_syntax::Node;
use iama_syntax::scopes::ScopeKind;

use super::classes::keep_old_name;
use super::imports::{guarded, is_guarded};
use super::lines::Lines;
use super::names::is_bound;
use crate::context::Context;
use crate::edit::{Edit, Piece};
use crate::python2_3::facts;
use crate::python2_3::helpers::name_of;
use crate::python2_3::iterators;
use crate::python2_3::itertools::{LAZY_BUILTINS, RENAMED_ITERTOOLS};
use crate::python2_3::look::{Use, arguments, call_of, class_of, is_primary, method_call, rename, use_of};
use crate::python2_3::modules::items;
use crate::python2_3::observed::{DICTIONARIES, ITERATORS, Seen, have_method, seen};
use crate::recipe::{Findings, Import};

/// A view that is kept has methods of its own, which 2.7's lists lack.
pub(super) fn dict_views(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let viewed = method_call(node).filter(|(_, name)| name.text().starts_with("view"));
    let Some((object, name)) = viewed.filter(|_| use_of(context, node) == Use::Other) else {
        return iterators::dict_views(context, node, found);
    };
    let plain = name.text().trim_start_matches("view");
    let known = matches!(plain, "keys" | "values" | "items") && arguments(node).is_empty();
    let Some(function) = node.field("function").filter(|_| known) else { return };
    let kinds = seen(context, object, DICTIONARIES);
    if matches!(&kinds, Seen::Never(kinds) if have_method(context, kinds, name.text())) {
        return;
    }
    if matches!(object.kind(), "identifier" | "attribute") {
        let text = format!("getattr({0}, '{1}', {0}.{plain})", object.text(), name.text());
        found.safe(node, vec![rename(function, &text)]);
        return iterators::explain(&kinds, found);
    }
    let maker = if plain == "keys" { "set(" } else { "list(" };
    let why = "a copy of what the view shows, since the dictionary has no name to be asked by for either kind";
    found.check(node, why, vec![rename(name, plain), Edit::wrap(node.span(), maker, ")")]);
}

const TABLE_HAS: Import = Import::Helper(
    "table_has",
    "\n\ndef table_has(table, key):\n    return table.has_key(key) if hasattr(table, 'has_key') else key in table\n",
);

/// A `has_key` that some class defines need not mean what `in` means to it.
pub(super) fn has_key(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some((object, name)) = method_call(node).filter(|_| facts::defines_method(context, "has_key")) else {
        return iterators::has_key(context, node, found);
    };
    match seen(context, object, DICTIONARIES) {
        Seen::Only(_) => return iterators::has_key(context, node, found),
        Seen::Never(kinds) if have_method(context, &kinds, "has_key") => return,
        _ => {}
    }
    let helper = name_of(context, &TABLE_HAS);
    let inside = node.ancestors().any(|outer| outer.field("name").is_some_and(|name| name.text() == helper));
    if let (&[key], "has_key", false) = (&arguments(node)[..], name.text(), inside) {
        let pieces = vec![
            Piece::New(format!("{helper}(")),
            Piece::Keep(object.span()),
            Piece::New(", ".into()),
            Piece::Keep(key.span()),
            Piece::New(")".into()),
        ];
        found.safe_with(node, vec![Edit::pieces(node.span(), pieces)], vec![TABLE_HAS]);
    }
}

/// What makes one of the lazy functions known under its old name.
pub(super) fn lazy(name: &str) -> Option<(&'static str, Import)> {
    Some(match name {
        "imap" => (
            "imap = map",
            Import::Helper("imap", "\ntry:\n    from itertools import imap\nexcept ImportError:\n    imap = map\n"),
        ),
        "ifilter" => (
            "ifilter = filter",
            Import::Helper(
                "ifilter",
                "\ntry:\n    from itertools import ifilter\nexcept ImportError:\n    ifilter = filter\n",
            ),
        ),
        "izip" => (
            "izip = zip",
            Import::Helper("izip", "\ntry:\n    from itertools import izip\nexcept ImportError:\n    izip = zip\n"),
        ),
        "ifilterfalse" => (
            "from itertools import filterfalse as ifilterfalse",
            Import::Helper(
                "ifilterfalse",
                "\ntry:\n    from itertools import ifilterfalse\nexcept ImportError:\n    from itertools import filterfalse as \
                 ifilterfalse\n",
            ),
        ),
        "izip_longest" => (
            "from itertools import zip_longest as izip_longest",
            Import::Helper(
                "izip_longest",
                "\ntry:\n    from itertools import izip_longest\nexcept ImportError:\n    from itertools import zip_longest as \
                 izip_longest\n",
            ),
        ),
        _ => return None,
    })
}

pub(super) fn itertools_names(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    match node.kind() {
        "import_from_statement" => itertools_import(context, node, found),
        "attribute" => {
            let path = context.dotted(node).unwrap_or_default();
            let Some((_, import)) = path.strip_prefix("itertools.").and_then(lazy) else { return };
            let name = path.trim_start_matches("itertools.");
            if context.binds_anywhere(name) && !is_bound(context, name) {
                return found.refuse(node, format!("{name} means something else in this file"));
            }
            found.safe_with(node, vec![rename(node, name)], vec![import]);
        }
        _ => {
            let known = LAZY_BUILTINS.iter().chain(RENAMED_ITERTOOLS).any(|(old, _)| *old == node.text());
            if known && call_of(node).is_some() && context.is_builtin(node) && !is_bound(context, node.text()) {
                found.safe_with(node, Vec::new(), lazy(node.text()).map(|(_, import)| import).into_iter().collect());
            }
        }
    }
}

fn itertools_import(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if node.field("module_name").is_none_or(|module| module.text() != "itertools") || is_guarded(context, node) {
        return;
    }
    let (mut kept, mut lines) = (Vec::new(), Vec::new());
    for (item, name, alias) in items(node) {
        let Some((fallback, _)) = lazy(name.text()) else {
            kept.push(item.text());
            continue;
        };
        let fallback = match alias {
            None => fallback.to_owned(),
            Some(alias) => {
                let renamed = |(head, _): (&str, &str)| format!("{head} as {}", alias.text());
                let assigned = |(_, value): (&str, &str)| format!("{} = {value}", alias.text());
                fallback
                    .split_once(" as ")
                    .map(renamed)
                    .or(fallback.split_once(" = ").map(assigned))
                    .unwrap_or_default()
            }
        };
        let first = format!("from itertools import {}", item.text());
        lines.push(Lines::either(vec![first], "ImportError", vec![fallback]));
    }
    let kept = (!kept.is_empty()).then(|| Lines::one(format!("from itertools import {}", kept.join(", "))));
    if !lines.is_empty() {
        guarded(node, kept.into_iter().chain(lines), found);
    }
}

/// Whether `next` means the builtin where a node stands.
fn next_is_builtin(context: &Context<'_>, node: Node<'_>) -> bool {
    let scopes = context.scopes();
    let bound =
        |kind: ScopeKind| scopes.iter().any(|(id, scope)| scope.kind == kind && scopes.lookup(id, "next").is_some());
    let in_class_body = node
        .ancestors()
        .find(|outer| matches!(outer.kind(), "function_definition" | "lambda" | "class_definition"))
        .is_some_and(|outer| outer.kind() == "class_definition");
    let seen = [ScopeKind::Module, ScopeKind::Function, ScopeKind::Lambda, ScopeKind::Comprehension];
    let hidden = seen.into_iter().any(bound) || (in_class_body && bound(ScopeKind::Class));
    !hidden
}

pub(super) fn next_method(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if node.kind() == "function_definition" {
        let both = class_of(node).is_some_and(|class| {
            class.descendants().any(|other| other.kind() == "identifier" && other.text() == "__next__")
        });
        if both {
            return;
        }
        iterators::next_definition(context, node, found);
        if let Some(finding) = found.found.last_mut().filter(|finding| !finding.edits.is_empty()) {
            keep_old_name(node, finding, "__next__");
        }
        return;
    }
    let Some((object, name)) = method_call(node) else { return };
    if name.text() != "next" || !arguments(node).is_empty() {
        return;
    }
    let kept = |kind: &&str| kind.strip_prefix("other:").is_some_and(|class| iterators::keeps_next(context, class));
    if matches!(seen(context, object, ITERATORS), Seen::Never(kinds) if kinds.iter().all(kept)) {
        return;
    }
    let mut pieces = if next_is_builtin(context, node) {
        vec![Piece::New("next(".into()), Piece::Keep(object.span())]
    } else if matches!(object.kind(), "identifier" | "attribute") {
        let text = format!("(getattr({0}, '__next__', None) or {0}.next)(", object.text());
        vec![Piece::New(text)]
    } else {
        return found.refuse(node, "next is no builtin here: give the iterator a name");
    };
    pieces.push(Piece::New(")".into()));
    found.safe(node, vec![Edit::pieces(node.span(), pieces)]);
}

/// The method as a value, under neither of its names.
pub(super) fn next_attribute(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    iterators::next_attribute(context, node, found);
    let (Some(finding), Some(object)) = (found.found.last_mut(), node.field("object")) else { return };
    if finding.edits.is_empty() || !finding.imports.is_empty() || !is_primary(object) {
        return;
    }
    let pieces =
        vec![Piece::New("functools.partial(next, ".into()), Piece::Keep(object.span()), Piece::New(")".into())];
    finding.edits = vec![Edit::pieces(node.span(), pieces)];
    finding.imports.push(Import::Module("functools"));
}
