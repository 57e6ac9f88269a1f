//! Modules that are gone: their members live elsewhere, or a small module of our own is brought along.

use std::collections::BTreeSet;

use iama_syntax::Node;

use super::look::rename;
use super::modules::{is_neighbour, items, join_statements, remove_statement};
use super::tables::{Gone, gone};
use crate::context::Context;
use crate::edit::Edit;
use crate::recipe::{Class, Findings, Recipe, Strategy};

pub(super) const RECIPES: [Recipe; 1] = [Recipe {
    id: "removed-modules",
    title: "modules that are gone from the library",
    class: Class::Check,
    strategy: Strategy::Conservative,
    why: "md5, sets, new, exceptions, rfc822, sgmllib and others are gone; their members moved, became builtins, or come \
          along as a small module of the same interface.",
    before: "import md5\ndigest = md5.new(data)",
    after: "import hashlib\ndigest = hashlib.md5(data)",
    kinds: &["import_statement", "import_from_statement"],
    visit: removed_modules,
}];

pub(super) fn removed_modules(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if node.kind() == "import_from_statement" {
        return from_import(context, node, found);
    }
    for (item, name, alias) in items(node) {
        let Some(gone) = known(context, name) else { continue };
        if let Some(edits) = moved_uses(context, gone, item, alias.unwrap_or(name)) {
            found.check(item, gone.why, edits);
        } else if let Some(text) = gone.compat {
            let (path, module) = compat_place(context, gone.name);
            let bound = alias.unwrap_or(name).text();
            let rest: Vec<_> =
                items(node).filter(|(other, ..)| *other != item).map(|(other, ..)| other.text()).collect();
            let new = format!("_py2_{} as {bound}", gone.name);
            let edit = match (&module[..], &rest[..]) {
                ("", _) => Edit::replace(item.span(), new),
                (package, []) => Edit::replace(node.span(), format!("from {package} import {new}")),
                (package, rest) => {
                    let lines = [format!("import {}", rest.join(", ")), format!("from {package} import {new}")];
                    Edit::replace(node.span(), join_statements(node, lines.into_iter()))
                }
            };
            found.check(item, gone.why, vec![edit]);
            found.add_file(path, text);
        } else {
            found.refuse(item, gone.why);
        }
    }
}

pub(super) fn known(context: &Context<'_>, name: Node<'_>) -> Option<&'static Gone> {
    gone(name.text()).filter(|gone| context.target >= gone.since && !is_neighbour(context, name.text()))
}

/// The edits that lead every use of a module to where its members are now; nothing when a use can't be led.
pub(super) fn moved_uses(context: &Context<'_>, gone: &Gone, item: Node<'_>, bound: Node<'_>) -> Option<Vec<Edit>> {
    if !context.has_one_definition(bound) {
        return None;
    }
    let mut modules = BTreeSet::new();
    let mut edits = Vec::new();
    for used in context.references(bound) {
        let attribute = used.parent().filter(|parent| parent.kind() == "attribute" && used.field_name() == "object")?;
        let path = gone.path_of(attribute.field("attribute")?.text())?;
        if let Some((module, _)) = path.rsplit_once('.') {
            if context.binds_other(module.split('.').next().unwrap_or(module), module) {
                return None;
            }
            modules.insert(module.to_owned());
        }
        edits.push(rename(attribute, &path));
    }
    // Nothing is lost with a module that nothing uses, but for what others take from a package.
    if edits.is_empty() && (context.path.ends_with("__init__.py") || gone.since > (3, 0)) {
        return None;
    }
    if modules.is_empty() {
        let statement = item.parent()?;
        let others: Vec<_> = statement.fields("name").filter(|other| *other != item).map(Node::text).collect();
        if others.is_empty() {
            edits.push(remove_statement(statement));
        } else {
            edits.push(Edit::replace(statement.span(), format!("import {}", others.join(", "))));
        }
    } else {
        edits.push(Edit::replace(item.span(), modules.into_iter().collect::<Vec<_>>().join(", ")));
    }
    Some(edits)
}

fn from_import(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(module) = node.field("module_name") else { return };
    let Some(gone) = known(context, module) else { return };
    if let Some(edits) = moved_names(context, gone, node) {
        return found.check(node, gone.why, edits);
    }
    let Some(text) = gone.compat else { return found.refuse(node, gone.why) };
    let (path, package) = compat_place(context, gone.name);
    let dot = if package.is_empty() || package.ends_with('.') { "" } else { "." };
    found.check(node, gone.why, vec![rename(module, &format!("{package}{dot}_py2_{}", gone.name))]);
    found.add_file(path, text);
}

pub(super) fn moved_names(context: &Context<'_>, gone: &Gone, node: Node<'_>) -> Option<Vec<Edit>> {
    let mut lines = Vec::new();
    let mut edits = Vec::new();
    for (_, name, alias) in items(node) {
        let path = gone.path_of(name.text())?;
        let bound = alias.unwrap_or(name);
        match path.rsplit_once('.') {
            Some((module, member)) if member == bound.text() => lines.push(format!("from {module} import {member}")),
            Some((module, member)) => lines.push(format!("from {module} import {member} as {}", bound.text())),
            None if context.has_one_definition(bound) => {
                edits.extend(context.references(bound).into_iter().map(|used| rename(used, &path)));
            }
            None if path != bound.text() => lines.push(format!("{} = {path}", bound.text())),
            None => {}
        }
    }
    if lines.is_empty() && edits.is_empty() && items(node).next().is_none() {
        return None;
    }
    edits.push(if lines.is_empty() {
        remove_statement(node)
    } else {
        Edit::replace(node.span(), join_statements(node, lines.into_iter()))
    });
    Some(edits)
}

/// Where a module of our own goes, and the package to import it from: the outermost package around the file, else beside it.
pub(super) fn compat_place(context: &Context<'_>, name: &str) -> (String, String) {
    let mut folder = context.path.rfind('/').map_or("", |at| &context.path[..at]);
    let is_package = |folder: &str| context.project.files.contains(&format!("{folder}/__init__.py"));
    let join = |folder: &str| match folder {
        "" => format!("_py2_{name}.py"),
        folder => format!("{folder}/_py2_{name}.py"),
    };
    if folder.is_empty() || !is_package(folder) {
        return (join(folder), String::new());
    }
    let mut dots = String::from(".");
    while let Some((outer, _)) = folder.rsplit_once('/').filter(|(outer, _)| is_package(outer)) {
        folder = outer;
        dots.push('.');
    }
    (join(folder), dots)
}

impl Gone {
    pub(super) fn path_of(&self, member: &str) -> Option<String> {
        let exact = self.members.iter().find(|(old, _)| *old == member).map(|(_, new)| (*new).to_owned());
        exact.or_else(|| {
            self.rest.map(|module| if module.is_empty() { member.to_owned() } else { format!("{module}.{member}") })
        })
    }
}
