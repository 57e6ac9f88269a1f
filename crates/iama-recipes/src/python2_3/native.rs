//! Native strings at the borders of the library.
//!
//! Python 2's str holds bytes and is used as text. Where the code does not tell the two apart, a native string stays a str
//! with one character for each byte (Latin-1), as it was, and is turned into bytes and back only where the library of
//! Python 3 insists on bytes. Two small functions do that; both let through what is already right. Workspaces that write
//! bytes literals tell the two apart themselves and are left alone.

use std::borrow::Cow;

use iama_syntax::Node;
use iama_syntax::scopes::BindingKind;

use super::borders::{BORDERS, Border, GIVING, TAKING};
use super::facts::writes_bytes;
use super::hashes::{feeds_hash, is_digested, is_hash, is_own_hash};
use super::helpers::name_of;
use super::look::{arguments, is_builtin, method_call, positional};
use super::native_streams::{OCTET_STREAM, ON_OCTETS};
use super::observed::{STRINGS, Seen, seen, told};
use super::types::{Type, likely_type_of};
use crate::context::Context;
use crate::edit::{Edit, Piece};
use crate::recipe::{Class, Findings, Import, Recipe, Strategy};

pub(super) const RECIPES: [Recipe; 6] = [
    Recipe {
        id: "native-bytes",
        title: "bytes() was str()",
        class: Class::Check,
        strategy: Strategy::Comprehensive,
        why: "bytes is another name of str in Python 2, so that what it makes joins with other strings.",
        before: "glue = bytes().join",
        after: "glue = ''.join",
        kinds: &["call"],
        visit: native_bytes,
    },
    Recipe {
        id: "byte-codecs",
        title: "encode('hex') and the other codecs of bytes",
        class: Class::Check,
        strategy: Strategy::Comprehensive,
        why: "hex, base64, zlib and their kin turn bytes into bytes, and str has no methods for them in Python 3.",
        before: "import codecs\ncode = key.encode('hex')",
        after: "import codecs\n\n\ndef as_native(data):\n    return data.decode('latin-1') if isinstance(data, bytes) else \
                data\n\n\n\ndef as_octets(text):\n    return text.encode('latin-1') if isinstance(text, str) else text\n\ncode \
                = as_native(codecs.encode(as_octets(key), 'hex'))",
        kinds: &["call"],
        visit: byte_codec,
    },
    Recipe {
        id: "native-decode",
        title: "decode() of what may be a native string",
        class: Class::Check,
        strategy: Strategy::Comprehensive,
        why: "Only bytes have decode() in Python 3.",
        before: "title = data.decode('utf-8')",
        after: "def as_octets(text):\n    return text.encode('latin-1') if isinstance(text, str) else text\n\ntitle = \
                as_octets(data).decode('utf-8')",
        kinds: &["call"],
        visit: native_decode,
    },
    Recipe {
        id: "native-encode",
        title: "encode() whose result is used as a native string",
        class: Class::Check,
        strategy: Strategy::Comprehensive,
        why: "encode() gives bytes in Python 3, which neither equal a str nor join with one.",
        before: "line = text.encode('utf-8') + ';'",
        after: "def as_native(data):\n    return data.decode('latin-1') if isinstance(data, bytes) else data\n\nline = \
                as_native(text.encode('utf-8')) + ';'",
        kinds: &["call"],
        visit: native_encode,
    },
    Recipe {
        id: "library-bytes",
        title: "functions of the library that take or give bytes",
        class: Class::Check,
        strategy: Strategy::Comprehensive,
        why: "struct, base64, binascii, zlib, hashlib, socket and os.urandom take and give bytes in Python 3.",
        before: "import struct\nsize = struct.unpack('!H', head)[0]",
        after: "import struct\n\n\ndef as_octets(text):\n    return text.encode('latin-1') if isinstance(text, str) else \
                text\n\nsize = struct.unpack('!H', as_octets(head))[0]",
        kinds: &["call"],
        visit: library_bytes,
    },
    Recipe {
        id: "byte-order-marks",
        title: "byte order marks beside native strings",
        class: Class::Check,
        strategy: Strategy::Comprehensive,
        why: "The marks in codecs are bytes, which neither begin a str nor join with one.",
        before: "import codecs\nmarked = line.startswith(codecs.BOM_UTF8)",
        after: "import codecs\n\n\ndef as_native(data):\n    return data.decode('latin-1') if isinstance(data, bytes) else \
                data\n\nmarked = line.startswith(as_native(codecs.BOM_UTF8))",
        kinds: &["attribute"],
        visit: byte_order_mark,
    },
];

