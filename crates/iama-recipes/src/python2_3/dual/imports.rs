//! Modules that moved: each is imported from wherever it is.
//!
//! Python 2's own name goes first, so that a package of 2.7 that bears the new name changes nothing there. Where Python 3
//! has a module of the old name as well, the new one goes first.

use iama_syntax::Node;

use super::lines::Lines;
use crate::context::Context;
use crate::edit::Edit;
use crate::python2_3::look::rename;
use crate::python2_3::modules::{attribute_of, is_neighbour, items, new_module};
use crate::python2_3::replaced::{compat_place, known, moved_names, moved_uses};
use crate::python2_3::tables::{Gone, MODULES, Split, gone, split_of};
use crate::recipe::Findings;

/// Puts lines where an import stands.
pub(super) fn guarded(node: Node<'_>, lines: impl Iterator<Item = Lines>, found: &mut Findings) {
    let Some(lines) = lines.reduce(Lines::and) else { return };
    match lines.in_place_of(node) {
        Some(edit) => found.safe(node, vec![edit]),
        None => found.refuse(node, "give the import a line of its own, so that it can be tried"),
    }
}

/// Whether Python 3 lacks a module of this name, or has another one.
fn is_old(context: &Context<'_>, name: &str) -> bool {
    MODULES.iter().any(|(old, _)| *old == name)
        || split_of(name).is_some()
        || gone(name).is_some_and(|gone| context.target >= gone.since)
}

/// The names that an import binds.
fn bound_names<'t>(node: Node<'t>) -> Vec<&'t str> {
    if node.child_of_kind("wildcard_import").is_some() {
        return vec!["*"];
    }
    let first = |name: &'t str| name.split('.').next().unwrap_or(name);
    items(node).map(|(_, name, alias)| alias.map_or_else(|| first(name.text()), Node::text)).collect()
}

/// Whether a block gives all these names what Python 3 has for them. An empty value is no more than a way to go on.
fn binds_anew(context: &Context<'_>, block: Node<'_>, names: &[&str]) -> bool {
    let binds = |node: Node<'_>, wanted: &str| match node.kind() {
        "import_from_statement" => {
            let module = node.field("module_name").map_or("", Node::text);
            !is_old(context, module) && bound_names(node).contains(&wanted)
        }
        "import_statement" => items(node)
            .any(|(item, name, alias)| alias.unwrap_or(item).text() == wanted && !is_old(context, name.text())),
        "assignment" => {
            node.field("left").is_some_and(|left| left.text() == wanted)
                && node.field("right").is_some_and(|right| matches!(right.kind(), "identifier" | "attribute"))
        }
        _ => false,
    };
    !names.is_empty() && names.iter().all(|wanted| block.descendants().any(|node| binds(node, wanted)))
}

fn catches_import_error(clause: Node<'_>) -> bool {
    let caught = clause.named_children().find(|child| child.kind() != "block");
    clause.kind() == "except_clause"
        && caught.is_none_or(|caught| ["ImportError", "Exception"].iter().any(|name| caught.text().contains(name)))
}

/// Whether an import is one of two that try for the same name, so that one of them works wherever the code runs.
pub(super) fn is_guarded(context: &Context<'_>, node: Node<'_>) -> bool {
    let names = bound_names(node);
    node.ancestors().filter(|outer| outer.kind() == "try_statement").any(|attempt| {
        let Some(body) = attempt.field("body") else { return false };
        let mut clauses = attempt.named_children().filter(|clause| catches_import_error(*clause));
        if body.span().contains(node.span()) {
            clauses.any(|clause| binds_anew(context, clause, &names))
        } else {
            clauses.any(|clause| clause.span().contains(node.span())) && binds_anew(context, body, &names)
        }
    })
}

/// The names of a `from` import, as they stand.
fn listed(node: Node<'_>) -> String {
    let names: Vec<_> = items(node).map(|(item, ..)| item.text()).collect();
    if names.is_empty() { "*".to_owned() } else { names.join(", ") }
}

pub(super) fn renamed_modules(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if is_guarded(context, node) {
        return;
    }
    if let Some(module) = node.field("module_name") {
        let Some(new) = new_module(context, module) else { return };
        let (old, names) = (module.text(), listed(node));
        let pair = [format!("from {old} import {names}"), format!("from {new} import {names}")];
        return guarded(node, std::iter::once(in_order(pair, old == "dbm")), found);
    }
    let (mut kept, mut lines) = (Vec::new(), Vec::new());
    for (item, name, alias) in items(node) {
        let Some(new) = new_module(context, name) else {
            kept.push(item.text());
            continue;
        };
        let bound = alias.unwrap_or(name).text();
        let renamed = if bound == new { format!("import {new}") } else { format!("import {new} as {bound}") };
        lines.push(in_order([format!("import {}", item.text()), renamed], name.text() == "dbm"));
    }
    if !lines.is_empty() {
        let kept = (!kept.is_empty()).then(|| Lines::one(format!("import {}", kept.join(", "))));
        guarded(node, kept.into_iter().chain(lines), found);
    }
}

