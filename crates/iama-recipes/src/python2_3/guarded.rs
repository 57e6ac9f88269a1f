//! Coding that stands behind a question for the kind of a string.
//!
//! Python 2 asked which of the two kinds a value is; in Python 3 native strings and text are both str, so that the question
//! has one answer. Two small functions look at the characters instead: what can't be one character for each byte is text,
//! and so is what does not decode.

use iama_syntax::Node;

use super::helpers::name_of;
use super::look::{arguments, is_builtin, method_call};
use super::native::applies;
use crate::context::Context;
use crate::edit::{Edit, Piece};
use crate::recipe::{Class, Findings, Import, Recipe, Strategy};

pub(super) const RECIPES: [Recipe; 2] = [
    Recipe {
        id: "guarded-encode",
        title: "text that is encoded behind isinstance(x, unicode)",
        class: Class::Check,
        strategy: Strategy::Comprehensive,
        why: "Native strings passed this question in Python 2 and were not encoded; in Python 3 they are str as text is.",
        before: "if isinstance(name, unicode):\n    name = name.encode('utf-8')",
        after: "def as_encoded(text, encoding='ascii', errors='strict'):\n    try:\n        text.encode('ascii')\n    except \
                UnicodeError:\n        try:\n            if '16' not in encoding and '32' not in encoding:\n                \
                text.encode('latin-1').decode(encoding)\n                return text\n        except UnicodeError:\n            \
                pass\n    return text.encode(encoding, errors).decode('latin-1')\n\nif isinstance(name, unicode):\n    name = \
                as_encoded(name, 'utf-8')",
        kinds: &["call"],
        visit: guarded_encode,
    },
    Recipe {
        id: "guarded-decode",
        title: "native strings that are decoded where they are not text yet",
        class: Class::Check,
        strategy: Strategy::Comprehensive,
        why: "Native strings and text are both str in Python 3, so that the question for the kind never leads to decoding, or \
              always.",
        before: "if not isinstance(name, unicode):\n    name = name.decode('utf-8')",
        after: "def as_text(data, encoding='ascii', errors='strict'):\n    if isinstance(data, bytes):\n        return \
                data.decode(encoding, errors)\n    try:\n        return data.encode('latin-1').decode(encoding)\n    except \
                UnicodeError:\n        return data\n\nname = as_text(name, 'utf-8')",
        kinds: &["call", "if_statement"],
        visit: guarded_decode,
    },
];

const ENCODED: Import = Import::Helper(
    "as_encoded",
    "\n\ndef as_encoded(text, encoding='ascii', errors='strict'):\n    try:\n        text.encode('ascii')\n    except \
     UnicodeError:\n        try:\n            if '16' not in encoding and '32' not in encoding:\n                \
     text.encode('latin-1').decode(encoding)\n                return text\n        except UnicodeError:\n            \
     pass\n    return text.encode(encoding, errors).decode('latin-1')\n",
);
const TEXT: Import = Import::Helper(
    "as_text",
    "\n\ndef as_text(data, encoding='ascii', errors='strict'):\n    if isinstance(data, bytes):\n        return \
     data.decode(encoding, errors)\n    try:\n        return data.encode('latin-1').decode(encoding)\n    except \
     UnicodeError:\n        return data\n",
);

const WHY: &str =
    "text that looks like encoded text can't be told from it: where one kind alone comes by, code it by itself";

/// Whether the node stands in one of the two functions.
fn in_helper(context: &Context<'_>, node: Node<'_>) -> bool {
    node.ancestors().any(|outer| {
        let name = outer.field("name").filter(|_| outer.kind() == "function_definition");
        name.is_some_and(|name| [ENCODED, TEXT].iter().any(|helper| name.text() == name_of(context, helper)))
    })
}

/// What a branch that the node stands in has been asked, as it stood in the original: the innermost first.
fn questions<'c>(context: &'c Context<'_>, node: Node<'_>) -> Vec<&'c str> {
    let mut inner = node;
    let mut asked = Vec::new();
    for outer in node.ancestors().take_while(|outer| outer.kind() != "function_definition") {
        let branch = match outer.kind() {
            "if_statement" | "elif_clause" => inner.field_name() == "consequence",
            // Its parts have no names: the value, the condition, the other value.
            "conditional_expression" => outer.named_child(0) == Some(inner),
            _ => false,
        };
        let condition = outer.field("condition").or_else(|| outer.named_child(1)).filter(|_| branch);
        asked.extend(condition.map(|condition| context.source_text(condition)));
        inner = outer;
    }
    asked
}

/// Whether the branch is only taken for text, by the question that it asked in Python 2.
pub(super) fn is_for_text(context: &Context<'_>, node: Node<'_>, object: Node<'_>) -> bool {
    let wanted = format!("isinstance({}, unicode)", object.text());
    questions(context, node).iter().any(|asked| *asked == wanted)
}

