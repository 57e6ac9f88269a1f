//! The command line: `iama`.

use std::process::ExitCode;

use clap::Parser as _;

mod args;
mod commands;
mod decide;
mod machine;
mod models;
mod out;
mod paint;
mod problem;
mod remote;
mod settings;
mod show;

/// Parsing makes and drops many small pieces, those of the parsers' C included.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let mut raw = std::env::args_os().skip(1);
    if raw.next().is_some_and(|first| first == machine::SUPERVISE) {
        return iama_sandbox::supervise(raw);
    }
    let done = match args::Arguments::try_parse() {
        Ok(arguments) => commands::run(arguments),
        Err(told) => Ok(tell(&told)),
    };
    match out::finish().and(done) {
        Ok(code) => code,
        Err(problem) => problem::report(&problem),
    }
}

/// Help goes where results go and may fail as they do; what is wrong with the arguments goes to standard error.
fn tell(told: &clap::Error) -> ExitCode {
    let text = told.render().ansi().to_string();
    if told.use_stderr() {
        out::error_line(format_args!("{}", text.trim_end()));
    } else {
        out::line(format_args!("{}", text.trim_end()));
    }
    u8::try_from(told.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from)
}
