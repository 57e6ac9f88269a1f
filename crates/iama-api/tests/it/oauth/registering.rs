//! The page on which people without a provider make an account.

use axum::http::StatusCode;
use iama_api::settings::HttpSettings;
use serde_json::json;
use time::Duration;

use super::{Browser, RETURN, World, code_in, location, refreshed, waits};
use crate::support::{Answer, PASSWORD, token};

const EMAIL: &str = "grace@example.org";

/// The form of whoever waits, filled in.
fn filled(query: &str, email: &str, password: &str) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap();
    let more = [("email", email), ("password", password), ("again", password), ("consent", "yes")];
    fields.extend(more.map(|(name, value)| (name.to_owned(), value.to_owned())));
    fields
}

async fn submit(world: &World, browser: &mut Browser, fields: &[(String, String)]) -> Answer {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.submit(&world.app, "/register", &fields).await
}

/// Where a page's link leads that begins so.
fn link(page: &Answer, begin: &str) -> String {
    let text = page.text.replace("&#x2f;", "/").replace("&amp;", "&");
    let rest = text.split_once(&format!("href=\"{begin}")).unwrap_or_else(|| panic!("no link: {text}")).1;
    format!("{begin}{}", rest.split_once('"').unwrap().0)
}

#[tokio::test]
async fn who_has_no_account_makes_one_in_the_browser_and_the_program_is_signed_in() {
    let world = World::new().await;
    let mut browser = Browser::default();
    let sign_in = browser.get(&world.app, &format!("/sign-in?{}", waits(RETURN))).await;
    let page = browser.get(&world.app, &link(&sign_in, "/register?")).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    for told in
        ["At least 10 characters", "at most 72 bytes", "used to train a model", "A program on this machine waits"]
    {
        assert!(page.text.contains(told), "{told}: {}", page.text);
    }
    assert!(!page.text.contains("<script"));
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("form-action 'self'"), "{policy}");
    assert_eq!(link(&page, "/sign-in?"), format!("/sign-in?{}", waits(RETURN)));

    let done = submit(&world, &mut browser, &filled(&waits(RETURN), " Grace@Example.org ", PASSWORD)).await;
    assert_eq!(done.status, StatusCode::OK, "a form does not lead elsewhere: {}", done.text);
    assert!(refreshed(&done).starts_with(RETURN), "{}", done.text);
    let pair = world.exchange(&code_in(&done)).await.json();
    let access = Some(token(&pair, "access_token"));
    let me = world.app.get("/api/v1/me", access).await.json();
    assert_eq!((&me["email"], &me["email_verified"]), (&json!(EMAIL), &json!(false)));
    assert!(me["consent_given_at"].is_string() && me["disclosure_accepted_at"].is_null(), "{me}");
    let sessions = world.app.get("/api/v1/me/sessions", access).await.json();
    assert_eq!(sessions["sessions"][0]["method"], "PASSWORD");
    assert_eq!(world.app.login(EMAIL, PASSWORD).await.status, StatusCode::OK);
}

#[tokio::test]
async fn who_has_no_account_makes_one_for_a_device_and_is_asked_about_it() {
    let world = World::new().await;
    let codes = world.app.post("/api/v1/auth/device", None, json!({ "client": "iama on <laptop>" })).await.json();
    let user_code = codes["user_code"].as_str().unwrap();
    let mut browser = Browser::default();
    let page = browser.get(&world.app, &format!("/device?user_code={user_code}")).await;
    let register = link(&page, "/register?");
    assert_eq!(register, format!("/register?user_code={user_code}"));
    let page = browser.get(&world.app, &register).await;
    assert_eq!(link(&page, "/device?"), format!("/device?user_code={user_code}"));
    let query = format!("user_code={user_code}");
    let there = location(&submit(&world, &mut browser, &filled(&query, EMAIL, PASSWORD)).await);
    assert_eq!(there, format!("/device?user_code={user_code}"));
    let page = browser.get(&world.app, &there).await;
    assert!(page.text.contains(EMAIL) && page.text.contains("iama on &lt;laptop&gt;"), "{}", page.text);
    let poll = json!({ "device_code": codes["device_code"] });
    let waits = world.app.post("/api/v1/auth/device/token", None, poll.clone()).await;
    assert_eq!(waits.error().1, "AUTHORIZATION_PENDING", "an account signs no device in by itself");
    let done = browser.submit(&world.app, "/device", &[("user_code", user_code), ("answer", "yes")]).await;
    assert!(done.text.contains("is signed in"), "{}", done.text);
    world.app.pass(Duration::seconds(5));
    assert_eq!(world.app.post("/api/v1/auth/device/token", None, poll).await.status, StatusCode::OK);
}

