//! The person's machine at work for a job: requests, claims, results.

use axum::http::{Method, StatusCode};
use iama_job::EffectResult;
use iama_job::event::TestOutcome;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use time::Duration;
use walkdir::WalkDir;

use crate::decisions::Play;
use crate::jobs::{made, person, write};
use crate::support::{Answer, TestApp};

/// A machine that works for a job.
pub(crate) struct Machine<'a> {
    pub(crate) app: &'a TestApp,
    pub(crate) access: String,
    pub(crate) job: String,
    session: Value,
}

impl<'a> Machine<'a> {
    /// One with a job that was started.
    pub(crate) async fn at_work(app: &'a TestApp) -> Self {
        let access = person(app, "a@example.org").await;
        Self::with(app, &access, "make").await
    }

    /// One with a job that was started, of somebody who has an account.
    pub(crate) async fn with(app: &'a TestApp, access: &str, key: &str) -> Self {
        let job = made(app, access, key).await;
        let machine = Self { app, access: access.to_owned(), job, session: Value::Null };
        let started = machine.write("/start", &format!("start-{key}"), None).await;
        assert_eq!(started.status, StatusCode::OK, "{}", started.text);
        Self { session: machine.beat().await, ..machine }
    }

    /// A beat. Gives the machine's session.
    pub(crate) async fn beat(&self) -> Value {
        let body = if self.session.is_null() { json!({}) } else { json!({ "client_session": self.session }) };
        self.post("/heartbeat", body).await.json()["client_session"].clone()
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.app.post(&format!("/api/v1/jobs/{}{path}", self.job), Some(&self.access), body).await
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.app.get(&format!("/api/v1/jobs/{}{path}", self.job), Some(&self.access)).await.json()
    }

    pub(crate) async fn write(&self, path: &str, key: &str, body: Option<Value>) -> Answer {
        write(self.app, Method::POST, &format!("/jobs/{}{path}", self.job), &self.access, key, body).await
    }

    /// The one request that waits.
    pub(crate) async fn waiting(&self) -> (String, String) {
        let listed = self.get("/execution/requests").await;
        let [only] = &listed["requests"].as_array().unwrap()[..] else { return Default::default() };
        (only["id"].as_str().unwrap().to_owned(), only["kind"].as_str().unwrap().to_owned())
    }

    pub(crate) async fn claim(&self, request: &str) -> Answer {
        self.claim_with(request, json!({})).await
    }

    pub(crate) async fn claim_with(&self, request: &str, more: Value) -> Answer {
        let mut body = json!({ "client_session": self.session, "seen": 0 });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.post(&format!("/execution/requests/{request}/claim"), body).await
    }

    pub(crate) async fn answer(
        &self,
        request: &str,
        claimed: &Value,
        result: Value,
        documents: &[(&str, &str)],
    ) -> Answer {
        let outcome = json!({ "outcome": "RESULT", "result": result });
        self.reply(request, claimed, outcome, documents).await
    }

    pub(crate) async fn reply(
        &self,
        request: &str,
        claimed: &Value,
        outcome: Value,
        documents: &[(&str, &str)],
    ) -> Answer {
        let documents: Vec<Value> = documents.iter().map(|(name, text)| document(name, text)).collect();
        let reply = json!({
            "effect": claimed["order"]["dispatch"]["id"],
            "turn": claimed["order"]["turn"],
            "outcome": outcome,
            "documents": documents,
        });
        let body = json!({ "fencing_token": claimed["fencing_token"], "reply": reply });
        self.post(&format!("/execution/requests/{request}/result"), body).await
    }
}

fn document(name: &str, text: &str) -> Value {
    let hash = hex::encode(Sha256::digest(text.as_bytes()));
    json!({ "name": name, "holds": "SOURCE", "sha256": hash, "text": text })
}

pub(crate) fn preflight(dirty: bool) -> Value {
    json!({ "type": "PREFLIGHT_DONE", "dirty": dirty })
}

#[tokio::test]
async fn a_request_is_claimed_carried_out_and_followed_by_the_next() {
    let app = TestApp::new().await;
    let machine = Machine::at_work(&app).await;
    let (request, kind) = machine.waiting().await;
    assert_eq!(kind, "PREFLIGHT");
    let claimed = machine.claim(&request).await.json();
    assert_eq!(claimed["order"]["news"]["records"].as_array().unwrap().len(), 1);
    assert_eq!(claimed["order"]["dispatch"]["effect"]["type"], "PREFLIGHT");
    let answered = machine.answer(&request, &claimed, preflight(false), &[]).await;
    assert_eq!(answered.json()["place"], "ANALYZING.context", "{}", answered.text);
    let (next, kind) = machine.waiting().await;
    assert!(next != request && kind == "BUILD_CONTEXT", "{kind}");
}

