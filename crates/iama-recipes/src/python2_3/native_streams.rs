//! Streams of native strings where the library wants bytes, and functions of bytes that are handed on as values.

use iama_syntax::Node;

use super::facts::{is_renamed_stream, seeks_relatively};
use super::helpers::name_of;
use super::look::{arguments, call_of, is_builtin, method_call, positional};
use super::native::{WHY, applies};
use crate::context::Context;
use crate::edit::{Edit, Piece};
use crate::recipe::{Class, Findings, Import, Recipe, Strategy};

pub(super) const RECIPES: [Recipe; 4] = [
    Recipe {
        id: "renamed-streams",
        title: "BytesIO that is called StringIO",
        class: Class::Check,
        strategy: Strategy::Comprehensive,
        why: "In Python 2 io.BytesIO takes native strings, and whoever calls it StringIO means them.",
        before: "from io import BytesIO as StringIO",
        after: "from io import StringIO",
        kinds: &["aliased_import"],
        visit: renamed_stream,
    },
    Recipe {
        id: "native-streams",
        title: "streams of native strings for pickle, expat and struct",
        class: Class::Check,
        strategy: Strategy::Comprehensive,
        why: "pickle and expat read and write bytes, also where the stream they are given holds native strings; so do the \
              functions of struct that are kept as values.",
        before: "import pickle\npickle.dump(state, stream)",
        after: "import pickle\n\n\nclass OctetStream(object):\n    def __init__(self, stream):\n        self.stream = \
                stream\n\n    def __getattr__(self, name):\n        return getattr(self.stream, name)\n\n    def read(self, \
                *size):\n        data = self.stream.read(*size)\n        return data if isinstance(data, bytes) else \
                data.encode('latin-1')\n\n    def readline(self, *size):\n        data = \
                self.stream.readline(*size)\n        return data if isinstance(data, bytes) else \
                data.encode('latin-1')\n\n    def write(self, data):\n        try:\n            \
                return self.stream.write(data)\n        except TypeError:\n            return \
                self.stream.write(data.decode('latin-1'))\n\npickle.dump(state, OctetStream(stream))",
        kinds: &["call", "attribute"],
        visit: native_stream,
    },
    Recipe {
        id: "relative-string-streams",
        title: "moving in a StringIO from where it stands",
        class: Class::Check,
        strategy: Strategy::Standard,
        why: "io.StringIO moves only to places that are counted from the start.",
        before: "import io\nstream = io.StringIO(text)\nstream.seek(-2, 1)",
        after: "import io\n\n\nclass RelativeStringIO(io.StringIO):\n    def seek(self, offset, whence=0):\n        start = (0, \
                self.tell(), len(self.getvalue()))[whence]\n        return io.StringIO.seek(self, max(0, start + offset))\n\nstream = \
                RelativeStringIO(text)\nstream.seek(-2, 1)",
        kinds: &["call"],
        visit: relative_stream,
    },
    Recipe {
        id: "compiled-text",
        title: "source that is encoded to be compiled",
        class: Class::Check,
        strategy: Strategy::Comprehensive,
        why: "compile() takes text; the byte order mark that told it the encoding is no part of a native string.",
        before: "source = '\\xef\\xbb\\xbf' + source.encode('utf-8')\ncode = compile(source, name, 'exec')",
        after: "source = source\ncode = compile(source, name, 'exec')",
        kinds: &["binary_operator"],
        visit: compiled_text,
    },
];

pub(super) const OCTET_STREAM: Import = Import::Helper(
    "OctetStream",
    "

class OctetStream(object):
    def __init__(self, stream):
        self.stream = stream

    def __getattr__(self, name):
        return getattr(self.stream, name)

    def read(self, *size):
        data = self.stream.read(*size)
        return data if isinstance(data, bytes) else data.encode('latin-1')

    def readline(self, *size):
        data = self.stream.readline(*size)
        return data if isinstance(data, bytes) else data.encode('latin-1')

    def write(self, data):
        try:
            return self.stream.write(data)
        except TypeError:
            return self.stream.write(data.decode('latin-1'))
",
);

pub(super) const ON_OCTETS: Import = Import::Helper(
    "on_octets",
    "

def on_octets(function):
    def on(*parts):
        given = function(*[part.encode('latin-1') if isinstance(part, str) else part for part in parts])
        return given.decode('latin-1') if isinstance(given, bytes) else given
    return on
",
);

const RELATIVE: Import = Import::Helper(
    "RelativeStringIO",
    "

class RelativeStringIO(io.StringIO):
    def seek(self, offset, whence=0):
        start = (0, self.tell(), len(self.getvalue()))[whence]
        return io.StringIO.seek(self, max(0, start + offset))
",
);

