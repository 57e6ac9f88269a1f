//! A server in the test's own process: it has the journal, the rules and the models of one job.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use iama_baseline::python::interpreter::{Search, Wanted};
use iama_engine::driver::PERSON;
use iama_engine::executor::{self, Document, Executor, News, Order, Outcome, Reply, stage_of};
use iama_engine::models::{Answered, WantedCall};
use iama_engine::{Answer, Decided, Decider, JobFolder, Machine, Models, Problem, Progress, Question, Request};
use iama_job::event::Usage;
use iama_job::{Decision, Entitlement, Event, Job, JobId, Record, Timestamp, record};
use iama_model::config::{Keys, Origin, read};
use iama_model::{CancellationToken, Cost, Router, Session};
use iama_recipes::Strategy;
use iama_sandbox::{Limits, Sandbox, probe};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::world::World;

pub(super) fn now() -> Timestamp {
    Timestamp(1_790_000_000_000)
}

/// What this machine offers, with a state folder of its own.
pub(super) fn machine(world: &World) -> Machine {
    let text = |name: &str| std::env::var(name).ok();
    let home = PathBuf::from(text("HOME").unwrap());
    let cache = text("XDG_CACHE_HOME").map_or_else(|| home.join(".cache"), PathBuf::from).join("iama");
    let path = text("PATH").unwrap();
    let supervisor = vec![PathBuf::from(env!("CARGO_BIN_EXE_iama")), PathBuf::from("__supervise")];
    let sandbox = Sandbox { probe: probe(&path), supervisor, stop: None, limits: Limits::default() };
    let pyenv_root = text("PYENV_ROOT").map(PathBuf::from);
    Machine {
        cache,
        state: world.root().parent().unwrap().join("state"),
        sandbox,
        search: Search { path, home: home.clone(), pyenv_root },
        variables: std::env::vars().collect(),
        clock: now,
        hidden: vec![home],
        models: None,
    }
}

/// Says yes to everything, takes the middle proposal, and leaves a job that cannot finish where it is.
pub(super) struct Yes;

impl Decider for Yes {
    fn decide(&mut self, question: &Question) -> Result<(Answer, &'static str), Problem> {
        let answer = match question {
            Question::Strategy(_) => Answer::Take(Strategy::Standard),
            Question::Situation(_) => Answer::Later,
            _ => Answer::Yes,
        };
        Ok((answer, PERSON))
    }
}

/// Refuses whatever it is asked.
pub(super) struct No;

impl Decider for No {
    fn decide(&mut self, question: &Question) -> Result<(Answer, &'static str), Problem> {
        Err(Problem::decision("DECISION_NEEDED", question.sentence()))
    }
}

/// What passes between server and machine.
pub(super) fn through_json<T: Serialize + DeserializeOwned>(value: &T) -> T {
    serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap()
}

/// A server: the journal and the rules of one job, and the models.
pub(super) struct Server {
    pub(super) job: Job,
    pub(super) records: Vec<Record>,
    /// The last record that the machine has seen.
    pub(super) seen: usize,
    router: Option<Router>,
    spent: Cost,
    /// What the calls for the open effect cost.
    cost: Cost,
    /// Answers for the effect that is open.
    answers: Vec<Answered>,
    pub(super) turn: u32,
    pub(super) documents: BTreeMap<String, String>,
    /// What came of following.
    documents_seen: Vec<Document>,
    /// Stops the machine at every stage once, where it is one that can be stopped.
    pub(super) stop: Option<&'static AtomicBool>,
    /// How often the machine was stopped.
    pub(super) cut_short: usize,
    replies: Vec<Reply>,
}

impl Server {
    pub(super) fn new(id: &str, table: Option<&str>) -> Self {
        Self {
            job: Job::new(JobId::from(id)),
            records: Vec::new(),
            seen: 0,
            router: table.map(router),
            spent: Cost::ZERO,
            cost: Cost::ZERO,
            answers: Vec::new(),
            turn: 0,
            documents: BTreeMap::new(),
            documents_seen: Vec::new(),
            stop: None,
            cut_short: 0,
            replies: Vec::new(),
        }
    }

    pub(super) fn take(&mut self, event: Event) {
        let (job, record) = record(&self.job, event, now()).unwrap();
        self.job = job;
        self.records.push(record);
    }

    pub(super) fn start(&mut self) {
        let routes = self.router.as_ref().map(|router| router.table().snapshot()).unwrap_or_default();
        self.take(Event::Decision(Decision::Start { entitlement: Box::new(Entitlement::local(routes)) }));
    }

    pub(super) fn news(&self) -> News {
        News {
            job: Box::new(self.job.clone()),
            records: self.records[self.seen..].to_vec(),
            documents: self.documents.clone(),
        }
    }

    /// The order for the first effect that the job waits for.
    pub(super) fn order(&self) -> Option<Order> {
        let dispatch = self.job.in_flight.first()?.dispatch.clone();
        let stage = stage_of(&self.job, &dispatch.effect);
        let terms = stage.zip(self.router.as_ref());
        let tariffs = terms.map(|(stage, router)| router.tariffs(&self.job.entitlement, stage)).unwrap_or_default();
        Some(through_json(&Order {
            news: self.news(),
            dispatch,
            turn: self.turn,
            answers: self.answers.clone(),
            tariffs,
        }))
    }

    pub(super) fn hear(&mut self, reply: &Reply) {
        self.heard_all();
        self.replies.push(reply.clone());
        match &reply.outcome {
            Outcome::Wants { call } => {
                self.answers = vec![through_json(&self.call(call))];
                self.turn += 1;
                return;
            }
            Outcome::CutShort => {
                self.cut_short += 1;
                return;
            }
            Outcome::Result { .. } | Outcome::CreditsExhausted => {}
        }
        let usage = Usage { credits: self.cost.millicredits() };
        self.take(reply.event(usage).unwrap());
        (self.answers, self.turn, self.cost) = (Vec::new(), 0, Cost::ZERO);
    }

