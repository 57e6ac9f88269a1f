//! What holds for every route.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use iama_api::settings::HttpSettings;
use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn the_process_answers_and_is_ready() {
    let app = TestApp::new().await;
    assert_eq!(app.get("/health", None).await.json()["status"], "ok");
    assert_eq!(app.get("/ready", None).await.json()["status"], "ready");
    app.db.close().await;
    let answer = app.get("/ready", None).await;
    assert_eq!(answer.error(), (503, "UNAVAILABLE".to_owned()));
    assert_eq!(answer.headers["retry-after"], "1");
    assert_eq!(app.get("/health", None).await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_is_not_there_is_said_like_everything_else() {
    let app = TestApp::new().await;
    assert_eq!(app.get("/api/v1/nothing", None).await.error(), (404, "NO_SUCH_ENDPOINT".to_owned()));
    let answer = app.call(Method::PUT, "/api/v1/auth/login", None, None).await;
    assert_eq!(answer.error(), (405, "METHOD_NOT_ALLOWED".to_owned()));
}

#[tokio::test]
async fn bodies_that_are_not_right_are_refused_with_a_code() {
    let app = TestApp::with(HttpSettings { body_limit_bytes: 4_096, ..HttpSettings::default() }).await;
    let post = async |kind: &str, body: String| {
        let request = Request::post("/api/v1/auth/login").header("content-type", kind).body(Body::from(body));
        app.send(request.unwrap()).await.error()
    };
    assert_eq!(post("text/plain", "{}".to_owned()).await, (415, "UNSUPPORTED_MEDIA_TYPE".to_owned()));
    assert_eq!(post("application/json", "{".to_owned()).await, (400, "BAD_REQUEST".to_owned()));
    assert_eq!(post("application/json", "{}".to_owned()).await, (422, "VALIDATION_FAILED".to_owned()));
    let places = r#"["a@example.org", "correct horse battery"]"#.to_owned();
    assert_eq!(post("application/json", places).await, (422, "VALIDATION_FAILED".to_owned()));
    let unknown = json!({ "email": "a", "password": "b", "admin": true }).to_string();
    assert_eq!(post("application/json", unknown).await, (422, "VALIDATION_FAILED".to_owned()));
    let large = json!({ "email": "a", "password": "b".repeat(5_000) }).to_string();
    assert_eq!(post("application/json", large).await, (413, "PAYLOAD_TOO_LARGE".to_owned()));
}

#[tokio::test]
async fn every_answer_names_its_request_and_forbids_what_browsers_need_not_do() {
    let app = TestApp::new().await;
    for path in ["/health", "/nothing"] {
        let headers = app.get(path, None).await.headers;
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["content-security-policy"], "default-src 'none'; frame-ancestors 'none'", "{path}");
        assert_eq!(headers["cache-control"], "no-store", "{path}");
        assert!(headers["x-request-id"].len() >= 32, "{path}");
    }
    let named = Request::get("/health").header("x-request-id", "mine").body(Body::empty()).unwrap();
    assert_eq!(app.send(named).await.headers["x-request-id"], "mine");
}

#[tokio::test]
async fn only_known_origins_may_call_from_a_browser() {
    let origins = vec!["https://app.example.org".to_owned()];
    let app = TestApp::with(HttpSettings { allowed_origins: origins, ..HttpSettings::default() }).await;
    let asked = async |origin: &str| {
        let request = Request::options("/api/v1/auth/login")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .body(Body::empty());
        let headers = app.send(request.unwrap()).await.headers;
        headers.get("access-control-allow-origin").map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(asked("https://app.example.org").await.as_deref(), Some("https://app.example.org"));
    assert_eq!(asked("https://evil.example.org").await, None);
}

#[tokio::test]
async fn the_documentation_comes_from_the_binary_itself() {
    let app = TestApp::new().await;
    let docs = app.get("/docs/", None).await;
    assert!(docs.status == StatusCode::OK && docs.text.contains("swagger-ui"), "{}", docs.status);
    assert!(!docs.text.contains("https://"), "nothing is loaded from elsewhere");
}

#[tokio::test]
async fn what_no_database_can_hold_is_refused_or_unknown() {
    let app = TestApp::new().await;
    for path in ["/api/v1/auth/login", "/api/v1/admin/auth/login"] {
        for (email, password) in [("a\0@example.org", "x"), ("a@example.org", "x\0y"), ("", "")] {
            let answer = app.post(path, None, json!({ "email": email, "password": password })).await;
            assert_eq!(answer.error(), (401, "INVALID_CREDENTIALS".to_owned()), "{path} {email:?} {password:?}");
            app.pass(time::Duration::minutes(15));
        }
    }
    let (_, access) = app.admin(iama_store::admins::AdminRole::SuperAdmin, "s@example.org").await;
    let body = json!({ "value": { "provider": { "x\0": {} } }, "version": 0 });
    let answer = app.call(Method::PUT, "/api/v1/admin/config/IAMA_LLM_ROUTE_TABLE", Some(&access), Some(body)).await;
    assert_eq!(answer.error(), (422, "VALIDATION_FAILED".to_owned()));
}
