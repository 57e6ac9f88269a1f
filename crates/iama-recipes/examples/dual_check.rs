//! Runs programs as they are under Python 2.7, and what `--dual` makes of them under 2.7 and every Python 3 that is named:
//! `dual_check DIR OUT PYTHON2 PYTHON3…`. All must print the same. What becomes of the recipes' own examples must compile
//! under all of them. Fails where something differs.
#![expect(clippy::panic, clippy::disallowed_methods, reason = "a tool for the workbench, which starts interpreters")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use iama_recipes::{Migration, Options, Outcome, PAIRS, Project, Recipe, Strategy, migrate};

fn migrated(name: &str, text: &str) -> Result<Migration, String> {
    let project = Project { certain: true, ..Project::default() };
    rerun(name, text, &project)
}

fn rerun(name: &str, text: &str, project: &Project) -> Result<Migration, String> {
    // What is gone from the newest is tried for in a way that suits the older ones.
    let options = Options { dual: true, target: (3, 13), ..Options::of(Strategy::Comprehensive) };
    match migrate(PAIRS[0], name, text, project, &options) {
        Outcome::Migrated(done) => Ok(done),
        other => Err(format!("{name}: {other:?}")),
    }
}

/// What a program prints, or what it dies of.
fn printed(python: &str, program: &Path) -> String {
    let mut command = Command::new(python);
    command.args(["-B", "-W", "ignore"]).arg(program).env("PYTHONIOENCODING", "utf-8").env("PYTHONHASHSEED", "0");
    let output = command.output().unwrap_or_else(|error| panic!("{python}: {error}"));
    // A blank that `print x,` owes its successor is paid at once by the function.
    let lines = String::from_utf8_lossy(&output.stdout);
    let text: String = lines.lines().flat_map(|line| [line.trim_end(), "\n"]).collect();
    if output.status.success() { text } else { text + &String::from_utf8_lossy(&output.stderr) }
}

fn write(path: &Path, bytes: &[u8]) {
    let folder = path.parent().unwrap_or(Path::new("."));
    let done = fs::create_dir_all(folder).and_then(|()| fs::write(path, bytes));
    done.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// Where two texts part.
fn first_difference(a: &str, b: &str) -> String {
    let pair = a.lines().zip(b.lines()).find(|(a, b)| a != b);
    let (a, b) = pair.unwrap_or((a.lines().last().unwrap_or(""), b.lines().last().unwrap_or("")));
    format!("    wanted {a}\n    found  {b}")
}

/// Runs one program on all sides and says how many of them differ.
fn program(path: &Path, out: &Path, two: &str, pythons: &[String]) -> usize {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let before = (PAIRS[0].decode)(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
    let done = migrated(&name, before.text()).unwrap_or_else(|error| panic!("{error}"));
    let after = before.encode(&done.text).unwrap_or_else(|error| panic!("{name}: {error}"));
    let place = out.join(&name);
    write(&place, &after);
    done.added.iter().for_each(|file| write(&out.join(&file.path), file.text.as_bytes()));
    let again = rerun(&name, &done.text, &Project::default()).unwrap_or_else(|error| panic!("{error}"));
    if again.text != done.text {
        println!("{name}: a second run changes it");
    }
    let wanted = printed(two, path);
    let mut different = usize::from(again.text != done.text);
    for python in pythons {
        let found = printed(python, &place);
        if found != wanted {
            println!("{name} under {python}:\n{}", first_difference(&wanted, &found));
            different += 1;
        }
    }
    different
}

/// Compiles what becomes of the recipes' own examples.
fn examples(out: &Path, pythons: &[String]) -> usize {
    let mut wrong = 0;
    // A recipe for files that are no Python names them among its kinds.
    let code = |recipe: &&Recipe| !recipe.kinds.iter().any(|kind| kind.contains('.'));
    for recipe in PAIRS[0].recipes.iter().filter(code) {
        let text = format!("{}\n", recipe.before);
        let done = migrated("a.py", &text).unwrap_or_else(|error| panic!("{}: {error}", recipe.id));
        let place = out.join("examples").join(format!("{}.py", recipe.id.replace('-', "_")));
        write(&place, done.text.as_bytes());
        for python in pythons {
            let compile = format!("compile(open(r'{}').read(), 'x', 'exec', 0, True)", place.display());
            let mut command = Command::new(python);
            let output = command.args(["-B", "-c", &compile]).output().unwrap_or_else(|error| panic!("{error}"));
            if !output.status.success() {
                let last = String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or("").to_owned();
                println!("{} under {python}: {last}", recipe.id);
                wrong += 1;
            }
        }
    }
    wrong
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, out, two, ..] = &arguments[..] else {
        println!("dual_check DIR OUT PYTHON2 PYTHON3…");
        return ExitCode::FAILURE;
    };
    let (out, pythons) = (PathBuf::from(out), &arguments[2..]);
    let mut programs: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    programs.retain(|path| path.extension().is_some_and(|extension| extension == "py"));
    programs.sort();
    let different: usize = programs.iter().map(|path| program(path, &out, two, pythons)).sum();
    let wrong = examples(&out, pythons);
    println!(
        "{} programs under {} interpreters: {different} differ; {} examples: {wrong} do not compile",
        programs.len(),
        pythons.len(),
        PAIRS[0].recipes.len()
    );
    if programs.is_empty() || different + wrong > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
