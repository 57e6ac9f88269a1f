//! Holds the recipes to what they promise, over every Python file below a folder:
//! `library_check DIR OUT PYTHON2 PYTHON3…`. Writes the results to OUT and says which files that PYTHON2 compiles were
//! restored, changed a second time, came out different with the recipes in another order, changed outside the recorded
//! places, have another tree there, or are not compiled by a PYTHON3. Exits 1 when one promise is broken.
#![expect(clippy::panic, clippy::disallowed_methods, reason = "a tool for the workbench, which starts interpreters")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::LazyLock;

use iama_recipes::words::Words;
use iama_recipes::{Migration, Options, Outcome, PAIRS, Pair, Project, Recipe, Strategy, migrate};
use iama_syntax::{Dialect, Node, SourceText, Span, SyntaxTree};

const COMPILES: &str = "
import sys
for path in sys.stdin.read().split('\\n'):
    if path:
        try:
            source = open(path, 'rb').read()
            compile(source, path, 'exec', 0, True)
            print('ok')
        except Exception as problem:
            print('%s: %s line %s' % (type(problem).__name__, getattr(problem, 'msg', problem), getattr(problem, 'lineno', '?')))
";

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() && !path.ends_with("site-packages") {
            walk(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "py") {
            found.push(path);
        }
    }
}

fn compiles(python: &str, paths: &[PathBuf]) -> Vec<String> {
    let list = paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join("\n");
    let file = std::env::temp_dir().join(format!("iama-library-check-{}", std::process::id()));
    fs::write(&file, list).unwrap_or_else(|error| panic!("{error}"));
    let mut command = Command::new(python);
    command
        .args(["-W", "ignore", "-c", COMPILES])
        .stdin(fs::File::open(&file).unwrap_or_else(|error| panic!("{error}")));
    let output = command.output().unwrap_or_else(|error| panic!("{python}: {error}"));
    let _ = fs::remove_file(&file);
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

fn migrated(pair: &Pair, name: &str, text: &str, project: &Project) -> Result<Option<Migration>, String> {
    match migrate(pair, name, text, project, &Options::of(Strategy::Comprehensive)) {
        Outcome::Migrated(done) => Ok(Some(done)),
        Outcome::AlreadyTarget => Ok(None),
        other => Err(format!("{other:?}")),
    }
}

/// Whether carrying the recorded changes out on the original gives the new text.
fn accounts_for_every_byte(before: &str, done: &Migration) -> bool {
    let mut text = before.to_owned();
    for change in done.changes.iter().rev() {
        text.replace_range(change.span.range(), &change.text);
    }
    text == done.text
}

/// Where an offset of the original went, unless it lay in a change.
fn moved(done: &Migration, at: u32) -> Option<u32> {
    let mut shift = 0i64;
    for change in done.changes.iter().take_while(|change| change.span.start < at) {
        if at < change.span.end {
            return None;
        }
        shift += i64::try_from(change.text.len()).unwrap_or(i64::MAX) - i64::from(change.span.end - change.span.start);
    }
    u32::try_from(i64::from(at) + shift).ok()
}

/// The kinds of a node's named parts and where they lie in it. What only one of the languages has a kind of its own for
/// counts as what it is in the other.
fn shape(node: Node<'_>) -> Vec<(&'static str, u32, u32)> {
    let parts = node.descendants().filter(|part| part.is_named() && !part.is_extra());
    let kind = |part: Node<'_>| match part.kind() {
        "true" | "false" => "identifier",
        kind => kind,
    };
    parts.map(|part| (kind(part), part.start() - node.start(), part.end() - node.start())).collect()
}

/// Statements of Python 2 that read as calls in Python 3 without an edit.
fn is_statement_or_call(node: Node<'_>) -> bool {
    node.descendants().any(|part| matches!(part.kind(), "print_statement" | "exec_statement"))
}

