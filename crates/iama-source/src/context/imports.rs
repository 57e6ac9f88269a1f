//! What a file imports, as it is written.

use iama_syntax::{Node, SyntaxTree};

/// One module that is imported.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Import {
    /// As written, without leading dots of Python.
    pub(super) module: String,
    /// Leading dots of Python.
    pub(super) level: usize,
    /// What is taken from it by name; a star is one.
    pub(super) names: Vec<String>,
}

/// Everything that a file imports anywhere, in the order of the text.
pub(super) fn imports(tree: &SyntaxTree) -> Vec<Import> {
    let mut found = Vec::new();
    for node in tree.nodes() {
        match node.kind() {
            "import_statement" if node.is_named() && tree.dialect().is_python() => {
                found.extend(node.named_children().filter_map(plain));
            }
            "import_from_statement" => found.extend(from(node)),
            _ => {}
        }
    }
    found
}

fn plain(item: Node<'_>) -> Option<Import> {
    let name = if item.kind() == "aliased_import" { item.field("name")? } else { item };
    Some(Import { module: dotted(name), level: 0, names: Vec::new() })
}

fn from(statement: Node<'_>) -> Option<Import> {
    let module = dotted(statement.field("module_name")?);
    let name = module.trim_start_matches('.');
    let mut names: Vec<String> = statement
        .fields("name")
        .filter_map(|item| if item.kind() == "aliased_import" { item.field("name") } else { Some(item) })
        .map(dotted)
        .collect();
    if statement.child_of_kind("wildcard_import").is_some() {
        names.push("*".to_owned());
    }
    Some(Import { level: module.len() - name.len(), module: name.to_owned(), names })
}

/// A dotted name may be spread over blanks and lines.
fn dotted(node: Node<'_>) -> String {
    node.text().chars().filter(|char| !char.is_whitespace() && *char != '\\').collect()
}

#[cfg(test)]
mod tests {
    use iama_syntax::Dialect;

    use super::*;

    #[test]
    fn every_form_of_an_import_is_read() {
        let text =
            "import a.b, c as d\ndef f():\n    from .. import e\nfrom .g. h import (i as j, k)\nfrom l import *\n";
        let import = |level, module: &str, names: &[&str]| Import {
            module: module.to_owned(),
            level,
            names: names.iter().map(|name| (*name).to_owned()).collect(),
        };
        assert_eq!(
            imports(&SyntaxTree::parse(Dialect::Python2, text).unwrap()),
            [
                import(0, "a.b", &[]),
                import(0, "c", &[]),
                import(2, "", &["e"]),
                import(1, "g.h", &["i", "k"]),
                import(0, "l", &["*"])
            ]
        );
    }
}
