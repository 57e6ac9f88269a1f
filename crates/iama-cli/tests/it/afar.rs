//! Jobs that somebody else drives: a server in the test's own process has the journal, the rules and the models; the engine has
//! the source. Whatever passes between them passes as JSON. And jobs that are stopped, in both shells.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use iama_engine::driver::PERSON;
use iama_engine::executor::{Executor, Holds, Outcome};
use iama_engine::models::Answered;
use iama_engine::situation::Said;
use iama_engine::{Answer, Decider, JobFolder, Problem, Progress, Question, Request};
use iama_job::state::Selection;
use iama_job::{ArtifactId, Decision, Event};
use iama_model::fake::{Background, Fake, Seen};
use iama_recipes::Strategy;
use serde_json::{Value, json};

use self::server::{No, Server, URL, Yes, embedded, evidence, job, machine, request, table, through_json};
use crate::generated;
use crate::models::{self, says};
use crate::world::World;

mod hostile;
mod server;

const PLAIN: &[(&str, &str)] = &[
    ("lib.py", "def greet(name):\n    return 'hi ' + name\n\ndef show(name):\n    print greet(name)\n"),
    (
        "test_lib.py",
        "import unittest\nimport lib\n\nclass T(unittest.TestCase):\n    def test_greet(self):\n        self.assertEqual(lib.greet('a'), 'hi a')\n",
    ),
];

#[test]
fn a_job_with_recipes_alone_gives_the_same_bytes_as_without_a_server() {
    let (here, alone) = embedded(PLAIN, None, &mut Yes, |_| ());
    let world = World::new(PLAIN);
    let (folder, machine) = (job(&world, "there", |_| ()), machine(&world));
    let mut server = Server::new("there", None);
    server.start();
    server.drive(&folder, &machine, &mut Yes, 1);
    assert_eq!((server.job.state.place(), server.wanted().len()), (alone.state.place(), 0));
    assert_eq!(world.read_job("patch.json"), here.read_job("patch.json"));
    assert_eq!(evidence(&world), evidence(&here));
    assert!(world.read_job("evidence.json").contains(&format!("this evidence, to {URL}, which drives the job")));
    // The mirror is the journal, so what reads a job's folder reads this one.
    let shown = world.iama(&["jobs", "show", "there", "--json"]);
    assert_eq!((shown.code, &shown.json()["state"]), (0, &Value::from("DELIVERED")), "{}", shown.err);
    let names: Vec<&str> = server.documents().map(|document| document.name.as_str()).collect();
    for name in [
        "workspace.json",
        "proposals.json",
        "spec/1.md",
        "legacy.summary.json",
        "recipes.json",
        "recipes.operations.json",
        "result.summary.json",
        "patch.json",
        "patch.diff",
        "patch.manifest.json",
        "evidence.json",
        "report.html",
        "iama.sarif",
    ] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
    for document in server.documents().filter(|document| document.holds == Holds::Names) {
        for text in ["'hi '", "return ", "print ", "self.assert"] {
            assert!(!document.text.contains(text), "{}: {}", document.name, document.text);
        }
    }
    // A part of it that was chosen elsewhere is tested and applied; it is taken back from here.
    let chosen = "selection-1.json";
    server.documents = BTreeMap::from([(chosen.to_owned(), json!({"files": ["lib.py"], "hunks": []}).to_string())]);
    let selection = Selection::Subset { selection: ArtifactId::from(chosen) };
    server.take(Event::Decision(Decision::ApplyDelivery { selection, complexity_confirmed: true }));
    server.drive(&folder, &machine, &mut Yes, 1);
    assert_eq!(world.read("lib.py"), PLAIN[0].1.replace("print greet(name)", "print(greet(name))"));
    assert!(server.documents().any(|document| document.name == "subset.summary.json"));
    server.decided(&Executor::open(folder.clone(), &machine).unwrap().decided(Decision::RevertDelivery).unwrap());
    server.drive(&folder, &machine, &mut Yes, 1);
    assert_eq!(world.read("lib.py"), PLAIN[0].1);
}

/// What mends [`PLAIN`].
const MENDS: &str = "lib.py\n<<<<<<< SEARCH\n    print greet(name)\n=======\n    print(greet(name))\n>>>>>>> REPLACE\n";

/// Edits of what recipes would have done, and what they could not.
const MENDED: &str = "\
lib.py
<<<<<<< SEARCH
    return total / count
=======
    return total // count
>>>>>>> REPLACE

lib.py
<<<<<<< SEARCH
    if isinstance(code, basestring):