fn relative_stream(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(function) = node.field("function").filter(|_| seeks_relatively(context) && context.certain) else {
        return;
    };
    if function.field("attribute").is_some_and(|name| name.text() != "StringIO") {
        return;
    }
    let old = |path: &String| matches!(path.as_str(), "StringIO.StringIO" | "cStringIO.StringIO" | "io.StringIO");
    let paths = context.paths(function);
    if paths.is_empty() || !paths.iter().all(old) || moves_from_the_start(context, node) {
        return;
    }
    let name = name_of(context, &RELATIVE);
    if is_in(node, &name) {
        return;
    }
    let why = "some file moves in a stream from where it stands, and this may be the one";
    let imports = vec![Import::Module("io"), RELATIVE];
    found.check_with(node, why, vec![super::look::rename(function, &name)], imports);
}

/// Whether a stream is seen by nobody but the lines around it, and these move in it only from its start, if at all.
fn moves_from_the_start(context: &Context<'_>, stream: Node<'_>) -> bool {
    let Some(outer) = stream.parent() else { return false };
    if is_member(stream, outer) {
        return is_moved_plainly(outer);
    }
    let standard = |left: Node<'_>| {
        context.dotted(left).is_some_and(|path| matches!(path, "sys.stdout" | "sys.stderr" | "sys.stdin"))
    };
    let Some(name) = target_of(stream) else { return false };
    standard(name)
        || (context.is_local(name)
            && context.references(name).into_iter().all(|used| {
                used.parent().is_some_and(|outer| match outer.kind() {
                    "chevron" => true,
                    "attribute" => is_member(used, outer) && is_moved_plainly(outer),
                    _ => target_of(used).is_some_and(standard),
                })
            }))
}

/// What an assignment gives a value to.
fn target_of(value: Node<'_>) -> Option<Node<'_>> {
    let assignment = value.parent().filter(|outer| outer.kind() == "assignment" && value.field_name() == "right")?;
    assignment.field("left")
}

fn is_member(object: Node<'_>, attribute: Node<'_>) -> bool {
    attribute.kind() == "attribute" && object.field_name() == "object"
}

/// Whether an attribute of a stream is not its `seek`, or is called with nothing but a place.
fn is_moved_plainly(attribute: Node<'_>) -> bool {
    let named = attribute.field("attribute").is_some_and(|name| name.text() == "seek");
    !named || call_of(attribute).and_then(positional).is_some_and(|parts| parts.len() == 1)
}

fn renamed_stream(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let of_io = node.parent().and_then(|import| import.field("module_name")).is_some_and(|name| name.text() == "io");
    let name = node.field("name").filter(|name| of_io && name.text() == "BytesIO" && is_renamed_stream(*name));
    if name.is_some() && applies(context, node) {
        found.check(node, WHY, vec![super::look::rename(node, "StringIO")]);
    }
}

/// Functions that read or write a stream, and the rank of the stream.
const STREAMS: &[(&str, usize)] = &[("dump", 1), ("load", 0), ("Pickler", 0), ("Unpickler", 0)];

fn native_stream(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if node.kind() == "attribute" {
        return packer(context, node, found);
    }
    let Some(stream) = stream_of(context, node).filter(|stream| is_unknown(context, *stream)) else { return };
    let name = name_of(context, &OCTET_STREAM);
    let wrapped = stream.field("function").is_some_and(|function| function.text() == name);
    if let Some((class, text)) = text_stream(context, stream).filter(|_| applies(context, node)) {
        let (before, import) = super::native::to_octets(context, None);
        let edits = vec![super::look::rename(class, "io.BytesIO"), Edit::wrap(text.span(), before, ")")];
        return found.check_with(node, WHY, edits, vec![Import::Module("io"), import]);
    }
    if !wrapped && applies(context, node) && !is_in(node, &name) {
        found.check_with(node, WHY, vec![Edit::wrap(stream.span(), name + "(", ")")], vec![OCTET_STREAM]);
    }
}

/// The stream that a call takes.
fn stream_of<'t>(context: &Context<'_>, node: Node<'t>) -> Option<Node<'t>> {
    let method = method_call(node).map_or("", |(_, name)| name.text());
    if method == "setByteStream" || (method == "ParseFile" && context.imported_word("expat")) {
        return positional(node)?.first().copied();
    }
    if context.once("imports cgi", || context.imported_word("cgi"))
        && context.dotted(node.field("function")?) == Some("cgi.FieldStorage")
    {
        let parts = arguments(node);
        let named = parts.iter().find(|part| part.field("name").is_some_and(|name| name.text() == "fp"));
        let first = parts.first().filter(|part| part.kind() != "keyword_argument" && !part.kind().contains("splat"));
        return named.and_then(|part| part.field("value")).or(first.copied());
    }
    let has_readers = || ["pickle", "cPickle", "marshal"].iter().any(|module| context.imported_word(module));
    if !context.once("imports what reads streams", has_readers) {
        return None;
    }
    let paths = context.paths(node.field("function")?);
    let ranks: Vec<_> = paths.iter().map(|path| rank(path)).collect();
    let first = (*ranks.first()?)?;
    let parts = arguments(node);
    let stream = parts.get(first).filter(|part| !part.kind().contains("splat") && part.kind() != "keyword_argument");
    stream.copied().filter(|_| ranks.iter().all(|rank| *rank == Some(first)))
}

/// The class of a stream of text that is made right here, and what it is made of.
fn text_stream<'t>(context: &Context<'_>, stream: Node<'t>) -> Option<(Node<'t>, Node<'t>)> {
    let class = stream.field("function").filter(|_| stream.kind() == "call")?;
    let paths = context.paths(class);
    let made = |path: &String| matches!(path.as_str(), "StringIO.StringIO" | "cStringIO.StringIO" | "io.StringIO");
    let [text] = positional(stream)?[..] else { return None };
    (!paths.is_empty() && paths.iter().all(made)).then_some((class, text))
}

