//! What runs of the legacy code have seen at a place, as an answer to the question that a recipe has; and what only such
//! runs can show: orders that Python 3 refuses.

use iama_syntax::{Node, Span};

use super::comparing::CMP;
use super::facts::inherits;
use super::helpers::name_of;
use super::look::{is_builtin, method_call, positional};
use crate::context::Context;
use crate::edit::{Edit, Piece};
use crate::recipe::{Class, Findings, Import, Recipe, Strategy};

pub(super) const RECIPES: [Recipe; 2] = [
    Recipe {
        id: "observed-ordering",
        title: "unlike things that were ordered in a test run",
        class: Class::Check,
        strategy: Strategy::Standard,
        why: "Python 2 ordered everything: None before numbers, numbers before the rest. Python 3 raises TypeError. Tests \
              that were run on the legacy code show the places where that happens.",
        before: "late = limit < 2",
        after: "late = (limit is None or limit < 2)",
        kinds: &["comparison_operator"],
        visit: ordering,
    },
    Recipe {
        id: "observed-sorting",
        title: "lists of unlike things that were sorted in a test run",
        class: Class::Check,
        strategy: Strategy::Standard,
        why: "Python 3 does not sort what it cannot order. Tests that were run on the legacy code show the places where \
              that happens; there a comparison like Python 2's is brought along.",
        before: "rows.sort()",
        after: "import functools\n\n\ndef cmp(a, b):\n    if a == b:\n        return 0\n    try:\n        return (a > b) - (a < b)\n    except TypeError:\n        if isinstance(a, (list, tuple)) and type(a) is type(b):\n            return next((cmp(x, y) for x, y in zip(a, b) if x != y), cmp(len(a), len(b)))\n        a, b = [(x is not None, not isinstance(x, (int, float)), type(x).__name__, len(x) if isinstance(x, dict) else 0, id(x)) for x in (a, b)]\n        return (a > b) - (a < b)\n\nrows.sort(key=functools.cmp_to_key(cmp))",
        kinds: &["call"],
        visit: sorting,
    },
];

/// The kinds that were seen at a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Seen<'c> {
    /// No run came by, or nobody looked.
    Nothing,
    /// Each was of the kind that is asked for.
    Only(Vec<&'c str>),
    /// Some were, and some were not.
    Mixed(Vec<&'c str>),
    /// None was.
    Never(Vec<&'c str>),
}

/// What was seen at a value, where these kinds are asked for.
pub(super) fn seen<'c>(context: &'c Context<'_>, value: Node<'_>, wanted: &[&str]) -> Seen<'c> {
    let kinds = context.observed(value);
    let hits = kinds.iter().filter(|kind| wanted.contains(kind)).count();
    match hits {
        _ if kinds.is_empty() => Seen::Nothing,
        0 => Seen::Never(kinds),
        hits if hits == kinds.len() => Seen::Only(kinds),
        _ => Seen::Mixed(kinds),
    }
}

pub(super) const DICTIONARIES: &[&str] = &["dict", "dict-like"];
pub(super) const ITERATORS: &[&str] = &["iterator", "file"];
pub(super) const STRINGS: &[&str] = &["str", "unicode", "str-like", "unicode-like"];

/// The observation as a reason.
pub(super) fn told(kinds: &[&str]) -> String {
    let name = |kind: &&str| {
        let kind = kind.strip_prefix("other:").unwrap_or(kind);
        kind.strip_suffix("-like").map_or_else(|| kind.to_owned(), |plain| format!("a kind of {plain}"))
    };
    let names: Vec<String> = kinds.iter().map(name).collect();
    format!("the tests of the legacy code met {} here", names.join(", "))
}

/// Whether all that was seen are objects of classes of the workspace that have this method.
pub(super) fn have_method(context: &Context<'_>, kinds: &[&str], method: &str) -> bool {
    let class =
        |kind: &&str| kind.strip_prefix("other:").is_some_and(|class| inherits(context, class, method) == Some(true));
    kinds.iter().all(class)
}

/// Things that Python 3 orders among themselves. What a class says about order is not known.
fn family(kind: &str) -> Option<&str> {
    match kind {
        "int" | "long" | "float" | "bool" | "int-like" | "float-like" => Some("number"),
        "str" | "unicode" | "str-like" | "unicode-like" => Some("string"),
        "dict" | "dict-like" => Some("dict"),
        "set" | "frozenset" => Some("set"),
        "list" | "tuple" | "NoneType" => Some(kind),
        _ => None,
    }
}

/// What was seen at one side of an order.
struct Side<'t, 'c> {
    value: Node<'t>,
    kinds: Vec<&'c str>,
}

impl<'t, 'c> Side<'t, 'c> {
    fn of(context: &'c Context<'_>, value: Node<'t>) -> Self {
        Self { value, kinds: context.observed(value) }
    }

    fn has_none(&self) -> bool {
        self.kinds.contains(&"NoneType")
    }

    fn families(&self) -> impl Iterator<Item = &'c str> {
        self.kinds.iter().filter_map(|kind| family(kind))
    }

    /// Whether Python 3 refuses some pair, None left aside on the sides where that is asked.
    fn clashes(&self, other: &Self, none_aside: bool) -> bool {
        let known = |family: &&str| !none_aside || *family != "NoneType";
        self.families().filter(known).any(|left| {
            other.families().filter(known).any(|right| left != right || matches!(left, "dict" | "NoneType"))
        })
    }
}

