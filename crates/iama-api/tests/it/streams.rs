//! What readers of a job's stream see.

use std::time::Duration as Wait;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use futures_util::StreamExt as _;
use iama_api::sweeping::{self, Swept};
use serde_json::{Value, json};
use time::Duration;

use crate::execution::Machine;
use crate::jobs::{made, person, write};
use crate::support::{PASSWORD, TestApp, token};

/// An event of a stream.
#[derive(Debug, Clone, PartialEq)]
struct Seen {
    id: i64,
    event: String,
    data: Value,
}

/// A stream that is read.
struct Read {
    body: axum::body::BodyDataStream,
    text: String,
}

impl Read {
    async fn open(app: &TestApp, job: &str, access: &str, after: Option<i64>) -> Self {
        let mut request =
            Request::get(format!("/api/v1/jobs/{job}/logs")).header("authorization", format!("Bearer {access}"));
        if let Some(after) = after {
            request = request.header("last-event-id", after.to_string());
        }
        let response = app.open(request.body(Body::empty()).unwrap()).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { body: response.into_body().into_data_stream(), text: String::new() }
    }

    /// The next event; nothing when none comes, or the stream ends.
    async fn next(&mut self) -> Option<Seen> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |name: &str| {
                    event
                        .lines()
                        .find_map(|line| line.strip_prefix(&format!("{name}: ")))
                        .unwrap_or_default()
                        .to_owned()
                };
                if event.starts_with(':') {
                    continue;
                }
                let mut data: Value = serde_json::from_str(&field("data")).unwrap();
                data.as_object_mut().unwrap().remove("at_ms").unwrap();
                return Some(Seen { id: field("id").parse().unwrap(), event: field("event"), data });
            }
            let piece = tokio::time::timeout(Wait::from_millis(500), self.body.next()).await.ok()??;
            self.text.push_str(std::str::from_utf8(&piece.unwrap()).unwrap());
        }
    }

    async fn all(&mut self) -> Vec<Seen> {
        let mut seen = Vec::new();
        while let Some(event) = self.next().await {
            seen.push(event);
        }
        seen
    }
}

async fn started(app: &TestApp) -> (String, String) {
    let access = person(app, "a@example.org").await;
    let job = made(app, &access, "1").await;
    let answer = write(app, axum::http::Method::POST, &format!("/jobs/{job}/start"), &access, "2", None).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    (access, job)
}

#[tokio::test]
async fn a_reader_who_comes_back_misses_and_repeats_nothing() {
    let app = TestApp::new().await;
    let (access, job) = started(&app).await;
    let mut read = Read::open(&app, &job, &access, None).await;
    let first = read.next().await.unwrap();
    assert_eq!((first.id, first.event.as_str(), &first.data["to"]), (1, "state_change", &json!("ANALYZING.preflight")));
    drop(read);
    let rest = Read::open(&app, &job, &access, Some(1)).await.all().await;
    assert_eq!(rest.iter().map(|seen| (seen.id, seen.event.as_str())).collect::<Vec<_>>(), [(2, "execution_request")]);
}

#[tokio::test]
async fn an_event_reaches_a_waiting_reader_when_the_bell_rings() {
    let app = TestApp::new().await;
    let (access, job) = started(&app).await;
    let mut read = Read::open(&app, &job, &access, Some(2)).await;
    assert_eq!(read.next().await, None);
    write(&app, axum::http::Method::DELETE, &format!("/jobs/{job}"), &access, "3", None).await;
    app.state.hub.ring(job.parse().unwrap());
    let seen: Vec<String> = read.all().await.into_iter().map(|seen| seen.event).collect();
    assert_eq!(seen, ["state_change", "execution_request", "job_end"]);
}

#[tokio::test]
async fn a_stream_outlives_its_access_token_and_not_its_session() {
    let app = TestApp::new().await;
    let (access, job) = started(&app).await;
    let mut read = Read::open(&app, &job, &access, Some(2)).await;
    app.pass(Duration::minutes(16));
    let pair = app.login("a@example.org", PASSWORD).await.json();
    let later = token(&pair, "access_token");
    write(&app, axum::http::Method::DELETE, &format!("/jobs/{job}"), later, "3", None).await;
    app.state.hub.ring(job.parse().unwrap());
    assert_eq!(read.all().await.len(), 3, "the token has expired, the session goes on");
    sqlx::query("UPDATE user_sessions SET revoked_at = now(), revoked_reason = 'LOGOUT'")
        .execute(&mut *app.db.pool().acquire().await.unwrap())
        .await
        .unwrap();
    app.state.hub.ring(job.parse().unwrap());
    let ended = tokio::time::timeout(Wait::from_secs(5), read.body.next()).await.unwrap();
    assert!(ended.is_none(), "the session is over");
}

#[tokio::test]
async fn only_the_owner_reads() {
    let app = TestApp::new().await;
    let (_, job) = started(&app).await;
    let bob = person(&app, "b@example.org").await;
    assert_eq!(app.get(&format!("/api/v1/jobs/{job}/logs"), Some(&bob)).await.error().0, 404);
    assert_eq!(app.get(&format!("/api/v1/jobs/{job}/logs"), None).await.error().0, 401);
}

