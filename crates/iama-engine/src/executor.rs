//! This machine as the hands of a job that a server drives.
//!
//! The server has the journal, the rules' state and the models; this machine has the source. The server gives an [`Order`]: one
//! effect to carry out, with the records of the journal that this machine has not seen. The machine keeps a mirror of the journal
//! in the job's folder, folded and checked like any journal, so that whatever reads a job's folder works on it. It answers with a
//! [`Reply`]: the result, or a model call that has to be made first, and the documents that came of it.
//!
//! What an order may not do: bring a request, name a command, or name a file outside of the job's folder. What is run, and whether
//! it may run, is settled on this machine ([`Request`], and whoever decides here). An order is hostile input until
//! [`check`] has read it: nothing is written for one that is refused.

mod check;
mod documents;
mod follow;

use std::collections::{BTreeMap, BTreeSet};

use iama_job::effect::PatchMode;
use iama_job::event::Usage;
use iama_job::{Dispatch, Effect, EffectId, EffectResult, Event, Job, ModelClass, Record, Signal, State};
use iama_model::{Stage, Tariff};
use serde::{Deserialize, Serialize};

use crate::bench::{Asked, Bench, Decided};
use crate::driver::{Answer, Decider, Nobody, Progress, Question};
use crate::folder::JobFolder;
use crate::journal;
use crate::models::Caller;
use crate::models::afar::{self, Afar, Answered, WantedCall};
use crate::perform::Done;
use crate::problem::Problem;
use crate::request::{Machine, Request};
use crate::shelf::Shelf;
use crate::spec::Edited;
use crate::stages::Stages;

pub use documents::{CaseSummary, Document, Holds, SuiteSummary};

/// What has happened to a job since this machine looked last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct News {
    /// The job after the last record.
    pub job: Box<Job>,
    /// Records of its journal, in order and without gaps; those that this machine has may be among them.
    pub records: Vec<Record>,
    /// Files of the job's folder that were made elsewhere and that a record names: an edited spec (`spec/N.edited.json`), a
    /// person's words (`command-N.txt`), what was chosen of a delivery (`selection-N.json`).
    #[serde(default)]
    pub documents: BTreeMap<String, String>,
}

/// An effect for this machine to carry out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// What this machine has to know first.
    pub news: News,
    /// The effect, as the job waits for it.
    pub dispatch: Dispatch,
    /// How often the effect was ordered before, because a call had to be made.
    pub turn: u32,
    /// What came of calls that earlier turns wanted. Those that this machine has may be among them.
    #[serde(default)]
    pub answers: Vec<Answered>,
    /// The terms of the classes that may be asked for the effect's stage ([`stage_of`]); empty where none may.
    #[serde(default)]
    pub tariffs: BTreeMap<ModelClass, Tariff>,
}

/// What this machine answers to an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    /// The effect.
    pub effect: EffectId,
    /// The order's turn.
    pub turn: u32,
    /// What came of it.
    pub outcome: Outcome,
    /// What the server gets to keep.
    pub documents: Vec<Document>,
}

/// What came of an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Outcome {
    /// The effect's answer. What it says that models cost is what the server told.
    Result {
        /// It.
        result: EffectResult,
    },
    /// No answer: one more call could cost more than is left. It is a signal to the job.
    CreditsExhausted,
    /// A model has to be asked first. The effect is to be ordered again with what came of it.
    Wants {
        /// The call.
        call: Box<WantedCall>,
    },
    /// Somebody stopped it. The effect is to be ordered again when this machine is back.
    CutShort,
}

impl Reply {
    /// What the job is to hear of it, with the server's own account of what models cost; nothing where the effect goes on.
    pub fn event(&self, usage: Usage) -> Option<Event> {
        match &self.outcome {
            Outcome::Result { result } => {
                Some(Event::Result { effect: self.effect.clone(), result: result.clone().charged(usage) })
            }
            Outcome::CreditsExhausted => Some(Event::Signal(Signal::CreditsExhausted)),
            Outcome::Wants { .. } | Outcome::CutShort => None,
        }
    }
}

/// The work that the calls of an effect do; nothing where it makes none.
pub fn stage_of(job: &Job, effect: &Effect) -> Option<Stage> {
    Some(match effect {
        Effect::AnalyseScope { .. } => Stage::Analysis,
        Effect::Propose { .. } => Stage::Proposal,
        Effect::DraftSpec { .. } => Stage::Spec,
        Effect::GenerateTests { .. } => Stage::TestGeneration,
        Effect::GeneratePatch { mode, .. } => patch_stage(*mode),
        Effect::Quote { .. } => patch_stage(quoted(job)),
        _ => return None,
    })
}

