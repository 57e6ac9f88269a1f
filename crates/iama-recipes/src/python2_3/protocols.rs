//! Methods by which objects take part in the language or act as dictionaries, where the names changed.

use iama_syntax::Node;

use super::facts::{defines_method, inherits};
use super::iterators::{method_name, methods};
use super::look::{call_of, class_of, indentation, line_end, rename};
use crate::context::Context;
use crate::edit::Edit;
use crate::recipe::{Class, Findings, Recipe, Strategy};

pub(super) const RECIPES: [Recipe; 6] = [
    Recipe {
        id: "special-method-names",
        title: "special methods that are named without being defined",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "__nonzero__, __div__ and their kin have other names, also where they are called or given by an assignment.",
        before: "empty = not table.__nonzero__()",
        after: "empty = not table.__bool__()",
        kinds: &["identifier"],
        visit: special_name,
    },
    Recipe {
        id: "lazy-dictionary-methods",
        title: "classes with iteritems or has_key of their own",
        class: Class::Check,
        strategy: Strategy::Conservative,
        why: "Callers say items() and `in` now, so that a class which only has the older methods needs them by these names.",
        before: "class Table(object):\n    def iteritems(self):\n        return iter(self.rows)",
        after: "class Table(object):\n    def iteritems(self):\n        return iter(self.rows)\n\n    items = iteritems",
        kinds: &["class_definition"],
        visit: dictionary_methods,
    },
    Recipe {
        id: "has-key-value",
        title: "has_key as a value",
        class: Class::Check,
        strategy: Strategy::Conservative,
        why: "Python 3's dictionaries have no has_key; __contains__ asks the same.",
        before: "known = table.has_key",
        after: "known = table.__contains__",
        kinds: &["attribute"],
        visit: has_key_value,
    },
    Recipe {
        id: "uncalled-methods",
        title: "special methods that Python 3 never calls",
        class: Class::Refused,
        strategy: Strategy::Conservative,
        why: "Python 3 has no __coerce__, and hex() and oct() ask __index__.",
        before: "class Size(object):\n    def __coerce__(self, other):\n        return (self.n, other)",
        after: "class Size(object):\n    def __coerce__(self, other):\n        return (self.n, other)",
        kinds: &["function_definition"],
        visit: uncalled,
    },
    Recipe {
        id: "expat-text",
        title: "expat's returns_unicode",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "Parsers of expat always give text in Python 3 and have no such attribute.",
        before: "from xml.parsers import expat\nparser.returns_unicode = True",
        after: "from xml.parsers import expat\npass",
        kinds: &["expression_statement"],
        visit: expat_text,
    },
    Recipe {
        id: "numeric-classes",
        title: "classes of numbers that cannot be rounded",
        class: Class::Check,
        strategy: Strategy::Conservative,
        why: "numbers.Real asks for __floor__, __ceil__ and __round__ in Python 3, and a class without them has no objects.",
        before: "import numbers\nclass Ratio(numbers.Rational):\n    def __trunc__(self):\n        return self.a // self.b",
        after: "import numbers\nclass Ratio(numbers.Rational):\n    def __trunc__(self):\n        return self.a // self.b\n\n    \
                def __floor__(self):\n        return int(self // 1)\n\n    def __ceil__(self):\n        return -int(-self // \
                1)\n\n    def __round__(self, digits=None):\n        return float(self).__round__(digits)",
        kinds: &["class_definition"],
        visit: numeric_class,
    },
];

/// What `numbers.Real` asks for since Python 3, and how it follows from what it asked for before.
const ROUNDING: &[(&str, &str, &str)] = &[
    ("__floor__", "(self)", "int(self // 1)"),
    ("__ceil__", "(self)", "-int(-self // 1)"),
    ("__round__", "(self, digits=None)", "float(self).__round__(digits)"),
];

fn numeric_class(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let class = node.field("name").map_or("", Node::text);
    let is_real = |path: Option<&str>| {
        path.is_some_and(|path| matches!(path, "numbers.Real" | "numbers.Rational" | "numbers.Integral"))
    };
    let numeric = |base: Node<'_>| {
        is_real(context.dotted(base)) || context.values_of(base).iter().any(|value| is_real(context.dotted(*value)))
    };
    if !context.certain || !node.field("superclasses").into_iter().flat_map(Node::named_children).any(numeric) {
        return;
    }
    // An abstract class of the workspace's own leaves them to others.
    let Some(method) = methods(node).find(|method| method_name(*method) == "__trunc__") else { return };
    let newline = line_end(node.tree().text());
    let whole = method.parent().filter(|parent| parent.kind() == "decorated_definition").unwrap_or(method);
    let indent = indentation(whole);
    let missing = ROUNDING.iter().filter(|(name, ..)| inherits(context, class, name) != Some(true));
    let own = |name: &str| methods(node).any(|method| method_name(method) == name) || assigns(node, name);
    let lines: Vec<String> = missing
        .filter(|(name, ..)| !own(name))
        .map(|(name, parameters, value)| {
            format!("{newline}{newline}{indent}def {name}{parameters}:{newline}{indent}    return {value}")
        })
        .collect();
    let text = lines.concat();
    if !text.is_empty() {
        found.check(method, "round() goes by way of a float", vec![Edit::insert(whole.end(), text)]);
    }
}

