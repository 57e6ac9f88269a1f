//! What a rewrite costs when it runs, as far as its kind tells that.

use iama_syntax::Node;

use super::look::{arguments, method_call};
use crate::pair::Weight;

/// Builtins and methods that gave lists.
const BUILTINS: [&str; 4] = ["filter", "map", "range", "zip"];
const METHODS: [&str; 3] = ["items", "keys", "values"];

/// Recipes that keep a list, where they write that they do.
const LISTS: [&str; 3] = ["dict-views", "map-filter-zip", "range-list"];

/// Recipes that call a small function where an operator, a builtin or a method stood.
const FUNCTIONS: [&str; 3] = ["cmp-builtin", "translate-deleting", "unknown-division"];

/// Recipes that sort by a function that compares two things.
const COMPARISONS: [&str; 2] = ["observed-sorting", "sort-cmp"];

/// Recipes that turn text into bytes or bytes into text.
const CONVERSIONS: [&str; 10] = [
    "byte-codecs",
    "byte-order-marks",
    "guarded-decode",
    "guarded-encode",
    "library-bytes",
    "native-decode",
    "native-encode",
    "native-files",
    "native-streams",
    "native-temporary-files",
];

/// How what a recipe wrote compares with what stood there.
pub(super) fn weigh(recipe: &str, written: &str) -> Option<Weight> {
    match recipe {
        _ if LISTS.contains(&recipe) => written.contains("list(").then_some(Weight::List),
        _ if FUNCTIONS.contains(&recipe) => Some(Weight::Function),
        _ if COMPARISONS.contains(&recipe) => Some(Weight::Comparison),
        _ if CONVERSIONS.contains(&recipe) => Some(Weight::Conversion),
        _ => None,
    }
}

/// Whether a node is a call that gave a list and gives none any more, by the name of what it calls.
pub(super) fn makes_list(node: Node<'_>) -> bool {
    if node.kind() != "call" {
        return false;
    }
    match method_call(node) {
        Some((_, method)) => METHODS.contains(&method.text()) && arguments(node).is_empty(),
        None => node.field("function").is_some_and(|function| BUILTINS.contains(&function.text())),
    }
}

#[cfg(test)]
mod tests {
    use iama_syntax::{Dialect, SyntaxTree};

    use super::*;
    use crate::python2_3::RECIPES;

    #[test]
    fn every_recipe_that_is_weighed_is_one_of_the_pair() {
        let known = |id: &str| RECIPES.iter().any(|recipe| recipe.id == id);
        let named = LISTS.iter().chain(&FUNCTIONS).chain(&COMPARISONS).chain(&CONVERSIONS);
        assert_eq!(named.filter(|id| !known(id)).collect::<Vec<_>>(), Vec::<&&str>::new());
    }

    #[test]
    fn a_list_is_kept_where_one_is_written_and_a_renamed_method_costs_nothing() {
        assert_eq!(weigh("dict-views", "list(d.keys())"), Some(Weight::List));
        assert_eq!(weigh("dict-views", "items"), None);
        assert_eq!(weigh("print-statement", "print("), None);
    }

    #[test]
    fn calls_that_gave_lists_are_known_by_their_names() {
        let text = "for k in d.keys(): pass\nmap(f, range(3))\nd.items(1)\nsorted(x)\nd.keys\n";
        let tree = SyntaxTree::parse(Dialect::Python2, text).unwrap();
        assert_eq!(tree.nodes().filter(|node| makes_list(*node)).count(), 3);
    }
}