=======
    if isinstance(code, str):
>>>>>>> REPLACE

lib.py
<<<<<<< SEARCH
        if sizes.has_key(name):
=======
        if name in sizes:
>>>>>>> REPLACE
";

/// A provider that writes tests in two rounds, and a patch at the second try.
fn provider() -> Background {
    let first = generated::FIRST.replace("SPIN", "iama");
    Fake::in_background(move |seen: &Seen| {
        let asked = seen.texts();
        says(if asked.contains("# What became of earlier tests") {
            generated::SECOND
        } else if asked.contains("# What no test notices") {
            &first
        } else if asked.contains("The most similar lines of the file") {
            MENDED
        } else {
            "lib.py\n<<<<<<< SEARCH\n    return total / counts\n=======\n    return total // count\n>>>>>>> REPLACE\n"
        })
    })
    .unwrap()
}

#[test]
fn a_job_with_models_gives_the_same_bytes_and_no_call_is_made_twice() {
    let key = format!("AKIA{}", "Q3EGRJ5VXK2DT7MZ");
    let lib = format!("KEY = '{key}'\n{}", generated::LIB);
    let files = &[("lib.py", lib.as_str()), ("test_lib.py", generated::TEST)];
    let wish = |request: &mut Request| (request.generate_tests, request.no_recipes) = (true, true);
    let (own, other) = (provider(), provider());
    let (here, alone) = embedded(files, Some(&table(&own.url)), &mut Yes, wish);
    assert_eq!(alone.state.place().to_string(), "DELIVERED.ready");
    let world = World::new(files);
    let (folder, machine) = (job(&world, "there", wish), machine(&world));
    let mut server = Server::new("there", Some(&table(&other.url)));
    server.start();
    let told = server.drive(&folder, &machine, &mut Yes, 2);
    assert_eq!(server.job.state.place(), alone.state.place());
    for name in ["patch.json", "generated.json"] {
        assert_eq!(world.read_job(name), here.read_job(name), "{name}");
    }
    assert_eq!(evidence(&world), evidence(&here));
    let names: Vec<&str> = server.wanted().iter().map(|call| call.name.as_str()).collect();
    assert_eq!(names, ["tests-1-1-1-1", "tests-1-2-1-1", "5-1", "5-2"]);
    // What is asked is the same to the byte, and asked once.
    let asked = |provider: &Background| provider.seen().iter().map(Seen::texts).collect::<Vec<_>>();
    assert_eq!(asked(&other), asked(&own));
    assert!(server.wanted().iter().all(|call| !serde_json::to_string(call).unwrap().contains(&key)));
    let leaking: Vec<&str> =
        server.documents().filter(|told| told.text.contains(&key)).map(|told| told.name.as_str()).collect();
    assert_eq!(leaking, [""; 0]);
    let failed = server.documents().find(|told| told.name == "result.failures.json").unwrap();
    assert!(failed.text.contains("basestring") && failed.holds == Holds::Source, "{}", failed.text);
    // Faults that the project's own tests miss are looked for once, and each call is told of once.
    let stages = |text: &str| told.iter().filter(|line| line.contains(text)).count();
    assert_eq!((stages("to see what no test notices"), stages("Call {"), stages("Answered {")), (1, 4, 4), "{told:#?}");
}

/// Takes a deep fix at its price, and then leaves the job.
#[derive(Default)]
struct Pays {
    asked: bool,
    paid: bool,
}

impl Decider for Pays {
    fn decide(&mut self, question: &Question) -> Result<(Answer, &'static str), Problem> {
        let Question::Situation(situation) = question else { return Yes.decide(question) };
        let choice = |word: &str| situation.choices.iter().find(|choice| choice.word == word);
        let priced = choice("confirm-deep-fix").and_then(|choice| choice.with.first()?.strip_prefix("--quote "));
        let said = match priced {
            Some(quote) if !self.paid => {
                self.paid = true;
                Said { word: "confirm-deep-fix".to_owned(), quote: Some(quote.to_owned()), ..Said::default() }
            }
            None if !self.asked => {
                self.asked = true;
                Said { word: "deep-fix".to_owned(), ..Said::default() }
            }
            _ => return Ok((Answer::Later, PERSON)),
        };
        Ok((Answer::Say(said), PERSON))
    }
}

