//! Native strings at methods of objects that the library made.

use iama_syntax::Node;

use super::borders::{Given, METHODS, Method, PROCESSES, SERVERS, STREAM};
use super::look::{method_call, positional};
use super::native::{NATIVE, OCTETS, WHY, applies, is_inside, is_mapped, is_octets, native, octets};
use crate::context::Context;
use crate::edit::Edit;
use crate::recipe::Findings;

/// The method of an object that takes or gives bytes, when all that the object may be is made by the library right here.
pub(super) fn method_of_object(context: &Context<'_>, node: Node<'_>) -> Option<&'static Method> {
    let (object, name) = method_call(node)?;
    let of_stream = || STREAM.iter().find(|method| method.name == name.text());
    if object.kind() == "subscript" {
        let input = object.field("subscript").is_some_and(|key| key.text().trim_matches(['"', '\'']) == "wsgi.input");
        // Who writes to it has made it, unless the library has.
        let made = name.text() != "write" || context.original.contains("setup_testing_defaults");
        return of_stream().filter(|_| input && made);
    }
    if is_stream(context, object) {
        return of_stream();
    }
    let found =
        METHODS.iter().find(|method| method.name == name.text() && makes_only(context, object, method.makers))?;
    Some(found).filter(|method| method.makers != PROCESSES || !speaks_text(context))
}

/// Whether an expression is `self.wfile` of a handler of requests, or the `stdout` of a process that was started right here.
fn is_stream(context: &Context<'_>, object: Node<'_>) -> bool {
    let (Some(owner), Some(name)) = (object.field("object"), object.field("attribute")) else { return false };
    match name.text() {
        "rfile" | "wfile" => owner.text() == "self" && SERVERS.iter().any(|module| context.imported_word(module)),
        "stdin" | "stdout" | "stderr" => makes_only(context, owner, PROCESSES) && !speaks_text(context),
        _ => false,
    }
}

/// Whether some process of the file is read as text already.
fn speaks_text(context: &Context<'_>) -> bool {
    ["universal_newlines", "text=", "encoding="].iter().any(|word| context.original.contains(word))
}

/// Whether an expression is a call of one of these functions, or a name or an attribute that is given nothing else.
fn makes_only(context: &Context<'_>, object: Node<'_>, makers: &[&str]) -> bool {
    let made = |value: Node<'_>| {
        let path = value.field("function").filter(|_| value.kind() == "call").and_then(|maker| context.dotted(maker));
        path.is_some_and(|path| makers.contains(&path))
    };
    let values = match object.kind() {
        "call" => return made(object),
        "identifier" => context.values_of(object),
        "attribute" => {
            let given = |node: &Node<'_>| {
                node.kind() == "assignment" && node.field("left").is_some_and(|left| left.text() == object.text())
            };
            context.tree.nodes().filter(given).filter_map(|node| node.field("right")).collect()
        }
        _ => Vec::new(),
    };
    !values.is_empty() && values.into_iter().all(made)
}

/// Wraps what the method takes and what it gives.
pub(super) fn at_method(context: &Context<'_>, node: Node<'_>, method: &Method, found: &mut Findings) {
    if !applies(context, node) {
        return;
    }
    let (mut edits, mut imports) = (Vec::new(), Vec::new());
    let taken = method.takes.and_then(|rank| positional(node)?.get(rank).copied());
    if let Some(argument) = taken.filter(|argument| !is_octets(context, *argument) && argument.kind() != "none") {
        if let Some(literal) = super::byte_literals::as_bytes(context, argument) {
            edits.push(literal);
        } else {
            edits.push(Edit::wrap(argument.span(), octets(context) + "(", ")"));
            imports.push(OCTETS);
        }
    }
    let before = match method.gives {
        Given::Bytes if !is_inside(node, &native(context)) => Some(native(context) + "("),
        Given::Parts if !is_mapped(node) => Some(format!("tuple({}(part) for part in ", native(context)).into()),
        Given::None | Given::Bytes | Given::Parts => None,
    };
    if let Some(before) = before {
        edits.push(Edit::wrap(node.span(), before, ")"));
        imports.push(NATIVE);
    }
    if !edits.is_empty() {
        found.check_with(node, WHY, edits, imports);
    }
}
