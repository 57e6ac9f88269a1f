//! Starting a run, watching it and ending it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::level::{Level, Probe};
use crate::output::printable;
use crate::supervise::Verdict;

/// How often a run is looked at.
const TICK: Duration = Duration::from_millis(15);

/// How long a supervisor may take to clear up.
const GRACE: Duration = Duration::from_secs(10);

/// Bytes of output that an outcome holds, from its end.
const OUTPUT_TAIL: u64 = 64 * 1024;

/// What to run, and what it may touch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Launch {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Where it starts.
    pub folder: PathBuf,
    /// Its whole environment.
    pub environment: BTreeMap<String, String>,
    /// Folders that it may write to.
    pub writable: Vec<PathBuf>,
    /// Folders that it must be able to read although they lie below a hidden one.
    pub readable: Vec<PathBuf>,
    /// Folders that look empty to it, where the level allows.
    pub hidden: Vec<PathBuf>,
    /// A file for its output and error output.
    pub output: PathBuf,
    /// The longest that it may take.
    pub limit: Duration,
}

/// What a run may take up at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Memory of all its processes together, in bytes.
    pub memory_bytes: u64,
    /// Processes at one time.
    pub processes: u64,
    /// Growth of the folders that it may write to, together, in bytes.
    pub disk_bytes: u64,
    /// Output that is kept from its beginning, in bytes; of what follows the end is kept.
    pub output_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { memory_bytes: 4 << 30, processes: 512, disk_bytes: 4 << 30, output_bytes: 16 << 20 }
    }
}

/// How runs are closed off on this machine.
#[derive(Debug, Clone)]
pub struct Sandbox {
    /// What works here.
    pub probe: Probe,
    /// The program and first arguments that start the supervisor.
    pub supervisor: Vec<PathBuf>,
    /// Stops every run once it is set.
    pub stop: Option<&'static AtomicBool>,
    /// What each run may take up.
    pub limits: Limits,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with this exit code.
    Exited(i32),
    /// By a signal, or without a word.
    Killed,
    /// Its time was up.
    TimedOut,
    /// Its watcher stopped it.
    Stopped,
}

/// What a run showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// How it ended.
    pub ended: Ended,
    /// The end of its output, with nothing in it that a terminal would obey.
    pub output: String,
    /// Why it was ended or could not begin, where that is known.
    pub reason: Option<String>,
    /// How long it took.
    pub took: Duration,
}

impl Outcome {
    /// Why the command was not run to an end of its own although no limit was reached: what should close it off failed.
    pub fn refusal(&self) -> Option<&str> {
        self.reason.as_deref().filter(|_| matches!(self.ended, Ended::Exited(_)))
    }
}

/// A run that could not be started.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The supervisor did not start.
    #[error("the supervisor could not be started")]
    Supervisor(#[source] io::Error),
    /// The output file could not be made.
    #[error("{path} could not be written")]
    Output {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// What the supervisor is told.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) probe: Probe,
    pub(crate) limits: Limits,
    pub(crate) launch: Launch,
    pub(crate) supervisor: Vec<PathBuf>,
}

impl Sandbox {
    /// A sandbox that only limits, for installers and the user's own tools.
    #[must_use]
    pub fn limits_only(&self) -> Self {
        Self { probe: Probe::of(Level::LimitsOnly), ..self.clone() }
    }

    /// Whether runs are to stop.
    pub fn is_stopped(&self) -> bool {
        self.stop.is_some_and(|stop| stop.load(Ordering::Relaxed))
    }

    /// Runs a command to its end. `watch` is asked all the while, and may stop it. When this returns, or its process dies,
    /// nothing that the command started is left.
    #[expect(clippy::disallowed_methods, reason = "a run is measured by the real clock")]
    pub fn run(&self, launch: &Launch, mut watch: impl FnMut() -> ControlFlow<()>) -> Result<Outcome, SandboxError> {
        let mut child = self.start(launch)?;
        let started = Instant::now();
        let ended = loop {
            match child.try_wait() {
                Ok(None) => {}
                Ok(Some(_)) | Err(_) => break Ended::Killed,
            }
            if started.elapsed() > launch.limit {
                break Ended::TimedOut;
            }
            if self.is_stopped() || watch().is_break() {
                break Ended::Stopped;
            }
            std::thread::sleep(TICK);
        };
        end(&mut child);
        let took = started.elapsed();
        let verdict = verdict(&mut child);
        if verdict.is_none() && self.probe.level == Level::Docker {
            // The supervisor could not clear up after itself.
            crate::docker::sweep(&self.probe);
        }
        let Verdict { code, reason } = verdict.unwrap_or_default();
        let ended = if ended == Ended::Killed { code.map_or(Ended::Killed, Ended::Exited) } else { ended };
        Ok(Outcome { ended, output: tail(&launch.output), reason, took })
    }

    #[expect(clippy::disallowed_methods, reason = "the one room that starts processes")]
    fn start(&self, launch: &Launch) -> Result<Child, SandboxError> {
        let wrong = |source| SandboxError::Output { path: launch.output.clone(), source };
        let output = File::create(&launch.output).map_err(wrong)?;
        let order = Order {
            probe: self.probe.clone(),
            limits: self.limits,
            launch: launch.clone(),
            supervisor: self.supervisor.clone(),
        };
        let order = serde_json::to_string(&order).map_err(|error| SandboxError::Supervisor(error.into()))?;
        let (program, first) = self
            .supervisor
            .split_first()
            .ok_or_else(|| SandboxError::Supervisor(io::Error::from(io::ErrorKind::NotFound)))?;
        let mut command = Command::new(program);
        own_group(&mut command);
        command
            .args(first)
            .arg(order)
            .stdin(Stdio::piped())
            .stdout(output)
            .stderr(Stdio::piped())
            .spawn()
            .map_err(SandboxError::Supervisor)
    }
}

/// An interrupt from the keyboard is meant for us; we tell the supervisor in our own way.
#[cfg(unix)]
fn own_group(command: &mut Command) {
    std::os::unix::process::CommandExt::process_group(command, 0);
}

#[cfg(not(unix))]
fn own_group(_: &mut Command) {}

/// Lets go of the supervisor, which takes that as the order to clear up, and waits for it.
#[expect(clippy::disallowed_methods, reason = "the supervisor is given real time to clear up")]
fn end(child: &mut Child) {
    drop(child.stdin.take());
    let started = Instant::now();
    while started.elapsed() < GRACE {
        if !matches!(child.try_wait(), Ok(None)) {
            return;
        }
        std::thread::sleep(TICK);
    }
    // Nothing more can be done for a supervisor that does not answer than to kill and reap it.
    let _ = child.kill();
    let _ = child.wait();
}

/// The last word of a supervisor that has ended; none when it was not given the time for it.
fn verdict(child: &mut Child) -> Option<Verdict> {
    let mut text = String::new();
    child.stderr.take()?.read_to_string(&mut text).ok()?;
    serde_json::from_str(text.lines().last()?).ok()
}

fn tail(path: &Path) -> String {
    let read = || -> io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(OUTPUT_TAIL)))?;
        let mut bytes = Vec::new();
        file.take(OUTPUT_TAIL).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    printable(&String::from_utf8_lossy(&read().unwrap_or_default())).into_owned()
}
