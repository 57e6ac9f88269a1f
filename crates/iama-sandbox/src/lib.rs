//! Runs a command with limits and always ends its whole process tree.
//!
//! Every run has a supervisor: a process of our own that takes the limits on itself, starts the command, adopts whatever the
//! command leaves behind, and kills all of it when the command ends, the time is up or its caller is gone. What may be run
//! and what its answer means is not known here.

mod level;
mod run;
mod supervise;

pub use level::{Level, Probe, probe};
pub use run::{Ended, Launch, Outcome, Sandbox, SandboxError};
pub use supervise::supervise;
