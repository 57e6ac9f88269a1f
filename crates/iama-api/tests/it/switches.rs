//! What administrators do to people and to everybody: switches, quota; and what they see.

use axum::http::{Method, StatusCode};
use iama_api::sweeping;
use iama_store::admins::AdminRole;
use iama_store::{credits, switches};
use serde_json::{Value, json};
use time::Duration;
use uuid::Uuid;

use crate::jobs::{made, person, write};
use crate::support::{Answer, NOW, TestApp};

async fn switch(app: &TestApp, access: &str, body: Value) -> Answer {
    app.post("/api/v1/admin/kill-switch", Some(access), body).await
}

async fn started(app: &TestApp, access: &str, key: &str) -> (String, Answer) {
    let job = made(app, access, key).await;
    let answer = write(app, Method::POST, &format!("/jobs/{job}/start"), access, &format!("start {key}"), None).await;
    (job, answer)
}

async fn job(app: &TestApp, access: &str, job: &str) -> Value {
    app.get(&format!("/api/v1/jobs/{job}"), Some(access)).await.json()
}

async fn name(app: &TestApp, access: &str) -> String {
    app.get("/api/v1/me", Some(access)).await.json()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn everything_stops_at_once_and_nothing_starts() {
    let app = TestApp::new().await;
    let (_, access) = app.admin(AdminRole::Engineer, "e@example.org").await;
    let (ada, bob) = (person(&app, "a@example.org").await, person(&app, "b@example.org").await);
    let (of_ada, _) = started(&app, &ada, "1").await;
    let (of_bob, _) = started(&app, &bob, "1").await;
    let waits = made(&app, &ada, "waits").await;
    let on = json!({ "scope": "GLOBAL", "active": true, "reason": "a leak" });
    let done = switch(&app, &access, on.clone()).await;
    assert_eq!(done.json(), json!({ "scope": "GLOBAL", "active": true, "stopped_jobs": 2 }), "{}", done.text);
    for (access, id) in [(&ada, &of_ada), (&bob, &of_bob)] {
        let shown = job(&app, access, id).await;
        assert_eq!((&shown["status"], &shown["failure_reason"]), (&json!("FAILED"), &json!("KILL_SWITCH")));
    }
    assert_eq!(job(&app, &ada, &waits).await["status"], "PENDING");
    let path = format!("/jobs/{waits}/start");
    let refused = write(&app, Method::POST, &path, &ada, "start", None).await;
    assert_eq!(refused.error(), (503, "KILL_SWITCH".to_owned()));
    assert_eq!(switch(&app, &access, on).await.json()["stopped_jobs"], 0);

    let off = json!({ "scope": "GLOBAL", "active": false, "reason": "mended" });
    assert_eq!(switch(&app, &access, off).await.status, StatusCode::OK);
    let again = write(&app, Method::POST, &path, &ada, "start", None).await;
    assert_eq!(again.status, StatusCode::OK, "the same key may try again: {}", again.text);
    let reasons: Vec<Value> =
        app.audited().await.into_iter().filter(|(action, _)| action == "KILL_SWITCH").map(|(_, told)| told).collect();
    assert_eq!(reasons.len(), 3);
    assert_eq!(reasons[2], json!({ "scope": "GLOBAL", "active": false, "reason": "mended" }));
}

#[tokio::test]
async fn what_a_switch_stops_costs_nothing_and_does_not_count_for_the_day() {
    let app = TestApp::new().await;
    let (_, access) = app.admin(AdminRole::SuperAdmin, "s@example.org").await;
    let ada = person(&app, "a@example.org").await;
    let (id, _) = started(&app, &ada, "1").await;
    switch(&app, &access, json!({ "scope": "GLOBAL", "active": true, "reason": "a leak" })).await;
    let settled: (String, bool) =
        sqlx::query_as("SELECT failure_class, billable FROM round_settlements WHERE job_id = $1::uuid")
            .bind(&id)
            .fetch_one(&mut *app.db.pool().acquire().await.unwrap())
            .await
            .unwrap();
    assert_eq!(settled, ("INFRA_FAILURE".to_owned(), false));
    let today: i64 = sqlx::query_scalar("SELECT count(*) FROM quota_reservations WHERE counted_on IS NOT NULL")
        .fetch_one(&mut *app.db.pool().acquire().await.unwrap())
        .await
        .unwrap();
    assert_eq!(today, 0, "nor does it count for the day");
}

#[tokio::test]
async fn one_person_is_stopped_and_nobody_else() {
    let app = TestApp::new().await;
    let (_, support) = app.admin(AdminRole::Support, "s@example.org").await;
    let (ada, bob) = (person(&app, "a@example.org").await, person(&app, "b@example.org").await);
    let (of_ada, _) = started(&app, &ada, "1").await;
    let (of_bob, _) = started(&app, &bob, "1").await;
    let everybody = json!({ "scope": "GLOBAL", "active": true, "reason": "x" });
    assert_eq!(switch(&app, &support, everybody).await.error(), (403, "FORBIDDEN".to_owned()));
    let who = name(&app, &ada).await;
    let set = |active: bool| json!({ "scope": "USER", "user_id": who, "active": active, "reason": "abuse" });
    assert_eq!(switch(&app, &support, set(true)).await.json()["stopped_jobs"], 1);
    assert_eq!(job(&app, &ada, &of_ada).await["failure_reason"], "KILL_SWITCH");
    assert_eq!(job(&app, &bob, &of_bob).await["status"], "ANALYZING");
    assert_eq!(started(&app, &ada, "2").await.1.error(), (403, "ACCOUNT_SUSPENDED".to_owned()));
    assert_eq!(switch(&app, &support, set(false)).await.status, StatusCode::OK);
    assert_eq!(started(&app, &ada, "3").await.1.status, StatusCode::OK);

    for (wrong, fault) in [
        (json!({ "scope": "USER", "active": true, "reason": "x" }), 422),
        (json!({ "scope": "GLOBAL", "user_id": who, "active": true, "reason": "x" }), 403),
        (json!({ "scope": "USER", "user_id": who, "active": true, "reason": " " }), 422),
        (json!({ "scope": "USER", "user_id": Uuid::nil(), "active": true, "reason": "x" }), 404),
    ] {
        assert_eq!(switch(&app, &support, wrong.clone()).await.error().0, fault, "{wrong}");
    }
}

#[tokio::test]
async fn a_job_that_slipped_through_is_found_by_the_next_sweep() {
    let app = TestApp::new().await;
    let (admin, _) = app.admin(AdminRole::SuperAdmin, "s@example.org").await;
    let ada = person(&app, "a@example.org").await;
    let (id, _) = started(&app, &ada, "1").await;
    // As when the process died between the switch and the jobs.
    let mut connection = app.db.pool().acquire().await.unwrap();
    switches::stop_all(&mut connection, true, admin.parse().unwrap(), NOW).await.unwrap();
    drop(connection);
    assert_eq!(sweeping::sweep(&app.state).await.unwrap().stopped, 1);
    assert_eq!(job(&app, &ada, &id).await["failure_reason"], "KILL_SWITCH");
    assert_eq!(sweeping::sweep(&app.state).await.unwrap().stopped, 0);
}

#[tokio::test]
async fn a_job_that_cannot_be_stopped_keeps_no_other_at_work() {
    let app = TestApp::new().await;
    let (_, access) = app.admin(AdminRole::SuperAdmin, "s@example.org").await;
    let ada = person(&app, "a@example.org").await;
    let (broken, _) = started(&app, &ada, "1").await;
    let (other, _) = started(&app, &ada, "2").await;
    sqlx::query("UPDATE refactor_jobs SET snapshot = '{}' WHERE id = $1::uuid")
        .bind(&broken)
        .execute(&mut *app.db.pool().acquire().await.unwrap())
        .await
        .unwrap();
    let done = switch(&app, &access, json!({ "scope": "GLOBAL", "active": true, "reason": "x" })).await;
    assert_eq!(done.json()["stopped_jobs"], 1, "{}", done.text);
    assert_eq!(job(&app, &ada, &other).await["failure_reason"], "KILL_SWITCH");
}

async fn adjust(app: &TestApp, access: &str, user: &str, key: &str, body: Value) -> Answer {
    write(app, Method::PATCH, &format!("/admin/quota/{user}"), access, key, Some(body)).await
}

#[tokio::test]
async fn quota_is_given_and_taken_in_double_entry_and_on_record() {
    let app = TestApp::new().await;
    let (_, access) = app.admin(AdminRole::Support, "s@example.org").await;
    let ada = person(&app, "a@example.org").await;
    let who = name(&app, &ada).await;
    let gift = json!({ "credits": 100, "extra_jobs_a_day": 1, "reason": "an apology" });
    let given = adjust(&app, &access, &who, "1", gift.clone()).await;
    let has = |credits: u64| json!({ "user_id": who, "tier": "FREE", "extra_jobs_a_day": 1, "credits_available": credits, "credits_reserved": 0 });
    assert_eq!(given.json(), has(100), "{}", given.text);
    let again = adjust(&app, &access, &who, "1", gift).await;
    assert_eq!((again.json(), again.headers.contains_key("idempotency-replayed")), (has(100), true));
    assert_eq!(adjust(&app, &access, &who, "2", json!({ "credits": -30, "reason": "x" })).await.json(), has(70));
    let short = adjust(&app, &access, &who, "3", json!({ "credits": -71, "reason": "x" })).await;
    assert_eq!(short.error(), (409, "CREDITS_SHORT".to_owned()));
    let none = adjust(&app, &access, &Uuid::nil().to_string(), "4", json!({ "credits": 1, "reason": "x" })).await;
    assert_eq!(none.error(), (404, "NOT_FOUND".to_owned()));
    let no_key = app.call(Method::PATCH, &format!("/api/v1/admin/quota/{who}"), Some(&access), Some(json!({}))).await;
    assert_eq!(no_key.error(), (400, "IDEMPOTENCY_KEY_MISSING".to_owned()));

    let mut connection = app.db.pool().acquire().await.unwrap();
    assert_eq!(credits::audit(&mut connection).await.unwrap(), Vec::<String>::new());
    let adjusted: Vec<Value> = app
        .audited()
        .await
        .into_iter()
        .filter(|(action, _)| action == "QUOTA_ADJUSTED")
        .map(|(_, told)| told)
        .collect();
    assert_eq!(adjusted.len(), 2, "what was refused is not on record");
    assert_eq!(adjusted[0], json!({ "credits": 100, "extra_jobs_a_day": 1, "reason": "an apology" }));
    for number in 0..4 {
        assert_eq!(started(&app, &ada, &number.to_string()).await.1.status, StatusCode::OK, "one more than three");
    }
    assert_eq!(started(&app, &ada, "fifth").await.1.error(), (403, "DAILY_JOBS_USED".to_owned()));
}

#[tokio::test]
async fn health_says_what_was_measured() {
    let app = TestApp::new().await;
    let (_, access) = app.admin(AdminRole::Support, "s@example.org").await;
    let health = async || app.get("/api/v1/admin/health", Some(&access)).await.json();
    let idle = health().await;
    assert_eq!((&idle["jobs"]["success_rate"], &idle["models"]), (&Value::Null, &json!([])));
    assert_eq!(idle["requests"], json!({ "count": 1, "errors": 0, "error_rate": 0.0 }), "the sign-in");

    let ada = person(&app, "a@example.org").await;
    let (id, _) = started(&app, &ada, "1").await;
    started(&app, &ada, "2").await;
    write(&app, Method::DELETE, &format!("/jobs/{id}"), &ada, "cancel", None).await;
    let busy = health().await;
    assert_eq!(busy["jobs"]["active"], json!({ "ANALYZING": 1 }));
    assert_eq!(busy["jobs"]["ended"], json!({ "USER_CANCELLED": 1 }));
    assert_eq!(busy["jobs"]["success_rate"], Value::Null, "whoever cancels has not failed");

    let (_, root) = app.admin(AdminRole::SuperAdmin, "r@example.org").await;
    switch(&app, &root, json!({ "scope": "GLOBAL", "active": true, "reason": "x" })).await;
    let stopped = health().await;
    assert_eq!((&stopped["stopped"], &stopped["jobs"]["success_rate"]), (&json!(true), &json!(0.0)));
    let refused = started(&app, &ada, "3").await.1;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    let requests = health().await["requests"].clone();
    assert_eq!(requests["errors"], 1);
    app.pass(Duration::minutes(5));
    assert_eq!(health().await["requests"], json!({ "count": 0, "errors": 0, "error_rate": null }));
}
