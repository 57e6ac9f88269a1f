//! A test command of the user's own: one test, judged by its exit code.

use std::collections::BTreeMap;
use std::io;
use std::ops::ControlFlow;

use iama_sandbox::{Ended, Sandbox};

use super::run::{Request, launch};
use crate::suite::{Case, CaseError, Status, Suite, TestId};

/// The name of the one test.
pub const COMMAND_TEST: &str = "test-command";

/// Characters of the output's end that are kept.
const MESSAGE_CHARS: usize = 2000;

/// Runs a command in the project's copy, with the environment's programs first on PATH.
pub fn run_command(sandbox: &Sandbox, request: &Request<'_>, command: &str) -> io::Result<Suite> {
    std::fs::create_dir_all(request.scratch)?;
    let mut launch = launch(request, request.whole);
    launch.command = ["/bin/sh", "-c", command].map(str::to_owned).into();
    if let Some(folder) = request.environment.python.parent() {
        let path = launch.environment.entry("PATH".to_owned()).or_default();
        *path = format!("{}:{path}", folder.display());
    }
    let outcome = sandbox.run(&launch, || ControlFlow::Continue(())).map_err(io::Error::other)?;
    if let Some(refusal) = outcome.refusal() {
        return Err(io::Error::other(refusal.to_owned()));
    }
    let (status, class) = match outcome.ended {
        Ended::Exited(0) => (Status::Passed, None),
        Ended::Exited(code) => (Status::Failed, Some(format!("exit code {code}"))),
        Ended::Killed => (Status::Error, Some("killed".to_owned())),
        Ended::TimedOut | Ended::Stopped => (Status::Timeout, Some("Timeout".to_owned())),
    };
    let skipped = outcome.output.chars().count().saturating_sub(MESSAGE_CHARS);
    let message: String = outcome.output.chars().skip(skipped).collect();
    let error = class.map(|class| CaseError { class, message, phase: "call".to_owned(), ..CaseError::default() });
    let cases = BTreeMap::from([(TestId(COMMAND_TEST.to_owned()), Case { status, error })]);
    Ok(Suite { runner: Some(command.to_owned()), cases, ran_out: outcome.ended == Ended::TimedOut, ..Suite::default() })
}