pub(super) const NATIVE: Import = Import::Helper(
    "as_native",
    "\n\ndef as_native(data):\n    return data.decode('latin-1') if isinstance(data, bytes) else data\n",
);
pub(super) const OCTETS: Import = Import::Helper(
    "as_octets",
    "\n\ndef as_octets(text):\n    return text.encode('latin-1') if isinstance(text, str) else text\n",
);
/// The name of the function that makes native strings of bytes.
pub(super) fn native(context: &Context<'_>) -> Cow<'static, str> {
    name_of(context, &NATIVE)
}

/// The name of the function that makes bytes of native strings.
pub(super) fn octets(context: &Context<'_>) -> Cow<'static, str> {
    name_of(context, &OCTETS)
}

pub(super) const WHY: &str = "a native string is kept as a str of one character for each byte: where the value is bytes by its nature, \
                   better make it bytes throughout";

/// Codecs from bytes to bytes.
const BYTE_CODECS: &[&str] = &[
    "hex",
    "hexcodec",
    "base64",
    "base64codec",
    "zlib",
    "zlibcodec",
    "zip",
    "bz2",
    "bz2codec",
    "quopri",
    "uu",
    "quotedprintable",
];

pub(super) fn applies(context: &Context<'_>, node: Node<'_>) -> bool {
    context.certain && !writes_bytes(context) && !in_helper(context, node)
}

fn in_helper(context: &Context<'_>, node: Node<'_>) -> bool {
    let helpers = [NATIVE, OCTETS, OCTET_STREAM, ON_OCTETS];
    let helper = |name: Node<'_>| helpers.iter().any(|helper| name.text() == name_of(context, helper));
    node.ancestors().any(|outer| outer.kind().ends_with("_definition") && outer.field("name").is_some_and(helper))
}

/// Whether the node is the argument of one of the two functions already.
pub(super) fn is_inside(node: Node<'_>, helper: &str) -> bool {
    let call = node.parent().filter(|list| list.kind() == "argument_list").and_then(Node::parent);
    call.and_then(|call| call.field("function")).is_some_and(|function| function.text() == helper)
}

fn is_call_of(node: Node<'_>, helper: &str) -> bool {
    node.field("function").is_some_and(|function| function.text() == helper)
}

/// `bytes()` and `bytes(x)`, but not where the file knows about Python 3.
fn native_bytes(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(function) = node.field("function").filter(|function| is_builtin(context, *function, "bytes")) else {
        return;
    };
    let aware = || ["version_info", "hexversion", "PY3"].iter().any(|sign| context.original.contains(sign));
    if context.dual || context.once("asks for the version", aware) || !applies(context, node) {
        return;
    }
    match positional(node).as_deref() {
        Some([]) => found.check(node, WHY, vec![Edit::replace(node.span(), "''")]),
        Some([only]) if only.kind() != "list" => found.check(node, WHY, vec![Edit::replace(function.span(), "str")]),
        _ => {}
    }
}

/// What a literal names as a codec, without its blanks; nothing for what is no literal.
fn codec(argument: Node<'_>) -> Option<String> {
    if argument.kind() != "string" {
        return None;
    }
    let inside = argument.text().trim_start_matches(|c: char| c.is_ascii_alphabetic()).trim_matches(['"', '\'']);
    Some(inside.to_ascii_lowercase().chars().filter(char::is_ascii_alphanumeric).collect())
}

/// A call of `encode` or `decode`, with the object, the method's name and the first argument.
fn coding(node: Node<'_>) -> Option<(Node<'_>, Node<'_>, Option<Node<'_>>)> {
    let (object, name) = method_call(node)?;
    matches!(name.text(), "encode" | "decode").then(|| (object, name, arguments(node).first().copied()))
}

fn byte_codec(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some((object, name, Some(argument))) = coding(node) else { return };
    let bytes = codec(argument).is_some_and(|codec| BYTE_CODECS.contains(&codec.as_str()));
    let known = context.dotted(object).is_some_and(|path| path == "codecs");
    if !bytes || known || !applies(context, node) || is_no_string(context, object) {
        return;
    }
    let pieces = vec![
        Piece::New(format!("{}(codecs.{}({}(", native(context), name.text(), octets(context))),
        Piece::Keep(object.span()),
        Piece::New("), ".into()),
        Piece::Keep(argument.span()),
        Piece::New("))".into()),
    ];
    let imports = vec![Import::Module("codecs"), NATIVE, OCTETS];
    found.check_with(node, because(context, object), vec![Edit::pieces(node.span(), pieces)], imports);
}

/// Whether runs of the legacy code met something else than strings at a value, which codes by a method of its own.
fn is_no_string(context: &Context<'_>, object: Node<'_>) -> bool {
    matches!(seen(context, object, STRINGS), Seen::Never(_))
}

/// Whether they met nothing but native strings.
fn is_seen_native(context: &Context<'_>, object: Node<'_>) -> bool {
    matches!(seen(context, object, &["str", "str-like"]), Seen::Only(_))
}

/// The reason for a rewrite, with what was seen.
fn because(context: &Context<'_>, object: Node<'_>) -> String {
    match context.observed(object).as_slice() {
        [] => WHY.to_owned(),
        kinds => format!("{}; {WHY}", told(kinds)),
    }
}

/// Whether a call names a codec of text, or none at all.
fn is_text_codec(argument: Option<Node<'_>>) -> bool {
    match argument {
        None => true,
        Some(argument) if argument.kind() == "keyword_argument" => false,
        // From text to text.
        Some(argument) if codec(argument).is_some_and(|codec| codec == "rot13") => false,
        Some(argument) => codec(argument).is_none_or(|codec| !BYTE_CODECS.contains(&codec.as_str())),
    }
}

fn native_decode(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if super::guarded::is_unless_text(context, node) {
        return;
    }
    if let Some(data) = unicode_with_encoding(context, node) {
        // Which of the two a value is can't be seen, and the helper takes both.
        let wanted = context.certain && !in_helper(context, node) && !is_octets(context, data);
        if wanted && (!writes_bytes(context) || is_parameter(context, data)) {
            let (before, import) = to_octets(context, arguments(node).get(1).copied());
            found.check_with(node, WHY, vec![Edit::wrap(data.span(), before, ")")], vec![import]);
        }
        return;
    }
    let Some((object, name, argument)) = coding(node) else { return };
    let fresh = !is_octets(context, object) && !context.is_written(name);
    // What is certainly a native string is none the less one where the file tells bytes from text elsewhere.
    let native_for_sure = context.certain
        && !in_helper(context, node)
        && (likely_type_of(context, object) == Type::Text || is_seen_native(context, object));
    if name.text() != "decode" || !is_text_codec(argument) || !fresh || !(native_for_sure || applies(context, node)) {
        return;
    }
    if is_module(context, object) || is_known_bytes(context, node, object) || is_no_string(context, object) {
        return;
    }
    if !context.dual && applies(context, node) && super::guarded::is_for_native(context, node, object) {
        return;
    }
    let (before, import) = to_octets(context, argument);
    found.check_with(node, because(context, object), vec![Edit::wrap(object.span(), before, ")")], vec![import]);
}

/// Whether a name is nothing but a function's parameter.
fn is_parameter(context: &Context<'_>, node: Node<'_>) -> bool {
    let binding = context.scopes().binding_of(node).filter(|_| node.kind() == "identifier");
    binding.is_some_and(|binding| {
        context.scopes().binding(binding).definitions.iter().all(|(_, kind)| *kind == BindingKind::Parameter)
    })
}

/// Whether an expression has been made bytes, or is a literal of bytes.
pub(super) fn is_octets(context: &Context<'_>, node: Node<'_>) -> bool {
    is_call_of(node, &octets(context))
        || is_call_of(node, "os.fsencode")
        || (node.kind() == "string" && node.text().starts_with(['b', 'B']))
}

/// What makes bytes of a native string before they are decoded, and what that needs. Names of files and variables of the
/// environment are text in Python 3, decoded by the encoding of the file system.
pub(super) fn to_octets(context: &Context<'_>, codec: Option<Node<'_>>) -> (Cow<'static, str>, Import) {
    if codec.is_some_and(|codec| is_file_system(context, codec)) {
        return (Cow::Borrowed("os.fsencode("), Import::Module("os"));
    }
    (octets(context) + "(", OCTETS)
}

/// Whether an expression is the encoding of the file system, or a name that is nothing else but None.
fn is_file_system(context: &Context<'_>, codec: Node<'_>) -> bool {
    let asked = || context.original.contains("getfilesystemencoding") && !context.binds_other("os", "os");
    if context.dual || !context.once("asks how names of files are encoded", asked) {
        return false;
    }
    let asks = |value: Node<'_>| {
        let function = value.field("function").and_then(|function| context.dotted(function));
        function.is_some_and(|path| path == "sys.getfilesystemencoding")
    };
    let values = context.values_of(codec);
    asks(codec)
        || (values.iter().any(|value| asks(*value))
            && values.iter().all(|value| value.kind() == "none" || asks(*value)))
}

/// The data of `unicode(data, encoding)`.
fn unicode_with_encoding<'t>(context: &Context<'_>, node: Node<'t>) -> Option<Node<'t>> {
    let function = node.field("function")?;
    let made = is_builtin(context, function, "unicode") || (context.is_written(function) && function.text() == "str");
    let parts = arguments(node);
    (made && parts.len() > 1 && !parts[0].kind().contains("splat")).then(|| parts[0])
}

fn native_encode(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some((object, name, argument)) = coding(node) else { return };
    let fresh = !is_inside(node, &native(context)) && !is_inside(node, "os.fsdecode") && !context.is_written(name);
    let shown = context.certain && !in_helper(context, node) && is_shown(context, node);
    if name.text() != "encode" || !is_text_codec(argument) || !fresh || !(shown || applies(context, node)) {
        return;
    }
    let makes_bytes = |method: Node<'_>| {
        let name = method.field("name").map_or("", Node::text);
        let alone = method.field("parameters").is_some_and(|list| list.named_children().count() == 1);
        let bytes = name == "__bytes__" || (name == "__str__" && has_text_method(context, method));
        method.kind() == "function_definition" && alone && bytes
    };
    let object_path = context.dotted(object);
    let from_module = object_path.is_some_and(|path| matches!(path, "codecs" | "base64" | "json" | "jsonpickle"));
    let returned = !shown && node.parent().is_some_and(|parent| parent.kind() == "return_statement");
    let compiled = super::native_streams::is_marked_source(node);
    let from_module = from_module || compiled || is_module(context, object) || is_quoted(context, node);
    // Behind a question for the kind of the string there is another recipe.
    let guarded = !context.dual && super::guarded::is_for_text(context, node, object);
    if guarded || is_no_string(context, object) || from_module || (returned && node.ancestors().any(makes_bytes)) {
        return;
    }
    if argument.is_some_and(|codec| is_file_system(context, codec)) {
        let import = vec![Import::Module("os")];
        return found.check_with(node, WHY, vec![Edit::wrap(node.span(), "os.fsdecode(", ")")], import);
    }
    let why = because(context, object);
    if is_seen_native(context, object) && keeps_ascii(argument) {
        // Python 2 decoded a native string as ASCII before it encoded it, so that nothing but ASCII came through.
        let pieces =
            [Piece::New(native(context).into_owned() + "("), Piece::Keep(object.span()), Piece::New(")".into())];
        return found.check_with(node, why, vec![Edit::pieces(node.span(), pieces.to_vec())], vec![NATIVE]);
    }
    // In the helper's own words, and where the library takes the bytes, they stay bytes.
    found.check_with(node, why, vec![Edit::wrap(node.span(), native(context) + "(", ")")], vec![NATIVE]);
}

