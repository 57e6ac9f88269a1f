//! Members of modules that are gone: another member, an expression or a small function stands in, or a person must.

use std::borrow::Cow;
use std::sync::LazyLock;

use iama_syntax::{Node, Span};
use rustc_hash::FxHashSet;

use super::helpers::name_of;
use super::look::{call_of, positional, rename};
use super::modules::{is_neighbour, items, join_statements, remove_statement};
use super::tables::MODULES;
use super::tables_removed::{Instead, REMOVED, Removed};
use crate::context::Context;
use crate::edit::Edit;
use crate::recipe::{Class, Findings, Import, Recipe, Strategy};

pub(super) const RECIPES: [Recipe; 3] = [
    Recipe {
        id: "removed-members",
        title: "functions and constants of modules that are gone",
        class: Class::Check,
        strategy: Strategy::Conservative,
        why: "os.tmpfile, contextlib.nested, fractions.gcd, cgi.parse_qs, locale.format and others were removed on the way \
              to the target version.",
        before: "import fractions\nstep = fractions.gcd(a, b)",
        after: "import fractions\nimport math\nstep = math.gcd(a, b)",
        kinds: &["attribute", "import_from_statement"],
        visit: removed_members,
    },
    Recipe {
        id: "removed-calls",
        title: "calls for their effect that have none any more",
        class: Class::Check,
        strategy: Strategy::Conservative,
        why: "sys.exc_clear, sys.setcheckinterval and os.stat_float_times are gone with what they controlled.",
        before: "import sys\nsys.exc_clear()",
        after: "import sys\npass",
        kinds: &["expression_statement"],
        visit: removed_call,
    },
    Recipe {
        id: "nested-managers",
        title: "with contextlib.nested(…)",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "contextlib.nested is gone; the with statement takes several managers itself.",
        before: "import contextlib\nwith contextlib.nested(one(), two()) as (a, b): pass",
        after: "import contextlib\nwith one() as a, two() as b: pass",
        kinds: &["with_item"],
        visit: nested_managers,
    },
];

/// The last parts of the paths of the table.
static MEMBERS: LazyLock<FxHashSet<&str>> =
    LazyLock::new(|| REMOVED.iter().filter_map(|removed| removed.path.rsplit('.').next()).collect());

/// The entry for a path, whether its module has its old name or its new one.
pub(super) fn entry(context: &Context<'_>, path: &str) -> Option<&'static Removed> {
    let (module, member) = path.rsplit_once('.')?;
    let module = MODULES.iter().find(|(old, _)| *old == module).map_or(module, |(_, new)| *new);
    let found = |removed: &&Removed| removed.path.rsplit_once('.') == Some((module, member));
    REMOVED.iter().find(found).filter(|removed| context.target >= removed.since)
}

/// The import that a path without a call or an operator needs.
fn import_of(path: &'static str) -> Option<Import> {
    path.rsplit_once('.').map(|(module, _)| Import::Module(module))
}

pub(super) fn removed_members(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if node.kind() == "import_from_statement" {
        return removed_imports(context, node, found);
    }
    let Some(member) = node.field("attribute") else { return };
    if !MEMBERS.contains(member.text()) {
        return;
    }
    let Some(path) = context.dotted(node) else { return };
    let root = path.split('.').next().unwrap_or("");
    let Some(removed) = entry(context, path).filter(|_| !is_neighbour(context, root)) else { return };
    if !is_missed(context, node, removed.since) {
        return;
    }
    // A call of getargspec has a recipe of its own.
    let elsewhere = matches!(
        path,
        "inspect.getargspec" | "operator.isMappingType" | "operator.isSequenceType" | "operator.isNumberType"
    );
    if is_assigned(node) || path == "operator.isCallable" || (elsewhere && call_of(node).is_some()) {
        return;
    }
    if let Instead::Member(new) = removed.instead
        && let (Some((home, name)), Some((old_home, _))) = (new.rsplit_once('.'), removed.path.rsplit_once('.'))
        && home == old_home
    {
        return add(found, member, removed, vec![rename(member, name)], Vec::new());
    }
    match stand_in(context, removed) {
        Ok((text, imports)) => add(found, node, removed, vec![rename(node, &text)], imports),
        Err(why) => found.refuse(node, why),
    }
}

/// Whether the file gives the member a value of its own, as code for several versions does.
pub(super) fn is_assigned(node: Node<'_>) -> bool {
    node.field_name() == "left" && node.parent().is_some_and(|parent| parent.kind() == "assignment")
}

/// What stands in for a member, and what that needs; a reason when there is nothing.
pub(super) fn stand_in(context: &Context<'_>, removed: &Removed) -> Result<(Cow<'static, str>, Vec<Import>), String> {
    let module_free = |path: &'static str| {
        let module = path.rsplit_once('.').map_or("", |(module, _)| module);
        let root = module.split('.').next().unwrap_or("");
        root.is_empty() || !context.binds_other(root, module) || context.imports_module(module)
    };
    match removed.instead {
        Instead::Member(path) if module_free(path) => Ok((Cow::Borrowed(path), import_of(path).into_iter().collect())),
        Instead::Member(path) => Err(format!("{} is {path} now, and the module's name is taken here", removed.path)),
        Instead::Value(text, modules) => {
            Ok((Cow::Borrowed(text), modules.iter().map(|module| Import::Module(module)).collect()))
        }
        Instead::Helper(name, text, modules) => {
            let helper = Import::Helper(name, text);
            let modules = modules.iter().map(|module| Import::Module(module));
            Ok((name_of(context, &helper), modules.chain([helper.clone()]).collect()))
        }
        Instead::Nothing => Err(removed.why.to_owned()),
    }
}

