//! Functions of the library that want another call: `cgi.escape`, the functions of `string`, `collections.abc` and more.

use iama_syntax::{Node, Span};

use super::helpers::name_of;
use super::iterators::{method_name, methods};
use super::look::{call_of, is_primary, kept, positional, rename};
use super::strings::TRANSLATED;
use super::tables::{ABSTRACT, STRING_FUNCTIONS};
use crate::context::Context;
use crate::edit::{Edit, Piece};
use crate::recipe::{Class, Findings, Import, Recipe, Strategy};

pub(super) const RECIPES: [Recipe; 6] = [
    Recipe {
        id: "string-functions",
        title: "functions of the string module are methods",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "string.join, string.split and their kin are gone; strings have methods of these names.",
        before: "import string\nline = string.join(words, ', ')",
        after: "import string\nline = ', '.join(words)",
        kinds: &["attribute", "identifier", "import_from_statement"],
        visit: string_function,
    },
    Recipe {
        id: "cgi-escape",
        title: "cgi.escape becomes html.escape",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "cgi.escape is gone since Python 3.8; html.escape also escapes quotes unless it is told not to.",
        before: "import cgi\nsafe = cgi.escape(text)",
        after: "import cgi\nfrom html import escape as html_escape\nsafe = html_escape(text, quote=False)",
        kinds: &["attribute", "import_statement", "import_from_statement"],
        visit: cgi_escape,
    },
    Recipe {
        id: "collections-abc",
        title: "abstract classes of collections",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "The abstract base classes are in collections.abc; the old names are gone since Python 3.10.",
        before: "import collections\nok = isinstance(x, collections.Mapping)",
        after: "import collections\nimport collections.abc\nok = isinstance(x, collections.abc.Mapping)",
        kinds: &["attribute", "import_from_statement"],
        visit: collections_abc,
    },
    Recipe {
        id: "getargspec",
        title: "inspect.getargspec becomes getfullargspec",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "getargspec is gone since Python 3.11; getfullargspec gives more fields, of which the first four are the same.",
        before: "import inspect\nnames, args, kwargs, values = inspect.getargspec(hook)",
        after: "import inspect\nnames, args, kwargs, values = inspect.getfullargspec(hook)[:4]",
        kinds: &["call"],
        visit: getargspec,
    },
    Recipe {
        id: "default-encoding",
        title: "sys.setdefaultencoding",
        class: Class::Check,
        strategy: Strategy::Conservative,
        why: "Python 3 has no such function: its default encoding is UTF-8 and can't be changed.",
        before: "import sys\nreload(sys)\nsys.setdefaultencoding('utf-8')",
        after: "import sys\npass\npass",
        kinds: &["expression_statement"],
        visit: default_encoding,
    },
    Recipe {
        id: "assertion-overrides",
        title: "assertions of a test case that are called with a message",
        class: Class::Safe,
        strategy: Strategy::Standard,
        why: "assertEqual passes a msg to the assertion for the type that it compares, and Python 3 has one for text.",
        before: "class Case(unittest.TestCase):\n    def assertMultiLineEqual(self, a, b):\n        self.check(a, b)",
        after: "class Case(unittest.TestCase):\n    def assertMultiLineEqual(self, a, b, msg=None):\n        self.check(a, b)",
        kinds: &["class_definition"],
        visit: assertion_overrides,
    },
];

/// What an attribute or an imported name stands for, when it begins with a module.
fn path_in<'p>(path: &'p str, module: &str) -> Option<&'p str> {
    path.strip_prefix(module)?.strip_prefix('.')
}

pub(super) fn string_function(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if node.kind() == "import_from_statement" {
        return string_import(context, node, found);
    }
    let may_be = match node.field("attribute") {
        Some(member) => is_string_function(member.text()),
        None => context.once("imports from string", || context.tree.nodes().any(is_string_import)),
    };
    let Some(path) = may_be.then(|| context.dotted(node)).flatten() else { return };
    let Some(name) = path_in(path, "string") else { return };
    match (string_call(node, name), function_of(name)) {
        (Some(edit), _) => found.safe(node, vec![edit]),
        (None, Some(_)) if node.kind() == "attribute" && name == "translate" => {
            found.check_with(node, TRANSLATES, vec![rename(node, &name_of(context, &TRANSLATED))], vec![TRANSLATED]);
        }
        (None, Some(function)) if node.kind() == "attribute" => {
            found.check(node, "only a str is taken now", vec![rename(node, &function)]);
        }
        _ => {}
    }
}

fn is_string_function(name: &str) -> bool {
    matches!(name, "join" | "joinfields") || STRING_FUNCTIONS.iter().any(|(old, _)| *old == name)
}