#[tokio::test]
async fn an_answer_counts_once_and_whoever_lost_the_claim_is_told() {
    let app = TestApp::new().await;
    let machine = Machine::at_work(&app).await;
    let (request, _) = machine.waiting().await;
    let first = machine.claim(&request).await.json();
    let second = machine.claim(&request).await.json();
    let late = machine.answer(&request, &first, preflight(true), &[]).await;
    assert_eq!(late.error(), (409, "LEASE_LOST".to_owned()));
    let counts = machine.answer(&request, &second, preflight(false), &[]).await;
    let again = machine.answer(&request, &second, preflight(false), &[]).await;
    assert_eq!((counts.status, &counts.text), (again.status, &again.text));
    let other = machine.answer(&request, &second, preflight(true), &[]).await;
    assert_eq!(other.error(), (409, "ALREADY_ANSWERED".to_owned()));
    assert_eq!(machine.get("").await["seq"], 2);
}

#[tokio::test]
async fn a_claim_is_renewed_or_runs_out() {
    let app = TestApp::new().await;
    let machine = Machine::at_work(&app).await;
    let (request, _) = machine.waiting().await;
    let claimed = machine.claim(&request).await.json();
    assert_eq!(claimed["lease_until"], "2026-11-23T12:01:00Z");
    app.pass(Duration::seconds(20));
    let token = json!({ "fencing_token": claimed["fencing_token"] });
    let renewed = machine.post(&format!("/execution/requests/{request}/renew"), token).await.json();
    assert_eq!(renewed["lease_until"], "2026-11-23T12:01:20Z");
    for _ in 0..2 {
        app.pass(Duration::seconds(30));
        machine.post("/heartbeat", json!({ "client_session": machine.session })).await;
    }
    iama_api::sweeping::sweep(&app.state).await.unwrap();
    let listed = machine.get("/execution/requests").await;
    assert_eq!(listed["requests"][0]["status"], "OPEN");
}

#[tokio::test]
async fn only_the_client_that_is_bound_may_claim() {
    let app = TestApp::new().await;
    let machine = Machine::at_work(&app).await;
    let (request, _) = machine.waiting().await;
    let body = json!({ "client_session": uuid::Uuid::nil() });
    let stranger = machine.post(&format!("/execution/requests/{request}/claim"), body).await;
    assert_eq!(stranger.error(), (409, "CLIENT_NOT_BOUND".to_owned()));
    let nothing = machine.claim(&uuid::Uuid::nil().to_string()).await;
    assert_eq!(nothing.error(), (404, "NOT_FOUND".to_owned()));
}

#[tokio::test]
async fn an_answer_that_does_not_fit_is_refused_and_leaves_nothing() {
    let app = TestApp::new().await;
    let machine = Machine::at_work(&app).await;
    let (request, _) = machine.waiting().await;
    let claimed = machine.claim(&request).await.json();
    let mut other = claimed.clone();
    other["order"]["turn"] = json!(1);
    let refused = machine.answer(&request, &other, preflight(false), &[]).await;
    assert_eq!(refused.error(), (422, "VALIDATION_FAILED".to_owned()));
    let body = json!({ "fencing_token": claimed["fencing_token"], "reply": null });
    let refused = machine.post(&format!("/execution/requests/{request}/result"), body).await;
    assert_eq!(refused.error(), (422, "VALIDATION_FAILED".to_owned()));
    assert_eq!(machine.get("").await["seq"], 1);
    let answered = machine.answer(&request, &claimed, preflight(false), &[]).await;
    assert_eq!(answered.status, StatusCode::OK, "the claim holds still");
}

#[tokio::test]
async fn work_that_was_cut_short_is_offered_again() {
    let app = TestApp::new().await;
    let machine = Machine::at_work(&app).await;
    let (request, _) = machine.waiting().await;
    let claimed = machine.claim(&request).await.json();
    let reply = json!({
        "effect": claimed["order"]["dispatch"]["id"], "turn": 0, "outcome": { "outcome": "CUT_SHORT" }, "documents": [],
    });
    let body = json!({ "fencing_token": claimed["fencing_token"], "reply": reply });
    let answered = machine.post(&format!("/execution/requests/{request}/result"), body).await;
    assert_eq!(answered.status, StatusCode::OK, "{}", answered.text);
    assert_eq!(machine.get("/execution/requests").await["requests"][0]["status"], "OPEN");
}

#[tokio::test]
async fn a_decision_is_taken_or_refused_and_its_texts_go_to_the_machine() {
    let app = TestApp::new().await;
    let machine = Machine::at_work(&app).await;
    let (request, _) = machine.waiting().await;
    let claimed = machine.claim(&request).await.json();
    machine.answer(&request, &claimed, preflight(true), &[]).await;
    let start = json!({ "decision": { "type": "APPROVE_SPEC" } });
    assert_eq!(machine.write("/decisions", "1", Some(start)).await.status, StatusCode::CONFLICT);
    let texts = json!({ "decision": { "type": "PREFLIGHT_CONTINUE" }, "documents": { "command-1.txt": "rename it" } });
    let taken = machine.write("/decisions", "2", Some(texts)).await;
    assert_eq!(taken.json()["place"], "ANALYZING.context", "{}", taken.text);
    let news = machine.get("/news?seen=2").await;
    assert_eq!(news["records"].as_array().unwrap().len(), 1);
    assert_eq!(news["documents"], json!({ "command-1.txt": "rename it" }));
}

