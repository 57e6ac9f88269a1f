//! `__unicode__` and `__str__`: Python 3 has one text type, so that one method makes text and another makes bytes.

use iama_syntax::Node;

use super::iterators::{method_name, methods};
use super::look::{call_of, method_call, rename};
use crate::context::Context;
use crate::recipe::{Class, Findings, Recipe, Strategy};

pub(super) const RECIPES: [Recipe; 2] = [
    Recipe {
        id: "unicode-method",
        title: "__unicode__ becomes __str__",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "str() makes text in Python 3 and calls __str__; a __str__ that encoded is what __bytes__ is now.",
        before: "class Name(object):\n    def __unicode__(self):\n        return self.text\n\n    def __str__(self):\n        \
                 return self.text.encode('utf-8')",
        after: "class Name(object):\n    def __str__(self):\n        return self.text\n\n    def __bytes__(self):\n        \
                return self.text.encode('utf-8')",
        kinds: &["class_definition"],
        visit: unicode_method,
    },
    Recipe {
        id: "unicode-method-call",
        title: "calls of __unicode__",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "The method that makes text is called __str__ in Python 3.",
        before: "text = item.__unicode__()",
        after: "text = item.__str__()",
        kinds: &["attribute"],
        visit: unicode_call,
    },
];

/// The first statement of a class or function behind its docstring.
pub(super) fn after_docstring(node: Node<'_>) -> Option<Node<'_>> {
    let mut statements = node.field("body")?.named_children();
    let first = statements.next()?;
    let docstring =
        first.kind() == "expression_statement" && first.named_child(0).is_some_and(|value| value.kind() == "string");
    if docstring { statements.next() } else { Some(first) }
}

fn unicode_method(_: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let named = |wanted: &str| methods(node).find(|method| method_name(*method) == wanted);
    let Some(text) = named("__unicode__") else { return };
    let Some(text_name) = text.field("name") else { return };
    let Some(old) = named("__str__") else {
        return found.safe(text, vec![rename(text_name, "__str__")]);
    };
    let Some(old_name) = old.field("name") else { return };
    if encodes(old) {
        return found.safe(text, vec![rename(text_name, "__str__"), rename(old_name, "__bytes__")]);
    }
    if decodes(text) {
        // The text was made from what __str__ gives, which is text itself now.
        let why = "__unicode__ only decoded what __str__ returns; str() gives that directly now";
        return found.check(text, why, vec![super::modules::remove_statement(whole(text))]);
    }
    let why = "both methods made text of their own; str() calls the one that __unicode__ was";
    found.check(text, why, vec![rename(text_name, "__str__"), rename(old_name, "__bytes__")]);
}

fn whole(method: Node<'_>) -> Node<'_> {
    method.parent().filter(|parent| parent.kind() == "decorated_definition").unwrap_or(method)
}

/// Whether every value that a method returns is encoded text, or the encoding is left to a method that is called encode.
fn encodes(method: Node<'_>) -> bool {
    let mut returns = method.descendants().filter(|node| node.kind() == "return_statement").peekable();
    returns.peek().is_some()
        && returns.all(|statement| {
            let call = statement.named_child(0).filter(|value| value.kind() == "call");
            call.and_then(method_call).is_some_and(|(_, name)| name.text() == "encode")
        })
}

/// Whether a method makes its text out of `str(self)`.
fn decodes(method: Node<'_>) -> bool {
    method.descendants().any(|node| {
        let from_str = |object: Node<'_>| {
            matches!(object.text(), "str(self)" | "self.__str__()") || object.text().starts_with("self.__str__(")
        };
        let decoded = method_call(node).is_some_and(|(object, name)| name.text() == "decode" && from_str(object));
        let function = node.field("function").map_or("", Node::text);
        let first = node.field("arguments").and_then(|list| list.named_child(0));
        decoded || (node.kind() == "call" && function == "unicode" && first.is_some_and(from_str))
    })
}

fn unicode_call(_: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(name) = node.field("attribute").filter(|name| name.text() == "__unicode__") else { return };
    if call_of(node).is_some() {
        found.safe(node, vec![rename(name, "__str__")]);
    }
}
