//! What shows a file to be Python 2. What could be either is left alone.

use std::collections::BTreeSet;

use iama_syntax::scopes::{Resolution, Scopes};
use iama_syntax::{Node, SyntaxTree};

use super::tables::{MODULES, gone, split_of};

/// Whether the file could not be Python 3 by its syntax.
pub(super) fn certain(tree: &SyntaxTree) -> bool {
    tree.nodes().any(is_old_syntax)
}

/// Whether a file uses what only Python 2's library has. Code for both may, too.
pub(super) fn likely(tree: &SyntaxTree, files: &BTreeSet<String>) -> bool {
    let text = tree.text();
    // Whoever asks which Python it is writes for both.
    !contains_any(text, &["PY3", "PY2", "import six", "from six"])
        && ((contains_any(text, OLD_BUILTINS) && uses_old_builtin(tree))
            || (contains_any(text, OLD_METHODS) && tree.nodes().any(is_old_method))
            || tree.nodes().any(|node| is_old_import(node, files)))
}

fn is_old_syntax(node: Node<'_>) -> bool {
    match node.kind() {
        "repr_expression" | "<>" => true,
        "exec_statement" => !exec_looks_like_call(node),
        "print_statement" => !looks_like_call(node),
        "except_clause" => node.child_of_kind(",").is_some(),
        "raise_statement" => node.child_of_kind("expression_list").is_some(),
        "integer" | "string_start" => is_python2_only(node),
        "parameters" | "lambda_parameters" => node.named_children().any(|child| child.kind() == "tuple_pattern"),
        _ => false,
    }
}

/// Builtins that Python 3 does not have under any name of its own.
pub(super) const OLD_BUILTINS: &[&str] =
    &["basestring", "unicode", "xrange", "raw_input", "unichr", "execfile", "long", "cmp", "reduce", "coerce"];

/// Methods that only Python 2's dictionaries have.
const OLD_METHODS: &[&str] = &["has_key", "iteritems", "iterkeys", "itervalues"];

pub(super) fn contains_any(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}

fn is_old_method(node: Node<'_>) -> bool {
    let Some(method) =
        node.field("function").filter(|function| node.kind() == "call" && function.kind() == "attribute")
    else {
        return false;
    };
    let old = method.field("attribute").is_some_and(|name| OLD_METHODS.contains(&name.text()));
    old && method.field("object").is_some_and(|object| object.text() != "self") && !is_guarded(node)
}

/// Whether a module is imported that only Python 2 has, and nobody expects that to fail.
fn is_old_import(node: Node<'_>, files: &BTreeSet<String>) -> bool {
    // A module of the workspace's own is no module of the library, whatever its name.
    let own = |name: &str| {
        let file = format!("{}.py", name.split('.').next().unwrap_or(name));
        files.iter().any(|path| path.rsplit('/').next() == Some(&*file))
    };
    let old = |name: &str| {
        let moved = MODULES.iter().any(|(old, new)| *old == name && *old != "dbm" && !new.starts_with('_'));
        let split = name != "urllib" && split_of(name).is_some();
        let gone = gone(name).is_some_and(|gone| gone.since == (3, 0) && name != "pipes" && name != "user");
        (moved || split || gone) && !own(name)
    };
    match node.kind() {
        "import_from_statement" => {
            node.field("module_name").is_some_and(|module| old(module.text())) && !is_guarded(node)
        }
        "import_statement" => node.fields("name").any(|item| old(item.text())) && !is_guarded(node),
        _ => false,
    }
}

fn uses_old_builtin(tree: &SyntaxTree) -> bool {
    old_builtin(tree).is_some()
}

fn old_builtin(tree: &SyntaxTree) -> Option<Node<'_>> {
    let scopes = Scopes::build(tree);
    tree.nodes().find(|node| {
        let node = *node;
        node.kind() == "identifier"
            && OLD_BUILTINS.contains(&node.text())
            && scopes.resolve(node) == Some(Resolution::Builtin)
            && !is_guarded(node)
    })
}

/// Whether a name is used only where the file has asked which Python it runs on.
pub(super) fn is_guarded(node: Node<'_>) -> bool {
    node.ancestors().any(|ancestor| match ancestor.kind() {
        // Only Python 2 ever calls these methods.
        "function_definition" => {
            ancestor.field("name").is_some_and(|name| matches!(name.text(), "__long__" | "__unicode__"))
        }
        "try_statement" => true,
        "if_statement" | "elif_clause" | "conditional_expression" => {
            let condition = ancestor.field("condition").unwrap_or(ancestor).text();
            ["version", "hasattr", "PY2", "PY3", "six.", "IS_PY", "python2", "python3", "py2", "py3"]
                .iter()
                .any(|sign| condition.contains(sign))
        }
        _ => false,
    })
}

/// Whether an exec statement would read as a call in Python 3.
fn exec_looks_like_call(node: Node<'_>) -> bool {
    let mut parts = node.named_children();
    let code = parts.next().is_some_and(|code| matches!(code.kind(), "parenthesized_expression" | "tuple"));
    code && parts.next().is_none()
}

/// Whether a print statement would read as a call in Python 3.
fn looks_like_call(node: Node<'_>) -> bool {
    let mut values = node.fields("argument");
    let (first, second) = (values.next(), values.next());
    let parenthesised =
        |node: Node<'_>| matches!(node.kind(), "parenthesized_expression" | "tuple" | "generator_expression");
    let plain = node.child_of_kind("chevron").is_none() && node.child_of_kind(",").is_none();
    plain && second.is_none() && first.is_some_and(parenthesised)
}

/// Syntax that only Python 2 has.
fn is_python2_only(node: Node<'_>) -> bool {
    match node.kind() {
        "print_statement" | "exec_statement" | "<>" => true,
        "integer" => {
            let text = node.text();
            let padded = text.len() > 1 && text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
            text.ends_with(['l', 'L']) || (padded && text.bytes().any(|byte| byte != b'0'))
        }
        "string_start" => {
            let text = node.text().to_ascii_lowercase();
            text.starts_with("ur") || text.ends_with('`')
        }
        "raise_statement" => node.child_of_kind("expression_list").is_some(),
        "except_clause" => node.child_of_kind(",").is_some(),
        "parameters" | "lambda_parameters" => node.named_children().any(|child| child.kind() == "tuple_pattern"),
        _ => false,
    }
}