/// Python 2's import and Python 3's, as two attempts.
fn in_order([old, new]: [String; 2], new_first: bool) -> Lines {
    let (first, second) = if new_first { (new, old) } else { (old, new) };
    Lines::either(vec![first], "ImportError", vec![second])
}

pub(super) fn split_modules(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if is_guarded(context, node) {
        return;
    }
    if let Some(module) = node.field("module_name") {
        let Some(split) = split_of(module.text()).filter(|_| !is_neighbour(context, module.text())) else { return };
        return split_from(split, node, found);
    }
    let (mut kept, mut lines, mut edits, mut lost) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (item, name, alias) in items(node) {
        match split_of(name.text()).filter(|_| !is_neighbour(context, name.text())) {
            Some(split) => {
                let uses = Uses::of(context, split, alias.unwrap_or(name));
                lines.extend(uses.lines(item.text()));
                edits.extend(uses.edits);
                lost.extend(uses.lost);
            }
            None => kept.push(item.text()),
        }
    }
    if lines.is_empty() {
        return;
    }
    let kept = (!kept.is_empty()).then(|| Lines::one(format!("import {}", kept.join(", "))));
    guarded(node, kept.into_iter().chain(lines), found);
    if let Some(finding) = found.found.last_mut().filter(|finding| !finding.edits.is_empty()) {
        finding.edits.extend(edits);
    }
    for used in lost {
        found.refuse(used, format!("{} was split, and this use does not tell which part is meant", used.text()));
    }
}

/// How a file uses a module that was split.
struct Uses<'t> {
    split: &'static Split,
    bound: String,
    /// The new modules, and what each is called here.
    parts: Vec<(&'static str, String)>,
    edits: Vec<Edit>,
    lost: Vec<Node<'t>>,
}

impl<'t> Uses<'t> {
    fn of(context: &Context<'t>, split: &'static Split, bound: Node<'_>) -> Self {
        let mut uses =
            Self { split, bound: bound.text().to_owned(), parts: Vec::new(), edits: Vec::new(), lost: Vec::new() };
        let mut led = Vec::new();
        for used in context.references(bound) {
            match attribute_of(used).and_then(|name| split.module_of(name.text())) {
                // urllib.request has the errors, too.
                Some("urllib.error") if split.name == "urllib2" => led.push((used, "urllib.request")),
                Some(module) => led.push((used, module)),
                None => uses.lost.push(used),
            }
        }
        for (module, _) in split.parts.iter().filter(|(module, _)| led.iter().any(|(_, used)| used == module)) {
            uses.parts.push((*module, String::new()));
        }
        let alone = uses.parts.len() == 1 && uses.lost.is_empty();
        for (module, name) in &mut uses.parts {
            let last = module.rsplit('.').next().unwrap_or(module);
            *name = if alone { bound.text().to_owned() } else { format!("{}_{last}", bound.text()) };
            while !alone && context.binds_anywhere(name) {
                name.push('_');
            }
        }
        for (used, module) in led.into_iter().filter(|_| !alone) {
            let name = uses.parts.iter().find(|(part, _)| *part == module).map_or("", |(_, name)| name);
            uses.edits.push(rename(used, name));
        }
        uses
    }

    fn lines(&self, item: &str) -> Vec<Lines> {
        let new_first = self.split.name == "urllib";
        let import = |module: &str, name: &str| {
            if module == name { format!("import {module}") } else { format!("import {module} as {name}") }
        };
        let mut lines = Vec::new();
        if self.parts.is_empty() || !self.lost.is_empty() {
            if new_first {
                let modules: Vec<_> = self.split.parts.iter().map(|(module, _)| *module).collect();
                lines.push(Lines::one(format!("import {item}")));
                let all = format!("import {}", modules.join(", "));
                lines.push(Lines::either(vec![all], "ImportError", vec!["pass".to_owned()]));
            } else {
                let new = import(self.split.parts[0].0, &self.bound);
                lines.push(in_order([format!("import {item}"), new], false));
            }
        }
        if !self.parts.is_empty() {
            let new = self.parts.iter().map(|(module, name)| import(module, name)).collect();
            let old = self.parts.iter().map(|(_, name)| import(self.split.name, name)).collect();
            let (first, second) = if new_first { (new, old) } else { (old, new) };
            lines.push(Lines::either(first, "ImportError", second));
        }
        lines
    }
}

