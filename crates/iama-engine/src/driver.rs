//! The embedded driver: effects are carried out one after the other, each event is on the disk before its effects begin, and
//! whoever comes after a crash goes on where the journal ends.

use std::fs::OpenOptions;
use std::io::Write as _;

use iama_baseline::{Status, TestId};
use iama_job::effect::Notice;
use iama_job::journal::NotRecorded;
use iama_job::state::{AnalysisStep, BaselineStep, Strategy as JobStrategy, StrategyStep};
use iama_job::{Decision, Effect, Entitlement, Event, Job, ModelClass, RouteName, State, record};
use iama_model::Cost;
use iama_recipes::Strategy;
use iama_sandbox::{Level, Probe};

use crate::evidence;
use crate::folder::{JobFolder, cannot_write};
use crate::generated::GeneratedRecord;
use crate::isolation::{self, ISOLATION};
use crate::journal::Journal;
use crate::models::Models;
use crate::perform::{Done, Shop};
use crate::problem::{Kind, Problem};
use crate::records::DecisionRecord;
use crate::request::{Machine, Request};
use crate::shelf::Shelf;
use crate::situation::{self, Said, Situation};
use crate::spec::{Edited, revise};
use crate::stages::Stages;

mod agreeing;

pub use agreeing::{Agreement, Previewed, Proposed};

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

/// What a person is asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Question {
    /// The workspace has uncommitted changes: go on?
    Dirty,
    /// Which proposal?
    Strategy(Proposed),
    /// Is the spec right?
    Spec(Box<Agreement>),
    /// Shall the spec be changed like this?
    Preview(Box<Previewed>),
    /// Some behaviour is covered by no test, or the legacy side cannot run: go on?
    Uncovered {
        /// How many functions; code outside of functions counts as one for each file that has nothing else.
        count: u32,
    },
    /// Tests are about to run on this machine: allow it?
    NativeRun {
        /// How they are closed off.
        level: Level,
        /// Why not better.
        reason: String,
    },
    /// Tests are about to run on this machine, and no version control could bring the project back: is IAMA's own snapshot
    /// enough?
    NoCheckpoint,
    /// The job needs a person in the middle of its work.
    Situation(Situation),
}

impl Question {
    /// A stable name.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Dirty => "DIRTY_WORKSPACE",
            Self::Strategy(_) => "STRATEGY",
            Self::Spec(_) => "SPEC",
            Self::Preview(_) => "SPEC_PREVIEW",
            Self::Uncovered { .. } => "UNCOVERED_BEHAVIOUR",
            Self::NativeRun { .. } => "NATIVE_RUN",
            Self::NoCheckpoint => "LOCAL_NATIVE_NO_VCS_CHECKPOINT",
            Self::Situation(situation) => situation.code,
        }
    }

    /// The question in words.
    pub fn sentence(&self) -> String {
        match self {
            Self::Dirty => "The workspace has uncommitted changes. Go on?".to_owned(),
            Self::Strategy(_) => "Which of the three proposals?".to_owned(),
            Self::Spec(_) => "Is this what shall be done?".to_owned(),
            Self::Preview(preview) => format!("Shall the spec be changed like this ({})?", preview.preview.words),
            Self::Uncovered { count } => {
                format!(
                    "No test that passes on the old code and no scenario of yours reaches the files of some functions \
                     ({count}), so nothing can show that they still behave as they did. Go on?"
                )
            }
            Self::NativeRun { level, .. } => {
                let effects = side_effects(*level);
                format!("The project's tests will run on this machine ({}). {effects} Allow it?", level.name())
            }
            Self::NoCheckpoint => {
                "The project has no commit and no stash to go back to. Is a snapshot in the job's folder enough?"
                    .to_owned()
            }
            Self::Situation(situation) => situation.sentence.clone(),
        }
    }
}

/// What tests can do besides passing, for a person to agree to.
const fn side_effects(level: Level) -> &'static str {
    match level {
        Level::LimitsOnly => {
            "They can change every file that you can change, and reach the network and whatever listens on this machine."
        }
        Level::LandlockSeccomp => {
            "They write to a copy of the project; of other files they can change modes and times, never the content."
        }
        Level::Bubblewrap | Level::Docker => {
            "They write to a copy of the project and to nothing else, and take processor time, memory and disk up to limits."
        }
    }
}

/// What was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Go on.
    Yes,
    /// Do not.
    No,
    /// This proposal.
    Take(Strategy),
    /// This, of what a situation offers.
    Say(Said),
    /// Nothing now: the job rests where it is.
    Later,
    /// The spec, edited.
    Edit(Box<Edited>),
    /// The spec, with a change in these words, which is shown first.
    Words(String),
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
}