    /// The machine has seen all records, and what they named.
    fn heard_all(&mut self) {
        self.seen = self.records.len();
        self.documents.clear();
    }

    fn call(&mut self, wanted: &WantedCall) -> Answered {
        let session = Session::new(None, self.spent);
        let call = wanted.call(&session, &self.job.entitlement);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let router = self.router.as_ref().unwrap();
        let done = runtime.block_on(router.call(&call, &CancellationToken::new(), &mut |_| ()));
        self.spent = session.spent();
        self.cost = self.cost.plus(done.audit.cost.unwrap_or_default());
        wanted.answered(done).unwrap()
    }

    pub(super) fn decided(&mut self, decided: &Decided) {
        let Decided { decision, documents } = through_json(decided);
        self.documents = documents;
        self.take(Event::Decision(decision));
    }

    /// Drives the job until it waits for nobody, and gives what was told meanwhile. After so many steps each, the executor is
    /// thrown away.
    pub(super) fn drive(
        &mut self,
        folder: &JobFolder,
        machine: &Machine,
        decider: &mut dyn Decider,
        every: usize,
    ) -> Vec<String> {
        let (mut told, stop) = (Vec::new(), self.stop);
        let mut progress = |step: Progress<'_>| {
            let line = format!("{step:?}");
            if matches!(step, Progress::Stage(_)) && !told.contains(&line) {
                stop.inspect(|stop| stop.store(true, Ordering::Relaxed));
            }
            told.push(line);
        };
        let mut executor = Executor::open(folder.clone(), machine).unwrap();
        for step in 1.. {
            if step % every == 0 {
                executor = Executor::open(folder.clone(), machine).unwrap();
            }
            if let Some(order) = self.order() {
                let reply = executor.carry_out(&order, decider, &mut progress).unwrap();
                stop.inspect(|stop| stop.store(false, Ordering::Relaxed));
                self.hear(&through_json(&reply));
                continue;
            }
            let documents = executor.follow(&through_json(&self.news()), &mut progress).unwrap();
            self.documents_seen.extend(through_json(&documents));
            self.heard_all();
            match executor.decide(decider, &mut progress).unwrap() {
                Some(decided) => self.decided(&decided),
                None => break,
            }
        }
        told
    }

    pub(super) fn documents(&self) -> impl Iterator<Item = &Document> {
        self.replies.iter().flat_map(|reply| &reply.documents).chain(&self.documents_seen)
    }

    pub(super) fn wanted(&self) -> Vec<&WantedCall> {
        let wanted = |reply: &'_ Reply| matches!(reply.outcome, Outcome::Wants { .. });
        let calls = self.replies.iter().filter(|reply| wanted(reply)).map(|reply| match &reply.outcome {
            Outcome::Wants { call } => &**call,
            _ => unreachable!(),
        });
        calls.collect()
    }
}

pub(super) fn router(table: &str) -> Router {
    let settings = serde_json::from_str(table).unwrap();
    Router::live(read(&settings, Origin::User, Keys::Needed, &|_| None).unwrap()).unwrap()
}

/// A job of a project, not started yet.
pub(super) fn job(world: &World, id: &str, wish: impl Fn(&mut Request)) -> JobFolder {
    let folder = JobFolder { root: world.root(), id: id.to_owned() };
    executor::start(&folder, &request(world, wish), URL).unwrap();
    folder
}

/// Where the server would be.
pub(super) const URL: &str = "https://iama.example";

pub(super) fn request(world: &World, wish: impl Fn(&mut Request)) -> Request {
    let mut request = Request::plain(world.root(), Wanted::parse("3.11").unwrap(), now());
    wish(&mut request);
    request
}

/// The same job by the embedded driver.
pub(super) fn embedded(
    files: &[(&str, &str)],
    table: Option<&str>,
    decider: &mut dyn Decider,
    wish: impl Fn(&mut Request),
) -> (World, Job) {
    let world = World::new(files);
    let folder = JobFolder { root: world.root(), id: "here".to_owned() };
    iama_engine::start(&folder, &request(&world, wish)).unwrap();
    let mut machine = machine(&world);
    machine.models = table.map(|table| Models::new(router(table)).unwrap());
    let job = iama_engine::drive(&folder, &machine, decider, &mut |_| ()).unwrap();
    (world, job)
}

/// The evidence without ids, times and places, and without what it says of a server.
pub(super) fn evidence(world: &World) -> Value {
    let mut evidence: Value = serde_json::from_str(&world.read_job("evidence.json")).unwrap();
    for name in ["id", "created_at", "finished_at", "root"] {
        evidence["job"].as_object_mut().unwrap().remove(name);
    }
    for name in ["seconds", "stages"] {
        evidence.as_object_mut().unwrap().remove(name);
    }
    evidence["privacy"]["left_machine"].as_array_mut().unwrap().retain(|line| !line.as_str().unwrap().contains(URL));
    if let Some(strength) = evidence.get_mut("strength") {
        strength.as_object_mut().unwrap().remove("seconds");
    }
    evidence
}

/// A table with one class, served by a provider.
pub(super) fn table(url: &str) -> String {
    let price = json!({"input": 1.0, "output": 2.0});
    let here = json!({"kind": "openai-compatible", "base-url": format!("{url}/v1")});
    let route = json!({"class": "L1", "provider": "here", "model": "scripted", "price": price});
    json!({"route": [route], "provider": {"here": here}}).to_string()
}
