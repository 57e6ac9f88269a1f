//! What a package says of itself: `setup.py`, `setup.cfg`, `tox.ini` and lists of requirements.

use iama_syntax::{Node, Span};

use super::dependencies::{Heir, NEVER, heir_of};
use crate::context::Context;
use crate::edit::Edit;
use crate::recipe::{Class, Findings, Recipe, Strategy};

const WHY_PACKAGE: &str = "what the package promises to its users is for its authors to say";

pub(super) const RECIPES: [Recipe; 5] = [
    Recipe {
        id: "python2-classifiers",
        title: "classifiers that name Python 2",
        class: Class::Check,
        strategy: Strategy::Standard,
        why: "The migrated package runs on Python 3 only.",
        before: "classifiers =\n    Programming Language :: Python :: 2\n    Programming Language :: Python :: 2.7",
        after: "classifiers =\n    Programming Language :: Python :: 3",
        kinds: &["setup.cfg", "string"],
        visit: classifiers,
    },
    Recipe {
        id: "python-requires",
        title: "python_requires that lets Python 2 in",
        class: Class::Check,
        strategy: Strategy::Standard,
        why: "An installer must not choose the migrated package for Python 2.",
        before: "[options]\npython_requires = >=2.6",
        after: "[options]\npython_requires = >=3.11",
        kinds: &["setup.cfg", "keyword_argument"],
        visit: python_requires,
    },
    Recipe {
        id: "use-2to3",
        title: "use_2to3",
        class: Class::Check,
        strategy: Strategy::Conservative,
        why: "The code is migrated, and setuptools refuses the option since version 58.",
        before: "[build]\nuse_2to3 = True\ncompile = 1",
        after: "[build]\ncompile = 1",
        kinds: &["setup.cfg", "keyword_argument"],
        visit: use_2to3,
    },
    Recipe {
        id: "tox-environments",
        title: "environments of tox for Python 2",
        class: Class::Check,
        strategy: Strategy::Standard,
        why: "The migrated package is tested on Python 3.",
        before: "[tox]\nenvlist = py26,py27",
        after: "[tox]\nenvlist = py311",
        kinds: &["tox.ini"],
        visit: tox_environments,
    },
    Recipe {
        id: "python2-requirements",
        title: "requirements that are only for Python 2",
        class: Class::Check,
        strategy: Strategy::Conservative,
        why: "Backports of what Python 3 has go, packages with an heir change their name, and those that never came to Python 3 \
              need a person.",
        before: "futures>=2.0\nPIL==1.1.7\nrequests",
        after: "Pillow\nrequests",
        kinds: &["requirements.txt", "setup.cfg", "tox.ini", "string"],
        visit: requirements,
    },
];

/// The kind of a file that is no Python.
pub(super) fn kind_of(path: &str) -> Option<&'static str> {
    let mut parts = path.rsplit('/');
    let (name, folder) = (parts.next().unwrap_or(path), parts.next().unwrap_or(""));
    let listed = name.ends_with(".txt") && (name.contains("requirements") || folder == "requirements");
    match name {
        "setup.cfg" => Some("setup.cfg"),
        "tox.ini" => Some("tox.ini"),
        _ if listed => Some("requirements.txt"),
        _ if super::doctests::is_text_of_tests(path) => Some("doctest.txt"),
        _ => None,
    }
}

/// Whether the file tells setuptools or distutils about the package.
fn is_setup(context: &Context<'_>) -> bool {
    context.path == "setup.py" || context.path.ends_with("/setup.py")
}

/// A line of a text: where it begins and ends, its line end left out, and its text.
struct Line<'t> {
    span: Span,
    /// The span with the line end.
    whole: Span,
    text: &'t str,
}

fn offset(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    text.split_inclusive('\n').scan(0usize, |at, whole| {
        let start = *at;
        *at += whole.len();
        let text = whole.trim_end_matches(['\n', '\r']);
        let (from, to) = (offset(start), offset(start + text.len()));
        Some(Line { span: Span::new(from, to), whole: Span::new(from, offset(*at)), text })
    })
}

const OLD: &str = "Programming Language :: Python :: 2";
const NEW: &str = "Programming Language :: Python :: 3";

