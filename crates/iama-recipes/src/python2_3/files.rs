//! Opening files: `file()`, and the modes that are gone.

use iama_syntax::Node;

use super::look::{arguments, call_of, is_builtin, method_call, positional, rename};
use crate::context::Context;
use crate::edit::{Edit, Piece};
use crate::recipe::{Class, Findings, Import, Recipe, Strategy};

pub(super) const RECIPES: [Recipe; 4] = [
    Recipe {
        id: "file-builtin",
        title: "file() becomes open()",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "Python 3 has no builtin called file; open() makes files and io.IOBase is their type.",
        before: "log = file(name)",
        after: "log = open(name)",
        kinds: &["identifier"],
        visit: file_builtin,
    },
    Recipe {
        id: "universal-newlines",
        title: "the U in a file's mode",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "Text files read every kind of line end in Python 3, and 3.11 refuses the U.",
        before: "lines = open(name, 'rU')",
        after: "lines = open(name, 'r')",
        kinds: &["call", "string"],
        visit: universal_newlines,
    },
    Recipe {
        id: "unbuffered-text",
        title: "text files without a buffer",
        class: Class::Check,
        strategy: Strategy::Standard,
        why: "Python 3 refuses to open a text file without a buffer.",
        before: "log = open(name, 'w', 0)",
        after: "log = open(name, 'w', 1)",
        kinds: &["call"],
        visit: unbuffered,
    },
    Recipe {
        id: "relative-seek",
        title: "relative places in text files",
        class: Class::Refused,
        strategy: Strategy::Standard,
        why: "Text files of Python 3 seek from their beginning, or right to their end, and nowhere else.",
        before: "log = open(name)\nlog.seek(-80, 2)",
        after: "log = open(name)\nlog.seek(-80, 2)",
        kinds: &["call"],
        visit: relative_seek,
    },
];

pub(super) fn file_builtin(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if !is_builtin(context, node, "file") || !context.certain {
        return;
    }
    let is_type = node.ancestors().take(3).any(|outer| {
        outer.kind() == "call"
            && outer.field("function").is_some_and(|function| matches!(function.text(), "isinstance" | "issubclass"))
    });
    let class = node.parent().filter(|list| list.kind() == "argument_list" && list.field_name() == "superclasses");
    if class.is_some() {
        let why = "a file that is made of this class holds bytes; io.TextIOWrapper is the class of text files";
        return found.check_with(node, why, vec![rename(node, "io.FileIO")], vec![Import::Module("io")]);
    }
    if call_of(node).is_some() || !is_type {
        found.safe(node, vec![rename(node, "open")]);
    } else {
        found.safe_with(node, vec![rename(node, "io.IOBase")], vec![Import::Module("io")]);
    }
}

fn relative_seek(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some((object, _)) = method_call(node).filter(|(_, name)| name.text() == "seek") else { return };
    let Some(&[distance, from]) = positional(node).as_deref() else { return };
    let relative = matches!(from.text(), "1" | "2" | "os.SEEK_CUR" | "os.SEEK_END") && distance.text() != "0";
    let is_text = |file: &Node<'_>| {
        file.kind() == "call"
            && opens(context, *file)
            && (arguments(*file).len() == 1 || mode(*file).is_some_and(|mode| !mode.text().contains('b')))
    };
    if relative && context.certain && context.values_of(object).iter().any(is_text) {
        found.refuse(node, "a text file refuses this: open it in binary mode, or keep what tell() said");
    }
}

/// Whether a call opens a file by a name and a mode.
pub(super) fn opens(context: &Context<'_>, call: Node<'_>) -> bool {
    let Some(function) = call.field("function") else { return false };
    is_builtin(context, function, "open")
        || is_builtin(context, function, "file")
        || context.dotted(function).is_some_and(|path| matches!(path, "io.open" | "os.fdopen"))
}

/// The mode that a call opens a file with, when it is written out.
pub(super) fn mode(call: Node<'_>) -> Option<Node<'_>> {
    let parts = arguments(call);
    let named = parts.iter().find(|part| part.field("name").is_some_and(|name| name.text() == "mode"));
    let mode = named.and_then(|part| part.field("value")).or_else(|| parts.get(1).copied())?;
    (mode.kind() == "string").then_some(mode)
}

pub(super) fn universal_newlines(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if node.kind() == "string" {
        return mode_by_name(node, found);
    }
    if !opens(context, node) {
        return;
    }
    let Some(mode) = mode(node).filter(|mode| mode.text().contains('U')) else { return };
    let plain: String = mode.text().chars().filter(|c| *c != 'U').collect();
    let quote = plain.chars().last().unwrap_or('\'');
    let empty = plain == format!("{quote}{quote}");
    let new = if empty { format!("{quote}r{quote}") } else { plain };
    if mode.text().len() <= 6 {
        found.safe(mode, vec![Edit::replace(mode.span(), new)]);
    }
}

/// A mode that is given a name before it is used: nothing else is spelt like this.
fn mode_by_name(node: Node<'_>, found: &mut Findings) {
    let named = node.parent().is_some_and(|parent| matches!(parent.kind(), "assignment" | "default_parameter"));
    let (text, quotes) = (node.text(), ['\'', '"']);
    if named && matches!(text.trim_matches(quotes), "rU" | "rUb" | "rbU" | "Ur") && text.starts_with(quotes) {
        let plain: String = text.chars().filter(|c| *c != 'U').collect();
        found.check(node, "taken for the mode of a file", vec![rename(node, &plain)]);
    }
}

pub(super) fn unbuffered(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if !opens(context, node) || mode(node).is_none_or(|mode| mode.text().contains('b')) {
        return;
    }
    let Some(buffer) = arguments(node).get(2).copied().filter(|buffer| buffer.text() == "0") else { return };
    let why = "the file is buffered by lines now: open it in binary mode where single bytes matter";
    found.check(node, why, vec![Edit::pieces(buffer.span(), vec![Piece::New("1".into())])]);
}
