//! Rounding, coercion and the order of unlike things.

use iama_syntax::Node;

use super::helpers::name_of;
use super::look::{arguments, call_of, is_builtin, is_loose, kept, rename};
use super::types::{Type, type_of};
use crate::context::Context;
use crate::edit::{Edit, Piece};
use crate::recipe::{Class, Findings, Import, Recipe, Strategy};

pub(super) const RECIPES: [Recipe; 6] = [
    Recipe {
        id: "signed-checksums",
        title: "crc32() and adler32() gave signed numbers",
        class: Class::Safe,
        strategy: Strategy::Standard,
        why: "Python 2's checksums of zlib and binascii run from -2**31 on, Python 3's from zero on.",
        before: "import zlib\nsum = zlib.crc32(data)",
        after: "import zlib\n\n\ndef signed_sum(number):\n    return ((number & 0xffffffff) ^ 0x80000000) - \
                0x80000000\n\nsum = signed_sum(zlib.crc32(data))",
        kinds: &["call"],
        visit: signed_checksum,
    },
    Recipe {
        id: "round-builtin",
        title: "round() of halves",
        class: Class::Check,
        strategy: Strategy::Comprehensive,
        why: "Python 2 rounds halves away from zero and gives a float; Python 3 rounds them to the even neighbour and gives a \
              whole number when no digits are asked for.",
        before: "share = round(part, 2)",
        after: "import decimal\n\n\ndef old_round(number, digits=0):\n    number = float(number)\n    if number - number != \
                0:\n        return number\n    unit = decimal.Decimal(1).scaleb(-digits)\n    return \
                float(decimal.Decimal(number).quantize(unit, decimal.ROUND_HALF_UP, decimal.Context(prec=800)))\n\nshare = \
                old_round(part, 2)",
        kinds: &["identifier"],
        visit: round_builtin,
    },
    Recipe {
        id: "none-order",
        title: "None was smaller than everything",
        class: Class::Check,
        strategy: Strategy::Standard,
        why: "Python 3 refuses to order None and other things; whether something is greater than None asks whether it is None.",
        before: "known = limit > None",
        after: "known = limit is not None",
        kinds: &["comparison_operator"],
        visit: none_order,
    },
    Recipe {
        id: "unlike-order",
        title: "numbers were smaller than text",
        class: Class::Refused,
        strategy: Strategy::Standard,
        why: "Python 2 orders values of unlike types by the names of the types; Python 3 raises TypeError.",
        before: "small = 10 < '9'",
        after: "small = 10 < '9'",
        kinds: &["comparison_operator"],
        visit: unlike_order,
    },
    Recipe {
        id: "coerce-builtin",
        title: "coerce() is no builtin",
        class: Class::Check,
        strategy: Strategy::Conservative,
        why: "Python 3 has no coerce(); numbers find a common type by themselves.",
        before: "a, b = coerce(a, b)",
        after: "def coerce(a, b):\n    kinds = (int, float, complex)\n    wide = kinds[max(kinds.index(type(a + 0)), \
                kinds.index(type(b + 0)))]\n    return wide(a), wide(b)\n\na, b = coerce(a, b)",
        kinds: &["identifier"],
        visit: coerce_builtin,
    },
    Recipe {
        id: "floor-and-ceil",
        title: "math.floor() and math.ceil() gave floats",
        class: Class::Check,
        strategy: Strategy::Comprehensive,
        why: "Python 3 gives whole numbers, which print in another way and neither take infinity nor NaN.",
        before: "import math\nprint math.floor(size)",
        after: "import math\nprint float(math.floor(size))",
        kinds: &["call"],
        visit: floor_and_ceil,
    },
];

const SIGNED_SUM: Import = Import::Helper(
    "signed_sum",
    "\n\ndef signed_sum(number):\n    return ((number & 0xffffffff) ^ 0x80000000) - 0x80000000\n",
);

/// A checksum, unless all but its lowest bits are cut off at once or another checksum goes on from it.
fn signed_checksum(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(function) = node.field("function").filter(|_| context.certain) else { return };
    let sums = |path: &String| matches!(path.as_str(), "zlib.crc32" | "zlib.adler32" | "binascii.crc32");
    let paths = context.paths(function);
    if paths.is_empty() || !paths.iter().all(sums) {
        return;
    }
    let helper = name_of(context, &SIGNED_SUM);
    let outer = super::look::with_parentheses(node).parent();
    let cut = outer.is_some_and(|outer| {
        outer.kind() == "binary_operator"
            && outer.field("operator").is_some_and(|operator| matches!(operator.kind(), "&" | "%"))
            && outer.field("left").is_some_and(|left| left.kind() != "string" && outer.field("right") != Some(left))
    });
    let taken = outer.and_then(Node::parent).and_then(|call| call.field("function"));
    if !cut
        && !taken.is_some_and(|taken| {
            taken.text() == helper || context.paths(taken).iter().all(sums) && !context.paths(taken).is_empty()
        })
    {
        found.safe_with(node, vec![Edit::wrap(node.span(), helper + "(", ")")], vec![SIGNED_SUM]);
    }
}

