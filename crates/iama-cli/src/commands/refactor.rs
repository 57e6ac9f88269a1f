//! `iama refactor`.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use iama_baseline::python::interpreter::Wanted;
use iama_engine::{JobFolder, Machine, Request, drive, outcome, start};
use iama_job::{Job, State};
use iama_recipes::Strategy;

use crate::args::Refactor;
use crate::out::say;
use crate::problem::{Problem, bad_input, exit, io};
use crate::show::Ticker;
use crate::{decide, machine, settings, show};

/// Runs the command.
pub(super) fn run(options: &Refactor) -> Result<ExitCode, Problem> {
    let machine = machine::machine()?;
    let request = request(options, &machine)?;
    let root = request.root.canonicalize().map_err(|error| io("cannot find the project", &error))?;
    let folder = JobFolder { root, id: new_id(&machine) };
    folder.create()?;
    let _lock = folder.lock()?;
    start(&folder, &request)?;
    machine::catch_interrupts()?;
    finish(&folder, &machine, options.yes, options.json)
}

fn request(options: &Refactor, machine: &Machine) -> Result<Request, Problem> {
    if !options.path.is_dir() {
        let sentence = format!("{} is no folder", options.path.display());
        return Err(bad_input("PATH_INVALID", sentence, "name the folder of the project"));
    }
    let settings = settings::read(&options.path)?;
    let (major, minor) = super::recipes_run::target(&options.to)?;
    let target = Wanted { major, minor };
    Ok(Request {
        root: options.path.clone(),
        pair: "python2-3".to_owned(),
        target,
        strategy: options.strategy.map(Strategy::from).or(settings.strategy.map(Strategy::from)),
        yes: options.yes,
        legacy_python: options.legacy_python.clone(),
        python: options.python.clone(),
        select: settings.select.clone(),
        ignore: settings.ignore.clone(),
        rules: settings.rules.iter().map(|file| options.path.join(file)).collect(),
        exclude: settings.exclude.iter().chain(&options.exclude).cloned().collect(),
        test_command: options.test_command.clone(),
        tests: options.test.clone(),
        per_test_seconds: options.test_timeout,
        run_seconds: options.run_timeout,
        out: options.out.clone(),
        created: (machine.clock)(),
    })
}

/// Names sort by time; the end keeps two of one second apart.
fn new_id(machine: &Machine) -> String {
    let now = (machine.clock)().0;
    let moment = jiff::Timestamp::from_millisecond(now).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let tail = (now.unsigned_abs() ^ (u64::from(std::process::id()) << 10)) & 0xffff;
    format!("{}-{tail:04x}", moment.strftime("%Y%m%d-%H%M%S%3f"))
}

/// Drives a job as far as it goes and says what came of it.
pub(super) fn finish(folder: &JobFolder, machine: &Machine, yes: bool, json: bool) -> Result<ExitCode, Problem> {
    let mut ticker = Ticker::new();
    let mut decider = decide::decider(yes);
    let driven = drive(folder, machine, &mut *decider, &mut |progress| ticker.take(progress));
    ticker.end_count();
    let job = driven?;
    say(folder, &job, json)
}

/// Prints the result of a job and chooses the exit code.
pub(super) fn say(folder: &JobFolder, job: &Job, json: bool) -> Result<ExitCode, Problem> {
    if !folder.file("evidence.json").exists() {
        let sentence = format!("the job ended as {} before there was anything to show", job.state.kind().code());
        return Err(Problem::not_delivered("NOT_DELIVERED", sentence).hint("start a new one with `iama refactor`"));
    }
    let result = outcome::of(folder, job)?;
    let request: Request = folder.read("request.json")?;
    if let Some(out) = &request.out {
        copy_out(folder, out)?;
    }
    if json {
        let text = serde_json::to_string(&result).map_err(|error| io("cannot write the result", &error.into()))?;
        say!("{text}");
    } else {
        show::summary(&result);
        next_step(folder, job);
    }
    let delivered = matches!(job.state, State::Delivered { .. });
    Ok(ExitCode::from(if delivered { exit::OK } else { exit::NOT_DELIVERED }))
}

fn next_step(folder: &JobFolder, job: &Job) {
    let root = folder.root.display();
    match &job.state {
        State::Delivered { .. } => say!("\nTo take it:  iama apply {} --root {root}", folder.id),
        State::FallbackRequired { .. } => {
            say!("\nNothing was delivered. To take what there is:  iama apply --partial {} --root {root}", folder.id);
        }
        _ => {}
    }
}

fn copy_out(folder: &JobFolder, out: &Path) -> Result<(), Problem> {
    let failed = |error: std::io::Error| io(format!("cannot write to {}", out.display()), &error);
    fs::create_dir_all(out).map_err(failed)?;
    for name in ["evidence.json", "report.html", "patch.json", "patch.diff", "partial.json", "partial.diff"] {
        let from = folder.file(name);
        if from.exists() {
            fs::copy(from, out.join(name)).map_err(failed)?;
        }
    }
    Ok(())
}
