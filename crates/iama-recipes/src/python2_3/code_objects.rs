//! Code objects that are made of the parts of another one.

use iama_syntax::Node;

use super::look::positional;
use crate::context::Context;
use crate::edit::{Edit, Piece};
use crate::recipe::{Class, Findings, Recipe, Strategy};

pub(super) const RECIPES: [Recipe; 1] = [Recipe {
    id: "code-objects",
    title: "types.CodeType with the parts of another code object",
    class: Class::Check,
    strategy: Strategy::Conservative,
    why: "A code object takes more parts in each version of Python 3; since 3.8 replace() makes one that differs in those that \
          are named.",
    before: "import types\nshown = types.CodeType(0, c.co_nlocals, c.co_stacksize, c.co_flags, c.co_code, c.co_consts, c.co_names, \
             c.co_varnames, path, c.co_name, line, c.co_lnotab, (), ())",
    after: "import types\nshown = c.replace(co_argcount=0, co_filename=path, co_firstlineno=line, co_freevars=(), \
            co_cellvars=())",
    kinds: &["call"],
    visit: code_object,
}];

/// The parts in Python 2's order.
const PARTS: [&str; 14] = [
    "co_argcount",
    "co_nlocals",
    "co_stacksize",
    "co_flags",
    "co_code",
    "co_consts",
    "co_names",
    "co_varnames",
    "co_filename",
    "co_name",
    "co_firstlineno",
    "co_lnotab",
    "co_freevars",
    "co_cellvars",
];

fn code_object(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(function) = node.field("function").filter(|_| context.certain && context.target >= (3, 8)) else { return };
    let path = || context.dotted(function).is_some_and(|path| matches!(path, "types.CodeType" | "new.code"));
    let Some(parts) = positional(node).filter(|parts| (12..=14).contains(&parts.len()) && path()) else { return };
    // What runs is what makes the object the same one.
    let origin = parts[4].field("object").filter(|_| is_part(parts[4], PARTS[4]));
    let Some(origin) = origin.filter(|origin| origin.kind() == "identifier") else {
        return found
            .refuse(node, "a code object takes other parts in every version: make it by replace() of another one");
    };
    let same = |part: Node<'_>, name: &str| {
        is_part(part, name) && part.field("object").is_some_and(|object| object.text() == origin.text())
    };
    let mut pieces = vec![Piece::Keep(origin.span()), Piece::New(".replace(".into())];
    for (part, name) in parts.iter().zip(PARTS).filter(|(part, name)| !same(**part, name)) {
        let comma = if pieces.len() > 2 { ", " } else { "" };
        pieces.extend([Piece::New(format!("{comma}{name}=")), Piece::Keep(part.span())]);
    }
    pieces.push(Piece::New(")".into()));
    let why = "the parts that Python 2 did not know are those of the other object";
    found.check(node, why, vec![Edit::pieces(node.span(), pieces)]);
}

fn is_part(node: Node<'_>, name: &str) -> bool {
    node.kind() == "attribute" && node.field("attribute").is_some_and(|attribute| attribute.text() == name)
}
