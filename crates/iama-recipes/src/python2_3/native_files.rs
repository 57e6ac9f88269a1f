//! Files of bytes that the code reads and writes as native strings.

use iama_syntax::Node;

use super::helpers::name_of;
use super::look::{arguments, is_builtin, positional};
use super::native::{WHY, applies};
use crate::context::Context;
use crate::edit::Edit;
use crate::recipe::{Class, Findings, Import, Recipe, Strategy};

pub(super) const RECIPES: [Recipe; 2] = [
    Recipe {
        id: "native-files",
        title: "files of bytes that are read as native strings",
        class: Class::Check,
        strategy: Strategy::Comprehensive,
        why: "A binary file gives and takes bytes in Python 3; a small class makes native strings of them, one character for \
              each byte. Where struct takes files apart, text files are read like that, too.",
        before: "import struct\nhead = open(name, 'r').read(4)",
        after: "import struct\nhead = open(name, 'r', encoding='latin-1', newline='\\n').read(4)",
        kinds: &["call"],
        visit: native_file,
    },
    Recipe {
        id: "native-temporary-files",
        title: "temporary files that hold native strings",
        class: Class::Check,
        strategy: Strategy::Comprehensive,
        why: "Temporary files are binary ones unless they are told otherwise, and take no native string in Python 3.",
        before: "import tempfile\nscratch = tempfile.TemporaryFile('w+')",
        after: "import tempfile\nscratch = tempfile.TemporaryFile('w+', encoding='latin-1', newline='')",
        kinds: &["call"],
        visit: temporary_file,
    },
];

pub(super) const NATIVE_FILE: Import = Import::Helper(
    "NativeFile",
    "

class NativeFile(object):
    def __init__(self, stream):
        self.stream = stream

    def __getattr__(self, name):
        return getattr(self.stream, name)

    def __enter__(self):
        self.stream.__enter__()
        return self

    def __exit__(self, *failure):
        return self.stream.__exit__(*failure)

    def __iter__(self):
        return self

    def __next__(self):
        return next(self.stream).decode('latin-1')

    def read(self, *size):
        return self.stream.read(*size).decode('latin-1')

    def readline(self, *size):
        return self.stream.readline(*size).decode('latin-1')

    def readlines(self, *size):
        return [line.decode('latin-1') for line in self.stream.readlines(*size)]

    def write(self, data):
        return self.stream.write(data.encode('latin-1') if isinstance(data, str) else data)

    def writelines(self, lines):
        for line in lines:
            self.write(line)
",
);

/// Whether a call opens a file by a function of Python's own.
fn opens(context: &Context<'_>, node: Node<'_>) -> bool {
    node.field("function")
        .is_some_and(|function| is_builtin(context, function, "open") || is_builtin(context, function, "file"))
}

/// The mode of a call, where it is a name that is binary by default or in another place of the file.
fn open_mode<'t>(context: &Context<'_>, node: Node<'t>) -> Option<Node<'t>> {
    let mode = positional(node)?.get(1).copied().filter(|mode| mode.kind() == "identifier")?;
    let defaults = || {
        let text = mode.text();
        ["'rb'", "'wb'", "\"rb\"", "\"wb\""].iter().any(|value| {
            [format!("{text}={value}"), format!(", {value})")].iter().any(|binary| context.original.contains(binary))
        })
    };
    (mode.text() == "mode" && context.once("modes are binary", defaults)).then_some(mode)
}

/// A file that is one of native strings when its mode says so.
fn wrap_by_mode(context: &Context<'_>, node: Node<'_>, mode: Node<'_>, found: &mut Findings) {
    let called = node.parent().and_then(Node::parent).and_then(|call| call.field("function"));
    if called.is_none_or(|function| function.kind() != "parenthesized_expression") {
        let (name, mode) = (name_of(context, &NATIVE_FILE), mode.text());
        let before = format!("(lambda stream: {name}(stream) if 'b' in {mode} else stream)(");
        found.check_with(node, WHY, vec![Edit::wrap(node.span(), before, ")")], vec![NATIVE_FILE]);
    }
}

/// Whether the call stands in the class already.
fn is_wrapped(context: &Context<'_>, node: Node<'_>) -> bool {
    let call = node.parent().filter(|list| list.kind() == "argument_list").and_then(Node::parent);
    let function = call.and_then(|call| call.field("function"));
    function.is_some_and(|function| function.text() == name_of(context, &NATIVE_FILE))
}

fn wrap(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if !is_wrapped(context, node) {
        let before = name_of(context, &NATIVE_FILE) + "(";
        found.check_with(node, WHY, vec![Edit::wrap(node.span(), before, ")")], vec![NATIVE_FILE]);
    }
}

pub(super) fn native_file(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let descriptor = || node.field("function").and_then(|function| context.dotted(function)) == Some("os.fdopen");
    if !(opens(context, node) || (node.text().starts_with("os.fdopen(") && descriptor())) || !applies(context, node) {
        return;
    }
    if takes_whole_files(context) || is_compiled(node) {
        return;
    }
    if let Some(mode) = open_mode(context, node) {
        return wrap_by_mode(context, node, mode, found);
    }
    let mode = super::files::mode(node);
    if mode.is_some_and(|mode| mode.text().contains('b')) {
        if !hands_on(context, node) {
            wrap(context, node, found);
        }
        return;
    }
    let Some(parts) = positional(node).filter(|parts| matches!(parts.len(), 1 | 2)) else { return };
    if !context.imports_module("struct") && !names_binary_file(context, parts[0]) {
        return;
    }
    let edit = match (parts.get(1), mode) {
        (None, _) => Edit::insert(parts[0].end(), ", encoding='latin-1', newline='\\n'"),
        (Some(_), Some(mode)) => {
            let plain: String = mode.text().chars().filter(|c| *c != 'U').collect();
            Edit::replace(mode.span(), format!("{plain}, encoding='latin-1', newline='\\n'"))
        }
        _ => return,
    };
    found.check(node, WHY, vec![edit]);
}

