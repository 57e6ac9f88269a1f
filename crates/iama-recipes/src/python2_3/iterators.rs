//! What gave a list in Python 2 and gives a view or an iterator in Python 3.

use iama_syntax::Node;

use super::helpers::name_of;
use super::look::{
    Use, arguments, bare, call_of, is_builtin, is_loose, kept, list_around, method_call, positional, rename, use_of,
};
use super::observed::{DICTIONARIES, ITERATORS, Seen, have_method, seen, told};
use crate::context::Context;
use crate::edit::{Edit, Piece};
use crate::recipe::{Class, Findings, Import, Recipe, Strategy};

pub(super) const RECIPES: [Recipe; 6] = [
    Recipe {
        id: "dict-views",
        title: "keys(), values() and items() gave lists",
        class: Class::Safe,
        strategy: Strategy::Standard,
        why: "Python 3 gives views that can't be indexed, sorted in place or kept while the dictionary changes; the iter \
              and view variants are gone.",
        before: "names = table.keys()\nfor key, value in table.iteritems(): pass",
        after: "names = list(table.keys())\nfor key, value in table.items(): pass",
        kinds: &["call"],
        visit: dict_views,
    },
    Recipe {
        id: "has-key",
        title: "has_key() becomes in",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "Python 3's dictionaries have no has_key().",
        before: "if not table.has_key(name): pass",
        after: "if name not in table: pass",
        kinds: &["call"],
        visit: has_key,
    },
    Recipe {
        id: "map-filter-zip",
        title: "map(), filter() and zip() gave lists",
        class: Class::Safe,
        strategy: Strategy::Standard,
        why: "Python 3 gives iterators, which have no length, no index and only one life.",
        before: "widths = map(len, rows)",
        after: "widths = list(map(len, rows))",
        kinds: &["call"],
        visit: map_filter_zip,
    },
    Recipe {
        id: "range-list",
        title: "range() gave a list",
        class: Class::Safe,
        strategy: Strategy::Standard,
        why: "Python 3's range object can't be changed, added to or compared with a list.",
        before: "queue = range(10)",
        after: "queue = list(range(10))",
        kinds: &["call"],
        visit: range_list,
    },
    Recipe {
        id: "next-method",
        title: "iterators have __next__",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "The method of the iterator protocol is called __next__ in Python 3, and next() calls it.",
        before: "first = stream.next()",
        after: "first = next(stream)",
        kinds: &["call", "function_definition"],
        visit: next_method,
    },
    Recipe {
        id: "next-attribute",
        title: "the next method of an iterator as a value",
        class: Class::Check,
        strategy: Strategy::Conservative,
        why: "The method of the iterator protocol is called __next__ in Python 3.",
        before: "read = iter(lines).next",
        after: "read = iter(lines).__next__",
        kinds: &["attribute"],
        visit: next_attribute,
    },
];

pub(super) fn dict_views(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some((object, name)) = method_call(node) else { return };
    // `dict.keys(self)` names the class first.
    let unbound = is_builtin(context, object, "dict");
    if arguments(node).len() != usize::from(unbound) {
        return;
    }
    let method = name.text();
    let (plain, lazy) = match method.strip_prefix("iter").or_else(|| method.strip_prefix("view")) {
        Some(plain) => (plain, true),
        None => (method, false),
    };
    if !matches!(plain, "keys" | "values" | "items") || (!lazy && !context.certain) || context.is_written(name) {
        return;
    }
    if lazy && object.text() == "self" && defines_method(node, method) {
        return;
    }
    let kinds = seen(context, object, DICTIONARIES);
    if let Seen::Never(kinds) = &kinds
        && have_method(context, kinds, method)
    {
        return;
    }
    let mut edits: Vec<Edit> = if lazy { vec![rename(name, plain)] } else { Vec::new() };
    let wrapper = match use_of(context, node) {
        Use::Loop(_) | Use::Comprehension | Use::Consumed if lazy => None,
        Use::Consumed if !is_iter_argument(context, node) => None,
        Use::Membership => None,
        Use::Comprehension if node.parent().is_some_and(|clause| context.is_written(clause) || is_copied(clause)) => {
            None
        }
        _ if !lazy => Some(list_around(context)),
        _ => method.starts_with("iter").then_some(("iter(", ")")),
    };
    if let Some((before, after)) = wrapper {
        edits.push(Edit::wrap(node.span(), before, after));
    }
    if !edits.is_empty() {
        found.safe(node, edits);
        explain(&kinds, found);
    }
}

