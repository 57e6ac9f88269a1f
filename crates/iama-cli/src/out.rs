//! The two outputs. A failure of the standard output is kept until the end of the command, so that what is at work is not cut
//! short by it; whoever closed a pipe wanted no more and is told nothing.

use std::fmt::Arguments;
use std::io::{self, ErrorKind, Write};
use std::sync::Mutex;

use crate::problem::{Problem, bad_input};

/// The first failure. After it nothing more is written.
static FAILED: Mutex<Option<io::Error>> = Mutex::new(None);

/// A line on the standard output.
macro_rules! say {
    ($($what:tt)*) => { $crate::out::line(format_args!($($what)*)) };
}

/// A line on the error output.
macro_rules! tell {
    ($($what:tt)*) => { $crate::out::error_line(format_args!($($what)*)) };
}

pub(crate) use {say, tell};

/// Writes a line to the standard output.
pub(crate) fn line(text: Arguments<'_>) {
    write(|out| writeln!(out, "{text}"));
}

/// Writes bytes to the standard output as they are.
pub(crate) fn bytes(bytes: &[u8]) {
    write(|_| io::stdout().write_all(bytes));
}

/// Writes a line to the error output. Nobody is left to hear of a failure there.
pub(crate) fn error_line(text: Arguments<'_>) {
    let _ = writeln!(anstream::stderr(), "{text}");
}

fn write(put: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
    let mut failed = FAILED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if failed.is_none() {
        *failed = put(&mut anstream::stdout()).err();
    }
}

/// Writes what is still held back; the first failure of the standard output, if there was one.
pub(crate) fn finish() -> Result<(), Problem> {
    write(|out| out.flush());
    let failed = FAILED.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
    match failed {
        Some(error) if error.kind() != ErrorKind::BrokenPipe => Err(bad_input(
            "OUTPUT_FAILED",
            format!("the standard output cannot be written: {error}"),
            "what is shown there is not complete; free some space or choose another place for it",
        )),
        _ => Ok(()),
    }
}

/// A number with its noun, in the plural where there is not exactly one.
pub(crate) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

#[cfg(test)]
mod tests {
    #[test]
    fn one_is_no_plural() {
        let shown = [0, 1, 2].map(|number| super::count(number, "file"));
        assert_eq!(shown, ["0 files", "1 file", "2 files"]);
    }
}
