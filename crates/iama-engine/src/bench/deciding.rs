//! From a question to a decision: asked of whoever decides, put on record, and told with what a server needs to take it.

use std::collections::BTreeMap;

use iama_job::state::{AnalysisStep, Selection, Strategy as JobStrategy};
use iama_job::{ArtifactId, Decision, State};
use iama_recipes::Strategy;
use serde::{Deserialize, Serialize};

use super::Bench;
use crate::driver::{Answer, PERSON, Previewed, Progress, Question};
use crate::folder::{JobFolder, cannot_read, cannot_write};
use crate::perform::repairing::case::without_secrets;
use crate::problem::Problem;
use crate::situation;
use crate::spec::{Edited, Spec, revise, words};

/// A decision, and the texts that belong to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// It.
    pub decision: Decision,
    /// Files of the job's folder that it names, by name: an edited spec, a person's words, what was chosen of a delivery. They
    /// may quote source.
    pub documents: BTreeMap<String, String>,
}

/// What came of asking.
pub(crate) enum Asked {
    /// Nothing: the job rests where it is.
    Nothing,
    /// Something that leads to another question.
    Again,
    /// A decision.
    Decided(Decided),
}

impl Decided {
    /// A decision with the files that it names.
    pub(crate) fn of(folder: &JobFolder, decision: Decision) -> Result<Self, Problem> {
        let named: Option<&ArtifactId> = match &decision {
            Decision::Command { command } => Some(command),
            Decision::ApplyDelivery { selection: Selection::Subset { selection }, .. } => Some(selection),
            _ => None,
        };
        let read = |id: &ArtifactId| {
            let place = folder.file(&id.0);
            std::fs::read_to_string(&place)
                .map(|text| (id.0.clone(), text))
                .map_err(|error| cannot_read(&place, &error))
        };
        let documents = named.map(read).transpose()?.into_iter().collect();
        Ok(Self { decision, documents })
    }
}

impl Bench<'_> {
    /// What is to be decided now: known beforehand, or asked.
    pub(crate) fn next_decision(&mut self) -> Result<Asked, Problem> {
        if self.is_foregone() {
            return Decided::of(self.shop.folder, Decision::PreflightContinue).map(Asked::Decided);
        }
        match self.question()? {
            Some(question) => self.ask(&question),
            None => Ok(Asked::Nothing),
        }
    }

    /// Goes on with a dirty workspace where the question of the proposals will tell of it: until then nothing is written.
    fn is_foregone(&self) -> bool {
        let is_dirty = matches!(self.job.state, State::Analyzing { step: AnalysisStep::Dirty });
        is_dirty && self.shop.request.strategy.is_none()
    }

    fn ask(&mut self, question: &Question) -> Result<Asked, Problem> {
        (self.shop.progress)(Progress::Asking);
        let (answer, by) = match (question, self.shop.request.strategy) {
            (Question::Strategy(_), Some(strategy)) => (Answer::Take(strategy), PERSON),
            (Question::Uncovered { count }, _) => self.acknowledgement(question, *count)?,
            _ => self.decider.decide(question)?,
        };
        self.settle(question, answer, by)
    }

    /// Puts an answer on record and makes it a decision.
    pub(crate) fn settle(&mut self, question: &Question, answer: Answer, by: &'static str) -> Result<Asked, Problem> {
        if answer == Answer::Later {
            return Ok(Asked::Nothing);
        }
        if let (Question::Spec(agreement), Answer::Words(words)) = (question, &answer) {
            return self.change_by_words(&agreement.spec, words);
        }
        self.note_agreed(question, &answer, by)?;
        self.note(question, &answer, by)?;
        let decision = match (question, answer) {
            (_, Answer::Say(said)) => situation::decision(self.shop.folder, &self.job, &said)?,
            (_, Answer::No) => Decision::Cancel,
            (Question::Dirty, _) => Decision::PreflightContinue,
            (Question::Strategy(_), Answer::Take(strategy)) => {
                Decision::SelectProposal { strategy: job_strategy(strategy) }
            }
            (Question::Strategy(_), Answer::Yes | Answer::Edit(_) | Answer::Words(_)) => {
                Decision::SelectProposal { strategy: JobStrategy::Standard }
            }
            (Question::Spec(_), Answer::Edit(edited)) => return self.edit(&edited).map(Asked::Decided),
            (Question::Spec(_) | Question::NativeRun { .. } | Question::NoCheckpoint, _) => Decision::ApproveSpec,
            (Question::Uncovered { count }, _) => Decision::AcknowledgeUncovered { uncovered: *count },
            (Question::Situation(_) | Question::Preview(_), _) | (_, Answer::Later) => return Ok(Asked::Nothing),
        };
        Decided::of(self.shop.folder, decision).map(Asked::Decided)
    }

    /// Makes an edited spec what the next revision is made from.
    pub(crate) fn edit(&self, edited: &Edited) -> Result<Decided, Problem> {
        let folder = self.shop.folder;
        revise::stage(folder, edited)?;
        let name = revise::edited_name(self.job.spec_revision + 1);
        let text = serde_json::to_string(edited).map_err(|error| cannot_write(&folder.file(&name), &error.into()))?;
        Ok(Decided { decision: Decision::EditSpec, documents: BTreeMap::from([(name, text)]) })
    }

    /// Shows what would become of a spec by words, and commits it if whoever asked says so.
    fn change_by_words(&mut self, spec: &Spec, said: &str) -> Result<Asked, Problem> {
        let preview = if self.decider.rewords() {
            (self.shop.progress)(Progress::Stage(words::STAGE));
            let Some(preview) = self.decider.reword(spec, &without_secrets(said))? else { return Ok(Asked::Again) };
            preview
        } else {
            self.shop.preview_words(&self.job, spec, said)?
        };
        let question = Question::Preview(Box::new(Previewed { spec: spec.clone(), preview }));
        let (answer, by) = self.decider.decide(&question)?;
        self.note(&question, &answer, by)?;
        let (Question::Preview(previewed), Answer::Yes) = (question, answer) else { return Ok(Asked::Again) };
        if previewed.preview.edited.items == spec.items {
            return Ok(Asked::Again);
        }
        self.edit(&previewed.preview.edited).map(Asked::Decided)
    }

    /// Uncovered behaviour may be acknowledged with the request, as long as there is no more of it. When there is, that is
    /// said once, and whoever resumes the job is asked.
    fn acknowledgement(&mut self, question: &Question, count: u32) -> Result<(Answer, &'static str), Problem> {
        match self.shop.request.acknowledge_uncovered {
            Some(known) if known >= count => Ok((Answer::Yes, PERSON)),
            Some(known) if !self.was_put(question)? => {
                self.note(question, &Answer::No, PERSON)?;
                let sentence = format!(
                    "{known} without a test or a scenario were acknowledged, and there are {count} such functions"
                );
                Err(Problem::decision("UNCOVERED_COUNT_MISMATCH", sentence)
                    .hint("`iama jobs resume` asks again; evidence names their files when the job has ended"))
            }
            _ => self.decider.decide(question),
        }
    }
}

fn job_strategy(strategy: Strategy) -> JobStrategy {
    match strategy {
        Strategy::Conservative => JobStrategy::Conservative,
        Strategy::Standard => JobStrategy::Standard,
        Strategy::Comprehensive => JobStrategy::Comprehensive,
    }
}