fn classifiers(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if !context.certain {
        return;
    }
    if node.kind() == "string" {
        return classifier(context, node, found);
    }
    let text = node.tree().text();
    let mut has_new = text.contains(NEW);
    for line in lines(text).filter(|line| line.text.trim().starts_with(OLD)) {
        let indent = offset(line.text.len() - line.text.trim_start().len());
        let edit = if has_new {
            Edit::delete(line.whole)
        } else {
            Edit::replace(Span::new(line.span.start + indent, line.span.end), NEW)
        };
        has_new = true;
        found.check_at(line.span, WHY_PACKAGE, vec![edit]);
    }
}

/// A classifier in a list of a setup.py.
fn classifier(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let content = node.text().trim_matches(['"', '\'']);
    let Some(list) = node.parent().filter(|list| matches!(list.kind(), "list" | "tuple") && is_setup(context)) else {
        return;
    };
    if !content.starts_with(OLD) {
        return;
    }
    let items: Vec<_> = list.named_children().collect();
    let old = |item: &&Node<'_>| item.text().trim_matches(['"', '\'']).starts_with(OLD);
    let has_new = items.iter().any(|item| item.text().contains(NEW)) || items.iter().find(old) != Some(&node);
    let edit =
        if has_new { without(&items, node) } else { Edit::replace(node.span(), node.text().replace(content, NEW)) };
    found.check(node, WHY_PACKAGE, vec![edit]);
}

/// Takes an item out of a list with the comma and the space behind it.
fn without(items: &[Node<'_>], item: Node<'_>) -> Edit {
    let rank = items.iter().position(|other| *other == item).unwrap_or(0);
    match (items.get(rank + 1), rank.checked_sub(1).and_then(|before| items.get(before))) {
        (Some(next), _) => Edit::delete(Span::new(item.start(), next.start())),
        (None, Some(before)) => Edit::delete(Span::new(before.end(), item.end())),
        (None, None) => Edit::delete(item.span()),
    }
}

/// The key and the value of a line `key = value`, and where the value begins.
fn setting<'t>(line: &Line<'t>) -> Option<(&'t str, &'t str, u32)> {
    let (key, value) = line.text.split_once('=')?;
    let at = offset(line.text.len() - value.trim_start().len());
    let plain = !line.text.starts_with(char::is_whitespace) && !line.text.starts_with('#');
    plain.then_some((key.trim(), value.trim(), line.span.start + at))
}

/// Whether a specification of versions lets Python 2 in.
fn admits_2(specification: &str) -> bool {
    let text: String = specification.chars().filter(|c| !c.is_whitespace()).collect();
    [">=2", ">2", "~=2", "==2"].iter().any(|start| text.starts_with(start)) || text.starts_with("!=3")
}

fn python_requires(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let new = format!(">={}.{}", context.target.0, context.target.1);
    let why = "the version that was aimed at; older ones may do as well";
    if !context.certain {
        return;
    }
    if node.kind() == "keyword_argument" {
        let named = node.field("name").is_some_and(|name| name.text() == "python_requires");
        let Some(value) = node.field("value").filter(|value| named && is_setup(context) && value.kind() == "string")
        else {
            return;
        };
        let quote = value.text().chars().last().unwrap_or('\'');
        if admits_2(value.text().trim_matches(['"', '\''])) {
            found.check(value, why, vec![Edit::replace(value.span(), format!("{quote}{new}{quote}"))]);
        }
        return;
    }
    for line in lines(node.tree().text()) {
        let Some((key, value, at)) = setting(&line) else { continue };
        if matches!(key, "python_requires" | "python-requires") && admits_2(value) {
            let span = Span::new(at, at + offset(value.len()));
            found.check_at(line.span, why, vec![Edit::replace(span, new.clone())]);
        }
    }
}

fn use_2to3(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let why = "the build translates nothing any more";
    let named = |name: &str| name.starts_with("use_2to3") || name == "convert_2to3_doctests";
    if !context.certain {
        return;
    }
    if node.kind() == "keyword_argument" {
        let Some(list) = node.parent().filter(|list| list.kind() == "argument_list" && is_setup(context)) else {
            return;
        };
        if node.field("name").is_some_and(|name| named(name.text())) {
            let items: Vec<_> = list.named_children().collect();
            found.check(node, why, vec![without(&items, node)]);
        }
        return;
    }
    for line in lines(node.tree().text()) {
        if setting(&line).is_some_and(|(key, ..)| named(key)) {
            found.check_at(line.span, why, vec![Edit::delete(line.whole)]);
        }
    }
}