#[tokio::test]
async fn who_comes_by_themselves_is_registered_and_signed_in_nowhere() {
    let world = World::new().await;
    let mut browser = Browser::default();
    assert_eq!(browser.get(&world.app, "/register").await.status, StatusCode::OK);
    let done = submit(&world, &mut browser, &filled("", EMAIL, PASSWORD)).await;
    assert!(done.status == StatusCode::OK && done.text.contains("Your account is there"), "{}", done.text);
    let kept = (world.count("login_codes").await, world.count("user_sessions").await);
    assert!(kept == (0, 0) && browser.cookies.is_empty(), "{kept:?}");
    assert_eq!(world.app.login(EMAIL, PASSWORD).await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_is_wrong_is_said_and_nothing_is_kept() {
    let world = World::new().await;
    let with = |name: &str, value: &str| {
        let mut fields = filled(&waits(RETURN), EMAIL, PASSWORD);
        fields.iter_mut().filter(|(known, _)| known == name).for_each(|(_, old)| value.clone_into(old));
        fields
    };
    let mut short = with("password", "short one");
    short.iter_mut().filter(|(name, _)| name == "again").for_each(|(_, value)| "short one".clone_into(value));
    for (fields, told) in [
        (with("email", "grace"), "This is no e-mail address."),
        (short, "The password needs at least 10 characters."),
        (with("again", "something else"), "The two passwords are not the same."),
        (with("consent", ""), "Without consent there can be no account."),
        (filled(&waits(RETURN), EMAIL, &"x".repeat(73)), "The password is longer than 72 bytes."),
    ] {
        let page = submit(&world, &mut Browser::default(), &fields).await;
        assert!(page.status == StatusCode::UNPROCESSABLE_ENTITY && page.text.contains(told), "{told}: {}", page.text);
        assert!(!page.text.contains(PASSWORD) && !page.text.contains("short one"), "{}", page.text);
        assert_eq!(super::hidden(&page, "code_challenge_method"), "S256", "whoever waits is not forgotten");
    }
    assert_eq!((world.count("users").await, world.count("login_codes").await), (0, 0));
    let markup = submit(&world, &mut Browser::default(), &filled(&waits(RETURN), "\"><b>x", PASSWORD)).await;
    assert!(!markup.text.contains("<b>"), "{}", markup.text);
}

#[tokio::test]
async fn with_an_address_that_has_an_account_nobody_is_signed_in() {
    let world = World::new().await;
    world.app.register(EMAIL).await;
    let sessions = world.count("user_sessions").await;
    let page = submit(&world, &mut Browser::default(), &filled(&waits(RETURN), EMAIL, "another password")).await;
    assert!(page.status == StatusCode::CONFLICT && page.text.contains("There is an account"), "{}", page.text);
    let kept = (world.count("users").await, world.count("login_codes").await, world.count("user_sessions").await);
    assert_eq!(kept, (1, 0, sessions));
    assert_eq!(world.app.login(EMAIL, PASSWORD).await.status, StatusCode::OK, "its password is what it was");
    assert_eq!(world.app.login(EMAIL, "another password").await.error().1, "INVALID_CREDENTIALS");
}

#[tokio::test]
async fn it_leads_to_no_other_place_than_a_sign_in_does() {
    let world = World::new().await;
    for return_to in
        ["https://evil.example.org/", "//evil.example.org/", "javascript:alert(1)", "http://localhost:43210/"]
    {
        let query = waits(return_to);
        let page = world.app.get(&format!("/register?{query}"), None).await;
        assert_eq!(page.error(), (422, "RETURN_REFUSED".to_owned()), "{return_to}");
        let done = submit(&world, &mut Browser::default(), &filled(&query, EMAIL, PASSWORD)).await;
        assert!(done.text.contains("RETURN_REFUSED") && done.headers.get("location").is_none(), "{}", done.text);
    }
    let unproven = filled(&format!("return_to={RETURN}"), EMAIL, PASSWORD);
    let page = submit(&world, &mut Browser::default(), &unproven).await;
    assert!(page.text.contains("VALIDATION_FAILED"), "{}", page.text);
    assert_eq!(world.count("users").await, 0, "nobody is registered on the way to nowhere");
}

#[tokio::test]
async fn it_is_limited_as_signing_in_is_and_shut_with_the_door() {
    let world = World::with(HttpSettings { sign_ins_a_minute_by_network: 2, ..HttpSettings::default() }).await;
    let register = async |email: &str| submit(&world, &mut Browser::default(), &filled("", email, PASSWORD)).await;
    assert_eq!(register("a@example.org").await.status, StatusCode::OK);
    assert_eq!(register("a@example.org").await.status, StatusCode::CONFLICT);
    assert_eq!(register("b@example.org").await.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(world.app.login("a@example.org", PASSWORD).await.error(), (429, "RATE_LIMITED".to_owned()));
    world.app.pass(Duration::minutes(1));
    world
        .execute("INSERT INTO dynamic_configs (key, value, version, updated_at) VALUES ('feature.registration', 'false', 1, now())")
        .await;
    assert!(register("b@example.org").await.text.contains("REGISTRATION_CLOSED"));
    let page = Browser::default().get(&world.app, "/register").await;
    assert!(page.status == StatusCode::FORBIDDEN && page.text.contains("REGISTRATION_CLOSED"), "{}", page.text);
    assert_eq!(world.count("users").await, 1);
}
