//! Modules that have moved, and the imports of a file.

use iama_syntax::scopes::ScopeId;
use iama_syntax::{Node, Span};

use super::look::{line_end, rename, statement_lines};
use super::tables::{MODULES, Split, split_of};
use crate::context::Context;
use crate::edit::{Edit, Piece};
use crate::recipe::{Class, Findings, Import, Recipe, Strategy};

pub(super) const RECIPES: [Recipe; 4] = [
    Recipe {
        id: "renamed-modules",
        title: "modules of the library with a new name",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "Python 3 renamed and regrouped modules such as Queue, ConfigParser, StringIO and httplib.",
        before: "import Queue\njobs = Queue.Queue()",
        after: "import queue\njobs = queue.Queue()",
        kinds: &["import_statement", "import_from_statement"],
        visit: renamed_modules,
    },
    Recipe {
        id: "split-modules",
        title: "urllib, urllib2 and urlparse became a package",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "What these modules held is spread over urllib.request, urllib.parse and urllib.error.",
        before: "from urllib import urlencode, urlopen",
        after: "from urllib.request import urlopen\nfrom urllib.parse import urlencode",
        kinds: &["import_statement", "import_from_statement"],
        visit: split_modules,
    },
    Recipe {
        id: "implicit-relative-imports",
        title: "imports of a neighbour name their package",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "Python 3 looks for `import name` only on the path, never beside the file.",
        before: "from helpers import load  # beside helpers.py in a package",
        after: "from .helpers import load  # beside helpers.py in a package",
        kinds: &["import_statement", "import_from_statement"],
        visit: relative_imports,
    },
    Recipe {
        id: "future-imports",
        title: "__future__ imports that are the rule now",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "print_function, division, absolute_import, unicode_literals and the older features are part of Python 3.",
        before: "from __future__ import division, print_function\nhalf = 1 / 2",
        after: "half = 1 / 2",
        kinds: &["future_import_statement"],
        visit: future_imports,
    },
];

/// Removes a statement with its line, or with its semicolon where others share the line.
pub(super) fn remove_statement(statement: Node<'_>) -> Edit {
    let text = statement.tree().text();
    let lines = statement_lines(statement);
    let start = super::look::line_start(statement);
    let before = text[start as usize..statement.start() as usize].trim();
    let after = text[statement.end() as usize..lines.end as usize].trim();
    let needed = statement.parent().is_some_and(|block| {
        // Other imports of the block may go as well, and a block needs a statement.
        block.kind() == "block" && block.named_children().all(|other| other.kind().contains("import"))
    });
    if before.is_empty() && after.is_empty() && !needed {
        return Edit::delete(Span::new(start, lines.end));
    }
    if let Some(next) = after.strip_prefix(';') {
        let rest = text[statement.end() as usize..].find(';').map_or(0, |at| at + 1);
        let blank = text[statement.end() as usize + rest..].len()
            - text[statement.end() as usize + rest..].trim_start_matches([' ', '\t']).len();
        if !next.trim().is_empty() && !next.trim().starts_with('#') {
            let end = statement.end() + u32::try_from(rest + blank).unwrap_or(0);
            return Edit::delete(Span::new(statement.start(), end));
        }
    }
    Edit::replace(statement.span(), "pass")
}

/// The imported things of a statement: the dotted name and, where there is one, the alias.
pub(super) fn items(node: Node<'_>) -> impl Iterator<Item = (Node<'_>, Node<'_>, Option<Node<'_>>)> {
    node.fields("name").filter_map(|item| match item.kind() {
        "aliased_import" => Some((item, item.field("name")?, item.field("alias"))),
        _ => Some((item, item, None)),
    })
}

/// The new name of a module or of the package that it lies in.
pub(super) fn new_module(context: &Context<'_>, name: Node<'_>) -> Option<&'static str> {
    let new = MODULES.iter().find(|(old, _)| *old == name.text()).map(|(_, new)| *new)?;
    // Python 3 has a package of that name too, and a round before this one may have written it.
    let both = name.text() == "dbm";
    (!is_neighbour(context, name.text()) && (!both || (context.certain && !context.is_written(name)))).then_some(new)
}

fn renamed_modules(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if node.kind() == "import_from_statement" {
        let Some(module) = node.field("module_name") else { return };
        if let Some(new) = new_module(context, module) {
            found.safe(node, vec![rename(module, new)]);
            explain_hidden(context, new, found);
        }
        return;
    }
    for (item, name, alias) in items(node) {
        let Some(new) = new_module(context, name) else { continue };
        if alias.is_some() {
            found.safe(item, vec![rename(name, new)]);
        } else {
            found.safe(item, module_edits(context, name, new));
        }
        explain_hidden(context, new, found);
    }
}