fn is_string_import(node: Node<'_>) -> bool {
    node.kind() == "import_from_statement" && node.field("module_name").is_some_and(|module| module.text() == "string")
}

const TRANSLATES: &str = "the method of text takes a table alone, so that a small function stands for this one";

/// What stands for a function of `string` as a value.
fn function_of(name: &str) -> Option<String> {
    match name {
        "join" | "joinfields" => Some("(lambda words, sep=' ': sep.join(words))".to_owned()),
        _ => STRING_FUNCTIONS.iter().find(|(old, _)| *old == name).map(|(_, method)| format!("str.{method}")),
    }
}

/// `from string import join`: calls become calls of methods; whatever else takes the name gets a function.
fn string_import(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let all: Vec<_> = super::modules::items(node).collect();
    let gone = |name: Node<'_>| function_of(name.text());
    if !is_string_import(node)
        || !context.certain
        || context.is_neighbour("string")
        || all.iter().all(|(_, name, _)| gone(*name).is_none())
    {
        return;
    }
    let (mut edits, mut kept, mut lines, mut needed) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (item, name, alias) in all {
        let Some(function) = gone(name) else {
            kept.push(item.text());
            continue;
        };
        let bound = alias.unwrap_or(name);
        let used = context.references(bound);
        let calls: Vec<_> = used.iter().filter_map(|used| string_call(*used, name.text())).collect();
        // Other files may take the name from here when nothing uses it.
        if name.text() == "translate" && calls.len() < used.len() && context.has_one_definition(bound) {
            edits.extend(used.iter().map(|used| rename(*used, &name_of(context, &TRANSLATED))));
            needed.push(TRANSLATED);
        } else if used.is_empty() || calls.len() < used.len() || !context.has_one_definition(bound) {
            let bare = function.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')).unwrap_or(&function);
            lines.push(format!("{} = {bare}", bound.text()));
        } else {
            edits.extend(calls);
        }
    }
    if !kept.is_empty() {
        lines.insert(0, format!("from string import {}", kept.join(", ")));
    }
    edits.push(if lines.is_empty() {
        super::modules::remove_statement(node)
    } else {
        Edit::replace(node.span(), super::modules::join_statements(node, lines.into_iter()))
    });
    found.check_with(node, "only a str is taken now", edits, needed);
}

/// The call of a function of `string` as the call of a method.
fn string_call(node: Node<'_>, name: &str) -> Option<Edit> {
    let call = call_of(node)?;
    let parts = positional(call)?;
    if matches!(name, "join" | "joinfields") {
        return join(call, &parts);
    }
    let (_, method) = STRING_FUNCTIONS.iter().find(|(old, _)| *old == name)?;
    let (text, rest) = parts.split_first()?;
    let mut pieces = kept(*text, !is_primary(*text) || text.kind() == "integer");
    pieces.push(Piece::New(format!(".{method}(")));
    if let (Some(first), Some(last)) = (rest.first(), rest.last()) {
        pieces.push(Piece::Keep(Span::new(first.start(), last.end())));
    }
    pieces.push(Piece::New(")".into()));
    Some(Edit::pieces(call.span(), pieces))
}

fn join(call: Node<'_>, parts: &[Node<'_>]) -> Option<Edit> {
    let (words, mut pieces) = match parts {
        [words] => (*words, vec![Piece::New("' '".into())]),
        [words, separator] => (*words, kept(*separator, !is_primary(*separator))),
        _ => return None,
    };
    pieces.push(Piece::New(".join(".into()));
    pieces.push(Piece::Keep(words.span()));
    pieces.push(Piece::New(")".into()));
    Some(Edit::pieces(call.span(), pieces))
}

fn cgi_escape(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if node.kind() != "attribute" {
        return cgi_import(context, node, found);
    }
    let named = node.field("attribute").is_some_and(|name| name.text() == "escape");
    if !named || context.dotted(node) != Some("cgi.escape") {
        return;
    }
    let import = HTML_ESCAPE;
    let mut edits = vec![rename(node, &name_of(context, &HTML_ESCAPE))];
    if let Some(parts) = call_of(node).and_then(positional) {
        if let [text] = parts[..] {
            edits.push(Edit::insert(text.end(), ", quote=False"));
        }
        return found.safe_with(node, edits, vec![import]);
    }
    found.check_with(node, "html.escape also escapes quotes", edits, vec![import]);
}

const HTML_ESCAPE: Import = Import::Helper("html_escape", "from html import escape as html_escape");

