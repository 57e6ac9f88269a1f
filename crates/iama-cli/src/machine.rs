//! The one place that reads the environment and the clock.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use iama_baseline::python::interpreter::Search;
use iama_engine::Machine;
use iama_job::Timestamp;
use iama_sandbox::{Sandbox, probe};

use crate::problem::{Problem, io};

/// The first argument that turns this program into its own supervisor.
pub(crate) const SUPERVISE: &str = "__supervise";

/// Set by the first interrupt.
static STOP: AtomicBool = AtomicBool::new(false);

/// What this machine offers.
pub(crate) fn machine() -> Result<Machine, Problem> {
    let variables: BTreeMap<String, String> = variables();
    let get = |name: &str| variables.get(name).cloned();
    let home = PathBuf::from(get("HOME").unwrap_or_default());
    let cache = get("XDG_CACHE_HOME").map_or_else(|| home.join(".cache"), PathBuf::from).join("iama");
    let program = std::env::current_exe().map_err(|error| io("cannot find this program itself", &error))?;
    let path = get("PATH").unwrap_or_default();
    let sandbox =
        Sandbox { probe: probe(&path), supervisor: vec![program, PathBuf::from(SUPERVISE)], stop: Some(&STOP) };
    let hidden = if home.as_os_str().is_empty() { Vec::new() } else { vec![home.clone()] };
    let search = Search { path, home, pyenv_root: get("PYENV_ROOT").map(PathBuf::from) };
    Ok(Machine { cache, sandbox, search, variables, clock, hidden })
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
        while !flag.load(Ordering::Relaxed) {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        STOP.store(true, Ordering::Relaxed);
    });
    Ok(())
}
