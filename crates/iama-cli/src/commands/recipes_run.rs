//! `iama recipes run`.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anstream::{eprintln, println};
use iama_baseline::python::interpreter::Wanted;
use iama_engine::folder::write_whole;
use iama_engine::rewrite::{FileResult, Rewritten, rewrite, rewrite_bytes, survey};
use iama_recipes::rules::Rules;
use iama_recipes::{AddedFile, Class, Migration, Options, Pair, Project, Strategy};
use iama_source::{SourceFile, WalkError, WalkOptions, Workspace, walk};
use iama_syntax::{LineIndex, SourceText};
use serde::Serialize;

use super::recipes;
use crate::args::RecipesRun;
use crate::paint;
use crate::problem::{Problem, bad_input, exit, io};
use crate::settings::{self, Settings};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Diff,
    Write,
    Check,
}

/// Everything that one run says, as `iama.recipes-run/1`.
#[derive(Default, Serialize)]
struct Report {
    schema: &'static str,
    pair: &'static str,
    strategy: &'static str,
    files: usize,
    changed: Vec<String>,
    added: Vec<String>,
    already_target: usize,
    edits: BTreeMap<&'static str, usize>,
    places: Vec<Place>,
    failures: Vec<FailureRow>,
    excluded: Vec<iama_source::Excluded>,
}

#[derive(Serialize)]
struct Place {
    file: String,
    line: u32,
    recipe: &'static str,
    class: Class,
    why: String,
}

#[derive(Serialize)]
struct FailureRow {
    file: String,
    line: u32,
    code: &'static str,
    sentence: String,
    hint: &'static str,
}

/// Runs the command.
pub(super) fn run(arguments: &RecipesRun) -> Result<ExitCode, Problem> {
    let pair = recipes::pair(&arguments.pair)?;
    if arguments.paths == [PathBuf::from("-")] {
        let here = Path::new(".");
        return run_stdin(pair, &options(pair, arguments, here, &settings::read(here)?)?);
    }
    let mode = match (arguments.write, arguments.check) {
        (true, _) => Mode::Write,
        (_, true) => Mode::Check,
        _ => Mode::Diff,
    };
    let mut report = Report { schema: "iama.recipes-run/1", pair: pair.id, ..Report::default() };
    let mut failed = None;
    for path in &arguments.paths {
        let root = if path.is_dir() { path } else { Path::new(".") };
        let settings = settings::read(root)?;
        let options = options(pair, arguments, root, &settings)?;
        report.strategy = options.strategy.name();
        let workspace = workspace(path, arguments, &settings, pair)?;
        let project = survey(&workspace, pair);
        report.excluded.extend(workspace.excluded.iter().cloned());
        rewrite(&workspace.root, &workspace.files, pair, &project, &options, |file| {
            if failed.is_none() {
                failed = take(&workspace.root, file, mode, arguments.json, &mut report).err();
            }
        });
    }
    if let Some(problem) = failed {
        return Err(problem);
    }
    finish(&report, mode, arguments.json)
}

fn options(pair: &'static Pair, arguments: &RecipesRun, root: &Path, settings: &Settings) -> Result<Options, Problem> {
    let target = target(&arguments.target_version)?;
    let rules = rules(pair, arguments, root, settings)?;
    let either = |own: &[String], project: &[String]| if own.is_empty() { project.to_vec() } else { own.to_vec() };
    let strategy = arguments.strategy.map(Strategy::from).or(settings.strategy.map(Strategy::from));
    let options = Options {
        strategy: strategy.unwrap_or(Strategy::Standard),
        select: either(&arguments.select, &settings.select),
        ignore: either(&arguments.ignore, &settings.ignore),
        target,
        rules,
    };
    for id in options.select.iter().chain(&options.ignore) {
        if !options.rules.ids().any(|known| known == id) {
            recipes::recipe(pair, id)?;
        }
    }
    Ok(options)
}