/// Whether the branch is only taken for native strings.
pub(super) fn is_for_native(context: &Context<'_>, node: Node<'_>, object: Node<'_>) -> bool {
    let wanted = format!("isinstance({}, str)", object.text());
    questions(context, node).iter().any(|asked| *asked == wanted) && !catches(node)
}

/// Whether an error of decoding leads somewhere.
fn catches(node: Node<'_>) -> bool {
    node.ancestors()
        .take_while(|outer| outer.kind() != "function_definition")
        .any(|outer| outer.kind() == "try_statement")
}

/// The encoding and what else a call of encode or decode is given.
fn coding<'t>(node: Node<'t>, method: &str) -> Option<(Node<'t>, Vec<Node<'t>>)> {
    let (object, _) = method_call(node).filter(|(_, name)| name.text() == method)?;
    let all = arguments(node);
    let simple = matches!(object.kind(), "identifier" | "attribute") && all.len() <= 2;
    (simple && all.iter().all(|part| !part.kind().contains("splat"))).then_some((object, all))
}

/// Whether a codec is one of text, as far as can be seen.
fn is_text_codec(all: &[Node<'_>]) -> bool {
    let bytes = ["hex", "base64", "zlib", "bz2", "string", "unicode", "rot", "punycode", "idna", "raw"];
    all.first().is_none_or(|codec| codec.kind() != "string" || !bytes.iter().any(|name| codec.text().contains(name)))
}

fn call(context: &Context<'_>, helper: &Import, object: Node<'_>, all: &[Node<'_>]) -> Vec<Piece> {
    let mut pieces = vec![Piece::New(format!("{}(", name_of(context, helper))), Piece::Keep(object.span())];
    for part in all {
        pieces.extend([Piece::New(", ".into()), Piece::Keep(part.span())]);
    }
    pieces.push(Piece::New(")".into()));
    pieces
}

fn guarded_encode(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some((object, all)) = coding(node, "encode").filter(|(_, all)| is_text_codec(all)) else { return };
    if applies(context, node) && !in_helper(context, node) && is_for_text(context, node, object) {
        let edit = Edit::pieces(node.span(), call(context, &ENCODED, object, &all));
        found.check_with(node, WHY, vec![edit], vec![ENCODED]);
    }
}

fn guarded_decode(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if node.kind() == "if_statement" {
        return decode_unless_text(context, node, found);
    }
    let Some((object, all)) = coding(node, "decode").filter(|(_, all)| is_text_codec(all)) else { return };
    if applies(context, node) && !in_helper(context, node) && is_for_native(context, node, object) {
        let edit = Edit::pieces(node.span(), call(context, &TEXT, object, &all));
        found.check_with(node, WHY, vec![edit], vec![TEXT]);
    }
}

/// What is assigned and what is decoded, by which codec.
type Decoded<'t> = (Node<'t>, Node<'t>, Vec<Node<'t>>);

/// The parts of `if not isinstance(x, unicode): x = x.decode(…)` and of the like with `x = unicode(x, …)`.
fn unless_text<'t>(context: &Context<'_>, node: Node<'t>) -> Option<Decoded<'t>> {
    let statements: Vec<_> = node.field("consequence")?.named_children().collect();
    let [only] = statements[..] else { return None };
    let assignment = only.named_child(0).filter(|inner| inner.kind() == "assignment")?;
    let (left, right) = (assignment.field("left")?, assignment.field("right")?);
    let wanted = format!("not isinstance({}, unicode)", left.text());
    let alone = node.field("alternative").is_none() && context.source_text(node.field("condition")?) == wanted;
    if !alone || !applies(context, node) || catches(only) || right.kind() != "call" || context.is_written(right) {
        return None;
    }
    let made = right.field("function").is_some_and(|function| is_builtin(context, function, "unicode"));
    let (object, all) = match coding(right, "decode") {
        Some(parts) => parts,
        None if made && arguments(right).len() > 1 => {
            let mut all = arguments(right);
            (all.remove(0), all)
        }
        None => return None,
    };
    (object.text() == left.text() && is_text_codec(&all)).then_some((left, object, all))
}

/// Whether a call is what such a branch decodes by.
pub(super) fn is_unless_text(context: &Context<'_>, node: Node<'_>) -> bool {
    let branch = node.ancestors().take(4).find(|outer| outer.kind() == "if_statement");
    !context.dual && branch.is_some_and(|branch| unless_text(context, branch).is_some())
}

fn decode_unless_text(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some((left, object, all)) = unless_text(context, node) else { return };
    let mut pieces = vec![Piece::Keep(left.span()), Piece::New(" = ".into())];
    pieces.extend(call(context, &TEXT, object, &all));
    found.check_with(node, WHY, vec![Edit::pieces(node.span(), pieces)], vec![TEXT]);
}