/// Whether a comprehension makes nothing but a list of what it goes through.
fn is_copied(clause: Node<'_>) -> bool {
    let list = clause.parent().filter(|outer| outer.kind() == "list_comprehension");
    let parts: Vec<_> = list.into_iter().flat_map(Node::named_children).collect();
    parts.len() == 2
        && parts[0].kind() == "identifier"
        && clause.field("left").is_some_and(|left| left.text() == parts[0].text())
}

/// What was seen says how far a rewrite for dictionaries or iterators may be trusted.
pub(super) fn explain(kinds: &Seen<'_>, found: &mut Findings) {
    match kinds {
        Seen::Nothing => {}
        Seen::Only(kinds) => found.because(Class::Safe, told(kinds)),
        Seen::Mixed(kinds) | Seen::Never(kinds) => found.because(Class::Check, told(kinds)),
    }
}

fn defines_method(node: Node<'_>, name: &str) -> bool {
    let class = node.ancestors().find(|ancestor| ancestor.kind() == "class_definition");
    class.is_some_and(|class| methods(class).any(|method| method_name(method) == name))
}

pub(super) fn methods(class: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    let body = class.field("body").into_iter().flat_map(Node::named_children);
    body.filter_map(|statement| match statement.kind() {
        "function_definition" => Some(statement),
        "decorated_definition" => {
            statement.field("definition").filter(|definition| definition.kind() == "function_definition")
        }
        _ => None,
    })
}

pub(super) fn method_name(method: Node<'_>) -> &str {
    method.field("name").map_or("", Node::text)
}

/// Whether the node is handed to `iter()`, which keeps hold of it.
fn is_iter_argument(context: &Context<'_>, node: Node<'_>) -> bool {
    let call = node.parent().and_then(Node::parent);
    call.and_then(|call| call.field("function")).is_some_and(|function| is_builtin(context, function, "iter"))
}

pub(super) fn has_key(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some((object, name)) = method_call(node) else { return };
    let Some(parts) = positional(node) else { return };
    let ([key], "has_key") = (&parts[..], name.text()) else { return };
    // The class's own method may be what its __contains__ is made of.
    if object.text() == "self" && defines_method(node, "has_key") {
        return;
    }
    if object.text() == "self" && is_in_contains(node) {
        if !super::facts::defines_method(context, "has_key") {
            found.refuse(node, "`in` asks this very method: look the key up by other means");
        }
        return;
    }
    let kinds = seen(context, object, DICTIONARIES);
    if let Seen::Never(kinds) = &kinds
        && have_method(context, kinds, "has_key")
    {
        return;
    }
    let negation = node.parent().filter(|parent| parent.kind() == "not_operator");
    let whole = negation.unwrap_or(node);
    let operand = whole.parent().is_some_and(|parent| binds_tighter(parent, whole));
    let mut pieces = Vec::new();
    if operand {
        pieces.push(Piece::New("(".into()));
    }
    pieces.extend(kept(*key, is_loose(*key)));
    pieces.push(Piece::New(if negation.is_some() { " not in ".into() } else { " in ".into() }));
    pieces.extend(kept(object, false));
    if operand {
        pieces.push(Piece::New(")".into()));
    }
    found.safe(node, vec![Edit::pieces(whole.span(), pieces)]);
    explain(&kinds, found);
}

fn is_in_contains(node: Node<'_>) -> bool {
    let method = node.ancestors().find(|outer| outer.kind() == "function_definition");
    method.is_some_and(|method| method_name(method) == "__contains__")
}

/// Whether a comparison in the place of `node` needs parentheses.
fn binds_tighter(parent: Node<'_>, node: Node<'_>) -> bool {
    match parent.kind() {
        "comparison_operator" | "binary_operator" | "unary_operator" | "attribute" | "await" => true,
        "subscript" => node.field_name() == "value",
        "call" => node.field_name() == "function",
        _ => false,
    }
}