const OLD_ROUND: Import = Import::Helper(
    "old_round",
    "\n\ndef old_round(number, digits=0):\n    number = float(number)\n    if number - number != 0:\n        return number\n    \
     unit = decimal.Decimal(1).scaleb(-digits)\n    return float(decimal.Decimal(number).quantize(unit, \
     decimal.ROUND_HALF_UP, decimal.Context(prec=800)))\n",
);

const COERCE: Import = Import::Helper(
    "coerce",
    "\n\ndef coerce(a, b):\n    kinds = (int, float, complex)\n    wide = kinds[max(kinds.index(type(a + 0)), \
     kinds.index(type(b + 0)))]\n    return wide(a), wide(b)\n",
);

fn round_builtin(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if !is_builtin(context, node, "round") || !context.certain {
        return;
    }
    let whole = call_of(node).and_then(|call| arguments(call).first().copied());
    if whole.is_some_and(|number| type_of(context, number) == Type::Int) {
        return;
    }
    let name = name_of(context, &OLD_ROUND);
    let why = "where halves do not matter and a whole number may come of it, round() says the same";
    found.check_with(node, why, vec![rename(node, &name)], vec![Import::Module("decimal"), OLD_ROUND]);
}

fn coerce_builtin(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    if is_builtin(context, node, "coerce") && context.certain {
        let why = "the function knows numbers only; classes with a __coerce__ of their own must be asked themselves";
        found.check_with(node, why, Vec::new(), vec![COERCE]);
    }
}

/// Builtins that make no difference between a float and the whole number that it is.
const LEVELLING: &[&str] = &["int", "long", "float", "round", "old_round", "range", "xrange", "chr", "bool", "divmod"];

fn floor_and_ceil(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some(function) = node.field("function").filter(|function| function.text().ends_with(['r', 'l'])) else {
        return;
    };
    let path = context.dotted(function).unwrap_or_default();
    if !context.certain || !matches!(path, "math.floor" | "math.ceil") || context.binds_anywhere("float") {
        return;
    }
    let node = super::look::with_parentheses(node);
    let outer = node.parent();
    let call = outer.filter(|list| list.kind() == "argument_list").and_then(Node::parent);
    let levelled = call.and_then(|call| call.field("function")).is_some_and(|outer| LEVELLING.contains(&outer.text()));
    let other = outer.filter(|outer| outer.kind() == "binary_operator").and_then(|outer| {
        let side = if node.field_name() == "left" { "right" } else { "left" };
        outer.field(side).map(|other| type_of(context, other))
    });
    let compared = outer.is_some_and(|outer| matches!(outer.kind(), "comparison_operator" | "subscript"));
    if !(levelled || compared || other == Some(Type::Float)) {
        let why = "where a whole number will do, float() may go";
        found.check(node, why, vec![Edit::wrap(node.span(), "float(", ")")]);
    }
}

/// The operands of a comparison with one operator that orders.
fn ordered(node: Node<'_>) -> Option<(Node<'_>, &str, Node<'_>)> {
    let operands: Vec<_> = node.named_children().filter(|child| child.field_name() != "operators").collect();
    let operator = node.field("operators").map_or("", |operator| operator.kind());
    match operands[..] {
        [left, right] if matches!(operator, "<" | ">" | "<=" | ">=") => Some((left, operator, right)),
        _ => None,
    }
}

fn is_none(node: Node<'_>) -> bool {
    node.kind() == "none" || node.text() == "None"
}

fn none_order(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some((left, operator, right)) = ordered(node).filter(|_| context.certain) else { return };
    let (value, flipped) = match (is_none(left), is_none(right)) {
        (false, true) => (left, operator),
        (true, false) => (
            right,
            match operator {
                "<" => ">",
                ">" => "<",
                "<=" => ">=",
                _ => "<=",
            },
        ),
        _ => return,
    };
    let text = match flipped {
        ">" => " is not None",
        "<=" => " is None",
        _ => return found.refuse(node, "nothing is smaller than None, so that the answer never changes: say it"),
    };
    let mut pieces = kept(value, is_loose(value));
    pieces.push(Piece::New(text.into()));
    let why = "a class may order its objects and None by itself";
    found.check(node, why, vec![Edit::pieces(node.span(), pieces)]);
}

fn unlike_order(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let Some((left, _, right)) = ordered(node).filter(|_| context.certain) else { return };
    let number = |kind| matches!(kind, Type::Int | Type::Float);
    let (left, right) = (type_of(context, left), type_of(context, right));
    if (number(left) && right == Type::Text) || (left == Type::Text && number(right)) {
        found.refuse(node, "a number and text: Python 2 took every number for smaller, Python 3 raises TypeError");
    }
}
