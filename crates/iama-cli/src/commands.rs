//! One file for each command.

use std::process::ExitCode;

use iama_engine::{JobFolder, Machine, Progress};
use iama_job::{Decision, Job};

use crate::args::{Arguments, Baseline, Command, Jobs, Recipes};
use crate::problem::Problem;
use crate::remote::{self, Remote};

mod apply;
mod baseline;
mod context;
mod doctor;
mod jobs;
mod login;
mod patch;
mod recipes;
mod recipes_run;
mod refactor;
mod scan;
mod spec;
mod verify;

/// Puts one decision to a job, here or at the server that drives it, and carries out what follows from it.
fn put(
    folder: &JobFolder,
    machine: &Machine,
    decision: Decision,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Job, Problem> {
    match Remote::of(folder, machine)? {
        Some(mut remote) => remote::put(&mut remote, decision, progress),
        None => iama_engine::decide(folder, machine, decision, progress),
    }
}

/// Runs the chosen command.
pub(crate) fn run(arguments: Arguments) -> Result<ExitCode, Problem> {
    match arguments.command {
        Command::Refactor(options) => refactor::run(&options),
        Command::Login(options) => login::login(&options),
        Command::Logout(options) => login::logout(&options),
        Command::Jobs(Jobs::List(options)) => jobs::list(&options),
        Command::Jobs(Jobs::Show(options)) => jobs::show(&options),
        Command::Jobs(Jobs::Resume(options)) => jobs::resume(&options),
        Command::Jobs(Jobs::Decide(options)) => jobs::decide(&options),
        Command::Jobs(Jobs::Spec(options)) => spec::run(&options),
        Command::Jobs(Jobs::Cancel(options)) => jobs::cancel(&options),
        Command::Jobs(Jobs::Clean(options)) => jobs::clean(&options),
        Command::Apply(options) => apply::apply(&options),
        Command::Revert(options) => apply::revert(&options),
        Command::Verify(options) => verify::run(&options),
        Command::Doctor(options) => doctor::run(&options),
        Command::Baseline(Baseline::Record(options)) => baseline::record(&options),
        Command::Baseline(Baseline::Run(options)) => baseline::run(&options),
        Command::Baseline(Baseline::Show(options)) => baseline::show(&options),
        Command::Patch(options) => patch::run(&options),
        Command::Recipes(Recipes::Run(options)) => recipes_run::run(&options),
        Command::Recipes(Recipes::List(options)) => recipes::list(&options),
        Command::Recipes(Recipes::Explain(options)) => recipes::explain(&options),
        Command::Scan(options) => scan::run(&options),
        Command::Context(options) => context::run(&options),
    }
}
