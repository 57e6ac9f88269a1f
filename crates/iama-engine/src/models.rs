//! Model calls of a job: who makes them, the money of the job, and answers that are kept.
//!
//! They are made by the router of this machine, or wanted of a server that has the routes ([`afar`]). What a call may cost is on
//! the disk before this machine sends its request; what it did cost replaces that. An answer is kept before anything is made of
//! it, and a call that was answered is never made again.

pub(crate) mod afar;
mod ledger;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use iama_job::{Entitlement, ModelClass, QuoteId, Route, RouteName};
use iama_model::{
    Answer, AuditEvent, Call, CancellationToken, Cost, Failure, Form, Progress, Prompt, Router, Session, Stage, Stop,
    Template, Usage,
};
use iama_sandbox::Sandbox;
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;

use crate::folder::{JobFolder, cannot_write};
use crate::perform::sha256;
use crate::problem::Problem;
use afar::Afar;
pub use afar::{Answered, Came, Declined, WantedCall, holds_secret};
pub(crate) use ledger::{CALLS, Ledger, SPENDING};

/// The folder of kept answers.
const CALLS_FOLDER: &str = "calls";

/// How often it is asked whether a person wants to stop.
const TICK: Duration = Duration::from_millis(50);

/// The models that a program may call, and what it calls them with.
#[derive(Clone)]
pub struct Models {
    router: Arc<Router>,
    runtime: Arc<Runtime>,
}

impl fmt::Debug for Models {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Models").field("table", self.router.table()).finish_non_exhaustive()
    }
}

impl Models {
    /// Calls by a router.
    pub fn new(router: Router) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { router: Arc::new(router), runtime: Arc::new(runtime) })
    }

    /// What a job's snapshot says of them.
    pub fn snapshot(&self) -> BTreeMap<ModelClass, Route> {
        self.router.table().snapshot()
    }
}

/// Who makes the calls of a job.
#[derive(Clone, Copy)]
pub(crate) enum Caller<'a> {
    /// This machine, by its router.
    Own(&'a Models),
    /// A server, which is told what is wanted.
    Afar(&'a Afar),
}

impl Caller<'_> {
    /// Whether a class may do such work now.
    pub(crate) fn serves(&self, entitlement: &Entitlement, stage: Stage, class: ModelClass) -> bool {
        match self {
            Self::Own(models) => models.router.serves(entitlement, stage, class),
            Self::Afar(afar) => afar.serves(class),
        }
    }
}

/// One call of a job.
#[derive(Clone, Copy)]
pub(crate) struct Ask<'a> {
    /// A name that no other call of the job has, and that is the same when the step is taken again.
    pub(crate) name: &'a str,
    /// The work.
    pub(crate) stage: Stage,
    /// The class.
    pub(crate) class: ModelClass,
    /// The confirmed price.
    pub(crate) quote: Option<&'a QuoteId>,
    /// The prompt.
    pub(crate) prompt: &'a Prompt,
    /// The form of the answer.
    pub(crate) form: &'a Form,
    /// Where the prompt comes from.
    pub(crate) template: &'a Template,
}

impl<'a> Ask<'a> {
    const fn call(&self, session: &'a Session, entitlement: &'a Entitlement) -> Call<'a> {
        Call {
            session,
            entitlement,
            stage: self.stage,
            class: self.class,
            quote: self.quote,
            prompt: self.prompt,
            form: self.form,
            template: self.template,
            output_tokens: u64::MAX,
            live: false,
        }
    }
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Unanswered {
    /// A person wants to stop.
    Stopped,
    /// The cap of money would be passed.
    CapReached,
    /// The call is not to be made like this; another attempt may be.
    Refused(String),
    /// Somebody has to do something first.
    Problem(Problem),
}

/// An answer as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptAnswer {
    /// SHA-256 of what was asked.
    prompt: String,
    /// The text.
    pub(crate) text: String,
    /// Why it ended.
    pub(crate) stop: Stop,
    /// Who answered.
    pub(crate) route: RouteName,
    /// What the answer used.
    pub(crate) usage: Usage,
    /// What the call cost, requests that failed included; none without a price.
    pub(crate) cost: Option<Cost>,
}

impl KeptAnswer {
    fn of(prompt: String, answer: Answer, cost: Option<Cost>) -> Self {
        let Answer { text, stop, route, usage } = answer;
        Self { prompt, text, stop, route, usage, cost }
    }
}

/// Whether an answer is news to whoever looks on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard {
    /// It is not there yet, or this machine asks for itself.
    NotYet,
    /// It has just come.
    Now,
    /// It came for an earlier turn of the same effect.
    Before,
}