fn map_filter_zip(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(function) = node.field("function").filter(|name| name.kind() == "identifier") else { return };
    let name = function.text();
    if !matches!(name, "map" | "filter" | "zip") || !context.certain || !context.is_builtin(function) {
        return;
    }
    if context.is_written(function) {
        return;
    }
    let Some(parts) = positional(node) else {
        if use_of(context, node) == Use::Other {
            found.safe(node, vec![as_list(context, node)]);
        }
        return;
    };
    let used = use_of(context, node);
    match (name, &parts[..]) {
        ("map", [nothing, sequence]) if nothing.kind() == "none" => {
            found.safe(node, vec![Edit::pieces(node.span(), list_of(context, *sequence))]);
        }
        ("map", [nothing, ..]) if nothing.kind() == "none" => {
            found.refuse(node, "map(None, …) pads the shorter sequences: itertools.zip_longest does, as tuples");
        }
        ("map", [_, _, _, ..]) if used != Use::Consumed => {
            let why =
                "with several sequences Python 2 pads the shorter ones with None and Python 3 stops at the shortest";
            found.check(node, why, wrapped(context, node, used));
        }
        ("filter", [_, _]) if used == Use::Dropped => found.safe(node, wrapped(context, node, Use::Other)),
        ("map", _) if used == Use::Dropped => found.safe(node, vec![as_list(context, node)]),
        ("filter", [_, _]) if used == Use::Other => {
            let why = "filter() of a string or a tuple gave a string or a tuple";
            found.check(node, why, wrapped(context, node, used));
        }
        _ => {
            let edits = wrapped(context, node, used);
            if !edits.is_empty() {
                found.safe(node, edits);
            }
        }
    }
}

fn wrapped(context: &Context<'_>, node: Node<'_>, used: Use<'_>) -> Vec<Edit> {
    if used != Use::Other {
        return Vec::new();
    }
    // In Python 2 a list comprehension leaves its name behind.
    match lambda_comprehension(node).filter(|_| !context.dual) {
        Some(pieces) => vec![Edit::pieces(node.span(), pieces)],
        None => vec![as_list(context, node)],
    }
}

fn as_list(context: &Context<'_>, node: Node<'_>) -> Edit {
    let (before, after) = list_around(context);
    Edit::wrap(node.span(), before, after)
}

/// `map(lambda x: e, s)` and `filter(lambda x: e, s)` read better as list comprehensions.
fn lambda_comprehension(node: Node<'_>) -> Option<Vec<Piece>> {
    let name = node.field("function")?.text();
    let parts = positional(node)?;
    let [function, sequence] = parts[..] else { return None };
    let function = bare(function);
    if name == "filter" && function.kind() == "none" && !is_loose(sequence) {
        let before = "[item for item in ".to_owned();
        return Some(vec![Piece::New(before), Piece::Keep(sequence.span()), Piece::New(" if item]".into())]);
    }
    if function.kind() != "lambda" || is_loose(sequence) {
        return None;
    }
    let body = function.field("body")?;
    let parameters: Vec<_> = function.field("parameters")?.named_children().collect();
    let [mut parameter] = parameters[..] else { return None };
    // `lambda (x): x` has parentheses and no tuple.
    while parameter.kind() == "tuple_pattern" && parameter.child_of_kind(",").is_none() {
        parameter = parameter.named_child(0)?;
    }
    if parameter.kind() != "identifier"
        || body.kind() == "lambda"
        || body.descendants().any(|inner| inner.kind() == "lambda")
    {
        return None;
    }
    let parameter_text = parameter.text();
    let mut pieces = vec![Piece::New("[".into())];
    if name == "map" {
        pieces.extend([Piece::Keep(body.span()), Piece::New(format!(" for {parameter_text} in "))]);
        pieces.extend([Piece::Keep(sequence.span()), Piece::New("]".into())]);
    } else {
        pieces.push(Piece::New(format!("{parameter_text} for {parameter_text} in ")));
        pieces.extend([Piece::Keep(sequence.span()), Piece::New(" if ".into())]);
        pieces.extend(kept(body, matches!(body.kind(), "conditional_expression" | "lambda")));
        pieces.push(Piece::New("]".into()));
    }
    Some(pieces)
}

fn list_of(context: &Context<'_>, sequence: Node<'_>) -> Vec<Piece> {
    let (before, after) = list_around(context);
    vec![Piece::New(before.into()), Piece::Keep(sequence.span()), Piece::New(after.into())]
}

fn range_list(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(function) = node.field("function").filter(|name| is_builtin(context, *name, "range")) else { return };
    if !context.certain || context.is_written(function) {
        return;
    }
    if use_of(context, node) == Use::Other && !is_only_read(node) && !feeds_list_maker(context, node) {
        found.safe(node, vec![as_list(context, node)]);
    }
}

/// Whether `map()`, `filter()` or `zip()` goes through the node.
fn feeds_list_maker(context: &Context<'_>, node: Node<'_>) -> bool {
    let call = node.parent().filter(|list| list.kind() == "argument_list").and_then(Node::parent);
    call.and_then(|call| call.field("function")).is_some_and(|function| {
        ["map", "filter", "zip", "reduce"].iter().any(|name| is_builtin(context, function, name))
    })
}

