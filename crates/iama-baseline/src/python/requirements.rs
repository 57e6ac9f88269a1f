//! What a project and its tests need, read from its files: nothing of the project is run.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use iama_syntax::{Dialect, Node, SyntaxTree};

/// Packages that tests use without anybody saying so.
const TEST_TOOLS: &[(&str, &str)] = &[("nose", "nose"), ("mock", "mock"), ("six", "six"), ("unittest2", "unittest2")];

/// The requirements of a project: its own files, and tools that its tests import. Sorted, each once.
pub fn of_project(root: &Path, test_texts: &[String]) -> Vec<String> {
    let mut found = BTreeSet::new();
    for name in [
        "requirements.txt",
        "requirements-dev.txt",
        "requirements-test.txt",
        "test-requirements.txt",
        "requirements/test.txt",
        "requirements/tests.txt",
        "tests/requirements.txt",
    ] {
        if let Ok(text) = fs::read_to_string(root.join(name)) {
            found.extend(lines_of(&text));
        }
    }
    if let Ok(bytes) = fs::read(root.join("setup.py")) {
        found.extend(of_setup(&String::from_utf8_lossy(&bytes)));
    }
    for text in test_texts {
        let imported = |module: &str| {
            text.lines().map(str::trim_start).any(|line| {
                let mut words = line.split([' ', '.', ',']);
                matches!(words.next(), Some("import" | "from")) && words.next() == Some(module)
            })
        };
        found
            .extend(TEST_TOOLS.iter().filter(|(module, _)| imported(module)).map(|(_, package)| (*package).to_owned()));
    }
    found.into_iter().collect()
}

/// The lines of a requirements file that name a package; options, links and paths are left out.
fn lines_of(text: &str) -> impl Iterator<Item = String> {
    text.lines()
        .map(|line| line.split(" #").next().unwrap_or(line).trim())
        .filter(|line| line.starts_with(|c: char| c.is_ascii_alphanumeric()) && !line.contains("://"))
        .map(str::to_owned)
}

/// The literal lists of `install_requires` and `tests_require`.
fn of_setup(text: &str) -> Vec<String> {
    let Ok(tree) = SyntaxTree::parse(Dialect::python2_of(text), text) else { return Vec::new() };
    let wanted = |node: &Node<'_>| {
        let name = match node.kind() {
            "keyword_argument" => node.field("name"),
            "assignment" => node.field("left"),
            _ => None,
        };
        name.is_some_and(|name| matches!(name.text(), "install_requires" | "tests_require"))
    };
    let values = tree.nodes().filter(wanted).filter_map(|node| node.field("value").or_else(|| node.field("right")));
    values
        .filter(|value| matches!(value.kind(), "list" | "tuple"))
        .flat_map(|value| value.named_children().filter(|item| item.kind() == "string").collect::<Vec<_>>())
        .filter_map(|item| item.child_of_kind("string_content").map(|content| content.text().to_owned()))
        .filter(|requirement| requirement.starts_with(|c: char| c.is_ascii_alphanumeric()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_come_from_files_literals_and_imports() {
        let folder = tempfile::tempdir().unwrap();
        let setup =
            "from setuptools import setup\nprint 'x'\nsetup(install_requires=['a>=1', \"b\"], tests_require=('c',))\n";
        fs::write(folder.path().join("setup.py"), setup).unwrap();
        fs::write(folder.path().join("requirements.txt"), "d==2 # why\n-r other.txt\n./local\n\n").unwrap();
        let tests = ["from nose.tools import eq_\nimport mocker\n".to_owned()];
        assert_eq!(of_project(folder.path(), &tests), ["a>=1", "b", "c", "d==2", "nose"]);
    }
}
