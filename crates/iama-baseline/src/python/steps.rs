//! Starting our own Python programs, closed off like the tests themselves.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use iama_sandbox::{Ended, Launch, Sandbox};

use super::environment::Environment;

/// The variables of a run: nothing of the user's own, and the same on every machine.
pub(crate) fn variables(environment: &Environment, scratch: &Path, seed: u32) -> BTreeMap<String, String> {
    let temporary = scratch.join("tmp");
    // A missing folder shows when the first test wants a temporary file.
    let _ = fs::create_dir_all(&temporary);
    let variables = [
        ("PATH", "/usr/local/bin:/usr/bin:/bin".to_owned()),
        ("HOME", temporary.display().to_string()),
        ("TMPDIR", temporary.display().to_string()),
        ("LANG", "C.UTF-8".to_owned()),
        ("LC_ALL", "C.UTF-8".to_owned()),
        ("TZ", "UTC".to_owned()),
        ("PYTHONHASHSEED", seed.to_string()),
        ("PYTHONIOENCODING", "utf-8".to_owned()),
        ("PYTHONUNBUFFERED", "1".to_owned()),
        ("PYTHONDONTWRITEBYTECODE", "1".to_owned()),
        ("PYTHONNOUSERSITE", "1".to_owned()),
    ];
    let stand_ins = environment.stand_ins.iter().map(|folder| ("PYTHONPATH", folder.display().to_string()));
    variables.into_iter().chain(stand_ins).map(|(name, value)| (name.to_owned(), value)).collect()
}

/// One side's code and what runs it.
#[derive(Debug, Clone, Copy)]
pub struct Bench<'a> {
    /// How runs are closed off.
    pub sandbox: &'a Sandbox,
    /// What runs the code.
    pub environment: &'a Environment,
    /// The copy of the project; runs may write here.
    pub root: &'a Path,
    /// A folder of ours, the same for both sides.
    pub scratch: &'a Path,
    /// Folders for the module path, relative to the root.
    pub pythonpath: &'a [String],
    /// Folders that look empty to the code.
    pub hidden: &'a [PathBuf],
}

impl Bench<'_> {
    /// Runs one of our programs to its end. The inner error says in words why it gave nothing.
    pub(super) fn step(
        &self,
        program: &str,
        arguments: Vec<String>,
        seed: u32,
        limit: Duration,
    ) -> io::Result<Result<(), String>> {
        self.step_in(self.scratch, program, arguments, seed, limit)
    }

    /// The same in a folder of the caller's.
    pub(super) fn step_in(
        &self,
        folder: &Path,
        program: &str,
        arguments: Vec<String>,
        seed: u32,
        limit: Duration,
    ) -> io::Result<Result<(), String>> {
        let python = self.environment.python.display().to_string();
        let launch = Launch {
            command: [python, self.path(program)].into_iter().chain(arguments).collect(),
            folder: folder.to_owned(),
            environment: variables(self.environment, self.scratch, seed),
            writable: vec![self.root.to_owned(), self.scratch.to_owned()],
            readable: self.environment.folders.clone(),
            hidden: self.hidden.to_vec(),
            output: self.scratch.join("output.txt"),
            limit,
        };
        let outcome = self.sandbox.run(&launch, || ControlFlow::Continue(())).map_err(io::Error::other)?;
        if let Some(refusal) = outcome.refusal() {
            return Err(io::Error::other(refusal.to_owned()));
        }
        let last = || outcome.output.lines().last().unwrap_or("it said nothing").trim().to_owned();
        Ok(match outcome.ended {
            Ended::Exited(0) => Ok(()),
            Ended::TimedOut => Err(format!("{program} took longer than {} s", limit.as_secs())),
            Ended::Exited(_) | Ended::Killed | Ended::Stopped => Err(format!("{program} failed: {}", last())),
        })
    }

    /// A file of the scratch folder, as an argument.
    pub(super) fn path(&self, name: &str) -> String {
        self.scratch.join(name).display().to_string()
    }

    /// Runs calls again, each alone, on this side's code; `limit` is the time of their work on each processor.
    pub(super) fn replay(&self, calls: &str, out: &str, seed: u32, limit: Duration) -> io::Result<Result<(), String>> {
        let mut arguments: Vec<String> =
            ["--calls", &self.path(calls), "--out", &self.path(out)].map(str::to_owned).into();
        arguments.extend(["--call-seconds", "2", "--seconds"].map(str::to_owned));
        arguments.push(limit.as_secs().to_string());
        arguments.push("--pythonpath".to_owned());
        arguments.extend(self.pythonpath.iter().map(|folder| self.root.join(folder).display().to_string()));
        // It ends by itself when its time is up and says which calls were left, on a busy machine after three times as long; the
        // rest is for one that hangs.
        self.step("iama_replay.py", arguments, seed, limit * 3 + Duration::from_secs(20))
    }
}
