//! Keeping a server: it is started, started again when it dies, and ended.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::process::Child;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle, sleep};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::Durability;
use crate::cluster::Place;
use crate::postmaster::{self, BETWEEN};
use crate::process::{self, Start};
use crate::{Error, Programs};

/// How often a server that ends at once is started again, and the wait between: what a killed one left behind takes a
/// moment to go, four seconds at most.
const TRIES: usize = 40;
const BETWEEN_TRIES: Duration = Duration::from_millis(100);
/// Looks at a server that starts: two minutes, since it may have much to recover.
const LOOKS: usize = 12_000;
/// Looks at a server that ends in order: fifteen seconds.
const LOOKS_AT_END: usize = 1500;
/// As much of the log as an error shows.
const LAST_WORDS_BYTES: usize = 600;

/// Queries and values stay out of the log.
const SETTINGS: &[&str] = &[
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "port=5432",
    "max_connections=200",
    "log_min_error_statement=panic",
    "log_error_verbosity=terse",
    "log_checkpoints=off",
    "timezone=UTC",
    "log_timezone=UTC",
];
const FORGETFUL: &[&str] = &["fsync=off", "synchronous_commit=off", "full_page_writes=off"];

/// What keeps a server: its thread, its guard and the right to the folder.
pub(super) struct Keeper {
    pub(super) temporary: bool,
    kept: Arc<Mutex<Kept>>,
    thread: JoinHandle<()>,
    guard: Option<Child>,
    _lock: File,
}

/// What the thread and its owner share.
struct Kept {
    pid: Option<Pid>,
    stopping: bool,
}

/// What it takes to start one.
struct Recipe {
    programs: Programs,
    place: Place,
    settings: Vec<String>,
}

impl Keeper {
    pub(super) fn start(
        programs: &Programs,
        place: &Place,
        durability: Durability,
        lock: File,
        temporary: bool,
    ) -> Result<Self, Error> {
        let forgetful = if durability == Durability::None { FORGETFUL } else { &[] };
        let mut settings: Vec<String> = SETTINGS.iter().chain(forgetful).map(|&setting| setting.to_owned()).collect();
        settings.push(format!("unix_socket_directories={}", place.socket.display()));
        let recipe = Recipe { programs: programs.clone(), place: place.clone(), settings };
        let signal = if temporary { "QUIT" } else { "INT" };
        let guard = process::guard(place.account, &place.cluster, signal, temporary.then_some(&place.data));
        let child = recipe.start(&|| false)?;
        let kept = Arc::new(Mutex::new(Kept { pid: Some(pid(&child)), stopping: false }));
        let shared = Arc::clone(&kept);
        let thread = thread::spawn(move || recipe.keep(child, &shared));
        Ok(Self { temporary, kept, thread, guard, _lock: lock })
    }

    /// Asks the server to end in order, then without, and lets go of the folder.
    pub(super) fn stop(mut self, place: &Place) -> Result<(), Error> {
        let signals: &[Signal] = if self.temporary { &[Signal::SIGQUIT] } else { &[Signal::SIGINT, Signal::SIGQUIT] };
        for &signal in signals {
            let pid = {
                let mut kept = lock(&self.kept);
                kept.stopping = true;
                kept.pid
            };
            if let Some(pid) = pid {
                let _ = kill(pid, signal);
            }
            for _ in 0..LOOKS_AT_END {
                if self.thread.is_finished() {
                    self.dismiss_guard();
                    return Ok(());
                }
                sleep(BETWEEN);
            }
        }
        let process = postmaster::find(&place.cluster).map_or(0, |found| found.pid.as_raw());
        Err(Error::NotStopped { process })
    }

    fn dismiss_guard(&mut self) {
        if let Some(mut guard) = self.guard.take() {
            let _ = guard.kill();
            let _ = guard.wait();
        }
    }
}

impl Recipe {
    /// Waits for the end of the server, and starts another as long as nobody asked for the end.
    fn keep(&self, mut child: Child, kept: &Mutex<Kept>) {
        loop {
            let _ = child.wait();
            {
                let mut kept = lock(kept);
                kept.pid = None;
                if kept.stopping {
                    return;
                }
            }
            sleep(BETWEEN_TRIES);
            let Ok(next) = self.start(&|| lock(kept).stopping) else { return };
            child = next;
            let mut kept = lock(kept);
            kept.pid = Some(pid(&child));
            if kept.stopping {
                let _ = kill(pid(&child), Signal::SIGINT);
            }
        }
    }

    /// Starts the server and waits until it takes connections.
    fn start(&self, stopping: &dyn Fn() -> bool) -> Result<Child, Error> {
        let mut failure = Error::NotStarted { words: String::new() };
        for _ in 0..TRIES {
            match self.start_once() {
                Ok(child) => return Ok(child),
                Err(error @ Error::NotStarted { .. }) => failure = error,
                Err(error) => return Err(error),
            }
            if stopping() {
                break;
            }
            sleep(BETWEEN_TRIES);
        }
        Err(failure)
    }

    fn start_once(&self) -> Result<Child, Error> {
        let log = self.place.log()?;
        let said_before = log.metadata().map_err(Error::file(&self.place.data))?.len();
        let postgres = self.programs.program("postgres");
        let mut arguments: Vec<&OsStr> = vec!["-D".as_ref(), self.place.cluster.as_os_str()];
        for setting in &self.settings {
            arguments.extend([OsStr::new("-c"), setting.as_ref()]);
        }
        let start = Start::new(&postgres, &arguments).run_as(self.place.account);
        let mut child = process::spawn(&start, &log)?;
        for _ in 0..LOOKS {
            let ended = child.try_wait().map_err(Error::file(&postgres))?;
            if ended.is_some() {
                return Err(Error::NotStarted { words: self.words(said_before) });
            }
            if postmaster::find(&self.place.cluster).is_some_and(|found| found.ready && found.pid == pid(&child)) {
                return Ok(child);
            }
            sleep(BETWEEN);
        }
        let _ = kill(pid(&child), Signal::SIGQUIT);
        let _ = child.wait();
        Err(Error::NotStarted { words: self.words(said_before) })
    }

    /// The last of what it said in this attempt.
    fn words(&self, said_before: u64) -> String {
        let log = fs::read(self.place.log_path()).unwrap_or_default();
        let before = usize::try_from(said_before).unwrap_or(usize::MAX).min(log.len());
        let words = &log[before..];
        String::from_utf8_lossy(&words[words.len().saturating_sub(LAST_WORDS_BYTES)..]).trim().to_owned()
    }
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(child.id().cast_signed())
}

/// Nothing is left half-done under this lock, so what a panic left is as good as ever.
fn lock(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}