#[test]
fn a_price_is_the_same_afar_and_what_is_paid_from_it_is_told() {
    let provider = || {
        let mut cheap = models::useless();
        let both = move |seen: &Seen| if seen.body["model"] == "dear" { says(MENDS) } else { cheap(seen) };
        Fake::in_background(both).unwrap()
    };
    let two = |url: &str| {
        let mut both: Value = serde_json::from_str(&table(url)).unwrap();
        let mut dear = both["route"][0].clone();
        (dear["class"], dear["model"]) = (json!("L3"), json!("dear"));
        both["route"].as_array_mut().unwrap().push(dear);
        both.to_string()
    };
    let wish = |request: &mut Request| request.no_recipes = true;
    let (own, other) = (provider(), provider());
    let (here, alone) = embedded(PLAIN, Some(&two(&own.url)), &mut Pays::default(), wish);
    assert_eq!(alone.state.place().to_string(), "DELIVERED.ready");
    let world = World::new(PLAIN);
    let (folder, machine) = (job(&world, "here", wish), machine(&world));
    let mut server = Server::new("here", Some(&two(&other.url)));
    server.start();
    server.drive(&folder, &machine, &mut Pays::default(), 1);
    for name in ["quotes.json", "patch.json", "spending.jsonl"] {
        assert_eq!(world.read_job(name), here.read_job(name), "{name}");
    }
    assert_eq!(evidence(&world), evidence(&here));
    let quote: Value = serde_json::from_str(&world.read_job("quotes.json")).unwrap();
    assert!(quote.as_object().unwrap().values().all(|price| price.as_u64().unwrap() > 0), "{quote}");
}

#[test]
fn a_machine_that_is_stopped_at_every_stage_comes_to_the_same_end_and_asks_for_nothing_twice() {
    static STOP: AtomicBool = AtomicBool::new(false);
    let mends = || Fake::in_background(|_| says(MENDS)).unwrap();
    let (own, other) = (mends(), mends());
    let wish = |request: &mut Request| request.no_recipes = true;
    let (here, _) = embedded(PLAIN, Some(&table(&own.url)), &mut Yes, wish);
    let world = World::new(PLAIN);
    let (folder, mut machine) = (job(&world, "there", wish), machine(&world));
    machine.sandbox.stop = Some(&STOP);
    let mut server = Server::new("there", Some(&table(&other.url)));
    server.stop = Some(&STOP);
    server.start();
    server.drive(&folder, &machine, &mut Yes, 2);
    assert!(server.cut_short > 5, "{}", server.cut_short);
    assert_eq!(world.read_job("patch.json"), here.read_job("patch.json"));
    assert_eq!(evidence(&world), evidence(&here));
    assert_eq!((server.wanted().len(), other.seen().len(), own.seen().len()), (1, 1, 1));
}

#[test]
fn tests_of_a_model_are_the_same_when_the_job_is_stopped_at_every_stage_and_resumed() {
    static STOP: AtomicBool = AtomicBool::new(false);
    let files = &[("lib.py", generated::LIB), ("test_lib.py", generated::TEST)];
    let wish = |request: &mut Request| request.generate_tests = true;
    let (own, other) = (provider(), provider());
    let (here, _) = embedded(files, Some(&table(&own.url)), &mut Yes, wish);
    let world = World::new(files);
    let folder = JobFolder { root: world.root(), id: "here".to_owned() };
    iama_engine::start(&folder, &request(&world, wish)).unwrap();
    let mut machine = machine(&world);
    machine.models = Some(iama_engine::Models::new(server::router(&table(&other.url))).unwrap());
    machine.sandbox.stop = Some(&STOP);
    let (mut told, mut stops) = (Vec::new(), 0);
    loop {
        let done = iama_engine::drive(&folder, &machine, &mut Yes, &mut |step| {
            if let Progress::Stage(stage) = step
                && !told.contains(&stage)
            {
                told.push(stage);
                STOP.store(true, Ordering::Relaxed);
            }
        });
        match done {
            Ok(_) => break,
            Err(problem) => assert_eq!(problem.code, "INTERRUPTED"),
        }
        STOP.store(false, Ordering::Relaxed);
        stops += 1;
    }
    assert!(stops > 8, "{stops}");
    for name in ["patch.json", "generated.json"] {
        assert_eq!(world.read_job(name), here.read_job(name), "{name}");
    }
    assert_eq!((evidence(&world), other.seen().len()), (evidence(&here), own.seen().len()));
}

