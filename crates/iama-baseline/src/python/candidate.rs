//! Tests that somebody proposes: what can be said of one by reading it alone.

use std::collections::BTreeSet;

use iama_syntax::{Node, SyntaxTree};

use super::hazards::{Hazard, hazards};

/// Bytes of one test.
const LONGEST: usize = 8 << 10;

/// Why a proposed test is not run at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It has a syntax error.
    #[error("it cannot be read as source")]
    Syntax,
    /// It is not one function and nothing else.
    #[error("it is not one function and nothing else")]
    NotOneFunction,
    /// Its name does not begin with `test_`, or it wants arguments.
    #[error("the function is not named `test_…`, or has parameters or decorators")]
    Signature,
    /// It asserts nothing.
    #[error("it has no `assert`")]
    NoAssertion,
    /// It is too long.
    #[error("it is longer than {} KiB", LONGEST >> 10)]
    TooLong,
    /// It reaches further than a test of a computation has to.
    #[error("it uses {0}")]
    Reach(String),
}

impl Unfit {
    /// The stable name.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Syntax => "SYNTAX",
            Self::NotOneFunction | Self::Signature | Self::TooLong => "SHAPE",
            Self::NoAssertion => "NO_ASSERTION",
            Self::Reach(_) => "REACH",
        }
    }
}

/// The name of the test, if it is one function with assertions that reaches nothing outside of the code that it tests.
pub fn name_of_test(tree: &SyntaxTree) -> Result<String, Unfit> {
    if tree.has_error() {
        return Err(Unfit::Syntax);
    }
    if tree.text().len() > LONGEST {
        return Err(Unfit::TooLong);
    }
    let mut statements = tree.root().named_children().filter(|node| node.kind() != "comment");
    let (Some(first), None) = (statements.next(), statements.next()) else { return Err(Unfit::NotOneFunction) };
    let function = match first.kind() {
        "function_definition" => first,
        "decorated_definition" => return Err(Unfit::Signature),
        _ => return Err(Unfit::NotOneFunction),
    };
    let name = function.field("name").map_or("", Node::text);
    let parameters = function.field("parameters").is_some_and(|list| list.named_children().next().is_some());
    let is_async = function.children().any(|part| part.kind() == "async");
    if !name.starts_with("test_") || parameters || is_async {
        return Err(Unfit::Signature);
    }
    if !tree.nodes().any(|node| node.kind() == "assert_statement") {
        return Err(Unfit::NoAssertion);
    }
    let reach: BTreeSet<Hazard> = hazards(tree);
    if !reach.is_empty() {
        let words: Vec<&str> = reach.iter().map(|hazard| hazard.words()).collect();
        return Err(Unfit::Reach(words.join(" and ")));
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use iama_syntax::Dialect;

    use super::*;

    fn of(text: &str) -> Result<String, &'static str> {
        let tree = SyntaxTree::parse(Dialect::Python3, text).unwrap();
        name_of_test(&tree).map_err(|unfit| unfit.code())
    }

    #[test]
    fn a_test_is_one_function_that_asserts_and_reaches_nothing_else() {
        assert_eq!(of("# a\ndef test_a():\n    from lib import f\n    assert f(1) == 2\n"), Ok("test_a".to_owned()));
        assert_eq!(of("def test_a(:\n    assert 1\n"), Err("SYNTAX"));
        assert_eq!(of("import lib\ndef test_a():\n    assert lib.f()\n"), Err("SHAPE"));
        assert_eq!(of("def test_a(tmpdir):\n    assert 1\n"), Err("SHAPE"));
        assert_eq!(of("@skip\ndef test_a():\n    assert 1\n"), Err("SHAPE"));
        assert_eq!(of("async def test_a():\n    assert 1\n"), Err("SHAPE"));
        assert_eq!(of("def check_a():\n    assert 1\n"), Err("SHAPE"));
        assert_eq!(of(&format!("def test_a():\n    assert '{}'\n", "x".repeat(9000))), Err("SHAPE"));
        assert_eq!(of("def test_a():\n    import lib\n    lib.f()\n"), Err("NO_ASSERTION"));
        assert_eq!(of("def test_a():\n    import socket\n    assert socket\n"), Err("REACH"));
    }
}