/// The import goes together with its uses: where one of them has to wait, so has the other. As a module it goes only when
/// nothing else of it is used, and Python 3.13 has no cgi any more.
fn cgi_import(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let all: Vec<_> = super::modules::items(node).collect();
    let [(_, name, None)] = all[..] else { return };
    let mut uses = context.references(name);
    if uses.is_empty() || !context.has_one_definition(name) {
        return;
    }
    match node.field("module_name") {
        Some(module) if module.text() == "cgi" && name.text() == "escape" => {}
        None if name.text() == "cgi" && context.target >= (3, 13) => {
            let escape = |used: &Node<'_>| {
                let member = used.parent().filter(|outer| outer.kind() == "attribute")?;
                let named = member.field("attribute").is_some_and(|name| name.text() == "escape");
                named.then(|| context.tree.node(member.id()))
            };
            let Some(members) = uses.iter().map(escape).collect() else { return };
            uses = members;
        }
        _ => return,
    }
    let mut edits = vec![super::modules::remove_statement(node)];
    for used in uses {
        edits.push(rename(used, &name_of(context, &HTML_ESCAPE)));
        let alone = call_of(used).and_then(positional).filter(|parts| parts.len() == 1);
        edits.extend(alone.map(|parts| Edit::insert(parts[0].end(), ", quote=False")));
    }
    found.safe_with(node, edits, vec![HTML_ESCAPE]);
}

fn collections_abc(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if node.kind() == "attribute" {
        let path = context.dotted(node).unwrap_or_default();
        let Some(name) = path_in(path, "collections").filter(|name| ABSTRACT.contains(name)) else { return };
        let text = format!("collections.abc.{name}");
        return found.safe_with(node, vec![rename(node, &text)], vec![Import::Module("collections.abc")]);
    }
    let Some(module) = node.field("module_name").filter(|module| module.text() == "collections") else { return };
    if context.is_neighbour("collections") && !context.is_written(module) {
        return;
    }
    let all: Vec<_> = super::modules::items(node).collect();
    let (moved, stay): (Vec<_>, Vec<_>) = all.iter().partition(|(_, name, _)| ABSTRACT.contains(&name.text()));
    if moved.is_empty() {
        return;
    }
    if stay.is_empty() {
        return found.safe(node, vec![rename(module, "collections.abc")]);
    }
    let list = |items: &[&(Node<'_>, Node<'_>, Option<Node<'_>>)]| {
        items.iter().map(|(item, ..)| item.text()).collect::<Vec<_>>().join(", ")
    };
    let lines =
        [format!("from collections import {}", list(&stay)), format!("from collections.abc import {}", list(&moved))];
    found.safe(node, vec![Edit::replace(node.span(), super::modules::join_statements(node, lines.into_iter()))]);
}

pub(super) fn getargspec(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(function) = node.field("function") else { return };
    if context.dotted(function) != Some("inspect.getargspec") || function.kind() != "attribute" {
        return;
    }
    let Some(name) = function.field("attribute") else { return };
    // Python 3.11 is the first without it.
    if !context.certain && (context.target < (3, 11) || !super::removed::is_missed(context, node, (3, 11))) {
        return;
    }
    let mut edits = vec![rename(name, "getfullargspec")];
    match node.parent() {
        Some(parent) if parent.kind() == "attribute" => {
            let field = parent.field("attribute").filter(|field| field.text() == "keywords");
            edits.extend(field.map(|field| rename(field, "varkw")));
        }
        Some(parent) if parent.kind() == "subscript" => {}
        _ => edits.push(Edit::insert(node.end(), "[:4]")),
    }
    found.safe(node, edits);
}

pub(super) fn default_encoding(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(call) = node.named_child(0).filter(|call| call.kind() == "call") else { return };
    let Some(function) = call.field("function") else { return };
    let sets = context.dotted(function) == Some("sys.setdefaultencoding");
    let argument = positional(call).and_then(|parts| parts.first().copied());
    let reloads = function.text() == "reload"
        && context.is_builtin(function)
        && argument.and_then(|argument| context.dotted(argument)) == Some("sys");
    if sets || reloads {
        let why = "native strings were decoded by this encoding wherever they met text; Python 3 never does that";
        found.check(node, why, vec![Edit::replace(node.span(), "pass")]);
    }
}

/// Assertions that `assertEqual` calls for the type of what it compares.
const BY_TYPE: &[&str] =
    &["assertMultiLineEqual", "assertListEqual", "assertTupleEqual", "assertDictEqual", "assertSetEqual"];

fn assertion_overrides(_: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    for method in methods(node).filter(|method| BY_TYPE.contains(&method_name(*method))) {
        let Some(parameters) = method.field("parameters") else { continue };
        let all: Vec<_> = parameters.named_children().collect();
        let plain = all.iter().all(|parameter| parameter.kind() == "identifier" && parameter.text() != "msg");
        if let (3, true, Some(last)) = (all.len(), plain, all.last()) {
            found.safe(method, vec![Edit::insert(last.end(), ", msg=None")]);
        }
    }
}
