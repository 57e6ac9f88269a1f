//! Tree-sitter grammars for Python 2.7, derived at build time from tree-sitter-python 0.25.
//!
//! Node kinds and fields are those of tree-sitter-python wherever the construct exists there, so that a query written for
//! Python 3 holds for Python 2 as well. What differs:
//!
//! | node | here |
//! | --- | --- |
//! | `print_statement` | any number of `argument` fields, none included; a `chevron` (`>>f`) comes first; a comma at the end is the last child. Only in [`LANGUAGE`] |
//! | `exec_statement` | fields `code` (any arithmetic expression, the tuple form included), `globals`, `locals` |
//! | `repr_expression` | new: backticks around the field `argument`, an expression or an `expression_list`; they nest |
//! | `except_clause` | `except X, e` has the fields `value` and `alias`; `except X as e` has an `as_pattern` as its `value`, as in Python 3 |
//! | `raise_statement` | `raise E, V, T` holds one `expression_list`; there is no `cause` |
//! | `with_item` | `value` is an expression or an `as_pattern`; there are no parentheses around the items |
//! | `as_pattern` | only below `with_item` and `except_clause` |
//! | `parameters`, `lambda_parameters` | a `tuple_pattern` is a parameter or the `name` of a `default_parameter`; no annotations, no `/` and no bare `*` |
//! | `class_definition` | `superclasses` is an `argument_list` that holds expressions only |
//! | `decorator` | a dotted name (`identifier` or `attribute`) or one `call` of it |
//! | `identifier` | ASCII only. `True`, `False`, `async`, `await`, `nonlocal`, `match`, `case` and `type` are identifiers; `None` is the node `none` except after a dot |
//! | `integer` | also `0777`, `10L` and `0xFFL`; no underscores |
//! | `string` | prefixes `u`, `b`, `ur`, `br`; never an `interpolation`. An `escape_sequence` is lexical: `\u` is marked in strings without `u` too |
//! | `ellipsis` | only as a `subscript`; may be three separate dots |
//! | `comparison_operator` | also `<>`, as in tree-sitter-python |
//!
//! Not accepted, because Python 2 does not have it: match statements, type aliases, `:=`, `@` between operands,
//! annotations, starred targets and elements, `async`/`await`, `nonlocal`, `yield from`, `raise … from`, `except*`.
//!
//! A tab moves the indentation to the next multiple of eight and a form feed sets it to zero, as in `CPython`. A carriage
//! return counts as blank space: bare ones must be shown to the parser as line feeds.

use tree_sitter_language::LanguageFn;

#[expect(unsafe_code, reason = "the functions are generated in C by build.rs")]
unsafe extern "C" {
    fn tree_sitter_python2() -> *const ();
    fn tree_sitter_python2_print_function() -> *const ();
}

/// Python 2 with the print statement.
#[expect(unsafe_code, reason = "the generated C returns a language that lives as long as the program")]
pub const LANGUAGE: LanguageFn = unsafe { LanguageFn::from_raw(tree_sitter_python2) };

/// Python 2 as it is after `from __future__ import print_function`: `print` is a name.
#[expect(unsafe_code, reason = "the generated C returns a language that lives as long as the program")]
pub const LANGUAGE_PRINT_FUNCTION: LanguageFn = unsafe { LanguageFn::from_raw(tree_sitter_python2_print_function) };
