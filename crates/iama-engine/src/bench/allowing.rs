//! Whether the project's own code may run on this machine. Only a person here can allow it.

use iama_sandbox::{Level, Probe};

use super::Bench;
use crate::driver::{Answer, PERSON, Progress, Question};
use crate::isolation::{self, ISOLATION};
use crate::problem::Problem;

impl Bench<'_> {
    /// Before a run of the project's own code.
    pub(super) fn allow_run(&mut self) -> Result<(), Problem> {
        let probe = self.shop.machine.sandbox.probe.clone();
        isolation::require_named(self.shop.request, &probe)?;
        if probe.level != Level::Docker {
            self.require_checkpoint()?;
            self.allow_native_run(&probe)?;
        }
        self.shop.folder.keep(ISOLATION, &probe)
    }

    /// Outside a container something must be left to go back to.
    fn require_checkpoint(&mut self) -> Result<(), Problem> {
        let question = Question::NoCheckpoint;
        if self.is_answered(&question)? || isolation::has_checkpoint(&self.shop) {
            return Ok(());
        }
        let (answer, by) = self.decider.decide(&question)?;
        if answer == Answer::No {
            return Err(no_checkpoint());
        }
        let stage = "no commit or stash to go back to: keeping a snapshot of the project in the job's folder";
        (self.shop.progress)(Progress::Stage(stage));
        isolation::snapshot(self.shop.folder)?;
        self.note(&question, &answer, by)
    }

    /// Without isolation only a person can allow it.
    fn allow_native_run(&mut self, probe: &Probe) -> Result<(), Problem> {
        let question = Question::NativeRun { level: probe.level, reason: probe.reason.clone() };
        if self.is_answered(&question)? {
            return Ok(());
        }
        if isolation::is_agreed(self.shop.machine, probe.level) {
            return self.note(&question, &Answer::Yes, "remembered");
        }
        let (answer, by) = self.decider.decide(&question)?;
        self.note(&question, &answer, by)?;
        if answer == Answer::No {
            return Err(Problem::decision("NATIVE_RUN_DECLINED", "the tests may not run on this machine")
                .hint("run the job where they may; `iama jobs resume` asks again"));
        }
        if by == PERSON { isolation::agree(self.shop.machine, probe.level) } else { Ok(()) }
    }
}

/// What stops a native run in a project that could not be brought back.
pub fn no_checkpoint() -> Problem {
    let sentence =
        "the tests would run on this machine, and the project has neither a commit nor a stash to go back to";
    Problem::decision("LOCAL_NATIVE_NO_VCS_CHECKPOINT", sentence).hint(
        "commit the project (git init, git add, git commit) and run `iama jobs resume`, or pass --yes there: IAMA then \
         keeps a snapshot of its own; with `--sandbox docker` none is needed",
    )
}