fn split_from(split: &Split, node: Node<'_>, found: &mut Findings) {
    let old = format!("from {} import {}", split.name, listed(node));
    if node.child_of_kind("wildcard_import").is_some() {
        let new = split.parts.iter().map(|(module, _)| format!("from {module} import *")).collect();
        return guarded(node, std::iter::once(Lines::either(new, "ImportError", vec![old])), found);
    }
    let mut groups: Vec<(&str, Vec<&str>)> = split.parts.iter().map(|(module, _)| (*module, Vec::new())).collect();
    for (item, name, _) in items(node) {
        let Some(target) = split.module_of(name.text()) else {
            return found.refuse(item, format!("{} is in no part of what {} became", name.text(), split.name));
        };
        groups.iter_mut().filter(|(module, _)| *module == target).for_each(|(_, names)| names.push(item.text()));
    }
    groups.retain(|(_, names)| !names.is_empty());
    let new = groups.iter().map(|(module, names)| format!("from {module} import {}", names.join(", "))).collect();
    guarded(node, std::iter::once(Lines::either(vec![old], "ImportError", new)), found);
}

/// Paths that 2.7 does not have.
const NEW_PATHS: &[&str] = &["collections.UserDict", "shlex.quote", "importlib.reload"];

pub(super) fn removed_modules(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if is_guarded(context, node) {
        return;
    }
    if let Some(module) = node.field("module_name") {
        let Some(gone) = known(context, module) else { return };
        return removed_from(context, gone, node, found);
    }
    for (item, name, alias) in items(node) {
        let Some(gone) = known(context, name) else { continue };
        let bound = alias.unwrap_or(name);
        let uses: Vec<_> = context.references(bound).into_iter().filter_map(attribute_of).map(Node::text).collect();
        let edits = moved_uses(context, gone, item, bound);
        if let Some(edits) = edits.filter(|_| runs_on_both(gone, uses.iter().copied())) {
            found.check(item, gone.why, edits);
        } else if node.fields("name").count() > 1 {
            found.refuse(item, "import it in a statement of its own, so that it can be replaced");
        } else if let Some(module) = sole_heir(gone, uses.iter().copied()).filter(|_| !uses.is_empty()) {
            either_module(gone, node, &format!("import {module} as {}", bound.text()), None, found);
        } else if let Some(text) = gone.compat {
            let (path, package) = compat_place(context, gone.name);
            let from = if package.is_empty() { String::new() } else { format!("from {package} ") };
            let new = format!("{from}import _py2_{} as {}", gone.name, bound.text());
            either_module(gone, node, &new, Some((path, text)), found);
        } else {
            found.refuse(item, gone.why);
        }
    }
}

fn runs_on_both<'n>(gone: &Gone, mut members: impl Iterator<Item = &'n str>) -> bool {
    members.all(|member| gone.path_of(member).is_some_and(|path| !NEW_PATHS.contains(&path.as_str())))
}

/// The one module that has all these members under their own names.
fn sole_heir<'n>(gone: &Gone, members: impl Iterator<Item = &'n str>) -> Option<String> {
    let mut heir = None;
    for member in members {
        let path = gone.path_of(member)?;
        let (module, name) = path.rsplit_once('.').filter(|(_, name)| *name == member)?;
        let _ = name;
        if *heir.get_or_insert_with(|| module.to_owned()) != module {
            return None;
        }
    }
    heir
}

fn either_module(gone: &Gone, node: Node<'_>, new: &str, file: Option<(String, &'static str)>, found: &mut Findings) {
    let old = match node.field("module_name") {
        Some(module) => format!("from {} import {}", module.text(), listed(node)),
        None => node.text().to_owned(),
    };
    match Lines::either(vec![old], "ImportError", vec![new.to_owned()]).in_place_of(node) {
        Some(edit) => {
            found.check(node, gone.why, vec![edit]);
            if let Some((path, text)) = file {
                found.add_file(path, text);
            }
        }
        None => found.refuse(node, "give the import a line of its own, so that it can be tried"),
    }
}

fn removed_from(context: &Context<'_>, gone: &Gone, node: Node<'_>, found: &mut Findings) {
    let names: Vec<_> = items(node).map(|(_, name, _)| name.text()).collect();
    let edits = moved_names(context, gone, node).filter(|_| runs_on_both(gone, names.iter().copied()));
    if let Some(edits) = edits {
        return found.check(node, gone.why, edits);
    }
    if let Some(module) = sole_heir(gone, names.iter().copied()) {
        return either_module(gone, node, &format!("from {module} import {}", listed(node)), None, found);
    }
    let Some(text) = gone.compat else { return found.refuse(node, gone.why) };
    let (path, package) = compat_place(context, gone.name);
    let dot = if package.is_empty() || package.ends_with('.') { "" } else { "." };
    let new = format!("from {package}{dot}_py2_{} import {}", gone.name, listed(node));
    either_module(gone, node, &new, Some((path, text)), found);
}
