//! The one place that reads the environment and the clock.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use iama_baseline::python::interpreter::Search;
use iama_engine::{Machine, Request, isolation};
use iama_job::Timestamp;
use iama_sandbox::{Limits, Sandbox, printable, probe};

use crate::out::tell;
use crate::problem::{Problem, bad_input, io};

/// The first argument that turns this program into its own supervisor.
pub(crate) const SUPERVISE: &str = "__supervise";

/// Stops what is at work: set by the first interrupt, and when nobody waits for the work any more.
static STOP: AtomicBool = AtomicBool::new(false);

/// Set by the first interrupt, for good.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// What this machine offers. Runs are closed off natively; [`isolate`] gives them what a job asks for.
pub(crate) fn machine() -> Result<Machine, Problem> {
    let variables: BTreeMap<String, String> = variables();
    let get = |name: &str| variables.get(name).cloned();
    let folder = |name: &str| get(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = folder("HOME");
    let cache = cache(folder("XDG_CACHE_HOME"), home.as_deref())?;
    let program = std::env::current_exe().map_err(|error| io("cannot find this program itself", &error))?;
    let own_state = folder("XDG_STATE_HOME").or_else(|| home.as_ref().map(|home| home.join(".local/state")));
    let state = own_state.map_or_else(|| cache.clone(), |folder| folder.join("iama"));
    let path = absolute_parts(&get("PATH").unwrap_or_default());
    let supervisor = vec![program, PathBuf::from(SUPERVISE)];
    let sandbox = Sandbox { probe: probe(&path), supervisor, stop: Some(&STOP), limits: Limits::default() };
    let hidden = home.iter().cloned().collect();
    let search = Search { path, home: home.unwrap_or_else(|| PathBuf::from("/")), pyenv_root: folder("PYENV_ROOT") };
    Ok(Machine { cache, state, sandbox, search, variables, clock, hidden, models: None })
}

/// Gives the runs of a job the level that it asks for, and says in one line which it got and why.
pub(crate) fn isolate(machine: &mut Machine, request: &Request) -> Result<(), Problem> {
    let probe = isolation::isolate(machine, request)?;
    tell!("isolation: {} ({})", probe.level.name(), printable(&probe.reason));
    machine.sandbox.probe = probe;
    Ok(())
}

/// Where environments are kept. Never a path relative to the current folder: that is the user's project.
fn cache(xdg: Option<PathBuf>, home: Option<&Path>) -> Result<PathBuf, Problem> {
    xdg.or_else(|| home.map(|home| home.join(".cache"))).map(|folder| folder.join("iama")).ok_or_else(|| {
        bad_input(
            "CACHE_UNKNOWN",
            "neither HOME nor XDG_CACHE_HOME names an absolute folder, so environments cannot be kept anywhere",
            "set one of them, for example XDG_CACHE_HOME=/var/tmp/me",
        )
    })
}

/// PATH without parts that mean another place in every folder.
fn absolute_parts(path: &str) -> String {
    let parts = std::env::split_paths(path).filter(|part| part.is_absolute());
    std::env::join_paths(parts).ok().and_then(|joined| joined.into_string().ok()).unwrap_or_default()
}

/// Whether the user has asked to stop.
pub(crate) fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// Stops what is at work, since nobody waits for it.
pub(crate) fn halt() {
    STOP.store(true, Ordering::Relaxed);
}

/// Lets other work begin after a halt.
pub(crate) fn go_on() {
    STOP.store(false, Ordering::Relaxed);
}

/// What this program calls itself on this machine.
pub(crate) fn name() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host: String = host.trim().chars().filter(|c| !c.is_control()).take(60).collect();
    let version = env!("CARGO_PKG_VERSION");
    if host.is_empty() { format!("iama {version}") } else { format!("iama {version} on {host}") }
}

/// Variables whose names and values are text; others cannot be passed on to installers.
fn variables() -> BTreeMap<String, String> {
    let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    std::env::vars_os().filter_map(text).collect()
}

fn clock() -> Timestamp {
    Timestamp(jiff::Timestamp::now().as_millisecond())
}

/// The first interrupt stops the job where it can go on later; the second one ends the program at once.
pub(crate) fn catch_interrupts() -> Result<(), Problem> {
    let flag = std::sync::Arc::new(AtomicBool::new(false));
    let failed = |error: std::io::Error| io("cannot listen for interrupts", &error);
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register_conditional_shutdown(signal, 130, std::sync::Arc::clone(&flag)).map_err(failed)?;
        signal_hook::flag::register(signal, std::sync::Arc::clone(&flag)).map_err(failed)?;
    }
    std::thread::spawn(move || {
        loop {
            // Again and again: a halt that ends at the same moment must not undo it.
            if flag.load(Ordering::Relaxed) {
                INTERRUPTED.store(true, Ordering::Relaxed);
                STOP.store(true, Ordering::Relaxed);
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    });
    Ok(())
}
