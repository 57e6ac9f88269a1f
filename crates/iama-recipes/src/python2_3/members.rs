//! Members of modules that have another name or another shape.

use iama_syntax::Node;

use super::look::{call_of, positional, rename};
use super::tables::MEMBERS;
use crate::context::Context;
use crate::edit::{Edit, Piece};
use crate::recipe::{Class, Findings, Import, Recipe, Strategy};

pub(super) const RECIPES: [Recipe; 4] = [
    Recipe {
        id: "renamed-members",
        title: "constants and functions of modules with a new name",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "sys.maxint, os.getcwdu, string.letters, the names in types and others were renamed or are builtins now.",
        before: "import sys\nlimit = sys.maxint",
        after: "import sys\nlimit = sys.maxsize",
        kinds: &["attribute", "import_from_statement"],
        visit: renamed_members,
    },
    Recipe {
        id: "operator-predicates",
        title: "isCallable and its kin of the operator module",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "The type predicates of operator are gone; callable() and the abstract base classes answer them.",
        before: "import operator\nok = operator.isCallable(hook)",
        after: "import operator\nok = callable(hook)",
        kinds: &["attribute"],
        visit: operator_predicates,
    },
    Recipe {
        id: "sys-exc",
        title: "sys.exc_type, exc_value and exc_traceback",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "The attributes are gone; sys.exc_info() gives the same three.",
        before: "import sys\nkind = sys.exc_type",
        after: "import sys\nkind = sys.exc_info()[0]",
        kinds: &["attribute"],
        visit: sys_exc,
    },
    Recipe {
        id: "exitfunc",
        title: "sys.exitfunc becomes atexit.register",
        class: Class::Check,
        strategy: Strategy::Conservative,
        why: "Python 3 never calls sys.exitfunc.",
        before: "import sys\nsys.exitfunc = clean",
        after: "import sys\nimport atexit\natexit.register(clean)",
        kinds: &["assignment"],
        visit: exitfunc,
    },
];

pub(super) fn new_path(path: &str) -> Option<&'static str> {
    MEMBERS.iter().find(|(old, _)| *old == path).map(|(_, new)| *new)
}

/// The builtin that a member of `types` and its kin stands for.
pub(super) fn builtin_for(context: &Context<'_>, node: Node<'_>) -> Option<&'static str> {
    if !matches!(node.kind(), "attribute" | "identifier") {
        return None;
    }
    new_path(context.dotted(node)?).filter(|new| !new.contains(['.', '(']))
}

pub(super) fn renamed_members(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if node.kind() == "import_from_statement" {
        return renamed_imports(context, node, found);
    }
    let Some(path) = context.dotted(node) else { return };
    let Some(new) = new_path(path) else { return };
    let (module, _) = path.split_once('.').unwrap_or((path, ""));
    let Some(name) = node.field("attribute") else { return };
    match new.strip_prefix(module).and_then(|rest| rest.strip_prefix('.')) {
        Some(member) => found.safe(node, vec![rename(name, member)]),
        None => found.safe(node, vec![rename(node, new)]),
    }
}

/// `from types import StringType` has nothing left to import: its uses become the builtin.
fn renamed_imports(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(module) = node.field("module_name") else { return };
    let mut edits = Vec::new();
    let (mut kept, mut assigned) = (Vec::new(), Vec::new());
    let names: Vec<_> = node.fields("name").collect();
    for item in &names {
        let (name, bound) = match item.kind() {
            "aliased_import" => (item.field("name"), item.field("alias")),
            _ => (Some(*item), Some(*item)),
        };
        let (Some(name), Some(bound)) = (name, bound) else { return };
        let Some(new) = new_path(&format!("{}.{}", module.text(), name.text())) else {
            kept.push(item.text().to_owned());
            continue;
        };
        let member = new.strip_prefix(module.text()).and_then(|rest| rest.strip_prefix('.'));
        let replacement = member.unwrap_or(new);
        if member.is_none() && !context.has_one_definition(bound) {
            assigned.push(format!("{} = {replacement}", bound.text()));
            continue;
        }
        if member.is_some() && bound != name {
            kept.push(format!("{replacement} as {}", bound.text()));
            continue;
        }
        if member.is_some() {
            kept.push(replacement.to_owned());
        }
        edits.extend(context.references(bound).into_iter().map(|used| rename(used, replacement)));
    }
    if names.iter().map(|name| name.text()).eq(kept.iter().map(String::as_str)) {
        return;
    }
    if !assigned.is_empty() {
        if !kept.is_empty() {
            assigned.insert(0, format!("from {} import {}", module.text(), kept.join(", ")));
        }
        edits.push(Edit::replace(node.span(), super::modules::join_statements(node, assigned.into_iter())));
    } else if kept.is_empty() {
        edits.push(super::modules::remove_statement(node));
    } else if let (Some(first), Some(last)) = (names.first(), names.last()) {
        edits.push(Edit::replace(iama_syntax::Span::new(first.start(), last.end()), kept.join(", ")));
    }
    found.safe(node, edits);
}

pub(super) fn operator_predicates(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(path) = context.dotted(node) else { return };
    let (base, import) = match path {
        "operator.isCallable" => return operator_callable(node, found),
        "operator.isSequenceType" => ("collections.abc.Sequence", "collections.abc"),
        "operator.isMappingType" => ("collections.abc.Mapping", "collections.abc"),
        "operator.isNumberType" => ("numbers.Number", "numbers"),
        _ => return,
    };
    let Some(call) = call_of(node) else { return };
    let Some(&[value]) = positional(call).as_deref() else { return };
    let pieces = vec![Piece::New("isinstance(".into()), Piece::Keep(value.span()), Piece::New(format!(", {base})"))];
    found.safe_with(call, vec![Edit::pieces(call.span(), pieces)], vec![Import::Module(import)]);
}

fn operator_callable(node: Node<'_>, found: &mut Findings) {
    found.safe(node, vec![rename(node, "callable")]);
}

fn sys_exc(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(path) = context.dotted(node) else { return };
    let rank = match path {
        "sys.exc_type" => 0,
        "sys.exc_value" => 1,
        "sys.exc_traceback" => 2,
        _ => return,
    };
    let Some(name) = node.field("attribute") else { return };
    found.safe(node, vec![Edit::replace(name.span(), format!("exc_info()[{rank}]"))]);
}

fn exitfunc(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let (Some(left), Some(right)) = (node.field("left"), node.field("right")) else { return };
    if left.kind() != "attribute" || context.dotted(left) != Some("sys.exitfunc") {
        return;
    }
    let pieces = vec![Piece::New("atexit.register(".into()), Piece::Keep(right.span()), Piece::New(")".into())];
    let why = "an assignment replaced the hook that was there; register adds one";
    found.check(node, why, vec![Edit::pieces(node.span(), pieces)]);
    if let Some(finding) = found.found.last_mut() {
        finding.imports.push(Import::Module("atexit"));
    }
}
