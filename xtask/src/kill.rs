//! A migration is killed at many points and resumed: the patch must be the same, and the evidence once times are masked.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde_json::Value;

use crate::packages::{Package, named};
use crate::tools::{cache, command, iama, output};

/// Scenarios for any package: what is recorded must survive as well, also where it is nothing steady.
const SCENARIOS: &str = "version: 1
scenarios:
  - name: greet
    run: [python, -c, \"import sys; print('hello'); sys.exit(3)\"]
  - name: random
    run: [python, -c, \"import os; print(repr(os.urandom(4))); print('steady')\"]
";

/// How often to kill.
#[derive(Args)]
pub(crate) struct Options {
    /// Points at which the process is killed, spread over the run
    #[arg(long, default_value_t = 100)]
    points: u32,
    /// The package to migrate
    #[arg(long, default_value = "iso8601")]
    package: String,
    /// The iama to kill, instead of one built here
    #[arg(long)]
    iama: Option<PathBuf>,
}

impl Options {
    /// A reduction of the whole.
    pub(crate) fn for_ci() -> Self {
        Self { points: 20, package: "iso8601".to_owned(), iama: None }
    }
}

/// Kills and resumes, and prints what came of it.
pub(crate) fn run(options: &Options) -> Result<()> {
    let iama = iama(options.iama.as_deref())?;
    let package = named(&options.package)?;
    let project = cache().join("kill").join(package.name);
    // The first run fills the cache of environments, so that the second one shows how long a run takes.
    undisturbed(&iama, package, &project)?;
    let (expected, took) = undisturbed(&iama, package, &project)?;
    println!("undisturbed: {:.2} s", took.as_secs_f64());
    let (mut killed, mut finished) = (0, 0);
    for point in 0..options.points {
        let after = took.mul_f64(f64::from(point) / f64::from(options.points));
        fresh(package, &project)?;
        let mut child = refactor(&iama, &project).spawn()?;
        std::thread::sleep(after);
        if child.try_wait()?.is_none() {
            child.kill()?;
            killed += 1;
        } else {
            finished += 1;
        }
        child.wait()?;
        let found = resumed(&iama, &project)?;
        if found != expected {
            bail!("killed after {:.3} s, the resumed job ended otherwise", after.as_secs_f64());
        }
    }
    println!(
        "{} points: {killed} killed in mid-run, {finished} had ended; all {} ended with the same patch and the same evidence",
        options.points, options.points
    );
    Ok(())
}

fn refactor(iama: &Path, project: &Path) -> std::process::Command {
    let mut command = command(&iama.display().to_string(), &["refactor", "--yes", "--json"]);
    command.arg(project).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    command
}

fn fresh(package: &Package, project: &Path) -> Result<()> {
    package.copy_to(project)?;
    fs::write(project.join("iama-scenarios.yaml"), SCENARIOS)?;
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a run is measured by the real clock")]
fn undisturbed(iama: &Path, package: &Package, project: &Path) -> Result<((String, Value), Duration)> {
    fresh(package, project)?;
    let started = Instant::now();
    let status = refactor(iama, project).status()?;
    let took = started.elapsed();
    if !status.success() {
        bail!("an undisturbed run ends with {status}");
    }
    Ok((result(project)?, took))
}

/// Resumes until the job has ended; a job that was killed before it existed is started.
fn resumed(iama: &Path, project: &Path) -> Result<(String, Value)> {
    let exists = job_folder(project).is_ok_and(|folder| folder.join("request.json").is_file());
    let mut command = if exists {
        let mut command = command(&iama.display().to_string(), &["jobs", "resume", "--yes", "--json", "--root"]);
        command.arg(project);
        command
    } else {
        refactor(iama, project)
    };
    output(&mut command)?;
    result(project)
}

/// The last job that was really made.
fn job_folder(project: &Path) -> Result<PathBuf> {
    let jobs = fs::read_dir(project.join(".iama/jobs"))?.flatten().map(|entry| entry.path());
    jobs.filter(|job| job.join("request.json").is_file()).max().context("there is no job")
}

fn result(project: &Path) -> Result<(String, Value)> {
    let folder = job_folder(project)?;
    let patch = fs::read_to_string(folder.join("patch.diff"))?;
    let mut evidence: Value = serde_json::from_slice(&fs::read(folder.join("evidence.json"))?)?;
    mask(&mut evidence);
    Ok((patch, evidence))
}

/// Leaves out what must differ: times, and the job's own name.
fn mask(evidence: &mut Value) {
    evidence["seconds"] = Value::Null;
    evidence["stages"] = Value::Null;
    for key in ["id", "created_at", "finished_at"] {
        evidence["job"][key] = Value::Null;
    }
    for decision in evidence["decisions"].as_array_mut().into_iter().flatten() {
        decision["at"] = Value::Null;
    }
}
