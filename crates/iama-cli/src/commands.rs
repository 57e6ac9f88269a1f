//! One file for each command.

use std::process::ExitCode;

use crate::args::{Arguments, Command, Recipes};
use crate::problem::Problem;

mod recipes;
mod recipes_run;

/// Runs the chosen command.
pub(crate) fn run(arguments: Arguments) -> Result<ExitCode, Problem> {
    match arguments.command {
        Command::Recipes(Recipes::Run(options)) => recipes_run::run(&options),
        Command::Recipes(Recipes::List(options)) => recipes::list(&options),
        Command::Recipes(Recipes::Explain(options)) => recipes::explain(&options),
    }
}