#[tokio::test]
async fn a_silent_client_is_lost_once_and_may_come_back_within_its_grace() {
    let app = TestApp::new().await;
    let (access, job) = started(&app).await;
    let path = format!("/api/v1/jobs/{job}/heartbeat");
    let session = app.post(&path, Some(&access), json!({})).await.json()["client_session"].clone();
    app.pass(Duration::seconds(34));
    assert_eq!(sweeping::sweep(&app.state).await.unwrap(), Swept::default());
    app.pass(Duration::seconds(1));
    assert_eq!(sweeping::sweep(&app.state).await.unwrap(), Swept { lost: 1, ..Swept::default() });
    assert_eq!(sweeping::sweep(&app.state).await.unwrap(), Swept::default());
    let shown = app.get(&format!("/api/v1/jobs/{job}"), Some(&access)).await.json();
    assert_eq!((&shown["status"], &shown["heartbeat_status"]), (&json!("CLIENT_HEARTBEAT_LOST"), &json!("LOST")));
    assert_eq!(shown["grace_deadline_at"], "2026-11-23T12:05:35Z");
    app.pass(Duration::seconds(299));
    app.post(&path, Some(&access), json!({ "client_session": session })).await;
    let shown = app.get(&format!("/api/v1/jobs/{job}"), Some(&access)).await.json();
    assert_eq!((&shown["status"], &shown["heartbeat_status"]), (&json!("ANALYZING"), &json!("ACTIVE")));
    let told = Read::open(&app, &job, &access, None).await.all().await;
    assert_eq!(told.iter().filter(|seen| seen.event == "heartbeat_status").count(), 2);
}

#[tokio::test]
async fn after_its_grace_a_lost_client_has_cost_the_job() {
    let app = TestApp::new().await;
    let (access, job) = started(&app).await;
    app.post(&format!("/api/v1/jobs/{job}/heartbeat"), Some(&access), json!({})).await;
    app.pass(Duration::seconds(35));
    sweeping::sweep(&app.state).await.unwrap();
    app.pass(Duration::seconds(300));
    assert_eq!(sweeping::sweep(&app.state).await.unwrap(), Swept { fired: 1, ..Swept::default() });
    let shown = app.get(&format!("/api/v1/jobs/{job}"), Some(&access)).await.json();
    assert_eq!((&shown["status"], &shown["failure_reason"]), (&json!("FAILED"), &json!("CLIENT_DISCONNECTED")));
    let billable: bool = sqlx::query_scalar("SELECT billable FROM round_settlements")
        .fetch_one(&mut *app.db.pool().acquire().await.unwrap())
        .await
        .unwrap();
    assert!(!billable, "before the tests are generated nothing is charged");
}

#[tokio::test]
async fn what_a_machine_shows_its_user_is_shown_to_every_reader_sealed_bounded_and_for_its_time() {
    let app = TestApp::new().await;
    let access = person(&app, "a@example.org").await;
    let machine = Machine::with(&app, &access, "made").await;
    let tell = async |key: &str, lines: Value| {
        let body = json!({ "client_session": machine.beat().await, "lines": lines });
        machine.write("/execution/log", key, Some(body)).await
    };
    let mut watcher = Read::open(&app, &machine.job, &access, None).await;
    let before = watcher.all().await.last().unwrap().id;
    let secret = format!("key AKIA{}", "Q3EGRJ5VXK2DT7MZ");
    let lines = json!(["tests run on FORTY_ONE", secret, "2 of 3 passed"]);
    let told = tell("1", lines.clone()).await;
    assert_eq!(told.json(), json!({ "taken": 3, "room": 4_997 }), "{}", told.text);
    assert_eq!(tell("1", lines).await.text, told.text, "the same key tells once");
    app.state.hub.ring(machine.job.parse().unwrap());
    let seen: Vec<Seen> = watcher.all().await.into_iter().filter(|seen| seen.event == "log_line").collect();
    let texts: Vec<&str> = seen.iter().map(|seen| seen.data["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["tests run on FORTY_ONE", "(left out: it looks like a secret)", "2 of 3 passed"]);
    assert_eq!(seen[0].id, before + 1);
    let mut back = Read::open(&app, &machine.job, &access, Some(seen[1].id)).await;
    assert_eq!(back.next().await.as_ref(), Some(&seen[2]), "who comes back misses and repeats nothing");
    let rows: Vec<String> = sqlx::query_scalar("SELECT t::text FROM stream_events t")
        .fetch_all(&mut *app.db.pool().acquire().await.unwrap())
        .await
        .unwrap();
    assert!(rows.iter().any(|row| row.contains("log_line")) && !rows.iter().any(|row| row.contains("FORTY_ONE")));

    for lines in [json!([]), json!(vec!["x"; 101]), json!(["x".repeat(2_001)])] {
        let key = format!("bad {}", lines.to_string().len());
        assert_eq!(tell(&key, lines).await.error(), (422, "VALIDATION_FAILED".to_owned()));
    }
    let stranger = json!({ "client_session": uuid::Uuid::nil(), "lines": ["x"] });
    let refused = machine.write("/execution/log", "stranger", Some(stranger)).await;
    assert_eq!(refused.error(), (409, "CLIENT_NOT_BOUND".to_owned()));
    for batch in 0..50 {
        assert_eq!(tell(&format!("batch {batch}"), json!(vec!["x"; 100])).await.status, StatusCode::OK);
    }
    let full = tell("more", json!(["x"])).await;
    assert_eq!(full.json(), json!({ "taken": 0, "room": 0 }), "{}", full.text);
    app.pass(Duration::days(14));
    sweeping::tidy(&app.state).await.unwrap();
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM stream_events WHERE event = 'log_line'")
        .fetch_one(&mut *app.db.pool().acquire().await.unwrap())
        .await
        .unwrap();
    assert_eq!(left, 0);
}
