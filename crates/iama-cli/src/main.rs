//! The command line: `iama`.

use std::process::ExitCode;

use clap::Parser as _;

mod args;
mod commands;
mod decide;
mod machine;
mod out;
mod paint;
mod problem;
mod settings;
mod show;

fn main() -> ExitCode {
    let mut raw = std::env::args_os().skip(1);
    if raw.next().is_some_and(|first| first == machine::SUPERVISE) {
        return iama_sandbox::supervise(raw);
    }
    let arguments = args::Arguments::parse();
    let done = commands::run(arguments);
    match out::finish().and(done) {
        Ok(code) => code,
        Err(problem) => problem::report(&problem),
    }
}
