//! The server: `iama-server`.

use std::process::ExitCode;

use clap::Parser as _;

mod args;
mod background;
mod commands;
mod config;
mod keys;
mod listening;
mod serve;
mod streaming;
mod surroundings;
mod traces;

/// A request makes and drops many small pieces, on threads that drop each other's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = args::Arguments::parse();
    match commands::run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