/// The first version of Python 3 that much code was written for as well as for Python 2.
const BOTH: (u8, u8) = (3, 3);

/// Whether the code needs what is gone: code for both languages, too, where it was there and nobody asks for it.
pub(super) fn is_missed(context: &Context<'_>, node: Node<'_>, since: (u8, u8)) -> bool {
    context.certain || (since > BOTH && !super::evidence::is_guarded(node))
}

fn add(found: &mut Findings, node: Node<'_>, removed: &Removed, edits: Vec<Edit>, imports: Vec<Import>) {
    if removed.why.is_empty() {
        found.safe_with(node, edits, imports);
    } else {
        found.check_with(node, removed.why, edits, imports);
    }
}

/// `from os import tmpfile, sep` keeps sep; uses of tmpfile become what stands in.
fn removed_imports(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(module) = node.field("module_name").filter(|_| context.certain) else { return };
    if is_neighbour(context, module.text()) {
        return;
    }
    let names: Vec<_> = items(node).collect();
    let known: Vec<_> =
        names.iter().map(|(_, name, _)| entry(context, &format!("{}.{}", module.text(), name.text()))).collect();
    if known.iter().all(Option::is_none) {
        return;
    }
    let (mut edits, mut imports, mut kept, mut lines) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut safe = true;
    for ((item, name, alias), removed) in names.iter().zip(&known) {
        let bound = alias.unwrap_or(*name);
        let Some(removed) = removed else {
            kept.push(item.text());
            continue;
        };
        safe &= removed.why.is_empty();
        if let Instead::Member(path) = removed.instead
            && let Some((home, member)) = path.rsplit_once('.')
        {
            let text = if member == bound.text() { member.to_owned() } else { format!("{member} as {}", bound.text()) };
            lines.push(format!("from {home} import {text}"));
            continue;
        }
        match stand_in(context, removed) {
            Ok((text, needed)) if context.has_one_definition(bound) => {
                edits.extend(context.references(bound).into_iter().map(|used| rename(used, &text)));
                imports.extend(needed);
            }
            Ok((text, _)) => return found.refuse(*item, format!("{} is {text} now", removed.path)),
            Err(why) => return found.refuse(*item, why),
        }
    }
    if !kept.is_empty() {
        lines.insert(0, format!("from {} import {}", module.text(), kept.join(", ")));
    }
    edits.push(if lines.is_empty() {
        remove_statement(node)
    } else {
        Edit::replace(node.span(), join_statements(node, lines.into_iter()))
    });
    let reasons = known.iter().flatten().map(|removed| removed.why).find(|why| !why.is_empty());
    match reasons {
        Some(why) if !safe => found.check_with(node, why, edits, imports),
        _ => found.safe_with(node, edits, imports),
    }
}

/// Calls that a statement makes for an effect that Python 3 has no more.
const EFFECTS: &[(&str, (u8, u8), &str)] = &[
    ("sys.exc_clear", (3, 0), "Python 3 forgets an exception by itself where its clause ends"),
    ("sys.setcheckinterval", (3, 9), "threads are switched by time now: sys.setswitchinterval sets it"),
    ("os.stat_float_times", (3, 7), "times are always floats now"),
];

pub(super) fn removed_call(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(function) = node.named_child(0).and_then(|call| call.field("function")) else { return };
    if function.kind() != "attribute" {
        return;
    }
    let Some(path) = context.dotted(function) else { return };
    let effect = EFFECTS.iter().find(|(name, since, _)| *name == path && context.target >= *since);
    if let Some((_, _, why)) = effect {
        found.check(node, *why, vec![Edit::replace(node.span(), "pass")]);
    }
}

fn nested_managers(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(value) = node.field("value").or_else(|| node.named_child(0)) else { return };
    let (call, target) = match value.kind() {
        "as_pattern" => (value.named_child(0), value.field("alias")),
        _ => (Some(value), None),
    };
    let Some(call) = call.filter(|call| call.kind() == "call") else { return };
    let Some(function) = call.field("function") else { return };
    if context.dotted(function) != Some("contextlib.nested") || call_of(function).is_none() {
        return;
    }
    let Some(managers) = positional(call).filter(|managers| !managers.is_empty()) else { return };
    let names: Vec<Node<'_>> = match target {
        None => Vec::new(),
        Some(target) => {
            let inner = target.named_child(0).unwrap_or(target);
            if !matches!(inner.kind(), "tuple" | "tuple_pattern" | "list" | "list_pattern") {
                return;
            }
            inner.named_children().collect()
        }
    };
    if target.is_some() && names.len() != managers.len() {
        return;
    }
    let mut pieces = Vec::new();
    for (rank, manager) in managers.iter().enumerate() {
        if rank > 0 {
            pieces.push(crate::edit::Piece::New(", ".into()));
        }
        pieces.push(crate::edit::Piece::Keep(manager.span()));
        if let Some(name) = names.get(rank) {
            pieces.push(crate::edit::Piece::New(format!(" as {}", name.text())));
        }
    }
    found.safe(node, vec![Edit::pieces(Span::new(value.start(), value.end()), pieces)]);
}
