//! One job of a server's on this machine: what is asked for is done, what happens is followed, what has to be decided is asked
//! here and told there.

use iama_engine::executor::{Executor, Reply, server_of};
use iama_engine::models::holds_secret;
use iama_engine::problem::Kind;
use iama_engine::situation::Said;
use iama_engine::spec::{Preview, Spec};
use iama_engine::{Answer, Decided, Decider, JobFolder, Machine, Progress, Question};
use iama_job::{Decision, Denial, Job, ModelClass};
use serde::{Deserialize, Serialize};

use super::account::Accounts;
use super::client::{Asked, Client};
use super::fault::Fault;
use super::lines::Lines;
use super::presence::Presence;
use super::rewording::{self, Wording};
use crate::decide::no_words;
use crate::machine;
use crate::problem::Problem;

/// This machine's session at a job, in the job's folder: whoever goes on with it is the same client.
const SESSION: &str = "client.json";

#[derive(Serialize, Deserialize)]
struct Session {
    id: String,
}

/// A job of a server's, on this machine.
pub(crate) struct Remote<'m> {
    /// Goes first: the last lines need the connection.
    lines: Lines,
    client: Client,
    folder: JobFolder,
    machine: &'m Machine,
    executor: Executor<'m>,
    presence: Presence,
}

impl<'m> Remote<'m> {
    /// Takes part in a job; nothing where this machine drives it alone.
    pub(crate) fn of(folder: &JobFolder, machine: &'m Machine) -> Result<Option<Self>, Problem> {
        let Some(url) = server_of(folder)? else { return Ok(None) };
        let client = Client::new(&url, Accounts::of(machine)?)?;
        let executor = Executor::open(folder.clone(), machine)?;
        let before = folder.read_if_kept::<Session>(SESSION)?.map(|session| session.id);
        let presence =
            Presence::begin(client.wire(), client.runtime().handle(), &folder.id, before.as_deref(), &machine::name())?;
        let lines = presence.lines((machine.clock)());
        let mut remote = Self { lines, client, folder: folder.clone(), machine, executor, presence };
        remote.keep_session()?;
        remote.follow()?;
        Ok(Some(remote))
    }

    /// The job as far as this machine has seen it.
    pub(crate) fn job(&self) -> Result<Job, Problem> {
        self.executor.job()
    }