/// Whether a codec leaves what is ASCII as it is.
fn keeps_ascii(argument: Option<Node<'_>>) -> bool {
    argument.and_then(codec).is_none_or(|codec| ["utf8", "ascii", "latin1", "iso88591"].contains(&codec.as_str()))
        && argument.is_none_or(|argument| argument.kind() == "string")
}

/// Whether a value is what `__str__` or `__repr__` of a class without `__unicode__` returns: that must be a str.
fn is_shown(context: &Context<'_>, node: Node<'_>) -> bool {
    let returned = node.parent().is_some_and(|parent| parent.kind() == "return_statement");
    let method = node.ancestors().find(|outer| outer.kind() == "function_definition");
    returned
        && method.is_some_and(|method| {
            let name = method.field("name").map_or("", Node::text);
            // Without a base that is known to have one, the class has no __unicode__.
            let class = super::look::class_of(method).and_then(|class| class.field("name")).map_or("", Node::text);
            let other = super::facts::inherits(context, class, "__unicode__") == Some(true);
            name == "__repr__" || (name == "__str__" && !other)
        })
}

/// Whether a name stands for a module, so that what looks like a method is a function.
fn is_module(context: &Context<'_>, object: Node<'_>) -> bool {
    let paths = context.paths(object);
    let bound = object.kind() == "identifier" && !context.is_builtin(object);
    (bound && !paths.is_empty() && paths.iter().all(|path| !path.contains('.')))
        || paths.iter().any(|path| matches!(path.as_str(), "codecs" | "base64" | "binascii" | "json" | "email.header"))
}

