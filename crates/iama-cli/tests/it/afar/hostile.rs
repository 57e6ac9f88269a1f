//! Orders that are not what they should be.

use iama_engine::JobFolder;
use iama_engine::executor::{self, Executor, Order};
use iama_engine::models::Answered;
use iama_job::effect::PatchMode;
use iama_job::policy::baseline::EditMode;
use iama_job::{ArtifactId, Decision, Effect, JobId, ModelClass, Record, Timestamp};
use serde_json::json;

use super::server::{No, Server, URL, Yes, job, machine, request};
use super::{PLAIN, kept, step};
use crate::world::World;

/// What is done to a good order, and the code that it is refused by.
type Case<'c> = (&'static str, Box<dyn Fn(&mut Order) + 'c>);

/// An answer that nobody asked for.
fn answer(name: &str) -> Answered {
    let audit = json!({"tier": "LOCAL", "stage": "analysis", "class": "L1", "route": null, "template": {"name": "", "hash": ""},
        "cache": "miss", "tokens": {}, "estimated": false, "cost": null, "outcome": "OK", "repaired": false, "tries": []});
    let came = json!({"came": "DECLINED", "why": "CAP_REACHED"});
    serde_json::from_value(json!({"name": name, "fingerprint": "", "came": came, "audit": audit})).unwrap()
}

/// A patch for what a file says that is none of the job's.
fn command(name: &str) -> Effect {
    Effect::GeneratePatch {
        class: ModelClass::L1,
        mode: PatchMode::Command,
        attempt: 1,
        edits: EditMode::AstSymbolic,
        quote: None,
        command: Some(ArtifactId::from(name)),
    }
}

fn brings(name: &str) -> impl Fn(&mut Order) {
    move |order| {
        order.news.documents.insert(name.to_owned(), "x".to_owned());
    }
}

fn cases(first: &Record) -> Vec<Case<'_>> {
    vec![
        ("ORDER_FOREIGN", Box::new(|order| order.news.job.id = JobId::from("another"))),
        ("ORDER_JOB_DIFFERS", Box::new(|order| order.news.job.spec_revision = 7)),
        ("ORDER_RECORDS_INVALID", Box::new(|order| order.news.records[0].effects.clear())),
        ("ORDER_RECORDS_MISSING", Box::new(|order| order.news.records.clear())),
        ("ORDER_RECORDS_MISSING", Box::new(|order| order.news.records[0].seq += 1)),
        ("JOURNAL_NEWER", Box::new(|order| order.news.records[0].rules_version += 1)),
        (
            "ORDER_RECORDS_DIFFER",
            Box::new(|order| order.news.records.insert(0, Record { at: Timestamp(1), ..first.clone() })),
        ),
        ("ORDER_NOT_IN_FLIGHT", Box::new(|order| order.dispatch.id.index += 1)),
        ("ORDER_NOT_IN_FLIGHT", Box::new(|order| order.dispatch.effect = Effect::MigrateTests)),
        (
            "ORDER_ARTIFACT_INVALID",
            Box::new(|order| {
                order.dispatch.effect = command("../../../notes.txt");
                order.news.job.in_flight[0].dispatch = order.dispatch.clone();
            }),
        ),
        ("ANSWER_UNASKED", Box::new(|order| order.answers.push(answer("1-1")))),
        ("ANSWER_UNASKED", Box::new(|order| order.answers.push(answer("../../evil")))),
        ("DOCUMENT_UNASKED", Box::new(brings("../evil.txt"))),
        ("DOCUMENT_UNASKED", Box::new(brings("/tmp/evil.txt"))),
        ("DOCUMENT_UNASKED", Box::new(brings("request.json"))),
        ("DOCUMENT_UNASKED", Box::new(brings("command-1.txt"))),
        ("DOCUMENT_UNASKED", Box::new(brings("spec/1.edited.json"))),
    ]
}

#[test]
fn an_order_that_is_not_what_it_should_be_is_refused_by_code_and_leaves_nothing() {
    let world = World::new(PLAIN);
    let (folder, machine) = (job(&world, "there", |_| ()), machine(&world));
    let mut server = Server::new("there", None);
    server.start();
    let mut executor = Executor::open(folder, &machine).unwrap();
    step(&mut server, &mut executor);
    let good = server.order().unwrap();
    let first = server.records[0].clone();
    let before = kept(&world);
    for (at, (code, spoil)) in cases(&first).iter().enumerate() {
        let mut order = good.clone();
        spoil(&mut order);
        let refused = executor.carry_out(&order, &mut No, &mut |_| ()).unwrap_err();
        assert_eq!((refused.code, kept(&world) == before), (*code, true), "case {at}: {refused}");
    }
    // An order brings no request, and no field that nobody knows.
    let mut with_more = serde_json::to_value(&good).unwrap();
    with_more["request"] = json!({"exercise": ["rm -rf /"]});
    serde_json::from_value::<Order>(with_more).unwrap_err();
    for name in ["../there", "", "a/b"] {
        let folder = JobFolder { root: world.root(), id: name.to_owned() };
        assert_eq!(executor::start(&folder, &request(&world, |_| ()), URL).unwrap_err().code, "JOB_NAME_INVALID");
    }
    // The good one still stands, and an older one does not any more.
    step(&mut server, &mut executor);
    executor.follow(&server.news(), &mut |_| ()).unwrap();
    assert_eq!(executor.carry_out(&good, &mut Yes, &mut |_| ()).unwrap_err().code, "ORDER_STALE");
}

#[test]
fn a_job_has_one_driver() {
    let world = World::new(PLAIN);
    let (ours, theirs) = (JobFolder { root: world.root(), id: "ours".to_owned() }, job(&world, "theirs", |_| ()));
    let (machine, request) = (machine(&world), request(&world, |_| ()));
    iama_engine::start(&ours, &request).unwrap();
    let before = kept(&world);
    // A server cannot name a job of this machine's own, nor one of another server.
    assert_eq!(executor::start(&ours, &request, URL).unwrap_err().code, "JOB_EXISTS");
    assert_eq!(executor::start(&theirs, &request, "https://other.example").unwrap_err().code, "JOB_EXISTS");
    assert_eq!(Executor::open(ours, &machine).err().unwrap().code, "JOB_NOT_OF_SERVER");
    // What a server drives is not driven here, too.
    let driven = iama_engine::drive(&theirs, &machine, &mut Yes, &mut |_| ());
    assert_eq!(driven.unwrap_err().code, "JOB_OF_SERVER");
    let decided = iama_engine::decide(&theirs, &machine, Decision::Cancel, &mut |_| ());
    assert_eq!((decided.unwrap_err().code, kept(&world) == before), ("JOB_OF_SERVER", true));
    executor::start(&theirs, &request, URL).unwrap();
    assert_eq!(executor::server_of(&theirs).unwrap().as_deref(), Some(URL));
}
