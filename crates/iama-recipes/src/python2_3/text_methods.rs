//! `__unicode__` and `__str__`: Python 3 has one text type, so that one method makes text and another makes bytes.

use iama_syntax::Node;

use super::facts::{defines_method, inherits, is_class, str_takes_parameters};
use super::iterators::{method_name, methods};
use super::look::{arguments, call_of, method_call, rename};
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

pub(super) fn unicode_method(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let named = |wanted: &str| methods(node).find(|method| method_name(*method) == wanted);
    let (text, old) = (named("__unicode__"), named("__str__"));
    match (text, old) {
        (Some(text), Some(old)) => both(text, old, found),
        (Some(text), None) if decodes(text) => {
            let why = "__unicode__ only decoded what __str__ returns; str() gives that directly now";
            let alone = node.field("body").is_some_and(|body| body.named_children().count() == 1);
            let method = whole(text);
            let gone = if alone { rename(method, "pass") } else { super::modules::remove_statement(method) };
            found.check(text, why, vec![gone]);
        }
        (Some(text), None) => {
            let Some(name) = text.field("name") else { return };
            let mut edits = vec![rename(name, "__str__")];
            // The name that the assignment reads is gone, and what it gives is there.
            let body = node.field("body").into_iter().flat_map(Node::named_children);
            let same = body.filter(|statement| statement.text() == "__str__ = __unicode__");
            edits.extend(same.map(super::modules::remove_statement));
            found.safe(text, edits);
        }
        (None, Some(old)) if has_parameters(old) => {
            let class = node.field("name").map_or("", Node::text);
            let Some(name) = old.field("name").filter(|_| inherits(context, class, "__unicode__") == Some(true)) else {
                return;
            };
            let why = "the __unicode__ that the class inherits is __str__ now and calls this one under its new name";
            found.check(old, why, vec![rename(name, "__bytes__")]);
        }
        _ => {}
    }
}

fn both(text: Node<'_>, old: Node<'_>, found: &mut Findings) {
    let (Some(text_name), Some(old_name)) = (text.field("name"), old.field("name")) else { return };
    if encodes(old) {
        return found.safe(text, vec![rename(text_name, "__str__"), rename(old_name, "__bytes__")]);
    }
    if has_parameters(old) {
        let mut edits = vec![rename(text_name, "__str__"), rename(old_name, "__bytes__")];
        let calls = text.descendants().filter(|call| call.kind() == "call");
        edits.extend(calls.filter(|call| call.text() == "str(self)").map(|call| rename(call, "self.__bytes__()")));
        let why = "the __str__ that could be told an encoding made bytes; its callers name it __bytes__ now";
        return found.check(text, why, edits);
    }
    if decodes(text) {
        // The text was made from what __str__ gives, which is text itself now.
        let why = "__unicode__ only decoded what __str__ returns; str() gives that directly now";
        return found.check(text, why, vec![super::modules::remove_statement(whole(text))]);
    }
    let why = "both methods made text of their own; str() calls the one that __unicode__ was";
    found.check(text, why, vec![rename(text_name, "__str__"), rename(old_name, "__bytes__")]);
}

/// Whether a method takes more than the object.
pub(super) fn has_parameters(method: Node<'_>) -> bool {
    method.field("parameters").is_some_and(|list| list.named_children().count() > 1)
}

/// `x.__str__(encoding)` calls the method that makes bytes, under its new name.
fn native_call(context: &Context<'_>, node: Node<'_>, name: Node<'_>, found: &mut Findings) {
    let Some(call) = call_of(node).filter(|_| str_takes_parameters(context) && defines_method(context, "__unicode__"))
    else {
        return;
    };
    let Some(object) = node.field("object") else { return };
    let unbound = is_class(context, object.text().rsplit('.').next().unwrap_or(""));
    if arguments(call).len() <= usize::from(unbound) {
        return;
    }
    let why = "a __str__ that is told an encoding is called __bytes__ now";
    let method = call.ancestors().find(|outer| outer.kind() == "function_definition");
    let shown = method.is_some_and(|method| method_name(method) == "__repr__") && object.text() == "self";
    let returned = call.parent().is_some_and(|parent| parent.kind() == "return_statement");
    if shown && returned {
        return found.check(call, "repr() must give text", vec![rename(call, "str(self)")]);
    }
    found.check(call, why, vec![rename(name, "__bytes__")]);
}

fn whole(method: Node<'_>) -> Node<'_> {
    method.parent().filter(|parent| parent.kind() == "decorated_definition").unwrap_or(method)
}

/// Whether every value that a method returns is encoded text, or the encoding is left to a method that is called encode.
pub(super) fn encodes(method: Node<'_>) -> bool {
    let mut returns = method.descendants().filter(|node| node.kind() == "return_statement").peekable();
    returns.peek().is_some()
        && returns.all(|statement| {
            let call = statement.named_child(0).filter(|value| value.kind() == "call");
            call.and_then(method_call).is_some_and(|(_, name)| name.text() == "encode")
        })
}

/// Whether a method makes its text out of `str(self)`.
pub(super) fn decodes(method: Node<'_>) -> bool {
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

pub(super) fn unicode_call(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(name) = node.field("attribute") else { return };
    if name.text() == "__str__" && context.certain && !context.is_written(name) {
        return native_call(context, node, name, found);
    }
    if name.text() == "__unicode__" && call_of(node).is_some() {
        found.safe(node, vec![rename(name, "__str__")]);
    }
}