/// Whether the class of a method has a `__unicode__`, so that its `__str__` is the one that makes bytes.
fn has_text_method(context: &Context<'_>, method: Node<'_>) -> bool {
    let class = super::look::class_of(method).and_then(|class| class.field("name"));
    class.is_some_and(|class| super::facts::inherits(context, class.text(), "__unicode__") != Some(false))
}

/// Functions that quote text as UTF-8 and bytes as they are.
const QUOTING: &[&str] = &["quote", "quote_plus", "urlencode"];

/// Whether a value is quoted for a URL, where bytes are what is meant.
fn is_quoted(context: &Context<'_>, node: Node<'_>) -> bool {
    let call = node.parent().filter(|list| list.kind() == "argument_list").and_then(Node::parent);
    let function = call.and_then(|call| call.field("function"));
    function.is_some_and(|function| {
        let quotes = |path: &String| QUOTING.iter().any(|name| path.ends_with(name)) && path.starts_with("urllib");
        context.paths(function).iter().any(quotes)
    })
}

/// Whether a branch is only taken for bytes.
fn is_known_bytes(context: &Context<'_>, node: Node<'_>, object: Node<'_>) -> bool {
    let asked = format!("isinstance({}, bytes)", object.text());
    let branch = node.ancestors().find(|outer| matches!(outer.kind(), "if_statement" | "elif_clause"));
    let condition = branch.and_then(|branch| branch.field("condition"));
    condition.is_some_and(|condition| condition.text() == asked && !context.is_written(condition))
}

