//! `iama refactor`.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;
use std::process::ExitCode;

use iama_baseline::python::interpreter::Wanted;
use iama_engine::folder::cannot_write;
use iama_engine::{JobFolder, Machine, Progress, Request, drive, executor, exports, outcome, situation, start};
use iama_job::{Job, State};
use iama_model::templates::Mode;
use iama_recipes::Strategy;
use iama_sandbox::{Choice, Level};

use crate::args::Refactor;
use crate::out::say;
use crate::problem::{Problem, bad_input, exit, io};
use crate::remote::{Accounts, Client, NewJob, Remote};
use crate::show::Ticker;
use crate::{decide, machine, models, settings, show};

pub(super) mod check;

/// IAMA's own folder in a project.
const OWN: &str = ".iama";

/// Runs the command.
pub(super) fn run(options: &Refactor) -> Result<ExitCode, Problem> {
    let mut machine = machine::machine()?;
    let request = request(options, &machine)?;
    machine::isolate(&mut machine, &request)?;
    if let Some(server) = &options.server {
        return afar(options, &machine, &request, server);
    }
    models::connect(&mut machine, &request)?;
    let folder = JobFolder { root: request.root.clone(), id: new_id(&machine) };
    let _lock = claim(&folder)?;
    start(&folder, &request)?;
    machine::catch_interrupts()?;
    let done = finish(&folder, &machine, request.yes, options.json, !options.check_only);
    if options.check_only {
        return checked(&folder, done);
    }
    if done.as_ref().is_err_and(|problem| problem.code == "NOTHING_TO_DO") {
        discard(&folder);
    }
    done
}

/// Lets a server drive the job. The project is taken before the server hears of it.
fn afar(options: &Refactor, machine: &Machine, request: &Request, server: &str) -> Result<ExitCode, Problem> {
    let client = Client::new(server, Accounts::of(machine)?)?;
    let _lock = claim(&JobFolder { root: request.root.clone(), id: String::new() })?;
    let project = request.root.file_name().unwrap_or_default().to_string_lossy();
    let wanted = NewJob {
        project: &project,
        language_pair: &request.pair,
        execution_mode: if machine.sandbox.probe.level == Level::Docker { "LOCAL_DOCKER" } else { "LOCAL_NATIVE" },
        mode: mode_code(request.mode),
        pre_authorised: request.pre_authorised,
    };
    let id = client.create(&wanted, new_id(machine))?;
    let folder = JobFolder { root: request.root.clone(), id };
    executor::start(&folder, request, client.url())?;
    machine::catch_interrupts()?;
    if let Err(problem) = client.start(&folder.id) {
        discard(&folder);
        // A job that never began does no harm there.
        let _ = client.cancel(&folder.id);
        return Err(problem);
    }
    finish(&folder, machine, request.yes, options.json, true)
}

const fn mode_code(mode: Mode) -> &'static str {
    match mode {
        Mode::Simple => "SIMPLE",
        Mode::Professional => "PROFESSIONAL",
        Mode::Enterprise => "ENTERPRISE",
    }
}

/// A pipeline keeps what was put elsewhere, and the project stays as it was. That nothing is to be done is good news there.
fn checked(folder: &JobFolder, done: Result<ExitCode, Problem>) -> Result<ExitCode, Problem> {
    discard(folder);
    match done {
        Err(problem) if problem.code == "NOTHING_TO_DO" => {
            say!("{}", problem.sentence);
            Ok(ExitCode::from(exit::OK))
        }
        done => done,
    }
}

/// Takes the project before anything of the job is written.
fn claim(folder: &JobFolder) -> Result<File, Problem> {
    let own = folder.root.join(OWN);
    match fs::create_dir(&own) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(cannot_write(&own, &error)),
        _ => folder.lock(),
    }
}

/// Removes a job that found nothing to do, and IAMA's folder when it was there for this job alone. What cannot be removed
/// does no harm.
fn discard(folder: &JobFolder) {
    let own = folder.root.join(OWN);
    let _ = fs::remove_dir_all(folder.path());
    let known = ["jobs", "lock", ".gitignore"];
    let mut entries = fs::read_dir(&own).into_iter().flatten().flatten();
    if fs::remove_dir(own.join("jobs")).is_ok()
        && entries.all(|entry| known.iter().any(|name| entry.file_name() == *name))
    {
        let _ = fs::remove_dir_all(&own);
    }
}

