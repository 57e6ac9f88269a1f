//! Signing up, in and out.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use time::Duration;

use crate::support::{PASSWORD, TestApp, token};

#[tokio::test]
async fn who_registers_is_signed_in_and_can_sign_in_again() {
    let app = TestApp::new().await;
    let pair = app.register("Ada@Example.org").await;
    let me = app.get("/api/v1/me", Some(token(&pair, "access_token"))).await.json();
    assert_eq!((me["email"].as_str(), me["email_verified"].as_bool()), (Some("ada@example.org"), Some(false)));
    assert!(me["consent_given_at"].is_string() && me["disclosure_accepted_at"].is_null());
    let again = app.login(" ADA@example.org ", PASSWORD).await;
    assert_eq!((again.status, &again.json()["user_id"]), (StatusCode::OK, &pair["user_id"]));
}

#[tokio::test]
async fn a_registration_with_faults_names_all_of_them() {
    let app = TestApp::new().await;
    let body = json!({ "email": "ada", "password": "short", "consent": true });
    let answer = app.post("/api/v1/auth/register", None, body).await;
    assert_eq!(answer.error(), (422, "VALIDATION_FAILED".to_owned()));
    let fields = answer.json()["error"]["details"]["fields"].clone();
    assert_eq!(fields, json!({ "email": "is no e-mail address", "password": "needs at least 10 characters" }));
    let long = json!({ "email": "a@example.org", "password": "x".repeat(73), "consent": true });
    assert_eq!(app.post("/api/v1/auth/register", None, long).await.error().0, 422);
    let body = json!({ "email": "a@example.org", "password": PASSWORD, "consent": false });
    assert_eq!(app.post("/api/v1/auth/register", None, body).await.error(), (403, "CONSENT_REQUIRED".to_owned()));
    app.register("a@example.org").await;
    let body = json!({ "email": "A@example.org", "password": PASSWORD, "consent": true });
    assert_eq!(app.post("/api/v1/auth/register", None, body).await.error(), (409, "EMAIL_TAKEN".to_owned()));
}

#[tokio::test]
async fn an_access_token_is_good_for_fifteen_minutes() {
    let app = TestApp::new().await;
    let pair = app.register("a@example.org").await;
    let access = token(&pair, "access_token");
    app.pass(Duration::minutes(15) - Duration::SECOND);
    assert_eq!(app.get("/api/v1/me", Some(access)).await.status, StatusCode::OK);
    app.pass(Duration::SECOND);
    assert_eq!(app.get("/api/v1/me", Some(access)).await.error(), (401, "TOKEN_EXPIRED".to_owned()));
}

#[tokio::test]
async fn a_token_that_was_touched_is_no_token() {
    let app = TestApp::new().await;
    let pair = app.register("a@example.org").await;
    let access = token(&pair, "access_token");
    let (head, signature) = access.rsplit_once('.').unwrap();
    let (header, _) = head.split_once('.').unwrap();
    // {"alg":"none"} and no signature; the claims of somebody else under the same signature; a signature cut short.
    let forged = [
        format!("eyJhbGciOiJub25lIn0.{}.", head.split_once('.').unwrap().1),
        format!("{header}.eyJzdWIiOiJ4In0.{signature}"),
        access[..access.len() - 4].to_owned(),
        String::new(),
    ];
    for token in forged {
        assert_eq!(app.get("/api/v1/me", Some(&token)).await.error(), (401, "UNAUTHENTICATED".to_owned()), "{token}");
    }
    assert_eq!(app.get("/api/v1/me", None).await.error(), (401, "UNAUTHENTICATED".to_owned()));
}

async fn refreshed(app: &TestApp, pair: &Value) -> crate::support::Answer {
    app.post("/api/v1/auth/refresh", None, json!({ "refresh_token": pair["refresh_token"] })).await
}

#[tokio::test]
async fn a_refresh_token_that_comes_twice_ends_the_whole_family() {
    let app = TestApp::new().await;
    let first = app.register("a@example.org").await;
    let elsewhere = app.login("a@example.org", PASSWORD).await.json();
    let second = refreshed(&app, &first).await.json();
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    assert_eq!(refreshed(&app, &first).await.error(), (401, "REFRESH_TOKEN_REUSED".to_owned()));
    assert_eq!(refreshed(&app, &second).await.error(), (401, "REFRESH_TOKEN_INVALID".to_owned()));
    assert_eq!(refreshed(&app, &elsewhere).await.status, StatusCode::OK, "another session goes on");
}

#[tokio::test]
async fn of_two_who_refresh_at_once_one_is_refused_and_nobody_goes_on() {
    let app = TestApp::new().await;
    let pair = app.register("a@example.org").await;
    let (one, other) = tokio::join!(refreshed(&app, &pair), refreshed(&app, &pair));
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401]);
}

#[tokio::test]
async fn a_refresh_token_is_good_for_thirty_days() {
    let app = TestApp::new().await;
    let pair = app.register("a@example.org").await;
    app.pass(Duration::days(30));
    assert_eq!(refreshed(&app, &pair).await.error(), (401, "REFRESH_TOKEN_INVALID".to_owned()));
}