/// The new name may lead to a module of the workspace.
fn explain_hidden(context: &Context<'_>, new: &str, found: &mut Findings) {
    if super::shadowed::hides(context, new) {
        found.because(Class::Check, format!("a module of the workspace hides the library's {new}: rename that one"));
    }
}

/// Renames a module and its uses, or keeps the old name as an alias where a rename could hit something else.
fn module_edits(context: &Context<'_>, name: Node<'_>, new: &str) -> Vec<Edit> {
    let root = new.split('.').next().unwrap_or(new);
    let taken = root != name.text() && context.binds_other(root, new);
    let mut edits = vec![rename(name, new)];
    if taken || !context.has_one_definition(name) {
        edits[0] = Edit::replace(name.span(), format!("{new} as {}", name.text()));
        return edits;
    }
    edits.extend(context.references(name).into_iter().map(|used| rename(used, new)));
    edits
}

fn split_modules(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if node.kind() == "import_from_statement" {
        return split_from(context, node, found);
    }
    for (item, name, alias) in items(node) {
        let Some(split) = split_of(name.text()).filter(|_| !is_neighbour(context, name.text())) else { continue };
        let imports: Vec<_> = split.parts.iter().map(|(module, _)| *module).collect();
        let bound = alias.unwrap_or(name);
        let mut edits = vec![Edit::replace(item.span(), imports.join(", "))];
        let mut lost = None;
        for used in context.references(bound) {
            let part = attribute_of(used).and_then(|attribute| split.module_of(attribute.text()));
            edits.push(rename(used, part.unwrap_or(imports[0])));
            if part.is_none() {
                lost = Some(used);
            }
        }
        match lost {
            None => found.safe(item, edits),
            Some(used) => {
                let why = format!(
                    "{} was split; a use in line {} tells no part, so the first is taken",
                    bound.text(),
                    line_of(used)
                );
                found.check(item, why, edits);
            }
        }
    }
}

fn line_of(node: Node<'_>) -> usize {
    node.tree().text()[..node.start() as usize].matches('\n').count() + 1
}

