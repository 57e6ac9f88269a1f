//! Jobs: made, listed, started, stopped, and nobody else's business.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use time::Duration;

use crate::support::{Answer, TestApp, token};

fn wanted() -> Value {
    json!({ "project": "shop", "language_pair": "python2-3", "execution_mode": "LOCAL_NATIVE" })
}

/// Somebody who may start jobs. Gives the access token.
pub(crate) async fn person(app: &TestApp, email: &str) -> String {
    let pair = app.register(email).await;
    let access = token(&pair, "access_token").to_owned();
    let answer = app.call(Method::POST, "/api/v1/me/disclosure", Some(&access), None).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    access
}

pub(crate) async fn write(
    app: &TestApp,
    method: Method,
    path: &str,
    token: &str,
    key: &str,
    body: Option<Value>,
) -> Answer {
    let text = body.map(|body| body.to_string()).unwrap_or_default();
    let request = axum::http::Request::builder()
        .method(method)
        .uri(format!("/api/v1{path}"))
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .header("idempotency-key", key)
        .body(text.into());
    app.send(request.unwrap()).await
}

/// Makes a job. Gives its name.
pub(crate) async fn made(app: &TestApp, token: &str, key: &str) -> String {
    let answer = write(app, Method::POST, "/jobs", token, key, Some(wanted())).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    answer.json()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_job_waits_is_started_and_is_stopped() {
    let app = TestApp::new().await;
    let access = person(&app, "a@example.org").await;
    let id = made(&app, &access, "1").await;
    let path = format!("/jobs/{id}");
    let shown = app.get(&format!("/api/v1{path}"), Some(&access)).await.json();
    assert_eq!((&shown["status"], &shown["heartbeat_status"]), (&json!("PENDING"), &json!("NONE")));
    let started = write(&app, Method::POST, &format!("{path}/start"), &access, "2", None).await;
    assert_eq!(started.json()["place"], "ANALYZING.preflight", "{}", started.text);
    let shown = app.get(&format!("/api/v1{path}"), Some(&access)).await.json();
    let preflight = shown["open_requests"].clone();
    assert_eq!(preflight.as_array().unwrap().len(), 1);
    let again = write(&app, Method::POST, &format!("{path}/start"), &access, "3", None).await;
    assert_eq!(again.error(), (409, "ALREADY_STARTED".to_owned()));
    let stopped = write(&app, Method::DELETE, &path, &access, "4", None).await;
    assert_eq!(stopped.json()["status"], "FAILED");
    let shown = app.get(&format!("/api/v1{path}"), Some(&access)).await.json();
    assert_eq!(shown["failure_reason"], "USER_CANCELLED");
    assert!(shown["ended_at"].is_string());
    assert_ne!(shown["open_requests"], preflight, "what is left to do is the evidence");
}

#[tokio::test]
async fn before_the_disclosure_is_accepted_no_job_starts() {
    let app = TestApp::new().await;
    let pair = app.register("a@example.org").await;
    let access = token(&pair, "access_token");
    let id = made(&app, access, "1").await;
    let started = write(&app, Method::POST, &format!("/jobs/{id}/start"), access, "2", None).await;
    assert_eq!(started.error(), (403, "DISCLOSURE_REQUIRED".to_owned()));
}

#[tokio::test]
async fn a_fourth_job_of_a_day_is_for_those_who_pay() {
    let app = TestApp::new().await;
    let access = person(&app, "a@example.org").await;
    for number in 0..4 {
        let id = made(&app, &access, &format!("make {number}")).await;
        let path = format!("/jobs/{id}/start");
        let started = write(&app, Method::POST, &path, &access, &format!("start {number}"), None).await;
        if number < 3 {
            assert_eq!(started.status, StatusCode::OK, "{}", started.text);
        } else {
            assert_eq!(started.error(), (403, "DAILY_JOBS_USED".to_owned()));
            let shown = app.get(&format!("/api/v1/jobs/{id}"), Some(&access)).await.json();
            assert_eq!(shown["status"], "PENDING", "nothing of the start is left");
        }
    }
}

#[tokio::test]
async fn a_job_elsewhere_needs_a_tier_and_another_version() {
    let app = TestApp::new().await;
    let access = person(&app, "a@example.org").await;
    let elsewhere = json!({ "project": "shop", "language_pair": "python2-3", "execution_mode": "REMOTE_SANDBOX" });
    let denied = write(&app, Method::POST, "/jobs", &access, "1", Some(elsewhere.clone())).await;
    assert_eq!(denied.error(), (403, "ENTITLEMENT_DENIED".to_owned()));
    sqlx::query("UPDATE subscription_tiers SET tier = 'MAX'")
        .execute(&mut *app.db.pool().acquire().await.unwrap())
        .await
        .unwrap();
    let denied = write(&app, Method::POST, "/jobs", &access, "2", Some(elsewhere)).await;
    assert_eq!(denied.error(), (422, "NOT_IN_THIS_VERSION".to_owned()));
}

#[tokio::test]
async fn a_key_does_a_write_once_and_for_one_request_only() {
    let app = TestApp::new().await;
    let access = person(&app, "a@example.org").await;
    let first = write(&app, Method::POST, "/jobs", &access, "same", Some(wanted())).await;
    let second = write(&app, Method::POST, "/jobs", &access, "same", Some(wanted())).await;
    assert_eq!((first.status, &first.text), (second.status, &second.text));
    assert_eq!(second.headers["idempotency-replayed"], "true");
    let other = json!({ "project": "other", "language_pair": "python2-3", "execution_mode": "LOCAL_NATIVE" });
    let reused = write(&app, Method::POST, "/jobs", &access, "same", Some(other)).await;
    assert_eq!(reused.error(), (422, "IDEMPOTENCY_KEY_REUSED".to_owned()));
    let bob = person(&app, "b@example.org").await;
    let of_bob = write(&app, Method::POST, "/jobs", &bob, "same", Some(wanted())).await;
    assert!(of_bob.json()["id"] != first.json()["id"], "keys are a person's own");
    let missing = app.post("/api/v1/jobs", Some(&access), wanted()).await;
    assert_eq!(missing.error(), (400, "IDEMPOTENCY_KEY_MISSING".to_owned()));
    app.pass(Duration::hours(24));
    let pair = app.login("a@example.org", crate::support::PASSWORD).await.json();
    let next_day = write(&app, Method::POST, "/jobs", token(&pair, "access_token"), "same", Some(wanted())).await;
    assert!(next_day.json()["id"] != first.json()["id"], "a day later it is a new write");
}

#[tokio::test]
async fn the_list_goes_on_where_the_last_page_ended() {
    let app = TestApp::new().await;
    let access = person(&app, "a@example.org").await;
    let mut made_jobs = Vec::new();
    for number in 0..5 {
        made_jobs.push(made(&app, &access, &number.to_string()).await);
        app.pass(Duration::MICROSECOND);
    }
    made_jobs.reverse();
    let (mut seen, mut path) = (Vec::new(), "/api/v1/jobs?limit=2".to_owned());
    loop {
        let page = app.get(&path, Some(&access)).await.json();
        seen.extend(page["jobs"].as_array().unwrap().iter().map(|job| job["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/api/v1/jobs?limit=2&cursor={next}");
    }
    assert_eq!(seen, made_jobs);
    let none = app.get("/api/v1/jobs?status=DELIVERED", Some(&access)).await.json();
    assert_eq!(none, json!({ "jobs": [], "next": null }));
    for wrong in ["limit=0", "limit=101", "cursor=x", "status=NOWHERE", "page=2"] {
        let answer = app.get(&format!("/api/v1/jobs?{wrong}"), Some(&access)).await;
        assert_eq!(answer.error(), (422, "VALIDATION_FAILED".to_owned()), "{wrong}");
    }
}

#[tokio::test]
async fn to_anybody_else_a_job_does_not_exist() {
    let app = TestApp::new().await;
    let ada = person(&app, "a@example.org").await;
    let bob = person(&app, "b@example.org").await;
    let id = made(&app, &ada, "1").await;
    let missing = (404, "NOT_FOUND".to_owned());
    assert_eq!(app.get(&format!("/api/v1/jobs/{id}"), Some(&bob)).await.error(), missing);
    assert_eq!(app.get("/api/v1/jobs/none", Some(&ada)).await.error(), missing);
    for (method, path) in [(Method::POST, "/start"), (Method::DELETE, ""), (Method::POST, "/force-terminate")] {
        let answer = write(&app, method, &format!("/jobs/{id}{path}"), &bob, &format!("key{path}"), None).await;
        assert_eq!(answer.error(), missing, "{path}");
    }
    assert_eq!(app.post(&format!("/api/v1/jobs/{id}/heartbeat"), Some(&bob), json!({})).await.error(), missing);
    assert_eq!(app.get("/api/v1/jobs", Some(&bob)).await.json()["jobs"], json!([]));
}

#[tokio::test]
async fn one_client_works_for_a_job() {
    let app = TestApp::new().await;
    let access = person(&app, "a@example.org").await;
    let id = made(&app, &access, "1").await;
    let beat = async |session: Value| {
        app.post(&format!("/api/v1/jobs/{id}/heartbeat"), Some(&access), json!({ "client_session": session })).await
    };
    let first = beat(Value::Null).await.json();
    assert_eq!(first["next_in"], 30);
    assert_eq!(beat(first["client_session"].clone()).await.json(), first);
    assert_eq!(beat(Value::Null).await.error(), (409, "CLIENT_NOT_BOUND".to_owned()));
    let shown = app.get(&format!("/api/v1/jobs/{id}"), Some(&access)).await.json();
    assert_eq!(shown["heartbeat_status"], "ACTIVE");
}
