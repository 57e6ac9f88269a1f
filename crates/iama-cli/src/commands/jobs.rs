//! `iama jobs`.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use iama_engine::executor::server_of;
use iama_engine::situation::{self, Said};
use iama_engine::{JobFolder, Machine, Request, decide_said as say_decision, folder, journal};
use iama_job::{Decision, EventKind, Job, State};
use serde_json::{Value, json};

use super::refactor;
use crate::args::{JobName, JobsDecide, JobsList, JobsResume};
use crate::out::{count, say, tell};
use crate::problem::{Problem, bad_input, io};
use crate::remote::{self, Remote};
use crate::{machine, models, paint};

/// The folder of the named job, or of the latest one.
pub(super) fn find(name: &JobName) -> Result<JobFolder, Problem> {
    let root = name.root.canonicalize().map_err(|error| io("cannot find the project", &error))?;
    let jobs = folder::list(&root);
    let Some(wanted) = &name.job else {
        return jobs.into_iter().next_back().ok_or_else(|| {
            bad_input("NO_JOBS", format!("{} has no jobs", root.display()), "start one with `iama refactor PATH`")
        });
    };
    let mut found: Vec<_> = jobs.into_iter().filter(|job| job.id.starts_with(wanted.as_str())).collect();
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => Err(bad_input(
            "JOB_UNKNOWN",
            format!("there is no job {wanted}"),
            "`iama jobs list` names them; --root names the project",
        )),
        _ => Err(bad_input("JOB_AMBIGUOUS", format!("several jobs begin with {wanted}"), "give more of the name")),
    }
}

/// The job as its journal tells it.
pub(super) fn job_of(folder: &JobFolder) -> Result<Job, Problem> {
    journal::read_job(&folder.file("journal.jsonl"), &folder.id)
}

fn row(id: &str, job: &Job) -> Value {
    json!({ "job": id, "state": job.state.place().to_string() })
}

