//! `iama patch`.

use std::process::ExitCode;

use crate::args::Patch;
use crate::problem::Problem;

/// Runs one of the patch commands.
pub(super) fn run(_: &Patch) -> Result<ExitCode, Problem> {
    Err(crate::problem::bad_input("UNSUPPORTED", "not built in", "none"))
}
