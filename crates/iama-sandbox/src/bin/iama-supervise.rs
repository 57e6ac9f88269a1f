//! The supervisor as a program of its own, for callers that are not `iama`.

use std::process::ExitCode;

fn main() -> ExitCode {
    iama_sandbox::supervise(std::env::args_os().skip(1))
}