/// The work of a call for a patch.
pub(crate) const fn patch_stage(mode: PatchMode) -> Stage {
    match mode {
        PatchMode::Standard => Stage::Repair,
        PatchMode::DeepFix => Stage::DeepFix,
        PatchMode::Command => Stage::Command,
    }
}

/// What a price is asked for.
pub(crate) const fn quoted(job: &Job) -> PatchMode {
    match job.state {
        State::WaitingEscalationDecision { .. } => PatchMode::Standard,
        _ => PatchMode::DeepFix,
    }
}

/// This machine's side of one job. Whoever holds it holds the project's lock; it can be thrown away and opened again between any
/// two calls, for all that it knows is in the job's folder.
pub struct Executor<'m> {
    folder: JobFolder,
    machine: &'m Machine,
    shelf: Shelf,
}

/// Which server drives a job, in its folder; there is none in that of a job that this machine drives.
const SERVER: &str = "server.json";

#[derive(Serialize, Deserialize)]
struct Server {
    url: String,
}

/// The server that drives a job; nothing where this machine does.
pub fn server_of(folder: &JobFolder) -> Result<Option<String>, Problem> {
    Ok(folder.read_if_kept::<Server>(SERVER)?.map(|server| server.url))
}

/// Makes the folder of a job of a server's, under the server's name for it. The request comes from this machine. A job that is there
/// already, of this machine's own or of another server, is left as it is.
pub fn start(folder: &JobFolder, request: &Request, url: &str) -> Result<(), Problem> {
    check::job_name(&folder.id)?;
    let is_there = folder.path().exists();
    if is_there && server_of(folder)?.as_deref() != Some(url) {
        let sentence = format!("there is a job called {} already, and it is not one of {url}", folder.id);
        return Err(Problem::input("JOB_EXISTS", sentence).hint("nothing was done; start a new job with the server"));
    }
    if folder.file("request.json").exists() {
        return Ok(());
    }
    folder.create()?;
    folder.keep(SERVER, &Server { url: url.to_owned() })?;
    crate::driver::start(folder, request)
}

impl<'m> Executor<'m> {
    /// This machine's side of a job that was started here.
    pub fn open(folder: JobFolder, machine: &'m Machine) -> Result<Self, Problem> {
        check::job_name(&folder.id)?;
        if server_of(&folder)?.is_none() {
            let sentence = format!("no server drives {}", folder.id);
            return Err(Problem::input("JOB_NOT_OF_SERVER", sentence).hint("`iama jobs resume` goes on with it"));
        }
        folder.read::<Request>("request.json")?;
        Ok(Self { folder, machine, shelf: Shelf::default() })
    }

    /// The job as far as this machine has seen it. The next record that it needs is the one after [`Job::seq`].
    pub fn job(&self) -> Result<Job, Problem> {
        journal::read_job(&self.folder.file("journal.jsonl"), &self.folder.id)
    }

