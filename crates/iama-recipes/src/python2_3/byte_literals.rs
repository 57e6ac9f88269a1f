//! Literals that certainly go into binary files, or are compared with what comes out of them.

use iama_syntax::Node;

use super::look::{arguments, method_call, positional};
use super::native::applies;
use super::native_files::takes_whole_files;
use crate::context::Context;
use crate::edit::Edit;
use crate::recipe::{Class, Findings, Recipe, Strategy};

pub(super) const RECIPES: [Recipe; 1] = [Recipe {
    id: "binary-file-literals",
    title: "literals written to binary files",
    class: Class::Safe,
    strategy: Strategy::Standard,
    why: "A binary file takes and gives bytes in Python 3; in Python 2 a literal with a b is the same as one without.",
    before: "import zipfile\nlog = open(name, 'wb')\nlog.write('done')",
    after: "import zipfile\nlog = open(name, 'wb')\nlog.write(b'done')",
    kinds: &["call", "comparison_operator"],
    visit: literals,
}];

fn literals(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if !context.certain {
        return;
    }
    let wanted = if node.kind() == "comparison_operator" { compared(context, node) } else { taken(context, node) };
    // Where native strings are kept, the file itself is made to take them.
    let Some(wanted) = wanted.filter(|_| !applies(context, node) || takes_whole_files(context)) else { return };
    let edits: Vec<_> = wanted.into_iter().filter_map(|literal| as_bytes(context, literal)).collect();
    if !edits.is_empty() {
        found.safe(node, edits);
    }
}

/// Puts a b before a literal of ASCII.
pub(super) fn as_bytes(context: &Context<'_>, literal: Node<'_>) -> Option<Edit> {
    let plain = literal.text().starts_with(['"', '\'', 'r', 'R']) && literal.text().is_ascii();
    let is_literal = literal.kind() == "string" && plain && !context.had_future("unicode_literals");
    is_literal.then(|| Edit::insert(literal.start(), "b"))
}

/// What a call writes to a binary file, or an assertion compares with what was read from one.
fn taken<'t>(context: &Context<'_>, call: Node<'t>) -> Option<Vec<Node<'t>>> {
    let (object, name) = method_call(call)?;
    match name.text() {
        "write" if is_binary(context, object) => positional(call),
        "writelines" if is_binary(context, object) => {
            let lists = arguments(call).into_iter().filter(|list| matches!(list.kind(), "list" | "tuple"));
            Some(lists.flat_map(Node::named_children).collect())
        }
        "assertEqual" | "assertEquals" | "failUnlessEqual" | "assertNotEqual" => one_read(context, positional(call)?),
        _ => None,
    }
}

fn compared<'t>(context: &Context<'_>, node: Node<'t>) -> Option<Vec<Node<'t>>> {
    one_read(context, node.named_children().filter(|child| child.field_name() != "operators").collect())
}

/// The two sides when one of them was read from a binary file.
fn one_read<'t>(context: &Context<'_>, sides: Vec<Node<'t>>) -> Option<Vec<Node<'t>>> {
    let read = |side: &Node<'_>| {
        let reads = |(object, name): (Node<'_>, Node<'_>)| {
            matches!(name.text(), "read" | "readline") && is_binary(context, object)
        };
        side.kind() == "call" && method_call(*side).is_some_and(reads)
    };
    let literal = sides.iter().take(2).any(|side| side.kind() == "string");
    (literal && sides.iter().take(2).any(read)).then(|| sides.into_iter().take(2).collect())
}

/// Whether an expression opens a file in binary mode, or is a name for nothing but such files.
fn is_binary(context: &Context<'_>, object: Node<'_>) -> bool {
    if object.kind() == "call" {
        return opens_binary(context, object);
    }
    let Some(binding) = context.scopes().binding_of(object).filter(|_| object.kind() == "identifier") else {
        return false;
    };
    let definitions = &context.scopes().binding(binding).definitions;
    !definitions.is_empty()
        && definitions.iter().all(|(id, _)| {
            let target = context.tree.node(*id);
            let value = target.parent().and_then(|outer| match outer.kind() {
                "assignment" if target.field_name() == "left" => outer.field("right"),
                "as_pattern_target" => outer.parent().and_then(|pattern| pattern.named_child(0)),
                _ => None,
            });
            value.is_some_and(|value| value.kind() == "call" && opens_binary(context, value))
        })
}

fn opens_binary(context: &Context<'_>, call: Node<'_>) -> bool {
    if super::files::opens(context, call) {
        return super::files::mode(call).is_some_and(|mode| mode.text().contains('b'));
    }
    let path = call.field("function").and_then(|function| context.dotted(function)).unwrap_or_default();
    let temporary = matches!(path, "tempfile.TemporaryFile" | "tempfile.NamedTemporaryFile");
    temporary && arguments(call).iter().all(|part| part.kind() == "keyword_argument" && !part.text().contains("mode"))
}