#[test]
fn a_cap_of_money_that_was_set_here_holds_whatever_a_server_would_pay() {
    let wish = |request: &mut Request| {
        request.no_recipes = true;
        request.max_cost = Some(iama_model::Cost::from_microdollars(1000));
    };
    let provider = Fake::in_background(|_| says(MENDS)).unwrap();
    let world = World::new(PLAIN);
    let (folder, machine) = (job(&world, "there", wish), machine(&world));
    let mut server = Server::new("there", Some(&table(&provider.url)));
    server.start();
    server.drive(&folder, &machine, &mut Yes, 1);
    let place = server.job.state.place().to_string();
    assert_eq!((place.as_str(), server.wanted().len(), provider.seen().len()), ("FALLBACK_REQUIRED", 0, 0));
}

/// Every file below IAMA's folder with its bytes.
fn kept(world: &World) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut open = vec![world.root().join(".iama")];
    let mut files = BTreeMap::new();
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            if entry.file_type().unwrap().is_dir() {
                open.push(entry.path());
            } else {
                files.insert(entry.path(), std::fs::read(entry.path()).unwrap());
            }
        }
    }
    files
}

/// Carries the next order out.
fn step(server: &mut Server, executor: &mut Executor<'_>) {
    let reply = executor.carry_out(&server.order().unwrap(), &mut Yes, &mut |_| ()).unwrap();
    server.hear(&through_json(&reply));
}

/// What is done to a good answer, and the code that it is refused by.
type Spoil = (&'static str, fn(&mut Answered));

#[test]
fn an_answer_fits_the_call_that_was_wanted_or_is_refused_and_an_order_that_comes_twice_does_no_harm() {
    let files = &[("lib.py", generated::LIB), ("test_lib.py", generated::TEST)];
    let world = World::new(files);
    let wish = |request: &mut Request| (request.generate_tests, request.strategy) = (true, Some(Strategy::Standard));
    let (folder, machine, provider) = (job(&world, "there", wish), machine(&world), provider());
    let mut server = Server::new("there", Some(&table(&provider.url)));
    server.start();
    let mut executor = Executor::open(folder, &machine).unwrap();
    while server.turn == 0 {
        if server.order().is_some() {
            step(&mut server, &mut executor);
        } else {
            executor.follow(&server.news(), &mut |_| ()).unwrap();
            server.seen = server.records.len();
            let decided = executor.decide(&mut Yes, &mut |_| ()).unwrap().unwrap();
            server.decided(&decided);
        }
    }
    let good = server.order().unwrap();
    let before = kept(&world);
    let spoils: [Spoil; 3] = [
        ("ANSWER_UNASKED", |answer| answer.fingerprint = "0".repeat(64)),
        ("ANSWER_UNASKED", |answer| answer.name.push('1')),
        ("ANSWER_INVALID", |answer| answer.audit.outcome = "\u{1b}[2J".to_owned()),
    ];
    for (code, spoil) in spoils {
        let mut order = good.clone();
        spoil(&mut order.answers[0]);
        let refused = executor.carry_out(&order, &mut No, &mut |_| ()).unwrap_err();
        assert_eq!((refused.code, kept(&world) == before), (code, true), "{refused}");
    }
    let wanted = |executor: &mut Executor<'_>| match executor.carry_out(&good, &mut No, &mut |_| ()).unwrap().outcome {
        Outcome::Wants { call } => call,
        other => panic!("{other:?}"),
    };
    let once = wanted(&mut executor);
    let spending = world.read_job("spending.jsonl");
    assert_eq!((wanted(&mut executor), once.name.as_str()), (once.clone(), "tests-1-2-1-1"));
    assert_eq!(world.read_job("spending.jsonl"), spending, "an answer is paid for once");
    // What the server declines for want of money leaves the effect without that answer, whatever it is asked again.
    let came = json!({"came": "DECLINED", "why": "CAP_REACHED"});
    let mut declined = good.clone();
    declined.answers[0].name.clone_from(&once.name);
    declined.answers[0].fingerprint.clone_from(&once.fingerprint);
    declined.answers[0].came = serde_json::from_value(came).unwrap();
    for _ in 0..2 {
        let reply = executor.carry_out(&declined, &mut No, &mut |_| ()).unwrap();
        assert!(matches!(reply.outcome, Outcome::Result { .. }), "{reply:?}");
        assert!(world.read_job("generated.json").contains("the cap of money would be passed"));
    }
}

