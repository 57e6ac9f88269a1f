//! Devices that are signed in on another one.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use time::Duration;

use crate::support::{Answer, PASSWORD, TestApp, token};

async fn begin(app: &TestApp) -> Value {
    let answer = app.post("/api/v1/auth/device", None, json!({ "client": "iama on <laptop>" })).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer.json()
}

async fn poll(app: &TestApp, codes: &Value) -> Answer {
    app.post("/api/v1/auth/device/token", None, json!({ "device_code": codes["device_code"] })).await
}

fn path(codes: &Value) -> String {
    format!("/api/v1/auth/device/{}", codes["user_code"].as_str().unwrap().to_lowercase())
}

async fn submit(app: &TestApp, fields: &[(&str, &str)]) -> Answer {
    let escaped = |text: &str| text.replace('@', "%40").replace(' ', "+");
    let body: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
    let request = Request::post("/device")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(body.join("&")))
        .unwrap();
    app.send(request).await
}

#[tokio::test]
async fn a_device_is_signed_in_once_somebody_has_confirmed_and_only_once() {
    let app = TestApp::new().await;
    let ada = app.register("ada@example.org").await;
    let access = Some(token(&ada, "access_token"));
    let codes = begin(&app).await;
    assert_eq!(poll(&app, &codes).await.error(), (400, "AUTHORIZATION_PENDING".to_owned()));
    assert_eq!(app.get(&path(&codes), access).await.json(), json!({ "client": "iama on <laptop>" }));
    let said = app.post(&path(&codes), access, json!({ "approve": true })).await;
    assert_eq!(said.status, StatusCode::NO_CONTENT);
    let pair = poll(&app, &codes).await;
    assert_eq!((pair.status, &pair.json()["user_id"]), (StatusCode::OK, &ada["user_id"]));
    assert_eq!(app.get("/api/v1/me", Some(token(&pair.json(), "access_token"))).await.status, StatusCode::OK);
    let sessions = app.get("/api/v1/me/sessions", access).await.json();
    assert!(sessions["sessions"].as_array().unwrap().iter().any(|session| session["client"] == "iama on <laptop>"));
    assert_eq!(poll(&app, &codes).await.error(), (400, "DEVICE_CODE_EXPIRED".to_owned()));
    assert_eq!(app.post(&path(&codes), access, json!({ "approve": true })).await.error().0, 404);
}

#[tokio::test]
async fn a_device_that_is_turned_down_or_forgotten_gets_nothing() {
    let app = TestApp::new().await;
    let ada = app.register("ada@example.org").await;
    let access = Some(token(&ada, "access_token"));
    let codes = begin(&app).await;
    assert_eq!(app.post(&path(&codes), access, json!({ "approve": false })).await.status, StatusCode::NO_CONTENT);
    assert_eq!(poll(&app, &codes).await.error(), (400, "ACCESS_DENIED".to_owned()));
    let late = begin(&app).await;
    app.pass(Duration::minutes(15));
    assert_eq!(poll(&app, &late).await.error(), (400, "DEVICE_CODE_EXPIRED".to_owned()));
    let unknown = json!({ "device_code": late["user_code"] });
    let answer = app.post("/api/v1/auth/device/token", None, unknown).await;
    assert_eq!(answer.error(), (400, "DEVICE_CODE_EXPIRED".to_owned()));
}

/// Waits until somebody waits for a row.
async fn until_somebody_waits(app: &TestApp) {
    let waiting = "SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid)
         WHERE NOT l.granted AND a.datname = current_database())";
    for _ in 0..400 {
        if sqlx::query_scalar(waiting).fetch_one(&mut *app.db.pool().acquire().await.unwrap()).await.unwrap() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("nobody looks at the account once more");
}