/// Whether a range is only indexed or measured, which Python 3's range object allows.
fn is_only_read(node: Node<'_>) -> bool {
    node.parent().is_some_and(|parent| parent.kind() == "subscript" && node.field_name() == "value" && is_plain(parent))
}

fn is_plain(subscript: Node<'_>) -> bool {
    subscript.field("subscript").is_some_and(|index| index.kind() == "integer")
}

fn next_method(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if node.kind() == "function_definition" {
        return next_definition(context, node, found);
    }
    let Some((object, name)) = method_call(node) else { return };
    if name.text() != "next" || !arguments(node).is_empty() {
        return;
    }
    let kinds = seen(context, object, ITERATORS);
    if let Seen::Never(kinds) = &kinds
        && kinds.iter().all(|kind| kind.strip_prefix("other:").is_some_and(|class| keeps_next(context, class)))
    {
        return;
    }
    let open = matches!(kinds, Seen::Nothing) && (some_keep_next(context) || super::facts::leaves_next(context));
    if let Some(class) = own_next(object).filter(|_| open) {
        // The class of the object says what its next is called.
        if super::facts::has_other_next(context, class) {
            return;
        }
    } else if (open || matches!(kinds, Seen::Mixed(_))) && !in_next_of(context, node) {
        let pieces = next_of(context, object, "()");
        let why = "some objects of the workspace have a method called next and are no iterators";
        found.check_with(node, why, vec![Edit::pieces(node.span(), pieces)], vec![NEXT_OF]);
        return explain(&kinds, found);
    }
    if context.binds_anywhere("next") || expects_no_method(node) {
        return found.safe(node, vec![rename(name, "__next__")]);
    }
    let pieces = vec![Piece::New("next(".into()), Piece::Keep(object.span()), Piece::New(")".into())];
    found.safe(node, vec![Edit::pieces(node.span(), pieces)]);
}

/// Whether an object without the method is expected, of which `next()` makes another error.
fn expects_no_method(node: Node<'_>) -> bool {
    let mut around = node.ancestors().take_while(|outer| !outer.kind().ends_with("_definition"));
    around.any(|outer| {
        let tried = outer.field("body").is_some_and(|body| body.span().contains(node.span()));
        let mut clauses = outer.named_children().filter(|clause| clause.kind() == "except_clause");
        let catches = |clause: Node<'_>| {
            let caught = clause.named_children().next().filter(|caught| caught.kind() != "block");
            caught.is_some_and(|caught| caught.descendants().any(|name| name.text() == "AttributeError"))
        };
        outer.kind() == "try_statement" && tried && clauses.any(catches)
    })
}

/// `.next` without a call: the protocol's method, unless some file gives objects an attribute of that name.
pub(super) fn next_attribute(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let (Some(object), Some(name)) = (node.field("object"), node.field("attribute")) else { return };
    if name.text() != "next" || !context.certain || call_of(node).is_some() || is_assigned(node) {
        return;
    }
    let of_iter = makes_iterator(context, object)
        || given_value(context, object).is_some_and(|value| makes_iterator(context, value));
    if of_iter {
        return found.safe(node, vec![rename(name, "__next__")]);
    }
    if context.scopes().dotted_path(node).is_some() {
        return;
    }
    if !super::facts::sets_attribute(context, "next") {
        let why = "taken for the method of an iterator, since no file sets an attribute called next";
        found.check(node, why, vec![rename(name, "__next__")]);
    } else if (!sets_next(context) || hands_next_on(node)) && !in_next_of(context, node) {
        let why = "some objects of the workspace have an attribute called next; where this is one, ask for it directly";
        let pieces = next_of(context, object, "");
        found.check_with(node, why, vec![Edit::pieces(node.span(), pieces)], vec![NEXT_OF]);
    }
}

/// The method of an iterator, or what an object that is none calls next.
const NEXT_OF: Import = Import::Helper(
    "next_of",
    "\n\ndef next_of(value):\n    return value.__next__ if hasattr(value, '__next__') else value.next\n",
);

fn next_of(context: &Context<'_>, object: Node<'_>, call: &str) -> Vec<Piece> {
    let name = name_of(context, &NEXT_OF);
    vec![Piece::New(format!("{name}(")), Piece::Keep(object.span()), Piece::New(format!("){call}"))]
}