/// The calls of one job.
pub(crate) struct Desk<'a> {
    caller: Caller<'a>,
    folder: &'a JobFolder,
    entitlement: Entitlement,
    cap: Option<Cost>,
    ledger: Ledger,
    sandbox: &'a Sandbox,
    /// The call that somebody else has to make before the effect can go on.
    pub(crate) wanted: Option<WantedCall>,
}

impl<'a> Desk<'a> {
    /// Opens the desk of a job; what was spent earlier counts against the cap.
    pub(crate) fn open(
        caller: Caller<'a>,
        folder: &'a JobFolder,
        entitlement: Entitlement,
        cap: Option<Cost>,
        sandbox: &'a Sandbox,
    ) -> Result<Self, Problem> {
        make_calls_folder(folder)?;
        let ledger = Ledger::open(&folder.file(SPENDING))?;
        Ok(Self { caller, folder, entitlement, cap, ledger, sandbox, wanted: None })
    }

    /// Whether the answer of a call is news.
    pub(crate) fn heard(&self, name: &str) -> Heard {
        match self.caller {
            Caller::Own(_) => Heard::NotYet,
            Caller::Afar(afar) => afar.heard(self.folder, name),
        }
    }

    /// The answer of a call. One that is kept is not asked for again.
    pub(crate) fn ask(&mut self, ask: &Ask<'_>) -> Result<KeptAnswer, Unanswered> {
        let asked = fingerprint(ask);
        if let Some(kept) = kept(self.folder, ask.name, &asked).map_err(Unanswered::Problem)? {
            return Ok(kept);
        }
        if self.sandbox.is_stopped() {
            // What led to the question may have been cut short.
            return Err(Unanswered::Stopped);
        }
        let models = match self.caller {
            Caller::Own(models) => models,
            Caller::Afar(afar) => return Err(self.want(afar, ask, asked)),
        };
        let (answer, audit) = self.call(models, ask)?;
        let kept = KeptAnswer::of(asked, answer, audit.cost);
        self.folder.keep(&file_of(ask.name), &kept).map_err(Unanswered::Problem)?;
        Ok(kept)
    }

    /// Leaves a call to whoever has the routes, unless they have said that they will not make it. The effect ends here; it is
    /// carried out again once the answer is there.
    fn want(&mut self, afar: &Afar, ask: &Ask<'_>, fingerprint: String) -> Unanswered {
        match afar.declined(self.folder, ask.name, &fingerprint) {
            Ok(Some(Declined::CapReached)) => return Unanswered::CapReached,
            Ok(Some(Declined::Refused { code })) => return Unanswered::Refused(code),
            Ok(None) => {}
            Err(problem) => return Unanswered::Problem(problem),
        }
        // The server keeps the caps that it knows; one that was set on this machine is kept here as well.
        let fits =
            |cap: &Cost| self.worst_case(ask).is_some_and(|worst_case| self.ledger.spent().plus(worst_case) <= *cap);
        if self.cap.as_ref().is_some_and(|cap| !fits(cap)) {
            return Unanswered::CapReached;
        }
        let wanted = WantedCall::of(ask, fingerprint);
        if let Err(problem) = afar.expect(self.folder, &wanted) {
            return Unanswered::Problem(problem);
        }
        self.wanted = Some(wanted);
        Unanswered::Stopped
    }

    /// The money of one call: what is left of the job's cap, or of the confirmed price where that is less. Calls of a job are
    /// made one after the other, so the ledger knows all that was spent before.
    fn session(&self, quote: Option<&QuoteId>) -> Result<Session, Problem> {
        let spent = self.ledger.spent();
        let price = quote.map(|quote| price(self.folder, quote)).transpose()?.flatten();
        let confirmed = quote.zip(price).map(|(quote, price)| spent.plus(price.minus(self.ledger.spent_from(quote))));
        let cap = match (self.cap, confirmed) {
            (Some(cap), Some(confirmed)) => Some(cap.min(confirmed)),
            (one, other) => one.or(other),
        };
        Ok(Session::new(cap, spent))
    }

