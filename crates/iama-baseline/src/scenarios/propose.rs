//! Scenarios that can be had without knowing the program: every way in that the project declares, asked for its help and
//! started without arguments. Files are read as text and never run.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

/// Ways in that are proposed at most.
const MOST: usize = 20;

/// Seconds that a proposed scenario may take: one that waits for something says nothing.
const SECONDS: u64 = 10;

/// Files that are no programs of the project.
const NO_PROGRAMS: [&str; 5] = ["setup.py", "conftest.py", "ez_setup.py", "distribute_setup.py", "manage_test.py"];

/// A way into a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What a person calls it.
    pub name: String,
    /// The words that start it.
    pub words: Vec<String>,
}

/// A file of scenarios for the ways into a project whose Python files are `files`, by path from the root; nothing where there
/// is none.
pub fn propose(root: &Path, files: &[String]) -> Option<String> {
    let entries = entries(root, files);
    if entries.is_empty() {
        return None;
    }
    let mut text = String::from(
        "# Proposed by IAMA: the ways into the project, asked for help and started without arguments.\n\
         # Add scenarios of your own: a command with the input that people give it. See docs/scenarios.md.\n\
         version: 1\n\nscenarios:\n",
    );
    for entry in entries.iter().take(MOST) {
        for (suffix, argument) in [("--help", Some("--help")), ("without arguments", None)] {
            let words: Vec<String> = entry.words.iter().map(String::as_str).chain(argument).map(quoted).collect();
            // A string takes everything.
            let _ = write!(
                text,
                "  - name: {}\n    run: [{}]\n    timeout: {SECONDS}\n",
                quoted(&format!("{} {suffix}", entry.name)),
                words.join(", ")
            );
        }
    }
    Some(text)
}

/// JSON's strings are YAML's.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

/// The ways into a project, each once: what is installed as a command, modules that are packages' own programs, and scripts.
pub fn entries(root: &Path, files: &[String]) -> Vec<Entry> {
    let mut found: BTreeMap<String, Entry> = BTreeMap::new();
    let mut add = |name: &str, words: Vec<String>| {
        let name = name.replace([':', '\n'], " ");
        found.entry(name.clone()).or_insert(Entry { name, words });
    };
    let read = |path: &str| {
        fs::read(root.join(path)).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    };
    let python =
        |rest: &[&str]| std::iter::once("python").chain(rest.iter().copied()).map(str::to_owned).collect::<Vec<_>>();
    let packages: BTreeSet<&str> = files.iter().filter_map(|path| path.strip_suffix("/__init__.py")).collect();
    let mut started: BTreeSet<String> = BTreeSet::new();
    for declaring in ["setup.py", "setup.cfg", "pyproject.toml"] {
        let text = read(declaring);
        for (name, module, function) in console_scripts(&text) {
            let program = format!(
                "import sys; sys.argv[0] = {name:?}; from {module} import {first} as start; sys.exit(start{rest}())",
                first = function.split('.').next().unwrap_or(&function),
                rest = function.find('.').map_or("", |at| &function[at..]),
            );
            started.insert(format!("{}.py", module.replace('.', "/")));
            add(&name, python(&["-c", &program]));
        }
        if declaring == "setup.py" {
            for script in scripts(&text).into_iter().filter(|script| root.join(script).is_file()) {
                started.insert(script.clone());
                add(&script, python(&[&script]));
            }
        }
    }
    for path in files {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let is_test = path.split('/').any(|part| part.starts_with("test")) || name.ends_with("_test.py");
        if is_test || NO_PROGRAMS.contains(&name) || started.contains(path) {
            continue;
        }
        let module = |path: &str| path.trim_start_matches("src/").trim_start_matches("lib/").replace('/', ".");
        if name == "__main__.py" && packages.contains(folder) {
            add(&module(folder), python(&["-m", &module(folder)]));
        } else if is_program(&read(path)) {
            match path.strip_suffix(".py").filter(|_| packages.contains(folder)) {
                Some(stem) => add(path, python(&["-m", &module(stem)])),
                None => add(path, python(&[path])),
            }
        }
    }
    found.into_values().collect()
}

/// Whether a text does something when it is started.
fn is_program(text: &str) -> bool {
    let guard = |line: &str| line.starts_with("if ") && line.contains("__name__") && line.contains("__main__");
    text.lines().any(guard)
        || (text.starts_with("#!") && text.lines().next().is_some_and(|line| line.contains("python")))
}