    /// Does what is asked for and asks what has to be decided, until the job rests or nobody can decide.
    pub(crate) fn drive(
        &mut self,
        decider: &mut dyn Decider,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Job, Problem> {
        loop {
            self.work(decider, progress)?;
            let Self { client, folder, machine, executor, .. } = &mut *self;
            let mut wording = Wording { decider: &mut *decider, client, job: &folder.id, clock: machine.clock };
            match executor.decide(&mut wording, progress)? {
                Some(decided) => self.tell(&decided)?,
                None => return self.job(),
            }
        }
    }

    /// Does what is asked for until the job waits for nothing.
    pub(crate) fn work(
        &mut self,
        decider: &mut dyn Decider,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<(), Problem> {
        loop {
            if machine::is_interrupted() {
                let hint = "the server waits five minutes for this machine; nothing was lost";
                return Err(interrupted(
                    &format!("`iama jobs resume {}` goes on where it stopped", self.folder.id),
                    hint,
                ));
            }
            self.presence.look();
            if let Some(asked) = self.next()? {
                self.serve(&asked, decider, progress)?;
                continue;
            }
            let job = self.follow()?;
            if job.in_flight.is_empty() {
                return Ok(());
            }
            self.presence.wait();
        }
    }

    /// Does what is asked for until the job waits for nothing, and asks nobody. Gives the job.
    pub(crate) fn rest(&mut self, progress: &mut dyn FnMut(Progress<'_>)) -> Result<Job, Problem> {
        self.work(&mut Nobody, progress)?;
        self.job()
    }

    /// What this machine is asked for next. What it has claimed before, and did not answer, is asked for still.
    fn next(&self) -> Result<Option<Asked>, Problem> {
        let asked = self.client.requests(&self.folder.id)?;
        Ok(asked.into_iter().find(|asked| matches!(asked.status.as_str(), "OPEN" | "CLAIMED")))
    }

    fn serve(
        &mut self,
        asked: &Asked,
        decider: &mut dyn Decider,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<(), Problem> {
        let (job, request) = (self.folder.id.clone(), asked.id.as_str());
        let seen = self.executor.job()?.seq;
        let claimed = match self.client.claim(&job, request, &self.presence.session(), seen) {
            Ok(claimed) => claimed,
            Err(fault) => return self.overtaken(fault),
        };
        self.keep_session()?;
        let token = claimed.fencing_token;
        let held = self.presence.hold(request, token);
        let lines = &mut self.lines;
        let mut told = |step: Progress<'_>| {
            lines.take(step);
            progress(step);
        };
        let answered = match (claimed.order, claimed.news) {
            (Some(order), _) => {
                let reply = self.executor.carry_out(&order, decider, &mut told);
                drop(held);
                let reply: Reply = reply?;
                self.client.answer(&job, request, token, &reply)
            }
            (None, Some(news)) => {
                let documents = self.executor.follow(&news, &mut told);
                drop(held);
                self.client.followed(&job, request, token, &documents?)
            }
            (None, None) => return Err(Fault::Foreign(200).problem(self.client.url())),
        };
        answered.or_else(|fault| self.overtaken(fault))
    }

    /// A request that nobody waits for any more, or that has its answer, is no problem: what happened is told by the news.
    fn overtaken(&self, fault: Fault) -> Result<(), Problem> {
        if fault.is_late() { Ok(()) } else { Err(fault.problem(self.client.url())) }
    }

    /// Takes over what has happened.
    fn follow(&mut self) -> Result<Job, Problem> {
        let seen = self.executor.job()?.seq;
        let news = self.client.news(&self.folder.id, seen)?;
        self.executor.follow(&news, &mut |_| ())?;
        self.executor.job()
    }

    /// Tells the server of a decision. One that it refuses leaves nothing here.
    pub(crate) fn tell(&mut self, decided: &Decided) -> Result<(), Problem> {
        let now = (self.machine.clock)().0;
        let key = format!("{}-{}-{now}", self.executor.job()?.seq, decided.decision.kind().code());
        match self.client.decide(&self.folder.id, decided, key) {
            Ok(()) => self.follow().map(drop),
            Err(fault) => {
                self.executor.take_back(decided)?;
                Err(fault.problem(self.client.url()))
            }
        }
    }

    /// What would become of the spec by a person's words. Nothing is changed.
    pub(crate) fn preview(&self, spec: &Spec, words: &str) -> Result<Preview, Problem> {
        if holds_secret(words) {
            let problem =
                Problem::input("WORDS_SECRET", "something in your words looks like a secret; nothing was sent");
            return Err(problem.hint("say it without"));
        }
        if let Err(denial) = self.job()?.entitlement.route(ModelClass::L2) {
            let (code, hint) = match denial {
                Denial::EntitlementDenied { .. } => ("ENTITLEMENT_DENIED", "nothing was sent; change the spec itself"),
                Denial::NoRoute { .. } => ("NO_ROUTE", "ask whoever runs the server, or change the spec itself"),
            };
            let problem = Problem::input(code, no_words(denial));
            return Err(problem.hint(format!("{hint}: `iama jobs spec --set FILE`")));
        }
        let came = rewording::reword(&self.client, &self.folder.id, spec, words, (self.machine.clock)())?;
        came.map_err(|fault| fault.problem(self.client.url()))
    }

    fn keep_session(&self) -> Result<(), Problem> {
        self.folder.keep(SESSION, &Session { id: self.presence.session() })
    }

    /// The engine's half of this machine.
    pub(crate) const fn executor(&mut self) -> &mut Executor<'m> {
        &mut self.executor
    }
}

/// Puts one decision of a person's to a job of a server's, and carries out what follows from it.
pub(crate) fn put(
    remote: &mut Remote<'_>,
    decision: Decision,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Job, Problem> {
    remote.work(&mut Nobody, progress)?;
    let decided = remote.executor().decided(decision)?;
    remote.tell(&decided)?;
    remote.rest(progress)
}

/// Puts a decision of a person's as they said it. What follows from it is left to [`Remote::drive`].
pub(crate) fn said(remote: &mut Remote<'_>, said: Said) -> Result<(), Problem> {
    let question = remote.executor().question()?;
    let Some(question @ Question::Situation(_)) = question else {
        return Err(Problem::input("NOTHING_TO_DECIDE", format!("the job is {}", remote.job()?.state.place()))
            .hint("`iama jobs resume` goes on with a job; `iama jobs show` shows it"));
    };
    match remote.executor().decision(&question, Answer::Say(said))? {
        Some(decided) => remote.tell(&decided),
        None => Ok(()),
    }
}

/// For commands that put one decision and ask nothing.
struct Nobody;

impl Decider for Nobody {
    fn decide(&mut self, question: &Question) -> Result<(Answer, &'static str), Problem> {
        Err(Problem::decision("DECISION_NEEDED", question.sentence()).hint("run `iama jobs resume JOB`"))
    }
}

/// A person has stopped it.
pub(super) fn interrupted(sentence: &str, hint: &str) -> Problem {
    let sentence = format!("interrupted; {sentence}");
    Problem { code: "INTERRUPTED", sentence, hint: hint.to_owned(), kind: Kind::Interrupted }
}
