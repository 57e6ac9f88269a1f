//! What native strings did that neither text nor bytes do: tests for their type, translation with deletion, buffers.

use iama_syntax::Node;

use super::facts::writes_bytes;
use super::helpers::name_of;
use super::look::{arguments, call_of, is_builtin, method_call, positional, rename};
use crate::context::Context;
use crate::edit::{Edit, Piece};
use crate::recipe::{Class, Findings, Import, Recipe, Strategy};

pub(super) const RECIPES: [Recipe; 4] = [
    Recipe {
        id: "decoded-type-tests",
        title: "isinstance(x, str) before x.decode()",
        class: Class::Check,
        strategy: Strategy::Comprehensive,
        why: "Only bytes can be decoded in Python 3, so that a branch that decodes what is a str is meant for bytes.",
        before: "mark = b'!'\nif isinstance(name, str):\n    name = name.decode('utf-8')",
        after: "mark = b'!'\nif isinstance(name, bytes):\n    name = name.decode('utf-8')",
        kinds: &["call"],
        visit: decoded_type_test,
    },
    Recipe {
        id: "translate-deleting",
        title: "translate() with characters to delete",
        class: Class::Check,
        strategy: Strategy::Standard,
        why: "The translate of text takes one table in Python 3; a small function deletes and translates.",
        before: "plain = word.translate(None, '-_')",
        after: "def translated(text, table, deleted=''):\n    if isinstance(text, bytes):\n        return text.translate(table, \
                deleted or b'')\n    kept = ''.join([char for char in text if char not in deleted])\n    return kept if table is \
                None else kept.translate(table)\n\nplain = translated(word, None, '-_')",
        kinds: &["call"],
        visit: translate_deleting,
    },
    Recipe {
        id: "buffer-builtin",
        title: "buffer becomes memoryview",
        class: Class::Check,
        strategy: Strategy::Conservative,
        why: "Python 3 has no buffer; a memoryview shows the bytes of an object.",
        before: "part = buffer(data)",
        after: "part = memoryview(data)",
        kinds: &["identifier"],
        visit: buffer_builtin,
    },
    Recipe {
        id: "text-codecs",
        title: "encode('rot13')",
        class: Class::Safe,
        strategy: Strategy::Standard,
        why: "Text has no codec from text to text as a method in Python 3; codecs.encode has it.",
        before: "import codecs\nhidden = word.encode('rot13')",
        after: "import codecs\nhidden = codecs.encode(word, 'rot13')",
        kinds: &["call"],
        visit: text_codec,
    },
];

/// Where native strings are kept, what may be one of them is decoded by a function that takes both.
fn decoded_type_test(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if !node.field("function").is_some_and(|function| is_builtin(context, function, "isinstance")) || !context.certain {
        return;
    }
    let parts = arguments(node);
    let [object, kind] = parts[..] else { return };
    let native = is_builtin(context, kind, "str") && !context.is_written(kind);
    let statement = node
        .parent()
        .filter(|outer| matches!(outer.kind(), "if_statement" | "elif_clause") && node.field_name() == "condition");
    let Some(body) = statement.and_then(|statement| statement.field("consequence")) else { return };
    let decodes = |call: Node<'_>| {
        method_call(call).is_some_and(|(of, name)| name.text() == "decode" && of.text() == object.text())
    };
    if native && writes_bytes(context) && body.descendants().any(|inner| inner.kind() == "call" && decodes(inner)) {
        found.check(node, "a native string that is no text takes this branch no more", vec![rename(kind, "bytes")]);
    }
}

pub(super) const TRANSLATED: Import = Import::Helper(
    "translated",
    "\n\ndef translated(text, table, deleted=''):\n    if isinstance(text, bytes):\n        return text.translate(table, \
     deleted or b'')\n    kept = ''.join([char for char in text if char not in deleted])\n    return kept if table is None else \
     kept.translate(table)\n",
);

fn translate_deleting(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some((object, _)) = method_call(node).filter(|(_, name)| name.text() == "translate") else { return };
    let Some(&[table, deleted]) = positional(node).as_deref() else { return };
    let name = name_of(context, &TRANSLATED);
    let inside = node.ancestors().any(|outer| outer.field("name").is_some_and(|outer| outer.text() == name));
    if !context.certain || inside || context.dotted(object).is_some_and(|path| path == "string") {
        return;
    }
    let pieces = vec![
        Piece::New(format!("{name}(")),
        Piece::Keep(object.span()),
        Piece::New(", ".into()),
        Piece::Keep(table.span()),
        Piece::New(", ".into()),
        Piece::Keep(deleted.span()),
        Piece::New(")".into()),
    ];
    let why = "a str.translate with a table alone says the same where nothing is deleted";
    found.check_with(node, why, vec![Edit::pieces(node.span(), pieces)], vec![TRANSLATED]);
}

fn buffer_builtin(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if !is_builtin(context, node, "buffer") || !context.certain {
        return;
    }
    let why = "a memoryview shows bytes only, and no text";
    if call_of(node).is_some_and(|call| arguments(call).len() > 1) {
        return found.refuse(node, "a buffer of a part: slice a memoryview");
    }
    found.check(node, why, vec![rename(node, "memoryview")]);
}

fn text_codec(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some((object, name)) = method_call(node) else { return };
    let Some(&[codec]) = positional(node).as_deref() else { return };
    let rotates = matches!(codec.text().trim_matches(['"', '\'']), "rot13" | "rot_13" | "rot-13");
    if !rotates || !matches!(name.text(), "encode" | "decode") || !context.certain {
        return;
    }
    if context.dotted(object).is_some_and(|path| path == "codecs") {
        return;
    }
    let pieces = vec![
        Piece::New(format!("codecs.{}(", name.text())),
        Piece::Keep(object.span()),
        Piece::New(", ".into()),
        Piece::Keep(codec.span()),
        Piece::New(")".into()),
    ];
    found.safe_with(node, vec![Edit::pieces(node.span(), pieces)], vec![Import::Module("codecs")]);
}
