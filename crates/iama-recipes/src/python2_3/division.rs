//! Division of whole numbers.

use iama_syntax::{Node, Span};

use super::helpers::name_of;
use super::look::{is_loose, kept, rename};
use super::types::{Type, likely_type_of, type_of};
use crate::context::Context;
use crate::edit::{Edit, Piece};
use crate::recipe::{Class, Findings, Import, Recipe, Strategy};

pub(super) const RECIPES: [Recipe; 4] = [
    Recipe {
        id: "integer-division",
        title: "division of whole numbers",
        class: Class::Safe,
        strategy: Strategy::Standard,
        why: "In Python 2 the / of two whole numbers gives a whole number; in Python 3 that is //.",
        before: "middle = len(items) / 2",
        after: "middle = len(items) // 2",
        kinds: &["binary_operator", "augmented_assignment"],
        visit: integer_division,
    },
    Recipe {
        id: "observed-division",
        title: "division that met whole numbers only",
        class: Class::Check,
        strategy: Strategy::Standard,
        why: "The code does not show what is divided, but its tests did: they were run on the legacy code, and every \
              value here was a whole number.",
        before: "middle = width / 2",
        after: "middle = width // 2",
        kinds: &["binary_operator", "augmented_assignment"],
        visit: observed_division,
    },
    Recipe {
        id: "unknown-division",
        title: "division of what may be whole numbers",
        class: Class::Check,
        strategy: Strategy::Comprehensive,
        why: "Whether / meant a whole number depends on values that the code does not show; a small function asks them.",
        before: "half = width / 2",
        after: "def old_div(a, b):\n    return a // b if isinstance(a, int) and isinstance(b, int) else a / b\n\nhalf = \
                old_div(width, 2)",
        kinds: &["binary_operator", "augmented_assignment"],
        visit: unknown_division,
    },
    Recipe {
        id: "division-methods",
        title: "__div__ becomes __truediv__",
        class: Class::Safe,
        strategy: Strategy::Conservative,
        why: "Python 3's / calls __truediv__, never __div__.",
        before: "class Size(object):\n    def __div__(self, n):\n        return Size(self.n / float(n))",
        after: "class Size(object):\n    def __truediv__(self, n):\n        return Size(self.n / float(n))",
        kinds: &["function_definition"],
        visit: division_method,
    },
];

pub(super) const OLD_DIV_TEXT: &str =
    "\n\ndef old_div(a, b):\n    return a // b if isinstance(a, int) and isinstance(b, int) else a / b\n";
const OLD_DIV: Import = Import::Helper("old_div", OLD_DIV_TEXT);

/// A division: its operator and its operands.
struct Division<'t> {
    operator: Node<'t>,
    left: Node<'t>,
    right: Node<'t>,
}

/// The node as a division of Python 2's kind.
fn division<'t>(context: &Context<'_>, node: Node<'t>) -> Option<Division<'t>> {
    let operator = node.field("operator").filter(|operator| matches!(operator.kind(), "/" | "/="))?;
    let classic = context.certain && !context.had_future("division") && !context.is_written(operator);
    let (left, right) = (node.field("left")?, node.field("right")?);
    (classic && !in_helper(context, node)).then_some(Division { operator, left, right })
}

/// Whether the node stands in the function that an earlier run has brought along.
fn in_helper(context: &Context<'_>, node: Node<'_>) -> bool {
    node.ancestors().any(|outer| {
        outer.kind() == "function_definition"
            && outer.field("name").is_some_and(|name| name.text() == name_of(context, &OLD_DIV))
    })
}

fn integer_division(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(division) = division(context, node) else { return };
    let whole = |kind: fn(&Context<'_>, Node<'_>) -> Type| {
        kind(context, division.left) == Type::Int && kind(context, division.right) == Type::Int
    };
    let new = if division.operator.kind() == "/" { "//" } else { "//=" };
    if whole(type_of) {
        found.safe(node, vec![rename(division.operator, new)]);
    } else if whole(likely_type_of) {
        let why = "all that the workspace returns or assigns under these names are whole numbers";
        found.check(node, why, vec![rename(division.operator, new)]);
    }
}

/// What runs of the legacy code have seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Observed {
    /// Nobody looked, or both ways came up.
    Open,
    /// Two whole numbers each time.
    Whole,
    /// Never two whole numbers.
    NeverWhole,
}

fn observed(context: &Context<'_>, division: &Division<'_>) -> Observed {
    let [left, right] = [division.left, division.right].map(|operand| context.observed(operand));
    let whole = |kind: &&str| matches!(*kind, "int" | "long" | "bool" | "int-like");
    if left.is_empty() || right.is_empty() {
        Observed::Open
    } else if left.iter().all(whole) && right.iter().all(whole) {
        Observed::Whole
    } else if !left.iter().any(whole) || !right.iter().any(whole) {
        Observed::NeverWhole
    } else {
        Observed::Open
    }
}

fn is_unknown(context: &Context<'_>, division: &Division<'_>) -> bool {
    let types = [likely_type_of(context, division.left), likely_type_of(context, division.right)];
    // Only two whole numbers are divided in another way; whatever is certainly something else stays.
    types.iter().all(|kind| matches!(kind, Type::Int | Type::Unknown)) && types != [Type::Int, Type::Int]
}

fn observed_division(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(division) = division(context, node).filter(|division| is_unknown(context, division)) else { return };
    if observed(context, &division) == Observed::Whole {
        let new = if division.operator.kind() == "/" { "//" } else { "//=" };
        let why = "only the tests show that whole numbers are divided here";
        found.check(node, why, vec![rename(division.operator, new)]);
    }
}

fn unknown_division(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(division) = division(context, node) else { return };
    if !is_unknown(context, &division) || observed(context, &division) != Observed::Open {
        return;
    }
    let why = "where both operands are whole numbers, // says the same without the function";
    let mut pieces = Vec::new();
    if node.kind() == "augmented_assignment" {
        if !matches!(division.left.kind(), "identifier" | "attribute") {
            return found.refuse(node, "whether this divides whole numbers cannot be told: choose // or /");
        }
        pieces.push(Piece::New(format!("{} = ", division.left.text())));
    }
    pieces.push(Piece::New(format!("{}(", name_of(context, &OLD_DIV))));
    pieces.push(Piece::Keep(division.left.span()));
    pieces.push(Piece::New(",".into()));
    let space = Span::new(division.operator.end(), division.right.start());
    if space.is_empty() {
        pieces.push(Piece::New(" ".into()));
    } else {
        pieces.push(Piece::Keep(space));
    }
    pieces.extend(kept(division.right, is_loose(division.right) && division.right.kind() == "yield"));
    pieces.push(Piece::New(")".into()));
    found.check_with(node, why, vec![Edit::pieces(node.span(), pieces)], vec![OLD_DIV]);
}

pub(super) const METHODS: &[(&str, &str)] =
    &[("__div__", "__truediv__"), ("__rdiv__", "__rtruediv__"), ("__idiv__", "__itruediv__")];

pub(super) fn division_method(_: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(name) = node.field("name") else { return };
    let Some((_, new)) = METHODS.iter().find(|(old, _)| *old == name.text()) else { return };
    let Some(body) = super::look::class_of(node).and_then(|class| class.field("body")) else { return };
    let taken = body.descendants().any(|other| other.kind() == "identifier" && other.text() == *new);
    if !taken {
        found.safe(node, vec![rename(name, new)]);
    }
}
