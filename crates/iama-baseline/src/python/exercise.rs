//! Commands that a person names to show what the legacy code does: each Python that they start is recorded.

use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::time::Duration;

use iama_sandbox::{Ended, Sandbox, printable};

use super::run::{Request, launch};
use super::{HARNESS, recording};

/// The folder with what starts the recorder in every Python, below the scratch folder.
const FOLDER: &str = "exercise";

/// Read by every Python before its program.
const START: (&str, &str) = ("sitecustomize.py", include_str!("../../recorder/sitecustomize.py"));

/// What is recorded besides the tests.
#[derive(Clone, Copy)]
pub struct Exercise<'a> {
    /// The commands, for a shell in the copy of the project; `python` is the legacy interpreter.
    pub commands: &'a [String],
    /// Makes the copy of the project new: each command starts from the code as it is.
    pub fresh: &'a dyn Fn() -> io::Result<()>,
}

/// Runs each command once on code whose values are marked, and notes their types beside those that the tests showed.
pub fn observe(sandbox: &Sandbox, request: &Request<'_>, exercise: &Exercise<'_>) -> io::Result<()> {
    fs::create_dir_all(request.scratch)?;
    fs::write(request.scratch.join("iama_harness.py"), HARNESS)?;
    run(sandbox, request, exercise).map(drop)
}

/// Runs each command once under the recorder that the request names. Gives what was not as it should be, a sentence each.
pub(super) fn run(sandbox: &Sandbox, request: &Request<'_>, exercise: &Exercise<'_>) -> io::Result<Vec<String>> {
    let folder = request.scratch.join(FOLDER);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(START.0), START.1)?;
    if let Some(recorder) = &request.recorder {
        recording::write_plan(request.scratch, recorder, request.pythonpath, Some(request.root))?;
    }
    let mut left = request.whole;
    let mut notes = Vec::new();
    for command in exercise.commands {
        if sandbox.is_stopped() {
            break;
        }
        (exercise.fresh)()?;
        let (note, took) = once(sandbox, request, command, left)?;
        notes.extend(note);
        left = left.saturating_sub(took);
    }
    Ok(notes)
}

fn once(
    sandbox: &Sandbox,
    request: &Request<'_>,
    command: &str,
    left: Duration,
) -> io::Result<(Option<String>, Duration)> {
    if left.is_zero() {
        return Ok((Some(format!("no time was left for the command `{}`", printable(command))), Duration::ZERO));
    }
    let mut launch = launch(request, left);
    launch.command = ["/bin/sh", "-c", command].map(str::to_owned).into();
    let variables = &mut launch.environment;
    if let Some(folder) = request.environment.python.parent() {
        let path = variables.entry("PATH".to_owned()).or_default();
        *path = format!("{}:{path}", folder.display());
    }
    let own =
        std::iter::once(request.scratch.join(FOLDER)).chain(request.pythonpath.iter().map(|f| request.root.join(f)));
    let own = own.map(|folder| folder.display().to_string());
    let folders: Vec<String> = own.chain(variables.remove("PYTHONPATH")).collect();
    variables.insert("PYTHONPATH".to_owned(), folders.join(":"));
    let outcome = sandbox.run(&launch, || ControlFlow::Continue(())).map_err(io::Error::other)?;
    if let Some(refusal) = outcome.refusal() {
        return Err(io::Error::other(refusal.to_owned()));
    }
    let last = outcome.output.lines().last().unwrap_or_default().trim().to_owned();
    let said = if last.is_empty() { String::new() } else { format!(": {}", printable(&last)) };
    let what = match outcome.ended {
        Ended::Exited(0) => return Ok((None, outcome.took)),
        Ended::Exited(code) => format!("ended with exit code {code}{said}"),
        Ended::Killed => format!("was killed{said}"),
        Ended::TimedOut => "ran out of time".to_owned(),
        Ended::Stopped => "was stopped".to_owned(),
    };
    let note = format!("the command `{}` {what}; what it had called by then was recorded", printable(command));
    Ok((Some(note), outcome.took))
}
