//! Which files the tests can reach: by the imports that are written in them, read as text and never run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::records::WorkspaceRecord;

/// The files that the tests import, directly or through others, the tests included.
pub(crate) fn from_tests(root: &Path, workspace: &WorkspaceRecord, tests: &[String]) -> BTreeSet<String> {
    Imports::new(root, workspace).from(tests)
}

/// Which file imports which, each file read when it is first asked for.
pub(crate) struct Imports<'a> {
    root: &'a Path,
    modules: BTreeMap<String, Vec<&'a String>>,
    known: BTreeMap<String, Vec<&'a String>>,
}

impl<'a> Imports<'a> {
    pub(crate) fn new(root: &'a Path, workspace: &'a WorkspaceRecord) -> Self {
        let mut modules: BTreeMap<String, Vec<&String>> = BTreeMap::new();
        for path in workspace.files.keys() {
            modules.entry(name_of(path)).or_default().push(path);
        }
        Self { root, modules, known: BTreeMap::new() }
    }

    /// The files that these import, directly or through others, and these themselves.
    pub(crate) fn from(&mut self, files: &[String]) -> BTreeSet<String> {
        let mut reached: BTreeSet<String> = files.iter().cloned().collect();
        let mut open: Vec<String> = files.to_vec();
        while let Some(path) = open.pop() {
            for &found in self.of(&path) {
                if reached.insert(found.clone()) {
                    open.push(found.clone());
                }
            }
        }
        reached
    }

    /// The files that one imports itself.
    pub(crate) fn direct(&mut self, path: &str) -> impl Iterator<Item = &'a String> {
        self.of(path).iter().copied()
    }

    fn of(&mut self, path: &str) -> &[&'a String] {
        let Self { root, modules, known } = self;
        known.entry(path.to_owned()).or_insert_with_key(|path| {
            let text = fs::read(root.join(path)).unwrap_or_default();
            let names = imports(&String::from_utf8_lossy(&text));
            names.iter().filter_map(|name| modules.get(name)).flatten().copied().collect()
        })
    }
}

/// The source files that a command names: by path, or as a module after `-m`, `import` or `from`.
pub(crate) fn named_in(command: &str, workspace: &WorkspaceRecord) -> Vec<String> {
    let words = command.split(|c: char| c.is_whitespace() || "'\"`;&|()<>=,".contains(c));
    let mut found = BTreeSet::new();
    for word in words.filter(|word| !word.is_empty()) {
        let path = word.trim_start_matches("./");
        let module = word.replace('.', "/");
        let of_module = ["", "src/", "lib/"]
            .into_iter()
            .flat_map(|folder| [".py", "/__main__.py", "/__init__.py"].map(|end| format!("{folder}{module}{end}")));
        found.extend(
            std::iter::once(path.to_owned()).chain(of_module).filter(|path| workspace.files.contains_key(path)),
        );
    }
    found.into_iter().collect()
}

/// The last part of the name under which a file is imported.
fn name_of(path: &str) -> String {
    let stem = path.strip_suffix(".py").unwrap_or(path);
    let stem = stem.strip_suffix("/__init__").unwrap_or(stem);
    stem.rsplit('/').next().unwrap_or(stem).to_owned()
}

/// The last parts of all modules and names that a text imports: more than it reaches, never less.
fn imports(text: &str) -> BTreeSet<String> {
    let statements =
        text.lines().map(str::trim_start).filter(|line| line.starts_with("import ") || line.starts_with("from "));
    let words = statements.flat_map(|line| line.split(|c: char| !(c.is_alphanumeric() || c == '_')));
    words.filter(|word| !word.is_empty() && !matches!(*word, "import" | "from" | "as")).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_names_files_by_path_and_by_module() {
        let paths = ["tool.py", "pkg/__init__.py", "pkg/__main__.py", "src/more/cli.py", "python.py"];
        let files = paths.iter().map(|path| ((*path).to_owned(), String::new())).collect();
        let workspace = WorkspaceRecord { files, excluded: Vec::new(), dirty: false };
        let check = |command: &str, expected: &[&str]| assert_eq!(named_in(command, &workspace), expected, "{command}");
        check("cat x | python2 ./tool.py --help", &["tool.py"]);
        check("python2 -m pkg", &["pkg/__init__.py", "pkg/__main__.py"]);
        check("python2 -c 'from more.cli import main; main()'", &["src/more/cli.py"]);
        check("echo nothing", &[]);
    }

    #[test]
    fn a_file_is_reached_through_another() {
        let folder = tempfile::tempdir().unwrap();
        let files = [
            ("pkg/__init__.py", "from core import run\n"),
            ("pkg/core.py", "import pkg.deep\n"),
            ("pkg/deep.py", ""),
            ("pkg/alone.py", ""),
            ("tests/test_a.py", "import pkg\n"),
        ];
        let mut workspace = WorkspaceRecord { files: BTreeMap::new(), excluded: Vec::new(), dirty: false };
        for (path, text) in files {
            let file = folder.path().join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
            workspace.files.insert(path.to_owned(), String::new());
        }
        let reached = from_tests(folder.path(), &workspace, &["tests/test_a.py".to_owned()]);
        let expected = ["pkg/__init__.py", "pkg/core.py", "pkg/deep.py", "tests/test_a.py"];
        assert_eq!(reached, expected.map(str::to_owned).into());
    }
}