#[tokio::test]
async fn no_text_of_a_document_lies_anywhere_in_the_clear_and_after_its_time_nowhere() {
    const SECRET: &str = "def price(self): return self.net * 1.19";
    let app = TestApp::new().await;
    let machine = Machine::at_work(&app).await;
    let (request, _) = machine.waiting().await;
    let claimed = machine.claim(&request).await.json();
    let answered = machine.answer(&request, &claimed, preflight(false), &[("patch.diff", SECRET)]).await;
    assert_eq!(answered.status, StatusCode::OK, "{}", answered.text);
    let files = || WalkDir::new(app.objects.path()).into_iter().flatten().filter(|entry| entry.file_type().is_file());
    assert_eq!(files().count(), 1);
    for file in files() {
        let bytes = std::fs::read(file.path()).unwrap();
        assert!(!bytes.windows(9).any(|window| window == b"def price"));
    }
    let (rows, in_rows): (i64, i64) = sqlx::query_as(
        "SELECT count(*), count(*) FILTER (WHERE row LIKE '%def price%') FROM (
             SELECT a::text AS row FROM job_artifacts a UNION ALL SELECT r::text FROM execution_requests r
             UNION ALL SELECT e::text FROM job_events e UNION ALL SELECT s::text FROM stream_events s) AS rows",
    )
    .fetch_one(&mut *app.db.pool().acquire().await.unwrap())
    .await
    .unwrap();
    assert!(rows >= 7 && in_rows == 0, "{in_rows} of {rows}");
    app.pass(Duration::days(14));
    iama_api::sweeping::tidy(&app.state).await.unwrap();
    assert_eq!(files().count(), 0);
    let (rows, gone): (i64, i64) = sqlx::query_as("SELECT count(*), count(deleted_at) FROM job_artifacts")
        .fetch_one(&mut *app.db.pool().acquire().await.unwrap())
        .await
        .unwrap();
    assert_eq!((rows, gone), (1, 1), "the row stays");
}

#[tokio::test]
async fn a_result_may_name_its_request_itself_where_its_kind_is_answered() {
    let app = TestApp::new().await;
    let access = person(&app, "a@example.org").await;
    let play = Play::with(&app, &access, "made").await;
    let named = |request: &str, claimed: &Value, result: Value| {
        let (effect, turn) = (&claimed["order"]["dispatch"]["id"], &claimed["order"]["turn"]);
        let outcome = json!({ "outcome": "RESULT", "result": result });
        let reply = json!({ "effect": effect, "turn": turn, "outcome": outcome, "documents": [] });
        json!({ "request_id": request, "fencing_token": claimed["fencing_token"], "reply": reply })
    };
    let (request, claimed) = play.claim().await;
    for path in ["/execution/apply-result", "/execution/test-result"] {
        let refused = play.post(path, named(&request, &claimed, preflight(false))).await;
        assert_eq!(refused.error(), (422, "WRONG_REQUEST_KIND".to_owned()), "{}", refused.text);
        assert_eq!(refused.json()["error"]["details"]["kind"], "PREFLIGHT");
    }
    play.until("WAITING_STRATEGY.choosing", |_| None).await;
    play.say("/proposals/select", json!({ "strategy": "STANDARD" })).await;
    play.until("WAITING_SPEC_APPROVAL", |_| None).await;
    play.say("/spec/approve", json!({})).await;
    let green = EffectResult::TestsRun { outcome: TestOutcome::Green };
    let green = serde_json::to_value(green).unwrap();
    for (kind, own, other, result) in [
        ("APPLY_PATCH", "/execution/apply-result", "/execution/test-result", json!({ "type": "PATCH_APPLIED" })),
        ("RUN_TESTS", "/execution/test-result", "/execution/apply-result", green),
    ] {
        play.until_asked(kind, |_| None).await;
        let (request, claimed) = play.claim().await;
        let answer = named(&request, &claimed, result);
        assert_eq!(play.post(other, answer.clone()).await.error().1, "WRONG_REQUEST_KIND");
        let counts = play.post(own, answer.clone()).await;
        assert_eq!(counts.status, StatusCode::OK, "{}", counts.text);
        let again = play.post(own, answer.clone()).await;
        assert_eq!((again.status, again.text), (counts.status, counts.text), "the same answer counts once");
        let plain = json!({ "fencing_token": answer["fencing_token"], "reply": answer["reply"] });
        let direct = play.post(&format!("/execution/requests/{request}/result"), plain).await;
        assert_eq!(direct.status, StatusCode::OK, "{}", direct.text);
        let mut otherwise = answer;
        otherwise["reply"]["documents"] = json!([document("x.json", "{}")]);
        assert_eq!(play.post(own, otherwise).await.error(), (409, "ALREADY_ANSWERED".to_owned()));
    }
    let missing = named(&uuid::Uuid::nil().to_string(), &claimed, preflight(false));
    assert_eq!(play.post("/execution/test-result", missing).await.error(), (404, "NOT_FOUND".to_owned()));
}
