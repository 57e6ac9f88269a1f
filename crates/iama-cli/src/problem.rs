//! What a person sees when something is wrong, and the exit code that goes with it.

use std::process::ExitCode;

use iama_engine::problem::Kind;
pub(crate) use iama_engine::problem::Problem;

use crate::out::tell;
use crate::paint;

/// Exit codes, the same for every command.
pub(crate) mod exit {
    /// Delivered, or nothing to say.
    pub(crate) const OK: u8 = 0;
    /// Ended without delivery, or changes remain under `--check`.
    pub(crate) const NOT_DELIVERED: u8 = 1;
    /// Bad usage or bad input.
    pub(crate) const BAD_INPUT: u8 = 2;
    /// A decision is needed.
    pub(crate) const DECISION: u8 = 3;
    /// Interrupted; the job can be resumed.
    pub(crate) const INTERRUPTED: u8 = 130;
}

/// Prints a problem on the error output.
pub(crate) fn report(problem: &Problem) -> ExitCode {
    let (error, hint) = (paint::error("error"), paint::dim("hint"));
    tell!("{error}[{}]: {}", problem.code, problem.sentence);
    if !problem.hint.is_empty() {
        tell!(" {hint}: {}", problem.hint);
    }
    ExitCode::from(match problem.kind {
        Kind::Input => exit::BAD_INPUT,
        Kind::Decision => exit::DECISION,
        Kind::Interrupted => exit::INTERRUPTED,
        Kind::NotDelivered => exit::NOT_DELIVERED,
    })
}

/// Bad usage or bad input.
pub(crate) fn bad_input(code: &'static str, sentence: impl Into<String>, hint: impl Into<String>) -> Problem {
    Problem::input(code, sentence).hint(hint)
}

/// A failure while writing to a file or to the terminal.
pub(crate) fn io(what: impl Into<String>, error: &std::io::Error) -> Problem {
    let sentence = format!("{}: {error}", what.into());
    bad_input("IO", sentence, "check the path, its permissions and the space on the disk")
}
