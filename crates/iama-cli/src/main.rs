//! The command line: `iama`.

use std::process::ExitCode;

use clap::Parser as _;

mod args;
mod commands;
mod paint;
mod problem;
mod settings;

fn main() -> ExitCode {
    let arguments = args::Arguments::parse();
    match commands::run(arguments) {
        Ok(code) => code,
        Err(problem) => problem.report(),
    }
}