/// Special methods by their old and new names.
pub(super) const RENAMED: &[(&str, &str)] = &[
    ("__nonzero__", "__bool__"),
    ("__div__", "__truediv__"),
    ("__rdiv__", "__rtruediv__"),
    ("__idiv__", "__itruediv__"),
];

pub(super) fn special_name(_: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some((_, new)) = RENAMED.iter().find(|(old, _)| *old == node.text()) else { return };
    // The definitions have recipes of their own.
    if node.parent().is_none_or(|parent| parent.kind() == "function_definition") {
        return;
    }
    let member = node.field_name() == "attribute";
    let body = class_of(node).and_then(|class| class.field("body"));
    let both = |body: Node<'_>| body.descendants().any(|other| other.kind() == "identifier" && other.text() == *new);
    if member || (body.is_some_and(|body| !both(body)) && is_class_level(node)) {
        found.safe(node, vec![rename(node, new)]);
    }
}

pub(super) fn is_class_level(node: Node<'_>) -> bool {
    let around = node.ancestors().find(|outer| matches!(outer.kind(), "function_definition" | "class_definition"));
    around.is_some_and(|outer| outer.kind() == "class_definition")
}

/// The older methods of dictionaries and the names that callers use now.
const DICTIONARY: &[(&str, &str)] =
    &[("iteritems", "items"), ("iterkeys", "keys"), ("itervalues", "values"), ("has_key", "__contains__")];

fn dictionary_methods(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let class = node.field("name").map_or("", Node::text);
    let own = |name: &str| methods(node).find(|method| method_name(*method) == name);
    if !context.certain || !DICTIONARY.iter().any(|(old, _)| own(old).is_some()) {
        return;
    }
    for (old, new) in DICTIONARY {
        let Some(method) = own(old).filter(|_| own(new).is_none() && !assigns(node, new)) else { continue };
        let known = inherits(context, class, new);
        if known == Some(true) || (*old == "has_key" && known.is_none()) {
            continue;
        }
        let whole = method.parent().filter(|parent| parent.kind() == "decorated_definition").unwrap_or(method);
        let newline = line_end(node.tree().text());
        let text = format!("{newline}{newline}{}{new} = {old}", indentation(whole));
        let why = format!("calls of {old}() are calls of {new} now, and this class has it under the old name only");
        found.check(method, why, vec![Edit::insert(whole.end(), text)]);
    }
}

fn assigns(class: Node<'_>, name: &str) -> bool {
    let statements = class.field("body").into_iter().flat_map(Node::named_children);
    let mut assignments = statements.filter_map(|statement| statement.named_child(0));
    assignments.any(|inner| inner.kind() == "assignment" && inner.field("left").is_some_and(|left| left.text() == name))
}

fn has_key_value(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(name) = node.field("attribute").filter(|name| name.text() == "has_key") else { return };
    let unbound = node.field("object").is_some_and(|object| super::look::is_builtin(context, object, "dict"));
    if unbound {
        return found.safe(node, vec![rename(name, "__contains__")]);
    }
    let bound = call_of(node).is_some() || node.field_name() == "left" || defines_method(context, "has_key");
    if !bound && context.certain && !context.is_written(name) {
        found.check(node, "taken for the method of a dictionary", vec![rename(name, "__contains__")]);
    }
}

fn uncalled(_: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(name) = node.field("name").filter(|_| class_of(node).is_some()) else { return };
    match name.text() {
        "__coerce__" => found.refuse(name, "Python 3 never calls __coerce__: the operators must take what it turned"),
        "__hex__" | "__oct__" => found.refuse(name, "hex() and oct() ask __index__, and the text is their own"),
        _ => {}
    }
}

pub(super) fn expat_text(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(assignment) = node.named_child(0).filter(|inner| inner.kind() == "assignment") else { return };
    let (Some(left), Some(right)) = (assignment.field("left"), assignment.field("right")) else { return };
    let named = left.field("attribute").is_some_and(|name| name.text() == "returns_unicode");
    if !named || !context.certain || !context.original.contains("expat") {
        return;
    }
    if matches!(right.text(), "True" | "1" | "true") {
        found.safe(node, vec![Edit::replace(node.span(), "pass")]);
    } else {
        let why = "the parser gave encoded text; encode what it gives where that is wanted";
        found.check(node, why, vec![Edit::replace(node.span(), "pass")]);
    }
}
