//! What a person sees when something is wrong: a stable code, one sentence, a hint, and the exit code that goes with it.

use std::process::ExitCode;

use crate::paint;

/// Exit codes, the same for every command.
pub(crate) mod exit {
    /// Delivered, or nothing to say.
    pub(crate) const OK: u8 = 0;
    /// Ended without delivery, or changes remain under `--check`.
    pub(crate) const NOT_DELIVERED: u8 = 1;
    /// Bad usage or bad input.
    pub(crate) const BAD_INPUT: u8 = 2;
}

/// A failure that ends a command.
#[derive(Debug)]
pub(crate) struct Problem {
    code: &'static str,
    sentence: String,
    hint: String,
    exit: u8,
}

impl Problem {
    /// Bad usage or bad input.
    pub(crate) fn bad_input(code: &'static str, sentence: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { code, sentence: sentence.into(), hint: hint.into(), exit: exit::BAD_INPUT }
    }

    /// Prints it on stderr.
    pub(crate) fn report(&self) -> ExitCode {
        let (error, hint) = (paint::error("error"), paint::dim("hint"));
        anstream::eprintln!("{error}[{}]: {}\n {hint}: {}", self.code, self.sentence, self.hint);
        ExitCode::from(self.exit)
    }
}

/// A failure while writing to a file or to the terminal.
pub(crate) fn io(what: impl Into<String>, error: &std::io::Error) -> Problem {
    Problem::bad_input(
        "IO",
        format!("{}: {error}", what.into()),
        "check the path, its permissions and the space on the disk",
    )
}
