//! What is agreed before work starts, in two questions at most: which proposal, and whether the spec is right. What else must be
//! decided by then is decided with them, in front of the same eyes: changes that are not committed with the first one, runs on
//! this machine with the second.

use iama_job::state::{AnalysisStep, State};
use iama_job::{Decision, Event, ModelClass};
use iama_model::templates::Mode;
use iama_sandbox::Level;

use super::{Answer, Driver, PERSON, Progress, Question};
use crate::evidence;
use crate::isolation;
use crate::problem::Problem;
use crate::proposals::overview::OVERVIEW;
use crate::proposals::{Overview, Proposal};
use crate::records::{DecisionRecord, WorkspaceRecord};
use crate::spec::{Preview, Spec, revise};

/// Who approved a spec that approved itself.
const FAST_TRACK: &str = "--fast-track";

/// The proposals, and what is to be known before one is chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposed {
    /// The three proposals.
    pub proposals: Vec<Proposal>,
    /// Whether the workspace has uncommitted changes. Whoever chooses goes on with them.
    pub dirty: bool,
    /// For whom they are told.
    pub mode: Mode,
    /// What a model makes of the code; nothing where none was asked.
    pub overview: Option<Overview>,
}

/// The spec, and what is to be known before it is approved.
#[derive(Debug, Clone, PartialEq)]
pub struct Agreement {
    /// The spec.
    pub spec: Spec,
    /// Tests will run on this machine and nobody has allowed it yet: how they are closed off, and why not better. Whoever
    /// approves the spec allows it.
    pub run: Option<(Level, String)>,
    /// Whether these runs have nothing to go back to.
    pub no_checkpoint: bool,
    /// The class of the model that a change in words is asked of; nothing where none can be asked.
    pub words: Option<ModelClass>,
}

/// A change of the spec that somebody asked for in words.
#[derive(Debug, Clone, PartialEq)]
pub struct Previewed {
    /// The spec as it is.
    pub spec: Spec,
    /// What would become of it.
    pub preview: Preview,
}

impl Agreement {
    /// The question whether tests may run, where it is part of this one.
    pub fn run_question(&self) -> Option<Question> {
        self.run.clone().map(|(level, reason)| Question::NativeRun { level, reason })
    }
}

impl Driver<'_> {
    /// Goes on with a dirty workspace where the question of the proposals will tell of it: until then nothing is written.
    pub(super) fn defer_dirty(&mut self) -> Result<bool, Problem> {
        let is_dirty = matches!(self.job.state, State::Analyzing { step: AnalysisStep::Dirty });
        if !is_dirty || self.shop.request.strategy.is_some() {
            return Ok(false);
        }
        self.take(Event::Decision(Decision::PreflightContinue))?;
        Ok(true)
    }

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
        let words = self.shop.words_class(&self.job);
        if probe.level == Level::Docker {
            return Ok(Question::Spec(Box::new(Agreement { spec, run: None, no_checkpoint: false, words })));
        }
        let asked = Question::NativeRun { level: probe.level, reason: probe.reason.clone() };
        let known = self.is_answered(&asked)? || isolation::is_agreed(self.shop.machine, probe.level);
        let run = (!known).then(|| (probe.level, probe.reason.clone()));
        let no_checkpoint = !self.is_answered(&Question::NoCheckpoint)? && !isolation::has_checkpoint(&self.shop);
        Ok(Question::Spec(Box::new(Agreement { spec, run, no_checkpoint, words })))
    }

    /// Puts on record, once, that a spec approved itself, and says so.
    pub(super) fn note_fast_track(&mut self, revision: u32) -> Result<(), Problem> {
        if evidence::decisions(self.shop.folder)?.iter().any(|known| known.by == FAST_TRACK) {
            return Ok(());
        }
        (self.shop.progress)(Progress::Stage("the spec approves itself (--fast-track); `iama jobs spec` shows it"));
        let (at, code) = ((self.shop.machine.clock)(), "SPEC".to_owned());
        let question = format!("Is revision {revision} of the spec what shall be done?");
        self.append(&DecisionRecord { at, code, question, answer: "yes".to_owned(), by: FAST_TRACK.to_owned() })
    }

    /// Shows what would become of a spec by words, and commits it if whoever asked says so.
    pub(super) fn change_by_words(&mut self, spec: &Spec, words: &str) -> Result<(), Problem> {
        let preview = self.shop.preview_words(&self.job, spec, words)?;
        let question = Question::Preview(Box::new(Previewed { spec: spec.clone(), preview }));
        let (answer, by) = self.decider.decide(&question)?;
        self.note(&question, &answer, by)?;
        let (Question::Preview(previewed), Answer::Yes) = (question, answer) else { return Ok(()) };
        if previewed.preview.edited.items == spec.items {
            return Ok(());
        }
        revise::stage(self.shop.folder, &previewed.preview.edited)?;
        self.take(Event::Decision(Decision::EditSpec))
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
