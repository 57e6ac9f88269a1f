//! The embedded driver: effects are carried out one after the other, each event is on the disk before its effects begin, and
//! whoever comes after a crash goes on where the journal ends.

use iama_baseline::{Status, TestId};
use iama_job::journal::NotRecorded;
use iama_job::{Decision, Entitlement, Event, Job, ModelClass, RouteName, Signal, State, record};
use iama_model::Cost;

use crate::bench::{Asked, Bench};
use crate::executor::server_of;
use crate::folder::JobFolder;
use crate::generated::GeneratedRecord;
use crate::models::Models;
use crate::perform::Done;
use crate::problem::{Kind, Problem};
use crate::request::{Machine, Request};
use crate::situation::{self, Said};
use crate::spec::{Preview, Spec, revise};
use crate::stages::Stages;

mod question;

pub use crate::bench::no_checkpoint;
pub use question::{Agreement, Answer, Previewed, Proposed, Question};

/// What is told while a job is at work.
#[derive(Debug, Clone, Copy)]
pub enum Progress<'a> {
    /// A step began.
    Stage(&'static str),
    /// Files were rewritten.
    Rewritten {
        /// How many.
        files: usize,
    },
    /// Somebody is about to be asked.
    Asking,
    /// A model is asked.
    Call {
        /// The class.
        class: ModelClass,
        /// The attempt.
        attempt: u8,
        /// Whether its answer before would not do.
        again: bool,
    },
    /// A model has answered.
    Answered {
        /// Which.
        route: &'a RouteName,
        /// What it cost; nothing without a price.
        cost: Option<Cost>,
        /// What the job has cost so far.
        spent: Cost,
    },
    /// Tests were written by a model, and tried.
    Generated {
        /// What came of it.
        record: &'a GeneratedRecord,
    },
    /// A test ended.
    Test {
        /// Which.
        id: &'a TestId,
        /// How.
        status: Status,
    },
}

/// Names of decisions that come with a request, one for each test or module.
pub(crate) const QUARANTINE: &str = "QUARANTINE";
pub(crate) const MOCK: &str = "MOCK_OVERRIDE";

/// Who gave an answer, where it was a person.
pub const PERSON: &str = "person";

