//! Which files of a project hold its tests.

use iama_syntax::{Dialect, Node, SyntaxTree};

/// Whether a file looks like a file of tests, by its name and by what it defines.
pub fn is_test_file(path: &str, text: &str) -> bool {
    if !names_tests(path) && !text.contains("TestCase") {
        return false;
    }
    let Ok(tree) = SyntaxTree::parse(Dialect::python2_of(text), text) else { return false };
    let statements = tree.root().named_children().map(definition);
    let defines = statements.filter(|statement| match statement.kind() {
        "class_definition" => is_test_class(*statement, names_tests(path)),
        "function_definition" => names_tests(path) && name_of(*statement).starts_with("test"),
        _ => false,
    });
    defines.count() > 0
}

/// Counts the tests and assertions of a file, by what is written there.
pub fn count(tree: &SyntaxTree) -> (usize, usize) {
    let tests = tree.nodes().filter(|node| node.kind() == "function_definition" && name_of(*node).starts_with("test"));
    (tests.count(), tree.nodes().filter(|node| is_assertion(*node)).count())
}

fn is_assertion(node: Node<'_>) -> bool {
    match node.kind() {
        "assert_statement" => true,
        "call" => node.field("function").is_some_and(|function| {
            let name = function.field("attribute").unwrap_or(function).text();
            name.starts_with("assert") || name.starts_with("fail")
        }),
        _ => false,
    }
}

/// Whether some part of the path says `test`, as a word of its own.
fn names_tests(path: &str) -> bool {
    path.split('/').any(|part| {
        let stem = part.strip_suffix(".py").unwrap_or(part);
        let word = |word: &str| matches!(word.to_ascii_lowercase().as_str(), "test" | "tests" | "testing" | "unittest");
        stem.split(['_', '-', '.']).any(word)
            || stem.to_ascii_lowercase().starts_with("test")
            || stem.ends_with("Test")
            || stem.ends_with("Tests")
    })
}

fn definition(statement: Node<'_>) -> Node<'_> {
    match statement.kind() {
        "decorated_definition" => statement.field("definition").unwrap_or(statement),
        _ => statement,
    }
}

fn name_of(node: Node<'_>) -> &str {
    node.field("name").map_or("", Node::text)
}

fn is_test_class(class: Node<'_>, by_name: bool) -> bool {
    let base_is_case = class.field("superclasses").is_some_and(|bases| {
        bases.named_children().any(|base| {
            let base = base.text();
            base.ends_with("TestCase") || (by_name && (base.contains("Test") || base.ends_with("Case")))
        })
    });
    let has_test = class.field("body").is_some_and(|body| {
        body.named_children()
            .map(definition)
            .any(|member| member.kind() == "function_definition" && name_of(member).starts_with("test"))
    });
    if base_is_case { has_test || by_name } else { has_test && by_name && name_of(class).starts_with("Test") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_tests_are_told_by_name_and_content() {
        let case = "import unittest\nclass A(unittest.TestCase):\n    def test_x(self):\n        print 'x'\n";
        let check = |path: &str, text: &str, expected| assert_eq!(is_test_file(path, text), expected, "{path}");
        check("pkg/test_a.py", case, true);
        check("SoupTests.py", case, true);
        check("pkg/tests/basic.py", "def test_a():\n    pass\n", true);
        check("pkg/selfcheck.py", case, true);
        check("pkg/core.py", "def test_connection():\n    pass\n", false);
        check("pkg/tests/util.py", "X = 1\n", false);
        check("pkg/contest.py", "def test():\n    pass\n", false);
        check("tests/test_derived.py", "class B(Base, SomeTestBase):\n    def test_b(self): pass\n", true);
    }

    #[test]
    fn tests_and_assertions_are_counted_as_written() {
        let text = "def test_a():\n    assert 1\ndef helper():\n    self.failUnless(x)\n    self.assertEquals(1, 1)\n";
        let tree = SyntaxTree::parse(Dialect::Python2, text).unwrap();
        assert_eq!(count(&tree), (1, 3));
    }
}