fn library_bytes(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(function) = node.field("function") else { return };
    if function.kind() == "call" {
        return coder(context, node, function, found);
    }
    let original = context.original;
    if !context.once("imports or digests", || original.contains("import") || original.contains("digest(")) {
        return;
    }
    if let Some(method) = super::native_methods::method_of_object(context, node) {
        return super::native_methods::at_method(context, node, method, found);
    }
    let border = border_of(context, function);
    let (takes, gives, whole) = match border {
        Some(border) => (border.takes, border.gives, border.path == "struct.pack"),
        None if feeds_hash(context, node).is_some() => (Some(0), false, false),
        None => match method_call(node) {
            Some((_, name)) => (likely(context, TAKING, name).then_some(0), likely(context, GIVING, name), false),
            None => return,
        },
    };
    let stream = border.is_some_and(|border| border.path == "io.BytesIO");
    let sure = stream && context.certain && !in_helper(context, node);
    if (takes.is_none() && !gives) || !(sure || applies(context, node)) {
        return;
    }
    let (mut edits, mut imports) = (Vec::new(), Vec::new());
    let parts = positional(node).unwrap_or_default();
    let taken: Vec<Node<'_>> = match takes {
        Some(_) if border.is_some_and(|border| border.path == "hmac.new") => parts.into_iter().take(2).collect(),
        Some(rank) => parts.get(rank).copied().into_iter().collect(),
        None if whole && holds_strings(parts.first().copied()) => parts.into_iter().skip(1).collect(),
        None => Vec::new(),
    };
    for argument in taken.into_iter().filter(|argument| !is_octets(context, *argument) && argument.kind() != "integer")
    {
        if let Some(literal) = super::byte_literals::as_bytes(context, argument) {
            edits.push(literal);
            continue;
        }
        if stream && argument.kind() == "string" {
            continue;
        }
        edits.push(Edit::wrap(argument.span(), octets(context) + "(", ")"));
        imports.push(OCTETS);
    }
    if gives && !is_inside(node, &native(context)) {
        edits.push(Edit::wrap(node.span(), native(context) + "(", ")"));
        imports.push(NATIVE);
    } else if border.is_some_and(|border| border.path.starts_with("struct.unpack"))
        && holds_strings(arguments(node).first().copied())
        && !is_mapped(node)
    {
        edits.push(Edit::wrap(node.span(), format!("tuple({}(part) for part in ", native(context)), ")"));
        imports.push(NATIVE);
    }
    if !edits.is_empty() {
        found.check_with(node, WHY, edits, imports);
    }
}