pub(super) fn target(version: &str) -> Result<(u8, u8), Problem> {
    let wanted = Wanted::parse(version).filter(|wanted| wanted.major == 3 && (8..=13).contains(&wanted.minor));
    wanted
        .map(|wanted| (wanted.major, wanted.minor))
        .ok_or_else(|| bad_input("TARGET_UNKNOWN", format!("{version:?} is no target version"), "3.8 to 3.13 are"))
}

/// The rules of the project and of the command line.
fn rules(pair: &Pair, arguments: &RecipesRun, root: &Path, settings: &Settings) -> Result<Rules, Problem> {
    let mut rules = Rules::default();
    let project = settings.rules.iter().map(|file| root.join(file));
    for file in project.chain(arguments.rules.iter().cloned()) {
        let shown = file.display().to_string();
        let text = fs::read_to_string(&file).map_err(|error| io(format!("cannot read {shown}"), &error))?;
        let taken = |id: &str| pair.recipes.iter().any(|recipe| recipe.id == id);
        rules.read(&shown, &text, taken).map_err(|error| {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
            bad_input("RULES_INVALID", format!("{error}{cause}"), "rules are ast-grep's YAML with `language: python`")
        })?;
    }
    Ok(rules)
}

/// A folder is walked; a file stands for itself, whatever it is called.
fn workspace(path: &Path, arguments: &RecipesRun, settings: &Settings, pair: &Pair) -> Result<Workspace, Problem> {
    let exclude = settings.exclude.iter().chain(&arguments.exclude).cloned().collect();
    if path.is_file() {
        let root = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let bytes = fs::metadata(path).map_or(0, |metadata| metadata.len());
        let files = vec![SourceFile { path: name, bytes, executable: false }];
        return Ok(Workspace { root: root.to_owned(), files, excluded: Vec::new() });
    }
    walk(path, &WalkOptions { exclude }, pair.claims).map_err(|error| {
        let hint = match error {
            WalkError::NoFolder(_) => "name a file or a folder that exists",
            WalkError::Pattern { .. } => "patterns look like `tests/**` or `**/generated_*.py`",
        };
        bad_input("PATH_INVALID", error.to_string(), hint)
    })
}

fn run_stdin(pair: &'static Pair, options: &Options) -> Result<ExitCode, Problem> {
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes).map_err(|error| io("cannot read standard input", &error))?;
    let result = rewrite_bytes("standard input", &bytes, pair, &Project::default(), options);
    let output = match result {
        FileResult::Migrated { bytes: Some(new), before, migration } => {
            for place in places("-", &before, &migration) {
                print_place(&place);
            }
            new
        }
        FileResult::Migrated { bytes: None, .. } | FileResult::AlreadyTarget => bytes,
        FileResult::Failed(failure) => {
            return Err(bad_input(failure.code(), failure.to_string(), failure.hint()));
        }
    };
    std::io::stdout().write_all(&output).map_err(|error| io("cannot write to standard output", &error))?;
    Ok(ExitCode::SUCCESS)
}

fn take(root: &Path, file: Rewritten, mode: Mode, quiet: bool, report: &mut Report) -> Result<(), Problem> {
    report.files += 1;
    match file.result {
        FileResult::AlreadyTarget => report.already_target += 1,
        FileResult::Failed(failure) => report.failures.push(FailureRow {
            line: failure.line(),
            code: failure.code(),
            sentence: failure.to_string(),
            hint: failure.hint(),
            file: file.path,
        }),
        FileResult::Migrated { before, migration, bytes } => {
            report.places.extend(places(&file.path, &before, &migration));
            for note in migration.notes.iter().filter(|note| note.class != Class::Refused) {
                *report.edits.entry(note.recipe).or_default() += 1;
            }
            for added in &migration.added {
                add_file(root, added, mode, report)?;
            }
            let Some(bytes) = bytes else { return Ok(()) };
            match mode {
                Mode::Write => write_whole(&root.join(&file.path), &bytes)?,
                Mode::Diff if !quiet => print_diff(&file.path, before.text(), &migration.text),
                Mode::Diff | Mode::Check => {}
            }
            report.changed.push(file.path);
        }
    }
    Ok(())
}