    /// Takes over what has happened, does what nobody waits for (a revision of the spec, the evidence), and gives what came of it.
    pub fn follow(&mut self, news: &News, progress: &mut dyn FnMut(Progress<'_>)) -> Result<Vec<Document>, Problem> {
        let checked = check::news(&self.folder, news)?;
        let folder = self.folder.clone();
        self.at_bench(None, &mut Nobody, progress, |bench| follow::all(bench, &checked))?;
        documents::of_records(&folder, &news.records)
    }

    /// Carries an effect out. A problem is one of this machine: nothing is answered, and the order stands.
    pub fn carry_out(
        &mut self,
        order: &Order,
        decider: &mut dyn Decider,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Reply, Problem> {
        let folder = self.folder.clone();
        let checked = check::order(&folder, order)?;
        let expected = afar::expected(&folder)?;
        let fresh = afar::fresh(&folder, &order.dispatch.id, &order.answers, expected.as_ref())?;
        let came = fresh.as_ref().map(|fresh| fresh.answered.name.clone());
        let afar = Afar {
            effect: order.dispatch.id.clone(),
            tariffs: order.tariffs.clone(),
            fresh: BTreeSet::from_iter(came),
        };
        let outcome = self.at_bench(Some(Caller::Afar(&afar)), decider, progress, |bench| {
            follow::all(bench, &checked)?;
            fresh.as_ref().map_or(Ok(()), |fresh| afar::keep(&folder, fresh))?;
            outcome(bench, &order.dispatch)
        })?;
        let mut documents = documents::of_records(&folder, &order.news.records)?;
        if let Outcome::Result { .. } = outcome {
            documents.extend(documents::of_effect(&folder, &order.news.job, &order.dispatch)?);
        }
        Ok(Reply { effect: order.dispatch.id.clone(), turn: order.turn, outcome, documents })
    }

    /// What the job asks, by what this machine has seen of it; nothing while an effect is open. Some of it is known beforehand
    /// from the request: [`Self::decide`] asks nobody about that.
    pub fn question(&mut self) -> Result<Option<Question>, Problem> {
        self.at_bench(None, &mut Nobody, &mut |_| (), |bench| {
            if bench.job.in_flight.is_empty() { bench.question() } else { Ok(None) }
        })
    }

    /// Asks whoever decides, as often as it takes, and gives what the server is to be told; nothing where the job waits for
    /// nobody, or nobody wants to decide now.
    pub fn decide(
        &mut self,
        decider: &mut dyn Decider,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Option<Decided>, Problem> {
        self.at_bench(None, decider, progress, |bench| {
            if !bench.job.in_flight.is_empty() {
                return Ok(None);
            }
            loop {
                match bench.next_decision()? {
                    Asked::Decided(decided) => return follow::sent(bench, decided).map(Some),
                    Asked::Again => {}
                    Asked::Nothing => return Ok(None),
                }
            }
        })
    }

    /// Makes an answer of a person's to [`Self::question`] what the server is to be told.
    pub fn decision(&mut self, question: &Question, answer: Answer) -> Result<Option<Decided>, Problem> {
        self.at_bench(None, &mut Nobody, &mut |_| (), |bench| {
            match bench.settle(question, answer, crate::driver::PERSON)? {
                Asked::Decided(decided) => follow::sent(bench, decided).map(Some),
                Asked::Again | Asked::Nothing => Ok(None),
            }
        })
    }

    /// Any other decision of a person's, with the files that it names (a part of a delivery that was chosen here).
    pub fn decided(&mut self, decision: iama_job::Decision) -> Result<Decided, Problem> {
        self.at_bench(None, &mut Nobody, &mut |_| (), |bench| {
            follow::sent(bench, Decided::of(bench.shop.folder, decision)?)
        })
    }

    /// An edit of the spec, as the server is to be told of it.
    pub fn edit_spec(&mut self, edited: &Edited) -> Result<Decided, Problem> {
        self.at_bench(None, &mut Nobody, &mut |_| (), |bench| follow::sent(bench, bench.edit(edited)?))
    }

    /// Takes a decision back that the server has refused: nothing is left of it to become part of a later one.
    pub fn take_back(&mut self, decided: &Decided) -> Result<(), Problem> {
        self.at_bench(None, &mut Nobody, &mut |_| (), |bench| follow::taken_back(bench, decided))
    }

    fn at_bench<T>(
        &mut self,
        caller: Option<Caller<'_>>,
        decider: &mut dyn Decider,
        progress: &mut dyn FnMut(Progress<'_>),
        act: impl FnOnce(&mut Bench<'_>) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        let request: Request = self.folder.read("request.json")?;
        let mut stages = Stages::open(&self.folder, self.machine.clock)?;
        let mut noted = |step: Progress<'_>| {
            stages.take(&step);
            progress(step);
        };
        let mut bench = Bench::open(&self.folder, self.machine, &request, decider, &mut noted)?;
        (bench.shop.caller, bench.shop.shelf) = (caller, std::mem::take(&mut self.shelf));
        let done = act(&mut bench);
        self.shelf = bench.shop.shelf;
        stages.rest();
        done
    }
}

fn outcome(bench: &mut Bench<'_>, dispatch: &Dispatch) -> Result<Outcome, Problem> {
    Ok(match bench.perform(dispatch)? {
        Some(Done::Result(result)) => Outcome::Result { result },
        Some(Done::CreditsExhausted) => Outcome::CreditsExhausted,
        Some(Done::Nothing) | None => match bench.shop.desk.as_mut().and_then(|desk| desk.wanted.take()) {
            Some(call) => Outcome::Wants { call: Box::new(call) },
            None => Outcome::CutShort,
        },
    })
}
