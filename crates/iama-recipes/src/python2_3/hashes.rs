//! Objects that make digests: which names stand for one, and what feeds them.

use iama_syntax::Node;

use super::look::positional;
use crate::context::Context;

/// Whether the file asks what goes by this name for a digest.
pub(super) fn is_digested(context: &Context<'_>, name: &str) -> bool {
    context.once("digests", || context.original.contains("digest("))
        && ["digest(", "hexdigest("].iter().any(|method| context.original.contains(&format!("{name}.{method}")))
}

/// Whether all that a name is given are objects of the workspace's own classes.
pub(super) fn is_own_hash(context: &Context<'_>, name: Node<'_>) -> bool {
    let values = context.values_of(name);
    !values.is_empty()
        && values.iter().all(|value| value.field("function").is_some_and(|made| makes_own(context, made)))
}

pub(super) fn makes_own(context: &Context<'_>, function: Node<'_>) -> bool {
    super::facts::is_class(context, function.field("attribute").unwrap_or(function).text())
}

/// Whether all that a name is given are results of functions that are called after a hash.
pub(super) fn is_hash(context: &Context<'_>, name: Node<'_>) -> bool {
    let makes = |value: &Node<'_>| {
        let function = value.field("function").filter(|_| value.kind() == "call").map_or("", Node::text);
        let mut words = function.split(['.', '_']);
        words.any(|word| matches!(word, "hashlib" | "md5" | "sha" | "sha1" | "sha224" | "sha256" | "sha384" | "sha512"))
    };
    let values = context.values_of(name);
    !values.is_empty() && values.iter().all(makes)
}

/// The argument that feeds a hash: of a call that is asked for a digest right away, or whose name is later.
pub(super) fn feeds_hash<'t>(context: &Context<'_>, node: Node<'t>) -> Option<Node<'t>> {
    let asked = node.parent().and_then(|outer| outer.field("attribute")).is_some_and(|name| is_digest(name.text()));
    let assignment = node.parent().filter(|outer| outer.kind() == "assignment" && node.field_name() == "right");
    let named = assignment.and_then(|outer| outer.field("left")).filter(|left| left.kind() != "pattern_list");
    if !asked && !named.is_some_and(|left| is_digested(context, left.text())) {
        return None;
    }
    let constructed = node.field("function").is_some_and(|function| function.kind() != "call");
    // A hash of the workspace's own takes what it was written for.
    let own = node.field("function").is_some_and(|function| makes_own(context, function));
    let parts = positional(node).filter(|_| constructed && !own)?;
    if let [only] = parts[..] { Some(only) } else { None }
}

pub(super) fn is_digest(name: &str) -> bool {
    matches!(name, "digest" | "hexdigest")
}