#[tokio::test]
async fn after_a_logout_nothing_can_be_refreshed() {
    let app = TestApp::new().await;
    let pair = app.register("a@example.org").await;
    let access = Some(token(&pair, "access_token"));
    assert_eq!(app.call(Method::POST, "/api/v1/auth/logout", access, None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(refreshed(&app, &pair).await.error(), (401, "REFRESH_TOKEN_INVALID".to_owned()));
}

#[tokio::test]
async fn neither_words_nor_codes_tell_a_known_account_from_an_unknown_one() {
    let app = TestApp::new().await;
    app.register("a@example.org").await;
    let known = app.login("a@example.org", "wrong password").await;
    let unknown = app.login("b@example.org", "wrong password").await;
    assert_eq!(known.error(), (401, "INVALID_CREDENTIALS".to_owned()));
    assert_eq!((known.status, known.text), (unknown.status, unknown.text));
}

#[tokio::test]
async fn who_fails_waits_and_nobody_else_does() {
    let app = TestApp::with(iama_api::settings::HttpSettings {
        client_address_header: Some("x-forwarded-for".to_owned()),
        ..iama_api::settings::HttpSettings::default()
    })
    .await;
    app.register("a@example.org").await;
    let login = async |from: &str, password: &str| {
        let body = json!({ "email": "a@example.org", "password": password }).to_string();
        let request = axum::http::Request::post("/api/v1/auth/login")
            .header("content-type", "application/json")
            .header("x-forwarded-for", format!("10.9.9.9, {from}"))
            .body(body.into())
            .unwrap();
        app.send(request).await
    };
    for _ in 0..6 {
        assert_eq!(login("198.51.100.1", "wrong password").await.status, StatusCode::UNAUTHORIZED);
    }
    let waits = login("198.51.100.200", PASSWORD).await;
    assert_eq!(waits.error(), (429, "TOO_MANY_ATTEMPTS".to_owned()));
    assert_eq!(waits.headers["retry-after"], "1");
    assert_eq!(login("203.0.113.1", PASSWORD).await.status, StatusCode::OK, "the owner, elsewhere");
    app.pass(Duration::SECOND);
    assert_eq!(login("198.51.100.1", PASSWORD).await.status, StatusCode::OK, "after the wait");
    assert_eq!(login("198.51.100.1", "wrong password").await.status, StatusCode::UNAUTHORIZED, "counted anew");
}

#[tokio::test]
async fn another_password_ends_the_other_sessions() {
    let app = TestApp::new().await;
    let pair = app.register("a@example.org").await;
    let elsewhere = app.login("a@example.org", PASSWORD).await.json();
    let access = Some(token(&pair, "access_token"));
    let wrong = json!({ "current": "not this one", "new": "staple of another kind" });
    assert_eq!(app.post("/api/v1/me/password", access, wrong).await.error().0, 401);
    let right = json!({ "current": PASSWORD, "new": "staple of another kind" });
    assert_eq!(app.post("/api/v1/me/password", access, right).await.status, StatusCode::NO_CONTENT);
    assert_eq!(refreshed(&app, &elsewhere).await.error().0, 401);
    assert_eq!(refreshed(&app, &pair).await.status, StatusCode::OK);
    assert_eq!(app.login("a@example.org", PASSWORD).await.error().0, 401);
    assert_eq!(app.login("a@example.org", "staple of another kind").await.status, StatusCode::OK);
}

#[tokio::test]
async fn sessions_are_listed_and_ended_by_their_owner_alone() {
    let app = TestApp::new().await;
    let ada = app.register("ada@example.org").await;
    let bob = app.register("bob@example.org").await;
    app.login("ada@example.org", PASSWORD).await;
    let access = Some(token(&ada, "access_token"));
    let listed = app.get("/api/v1/me/sessions", access).await.json();
    let current: Vec<bool> = listed["sessions"].as_array().unwrap().iter().map(|s| s["current"] == true).collect();
    assert_eq!((current.len(), current.iter().filter(|current| **current).count()), (2, 1));
    let other = listed["sessions"].as_array().unwrap().iter().find(|s| s["current"] == false).unwrap();
    let path = format!("/api/v1/me/sessions/{}", other["id"].as_str().unwrap());
    let by_bob = app.call(Method::DELETE, &path, Some(token(&bob, "access_token")), None).await;
    assert_eq!(by_bob.error(), (404, "NOT_FOUND".to_owned()));
    assert_eq!(app.call(Method::DELETE, &path, access, None).await.status, StatusCode::NO_CONTENT);
    let listed = app.get("/api/v1/me/sessions", access).await.json();
    assert_eq!(listed["sessions"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_disclosure_is_read_and_accepted_once() {
    let app = TestApp::new().await;
    let pair = app.register("a@example.org").await;
    let access = Some(token(&pair, "access_token"));
    let told = app.get("/api/v1/me/disclosure", access).await.json();
    assert!(told["statements"].as_array().unwrap().iter().any(|line| line.as_str().unwrap().contains("train")));
    assert_eq!(app.call(Method::POST, "/api/v1/me/disclosure", access, None).await.status, StatusCode::NO_CONTENT);
    let first = app.get("/api/v1/me", access).await.json()["disclosure_accepted_at"].clone();
    app.pass(Duration::MINUTE);
    app.call(Method::POST, "/api/v1/me/disclosure", access, None).await;
    assert_eq!(app.get("/api/v1/me", access).await.json()["disclosure_accepted_at"], first);
}