/// Who decides: a person at a terminal, or the policy of `--yes`.
pub trait Decider {
    /// The answer, and who gave it; a problem when nobody can.
    fn decide(&mut self, question: &Question) -> Result<(Answer, &'static str), Problem>;

    /// Whether a server asks a model for changes of the spec in words, in place of this machine.
    fn rewords(&self) -> bool {
        false
    }

    /// What would become of a spec by a person's words, as the server has it from a model; nothing where it gave none and the
    /// person knows why. Called only where [`Self::rewords`].
    fn reword(&mut self, _spec: &Spec, _words: &str) -> Result<Option<Preview>, Problem> {
        Ok(None)
    }
}

/// Makes a job and journals its start.
pub fn start(folder: &JobFolder, request: &Request) -> Result<(), Problem> {
    folder.create()?;
    folder.keep("request.json", request)
}

/// The request of a job that this machine drives itself.
fn own_request(folder: &JobFolder) -> Result<Request, Problem> {
    match server_of(folder)? {
        None => folder.read("request.json"),
        Some(server) => {
            Err(Problem::input("JOB_OF_SERVER", format!("{} is driven by {server}, which alone decides", folder.id))
                .hint("say it there; this machine only carries out what it is told"))
        }
    }
}

/// Drives a job until it ends or nobody can decide. Safe to call again after any kind of end.
pub fn drive(
    folder: &JobFolder,
    machine: &Machine,
    decider: &mut dyn Decider,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Job, Problem> {
    let request = own_request(folder)?;
    let mut stages = Stages::open(folder, machine.clock)?;
    let mut noted = |step: Progress<'_>| {
        stages.take(&step);
        progress(step);
    };
    let mut bench = Bench::open(folder, machine, &request, decider, &mut noted)?;
    bench.repeat_last()?;
    if matches!(bench.job.state, State::Pending) {
        bench.note_overrides()?;
        let routes = machine.models.as_ref().map(Models::snapshot).unwrap_or_default();
        let (pre_authorised, expert) = (request.pre_authorised, request.fast_track);
        let entitlement = Box::new(Entitlement { pre_authorised, expert, ..Entitlement::local(routes) });
        bench.take(Event::Decision(Decision::Start { entitlement }))?;
    }
    while !machine.sandbox.is_stopped() {
        if !bench.turn()? {
            return Ok(bench.job);
        }
    }
    Err(interrupted(folder))
}

fn interrupted(folder: &JobFolder) -> Problem {
    let sentence = format!("interrupted; `iama jobs resume {}` goes on where it stopped", folder.id);
    Problem { code: "INTERRUPTED", sentence, hint: "nothing was lost".to_owned(), kind: Kind::Interrupted }
}

/// Puts a decision of a person's to a job that waits, and carries out what follows from it.
pub fn decide(
    folder: &JobFolder,
    machine: &Machine,
    decision: Decision,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Job, Problem> {
    let request = own_request(folder)?;
    let mut nobody = Nobody;
    let mut bench = Bench::open(folder, machine, &request, &mut nobody, progress)?;
    bench.repeat_last()?;
    if bench.work_off()? {
        let sentence = "an earlier command had been cut short and was finished first; nothing else was done";
        return Err(Problem::input("FINISHED_FIRST", sentence)
            .hint(format!("see where the job is with `iama jobs show {}`, and say again what you want", folder.id)));
    }
    bench.take(Event::Decision(decision))?;
    bench.work_off()?;
    Ok(bench.job)
}

/// Puts a decision of a person's, as it was said, to a job that waits. What follows from it is left to [`drive`].
pub fn decide_said(folder: &JobFolder, machine: &Machine, said: &Said) -> Result<Job, Problem> {
    let request = own_request(folder)?;
    let (mut nobody, mut silent) = (Nobody, |_: Progress<'_>| ());
    let mut bench = Bench::open(folder, machine, &request, &mut nobody, &mut silent)?;
    let decision = situation::decision(folder, &bench.job, said)?;
    bench.repeat_last()?;
    bench.note_said(said)?;
    bench.take(Event::Decision(decision))?;
    Ok(bench.job)
}

/// What would become of a job's spec by a person's words, as a model of this machine's has it. Nothing is changed.
pub fn preview(
    folder: &JobFolder,
    machine: &Machine,
    words: &str,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Preview, Problem> {
    let request = own_request(folder)?;
    let mut nobody = Nobody;
    let mut bench = Bench::open(folder, machine, &request, &mut nobody, progress)?;
    let spec = revise::current(folder)?;
    if bench.shop.words_class(&bench.job).is_none() {
        return Err(Problem::input("MODELS_MISSING", "the job has no model that could be asked")
            .hint("change the spec itself: `iama jobs spec --set FILE`"));
    }
    bench.shop.preview_words(&bench.job, &spec, words)
}

/// For commands that put one decision and ask nothing.
pub(crate) struct Nobody;

impl Decider for Nobody {
    fn decide(&mut self, question: &Question) -> Result<(Answer, &'static str), Problem> {
        Err(Problem::decision("DECISION_NEEDED", question.sentence()).hint("run `iama jobs resume JOB`"))
    }
}

impl Bench<'_> {
    /// One step; false when there is nothing more to do here.
    fn turn(&mut self) -> Result<bool, Problem> {
        if self.work()? {
            return Ok(true);
        }
        match self.next_decision()? {
            Asked::Decided(decided) => self.take(Event::Decision(decided.decision)).map(|()| true),
            Asked::Again => Ok(true),
            Asked::Nothing => Ok(false),
        }
    }

    /// Carries out all effects that the job waits for; false when it waited for none.
    fn work_off(&mut self) -> Result<bool, Problem> {
        let mut any = false;
        while self.work()? {
            any = true;
            if self.shop.machine.sandbox.is_stopped() {
                return Err(interrupted(self.shop.folder));
            }
        }
        Ok(any)
    }

    /// Carries out the next effect that the job waits for; false when it waits for none.
    fn work(&mut self) -> Result<bool, Problem> {
        let Some(next) = self.job.in_flight.first().cloned() else { return Ok(false) };
        match self.perform(&next.dispatch)? {
            // The effect was cut short: it is carried out again when the job is resumed.
            None => Ok(true),
            Some(Done::Result(result)) => self.take(Event::Result { effect: next.dispatch.id, result }).map(|()| true),
            Some(Done::CreditsExhausted) => self.take(Event::Signal(Signal::CreditsExhausted)).map(|()| true),
            Some(Done::Nothing) => Ok(false),
        }
    }

    /// Appends an event and does what nobody waits for.
    fn take(&mut self, event: Event) -> Result<(), Problem> {
        let now = (self.shop.machine.clock)();
        match record(&self.job, event, now) {
            Ok((job, record)) => {
                self.journal.append(record)?;
                self.job = job;
                self.repeat_last()
            }
            Err(NotRecorded::Ignored(_)) => Ok(()),
            Err(NotRecorded::Refused(refusal)) => {
                let sentence = format!("{} is not possible in {}", refusal.event, refusal.from);
                Err(Problem::input(refusal.code.code(), sentence).hint(refusal.hint()))
            }
        }
    }
}