/// `name = package.module:function`, wherever a file speaks of `console_scripts` or `[project.scripts]`.
fn console_scripts(text: &str) -> Vec<(String, String, String)> {
    static ROW: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r#"(?m)(?:^|['"\[,\n])\s*([\w.-]+)\s*=\s*['"]?([A-Za-z_][\w.]*):([A-Za-z_][\w.]*)"#).ok()
    });
    let Some(row) = ROW.as_ref() else { return Vec::new() };
    let begin = ["console_scripts", "[project.scripts]"].into_iter().filter_map(|mark| text.find(mark)).min();
    let Some(begin) = begin else { return Vec::new() };
    let rest = &text[begin..];
    let end = ["gui_scripts", "\n[", "zip_safe"].into_iter().filter_map(|mark| rest[1..].find(mark)).min();
    let rest = &rest[..end.map_or(rest.len(), |end| end + 1)];
    row.captures_iter(rest).map(|found| (found[1].to_owned(), found[2].to_owned(), found[3].to_owned())).collect()
}

/// The literal names in `scripts=[…]` of a setup.py.
fn scripts(text: &str) -> Vec<String> {
    static LIST: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\bscripts\s*=\s*[\[(]([^\])]*)[\])]").ok());
    static NAME: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r#"['"]([^'"]+)['"]"#).ok());
    let (Some(list), Some(name)) = (LIST.as_ref(), NAME.as_ref()) else { return Vec::new() };
    let inside = list.captures(text).map(|found| found[1].to_owned()).unwrap_or_default();
    let plain = |path: &String| !path.starts_with('/') && !path.contains("..");
    name.captures_iter(&inside).map(|found| found[1].to_owned()).filter(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenarios::{Action, Command, parse};

    #[test]
    fn every_declared_way_in_is_found_once() {
        let folder = tempfile::tempdir().unwrap();
        let files = [
            (
                "setup.py",
                "from setuptools import setup\nsetup(scripts=['bin/tool'], entry_points={'console_scripts': ['thing = pkg.cli:main', 'other=pkg.more:App.run']}, x=1)\n",
            ),
            ("bin/tool", "#!/usr/bin/env python\n"),
            ("pkg/__init__.py", ""),
            ("pkg/__main__.py", "main()\n"),
            ("pkg/cli.py", "if __name__ == '__main__':\n    main()\n"),
            ("pkg/admin.py", "if __name__ == '__main__':\n    main()\n"),
            ("pkg/core.py", "x = 1\n"),
            ("convert.py", "#!/usr/bin/python\nprint 1\n"),
            ("tests/test_all.py", "if __name__ == '__main__':\n    main()\n"),
        ];
        for (path, text) in files {
            let file = folder.path().join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        let paths: Vec<String> =
            files.iter().map(|(path, _)| (*path).to_owned()).filter(|path| path.ends_with(".py")).collect();
        let found: Vec<(String, String)> =
            entries(folder.path(), &paths).into_iter().map(|entry| (entry.name, entry.words.join(" "))).collect();
        let expected = [
            ("bin/tool", "python bin/tool"),
            ("convert.py", "python convert.py"),
            (
                "other",
                "python -c import sys; sys.argv[0] = \"other\"; from pkg.more import App as start; sys.exit(start.run())",
            ),
            ("pkg", "python -m pkg"),
            ("pkg/admin.py", "python -m pkg.admin"),
            (
                "thing",
                "python -c import sys; sys.argv[0] = \"thing\"; from pkg.cli import main as start; sys.exit(start())",
            ),
        ];
        assert_eq!(found, expected.map(|(name, words)| (name.to_owned(), words.to_owned())));
        let read = parse(&propose(folder.path(), &paths).unwrap()).unwrap();
        let names: Vec<_> = read.scenarios.iter().take(2).map(|scenario| scenario.name.as_str()).collect();
        assert_eq!(names, ["bin/tool --help", "bin/tool without arguments"]);
        let words = |text: &[&str]| Action::Run(Command::Words(text.iter().map(|word| (*word).to_owned()).collect()));
        assert_eq!(read.scenarios[0].action, words(&["python", "bin/tool", "--help"]));
    }

    #[test]
    fn a_project_without_a_way_in_gets_no_proposal() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("lib.py"), "x = 1\n").unwrap();
        assert_eq!(propose(folder.path(), &["lib.py".to_owned()]), None);
    }
}