/// Makes a job and journals its start.
pub fn start(folder: &JobFolder, request: &Request) -> Result<(), Problem> {
    folder.create()?;
    folder.keep("request.json", request)
}

/// Drives a job until it ends or nobody can decide. Safe to call again after any kind of end.
pub fn drive(
    folder: &JobFolder,
    machine: &Machine,
    decider: &mut dyn Decider,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Job, Problem> {
    let request: Request = folder.read("request.json")?;
    let journal = Journal::open(&folder.file("journal.jsonl"))?;
    let job = journal.job(&folder.id)?;
    let mut stages = Stages::open(folder, machine.clock)?;
    let mut noted = |step: Progress<'_>| {
        stages.take(&step);
        progress(step);
    };
    let shop = Shop {
        folder,
        machine,
        pair: request.pair()?,
        request: &request,
        progress: &mut noted,
        desk: None,
        shelf: Shelf::default(),
    };
    let mut driver = Driver { shop, journal, job, decider };
    driver.repeat_last()?;
    if matches!(driver.job.state, State::Pending) {
        driver.note_overrides()?;
        let routes = machine.models.as_ref().map(Models::snapshot).unwrap_or_default();
        let (pre_authorised, expert) = (request.pre_authorised, request.fast_track);
        let entitlement = Box::new(Entitlement { pre_authorised, expert, ..Entitlement::local(routes) });
        driver.take(Event::Decision(Decision::Start { entitlement }))?;
    }
    while !machine.sandbox.is_stopped() {
        if !driver.turn()? {
            return Ok(driver.job);
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
    let request: Request = folder.read("request.json")?;
    let journal = Journal::open(&folder.file("journal.jsonl"))?;
    let job = journal.job(&folder.id)?;
    let shop = Shop {
        folder,
        machine,
        pair: request.pair()?,
        request: &request,
        progress,
        desk: None,
        shelf: Shelf::default(),
    };
    let mut nobody = Nobody;
    let mut driver = Driver { shop, journal, job, decider: &mut nobody };
    driver.repeat_last()?;
    if driver.work_off()? {
        let sentence = "an earlier command had been cut short and was finished first; nothing else was done";
        return Err(Problem::input("FINISHED_FIRST", sentence)
            .hint(format!("see where the job is with `iama jobs show {}`, and say again what you want", folder.id)));
    }
    driver.take(Event::Decision(decision))?;
    driver.work_off()?;
    Ok(driver.job)
}

/// Puts a decision of a person's, as it was said, to a job that waits. What follows from it is left to [`drive`].
pub fn decide_said(folder: &JobFolder, machine: &Machine, said: &Said) -> Result<Job, Problem> {
    let request: Request = folder.read("request.json")?;
    let journal = Journal::open(&folder.file("journal.jsonl"))?;
    let job = journal.job(&folder.id)?;
    let decision = situation::decision(folder, &job, said)?;
    let mut silent = |_: Progress<'_>| ();
    let progress = &mut silent;
    let shop = Shop {
        folder,
        machine,
        pair: request.pair()?,
        request: &request,
        progress,
        desk: None,
        shelf: Shelf::default(),
    };
    let mut nobody = Nobody;
    let mut driver = Driver { shop, journal, job, decider: &mut nobody };
    driver.repeat_last()?;
    if let Some(situation) = situation::of(folder, &driver.job)? {
        driver.note(&Question::Situation(situation), &Answer::Say(said.clone()), PERSON)?;
    }
    driver.take(Event::Decision(decision))?;
    Ok(driver.job)
}

/// For commands that put one decision and ask nothing.
struct Nobody;

impl Decider for Nobody {
    fn decide(&mut self, question: &Question) -> Result<(Answer, &'static str), Problem> {
        Err(Problem::decision("DECISION_NEEDED", question.sentence()).hint("run `iama jobs resume JOB`"))
    }
}

struct Driver<'a> {
    shop: Shop<'a>,
    journal: Journal,
    job: Job,
    decider: &'a mut dyn Decider,
}

impl Driver<'_> {
    /// One step; false when there is nothing more to do here.
    fn turn(&mut self) -> Result<bool, Problem> {
        if self.work()? {
            return Ok(true);
        }
        if self.defer_dirty()? {
            return Ok(true);
        }
        match self.question()? {
            Some(question) => self.ask(&question),
            None => Ok(false),
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
        if matches!(
            next.dispatch.effect,
            Effect::RunBaseline { .. } | Effect::RunTests { .. } | Effect::RetestSelection { .. }
        ) {
            self.allow_run()?;
        }
        let done = self.shop.perform(&self.job, &next.dispatch);
        if self.shop.machine.sandbox.is_stopped() {
            // The effect was cut short: its result means nothing, and it is carried out again when the job is resumed.
            return Ok(true);
        }
        match done? {
            Done::Result(result) => self.take(Event::Result { effect: next.dispatch.id, result })?,
            Done::Signal(signal) => self.take(Event::Signal(signal))?,
            Done::Nothing => return Ok(false),
        }
        Ok(true)
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

    /// Does the effects of the last record that nobody waits for: a crash may have come before them.
    fn repeat_last(&mut self) -> Result<(), Problem> {
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

    fn question(&self) -> Result<Option<Question>, Problem> {
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

    /// Asks, and does what was answered; false when it was nothing.
    fn ask(&mut self, question: &Question) -> Result<bool, Problem> {
        (self.shop.progress)(Progress::Asking);
        let (answer, by) = match (question, self.shop.request.strategy) {
            (Question::Strategy(_), Some(strategy)) => (Answer::Take(strategy), PERSON),
            (Question::Uncovered { count }, _) => self.acknowledgement(question, *count)?,
            _ => self.decider.decide(question)?,
        };
        if answer == Answer::Later {
            return Ok(false);
        }
        if let (Question::Spec(agreement), Answer::Words(words)) = (question, &answer) {
            return self.change_by_words(&agreement.spec, words).map(|()| true);
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
            (Question::Spec(_), Answer::Edit(edited)) => {
                revise::stage(self.shop.folder, &edited)?;
                Decision::EditSpec
            }
            (Question::Spec(_) | Question::NativeRun { .. } | Question::NoCheckpoint, _) => Decision::ApproveSpec,
            (Question::Uncovered { count }, _) => Decision::AcknowledgeUncovered { uncovered: *count },
            (Question::Situation(_) | Question::Preview(_), _) | (_, Answer::Later) => return Ok(false),
        };
        self.take(Event::Decision(decision)).map(|()| true)
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

    /// Whether this very question has been answered in any way.
    fn was_put(&self, question: &Question) -> Result<bool, Problem> {
        let (code, sentence) = (question.code(), question.sentence());
        Ok(evidence::decisions(self.shop.folder)?.iter().any(|known| known.code == code && known.question == sentence))
    }

    /// Before a run of the project's own code.
    fn allow_run(&mut self) -> Result<(), Problem> {
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

    /// Whether this very question was answered with yes: what was said about one level says nothing about another.
    fn is_answered(&self, question: &Question) -> Result<bool, Problem> {
        let (code, sentence) = (question.code(), question.sentence());
        let said = |known: &DecisionRecord| known.code == code && known.question == sentence && known.answer == "yes";
        Ok(evidence::decisions(self.shop.folder)?.iter().any(said))
    }

    /// Puts on record what was left out or replaced with the request: what, why, who and when.
    fn note_overrides(&self) -> Result<(), Problem> {
        let request = self.shop.request;
        let by = request.person.as_ref().map_or_else(|| PERSON.to_owned(), |name| format!("{PERSON} ({name})"));
        let quarantine =
            request.quarantine.iter().map(|(test, why)| (QUARANTINE, format!("Leave {test} out on both sides?"), why));
        let mock = request
            .mock
            .iter()
            .map(|(module, why)| (MOCK, format!("Put a stand-in in place of {module} on both sides?"), why));
        for (code, question, why) in quarantine.chain(mock) {
            let (at, code, answer) = (request.created, code.to_owned(), format!("yes: {why}"));
            self.append(&DecisionRecord { at, code, question, answer, by: by.clone() })?;
        }
        Ok(())
    }

    fn note(&self, question: &Question, answer: &Answer, by: &str) -> Result<(), Problem> {
        let answer = match answer {
            Answer::Yes => "yes".to_owned(),
            Answer::No => "no".to_owned(),
            Answer::Take(strategy) => strategy.name().to_owned(),
            Answer::Say(said) => said.line(),
            Answer::Later => "later".to_owned(),
            Answer::Edit(_) => "edited".to_owned(),
            Answer::Words(words) => words.clone(),
        };
        let at = (self.shop.machine.clock)();
        let (code, question) = (question.code().to_owned(), question.sentence());
        self.append(&DecisionRecord { at, code, question, answer, by: by.to_owned() })
    }

    fn append(&self, row: &DecisionRecord) -> Result<(), Problem> {
        let path = self.shop.folder.file("decisions.jsonl");
        let write = || -> std::io::Result<()> {
            let mut line = serde_json::to_vec(row)?;
            line.push(b'\n');
            let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
            file.write_all(&line)?;
            file.sync_data()
        };
        write().map_err(|error| cannot_write(&path, &error))
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

fn job_strategy(strategy: Strategy) -> JobStrategy {
    match strategy {
        Strategy::Conservative => JobStrategy::Conservative,
        Strategy::Standard => JobStrategy::Standard,
        Strategy::Comprehensive => JobStrategy::Comprehensive,
    }
}
