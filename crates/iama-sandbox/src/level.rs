//! How well a run is closed off, strongest first, and what this machine can do.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};

/// How a run is closed off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Limits on processor, files and output only. The command reaches the network and every file that its user reaches.
    LimitsOnly,
    /// The kernel refuses writes outside the named folders, and sockets.
    LandlockSeccomp,
    /// Namespaces of its own: no network, no other processes, its own view of the files.
    Bubblewrap,
}

impl Level {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LimitsOnly => "limits-only",
            Self::LandlockSeccomp => "landlock+seccomp",
            Self::Bubblewrap => "bubblewrap",
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
}

/// Tries the levels out, strongest first.
pub fn probe(path: &str) -> Probe {
    let bubblewrap = std::env::split_paths(path).map(|folder| folder.join("bwrap")).find(|file| file.is_file());
    let refusal = match &bubblewrap {
        None => "bubblewrap is not installed".to_owned(),
        Some(program) => match try_bubblewrap(program) {
            Ok(()) => {
                let reason = "bubblewrap works here".to_owned();
                return Probe { level: Level::Bubblewrap, reason, bubblewrap };
            }
            Err(refusal) => format!("bubblewrap does not work here ({refusal})"),
        },
    };
    match landlock_works() {
        Ok(()) => Probe { level: Level::LandlockSeccomp, reason: refusal, bubblewrap: None },
        Err(missing) => {
            Probe { level: Level::LimitsOnly, reason: format!("{refusal}, and {missing}"), bubblewrap: None }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one room that starts processes")]
fn try_bubblewrap(program: &PathBuf) -> Result<(), String> {
    let output = Command::new(program)
        .args(["--unshare-all", "--die-with-parent", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "true"])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    let message = String::from_utf8_lossy(&output.stderr);
    Err(message.lines().next().unwrap_or("it ended without a word").to_owned())
}

#[cfg(target_os = "linux")]
fn landlock_works() -> Result<(), String> {
    use landlock::{ABI, Access as _, AccessFs, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _};
    Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(ABI::V1))
        .and_then(Ruleset::create)
        .map(|_| ())
        .map_err(|_| "this kernel has no landlock".to_owned())
}

#[cfg(not(target_os = "linux"))]
fn landlock_works() -> Result<(), String> {
    Err("landlock is a part of Linux".to_owned())
}
