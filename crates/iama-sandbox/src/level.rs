//! How well a run is closed off, strongest first, and what this machine can do.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::docker::Engine;

/// How a run is closed off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Limits on processor, files and output only. The command reaches the network and every file that its user reaches.
    LimitsOnly,
    /// The kernel refuses files outside the named folders, and sockets.
    LandlockSeccomp,
    /// Namespaces of its own: no network, no other processes, its own view of the files; and a filter on system calls.
    Bubblewrap,
    /// A container of its own, with the kernel's own accounts of memory and processes.
    Docker,
}

impl Level {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LimitsOnly => "limits-only",
            Self::LandlockSeccomp => "landlock+seccomp",
            Self::Bubblewrap => "bubblewrap+seccomp",
            Self::Docker => "docker",
        }
    }

    /// Whether the network is out of reach.
    pub const fn closes_network(self) -> bool {
        !matches!(self, Self::LimitsOnly)
    }
}

/// What this machine can do, and why not more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// The strongest level that works.
    pub level: Level,
    /// One line: why this one.
    pub reason: String,
    /// Where bubblewrap is, when it works.
    pub bubblewrap: Option<PathBuf>,
    /// The engine, when runs go to Docker.
    #[serde(default)]
    pub docker: Option<Engine>,
}

impl Probe {
    /// A level that needs no program.
    pub const fn of(level: Level) -> Self {
        Self { level, reason: String::new(), bubblewrap: None, docker: None }
    }
}

/// The landlock without which files outside could be cut short: Linux 6.2.
#[cfg(target_os = "linux")]
pub(crate) const LANDLOCK: landlock::ABI = landlock::ABI::V3;

/// Tries the native levels out, strongest first.
pub fn probe(path: &str) -> Probe {
    let refusal = match bubblewrap(path) {
        Ok(program) => {
            let reason = "bubblewrap works here".to_owned();
            return Probe { reason, bubblewrap: Some(program), ..Probe::of(Level::Bubblewrap) };
        }
        Err(refusal) => refusal,
    };
    match landlock_works() {
        Ok(()) => Probe { reason: refusal, ..Probe::of(Level::LandlockSeccomp) },
        Err(missing) => Probe { reason: format!("{refusal}, and {missing}"), ..Probe::of(Level::LimitsOnly) },
    }
}

/// Where bubblewrap is, when it works.
pub(crate) fn bubblewrap(path: &str) -> Result<PathBuf, String> {
    let found = std::env::split_paths(path).map(|folder| folder.join("bwrap")).find(|file| file.is_file());
    let program = found.ok_or("bubblewrap is not installed")?;
    match try_bubblewrap(&program) {
        Ok(()) => Ok(program),
        Err(refusal) => Err(format!("bubblewrap does not work here ({refusal})")),
    }
}

/// Runs a command that does nothing, in the very way in which tests are run.
fn try_bubblewrap(program: &Path) -> Result<(), String> {
    let output = crate::confine::try_bubblewrap(program).map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    let message = String::from_utf8_lossy(&output.stderr);
    Err(message.lines().next().unwrap_or("it ended without a word").to_owned())
}

#[cfg(target_os = "linux")]
pub(crate) fn landlock_works() -> Result<(), String> {
    use landlock::{Access as _, AccessFs, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _};
    Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(LANDLOCK))
        .and_then(Ruleset::create)
        .map_err(|_| "this kernel has no landlock, or one older than Linux 6.2".to_owned())?;
    crate::seccomp::programs(crate::seccomp::Sockets::None).map(drop).map_err(|error| error.to_string())
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn landlock_works() -> Result<(), String> {
    Err("landlock is a part of Linux".to_owned())
}