/// Whether a class of the workspace has a next of its own that a run has shown to be none of an iterator's.
pub(super) fn keeps_next(context: &Context<'_>, class: &str) -> bool {
    let own = super::facts::inherits(context, class, "next") == Some(true);
    own && super::facts::is_seen_object(context, class) && !super::facts::ends_iteration(context, class)
}

fn some_keep_next(context: &Context<'_>) -> bool {
    super::facts::classes_with(context, "next").any(|class| keeps_next(context, class))
}

fn in_next_of(context: &Context<'_>, node: Node<'_>) -> bool {
    let name = name_of(context, &NEXT_OF);
    node.ancestors().any(|outer| outer.field("name").is_some_and(|outer| outer.text() == name))
}

/// Whether the file itself gives objects an attribute called next, so that it is what its reads are after.
fn sets_next(context: &Context<'_>) -> bool {
    let set = |node: Node<'_>| {
        node.kind() == "attribute"
            && node.field("attribute").is_some_and(|name| name.text() == "next")
            && is_assigned(node)
    };
    context.once("sets next", || context.original.contains(".next") && context.tree.nodes().any(set))
}

/// Whether the value of one next becomes that of another.
fn hands_next_on(node: Node<'_>) -> bool {
    let assignment = node.parent().filter(|outer| outer.kind() == "assignment" && node.field_name() == "right");
    let target = assignment.and_then(|outer| outer.field("left")).and_then(|left| left.field("attribute"));
    target.is_some_and(|name| name.text() == "next")
}

/// The class around a method that asks its own object, where that class defines a next.
fn own_next(object: Node<'_>) -> Option<&str> {
    let class = object.ancestors().find(|outer| outer.kind() == "class_definition" && object.text() == "self")?;
    let defined = methods(class).any(|method| matches!(method_name(method), "next" | "__next__"));
    class.field("name").map(Node::text).filter(|_| defined)
}

/// Whether an expression is a call of `iter()`.
fn makes_iterator(context: &Context<'_>, value: Node<'_>) -> bool {
    value.field("function").is_some_and(|function| is_builtin(context, function, "iter"))
}

/// What a name is given by the only assignment that binds it.
pub(super) fn given_value<'t>(context: &Context<'t>, name: Node<'_>) -> Option<Node<'t>> {
    let binding = context.scopes().binding_of(name).filter(|_| name.kind() == "identifier")?;
    let [(only, _)] = context.scopes().binding(binding).definitions[..] else { return None };
    let target = context.tree.node(only);
    let assignment = target.parent().filter(|outer| outer.kind() == "assignment" && target.field_name() == "left")?;
    assignment.field("right")
}

fn is_assigned(node: Node<'_>) -> bool {
    let target = |outer: Node<'_>| {
        matches!(outer.kind(), "assignment" | "augmented_assignment" | "delete_statement" | "for_statement")
    };
    node.ancestors()
        .take_while(|outer| !outer.kind().ends_with("block"))
        .any(|outer| target(outer) && outer.field("left").is_none_or(|left| left.span().contains(node.span())))
}

/// A method called next belongs to the iterator protocol when its class can be iterated or the method ends an iteration.
pub(super) fn next_definition(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(name) = node.field("name").filter(|name| name.text() == "next") else { return };
    let only_self = node.field("parameters").is_some_and(|parameters| parameters.named_children().count() == 1);
    let class = node.ancestors().find(|ancestor| matches!(ancestor.kind(), "class_definition" | "function_definition"));
    let Some(class) = class.filter(|class| class.kind() == "class_definition" && only_self) else { return };
    if class.field("name").is_some_and(|class| keeps_next(context, class.text())) {
        return found.refuse(name, "the tests of the legacy code met objects of this class, which are no iterators");
    }
    let iterable = methods(class).any(|method| method_name(method) == "__iter__");
    let ends = node.descendants().any(|inner| inner.text() == "StopIteration" || is_next_call(inner));
    if iterable || ends {
        found.safe(node, vec![rename(name, "__next__")]);
    } else if super::facts::sets_attribute(context, "next") {
        let why = "a method called next in a class that is no iterator by its looks: rename it by hand if it is one";
        found.refuse(node, why);
    } else {
        let why = "taken for the method of an iterator, as every call of it is";
        found.check(node, why, vec![rename(name, "__next__")]);
    }
}

fn is_next_call(node: Node<'_>) -> bool {
    node.kind() == "call" && method_call(node).is_some_and(|(_, name)| name.text() == "next")
}
