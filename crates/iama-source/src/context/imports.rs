//! What a file imports, as it is written.

use iama_syntax::{Dialect, Node, SyntaxTree};

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
    for node in tree.nodes().filter(|node| node.is_named()) {
        match node.kind() {
            "import_statement" if tree.dialect().is_python() => found.extend(node.named_children().filter_map(plain)),
            "import_from_statement" => found.extend(from(node)),
            "import_statement" | "export_statement" | "import_require_clause" => {
                found.extend(node.field("source").and_then(quoted));
            }
            "call_expression" => found.extend(required(node)),
            "import_declaration" => found.extend(of_java(node)),
            _ => {}
        }
    }
    found
}

/// What a file of Java is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Declared {
    /// Dotted; empty for none.
    pub(super) package: String,
    /// The classes at its top.
    pub(super) types: Vec<String>,
}

/// The package and the classes of a file of Java.
pub(super) fn declared(tree: &SyntaxTree) -> Declared {
    let mut declared = Declared::default();
    if tree.dialect() == Dialect::Java {
        for node in tree.root().named_children() {
            match node.kind() {
                "package_declaration" => {
                    declared.package = node.named_children().last().map(dotted).unwrap_or_default();
                }
                kind if kind.ends_with("_declaration") => {
                    declared.types.extend(node.field("name").map(|name| name.text().to_owned()));
                }
                _ => {}
            }
        }
    }
    declared
}

fn of_java(node: Node<'_>) -> Option<Import> {
    let module = dotted(node.named_child(0)?);
    let names = if node.child_of_kind("asterisk").is_some() { vec!["*".to_owned()] } else { Vec::new() };
    Some(Import { module, level: 0, names })
}

/// `require('x')` and `import('x')`.
fn required(call: Node<'_>) -> Option<Import> {
    let function = call.field("function")?;
    let is_import = function.kind() == "import" || (function.kind() == "identifier" && function.text() == "require");
    let argument = call.field("arguments").filter(|_| is_import)?.named_child(0)?;
    quoted(argument)
}

fn quoted(string: Node<'_>) -> Option<Import> {
    let text = string.text().strip_prefix(['\'', '"'])?.strip_suffix(['\'', '"'])?;
    Some(Import { module: text.to_owned(), level: 0, names: Vec::new() })
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

    fn modules(dialect: Dialect, text: &str) -> Vec<String> {
        imports(&SyntaxTree::parse(dialect, text).unwrap()).into_iter().map(|import| import.module).collect()
    }

    #[test]
    fn modules_of_other_languages_are_read() {
        let text =
            "import a from './a'\nexport * from \"./b\"\nconst c = require('./c'), d = () => import('d')\nf('./e')\n";
        assert_eq!(modules(Dialect::JavaScript, text), ["./a", "./b", "./c", "d"]);
        assert_eq!(
            modules(Dialect::TypeScript, "import type { A } from './a'\nimport b = require('./b')\n"),
            ["./a", "./b"]
        );
        assert_eq!(modules(Dialect::Java, "import a.B;\nimport static c.D.e;\nimport f.*;\n"), ["a.B", "c.D.e", "f"]);
    }

    #[test]
    fn a_file_of_java_tells_its_package_and_its_classes() {
        let tree = SyntaxTree::parse(Dialect::Java, "package a . b;\nclass C { class D {} }\nenum E {}\n").unwrap();
        assert_eq!(declared(&tree), Declared { package: "a.b".into(), types: vec!["C".into(), "E".into()] });
    }
}
