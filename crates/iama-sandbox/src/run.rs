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

/// How often a run is looked at.
const TICK: Duration = Duration::from_millis(15);

/// How long a supervisor may take to clear up.
const GRACE: Duration = Duration::from_secs(5);

/// Bytes of output that are kept, from its end.
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

/// How runs are closed off on this machine.
#[derive(Debug, Clone)]
pub struct Sandbox {
    /// What works here.
    pub probe: Probe,
    /// The program and first arguments that start the supervisor.
    pub supervisor: Vec<PathBuf>,
    /// Stops every run once it is set.
    pub stop: Option<&'static AtomicBool>,
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
    /// The end of its output.
    pub output: String,
    /// How long it took.
    pub took: Duration,
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
    pub(crate) level: Level,
    pub(crate) bubblewrap: Option<PathBuf>,
    pub(crate) launch: Launch,
}

impl Sandbox {
    /// A sandbox that only limits, for installers and the user's own tools.
    #[must_use]
    pub fn limits_only(&self) -> Self {
        let probe = Probe { level: Level::LimitsOnly, reason: String::new(), bubblewrap: None };
        Self { probe, supervisor: self.supervisor.clone(), stop: self.stop }
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
                Ok(Some(status)) => break status.code().map_or(Ended::Killed, from_code),
                Ok(None) => {}
                Err(_) => break Ended::Killed,
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
        Ok(Outcome { ended, output: tail(&launch.output), took: started.elapsed() })
    }

    #[expect(clippy::disallowed_methods, reason = "the one room that starts processes")]
    fn start(&self, launch: &Launch) -> Result<Child, SandboxError> {
        let wrong = |source| SandboxError::Output { path: launch.output.clone(), source };
        let output = File::create(&launch.output).map_err(wrong)?;
        let errors = output.try_clone().map_err(wrong)?;
        let order =
            Order { level: self.probe.level, bubblewrap: self.probe.bubblewrap.clone(), launch: launch.clone() };
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
            .stderr(errors)
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

/// The supervisor's way of passing on that the command died of a signal.
pub(crate) const KILLED: i32 = 125;

fn from_code(code: i32) -> Ended {
    if code == KILLED { Ended::Killed } else { Ended::Exited(code) }
}

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

fn tail(path: &Path) -> String {
    let read = || -> io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(OUTPUT_TAIL)))?;
        let mut bytes = Vec::new();
        file.take(OUTPUT_TAIL).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    String::from_utf8_lossy(&read().unwrap_or_default()).into_owned()
}