/// Lists the jobs of a project.
pub(super) fn list(options: &JobsList) -> Result<ExitCode, Problem> {
    let root = options.root.canonicalize().map_err(|error| io("cannot find the project", &error))?;
    let rows: Vec<(String, String)> = folder::list(&root)
        .into_iter()
        .map(|folder| {
            let state =
                job_of(&folder).map_or_else(|problem| problem.code.to_owned(), |job| job.state.place().to_string());
            (folder.id, state)
        })
        .collect();
    if options.json {
        let rows: Vec<_> = rows.iter().map(|(job, state)| json!({ "job": job, "state": state })).collect();
        say!("{}", json!({ "schema": "iama.jobs/1", "jobs": rows }));
    } else if rows.is_empty() {
        say!("{} has no jobs.", root.display());
    } else {
        for (job, state) in &rows {
            say!("{}  {state}", paint::place(job));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Shows one job with the files and hunks of its delivery.
pub(super) fn show(options: &JobName) -> Result<ExitCode, Problem> {
    let folder = find(options)?;
    let job = job_of(&folder)?;
    let shown = folder.file("evidence.json").exists();
    if let Some(situation) = situation::of(&folder, &job)?.filter(|_| !options.json) {
        crate::show::situation(&folder, &situation);
    }
    if options.json && shown {
        return refactor::say(&folder, &job, true, true);
    }
    if options.json {
        say!("{}", json!({ "schema": "iama.jobs/1", "jobs": [row(&folder.id, &job)] }));
        return Ok(ExitCode::SUCCESS);
    }
    say!("{}  {}", paint::strong(&folder.id), job.state.place());
    for command in open_commands(&job) {
        say!("  open      {command} {}", folder.id);
    }
    say!("  folder    {}", folder.path().display());
    if let Some(server) = server_of(&folder)? {
        say!("  server    {server}");
    }
    if shown {
        let result = iama_engine::outcome::of(&folder, &job)?;
        crate::show::summary(&result);
        let evidence: Value = folder.read("evidence.json")?;
        let files = evidence["files"].as_array().into_iter().flatten();
        for hunk in files.flat_map(|file| file["hunks"].as_array().into_iter().flatten()) {
            say!(
                "  hunk      {}  {}",
                hunk["id"].as_str().unwrap_or(""),
                paint::dim(hunk["header"].as_str().unwrap_or(""))
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The commands that a job waits for.
fn open_commands(job: &Job) -> Vec<&'static str> {
    let command = |kind| match kind {
        EventKind::ApplyDelivery => Some("iama apply"),
        EventKind::RevertDelivery => Some("iama revert"),
        EventKind::DownloadPartial => Some("iama apply --partial"),
        EventKind::Cancel => Some("iama jobs cancel"),
        EventKind::SelectProposal
        | EventKind::ApproveSpec
        | EventKind::AcknowledgeUncovered
        | EventKind::PreflightContinue
        | EventKind::IncreaseTimeout => Some("iama jobs resume"),
        other => situation::offers(other).then_some("iama jobs decide"),
    };
    let mut commands: Vec<_> = iama_job::choices::decisions(job).into_iter().filter_map(command).collect();
    commands.dedup();
    commands
}

/// Goes on with a job.
pub(super) fn resume(options: &JobsResume) -> Result<ExitCode, Problem> {
    let folder = find(&options.name)?;
    let _lock = folder.lock()?;
    refactor::finish(&folder, &machine_for(&folder)?, options.yes, options.name.json, true)
}

/// A machine with the isolation and the models that a job asks for, and that hears of interrupts.
fn machine_for(folder: &JobFolder) -> Result<Machine, Problem> {
    let mut machine = machine::machine()?;
    let request: Request = folder.read("request.json")?;
    machine::isolate(&mut machine, &request)?;
    if server_of(folder)?.is_none() {
        models::connect(&mut machine, &request)?;
    }
    machine::catch_interrupts()?;
    Ok(machine)
}

/// Puts a decision to a job that waits, and goes on with it; without one, tells what can be decided.
pub(super) fn decide(options: &JobsDecide) -> Result<ExitCode, Problem> {
    let name = JobName { job: Some(options.job.clone()), root: options.root.clone(), json: options.json };
    let folder = find(&name)?;
    let job = job_of(&folder)?;
    let Some(word) = options.decision.clone() else { return tell_situation(&folder, &job, options.json) };
    let _lock = folder.lock()?;
    let machine = machine_for(&folder)?;
    let (class, quote, tests) = (options.class, options.quote.clone(), options.test.clone());
    let said = Said { word, class, quote, tests, text: options.words.clone() };
    match Remote::of(&folder, &machine)? {
        Some(mut remote) => remote::said(&mut remote, said)?,
        None => say_decision(&folder, &machine, &said).map(drop)?,
    }
    refactor::finish(&folder, &machine, options.yes, options.json, true)
}

fn tell_situation(folder: &JobFolder, job: &Job, json: bool) -> Result<ExitCode, Problem> {
    let Some(situation) = situation::of(folder, job)? else {
        return Err(Problem::input("NOTHING_TO_DECIDE", format!("{} is {}", folder.id, job.state.place()))
            .hint("`iama jobs resume` goes on with a job; `iama jobs show` shows it"));
    };
    if json {
        let value = json!({ "schema": "iama.situation/1", "job": folder.id, "situation": situation });
        say!("{value}");
    } else {
        crate::show::situation(folder, &situation);
    }
    Ok(ExitCode::SUCCESS)
}

/// Cancels a job.
pub(super) fn cancel(options: &JobName) -> Result<ExitCode, Problem> {
    let folder = find(options)?;
    let machine = machine::machine()?;
    let _lock = folder.lock()?;
    let job = super::put(&folder, &machine, Decision::Cancel, &mut |_| {})?;
    if options.json {
        say!("{}", json!({ "schema": "iama.jobs/1", "jobs": [row(&folder.id, &job)] }));
    } else {
        say!("{}  {}", paint::strong(&folder.id), job.state.place());
    }
    Ok(ExitCode::SUCCESS)
}

/// Copies and scratch folders that a job which has ended needs no more.
const SCRATCH: [&str; 14] = [
    "snapshot",
    "work",
    "legacy",
    "legacy-run",
    "observed-run",
    "result",
    "result-run",
    "subset",
    "compile",
    "characterization-run",
    "strength-run",
    "scenario-copy",
    "scenario-run",
    "stand-ins",
];

/// Removes the folders of jobs that failed, and the copies of the others that have ended.
pub(super) fn clean(options: &JobsList) -> Result<ExitCode, Problem> {
    let root = options.root.canonicalize().map_err(|error| io("cannot find the project", &error))?;
    let (mut removed, mut skipped) = (Vec::new(), Vec::new());
    for folder in folder::list(&root) {
        let paths = match job_of(&folder) {
            Ok(job) => superfluous(&folder, &job),
            Err(problem) => {
                tell!("{}  skipped: [{}] {}", paint::place(&folder.id), problem.code, problem.sentence);
                skipped.push(folder.id);
                continue;
            }
        };
        if paths.is_empty() {
            continue;
        }
        let _lock = folder.lock()?;
        for path in paths {
            fs::remove_dir_all(&path).map_err(|error| io(format!("cannot remove {}", path.display()), &error))?;
            removed.push(path.strip_prefix(&root).unwrap_or(&path).display().to_string());
        }
    }
    if options.json {
        say!("{}", json!({ "schema": "iama.clean/1", "removed": removed, "skipped": skipped }));
    } else {
        for path in &removed {
            say!("{path}");
        }
        say!("{} removed", count(removed.len(), "folder"));
    }
    Ok(ExitCode::SUCCESS)
}

/// The folders of a job that can go. Patch, report and evidence of a job that did not fail stay.
fn superfluous(folder: &JobFolder, job: &Job) -> Vec<PathBuf> {
    let mut paths = match job.state {
        State::Failed { .. } => vec![folder.path()],
        State::Delivered { .. } | State::FallbackRequired { .. } => SCRATCH.map(|name| folder.file(name)).to_vec(),
        _ => Vec::new(),
    };
    paths.retain(|path| path.is_dir());
    paths
}