/// Whether an environment of tox runs Python 2.
fn is_old_environment(name: &str) -> bool {
    let first = name.split('-').next().unwrap_or(name);
    matches!(first, "py2" | "py24" | "py25" | "py26" | "py27" | "pypy" | "jython")
}

fn tox_environments(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if !context.certain {
        return;
    }
    let new = format!("py{}{}", context.target.0, context.target.1);
    for line in lines(node.tree().text()) {
        let Some((key, value, at)) = setting(&line) else { continue };
        if !matches!(key, "envlist" | "env_list") || value.is_empty() {
            continue;
        }
        if value.contains('{') {
            if value.contains("py2") || value.contains("26") || value.contains("27") {
                found.refuse_at(line.span, "environments for Python 2 in a pattern: take them out");
            }
            continue;
        }
        let names: Vec<_> = value.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
        let mut kept: Vec<_> =
            names.iter().filter(|name| !is_old_environment(name)).map(|name| (*name).to_owned()).collect();
        if kept.len() == names.len() {
            continue;
        }
        if !kept.iter().any(|name| name.starts_with("py3")) {
            kept.insert(0, new.clone());
        }
        let span = Span::new(at, at + offset(value.len()));
        let separator = if value.contains(", ") { ", " } else { "," };
        found.check_at(line.span, "the version that was aimed at", vec![Edit::replace(span, kept.join(separator))]);
    }
}

/// Keys whose values are lists of requirements.
const LISTS: &[&str] = &["install_requires", "tests_require", "setup_requires", "requires", "deps"];

fn requirements(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if !context.certain {
        return;
    }
    if node.kind() == "string" {
        return setup_requirement(context, node, found);
    }
    let plain = kind_of(context.path) == Some("requirements.txt");
    let mut listed = plain;
    for line in lines(node.tree().text()) {
        let continued = line.text.starts_with(char::is_whitespace);
        if let Some((key, ..)) = setting(&line).filter(|_| !plain) {
            listed = LISTS.contains(&key);
        } else if !plain && !continued && !line.text.trim().is_empty() {
            listed = false;
        }
        if listed && (plain || continued) {
            requirement(&line, found);
        }
    }
}

fn requirement(line: &Line<'_>, found: &mut Findings) {
    let indent = line.text.len() - line.text.trim_start().len();
    let Some((name, heir)) = heir_of(line.text.trim()) else { return };
    let start = line.span.start + offset(indent);
    match heir {
        Heir::Library(module) => {
            let why = format!("{name} brings {module} to Python 2; Python 3 has it");
            found.check_at(line.span, why, vec![Edit::delete(line.whole)]);
        }
        Heir::Package(new) => {
            let why = format!("{name} never came to Python 3; {new} takes its place, in versions of its own");
            let end = line.text.find([';', '#']).unwrap_or(line.text.len());
            let end = line.span.start + offset(line.text[..end].trim_end().len());
            found.check_at(line.span, why, vec![Edit::replace(Span::new(start, end), new)]);
        }
        Heir::Nothing(what) => found.refuse_at(line.span, format!("{name}{NEVER}{what}")),
    }
}

/// A requirement in a list that a `setup.py` hands to `setup()`.
fn setup_requirement(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(list) = node.parent().filter(|list| matches!(list.kind(), "list" | "tuple") && is_setup(context)) else {
        return;
    };
    let key = list.parent().and_then(|outer| outer.field("name").or_else(|| outer.field("left")));
    let content = node.text().trim_matches(['"', '\'']);
    if !key.is_some_and(|key| LISTS.contains(&key.text())) {
        return;
    }
    let Some((name, heir)) = heir_of(content) else { return };
    match heir {
        Heir::Library(module) => {
            let items: Vec<_> = list.named_children().collect();
            let why = format!("{name} brings {module} to Python 2; Python 3 has it");
            found.check(node, why, vec![without(&items, node)]);
        }
        Heir::Package(new) => {
            let why = format!("{name} never came to Python 3; {new} takes its place, in versions of its own");
            found.check(node, why, vec![Edit::replace(node.span(), node.text().replace(content, new))]);
        }
        Heir::Nothing(what) => found.refuse(node, format!("{name}{NEVER}{what}")),
    }
}