#[tokio::test]
async fn whoever_has_lost_their_password_or_account_meanwhile_approves_no_device() {
    for lost in ["UPDATE users SET password_hash = password_hash || 'x'", "UPDATE users SET deleted_at = created_at"] {
        let app = TestApp::new().await;
        app.register("ada@example.org").await;
        let codes = begin(&app).await;
        let code = codes["user_code"].as_str().unwrap();
        let mut transaction = app.db.begin().await.unwrap();
        sqlx::query("SELECT FROM users FOR UPDATE").execute(&mut *transaction).await.unwrap();
        let right = [("user_code", code), ("email", "ada@example.org"), ("password", PASSWORD), ("answer", "yes")];
        let (answer, ()) = tokio::join!(submit(&app, &right), async {
            until_somebody_waits(&app).await;
            sqlx::query(lost).execute(&mut *transaction).await.unwrap();
            transaction.commit().await.unwrap();
        });
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{lost}: {}", answer.text);
        assert_eq!(poll(&app, &codes).await.error().1, "AUTHORIZATION_PENDING", "{lost}");
    }
}

#[tokio::test]
async fn a_device_that_asks_too_often_has_to_wait_longer() {
    let app = TestApp::new().await;
    let codes = begin(&app).await;
    assert_eq!(poll(&app, &codes).await.error().1, "AUTHORIZATION_PENDING");
    app.pass(Duration::seconds(4));
    assert_eq!(poll(&app, &codes).await.error().1, "SLOW_DOWN");
    app.pass(Duration::seconds(6));
    assert_eq!(poll(&app, &codes).await.error().1, "SLOW_DOWN");
    app.pass(Duration::seconds(15));
    assert_eq!(poll(&app, &codes).await.error().1, "AUTHORIZATION_PENDING");
}

#[tokio::test]
async fn who_guesses_codes_waits() {
    let app = TestApp::new().await;
    let ada = app.register("ada@example.org").await;
    let codes = begin(&app).await;
    let access = Some(token(&ada, "access_token"));
    for _ in 0..6 {
        assert_eq!(app.get("/api/v1/auth/device/BCDF-GHJK", access).await.error().0, 404);
    }
    assert_eq!(app.get(&path(&codes), access).await.error(), (429, "TOO_MANY_ATTEMPTS".to_owned()));
    assert_eq!(app.get(&path(&codes), None).await.error().0, 401);
}

#[tokio::test]
async fn the_page_signs_a_device_in_without_a_script_and_shows_nothing_as_markup() {
    let app = TestApp::new().await;
    app.register("ada@example.org").await;
    let codes = begin(&app).await;
    let code = codes["user_code"].as_str().unwrap();
    let empty = app.get(&format!("/device?user_code={code}"), None).await;
    assert!(empty.status == StatusCode::OK && empty.text.contains(&format!("value=\"{code}\"")), "{}", empty.text);
    assert!(!empty.text.contains("<script"));
    let policy = empty.headers["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("form-action 'self'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    let wrong =
        submit(&app, &[("user_code", code), ("email", "ada@example.org"), ("password", "no"), ("answer", "yes")]).await;
    assert!(wrong.status == StatusCode::UNAUTHORIZED && wrong.text.contains("password is wrong"), "{}", wrong.text);
    assert!(
        !wrong.text.contains("value=\"no\"") || wrong.text.matches("value=\"no\"").count() == 1,
        "the password is not shown"
    );
    let right = [("user_code", code), ("email", "ada@example.org"), ("password", PASSWORD), ("answer", "yes")];
    let done = submit(&app, &right).await;
    assert!(
        done.text.contains("iama on &lt;laptop&gt;”</p>") || done.text.contains("iama on &lt;laptop&gt;” is signed in"),
        "{}",
        done.text
    );
    assert_eq!(poll(&app, &codes).await.status, StatusCode::OK);
    let again = submit(&app, &right).await;
    assert!(again.status == StatusCode::NOT_FOUND && again.text.contains("No device waits"), "{}", again.text);
    let markup = app.call(Method::GET, "/device?user_code=%22%3E%3Cb%3E", None, None).await;
    assert!(!markup.text.contains("<b>"), "{}", markup.text);
}
