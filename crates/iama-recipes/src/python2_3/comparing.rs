//! Comparing by a function: `cmp()`, `__cmp__` and sorting with them.

use iama_syntax::Node;

use super::facts::is_classic;
use super::iterators::{method_name, methods};
use super::look::{arguments, indentation, is_builtin, line_end, method_call};
use crate::context::Context;
use crate::edit::{Edit, Piece};
use crate::recipe::{Class, Findings, Import, Recipe, Strategy};

pub(super) const RECIPES: [Recipe; 4] = [
    Recipe {
        id: "cmp-builtin",
        title: "cmp() is no builtin",
        class: Class::Check,
        strategy: Strategy::Conservative,
        why: "Python 3 has no cmp(); a definition of the same result is brought along.",
        before: "order = cmp(a, b)",
        after: "def cmp(a, b):\n    if a == b:\n        return 0\n    try:\n        return (a > b) - (a < b)\n    except TypeError:\n        if isinstance(a, (list, tuple)) and type(a) is type(b):\n            return next((cmp(x, y) for x, y in zip(a, b) if x != y), cmp(len(a), len(b)))\n        a, b = [(x is not None, not isinstance(x, (int, float)), type(x).__name__, len(x) if isinstance(x, dict) else 0, id(x)) for x in (a, b)]\n        return (a > b) - (a < b)\n\norder = cmp(a, b)",
        kinds: &["identifier"],
        visit: cmp_builtin,
    },
    Recipe {
        id: "cmp-method",
        title: "__cmp__ becomes the six comparisons",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "Python 3 never calls __cmp__; the operators have a method each.",
        before: "class Version(object):\n    __hash__ = None\n\n    def __cmp__(self, other):\n        return self.number - \
                 other.number",
        after: "class Version(object):\n    __hash__ = None\n\n    def __cmp__(self, other):\n        return self.number - \
                other.number\n\n    def __eq__(self, other):\n        return self.__cmp__(other) == 0\n\n    def \
                __ne__(self, other):\n        return self.__cmp__(other) != 0\n\n    def __lt__(self, other):\n        \
                return self.__cmp__(other) < 0\n\n    def __le__(self, other):\n        return self.__cmp__(other) <= \
                0\n\n    def __gt__(self, other):\n        return self.__cmp__(other) > 0\n\n    def __ge__(self, \
                other):\n        return self.__cmp__(other) >= 0",
        kinds: &["class_definition"],
        visit: cmp_method,
    },
    Recipe {
        id: "sort-cmp",
        title: "sorting with a comparison function",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "sort() and sorted() take only a key in Python 3; functools.cmp_to_key makes one of a comparison.",
        before: "names.sort(by_length)",
        after: "import functools\nnames.sort(key=functools.cmp_to_key(by_length))",
        kinds: &["call"],
        visit: sort_cmp,
    },
    Recipe {
        id: "eq-without-hash",
        title: "a class with __eq__ keeps its hash",
        class: Class::Check,
        strategy: Strategy::Standard,
        why: "In Python 3 a class that defines __eq__ and no __hash__ can't be hashed; in Python 2 it inherited one.",
        before: "class Point(object):\n    def __eq__(self, other):\n        return self.x == other.x",
        after: "class Point(object):\n    __hash__ = object.__hash__\n\n    def __eq__(self, other):\n        return \
                self.x == other.x",
        kinds: &["class_definition"],
        visit: eq_without_hash,
    },
];

/// None comes before numbers, and numbers before everything else, which is ordered by the names of the types; of one type
/// dictionaries are ordered by their lengths, and what has no order is never equal.
pub(super) const CMP: Import = Import::Helper(
    "cmp",
    "\n\ndef cmp(a, b):\n    if a == b:\n        return 0\n    try:\n        return (a > b) - (a < b)\n    except TypeError:\n        if isinstance(a, (list, tuple)) and type(a) is type(b):\n            return next((cmp(x, y) for x, y in zip(a, b) if x != y), cmp(len(a), len(b)))\n        a, b = [(x is not None, not isinstance(x, (int, float)), type(x).__name__, len(x) if isinstance(x, dict) else 0, id(x)) for x in (a, b)]\n        return (a > b) - (a < b)\n",
);

pub(super) fn cmp_builtin(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if is_builtin(context, node, "cmp") {
        let why = "unlike things are ordered by the names of their types, which is almost what Python 2 did";
        // A function of the class would become a method; the builtin did not.
        let value = node.parent().filter(|outer| outer.kind() == "assignment" && node.field_name() == "right");
        let in_class = value.is_some_and(|outer| super::look::class_of(outer).is_some());
        let edits = if in_class { vec![Edit::wrap(node.span(), "staticmethod(", ")")] } else { Vec::new() };
        found.check_with(node, why, edits, vec![CMP]);
    }
}

const RICH: [(&str, &str); 6] =
    [("__eq__", "=="), ("__ne__", "!="), ("__lt__", "<"), ("__le__", "<="), ("__gt__", ">"), ("__ge__", ">=")];

