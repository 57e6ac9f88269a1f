//! `iama recipes run`.

use std::io::Read as _;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;

use iama_engine::folder::write_whole;
use iama_engine::rewrite::{FileResult, Rewritten, rewrite, rewrite_bytes, settle, survey};
use iama_recipes::{AddedFile, Class, Pair, Project};
use iama_source::Reason;
use iama_source::walk::MAX_FILE_BYTES;

use self::input::shown;
use self::report::{FailureRow, Moved, Report, places, print_diff};
use super::recipes;
use crate::args::RecipesRun;
use crate::out;
use crate::problem::{Problem, bad_input, io};
use crate::settings;

mod input;
mod report;

pub(super) use input::{TARGETS, target};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Diff,
    Write,
    Check,
}

/// Runs the command.
pub(super) fn run(arguments: &RecipesRun) -> Result<ExitCode, Problem> {
    let pair = recipes::pair(&arguments.pair)?;
    let mode = match (arguments.write, arguments.check) {
        (true, _) => Mode::Write,
        (_, true) => Mode::Check,
        _ => Mode::Diff,
    };
    let mut report = Report { schema: "iama.recipes-run/1", pair: pair.id, ..Report::default() };
    match arguments.paths.as_slice() {
        [only] if only == Path::new("-") => return run_stdin(pair, arguments, mode, report),
        paths if paths.iter().any(|path| path == Path::new("-")) => {
            let sentence = "`-` stands for the standard input and cannot be mixed with files and folders";
            return Err(bad_input("STDIN_MIXED", sentence, "run it for `-` alone, and for the rest"));
        }
        _ => {}
    }
    let mut failed = None;
    for input in input::all(pair, arguments)? {
        (report.strategy, report.dual) = (input.options.strategy.name(), input.options.dual);
        let (root, whole) = (&input.workspace.root, input.is_whole());
        let left_out = input.workspace.excluded.iter().cloned();
        report.excluded.extend(left_out.map(|one| iama_source::Excluded { path: shown(root, &one.path), ..one }));
        report.files += input.refused.len();
        report.failures.extend(input.refused.into_iter().map(|(file, reason)| FailureRow::refused(file, reason)));
        let mut project = survey(&input.workspace, pair);
        project.moves = whole;
        let settled = settle(root, pair, project, &input.options);
        rewrite(root, &input.todo, pair, settled, &input.options, |file| {
            failed = take(root, file, mode, arguments.json, &mut report).err();
            if failed.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        if failed.is_some() {
            break;
        }
    }
    if let Some(problem) = failed {
        return Err(problem);
    }
    report.excluded.sort();
    report.excluded.dedup();
    report.finish(mode, arguments.json)
}

/// Without a mode the rewritten text comes back; with one, what would come of it is told as it is for files.
fn run_stdin(pair: &'static Pair, arguments: &RecipesRun, mode: Mode, mut report: Report) -> Result<ExitCode, Problem> {
    let home = settings::home(Path::new("."));
    let options = input::options(pair, arguments, &home, &settings::read(&home)?)?;
    (report.strategy, report.dual) = (options.strategy.name(), options.dual);
    let mut bytes = Vec::new();
    let read = std::io::stdin().take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|error| io("cannot read standard input", &error))?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        let sentence = format!("standard input: {}", Reason::TooLarge.sentence());
        return Err(bad_input("SOURCE_REFUSED", sentence, "rewrite it in parts"));
    }
    let result = rewrite_bytes("standard input", &bytes, pair, &Project::default(), &options);
    let filter = !(arguments.json || arguments.diff || arguments.check);
    if let (FileResult::Failed(failure), false) = (&result, arguments.json) {
        return Err(bad_input(failure.code(), failure.to_string(), failure.hint()));
    }
    if let (FileResult::Migrated { bytes: Some(new), .. }, true) = (&result, filter) {
        bytes.clone_from(new);
    }
    // Nothing is written to any file here.
    let telling = if arguments.diff { Mode::Diff } else { Mode::Check };
    take(Path::new("."), Rewritten { path: "-".to_owned(), result }, telling, arguments.json, &mut report)?;
    if filter {
        out::bytes(&bytes);
        report.print_places();
        return Ok(ExitCode::SUCCESS);
    }
    report.finish(mode, arguments.json)
}

fn take(root: &Path, file: Rewritten, mode: Mode, quiet: bool, report: &mut Report) -> Result<(), Problem> {
    report.files += 1;
    let name = shown(root, &file.path);
    match file.result {
        FileResult::AlreadyTarget => report.already_target += 1,
        FileResult::Failed(failure) => report.failures.push(FailureRow::new(name, &failure)),
        FileResult::Migrated { before, migration, bytes } => {
            report.places.extend(places(&name, &before, &migration));
            for note in migration.notes.iter().filter(|note| note.class != Class::Refused) {
                *report.edits.entry(note.recipe).or_default() += 1;
            }
            for added in &migration.added {
                add_file(root, added, mode, report)?;
            }
            if let Some(to) = &migration.moved {
                report.moved.push(Moved { from: name.clone(), to: shown(root, to) });
            }
            let Some(bytes) = bytes else { return move_file(root, &file.path, migration.moved.as_deref(), mode) };
            match mode {
                Mode::Write => write_whole(&root.join(&file.path), &bytes)?,
                Mode::Diff if !quiet => print_diff(&name, before.text(), &migration.text),
                Mode::Diff | Mode::Check => {}
            }
            report.changed.push(name);
            move_file(root, &file.path, migration.moved.as_deref(), mode)?;
        }
    }
    Ok(())
}

/// Gives a file the name that the recipes have found for it, unless there is a file of that name.
fn move_file(root: &Path, from: &str, to: Option<&str>, mode: Mode) -> Result<(), Problem> {
    let Some(to) = to.filter(|_| mode == Mode::Write) else { return Ok(()) };
    if root.join(to).exists() {
        let sentence = format!("{from} must be called {to}, and there is such a file");
        return Err(bad_input("NAME_TAKEN", sentence, "give that file another name, and run the recipes again"));
    }
    std::fs::rename(root.join(from), root.join(to)).map_err(|error| io(format!("cannot rename {from}"), &error))
}

/// A file that rewritten files need beside them. Two files may need the same one.
fn add_file(root: &Path, added: &AddedFile, mode: Mode, report: &mut Report) -> Result<(), Problem> {
    let (place, name) = (root.join(&added.path), shown(root, &added.path));
    if report.added.contains(&name) || place.exists() {
        return Ok(());
    }
    if mode == Mode::Write {
        write_whole(&place, added.text.as_bytes())?;
    }
    report.added.push(name);
    Ok(())
}
