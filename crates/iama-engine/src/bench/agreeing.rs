//! What is agreed before work starts, in two questions at most: which proposal, and whether the spec is right. What else must be
//! decided by then is decided with them, in front of the same eyes: changes that are not committed with the first one, runs on
//! this machine with the second.

use iama_job::{Denial, ModelClass};
use iama_sandbox::Level;

use super::Bench;
use crate::driver::{Agreement, Answer, PERSON, Proposed, Question};
use crate::isolation;
use crate::problem::Problem;
use crate::proposals::overview::OVERVIEW;
use crate::records::WorkspaceRecord;
use crate::spec::revise;

impl Bench<'_> {
    pub(super) fn choice(&self) -> Result<Question, Problem> {
        let workspace: WorkspaceRecord = self.shop.folder.read("workspace.json")?;
        let dirty = workspace.dirty && !self.is_answered(&Question::Dirty)?;
        let mode = self.shop.request.mode;
        let overview = self.shop.folder.read_if_kept(OVERVIEW)?;
        Ok(Question::Strategy(Proposed { proposals: self.shop.folder.read("proposals.json")?, dirty, mode, overview }))
    }

    pub(super) fn agreement(&self) -> Result<Question, Problem> {
        let probe = &self.shop.machine.sandbox.probe;
        let spec = revise::current(self.shop.folder)?;
        let (words, denied) = self.words();
        if probe.level == Level::Docker {
            return Ok(Question::Spec(Box::new(Agreement { spec, run: None, no_checkpoint: false, words, denied })));
        }
        let asked = Question::NativeRun { level: probe.level, reason: probe.reason.clone() };
        let known = self.is_answered(&asked)? || isolation::is_agreed(self.shop.machine, probe.level);
        let run = (!known).then(|| (probe.level, probe.reason.clone()));
        let no_checkpoint = !self.is_answered(&Question::NoCheckpoint)? && !isolation::has_checkpoint(&self.shop);
        Ok(Question::Spec(Box::new(Agreement { spec, run, no_checkpoint, words, denied })))
    }

    /// Whom a change in words is asked of, or why a server would ask nobody.
    fn words(&self) -> (Option<ModelClass>, Option<Denial>) {
        if !self.decider.rewords() || self.shop.request.no_models {
            return (self.shop.words_class(&self.job), None);
        }
        // A server takes them to no other class.
        match self.job.entitlement.route(ModelClass::L2) {
            Ok(_) => (Some(ModelClass::L2), None),
            Err(denial) => (None, Some(denial)),
        }
    }

    /// Puts on record what an answer decides besides its own question.
    pub(super) fn note_agreed(&self, question: &Question, answer: &Answer, by: &'static str) -> Result<(), Problem> {
        match (question, answer) {
            (Question::Strategy(Proposed { dirty: true, .. }), Answer::Yes | Answer::No | Answer::Take(_)) => {
                let agreed = if *answer == Answer::No { Answer::No } else { Answer::Yes };
                self.note(&Question::Dirty, &agreed, by)
            }
            (Question::Spec(agreement), Answer::Yes) => {
                let Some(run) = agreement.run_question() else { return Ok(()) };
                self.note(&run, &Answer::Yes, by)?;
                match agreement.run {
                    Some((level, _)) if by == PERSON => isolation::agree(self.shop.machine, level),
                    _ => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }
}
