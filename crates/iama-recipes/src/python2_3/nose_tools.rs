//! Assertions of nose, whose last release Python 3 imports up to 3.9 in full and from 3.12 on not at all.

use iama_syntax::Node;

use super::modules::{items, join_statements};
use crate::context::Context;
use crate::edit::Edit;
use crate::recipe::{Class, Findings, Recipe, Strategy};

pub(super) const RECIPES: [Recipe; 1] = [Recipe {
    id: "nose-tools",
    title: "assertions of nose.tools",
    class: Class::Check,
    strategy: Strategy::Conservative,
    why: "nose has had no release since Python 3.4; its assertions are those of unittest under other names.",
    before: "from nose.tools import assert_raises, eq_",
    after: "import unittest\nassert_raises = unittest.TestCase('__init__').assertRaises\neq_ = \
            unittest.TestCase('__init__').assertEqual",
    kinds: &["import_from_statement"],
    visit: nose_tools,
}];

/// What nose calls them, and the methods of a test case.
const ASSERTIONS: &[(&str, &str)] = &[
    ("assert_almost_equal", "assertAlmostEqual"),
    ("assert_almost_equals", "assertAlmostEqual"),
    ("assert_dict_equal", "assertDictEqual"),
    ("assert_equal", "assertEqual"),
    ("assert_equals", "assertEqual"),
    ("assert_false", "assertFalse"),
    ("assert_greater", "assertGreater"),
    ("assert_greater_equal", "assertGreaterEqual"),
    ("assert_in", "assertIn"),
    ("assert_is", "assertIs"),
    ("assert_is_instance", "assertIsInstance"),
    ("assert_is_none", "assertIsNone"),
    ("assert_is_not", "assertIsNot"),
    ("assert_is_not_none", "assertIsNotNone"),
    ("assert_less", "assertLess"),
    ("assert_less_equal", "assertLessEqual"),
    ("assert_list_equal", "assertListEqual"),
    ("assert_multi_line_equal", "assertMultiLineEqual"),
    ("assert_not_almost_equal", "assertNotAlmostEqual"),
    ("assert_not_equal", "assertNotEqual"),
    ("assert_not_equals", "assertNotEqual"),
    ("assert_not_in", "assertNotIn"),
    ("assert_not_is_instance", "assertNotIsInstance"),
    ("assert_raises", "assertRaises"),
    ("assert_sequence_equal", "assertSequenceEqual"),
    ("assert_set_equal", "assertSetEqual"),
    ("assert_true", "assertTrue"),
    ("assert_tuple_equal", "assertTupleEqual"),
    ("eq_", "assertEqual"),
    ("ok_", "assertTrue"),
];

pub(super) fn nose_tools(context: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let is_nose = node.field("module_name").is_some_and(|module| module.text() == "nose.tools");
    // Whoever expects the import to fail has another one at hand.
    let expected = node.ancestors().any(|outer| outer.kind() == "try_statement");
    if !is_nose || expected || !context.certain || context.target < (3, 10) || context.is_own("nose") {
        return;
    }
    let mut lines = vec!["import unittest".to_owned()];
    for (_, name, alias) in items(node) {
        let Some((_, method)) = ASSERTIONS.iter().find(|(old, _)| *old == name.text()) else {
            return found.refuse(node, format!("unittest has nothing like {} of nose", name.text()));
        };
        let bound = alias.unwrap_or(name).text();
        lines.push(format!("{bound} = unittest.TestCase('__init__').{method}"));
    }
    if lines.len() > 1 {
        let why = "the same assertions, bound to a test case that never runs";
        found.check(node, why, vec![Edit::replace(node.span(), join_statements(node, lines.into_iter()))]);
    }
}