fn temporary_file(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let path = node.field("function").and_then(|function| context.dotted(function)).unwrap_or_default();
    let temporary =
        ["tempfile.TemporaryFile", "tempfile.NamedTemporaryFile", "tempfile.SpooledTemporaryFile"].contains(&path);
    if !temporary || !applies(context, node) || takes_whole_files(context) || hands_on(context, node) {
        return;
    }
    let all = arguments(node);
    let named = all.iter().find(|part| part.field("name").is_some_and(|name| name.text() == "mode"));
    let first = all.first().filter(|part| part.kind() == "string" && !path.contains("Spooled"));
    let mode = named.and_then(|part| part.field("value")).or(first.copied());
    match mode {
        Some(mode) if mode.kind() == "string" && !mode.text().contains('b') => {
            let told = node.text().contains("encoding=") || all.iter().any(|part| part.kind().contains("splat"));
            if let Some(last) = all.last().filter(|_| !told) {
                found.check(node, WHY, vec![Edit::insert(last.end(), ", encoding='latin-1', newline=''")]);
            }
        }
        Some(mode) if mode.kind() != "string" => {}
        _ => wrap(context, node, found),
    }
}

/// Endings of the names of files that hold no text.
const BINARY: &[&str] = &[
    "aif", "ape", "avi", "bin", "bmp", "bz2", "class", "dat", "doc", "exe", "flac", "gif", "gz", "ico", "jar", "jpeg",
    "jpg", "mo", "mp3", "mp4", "m4a", "mpc", "odt", "oga", "ogg", "pdf", "pickle", "pkl", "png", "pyc", "pyo", "so",
    "swf", "tar", "tga", "tgz", "tif", "tiff", "ttf", "wav", "wma", "xls", "zip",
];

/// Whether an expression for the name of a file, or what the file gives a name in it, has the ending of one of no text.
fn names_binary_file(context: &Context<'_>, name: Node<'_>) -> bool {
    let strings = || context.tree.nodes().any(|node| node.kind() == "string" && ends_binary(node));
    context.once("names binary files", strings)
        && leads_to_binary(context, context.tree.node(name.id()), &mut Vec::new())
}

fn ends_binary(string: Node<'_>) -> bool {
    let text = string.text().trim_end_matches(['"', '\'']);
    text.rsplit_once('.').is_some_and(|(_, ending)| BINARY.contains(&ending.to_ascii_lowercase().as_str()))
}

/// The same, but for names that were looked at.
fn leads_to_binary<'t>(context: &Context<'t>, name: Node<'t>, seen: &mut Vec<&'t str>) -> bool {
    match name.kind() {
        "string" => ends_binary(name),
        "identifier" | "attribute" => {
            let last = name.field("attribute").unwrap_or(name).text();
            if seen.contains(&last) || name.field("object").is_some_and(|object| object.text() != "self") {
                return false;
            }
            seen.push(last);
            let given = |node: &Node<'_>| {
                let target = node.field("left").map(|left| left.field("attribute").unwrap_or(left));
                node.kind() == "assignment" && target.is_some_and(|target| target.text() == last)
            };
            let mut values = context.tree.nodes().filter(given).filter_map(|node| node.field("right"));
            values.any(|value| leads_to_binary(context, value, seen))
        }
        "call" => arguments(name).into_iter().any(|part| leads_to_binary(context, part, seen)),
        "binary_operator" => {
            let mut parts = ["left", "right"].into_iter().filter_map(|side| name.field(side));
            parts.any(|part| leads_to_binary(context, part, seen))
        }
        _ => false,
    }
}

/// Whether the text of the file is compiled, which finds the coding line in bytes.
fn is_compiled(node: Node<'_>) -> bool {
    let outer = node.ancestors().nth(3).and_then(|call| call.field("function"));
    outer.is_some_and(|function| matches!(function.text(), "compile" | "eval" | "exec"))
}

/// Whether the file is handed on at once to something that may want bytes.
fn hands_on(context: &Context<'_>, node: Node<'_>) -> bool {
    let call = node.parent().filter(|list| list.kind() == "argument_list").and_then(Node::parent);
    let function = call.and_then(|call| call.field("function"));
    function.is_some_and(|function| {
        let name = function.text().rsplit('.').next().unwrap_or("");
        let elsewhere = !context.paths(function).is_empty() && !super::facts::is_class(context, name);
        elsewhere && !is_wrapped(context, node)
    })
}

/// Whether the file hands open files on to a part of the library that wants bytes.
pub(super) fn takes_whole_files(context: &Context<'_>) -> bool {
    let modules = ["zipfile", "tarfile", "gzip", "bz2", "array", "wave", "expat", "sax", "etree", "minidom"];
    modules.iter().any(|module| context.imported_word(module))
}
