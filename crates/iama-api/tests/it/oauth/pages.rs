//! The pages on which people sign in.

use axum::http::StatusCode;
use serde_json::{Value, json};
use time::Duration;

use super::{Browser, RETURN, World, code_in, initiate, location, refreshed, waits};
use crate::support::{Answer, PASSWORD};

async fn device(world: &World) -> (Value, String) {
    let codes = world.app.post("/api/v1/auth/device", None, json!({ "client": "iama on <laptop>" })).await.json();
    let user_code = codes["user_code"].as_str().unwrap().to_owned();
    (codes, user_code)
}

async fn poll(world: &World, codes: &Value) -> Answer {
    let asked = json!({ "device_code": codes["device_code"] });
    world.app.post("/api/v1/auth/device/token", None, asked).await
}

/// Comes from GitHub to the page of a device.
async fn come(world: &World, browser: &mut Browser, user_code: &str) -> Answer {
    let page = browser.get(&world.app, &format!("/device?user_code={user_code}")).await;
    let link = initiate("github", &format!("user_code={user_code}"));
    assert!(page.text.replace("&#x2f;", "/").contains(&format!("href=\"{link}\"")), "{}", page.text);
    let back = world.agreed(browser, "github", &format!("user_code={user_code}")).await;
    let mut answer = browser.get(&world.app, &back).await;
    if answer.status == StatusCode::OK {
        answer = world.consent(browser, &answer, "yes").await;
    }
    let there = location(&answer);
    assert_eq!(there, format!("/device?user_code={user_code}"));
    browser.get(&world.app, &there).await
}