fn rank(path: &str) -> Option<usize> {
    let (module, name) = path.split_once('.')?;
    if !matches!(module, "pickle" | "cPickle" | "marshal") {
        return None;
    }
    STREAMS.iter().find(|(known, _)| *known == name).map(|(_, rank)| *rank)
}

/// Whether a stream is no binary file that is opened right here.
fn is_unknown(context: &Context<'_>, stream: Node<'_>) -> bool {
    let opened = |function: Node<'_>| is_builtin(context, function, "open") || is_builtin(context, function, "file");
    !stream.field("function").is_some_and(opened)
}

fn is_in(node: Node<'_>, helper: &str) -> bool {
    node.ancestors().any(|outer| outer.field("name").is_some_and(|name| name.text() == helper))
}

/// `Struct(format).pack` and `struct.pack` as values.
fn packer(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let (Some(object), Some(name)) = (node.field("object"), node.field("attribute")) else { return };
    if !matches!(name.text(), "pack" | "unpack") || call_of(node).is_some() || !context.imported_word("struct") {
        return;
    }
    let helper = name_of(context, &ON_OCTETS);
    let value = super::iterators::given_value(context, object).unwrap_or(object);
    let made = value.field("function").and_then(|function| context.dotted(function));
    let known = made.is_some_and(|path| path == "struct.Struct")
        || context.dotted(node).is_some_and(|path| path.starts_with("struct."));
    let outer = node.parent().filter(|list| list.kind() == "argument_list").and_then(Node::parent);
    let wrapped = outer.and_then(|call| call.field("function")).is_some_and(|function| function.text() == helper);
    let target = node.parent().is_some_and(|outer| outer.kind() == "assignment" && node.field_name() == "left");
    if known && !wrapped && !target && applies(context, node) {
        found.check_with(node, WHY, vec![Edit::wrap(node.span(), helper + "(", ")")], vec![ON_OCTETS]);
    }
}

/// The text of `'\xef\xbb\xbf' + text.encode('utf-8')` where that is compiled.
fn marked_source(node: Node<'_>) -> Option<Node<'_>> {
    let (left, right) = (node.field("left")?, node.field("right")?);
    let mark = matches!(left.text().trim_matches(['"', '\'']), r"\xef\xbb\xbf" | r"\xEF\xBB\xBF");
    let (text, _) = method_call(right).filter(|(_, name)| mark && name.text() == "encode")?;
    let codec = arguments(right).first().is_some_and(|codec| codec.text().to_ascii_lowercase().contains("utf"));
    let assignment = node.parent().filter(|outer| outer.kind() == "assignment")?;
    let target = assignment.field("left").filter(|target| target.kind() == "identifier")?;
    let scope = node.ancestors().find(|outer| matches!(outer.kind(), "function_definition" | "module"))?;
    let compiles = |call: Node<'_>| {
        let function = call.field("function").map_or("", Node::text);
        let named = matches!(function.rsplit('.').next(), Some("compile" | "parse" | "eval"));
        named && arguments(call).first().is_some_and(|first| first.text() == target.text())
    };
    let compiled = scope.descendants().any(|inner| inner.kind() == "call" && compiles(inner));
    (codec && compiled).then_some(text)
}

/// Whether a call encodes source behind a byte order mark, to be compiled.
pub(super) fn is_marked_source(node: Node<'_>) -> bool {
    node.parent().is_some_and(|outer| outer.kind() == "binary_operator" && marked_source(outer).is_some())
}

fn compiled_text(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if let Some(text) = marked_source(node).filter(|_| context.certain) {
        let why = "the text is compiled as it is, without a mark and without an encoding";
        found.check(node, why, vec![Edit::pieces(node.span(), vec![Piece::Keep(text.span())])]);
    }
}
