//! Marks the places of a text whose meaning hangs on types that the code does not show, so that a run of the legacy code
//! can tell them.
//!
//! A marked value goes through `__iama_see__(number, value)`, which gives it back; `__iama_seen__` sees two names before an
//! augmented assignment, and `__iama_items__` looks at what is put in order. Whoever runs the marked text puts all three
//! among the builtins.

use std::collections::BTreeMap;

use iama_syntax::{Node, Span};

use super::observed::{Items, sorted_items};
use crate::edit::{Edit, Ledger, Piece};
use crate::pair::{Probed, Reading};

/// Methods whose meaning hangs on what they are called on.
const METHODS: &[&str] =
    &["keys", "values", "items", "next", "encode", "decode", "has_key", "iteritems", "iterkeys", "itervalues"];

/// The text with its places marked, numbered from `first` on; nothing when there is no such place.
pub(super) fn probe(text: &str, first: usize) -> Option<Probed> {
    let Reading::Source(tree) = super::read(text) else { return None };
    let mut values = BTreeMap::new();
    for node in tree.nodes() {
        for value in values_of(node) {
            values.insert((value.start(), std::cmp::Reverse(value.end())), value);
        }
    }
    let items: Vec<_> = tree.nodes().filter(|node| node.kind() == "call").filter_map(sorted_items).collect();
    let mut sites: Vec<Span> = values.values().map(|value| value.span()).collect();
    let mut edits: Vec<(Edit, u16)> = Vec::new();
    for (rank, value) in values.values().enumerate() {
        edits.push((Edit::wrap(value.span(), format!("__iama_see__({}, ", first + rank), ")"), 0));
    }
    for (left, right) in tree.nodes().filter_map(augmented) {
        let number = first + sites.len();
        sites.extend([left.span(), right.span()]);
        let before = format!("__iama_seen__({number}, {}, {}, ", left.text(), number + 1);
        let pieces = vec![Piece::New(before), Piece::Keep(right.span()), Piece::New(")".into())];
        edits.push((Edit::pieces(right.span(), pieces), 0));
    }
    for item in items {
        let number = first + sites.len();
        let (span, edit) = match item {
            Items::In(span) => (span, Edit::wrap(span, format!("__iama_items__({number}, "), ")")),
            Items::Arguments(span) => (span, Edit::wrap(span, format!("*__iama_items__({number}, ("), "))")),
        };
        edits.push((edit, 0));
        sites.push(span);
    }
    (!sites.is_empty()).then(|| Probed { text: Ledger::new(text).apply(edits).text().to_owned(), sites })
}

/// The values that a node works on, where it is one of those whose meaning hangs on them.
fn values_of(node: Node<'_>) -> Vec<Node<'_>> {
    match node.kind() {
        "binary_operator" if node.field("operator").is_some_and(|operator| operator.kind() == "/") => {
            [node.field("left"), node.field("right")].into_iter().flatten().collect()
        }
        "comparison_operator" if node.children().any(|part| matches!(part.kind(), "<" | ">" | "<=" | ">=")) => {
            node.named_children().filter(|part| !part.is_extra()).collect()
        }
        "call" => method_object(node).into_iter().collect(),
        _ => Vec::new(),
    }
}

fn method_object(call: Node<'_>) -> Option<Node<'_>> {
    let function = call.field("function").filter(|function| function.kind() == "attribute")?;
    function.field("attribute").filter(|name| METHODS.contains(&name.text()))?;
    function.field("object")
}

/// The two sides of `a /= b`, where looking at the left one again does nothing.
fn augmented(node: Node<'_>) -> Option<(Node<'_>, Node<'_>)> {
    if node.kind() != "augmented_assignment" || node.field("operator")?.kind() != "/=" {
        return None;
    }
    let (left, right) = (node.field("left")?, node.field("right")?);
    (left.kind() == "identifier" && right.kind() != "yield" && right.kind() != "expression_list")
        .then_some((left, right))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_marked_where_their_types_decide() {
        let probed = probe("print a / b / 2, d.x.keys()\nif None < x <= 3: n /= k\n", 10).unwrap();
        let wanted = "print __iama_see__(10, __iama_see__(11, a) / __iama_see__(12, b)) / __iama_see__(13, 2), \
                      __iama_see__(14, d.x).keys()\n\
                      if __iama_see__(15, None) < __iama_see__(16, x) <= __iama_see__(17, 3): n /= __iama_seen__(18, n, 19, k)\n";
        assert_eq!(probed.text, wanted);
        assert_eq!((probed.sites.len(), probed.sites[4]), (10, Span::new(17, 20)));
    }

    #[test]
    fn what_is_put_in_order_is_marked_as_a_whole() {
        let probed = probe("print max(a, b), sorted(f(c))\nrows.sort()\nrows.sort(key=len)\n", 0).unwrap();
        let wanted = "print max(*__iama_items__(0, (a, b))), sorted(__iama_items__(1, f(c)))\n\
                      __iama_items__(2, rows).sort()\nrows.sort(key=len)\n";
        assert_eq!(probed.text, wanted);
    }

    #[test]
    fn a_text_without_such_places_is_left_alone() {
        assert_eq!(probe("print 'a'\n", 0), None);
    }
}
