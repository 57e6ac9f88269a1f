//! The server calls models by itself, and another server goes on with what one has given back.

use std::path::Path;
use std::time::Duration;

use iama_model::fake::{Background, Fake, Reply, Step, frames};
use serde_json::{Value, json};

use crate::dev::Server;

pub(crate) const KEY: &str = "key-of-the-provider";

/// What is there at last.
pub(crate) fn eventually<T>(look: impl Fn() -> Option<T>) -> Option<T> {
    (0..400).find_map(|_| {
        look().or_else(|| {
            std::thread::sleep(Duration::from_millis(50));
            None
        })
    })
}

/// A person's machine.
pub(crate) struct Machine<'a> {
    server: &'a Server,
    access: String,
    /// The trace that its requests are a part of.
    pub(crate) traceparent: Option<String>,
}

impl Machine<'_> {
    pub(crate) fn ask(&self, method: &str, path: &str, key: Option<&str>, body: &Value) -> Value {
        let key = key.map(|key| format!("\r\nidempotency-key: {key}")).unwrap_or_default();
        let access = &self.access;
        let trace = self.traceparent.as_ref().map(|trace| format!("\r\ntraceparent: {trace}")).unwrap_or_default();
        // The first line and more headers: what sends them adds its own.
        let head = format!("{method} /api/v1{path} HTTP/1.1\r\nauthorization: Bearer {access}{key}{trace}\r\nx-rest:");
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (status, answer) = self.server.ask(&head, &body);
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        serde_json::from_str(&answer).unwrap_or_default()
    }

    /// Waits until the job's machine is asked for something.
    fn waiting(&self, job: &str) -> String {
        let path = format!("/jobs/{job}/execution/requests");
        let first = || self.ask("GET", &path, None, &Value::Null)["requests"][0]["id"].as_str().map(str::to_owned);
        eventually(first).unwrap()
    }

    fn claim(&self, job: &str, session: &Value) -> (String, Value) {
        let request = self.waiting(job);
        let body = json!({ "client_session": session });
        let claimed = self.ask("POST", &format!("/jobs/{job}/execution/requests/{request}/claim"), None, &body);
        (request, claimed)
    }

    /// A job whose analysis may want a model, and the machine's session.
    pub(crate) fn at_analysis(&self) -> (String, Value) {
        self.ask("POST", "/me/disclosure", None, &Value::Null);
        let wanted = json!({ "project": "shop", "language_pair": "python2-3", "execution_mode": "LOCAL_NATIVE" });
        let job = self.ask("POST", "/jobs", Some("make"), &wanted)["id"].as_str().unwrap().to_owned();
        self.ask("POST", &format!("/jobs/{job}/start"), Some("start"), &Value::Null);
        let session = self.ask("POST", &format!("/jobs/{job}/heartbeat"), None, &json!({}))["client_session"].clone();
        let result = |result: Value| json!({ "outcome": "RESULT", "result": result });
        self.reply(&job, &session, &result(json!({ "type": "PREFLIGHT_DONE", "dirty": false })));
        self.reply(&job, &session, &result(json!({ "type": "CONTEXT_BUILT", "tokens": 100, "confidence": 90 })));
        (job, session)
    }

    pub(crate) fn reply(&self, job: &str, session: &Value, outcome: &Value) {
        let (request, claimed) = self.claim(job, session);
        let order = &claimed["order"];
        let reply = json!({
            "effect": order["dispatch"]["id"], "turn": order["turn"], "outcome": outcome, "documents": [],
        });
        let body = json!({ "fencing_token": claimed["fencing_token"], "reply": reply });
        self.ask("POST", &format!("/jobs/{job}/execution/requests/{request}/result"), None, &body);
    }
}

pub(crate) fn login<'a>(server: &'a Server, password: &str) -> Machine<'a> {
    let body = json!({ "email": "dev@localhost.test", "password": password }).to_string();
    let (status, answer) = server.ask("POST /api/v1/auth/login", &body);
    assert_eq!(status, 200, "{answer}");
    let pair: Value = serde_json::from_str(&answer).unwrap();
    Machine { server, access: pair["access_token"].as_str().unwrap().to_owned(), traceparent: None }
}

/// A route table with this provider.
pub(crate) fn table(provider: &Background) -> String {
    let route =
        json!({ "class": "L1", "provider": "openai", "model": "scripted", "price": { "input": 1.0, "output": 2.0 } });
    let openai = json!({ "kind": "openai-compatible", "base-url": format!("{}/v1", provider.url) });
    json!({ "route": [route], "provider": { "openai": openai } }).to_string()
}

fn start(data: &Path, provider: &Background) -> Server {
    Server::start_with(data, &[("IAMA_LLM_ROUTE_TABLE", &table(provider)), ("OPENAI_API_KEY", KEY)])
}

pub(crate) fn wants() -> Value {
    let prompt = json!({ "system": "", "interfaces": "", "spec": "", "task": "What is it for?", "again": [] });
    json!({ "outcome": "WANTS", "call": {
        "name": "analysis-1", "stage": "analysis", "class": "L1", "quote": null, "prompt": prompt, "form": { "form": "text" },
        "template": { "name": "analysis/1", "hash": "0".repeat(64) }, "fingerprint": "f".repeat(64),
    } })
}

#[test]
fn a_call_that_a_server_gives_back_when_it_ends_is_made_by_the_next() {
    let mut first = true;
    let provider = Fake::in_background(move |_| {
        let reply = Reply::stream(&frames::openai(&["Shops sell."], "stop"));
        if std::mem::take(&mut first) { Reply::stream(&[]).then(Step::Hang) } else { reply }
    });
    let provider = provider.unwrap();
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    let data = folder.path().join("data");
    let mut server = start(&data, &provider);
    let password = server.read_password();

    let machine = login(&server, &password);
    let (job, session) = machine.at_analysis();
    machine.reply(&job, &session, &wants());
    let seen = eventually(|| provider.seen().pop()).unwrap();
    assert_eq!(seen.header("authorization"), Some(format!("Bearer {KEY}").as_str()));
    assert_eq!(server.stop(), Some(0));

    let server = start(&data, &provider);
    let machine = login(&server, &password);
    machine.ask("POST", &format!("/jobs/{job}/heartbeat"), None, &json!({ "client_session": session }));
    let (_, claimed) = machine.claim(&job, &session);
    assert_eq!(claimed["order"]["answers"][0]["came"]["text"], "Shops sell.");
    assert_eq!(provider.seen().len(), 2);
    assert_eq!(server.stop(), Some(0));
}
