//! How often may be asked.

use axum::http::{Method, StatusCode};
use iama_api::settings::HttpSettings;
use serde_json::json;
use time::Duration;

use crate::jobs::person;
use crate::support::{PASSWORD, TestApp};

#[tokio::test]
async fn who_signs_in_too_often_is_told_when_to_ask_again() {
    let http = HttpSettings {
        sign_ins_a_minute_by_network: 4,
        client_address_header: Some("x-forwarded-for".to_owned()),
        ..HttpSettings::default()
    };
    let app = TestApp::with(http).await;
    let login = async |path: &str, from: &str| {
        let body = json!({ "email": "nobody@example.org", "password": PASSWORD }).to_string();
        let request = axum::http::Request::post(path)
            .header("content-type", "application/json")
            .header("x-forwarded-for", from)
            .body(body.into());
        app.send(request.unwrap()).await
    };
    for path in ["/api/v1/auth/login", "/api/v1/admin/auth/login"].iter().cycle().take(4) {
        assert_eq!(login(path, "198.51.100.1").await.status, StatusCode::UNAUTHORIZED);
    }
    let waits = login("/api/v1/auth/login", "198.51.100.77").await;
    assert_eq!(waits.error(), (429, "RATE_LIMITED".to_owned()), "the network counts, not the machine");
    assert_eq!(waits.headers["retry-after"], "15");
    assert_eq!(login("/api/v1/auth/login", "203.0.113.1").await.status, StatusCode::UNAUTHORIZED);
    app.pass(Duration::seconds(15));
    assert_eq!(login("/api/v1/auth/login", "198.51.100.1").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(login("/api/v1/auth/login", "198.51.100.1").await.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn who_writes_too_much_waits_and_nobody_else_does() {
    let app = TestApp::with(HttpSettings { writes_a_minute_by_person: 3, ..HttpSettings::default() }).await;
    let (ada, bob) = (person(&app, "a@example.org").await, person(&app, "b@example.org").await);
    let consent = async |access: &str| app.call(Method::POST, "/api/v1/me/consent", Some(access), None).await;
    // The first of each was that of the disclosure.
    for _ in 0..2 {
        assert_eq!(consent(&ada).await.status, StatusCode::NO_CONTENT);
    }
    let waits = consent(&ada).await;
    assert_eq!(
        (waits.error(), &waits.headers["retry-after"]),
        ((429, "RATE_LIMITED".to_owned()), &"20".parse().unwrap())
    );
    assert_eq!(consent(&bob).await.status, StatusCode::NO_CONTENT);
    assert_eq!(app.get("/api/v1/me", Some(&ada)).await.status, StatusCode::OK, "reading is not limited");
    let elsewhere = app.login("a@example.org", PASSWORD).await.json();
    let other = crate::support::token(&elsewhere, "access_token");
    assert_eq!(consent(other).await.status, StatusCode::TOO_MANY_REQUESTS, "another session is no other person");
    app.pass(Duration::seconds(20));
    assert_eq!(consent(&ada).await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn writes_without_a_token_count_for_their_network() {
    let app = TestApp::with(HttpSettings { writes_a_minute_by_network: 2, ..HttpSettings::default() }).await;
    let write = async || app.call(Method::POST, "/api/v1/me/consent", None, None).await.status;
    assert_eq!((write().await, write().await), (StatusCode::UNAUTHORIZED, StatusCode::UNAUTHORIZED));
    assert_eq!(write().await, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn trying_passwords_with_a_token_in_hand_is_signing_in() {
    let app = TestApp::with(HttpSettings { sign_ins_a_minute_by_network: 3, ..HttpSettings::default() }).await;
    let access = person(&app, "a@example.org").await;
    let change = async || {
        let body = json!({ "current": "not the password", "new": "staple of another kind" });
        app.post("/api/v1/me/password", Some(&access), body).await.error()
    };
    for _ in 0..2 {
        assert_eq!(change().await, (401, "INVALID_CREDENTIALS".to_owned()));
    }
    assert_eq!(change().await, (429, "RATE_LIMITED".to_owned()));
}
