//! Runs a command with limits and always ends its whole process tree.
//!
//! Every run has a supervisor: a process of our own that takes the limits on itself, starts the command, adopts whatever the
//! command leaves behind, and kills all of it when the command ends, the time is up or its caller is gone. What may be run
//! and what its answer means is not known here.

mod choose;
mod confine;
mod docker;
#[cfg(all(feature = "escapes", target_os = "linux"))]
pub mod escapes;
mod level;
mod output;
mod run;
#[cfg(target_os = "linux")]
mod seccomp;
mod supervise;
mod tree;
mod view;
mod watch;

pub use choose::{Choice, Standing, Unavailable, Wish, choose, natively_since, standings};
pub use docker::{Engine, sweep};
pub use level::{Level, Probe, probe};
pub use output::printable;
pub use run::{Ended, Launch, Limits, Outcome, Sandbox, SandboxError};
pub use supervise::supervise;
