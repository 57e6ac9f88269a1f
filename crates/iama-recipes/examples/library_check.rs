//! Holds the recipes to what they promise, over every Python file below a folder:
//! `library_check DIR OUT PYTHON2 PYTHON3…`. Writes the results to OUT and says
//! which files that PYTHON2 compiles were restored, changed a second time, came out different with the recipes in another
//! order, changed outside the recorded places, or are not compiled by a PYTHON3.
#![expect(clippy::panic, clippy::disallowed_methods, reason = "a tool for the workbench, which starts interpreters")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use iama_recipes::{Migration, Options, Outcome, PAIRS, Pair, Project, Recipe, Strategy, migrate};

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

fn backwards(pair: &Pair) -> Pair {
    let mut recipes: Vec<Recipe> = pair.recipes.to_vec();
    recipes.reverse();
    Pair { recipes: recipes.leak(), ..*pair }
}

#[expect(clippy::too_many_lines, reason = "one check behind the other, each a few lines")]
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (root, out) = (PathBuf::from(&arguments[0]), PathBuf::from(&arguments[1]));
    let pair = PAIRS[0];
    let other = backwards(pair);
    let mut paths = Vec::new();
    walk(&root, &mut paths);
    let fine = compiles(&arguments[2], &paths);
    let paths: Vec<PathBuf> =
        paths.into_iter().zip(fine).filter(|(_, verdict)| verdict == "ok").map(|(path, _)| path).collect();
    let mut project = Project { certain: true, ..Project::default() };
    let mut sources = BTreeMap::new();
    let mut faults: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for path in &paths {
        let name = path.strip_prefix(&root).unwrap_or(path).to_string_lossy().into_owned();
        project.files.insert(name.clone());
        let bytes = fs::read(path).unwrap_or_default();
        match (pair.decode)(&bytes) {
            Ok(text) => {
                project.learn(pair, text.text());
                sources.insert(name, text);
            }
            Err(error) => faults.entry("cannot be decoded").or_default().push(format!("{name}: {error}")),
        }
    }
    let start = Instant::now();
    let mut bytes = 0;
    let results: Vec<_> = sources
        .iter()
        .map(|(name, text)| {
            bytes += text.text().len();
            (name, text, migrated(pair, name, text.text(), &project))
        })
        .collect();
    let spent = start.elapsed();
    let start = Instant::now();
    for text in sources.values() {
        let dialect = iama_syntax::Dialect::python2_of(text.text());
        drop(iama_syntax::SyntaxTree::parse(dialect, text.text()));
    }
    let parsing = start.elapsed();
    println!("{} files, {bytes} bytes: {spent:.2?}, bare parsing {parsing:.2?}", sources.len());
    let mut written = Vec::new();
    for (name, text, result) in results {
        let done = match result {
            Ok(Some(done)) => done,
            Ok(None) => {
                faults.entry("taken for Python 3").or_default().push(name.clone());
                continue;
            }
            Err(problem) => {
                faults.entry("restored or unreadable").or_default().push(format!("{name}: {problem}"));
                continue;
            }
        };
        if !accounts_for_every_byte(text.text(), &done) {
            faults.entry("changed outside the recorded places").or_default().push(name.clone());
        }
        if migrated(&other, name, text.text(), &project).ok().flatten().is_none_or(|again| again.text != done.text) {
            faults.entry("depends on the order of recipes").or_default().push(name.clone());
        }
        // A second run sees a workspace that holds no Python 2 any more.
        match migrated(pair, name, &done.text, &Project { files: project.files.clone(), ..Project::default() }) {
            Ok(None) => {}
            Ok(Some(again)) if again.text == done.text => {}
            Ok(Some(again)) => {
                let change = again.changes.first().map(|change| (change.recipes.clone(), change.text.clone()));
                faults.entry("changes a second time").or_default().push(format!("{name}: {change:?}"));
            }
            Err(problem) => faults.entry("unreadable the second time").or_default().push(format!("{name}: {problem}")),
        }
        let target = out.join(name);
        let _ = fs::create_dir_all(target.parent().unwrap_or(&out));
        match text.encode(&done.text) {
            Ok(bytes) => drop(fs::write(&target, bytes)),
            Err(error) => faults.entry("cannot be encoded").or_default().push(format!("{name}: {error}")),
        }
        written.push(target);
    }
    for python in &arguments[3..] {
        let verdicts = compiles(python, &written);
        let bad = written.iter().zip(verdicts).filter(|(_, verdict)| verdict != "ok");
        let bad: Vec<String> = bad.map(|(path, verdict)| format!("{}: {verdict}", path.display())).collect();
        println!("{python} compiles {} of {}", written.len() - bad.len(), written.len());
        for line in &bad {
            println!("    {line}");
        }
    }
    for (fault, files) in &faults {
        println!("{fault}: {}", files.len());
        for line in files {
            println!("    {}", line.chars().take(300).collect::<String>());
        }
    }
}