/// A file that rewritten files need beside them. Two files may need the same one.
fn add_file(root: &Path, added: &AddedFile, mode: Mode, report: &mut Report) -> Result<(), Problem> {
    let place = root.join(&added.path);
    if report.added.contains(&added.path) || place.exists() {
        return Ok(());
    }
    if mode == Mode::Write {
        write_whole(&place, added.text.as_bytes())?;
    }
    report.added.push(added.path.clone());
    Ok(())
}

/// The places of a file that a person should look at.
fn places(file: &str, before: &SourceText, migration: &Migration) -> Vec<Place> {
    let lines = LineIndex::new(before.text());
    let noted = migration.notes.iter().filter(|note| note.class != Class::Safe);
    noted
        .map(|note| Place {
            file: file.to_owned(),
            line: lines.line(note.span.start),
            recipe: note.recipe,
            class: note.class,
            why: note.why.clone(),
        })
        .collect()
}

fn print_diff(path: &str, before: &str, after: &str) {
    println!("{}", paint::strong(format!("--- {path}\n+++ {path}")));
    let diff = similar::TextDiff::from_lines(before, after);
    for hunk in diff.unified_diff().iter_hunks() {
        println!("{}", paint::place(hunk.header()));
        for change in hunk.iter_changes() {
            let line = change.value().trim_end_matches(['\n', '\r']);
            match change.tag() {
                similar::ChangeTag::Delete => println!("{}", paint::removed(format!("-{line}"))),
                similar::ChangeTag::Insert => println!("{}", paint::added(format!("+{line}"))),
                similar::ChangeTag::Equal => println!(" {line}"),
            }
        }
    }
}

fn print_place(place: &Place) {
    let (file, line) = (&place.file, place.line);
    let class = paint::warning(recipes::class_name(place.class));
    eprintln!("{}  {class} {}: {}", paint::place(format!("{file}:{line}")), place.recipe, place.why);
}

fn finish(report: &Report, mode: Mode, as_json: bool) -> Result<ExitCode, Problem> {
    if as_json {
        let text = serde_json::to_string(report).map_err(|error| io("cannot write the report", &error.into()))?;
        println!("{text}");
    } else {
        summarise(report, mode);
    }
    let remaining = mode == Mode::Check && !report.changed.is_empty();
    let code = if !report.failures.is_empty() && report.failures.len() == report.files {
        exit::BAD_INPUT
    } else if remaining {
        exit::NOT_DELIVERED
    } else {
        exit::OK
    };
    Ok(ExitCode::from(code))
}

fn summarise(report: &Report, mode: Mode) {
    for place in &report.places {
        print_place(place);
    }
    for row in &report.failures {
        let at = paint::place(format!("{}:{}", row.file, row.line));
        eprintln!(
            "{at}  {}[{}] {}\n  {}: {}",
            paint::error("error"),
            row.code,
            row.sentence,
            paint::dim("hint"),
            row.hint
        );
    }
    let mut counts: Vec<_> = report.edits.iter().collect();
    counts.sort_by_key(|(id, count)| (std::cmp::Reverse(**count), **id));
    for (id, count) in counts {
        eprintln!("{count:6}  {id}");
    }
    for path in &report.added {
        eprintln!("{}  a module that Python 3 no longer has, brought along", paint::place(path));
    }
    let verb = if mode == Mode::Write { "rewritten" } else { "would be rewritten" };
    let (changed, files, places) = (report.changed.len(), report.files, report.places.len());
    eprintln!("{}", paint::strong(format!("{changed} of {files} files {verb}; {places} places need a person")));
}