/// Whether a tree has a node of this shape at a place.
fn has(tree: &SyntaxTree, place: Span, wanted: &[(&'static str, u32, u32)]) -> bool {
    let there = tree.covering(place);
    let mut same = std::iter::once(there).chain(there.ancestors()).take_while(|at| at.span() == place);
    same.any(|at| shape(at) == wanted)
}

/// The first statement without a change in it that has another tree at the place where it went.
fn other_tree(before: &str, done: &Migration) -> Option<String> {
    let old = SyntaxTree::parse(Dialect::python2_of(before), before).ok()?;
    // Python 2's grammar with the print function reads what no edit touched as well, and is right about operators of bits
    // and about `type(x).y = z`, where the stock grammar for Python 3 is not.
    let dialects = [Dialect::Python3, Dialect::Python2PrintFunction];
    let new: Vec<SyntaxTree> =
        dialects.into_iter().filter_map(|dialect| SyntaxTree::parse(dialect, done.text.as_str()).ok()).collect();
    let touches = |node: Node<'_>, span: Span| span.start <= node.end() && node.start() <= span.end;
    let untouched = |node: &Node<'_>| !done.changes.iter().any(|change| touches(*node, change.span));
    let statements = old.nodes().filter(|node| {
        node.is_named() && !node.is_extra() && node.parent().is_some_and(|up| matches!(up.kind(), "module" | "block"))
    });
    statements.filter(untouched).filter(|node| !is_statement_or_call(*node)).find_map(|node| {
        let ends = moved(done, node.start()).zip(moved(done, node.end()));
        let Some((start, end)) = ends else { return Some(first_line(node)) };
        let (place, before) = (Span::new(start, end), shape(node));
        (!new.iter().any(|tree| has(tree, place, &before))).then(|| first_line(node))
    })
}

fn first_line(node: Node<'_>) -> String {
    node.text().lines().next().unwrap_or_default().to_owned()
}

static NO_WORDS: LazyLock<Words> = LazyLock::new(|| Words::new(&[]));

/// The pair with its recipes in other orders: backwards, and dealt out like cards. In these each recipe looks at every text,
/// whatever words it has.
fn other_orders(pair: &Pair) -> [Pair; 2] {
    let mut backwards: Vec<Recipe> = pair.recipes.to_vec();
    backwards.reverse();
    let hands = 7;
    let dealt: Vec<Recipe> =
        (0..hands).flat_map(|hand| pair.recipes.iter().skip(hand).step_by(hands).copied()).collect();
    let with = |recipes: Vec<Recipe>| Pair { recipes: recipes.leak(), words: &NO_WORDS, ..*pair };
    [with(backwards), with(dealt)]
}

#[derive(Default)]
struct Faults(BTreeMap<&'static str, Vec<String>>);

impl Faults {
    fn add(&mut self, fault: &'static str, line: String) {
        self.0.entry(fault).or_default().push(line);
    }
}

/// Texts by name, and what the recipes must know of them together.
struct Workspace<T> {
    texts: BTreeMap<String, T>,
    project: Project,
}

fn read(pair: &Pair, root: &Path, python: &str, faults: &mut Faults) -> Workspace<SourceText> {
    let mut paths = Vec::new();
    walk(root, &mut paths);
    let verdicts = compiles(python, &paths);
    let paths: Vec<PathBuf> =
        paths.into_iter().zip(verdicts).filter(|(_, told)| told == "ok").map(|(path, _)| path).collect();
    let name = |path: &Path| path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned();
    let files = paths.iter().map(|path| name(path)).collect();
    let mut workspace =
        Workspace { texts: BTreeMap::new(), project: Project { files, certain: true, ..Project::default() } };
    for path in &paths {
        match (pair.decode)(&fs::read(path).unwrap_or_default()) {
            Ok(text) => {
                workspace.project.learn(pair, &name(path), text.text());
                workspace.texts.insert(name(path), text);
            }
            Err(error) => faults.add("cannot be decoded", format!("{}: {error}", name(path))),
        }
    }
    workspace
}

/// What one file is held to by itself; its new text.
fn judge(pair: &Pair, name: &str, before: &str, project: &Project, faults: &mut Faults) -> Option<String> {
    let done = match migrated(pair, name, before, project) {
        Ok(Some(done)) => done,
        Ok(None) => {
            faults.add("taken for Python 3", name.to_owned());
            return None;
        }
        Err(problem) => {
            faults.add("restored or unreadable", format!("{name}: {problem}"));
            return None;
        }
    };
    if !accounts_for_every_byte(before, &done) {
        faults.add("changed outside the recorded places", name.to_owned());
    }
    if let Some(place) = other_tree(before, &done) {
        faults.add("another tree outside the recorded places", format!("{name}: {place}"));
    }
    for other in other_orders(pair) {
        if migrated(&other, name, before, project).ok().flatten().is_none_or(|again| again.text != done.text) {
            faults.add("depends on the order of recipes or on their words", name.to_owned());
        }
    }
    Some(done.text)
}

/// The results as a workspace of their own: nothing may be left to do in it.
fn run_again(pair: &Pair, results: &BTreeMap<String, String>, faults: &mut Faults) {
    let mut project = Project { files: results.keys().cloned().collect(), ..Project::default() };
    for (name, text) in results {
        project.learn(pair, name, text);
    }
    for (name, text) in results {
        match migrated(pair, name, text, &project) {
            Ok(Some(again)) if again.text != *text => {
                let change = again.changes.first().map(|change| (change.recipes.clone(), change.text.clone()));
                faults.add("changes a second time", format!("{name}: {change:?}"));
            }
            Ok(_) => {}
            Err(problem) => faults.add("unreadable the second time", format!("{name}: {problem}")),
        }
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (root, out) = (PathBuf::from(&arguments[0]), PathBuf::from(&arguments[1]));
    let (pair, mut faults) = (PAIRS[0], Faults::default());
    let workspace = read(pair, &root, &arguments[2], &mut faults);
    let (mut results, mut written) = (BTreeMap::new(), Vec::new());
    for (name, source) in &workspace.texts {
        let Some(text) = judge(pair, name, source.text(), &workspace.project, &mut faults) else { continue };
        let target = out.join(name);
        let _ = fs::create_dir_all(target.parent().unwrap_or(&out));
        match source.encode(&text) {
            Ok(bytes) => drop(fs::write(&target, bytes)),
            Err(error) => faults.add("cannot be encoded", format!("{name}: {error}")),
        }
        written.push(target);
        results.insert(name.clone(), text);
    }
    run_again(pair, &results, &mut faults);
    println!("{} files, {} of them migrated", workspace.texts.len(), results.len());
    for python in &arguments[3..] {
        let verdicts = compiles(python, &written);
        let bad: Vec<_> = written.iter().zip(verdicts).filter(|(_, verdict)| verdict != "ok").collect();
        println!("{python} compiles {} of {}", written.len() - bad.len(), written.len());
        for (path, verdict) in bad {
            faults.add("does not compile", format!("{}: {verdict}", path.display()));
        }
    }
    for (fault, lines) in &faults.0 {
        println!("{fault}: {}", lines.len());
        for line in lines {
            println!("    {}", line.chars().take(300).collect::<String>());
        }
    }
    if faults.0.is_empty() {
        println!("no promise is broken");
        return ExitCode::SUCCESS;
    }
    ExitCode::FAILURE
}
