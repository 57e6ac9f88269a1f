//! Asks a `CPython` 2.7 about files and compares.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::{Statement, scopes, statements};
use crate::{Dialect, LineIndex, SourceText, SyntaxTree};

const STATEMENTS: &str = include_str!("python2_ast.py");
const SCOPES: &str = include_str!("python_symtable.py");

/// What a comparison found.
#[derive(Debug, Default)]
pub struct Report {
    /// Files that `CPython` accepts.
    pub files: usize,
    /// Statements in them.
    pub statements: usize,
    /// Files that `CPython` refuses; they are not compared.
    pub refused: usize,
    /// The first difference of each file that has one.
    pub differences: Vec<Difference>,
}

/// A place where `CPython` and the tree disagree.
#[derive(Debug)]
pub struct Difference {
    /// The file.
    pub file: PathBuf,
    /// What `CPython` sees there; nothing after its last statement.
    pub theirs: Option<Statement>,
    /// What the tree shows there.
    pub ours: Option<Statement>,
    /// Why there is no tree, when there is none.
    pub failure: Option<String>,
}

#[derive(Deserialize)]
struct Answer {
    file: PathBuf,
    #[serde(default)]
    statements: Vec<(String, u32, i64, u32, String)>,
    error: Option<String>,
}

/// Compares every one of `files` with what the interpreter at `python` says about it.
pub fn compare(python: &Path, files: &[PathBuf]) -> io::Result<Report> {
    let mut report = Report::default();
    for line in ask(python, STATEMENTS, files)?.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let answer: Answer = serde_json::from_slice(line)?;
        if answer.error.is_some() {
            report.refused += 1;
            continue;
        }
        report.files += 1;
        report.statements += answer.statements.len();
        report.differences.extend(difference(answer)?);
    }
    Ok(report)
}

fn python_folders(prefix: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(prefix.join("lib"))?.map(|entry| entry.map(|entry| entry.path()));
    let is_python = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("python"))
            && path.join("os.py").is_file()
    };
    entries.filter(|path| path.as_ref().map_or(true, is_python)).collect()
}

/// Compares the scopes of every one of `files` with what the `symtable` module of the interpreter at `python`, which speaks
/// `dialect`, says about them. Gives the number of scopes that were compared and a text for each that only one side has.
/// Files with names that cannot be resolved, with annotations that are not evaluated, or with a type alias are left out.
pub fn compare_scopes(python: &Path, dialect: Dialect, files: &[PathBuf]) -> io::Result<(usize, Vec<String>)> {
    let (mut compared, mut differences) = (0, Vec::new());
    for line in ask(python, SCOPES, files)?.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let answer: ScopeAnswer = serde_json::from_slice(line)?;
        let Ok(tree) = parse(dialect, &fs::read(&answer.file)?) else { continue };
        if answer.error.is_some() || !is_comparable(&tree) {
            continue;
        }
        let ours = scopes(&tree);
        if ours.iter().any(|scope| scope.ends_with("=?") || scope.contains("=? ")) {
            continue;
        }
        compared += ours.len();
        let file = answer.file.display();
        differences.extend(missing(&ours, &answer.scopes).map(|scope| format!("{file}: only CPython has {scope}")));
        differences.extend(missing(&answer.scopes, &ours).map(|scope| format!("{file}: only the tree has {scope}")));
    }
    Ok((compared, differences))
}

/// tree-sitter-python takes `type(a).b = c` for a type alias, and annotations may be texts that are never evaluated.
fn is_comparable(tree: &SyntaxTree) -> bool {
    let has_alias = || tree.nodes().any(|node| node.kind() == "type_alias_statement");
    !tree.has_error() && !tree.text().contains("import annotations") && !has_alias()
}

#[derive(Deserialize)]
struct ScopeAnswer {
    file: PathBuf,
    #[serde(default)]
    scopes: Vec<String>,
    error: Option<String>,
}

/// What `all` has more often than `known`.
fn missing<'a>(known: &'a [String], all: &'a [String]) -> impl Iterator<Item = &'a String> {
    let count = |list: &[String], scope: &String| list.iter().filter(|other| *other == scope).count();
    all.iter().filter(move |scope| count(all, scope) > count(known, scope))
}

/// The files of the standard library of the interpreter at `python`, its tests included, what was installed into it not.
pub fn library(python: &Path) -> io::Result<Vec<PathBuf>> {
    let prefix = python.parent().and_then(Path::parent).unwrap_or(Path::new("/"));
    let mut files = Vec::new();
    let mut folders = python_folders(prefix)?;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() && !path.ends_with("site-packages") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "py") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

#[expect(clippy::disallowed_methods, reason = "a check that runs an interpreter over files, outside of any job")]
fn ask(python: &Path, script: &str, files: &[PathBuf]) -> io::Result<Vec<u8>> {
    let mut child = Command::new(python)
        .args(["-E", "-W", "ignore", "-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let names: Vec<_> = files.iter().map(|file| file.to_string_lossy()).collect();
    let names = names.join("\n") + "\n";
    let writer = child.stdin.take().map(|mut stdin| std::thread::spawn(move || stdin.write_all(names.as_bytes())));
    let output = child.wait_with_output()?;
    if let Some(writer) = writer {
        writer.join().map_err(|_| io::Error::other("the thread that names the files panicked"))??;
    }
    if output.status.success() { Ok(output.stdout) } else { Err(io::Error::other("the interpreter failed")) }
}

fn difference(answer: Answer) -> io::Result<Option<Difference>> {
    let bytes = fs::read(&answer.file)?;
    let ours = match read(&bytes) {
        Ok(ours) => ours,
        Err(failure) => {
            return Ok(Some(Difference { file: answer.file, theirs: None, ours: None, failure: Some(failure) }));
        }
    };
    let theirs: Vec<_> = answer
        .statements
        .into_iter()
        .map(|(kind, line, column, depth, detail)| Statement { kind, line, column, depth, detail })
        .collect();
    let first = (0..theirs.len().max(ours.len())).find(|at| theirs.get(*at) != ours.get(*at));
    Ok(first.map(|at| Difference {
        file: answer.file,
        theirs: theirs.get(at).cloned(),
        ours: ours.get(at).cloned(),
        failure: None,
    }))
}

fn read(bytes: &[u8]) -> Result<Vec<Statement>, String> {
    let tree = parse(Dialect::Python2, bytes)?;
    match tree.first_error() {
        Some(error) => Err(format!("a syntax error at line {}", LineIndex::new(tree.text()).line(error.start()))),
        None => Ok(statements(&tree)),
    }
}

fn parse(dialect: Dialect, bytes: &[u8]) -> Result<SyntaxTree, String> {
    let source = SourceText::decode(dialect, bytes).map_err(|error| error.to_string())?;
    let dialect = if dialect.is_python2() { Dialect::python2_of(source.text()) } else { dialect };
    SyntaxTree::parse(dialect, source.shared_text()).map_err(|error| error.to_string())
}
