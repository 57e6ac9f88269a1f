//! One job on this machine: its workshop, its journal, and whoever decides. The embedded driver records what happens itself, the
//! executor follows what a server has recorded; what both do about it is here.

use iama_job::effect::Notice;
use iama_job::state::{AnalysisStep, BaselineStep, StrategyStep};
use iama_job::{Dispatch, Effect, Job, State};

use crate::driver::{Decider, Progress, Question};
use crate::evidence;
use crate::folder::JobFolder;
use crate::journal::Journal;
use crate::perform::{Done, Shop};
use crate::problem::Problem;
use crate::request::{Machine, Request};
use crate::situation;
use crate::spec::revise;

mod agreeing;
mod allowing;
mod deciding;
mod noting;

pub use allowing::no_checkpoint;
pub(crate) use deciding::Asked;
pub use deciding::Decided;

/// One job on this machine.
pub(crate) struct Bench<'a> {
    pub(crate) shop: Shop<'a>,
    pub(crate) journal: Journal,
    /// The job that the journal tells of.
    pub(crate) job: Job,
    pub(crate) decider: &'a mut dyn Decider,
}

impl<'a> Bench<'a> {
    /// Opens a job for work. Only for whoever holds the project's lock.
    pub(crate) fn open(
        folder: &'a JobFolder,
        machine: &'a Machine,
        request: &'a Request,
        decider: &'a mut dyn Decider,
        progress: &'a mut dyn FnMut(Progress<'_>),
    ) -> Result<Self, Problem> {
        let journal = Journal::open(&folder.file("journal.jsonl"))?;
        let job = journal.job(&folder.id)?;
        let shop = Shop::open(folder, machine, request, progress)?;
        Ok(Self { shop, journal, job, decider })
    }
}

impl Bench<'_> {
    /// Carries an effect out, once it is allowed; nothing when a person stopped it, for then its result means nothing.
    pub(crate) fn perform(&mut self, dispatch: &Dispatch) -> Result<Option<Done>, Problem> {
        if self.runs_code(&dispatch.effect) {
            self.allow_run()?;
        }
        let done = self.shop.perform(&self.job, dispatch);
        if self.shop.machine.sandbox.is_stopped() { Ok(None) } else { done.map(Some) }
    }

    /// Whether an effect runs the project's own code.
    fn runs_code(&self, effect: &Effect) -> bool {
        match effect {
            Effect::RunBaseline { .. } | Effect::RunTests { .. } | Effect::RetestSelection { .. } => true,
            Effect::GenerateTests { class, .. } => self.shop.request.generate_tests && class.is_model(),
            _ => false,
        }
    }

    /// Does the effects of the last record that nobody waits for: a crash may have come before them.
    pub(crate) fn repeat_last(&mut self) -> Result<(), Problem> {
        let Some(last) = self.journal.records.last() else { return Ok(()) };
        let mut approved = None;
        for dispatch in &last.effects {
            if let Effect::WaiveSeal { tests } = &dispatch.effect {
                self.shop.waive_seal(tests)?;
            }
            if matches!(dispatch.effect, Effect::Notify { notice: Notice::IssueReported }) {
                situation::write_issue(self.shop.folder, &self.job)?;
            }
            if let Effect::PersistSpec { revision, fast_track } = dispatch.effect {
                revise::persist(self.shop.folder, revision)?;
                approved = fast_track.then_some(revision);
            }
        }
        if last.effects.iter().any(|dispatch| matches!(dispatch.effect, Effect::WriteEvidence)) {
            evidence::write(&self.shop, &self.job, &self.journal.records)?;
        }
        approved.map_or(Ok(()), |revision| self.note_fast_track(revision))
    }

    /// What the job waits for, by where it stands.
    pub(crate) fn question(&self) -> Result<Option<Question>, Problem> {
        Ok(match &self.job.state {
            State::Analyzing { step: AnalysisStep::Dirty } => Some(Question::Dirty),
            State::WaitingStrategy { step: StrategyStep::Choosing } => Some(self.choice()?),
            State::WaitingSpecApproval => Some(self.agreement()?),
            State::BaselineValidation { step: BaselineStep::AwaitingAck { uncovered } } => {
                Some(Question::Uncovered { count: *uncovered })
            }
            _ => situation::of(self.shop.folder, &self.job)?.map(Question::Situation),
        })
    }
}
