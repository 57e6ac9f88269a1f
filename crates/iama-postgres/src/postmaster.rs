//! The process in a cluster: whether it runs, how far it is, and how it is made to end.

use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::Error;

/// Between two looks.
pub(crate) const BETWEEN: Duration = Duration::from_millis(10);
/// Looks at a server that was asked to end: ten seconds.
const LOOKS: usize = 1000;

/// What `postmaster.pid` says, when the process that it names is really there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Postmaster {
    pub(crate) pid: Pid,
    /// Whether it takes connections.
    pub(crate) ready: bool,
}

/// The process that runs in a cluster.
pub(crate) fn find(cluster: &Path) -> Option<Postmaster> {
    let text = fs::read_to_string(cluster.join("postmaster.pid")).ok()?;
    let mut lines = text.lines();
    let pid = Pid::from_raw(lines.next()?.trim().parse().ok().filter(|pid| *pid > 0)?);
    // Process id, folder, start, port, socket folder, address, shared memory; the eighth line is the state.
    let ready = lines.nth(6).is_some_and(|state| state.trim() == "ready");
    (lives(pid) && is_in(pid, cluster)).then_some(Postmaster { pid, ready })
}

fn lives(pid: Pid) -> bool {
    !matches!(kill(pid, None), Err(Errno::ESRCH))
}

/// Whether a process works in a folder, as a server does in its cluster. Where the system does not tell, it is believed.
fn is_in(pid: Pid, folder: &Path) -> bool {
    if !Path::new("/proc/self/cwd").exists() {
        return true;
    }
    let found = fs::read_link(format!("/proc/{pid}/cwd"));
    found.is_ok_and(|found| fs::canonicalize(folder).is_ok_and(|folder| folder == found))
}

/// Asks a server that is not this process's child to end at once, but in order; without order when it does not.
pub(crate) fn end(cluster: &Path) -> Result<(), Error> {
    for signal in [Signal::SIGINT, Signal::SIGQUIT] {
        let Some(found) = find(cluster) else { return Ok(()) };
        let _ = kill(found.pid, signal);
        for _ in 0..LOOKS {
            if find(cluster).is_none() {
                return Ok(());
            }
            sleep(BETWEEN);
        }
    }
    let process = find(cluster).map(|found| found.pid.as_raw());
    process.map_or(Ok(()), |process| Err(Error::NotStopped { process }))
}