#[test]
fn what_a_server_approves_runs_nothing_here_that_nobody_here_has_allowed() {
    let world = World::new(PLAIN);
    let (folder, machine) = (job(&world, "there", |_| ()), machine(&world));
    let mut server = Server::new("there", None);
    server.start();
    let mut executor = Executor::open(folder, &machine).unwrap();
    let strategy = iama_job::state::Strategy::Standard;
    let mut decisions = [Decision::SelectProposal { strategy }, Decision::ApproveSpec].into_iter();
    loop {
        match server.order() {
            None => server.take(Event::Decision(decisions.next().unwrap())),
            Some(order) if matches!(order.dispatch.effect, iama_job::Effect::RunBaseline { .. }) => break,
            Some(order) => {
                let reply = executor.carry_out(&order, &mut No, &mut |_| ()).unwrap();
                server.hear(&reply);
            }
        }
    }
    let order = server.order().unwrap();
    assert_eq!(executor.carry_out(&order, &mut No, &mut |_| ()).unwrap_err().code, "DECISION_NEEDED");
    assert!(!world.job().join("legacy.suite.json").exists());
    step(&mut server, &mut executor);
    assert!(world.job().join("legacy.suite.json").exists());
    let said: Vec<Value> =
        world.read_job("decisions.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let said: Vec<_> = said.iter().map(|row| (row["code"].as_str().unwrap(), row["by"].as_str().unwrap())).collect();
    let expected = [
        ("STRATEGY", "elsewhere"),
        ("SPEC", "elsewhere"),
        ("LOCAL_NATIVE_NO_VCS_CHECKPOINT", PERSON),
        ("NATIVE_RUN", PERSON),
    ];
    assert_eq!(said, expected);
}

#[test]
fn a_spec_that_was_edited_elsewhere_becomes_the_next_revision_and_a_rule_cannot_be_taken_out() {
    let world = World::new(PLAIN);
    let (folder, machine) = (job(&world, "there", |_| ()), machine(&world));
    let mut server = Server::new("there", None);
    server.start();
    let mut executor = Executor::open(folder.clone(), &machine).unwrap();
    let strategy = iama_job::state::Strategy::Standard;
    loop {
        match (server.order(), executor.job().unwrap().state.place().to_string().as_str()) {
            (Some(_), _) => step(&mut server, &mut executor),
            (None, "WAITING_SPEC_APPROVAL") => break,
            (None, _) => {
                executor.follow(&server.news(), &mut |_| ()).unwrap();
                server.seen = server.records.len();
                if server.job.strategy.is_none() {
                    server.take(Event::Decision(Decision::SelectProposal { strategy }));
                }
            }
        }
    }
    let mut spec: Value = serde_json::from_str(&world.read_job("spec.json")).unwrap();
    let token = spec["token"].clone();
    let items = spec["items"].as_array_mut().unwrap();
    items.push(json!({"id": "", "kind": "SDD", "text": "Greetings stay polite.", "origin": "person"}));
    let edited = json!({"based_on": token, "by": "person", "items": items});
    // One that was made here and that the server refused leaves nothing.
    let kept_before = kept(&world);
    let own = serde_json::from_value(edited.clone()).unwrap();
    let decided = executor.edit_spec(&own).unwrap();
    assert!(decided.documents["spec/2.edited.json"].contains("stay polite"));
    executor.take_back(&decided).unwrap();
    assert_eq!(kept(&world).len(), kept_before.len() + 1, "a list of what was sent, which is empty");
    let mut without_rule = edited.clone();
    let place = without_rule["items"].as_array().unwrap().iter().position(|item| item["kind"] == "RULE").unwrap();
    without_rule["items"].as_array_mut().unwrap().remove(place);
    server.take(Event::Decision(Decision::EditSpec));
    let before = kept(&world);
    for (bad, code) in [(without_rule.to_string(), "SPEC_INVALID"), ("[]".to_owned(), "DOCUMENT_INVALID")] {
        server.documents = BTreeMap::from([("spec/2.edited.json".to_owned(), bad)]);
        let refused = executor.follow(&server.news(), &mut |_| ()).unwrap_err();
        assert_eq!((refused.code, kept(&world) == before), (code, true), "{refused}");
    }
    server.documents = BTreeMap::from([("spec/2.edited.json".to_owned(), edited.to_string())]);
    let documents = executor.follow(&server.news(), &mut |_| ()).unwrap();
    assert!(documents.iter().any(|document| document.name == "spec/2.md" && document.text.contains("stay polite")));
    // Once more is no harm: a server does not know what has arrived.
    assert_eq!(executor.follow(&server.news(), &mut |_| ()).unwrap(), documents);
    let Some(Question::Spec(agreement)) = executor.question().unwrap() else { panic!("it waits for a yes") };
    assert_eq!(
        (agreement.spec.revision, agreement.spec.items.last().unwrap().text.as_str()),
        (2, "Greetings stay polite.")
    );
    assert!(agreement.spec.items.last().unwrap().id.starts_with('S'), "{:?}", agreement.spec.items);
}