/// `codecs.getdecoder(name)(data)`.
fn coder(context: &Context<'_>, node: Node<'_>, maker: Node<'_>, found: &mut Findings) {
    let path = maker.field("function").and_then(|function| context.dotted(function)).unwrap_or_default();
    let Some(&data) = arguments(node).first().filter(|data| !is_call_of(**data, &octets(context))) else { return };
    if path == "codecs.getdecoder" && applies(context, node) {
        found.check_with(node, WHY, vec![Edit::wrap(data.span(), octets(context) + "(", ")")], vec![OCTETS]);
    }
}

/// The border that a function is, by every import that may have given it its name.
fn border_of(context: &Context<'_>, function: Node<'_>) -> Option<&'static Border> {
    let mut paths = context.paths(function);
    if paths.is_empty() && function.kind() == "identifier" {
        // A name for the function itself.
        let values = context.values_of(function).into_iter();
        paths = values.map(|value| context.dotted(value).map(str::to_owned)).collect::<Option<_>>().unwrap_or_default();
    }
    // A stream of bytes where there is one; an older library's stands in for it.
    if paths.iter().any(|path| *path == "io.BytesIO") && function.text() == "StringIO" {
        // It takes native strings.
        return None;
    }
    if paths.iter().any(|path| *path == "io.BytesIO") {
        return BORDERS.iter().find(|border| border.path == "io.BytesIO");
    }
    let mut borders = paths.iter().map(|path| BORDERS.iter().find(|border| border.path == path));
    let first = borders.next()??;
    borders
        .all(|other| other.is_some_and(|other| (other.takes, other.gives) == (first.takes, first.gives)))
        .then_some(first)
}

pub(super) fn is_mapped(node: Node<'_>) -> bool {
    node.parent().is_some_and(|parent| parent.kind() == "for_in_clause")
}

fn likely(context: &Context<'_>, table: &[(&str, &[&str])], name: Node<'_>) -> bool {
    // What is asked for a digest is a hash, wherever it came from; many other things can be updated.
    if name.text() == "digest" && table.iter().any(|(method, _)| *method == "digest") {
        return true;
    }
    if name.text() == "update" && table.iter().any(|(method, _)| *method == "update") {
        let object = name.parent().and_then(|attribute| attribute.field("object"));
        return object.is_some_and(|object| {
            (is_digested(context, object.text()) && !is_own_hash(context, object)) || is_hash(context, object)
        });
    }
    let entry = table.iter().find(|(method, _)| *method == name.text());
    entry.is_some_and(|(_, modules)| modules.iter().any(|module| context.imports_module(module)))
}

/// Whether a format of struct has fields of bytes, or may have some.
fn holds_strings(format: Option<Node<'_>>) -> bool {
    format.is_none_or(|format| format.kind() != "string" || format.text().contains(['s', 'p', 'c']))
}

fn byte_order_mark(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let named = node.field("attribute").is_some_and(|name| name.text().starts_with("BOM_"));
    if named
        && applies(context, node)
        && !is_inside(node, &native(context))
        && context.dotted(node).is_some_and(|path| path.starts_with("codecs.BOM_"))
    {
        found.check_with(node, WHY, vec![Edit::wrap(node.span(), native(context) + "(", ")")], vec![NATIVE]);
    }
}