fn request(options: &Refactor, machine: &Machine) -> Result<Request, Problem> {
    if !options.path.is_dir() {
        let sentence = format!("{} is no folder", options.path.display());
        return Err(bad_input("PATH_INVALID", sentence, "name the folder of the project"));
    }
    let root = options.path.canonicalize().map_err(|error| io("cannot find the project", &error))?;
    let settings = settings::read(&root)?;
    let (major, minor) = super::recipes_run::target(&options.to)?;
    let target = Wanted { major, minor };
    let exclude: Vec<_> = settings.exclude.iter().chain(&options.exclude).cloned().collect();
    check::patterns(&exclude)?;
    check::tests(&root, &options.test)?;
    Ok(Request {
        pair: "python2-3".to_owned(),
        target,
        strategy: options.strategy.map(Strategy::from).or(settings.strategy.map(Strategy::from)),
        dual: options.dual || settings.dual,
        yes: options.yes || options.check_only,
        legacy_python: check::legacy_python(options.legacy_python.as_deref(), machine)?,
        python: check::python(options.python.as_deref(), target, machine)?,
        select: settings.select.clone(),
        ignore: settings.ignore.clone(),
        rules: settings.rules.iter().map(|file| root.join(file)).collect(),
        exclude,
        test_command: options.test_command.clone(),
        tests: options.test.clone(),
        per_test_seconds: options.test_timeout,
        run_seconds: options.run_timeout,
        sandbox: options.sandbox.map(Choice::from).or(settings.sandbox).unwrap_or_default(),
        docker_image: options.docker_image.clone().or(settings.docker_image),
        characterise: options.characterise || settings.characterise,
        exercise: if options.exercise.is_empty() { settings.exercise } else { options.exercise.clone() },
        strength: options.strength,
        scenarios: check::scenarios(options.scenarios.as_deref(), &root)?,
        acknowledge_uncovered: options.acknowledge_uncovered,
        quarantine: options.quarantine.iter().cloned().collect(),
        mock: check::mocks(&options.mock)?,
        person: machine.variables.get("USER").or_else(|| machine.variables.get("LOGNAME")).cloned(),
        out: check::out(options.out.as_deref())?,
        sign_key: check::sign_key(options.sign_key.as_deref())?,
        no_recipes: options.no_recipes,
        no_models: options.no_models,
        generate_tests: options.generate_tests,
        model_views: options.model_views,
        max_cost: options.max_cost,
        pre_authorised: options.pre_authorise,
        fast_track: options.fast_track,
        mode: options.mode.map(Mode::from).unwrap_or_default(),
        tape: check::tape(options.record.as_deref(), options.replay.as_deref())?,
        root,
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

/// Drives a job as far as it goes and says what came of it, and what to do next if the job stays.
pub(super) fn finish(
    folder: &JobFolder,
    machine: &Machine,
    yes: bool,
    json: bool,
    stays: bool,
) -> Result<ExitCode, Problem> {
    let mut ticker = Ticker::new();
    let mut decider = decide::decider(yes, Some(decide::Editor::of(machine, folder)));
    let mut progress = |progress: Progress<'_>| ticker.take(progress);
    let driven = match Remote::of(folder, machine)? {
        Some(mut remote) => remote.drive(&mut *decider, &mut progress),
        None => drive(folder, machine, &mut *decider, &mut progress),
    };
    ticker.end_count();
    let job = driven?;
    let request: Request = folder.read("request.json")?;
    if let Some(out) = &request.out {
        copy_out(folder, out)?;
    }
    say(folder, &job, json, stays)
}

/// Prints the result of a job and chooses the exit code.
pub(super) fn say(folder: &JobFolder, job: &Job, json: bool, stays: bool) -> Result<ExitCode, Problem> {
    if let Some(situation) = situation::of(folder, job)?.filter(|situation| situation.code != "FALLBACK" && !json) {
        say!("\nThe job waits: {}", situation.sentence);
        let root = folder.root.display();
        say!("To see what can be decided:  iama jobs decide {} --root {root}", folder.id);
        say!("To be asked again:           iama jobs resume {} --root {root}", folder.id);
        return Ok(ExitCode::from(exit::DECISION));
    }
    if !folder.file("evidence.json").exists() {
        let sentence = format!("the job ended as {} before there was anything to show", job.state.kind().code());
        return Err(Problem::not_delivered("NOT_DELIVERED", sentence).hint("start a new one with `iama refactor`"));
    }
    let result = outcome::of(folder, job)?;
    if json {
        let text = serde_json::to_string(&result).map_err(|error| io("cannot write the result", &error.into()))?;
        say!("{text}");
    } else {
        show::summary(&result);
        if stays {
            next_step(folder, job);
        }
    }
    let delivered = matches!(job.state, State::Delivered { .. });
    Ok(ExitCode::from(if delivered { exit::OK } else { exit::NOT_DELIVERED }))
}

fn next_step(folder: &JobFolder, job: &Job) {
    let root = folder.root.display();
    match &job.state {
        State::Delivered { .. } => say!("\nTo take it:  iama apply {} --root {root}", folder.id),
        State::FallbackRequired { .. } if !folder.file("partial.json").exists() => {
            say!("\nNothing was delivered, and no rewrite is left to take.");
            say!("To see what can be decided:  iama jobs decide {} --root {root}", folder.id);
        }
        State::FallbackRequired { .. } => {
            say!("\nNothing was delivered. To take what there is:  iama apply --partial {} --root {root}", folder.id);
        }
        _ => {}
    }
}

fn copy_out(folder: &JobFolder, out: &Path) -> Result<(), Problem> {
    let failed = |error: std::io::Error| io(format!("cannot write to {}", out.display()), &error);
    fs::create_dir_all(out).map_err(failed)?;
    let own = [
        "request.json",
        "evidence.json",
        "report.html",
        "patch.json",
        "patch.diff",
        "partial.json",
        "partial.diff",
        "analysis_report.json",
    ];
    for name in own.into_iter().chain(exports::NAMES) {
        let from = folder.file(name);
        if from.exists() {
            fs::copy(from, out.join(name)).map_err(failed)?;
        }
    }
    for name in ["characterization", "differences"] {
        copy_files(&folder.file(name), &out.join(name)).map_err(failed)?;
    }
    Ok(())
}

/// Copies the files of a folder, if there is one.
fn copy_files(from: &Path, to: &Path) -> std::io::Result<()> {
    if !from.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}
