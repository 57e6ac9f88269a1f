//! What people are entitled to, and what they have used of it.

use axum::http::{Method, StatusCode};
use iama_api::sweeping;
use iama_job::MilliCredits;
use iama_job::policy::billing::{RoundEnd, Settlement};
use iama_job::policy::tiers::QuotaLimits;
use iama_store::quota::{self, Round};
use serde_json::{Value, json};
use time::Duration;
use uuid::Uuid;

use crate::jobs::{made, person, write};
use crate::support::{NOW, PASSWORD, TestApp, token};

async fn get(app: &TestApp, access: &str, path: &str) -> Value {
    let answer = app.get(&format!("/api/v1{path}"), Some(access)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer.json()
}

async fn set_tier(app: &TestApp, tier: &str) {
    sqlx::query("UPDATE subscription_tiers SET tier = $1")
        .bind(tier)
        .execute(&mut *app.db.pool().acquire().await.unwrap())
        .await
        .unwrap();
    sweeping::sweep(&app.state).await.unwrap();
}

/// A round that was charged, or not.
async fn round(app: &TestApp, access: &str, key: &str, credits: u64, class: RoundEnd, billable: bool) -> String {
    let job = made(app, access, key).await;
    let user: Uuid = get(app, access, "/me").await["id"].as_str().unwrap().parse().unwrap();
    let round = Round { user, job: job.parse().unwrap(), round: 1 };
    let limits = QuotaLimits { jobs_a_day: 1_000, credits_to_start: Some(MilliCredits::credits(100)) };
    let settlement = Settlement { round: 1, class, billable, used: MilliCredits::credits(credits) };
    let mut transaction = app.db.begin().await.unwrap();
    quota::reserve(&mut transaction, round, &limits, NOW).await.unwrap().unwrap();
    quota::settle(&mut transaction, round, &settlement, NOW).await.unwrap();
    transaction.commit().await.unwrap();
    job
}

#[tokio::test]
async fn a_subscription_is_what_its_row_says() {
    let app = TestApp::new().await;
    let access = person(&app, "a@example.org").await;
    let free = get(&app, &access, "/subscription/me").await;
    assert_eq!((&free["tier"], &free["status"], &free["trial"]), (&json!("FREE"), &json!("ACTIVE"), &json!(false)));
    let none = json!({
        "jobs_a_day": 3, "context_tokens": 128_000, "strongest_model_class": "L1", "deep_fix": null,
        "fast_track": false, "analysis_report": false,
    });
    assert_eq!(free["entitlements"], none);
    set_tier(&app, "MAX").await;
    let max = get(&app, &access, "/subscription/me").await;
    assert_eq!((&max["entitlements"]["jobs_a_day"], &max["entitlements"]["deep_fix"]), (&json!(100), &json!("L3")));
}

#[tokio::test]
async fn with_a_missing_payment_no_job_starts_and_those_at_work_go_on() {
    let app = TestApp::new().await;
    let access = person(&app, "a@example.org").await;
    set_tier(&app, "PRO").await;
    let start = async |key: &str| {
        let job = made(&app, &access, key).await;
        write(&app, Method::POST, &format!("/jobs/{job}/start"), &access, &format!("start-{key}"), None).await
    };
    let at_work = start("before").await;
    assert_eq!(at_work.status, StatusCode::OK, "{}", at_work.text);
    set_status(&app, "PAST_DUE").await;
    assert_eq!(start("open").await.error(), (403, "SUBSCRIPTION_PAST_DUE".to_owned()));
    let listed = get(&app, &access, "/jobs").await;
    let places: Vec<&Value> = listed["jobs"].as_array().unwrap().iter().map(|job| &job["status"]).collect();
    assert_eq!(places, ["PENDING", "ANALYZING"], "and nothing was reserved for it");
    set_status(&app, "ACTIVE").await;
    assert_eq!(start("paid").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_cancelled_subscription_counts_until_its_period_ends() {
    let app = TestApp::new().await;
    let access = person(&app, "a@example.org").await;
    set_tier(&app, "MAX").await;
    set_status(&app, "CANCELLED").await;
    let elsewhere = json!({ "project": "shop", "language_pair": "python2-3", "execution_mode": "REMOTE_SANDBOX" });
    let asked =
        async |key: &str| write(&app, Method::POST, "/jobs", &access, key, Some(elsewhere.clone())).await.error();
    assert_eq!(asked("1").await, (422, "NOT_IN_THIS_VERSION".to_owned()));
    let before = get(&app, &access, "/subscription/me").await;
    assert_eq!((&before["tier"], &before["status"]), (&json!("MAX"), &json!("CANCELLED")));
    app.pass(Duration::days(32));
    let access = token(&app.login("a@example.org", PASSWORD).await.json(), "access_token").to_owned();
    let after = get(&app, &access, "/subscription/me").await;
    assert_eq!((&after["tier"], &after["entitlements"]["jobs_a_day"]), (&json!("FREE"), &json!(3)));
    let denied = write(&app, Method::POST, "/jobs", &access, "2", Some(elsewhere.clone())).await;
    assert_eq!(denied.error(), (403, "ENTITLEMENT_DENIED".to_owned()));
    let job = made(&app, &access, "free").await;
    let started = write(&app, Method::POST, &format!("/jobs/{job}/start"), &access, "start", None).await;
    assert_eq!(started.status, StatusCode::OK, "{}", started.text);
    let tier: String = sqlx::query_scalar("SELECT tier FROM entitlement_snapshots")
        .fetch_one(&mut *app.db.pool().acquire().await.unwrap())
        .await
        .unwrap();
    assert_eq!(tier, "FREE");
}

async fn set_status(app: &TestApp, status: &str) {
    sqlx::query("UPDATE subscription_tiers SET status = $1")
        .bind(status)
        .execute(&mut *app.db.pool().acquire().await.unwrap())
        .await
        .unwrap();
}

#[tokio::test]
async fn where_only_the_day_limits_the_day_is_told() {
    let app = TestApp::new().await;
    let access = person(&app, "a@example.org").await;
    let job = made(&app, &access, "1").await;
    assert_eq!(
        write(&app, Method::POST, &format!("/jobs/{job}/start"), &access, "2", None).await.status,
        StatusCode::OK
    );
    let told = get(&app, &access, "/usage/summary").await;
    let today =
        json!({ "jobs_started": 1, "jobs_allowed": 3, "percent_used": 33.3, "resets_at": "2026-11-24T00:00:00Z" });
    assert_eq!((&told["today"], &told["period"]), (&today, &Value::Null));
    assert_eq!(told["remaining"], "~2 typical refactors remaining today");
    let of_job = get(&app, &access, &format!("/usage/job/{job}")).await;
    let round = json!({
        "round": 1, "settled": false, "failure_class": null, "billable": null, "percent_of_period": null, "calls": [],
    });
    assert_eq!(of_job, json!({ "job_id": job, "rounds": [round] }));
}

#[tokio::test]
async fn what_was_used_is_told_in_parts_and_never_in_credits() {
    let app = TestApp::new().await;
    let access = person(&app, "a@example.org").await;
    set_tier(&app, "PLUS").await;
    let fresh = get(&app, &access, "/usage/summary").await;
    assert_eq!((&fresh["period"]["percent_used"], &fresh["period"]["level"]), (&json!(0.0), &json!("NORMAL")));
    assert_eq!(fresh["remaining"], "~40 typical refactors remaining", "1000 credits, 25 for a usual one");

    let paid = round(&app, &access, "paid", 37, RoundEnd::Delivered, true).await;
    let free = round(&app, &access, "free", 50, RoundEnd::InfraFailure, false).await;
    let told = get(&app, &access, "/usage/summary").await;
    assert_eq!(told["period"]["percent_used"], 3.7);
    assert_eq!(told["typical_refactors_remaining"], 38, "963 credits");
    let of = async |job: &str| get(&app, &access, &format!("/usage/job/{job}")).await["rounds"][0].clone();
    let (paid, free) = (of(&paid).await, of(&free).await);
    assert_eq!(
        (&paid["percent_of_period"], &paid["billable"], &paid["settled"]),
        (&json!(3.7), &json!(true), &json!(true))
    );
    assert_eq!((&free["percent_of_period"], &free["failure_class"]), (&json!(0.0), &json!("INFRA_FAILURE")));
    for text in [told.to_string(), paid.to_string(), free.to_string()] {
        assert!(!text.contains("credit") && !text.contains("_mc") && !text.contains("963"), "{text}");
    }
}

#[tokio::test]
async fn who_has_had_enough_rounds_is_told_by_their_median() {
    let app = TestApp::new().await;
    let access = person(&app, "a@example.org").await;
    set_tier(&app, "PLUS").await;
    for (number, credits) in [10, 90, 20, 30].into_iter().enumerate() {
        round(&app, &access, &number.to_string(), credits, RoundEnd::Delivered, true).await;
    }
    round(&app, &access, "not charged", 1, RoundEnd::InfraFailure, false).await;
    let four = get(&app, &access, "/usage/summary").await;
    assert_eq!(four["typical_refactors_remaining"], 34, "850 credits, 25 each");
    round(&app, &access, "fifth", 50, RoundEnd::Delivered, true).await;
    let five = get(&app, &access, "/usage/summary").await;
    assert_eq!(five["typical_refactors_remaining"], 26, "800 credits, 30 each");
}

#[tokio::test]
async fn the_level_says_when_it_gets_tight_and_the_next_period_begins_anew() {
    let app = TestApp::new().await;
    let access = person(&app, "a@example.org").await;
    set_tier(&app, "PLUS").await;
    for number in 0..9 {
        round(&app, &access, &number.to_string(), 100, RoundEnd::Delivered, true).await;
    }
    let tight = get(&app, &access, "/usage/summary").await["period"].clone();
    assert_eq!((&tight["percent_used"], &tight["level"]), (&json!(90.0), &json!("HIGH")));
    round(&app, &access, "last", 95, RoundEnd::Delivered, true).await;
    assert_eq!(get(&app, &access, "/usage/summary").await["period"]["level"], "EXHAUSTED");
    app.pass(Duration::days(30));
    assert_eq!(sweeping::sweep(&app.state).await.unwrap().granted, 1);
    assert_eq!(sweeping::sweep(&app.state).await.unwrap().granted, 0);
    let pair = app.login("a@example.org", PASSWORD).await.json();
    let anew = get(&app, token(&pair, "access_token"), "/usage/summary").await["period"].clone();
    assert_eq!((&anew["percent_used"], &anew["started_at"]), (&json!(0.0), &json!("2026-12-23T12:00:00Z")));
}