/// The name after the dot, when `node` stands before one.
pub(super) fn attribute_of(node: Node<'_>) -> Option<Node<'_>> {
    let parent = node.parent().filter(|parent| parent.kind() == "attribute" && node.field_name() == "object")?;
    parent.field("attribute")
}

fn split_from(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(module) = node.field("module_name") else { return };
    let Some(split) = split_of(module.text()).filter(|_| !is_neighbour(context, module.text())) else { return };
    if node.child_of_kind("wildcard_import").is_some() {
        let lines = split.parts.iter().map(|(module, _)| format!("from {module} import *"));
        return found.safe(node, vec![Edit::replace(node.span(), join_statements(node, lines))]);
    }
    let mut groups: Vec<(&str, Vec<&str>)> = split.parts.iter().map(|(module, _)| (*module, Vec::new())).collect();
    let mut guessed = false;
    for (item, name, _) in items(node) {
        let target = split.module_of(name.text()).unwrap_or_else(|| {
            guessed = true;
            split.parts.first().map_or("", |(first, _)| first)
        });
        groups.iter_mut().filter(|(module, _)| *module == target).for_each(|(_, names)| names.push(item.text()));
    }
    groups.retain(|(_, names)| !names.is_empty());
    let edit = if let [(only, _)] = groups[..] {
        rename(module, only)
    } else {
        let lines = groups.iter().map(|(module, names)| format!("from {module} import {}", names.join(", ")));
        Edit::replace(node.span(), join_statements(node, lines))
    };
    if guessed {
        let why =
            format!("not every name is known to be in a part of what {} became; the first is taken", module.text());
        found.check(node, why, vec![edit]);
    } else {
        found.safe(node, vec![edit]);
    }
}

pub(super) fn join_statements(node: Node<'_>, lines: impl Iterator<Item = String>) -> String {
    let alone = node.parent().is_some_and(|parent| matches!(parent.kind(), "module" | "block"))
        && super::look::indentation(node).len() == (node.start() - super::look::line_start(node)) as usize;
    let separator = if alone {
        format!("{}{}", line_end(node.tree().text()), super::look::indentation(node))
    } else {
        "; ".to_owned()
    };
    lines.collect::<Vec<_>>().join(&separator)
}

/// Whether a module of this name lies beside the file in the workspace.
pub(super) fn is_neighbour(context: &Context<'_>, module: &str) -> bool {
    context.is_neighbour(module)
}

pub(super) fn in_package(context: &Context<'_>) -> bool {
    let folder = context.path.rfind('/').map_or("", |at| &context.path[..=at]);
    context.project.files.contains(&format!("{folder}__init__.py"))
}

fn relative_imports(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if !in_package(context) || !context.certain || context.has_future("absolute_import") {
        return;
    }
    if node.kind() == "import_from_statement" {
        let Some(module) = node.field("module_name").filter(|module| module.kind() == "dotted_name") else { return };
        if is_neighbour(context, module.text()) && !context.is_written(module) {
            found.safe(node, vec![Edit::insert(module.start(), ".")]);
        }
        return;
    }
    relative_import_statement(context, node, found);
}

fn relative_import_statement(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let all: Vec<_> = items(node).collect();
    // What a recipe wrote is a module of the library.
    let near = |name: Node<'_>| is_neighbour(context, name.text()) && !context.is_written(name);
    if !all.iter().any(|(_, name, _)| near(*name)) {
        return;
    }
    if let Some((_, dotted, alias)) = all.iter().find(|(_, name, _)| near(*name) && name.text().contains('.')) {
        let Some((package, last)) = dotted.text().rsplit_once('.') else { return };
        match (alias, all.len()) {
            (Some(alias), 1) => {
                let text = format!("from .{package} import {last} as {}", alias.text());
                return found.safe(node, vec![Edit::replace(node.span(), text)]);
            }
            _ => return found.refuse(node, "a dotted neighbour is imported by a relative name: name its package"),
        }
    }
    if all.iter().all(|(_, name, _)| near(*name)) {
        let keyword = node.child_of_kind("import").map_or(node.span(), Node::span);
        return found.safe(node, vec![Edit::insert(keyword.start, "from . ")]);
    }
    let group = |near_ones: bool| {
        let chosen = all.iter().filter(|(_, name, _)| near(*name) == near_ones).map(|(item, ..)| item.text());
        chosen.collect::<Vec<_>>().join(", ")
    };
    let lines = [format!("import {}", group(false)), format!("from . import {}", group(true))];
    found.safe(node, vec![Edit::replace(node.span(), join_statements(node, lines.into_iter()))]);
}

/// Features that every Python 3 has.
const OLD_FEATURES: &[&str] = &[
    "absolute_import",
    "division",
    "generators",
    "nested_scopes",
    "print_function",
    "unicode_literals",
    "with_statement",
];

fn future_imports(_: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let names: Vec<_> = node.fields("name").collect();
    let kept: Vec<_> = names.iter().map(|name| name.text()).filter(|name| !OLD_FEATURES.contains(name)).collect();
    if kept.len() == names.len() {
        return;
    }
    if kept.is_empty() {
        return found.safe(node, vec![remove_statement(node)]);
    }
    if let (Some(first), Some(last)) = (names.first(), names.last()) {
        found.safe(node, vec![Edit::replace(Span::new(first.start(), last.end()), kept.join(", "))]);
    }
}

/// Brings missing imports in: after the first run of import statements, else after the docstring.
pub(super) fn add_imports(context: &Context<'_>, imports: &[Import], edits: &[(Edit, u16)]) -> Vec<Edit> {
    let wanted = imports.iter().filter(|import| !is_imported(context, import) && !is_brought(context, import, edits));
    let (stand_ins, wanted) = if context.dual { super::dual::gather(wanted) } else { (None, wanted.collect()) };
    let wanted = wanted.into_iter().filter(|import| !matches!(import, Import::Future(_)));
    let mut missing: Vec<String> = wanted.map(|import| statement(context, import)).collect();
    // Definitions come behind the imports.
    missing.sort_by_key(|text| text.starts_with('\n'));
    missing.extend(stand_ins);
    let futures: Vec<_> = imports.iter().filter_map(|import| missing_future(context, import)).collect();
    let root = context.tree.root();
    let mut edits = Vec::new();
    if !futures.is_empty() {
        edits.push(insertion(root, future_anchor(root), &format!("from __future__ import {}", futures.join(", "))));
    }
    if !missing.is_empty() {
        let after = if context.dual { leading_anchor(root) } else { anchor(root) };
        let edit = insertion(root, after, &missing.join("\n"));
        match edits.first_mut().filter(|first| first.span == edit.span) {
            Some(first) => first.pieces.extend(edit.pieces),
            None => edits.push(edit),
        }
    }
    edits
}

/// Lines behind a statement, or before the first one.
fn insertion(root: Node<'_>, after: Option<Node<'_>>, text: &str) -> Edit {
    let source = root.tree().text();
    let newline = line_end(source);
    let text = if newline == "\n" { text.to_owned() } else { text.replace('\n', newline) };
    let Some(after) = after else {
        let first = root.named_children().next().map_or(root.end(), super::look::line_start);
        return Edit::insert(first, format!("{}{newline}", text.trim_start_matches(['\r', '\n'])));
    };
    let at = statement_lines(after).end;
    let ended = source[..at as usize].ends_with(['\n', '\r']);
    Edit::insert(at, if ended { format!("{text}{newline}") } else { format!("{newline}{text}{newline}") })
}

fn statement(context: &Context<'_>, import: &Import) -> String {
    match import {
        Import::Future(feature) => format!("from __future__ import {feature}"),
        Import::Module(module) => format!("import {module}"),
        Import::Name(module, name) => format!("from {module} import {name}"),
        Import::Helper(name, text) => super::helpers::definition(context, name, text),
    }
}

fn missing_future<'i>(context: &Context<'_>, import: &'i Import) -> Option<&'i str> {
    match import {
        Import::Future(feature) if !context.has_future(feature) => Some(feature),
        _ => None,
    }
}

fn is_imported(context: &Context<'_>, import: &Import) -> bool {
    match import {
        Import::Future(feature) => context.has_future(feature),
        Import::Module(module) => context.imports_module(module),
        Import::Name(module, name) => context.imports_name(module, name),
        Import::Helper(_, text) => {
            context.scopes().lookup(ScopeId::MODULE, &super::helpers::name_of(context, import)).is_some()
                || (context.dual && text.starts_with('\n') && context.tree.text().contains(text.trim()))
        }
    }
}

/// Whether an edit turns the import of another module at the top level into this one.
fn is_brought(context: &Context<'_>, import: &Import, edits: &[(Edit, u16)]) -> bool {
    let Import::Module(module) = import else { return false };
    let renames = |edit: &Edit| matches!(&edit.pieces[..], [Piece::New(new)] if new == module);
    edits.iter().filter(|(edit, _)| renames(edit)).any(|(edit, _)| {
        let mut around = std::iter::successors(Some(context.tree.covering(edit.span)), |node| node.parent());
        let statement = around.find(|node| node.span() != edit.span);
        statement.is_some_and(|node| node.kind() == "import_statement" && node.parent() == Some(context.tree.root()))
    })
}

fn is_import(node: &Node<'_>) -> bool {
    matches!(node.kind(), "import_statement" | "import_from_statement" | "future_import_statement")
}

fn is_docstring(node: &Node<'_>) -> bool {
    node.kind() == "expression_statement" && node.named_child(0).is_some_and(|value| value.kind() == "string")
}

/// The last statement of the first run of imports at the top level, else the docstring.
fn anchor(root: Node<'_>) -> Option<Node<'_>> {
    let statements: Vec<_> = root.named_children().collect();
    if let Some(first) = statements.iter().position(is_import) {
        let run = statements[first..].iter().take_while(|node| is_import(node)).count();
        return Some(statements[first + run - 1]);
    }
    statements.first().copied().filter(is_docstring)
}

/// The last of the imports that a file begins with, else its docstring: nothing has been used before that.
fn leading_anchor(root: Node<'_>) -> Option<Node<'_>> {
    let docstring = root.named_children().next().filter(is_docstring);
    root.named_children().skip(usize::from(docstring.is_some())).take_while(is_import).last().or(docstring)
}

/// The last of the `__future__` imports that a file begins with, else its docstring.
fn future_anchor(root: Node<'_>) -> Option<Node<'_>> {
    let docstring = root.named_children().next().filter(is_docstring);
    let statements = root.named_children().skip(usize::from(docstring.is_some()));
    statements.take_while(|node| node.kind() == "future_import_statement").last().or(docstring)
}

impl Split {
    /// The new module that holds a name.
    pub(super) fn module_of(&self, name: &str) -> Option<&'static str> {
        self.parts.iter().find(|(_, names)| names.contains(&name)).map(|(module, _)| *module)
    }
}