#[tokio::test]
async fn a_device_is_signed_in_by_who_came_from_a_provider() {
    let world = World::new().await;
    let (codes, user_code) = device(&world).await;
    let mut browser = Browser::default();
    let page = come(&world, &mut browser, &user_code).await;
    assert!(page.text.contains("ada@example.org") && page.text.contains("iama on &lt;laptop&gt;"), "{}", page.text);
    assert!(!page.text.contains("type=\"password\""), "{}", page.text);
    let waits = poll(&world, &codes).await;
    assert_eq!(waits.error().1, "AUTHORIZATION_PENDING", "nothing happens before they say yes");
    let done = browser.submit(&world.app, "/device", &[("user_code", &user_code), ("answer", "yes")]).await;
    assert!(done.status == StatusCode::OK && done.text.contains("is signed in"), "{}", done.text);
    assert!(browser.cookies.is_empty(), "{browser:?}");
    world.app.pass(Duration::seconds(5));
    assert_eq!(poll(&world, &codes).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_device_is_turned_down_by_who_came_from_a_provider() {
    let world = World::new().await;
    let (codes, user_code) = device(&world).await;
    let mut browser = Browser::default();
    come(&world, &mut browser, &user_code).await;
    let done = browser.submit(&world.app, "/device", &[("user_code", &user_code), ("answer", "no")]).await;
    assert!(done.text.contains("was turned down"), "{}", done.text);
    assert_eq!(poll(&world, &codes).await.error().1, "ACCESS_DENIED");
}

#[tokio::test]
async fn who_came_for_one_device_signs_in_no_other() {
    let world = World::new().await;
    let (_, mine) = device(&world).await;
    let (codes, theirs) = device(&world).await;
    let mut browser = Browser::default();
    come(&world, &mut browser, &mine).await;
    let page = browser.get(&world.app, &format!("/device?user_code={theirs}")).await;
    assert!(page.text.contains("type=\"password\""), "they have to say who they are: {}", page.text);
    let copied = browser.clone();
    let tried = browser.submit(&world.app, "/device", &[("user_code", &theirs), ("answer", "yes")]).await;
    assert!(tried.status == StatusCode::BAD_REQUEST && tried.text.contains("Sign in again"), "{}", tried.text);
    // That has used it up, for the one that it was for as well.
    let tried = copied.clone().submit(&world.app, "/device", &[("user_code", &mine), ("answer", "yes")]).await;
    assert_eq!(tried.status, StatusCode::BAD_REQUEST);
    assert_eq!(poll(&world, &codes).await.error().1, "AUTHORIZATION_PENDING");
}

#[tokio::test]
async fn a_sign_in_for_a_device_is_no_sign_in_for_a_program() {
    let world = World::new().await;
    let (_, user_code) = device(&world).await;
    let mut browser = Browser::default();
    come(&world, &mut browser, &user_code).await;
    let code = browser.cookies["iama_device"].clone();
    let body = json!({ "code": code, "code_verifier": "", "return_to": format!("device:{user_code}") });
    let answer = world.app.post("/api/v1/auth/code", None, body).await;
    assert_eq!(answer.error(), (400, "LOGIN_CODE_INVALID".to_owned()));
}

fn filled<'f>(fields: &'f [(String, String)], email: &'f str, password: &'f str) -> Vec<(&'f str, &'f str)> {
    let mut all: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    all.extend([("email", email), ("password", password)]);
    all
}

#[tokio::test]
async fn a_program_is_signed_in_with_a_password_in_the_browser() {
    let world = World::new().await;
    let ada = world.app.register("ada@example.org").await;
    let mut browser = Browser::default();
    let page = browser.get(&world.app, &format!("/sign-in?{}", waits(RETURN))).await;
    assert!(page.text.contains("Continue with GitHub") && page.text.contains("Continue with Google"), "{}", page.text);
    assert!(!page.text.contains("<script"));
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("form-action 'self'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    let fields: Vec<(String, String)> = serde_urlencoded::from_str(&waits(RETURN)).unwrap();
    let wrong = browser.submit(&world.app, "/sign-in", &filled(&fields, "ada@example.org", "not it")).await;
    assert!(wrong.status == StatusCode::UNAUTHORIZED && wrong.text.contains("password is wrong"), "{}", wrong.text);
    assert!(wrong.text.contains("ada@example.org") && !wrong.text.contains("not it"), "{}", wrong.text);
    let done = browser.submit(&world.app, "/sign-in", &filled(&fields, "ada@example.org", PASSWORD)).await;
    assert_eq!(done.status, StatusCode::OK, "a form does not lead elsewhere");
    assert!(refreshed(&done).starts_with(RETURN), "{}", done.text);
    let pair = world.exchange(&code_in(&done)).await.json();
    assert_eq!(pair["user_id"], ada["user_id"]);
    let access = pair["access_token"].as_str();
    let sessions = world.app.get("/api/v1/me/sessions", access).await.json();
    assert!(
        sessions["sessions"]
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one["client"] == "VS Code" && one["method"] == "PASSWORD")
    );
}

#[tokio::test]
async fn a_form_of_another_site_is_not_taken() {
    let world = World::new().await;
    world.app.register("ada@example.org").await;
    let fields: Vec<(String, String)> = serde_urlencoded::from_str(&waits(RETURN)).unwrap();
    let body = serde_urlencoded::to_string(filled(&fields, "ada@example.org", PASSWORD)).unwrap();
    for path in ["/sign-in", "/device", "/sign-in/consent", "/register"] {
        let body = format!("{body}&user_code=BCDF-GHJK&answer=yes&visit=x&ticket=x");
        let request = axum::http::Request::post(path)
            .header("sec-fetch-site", "cross-site")
            .header("content-type", "application/x-www-form-urlencoded");
        let answer = Browser::default().send(&world.app, request, body.into()).await;
        assert!(
            answer.status == StatusCode::BAD_REQUEST && answer.text.contains("another site"),
            "{path}: {}",
            answer.text
        );
    }
    assert_eq!((world.count("login_codes").await, world.count("users").await), (0, 1));
}

#[tokio::test]
async fn pages_show_nothing_as_markup() {
    let world = World::new().await;
    world.fake.says(|says| {
        says.github_user = json!({ "id": 1, "login": "x", "name": "<b>Ada</b>" });
        says.github_emails = json!([{ "email": "\"<b>\"@example.org", "primary": true, "verified": true }]);
    });
    let page = world.came(&mut Browser::default(), "github").await;
    assert!(page.status == StatusCode::OK && !page.text.contains("<b>"), "{}", page.text);
    let odd = waits("http://127.0.0.1:43210/?x=%3Cb%3E%22%3E");
    let page = Browser::default().get(&world.app, &format!("/sign-in?{odd}&state=%22%3E%3Cb%3E")).await;
    assert!(!page.text.contains("<b>"), "{}", page.text);
}