fn ordering(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let operators: Vec<_> = node.fields("operators").collect();
    let ordered = |wanted: [&str; 2]| operators.iter().all(|operator| wanted.contains(&operator.kind()));
    let less = ordered(["<", "<="]);
    if !context.certain || node_is_written(context, &operators) || (!less && !ordered([">", ">="])) {
        return;
    }
    let sides: Vec<Side<'_, '_>> = node
        .named_children()
        .filter(|child| child.field_name() != "operators" && !child.is_extra())
        .map(|value| Side::of(context, value))
        .collect();
    if !sides.windows(2).any(|pair| pair[0].clashes(&pair[1], false)) {
        return;
    }
    let kinds: Vec<&str> = sides.iter().flat_map(|side| side.kinds.iter().copied()).collect();
    let why = told(&kinds);
    match &sides[..] {
        [left, right] if is_plain(left.value) && left.has_none() && !right.has_none() && !left.clashes(right, true) => {
            guard(node, left.value, if less { " is None or " } else { " is not None and " }, why, found);
        }
        [left, right]
            if is_plain(right.value) && right.has_none() && !left.has_none() && !left.clashes(right, true) =>
        {
            guard(node, right.value, if less { " is not None and " } else { " is None or " }, why, found);
        }
        [left, right] => {
            let pieces = vec![
                Piece::New(format!("{}(", name_of(context, &CMP))),
                Piece::Keep(left.value.span()),
                Piece::New(", ".into()),
                Piece::Keep(right.value.span()),
                Piece::New(format!(") {} 0", operators[0].text())),
            ];
            found.check_with(node, why, vec![Edit::pieces(node.span(), pieces)], vec![CMP]);
        }
        [first, middle, last]
            if is_plain(middle.value)
                && middle.has_none()
                && !first.clashes(middle, true)
                && !middle.clashes(last, true) =>
        {
            // Nothing is smaller than None.
            guard(node, middle.value, " is not None and ", why, found);
        }
        _ => found.refuse(node, format!("{why}, which Python 3 does not order")),
    }
}

fn node_is_written(context: &Context<'_>, operators: &[Node<'_>]) -> bool {
    operators.iter().any(|operator| context.is_written(*operator))
}

/// Whether looking at an expression once more does nothing.
fn is_plain(value: Node<'_>) -> bool {
    match value.kind() {
        "identifier" => true,
        "attribute" => value.field("object").is_some_and(is_plain),
        _ => false,
    }
}

/// Asks for None before the order, with parentheses unless it is a condition of its own.
pub(super) fn guard(node: Node<'_>, value: Node<'_>, test: &str, why: impl Into<String>, found: &mut Findings) {
    let statement = |outer: Node<'_>| matches!(outer.kind(), "if_statement" | "elif_clause" | "while_statement");
    let condition = node.field_name() == "condition" && node.parent().is_some_and(statement);
    let (before, after) = if condition { ("", "") } else { ("(", ")") };
    // In a later round the guard is there.
    let text = format!("{}{test}", value.text());
    if !node.tree().text()[..node.start() as usize].ends_with(&text) {
        found.check(node, why, vec![Edit::wrap(node.span(), format!("{before}{text}"), after)]);
    }
}

/// What is put in order by a call that has no order of its own to go by.
pub(super) enum Items {
    /// The value that holds them.
    In(Span),
    /// The arguments of the call.
    Arguments(Span),
}

/// What a call puts in order.
pub(super) fn sorted_items(node: Node<'_>) -> Option<Items> {
    let parts = positional(node)?;
    if let Some((object, name)) = method_call(node) {
        return (name.text() == "sort" && parts.is_empty()).then(|| Items::In(object.span()));
    }
    let name = node.field("function").filter(|function| function.kind() == "identifier")?.text();
    match (name, &parts[..]) {
        ("sorted" | "max" | "min", [only]) if only.kind() != "generator_expression" => Some(Items::In(only.span())),
        ("max" | "min", [first, .., last]) => {
            let rest = node.tree().slice(Span::new(last.end(), node.end()));
            (!rest.contains(',')).then(|| Items::Arguments(Span::new(first.start(), last.end())))
        }
        _ => None,
    }
}

fn sorting(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(function) = node.field("function") else { return };
    let Some(Items::In(items) | Items::Arguments(items)) = sorted_items(node).filter(|_| context.certain) else {
        return;
    };
    let builtin = ["sorted", "max", "min"].iter().any(|name| is_builtin(context, function, name));
    if !(function.kind() == "attribute" || builtin) || !context.observed_at(items).contains(&"unlike") {
        return;
    }
    let why = "the tests of the legacy code put unlike things in order here";
    let key = format!("key=functools.cmp_to_key({})", name_of(context, &CMP));
    let separator = if positional(node).is_some_and(|parts| parts.is_empty()) { "" } else { ", " };
    let Some(end) = node.field("arguments").map(|list| list.end() - 1) else { return };
    let edits = vec![Edit::insert(end, format!("{separator}{key}"))];
    found.check_with(node, why, edits, vec![Import::Module("functools"), CMP]);
}