    fn call(&mut self, models: &Models, ask: &Ask<'_>) -> Result<(Answer, AuditEvent), Unanswered> {
        let session = self.session(ask.quote).map_err(Unanswered::Problem)?;
        let call = ask.call(&session, &self.entitlement);
        let cancel = CancellationToken::new();
        let mut unwritten = None;
        let mut sent = Vec::new();
        let ledger = &mut self.ledger;
        let mut listener = |progress: Progress<'_>| match progress {
            Progress::Dispatch { route, worst_case } => match ledger.dispatch(ask.name, ask.quote, route, worst_case) {
                Ok(number) => sent.push(number),
                Err(problem) => {
                    // Nothing is sent whose cost is not on the disk.
                    unwritten = Some(problem);
                    cancel.cancel();
                }
            },
            Progress::Pause(_) | Progress::Text(_) | Progress::Thinking => {}
        };
        let sandbox = self.sandbox;
        let done = models.runtime.block_on(async {
            let call = models.router.call(&call, &cancel, &mut listener);
            tokio::pin!(call);
            loop {
                tokio::select! {
                    biased;
                    done = &mut call => return done,
                    () = tokio::time::sleep(TICK) => if sandbox.is_stopped() { cancel.cancel() },
                }
            }
        });
        if let Some(problem) = unwritten {
            return Err(Unanswered::Problem(problem));
        }
        self.settle(&sent, &done.audit).map_err(Unanswered::Problem)?;
        ledger::keep_event(self.folder, ask.name, &done.audit).map_err(Unanswered::Problem)?;
        match done.result {
            Ok(answer) => Ok((answer, done.audit)),
            Err(failure) => Err(unanswered(&failure)),
        }
    }

    fn settle(&mut self, sent: &[u64], audit: &AuditEvent) -> Result<(), Problem> {
        for (number, tried) in sent.iter().zip(&audit.tries) {
            self.ledger.settle(*number, tried.cost)?;
        }
        Ok(())
    }

    /// The longest prompt that a model of a class takes, in tokens.
    pub(crate) fn prompt_cap(&self, stage: Stage, class: ModelClass) -> u64 {
        match self.caller {
            Caller::Own(models) => models.router.prompt_cap(&self.entitlement, stage, class),
            Caller::Afar(afar) => afar.prompt_cap(class).min(u64::from(self.entitlement.context_tokens)),
        }
    }

    /// What was spent, calls without an answer at their worst case.
    pub(crate) fn spent(&self) -> Cost {
        self.ledger.spent()
    }

    /// The most that one more call of a class costs; nothing without a price.
    pub(crate) fn worst_case(&self, ask: &Ask<'_>) -> Option<Cost> {
        let models = match self.caller {
            Caller::Own(models) => models,
            Caller::Afar(afar) => return afar.worst_case(ask.class, ask.prompt),
        };
        let session = Session::new(None, Cost::ZERO);
        let call = ask.call(&session, &self.entitlement);
        models.router.quote(&call).ok().and_then(|quote| quote.worst_case)
    }
}

fn make_calls_folder(folder: &JobFolder) -> Result<(), Problem> {
    let calls = folder.file(CALLS_FOLDER);
    std::fs::create_dir_all(&calls).map_err(|error| cannot_write(&calls, &error))
}

/// Where the answer of a call is kept.
fn file_of(name: &str) -> String {
    format!("{CALLS_FOLDER}/{name}.json")
}

/// The kept answer of a call, if it is one to this very question.
fn kept(folder: &JobFolder, name: &str, fingerprint: &str) -> Result<Option<KeptAnswer>, Problem> {
    let kept: Option<KeptAnswer> = folder.read_if_kept(&file_of(name))?;
    Ok(kept.filter(|kept| kept.prompt == fingerprint))
}

/// The prices that were told, by the name of the quote; none where nobody knows one.
const QUOTES: &str = "quotes.json";

/// Keeps a price before anybody can confirm it.
pub(crate) fn keep_price(folder: &JobFolder, quote: &QuoteId, price: Option<Cost>) -> Result<(), Problem> {
    let mut known = prices(folder)?;
    known.insert(quote.clone(), price);
    folder.keep(QUOTES, &known)
}

/// All prices that were told.
pub(crate) fn prices(folder: &JobFolder) -> Result<BTreeMap<QuoteId, Option<Cost>>, Problem> {
    Ok(folder.read_if_kept(QUOTES)?.unwrap_or_default())
}

/// What may be spent on a confirmed price; nothing where nobody knows one.
pub(crate) fn price(folder: &JobFolder, quote: &QuoteId) -> Result<Option<Cost>, Problem> {
    Ok(prices(folder)?.remove(quote).flatten())
}

/// The hash of what is asked, so that a kept answer is never taken for one to another question.
fn fingerprint(ask: &Ask<'_>) -> String {
    let mut text = format!("{}\n{}\n{}\n", ask.stage, ask.class, ask.template.hash);
    for part in ask.prompt.texts() {
        text.push_str(&sha256(part.as_bytes()));
    }
    sha256(text.as_bytes())
}

fn unanswered(failure: &Failure) -> Unanswered {
    if *failure == Failure::Cancelled {
        return Unanswered::Stopped;
    }
    match Declined::of(failure) {
        Some(Declined::CapReached) => Unanswered::CapReached,
        Some(Declined::Refused { code }) => Unanswered::Refused(code),
        None => {
            let cause = std::error::Error::source(failure).map(|cause| format!(": {cause}")).unwrap_or_default();
            let problem = Problem::input(failure.code(), format!("{failure}{cause}"));
            let hint = format!("{}; nothing was lost, `iama jobs resume` goes on", failure.hint());
            Unanswered::Problem(problem.hint(hint))
        }
    }
}