/// Whether the body of a class gives this name a value, by a method or an assignment.
fn defines(class: Node<'_>, name: &str) -> bool {
    methods(class).any(|method| method_name(method) == name) || assigns(class, name)
}

fn assigns(class: Node<'_>, name: &str) -> bool {
    let statements = class.field("body").into_iter().flat_map(Node::named_children);
    let mut assignments = statements.filter_map(|statement| statement.named_child(0));
    assignments.any(|inner| inner.kind() == "assignment" && inner.field("left").is_some_and(|left| left.text() == name))
}

/// Builtins that compare by themselves, so that == and < never asked a `__cmp__` of a class made of one.
const COMPARING: &[&str] =
    &["dict", "list", "str", "unicode", "int", "long", "float", "tuple", "set", "frozenset", "complex"];

fn cmp_method(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let own = methods(node).filter(|method| method_name(*method) == "__cmp__").last();
    let Some(method) = own else { return };
    let mut bases = node.field("superclasses").into_iter().flat_map(Node::named_children);
    if bases.any(|base| COMPARING.iter().any(|name| is_builtin(context, base, name))) {
        let why = "the operators never asked this __cmp__, only cmp() and sort() did: the builtin compares by itself";
        return found.refuse(method, why);
    }
    let newline = line_end(node.tree().text());
    let indent = indentation(method);
    let missing = RICH.iter().filter(|(name, _)| !defines(node, name));
    let text: Vec<String> = missing
        .map(|(name, operator)| {
            let head = format!("{newline}{newline}{indent}def {name}(self, other):");
            format!("{head}{newline}{indent}    return self.__cmp__(other) {operator} 0")
        })
        .collect();
    let text = text.concat();
    if !text.is_empty() {
        let whole = method.parent().filter(|parent| parent.kind() == "decorated_definition").unwrap_or(method);
        found.safe(method, vec![Edit::insert(whole.end(), text)]);
    }
}

fn sort_cmp(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(rank) = first_sort_argument(context, node) else { return };
    let parts = arguments(node);
    let is_key = |part: &&Node<'_>| part.field("name").is_some_and(|name| name.text() == "key");
    let named = parts.iter().find(|part| part.field("name").is_some_and(|name| name.text() == "cmp"));
    let positional =
        parts.get(rank).filter(|part| !part.kind().ends_with("_argument") && !part.kind().contains("splat"));
    let Some(&argument) = named.or(positional) else { return };
    let function = argument.field("value").filter(|_| named.is_some()).unwrap_or(argument);
    if parts.iter().any(|part| is_key(&part)) || (named.is_none() && parts.len() > rank + 1) {
        return found.refuse(node, "a comparison together with a key: make one key of the two");
    }
    if function.kind() == "none" {
        return;
    }
    let head = "key=functools.cmp_to_key(";
    let pieces = vec![Piece::New(head.into()), Piece::Keep(function.span()), Piece::New(")".into())];
    found.safe_with(node, vec![Edit::pieces(argument.span(), pieces)], vec![Import::Module("functools")]);
}

/// Where the comparison stands among the positional arguments of a call that sorts.
fn first_sort_argument(context: &Context<'_>, call: Node<'_>) -> Option<usize> {
    let function = call.field("function")?;
    if is_builtin(context, function, "sorted") {
        return Some(1);
    }
    let (object, name) = method_call(call)?;
    if name.text() != "sort" || !context.certain {
        return None;
    }
    Some(usize::from(is_builtin(context, object, "list")))
}

pub(super) fn eq_without_hash(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let compares = |name: &str| methods(node).any(|method| method_name(method) == name);
    if !context.certain || !(compares("__eq__") || compares("__cmp__")) || defines(node, "__hash__") {
        return;
    }
    let Some(name) = node.field("name") else { return };
    let bases: Vec<_> = node.field("superclasses").into_iter().flat_map(Node::named_children).collect();
    let bases: Vec<_> = bases.into_iter().filter(|base| base.kind() != "keyword_argument").collect();
    let (Some(base), false) = (bases.first(), is_classic(context, name.text()) == Some(true)) else { return };
    if !matches!(base.kind(), "identifier" | "attribute") {
        return;
    }
    let Some(first) = node.field("body").and_then(|body| body.named_child(0)) else { return };
    let inline = !node.tree().slice(iama_syntax::Span::new(node.start(), first.start())).contains(['\n', '\r']);
    if inline {
        return;
    }
    let (newline, indent) = (line_end(node.tree().text()), indentation(first));
    let text = format!("__hash__ = {}.__hash__{newline}{newline}{indent}", base.text());
    let at = super::text_methods::after_docstring(node).map_or(first.start(), Node::start);
    let why = "objects that are equal should have equal hashes; the inherited hash does not know the new __eq__";
    found.check(node, why, vec![Edit::insert(at, text)]);
}
