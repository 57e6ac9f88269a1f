//! Signing in by a provider of identities, and handing a sign-in to whoever waits for it.

mod codes;
mod fake;
mod pages;
mod proofs;
mod registering;

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use iama_api::settings::HttpSettings;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use time::Duration;
use url::Url;

use crate::jobs::write;
use crate::support::{Answer, PASSWORD, TestApp, token};
use fake::{Fake, PROVIDER_TOKEN};

const RETURN: &str = "http://127.0.0.1:43210/signed-in";
const VERIFIER: &str = "verifier-of-the-extension-0123456789-0123456789";
const CALLBACK: &str = "/api/v1/auth/oauth/callback";

/// A server that two providers vouch for people to.
struct World {
    app: TestApp,
    fake: Fake,
}

/// A browser: its cookies, and what it does with answers.
#[derive(Debug, Default, Clone)]
struct Browser {
    cookies: BTreeMap<String, String>,
}

impl Browser {
    async fn send(&mut self, app: &TestApp, request: axum::http::request::Builder, body: Body) -> Answer {
        let shown: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = request.header("accept", "text/html,*/*").header("cookie", shown.join("; "));
        let answer = app.send(request.body(body).unwrap()).await;
        for given in answer.headers.get_all("set-cookie") {
            let (pair, rules) = given.to_str().unwrap().split_once(';').unwrap();
            assert!(
                rules.contains("HttpOnly") && rules.contains("SameSite=Lax") && rules.contains("Path=/"),
                "{rules}"
            );
            let (name, value) = pair.split_once('=').unwrap();
            if rules.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    async fn get(&mut self, app: &TestApp, path: &str) -> Answer {
        self.send(app, Request::get(path), Body::empty()).await
    }

    async fn submit(&mut self, app: &TestApp, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = serde_urlencoded::to_string(fields).unwrap();
        let request = Request::post(path)
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/x-www-form-urlencoded");
        self.send(app, request, body.into()).await
    }
}

fn location(answer: &Answer) -> String {
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    answer.headers["location"].to_str().unwrap().to_owned()
}

fn query(address: &str) -> BTreeMap<String, String> {
    Url::parse(address).unwrap().query_pairs().into_owned().collect()
}

fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

/// The query of a program that waits.
fn waits(return_to: &str) -> String {
    let pairs = [
        ("return_to", return_to),
        ("code_challenge", &challenge(VERIFIER)),
        ("code_challenge_method", "S256"),
        ("state", "the-client's own & only"),
    ];
    serde_urlencoded::to_string(pairs).unwrap()
}

fn initiate(provider: &str, query: &str) -> String {
    format!("/api/v1/auth/oauth/{provider}/initiate?{query}")
}

/// The value of a hidden field of a page.
fn hidden(page: &Answer, name: &str) -> String {
    let mark = format!("name=\"{name}\" value=\"");
    let rest = page.text.split_once(&mark).unwrap_or_else(|| panic!("no field {name}: {}", page.text)).1;
    rest.split_once('"').unwrap().0.to_owned()
}

impl World {
    async fn new() -> Self {
        Self::with(HttpSettings::default()).await
    }

    async fn with(http: HttpSettings) -> Self {
        let fake = Fake::start().await;
        let (oauth, secrets) = fake.settings();
        Self { app: TestApp::vouched(http, oauth, secrets).await, fake }
    }

    /// The address that a browser comes back to after somebody has said yes.
    async fn agreed(&self, browser: &mut Browser, provider: &str, query: &str) -> String {
        let address = location(&browser.get(&self.app, &initiate(provider, query)).await);
        let (code, question) = self.fake.agree(&address);
        format!("{CALLBACK}?code={code}&state={}", question.state)
    }

    /// What a browser is told after somebody has said yes.
    async fn came(&self, browser: &mut Browser, provider: &str) -> Answer {
        let back = self.agreed(browser, provider, &waits(RETURN)).await;
        browser.get(&self.app, &back).await
    }

    async fn consent(&self, browser: &mut Browser, page: &Answer, consent: &str) -> Answer {
        let (visit, ticket) = (hidden(page, "visit"), hidden(page, "ticket"));
        let fields = [("visit", visit.as_str()), ("ticket", &ticket), ("consent", consent), ("answer", "yes")];
        browser.submit(&self.app, "/sign-in/consent", &fields).await
    }

    async fn exchange(&self, code: &str) -> Answer {
        let body = json!({ "code": code, "code_verifier": VERIFIER, "return_to": RETURN, "client": "VS Code" });
        self.app.post("/api/v1/auth/code", None, body).await
    }

    /// Signs somebody in whom the provider knows and who may be new.
    async fn signed_in(&self, provider: &str) -> Value {
        let mut browser = Browser::default();
        let mut answer = self.came(&mut browser, provider).await;
        if answer.status == StatusCode::OK {
            answer = self.consent(&mut browser, &answer, "yes").await;
        }
        let pair = self.exchange(&code_in(&answer)).await;
        assert_eq!(pair.status, StatusCode::OK, "{}", pair.text);
        pair.json()
    }

    async fn count(&self, what: &str) -> i64 {
        let query = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {what}")));
        query.fetch_one(&mut *self.app.db.pool().acquire().await.unwrap()).await.unwrap()
    }

    async fn execute(&self, statement: &'static str) {
        sqlx::query(statement).execute(&mut *self.app.db.pool().acquire().await.unwrap()).await.unwrap();
    }
}

/// The code that a redirect or a page brings to the program that waits.
fn code_in(answer: &Answer) -> String {
    let address = if answer.status == StatusCode::SEE_OTHER { location(answer) } else { refreshed(answer) };
    query(&address)["code"].clone()
}

/// Where a page leads by itself.
fn refreshed(page: &Answer) -> String {
    let rest = page.text.split_once("content=\"0; url=").unwrap_or_else(|| panic!("{}", page.text)).1;
    rest.split_once('"').unwrap().0.replace("&amp;", "&").replace("&#x2f;", "/").replace("&#x27;", "'")
}

#[tokio::test]
async fn who_is_new_consents_and_is_signed_in() {
    let world = World::new().await;
    let mut browser = Browser::default();
    let begun = browser.get(&world.app, &initiate("github", &waits(RETURN))).await;
    assert!(begun.headers["set-cookie"].to_str().unwrap().contains("Max-Age=600"));
    let (code, question) = world.fake.agree(&location(&begun));
    let page = browser.get(&world.app, &format!("{CALLBACK}?code={code}&state={}", question.state)).await;
    assert_eq!((page.status, world.count("users").await), (StatusCode::OK, 0), "nobody is kept before they consent");
    assert!(page.text.contains("ada@example.org") && !page.text.contains("<script"), "{}", page.text);
    for (name, value) in [("cache-control", "no-store"), ("referrer-policy", "no-referrer")] {
        assert_eq!(page.headers[name], value);
    }
    let done = world.consent(&mut browser, &page, "yes").await;
    let brought = query(&refreshed(&done));
    assert_eq!(brought["state"], "the-client's own & only");
    assert_eq!(brought["iss"], "http://127.0.0.1:8700");
    assert!(browser.cookies.is_empty(), "{browser:?}");
    let pair = world.exchange(&brought["code"]).await.json();
    let access = token(&pair, "access_token");
    let me = world.app.get("/api/v1/me", Some(access)).await.json();
    assert_eq!((&me["email"], &me["display_name"]), (&json!("ada@example.org"), &json!("Ada Lovelace")));
    assert_eq!((&me["email_verified"], &me["has_password"]), (&json!(true), &json!(false)));
    assert!(me["consent_given_at"].is_string() && me["disclosure_accepted_at"].is_null());
    let sessions = world.app.get("/api/v1/me/sessions", Some(access)).await.json();
    assert_eq!(
        (&sessions["sessions"][0]["method"], &sessions["sessions"][0]["client"]),
        (&json!("GITHUB"), &json!("VS Code"))
    );
    let linked = ("ACCOUNT_LINKED".to_owned(), json!({ "provider": "github", "how": "CREATED" }));
    assert_eq!(world.app.audited().await, [linked]);
}

#[tokio::test]
async fn who_came_by_a_provider_reads_the_disclosure_before_the_first_job_as_everybody_does() {
    let world = World::new().await;
    let pair = world.signed_in("google").await;
    let access = token(&pair, "access_token");
    let job = crate::jobs::made(&world.app, access, "first").await;
    let start = async |key: &str| {
        write(&world.app, axum::http::Method::POST, &format!("/jobs/{job}/start"), access, key, None).await
    };
    assert_eq!(start("one").await.error(), (403, "DISCLOSURE_REQUIRED".to_owned()));
    world.app.post("/api/v1/me/disclosure", Some(access), json!({})).await;
    assert_eq!(start("two").await.status, StatusCode::OK);
}

#[tokio::test]
async fn who_does_not_consent_has_no_account_and_cannot_change_their_mind_with_the_same_page() {
    let world = World::new().await;
    let mut browser = Browser::default();
    let page = world.came(&mut browser, "google").await;
    let refused = world.consent(&mut browser, &page, "").await;
    assert_eq!(refused.status, StatusCode::OK, "a form does not lead elsewhere");
    let told = query(&refreshed(&refused));
    assert_eq!((told["error"].as_str(), told["error_description"].as_str()), ("access_denied", "CONSENT_REQUIRED"));
    let again = world.consent(&mut browser, &page, "yes").await;
    assert!(again.status == StatusCode::BAD_REQUEST && again.text.contains("OAUTH_STATE_INVALID"), "{}", again.text);
    assert_eq!((world.count("users").await, world.count("oauth_flows").await), (0, 0));
}

#[tokio::test]
async fn a_ticket_is_good_for_its_visit_alone() {
    let world = World::new().await;
    let (mut ada, mut eve) = (Browser::default(), Browser::default());
    let hers = world.came(&mut ada, "github").await;
    let theirs = world.came(&mut eve, "github").await;
    let (visit, ticket) = (hidden(&theirs, "visit"), hidden(&hers, "ticket"));
    let fields = [("visit", visit.as_str()), ("ticket", &ticket), ("consent", "yes"), ("answer", "yes")];
    let refused = eve.submit(&world.app, "/sign-in/consent", &fields).await;
    assert_eq!(query(&refreshed(&refused))["error_description"], "OAUTH_STATE_INVALID");
    assert_eq!(world.count("users").await, 0);
}

#[tokio::test]
async fn who_is_known_is_signed_in_at_once_even_with_another_address() {
    let world = World::new().await;
    let first = world.signed_in("google").await;
    world.fake.says(|says| says.claims = json!({ "email": "new@example.org", "email_verified": false }));
    let mut browser = Browser::default();
    let answer = world.came(&mut browser, "google").await;
    let again = world.exchange(&code_in(&answer)).await.json();
    assert_eq!(first["user_id"], again["user_id"]);
    assert_eq!(world.count("users").await, 1);
}

#[tokio::test]
async fn accounts_with_the_same_verified_address_are_one() {
    let world = World::new().await;
    let ada = world.app.register("ada@example.org").await;
    world.execute("UPDATE users SET email_verified_at = created_at").await;
    let came = world.signed_in("github").await;
    assert_eq!(ada["user_id"], came["user_id"]);
    assert_eq!(world.app.login("ada@example.org", PASSWORD).await.status, StatusCode::OK, "the password stays");
    world.fake.says(|says| says.claims = json!({ "email": "ADA@example.org" }));
    assert_eq!(world.signed_in("google").await["user_id"], ada["user_id"]);
    let how: Vec<Value> = world.app.audited().await.into_iter().map(|(_, details)| details["how"].clone()).collect();
    assert_eq!(how, ["MERGED", "MERGED"]);
}

/// Somebody registers with the address of another and waits for its owner.
#[tokio::test]
async fn an_account_whose_address_nobody_had_verified_is_its_owners_alone_once_they_come() {
    let world = World::new().await;
    let app = &world.app;
    let squatter = app.register("ada@example.org").await;
    let access = Some(token(&squatter, "access_token"));
    let codes = app.post("/api/v1/auth/device", None, json!({ "client": "theirs" })).await.json();
    let device = format!("/api/v1/auth/device/{}", codes["user_code"].as_str().unwrap());
    app.post(&device, access, json!({ "approve": true })).await;
    let mut browser = Browser::default();
    let fields: Vec<(String, String)> = serde_urlencoded::from_str(&waits(RETURN)).unwrap();
    let mut fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    fields.extend([("email", "ada@example.org"), ("password", PASSWORD)]);
    let waiting = code_in(&browser.submit(app, "/sign-in", &fields).await);

    let owner = world.signed_in("github").await;
    assert_eq!(owner["user_id"], squatter["user_id"], "what they did under their own address is not lost");
    assert_eq!(app.login("ada@example.org", PASSWORD).await.error().1, "INVALID_CREDENTIALS");
    let refresh = json!({ "refresh_token": squatter["refresh_token"] });
    assert_eq!(app.post("/api/v1/auth/refresh", None, refresh).await.error().1, "REFRESH_TOKEN_INVALID");
    assert_eq!(world.exchange(&waiting).await.error().1, "LOGIN_CODE_INVALID");
    let poll = json!({ "device_code": codes["device_code"] });
    assert_eq!(app.post("/api/v1/auth/device/token", None, poll).await.error().1, "ACCESS_DENIED");
    // The access token is good for some minutes more, but makes no new way in.
    let password = app.post("/api/v1/me/password", access, json!({ "new": "another of theirs" })).await;
    assert_eq!(password.error(), (401, "UNAUTHENTICATED".to_owned()));
    let codes = app.post("/api/v1/auth/device", None, json!({})).await.json();
    let device = format!("/api/v1/auth/device/{}", codes["user_code"].as_str().unwrap());
    assert_eq!(app.post(&device, access, json!({ "approve": true })).await.error().1, "UNAUTHENTICATED");
    let mine = app.post("/api/v1/me/password", Some(token(&owner, "access_token")), json!({ "new": PASSWORD })).await;
    assert_eq!(mine.status, StatusCode::NO_CONTENT, "the owner may choose a password");
    assert_eq!(app.audited().await.last().unwrap().1["how"], "CLAIMED");
}

#[tokio::test]
async fn an_address_that_the_provider_has_not_verified_leads_nowhere() {
    let world = World::new().await;
    world.app.register("ada@example.org").await;
    world.app.register("grace@example.org").await;
    let unverified = json!([{ "email": "ada@example.org", "primary": true, "verified": false },
                            { "email": "grace@example.org", "primary": false, "verified": true }]);
    world.fake.says(|says| says.github_emails = unverified);
    for claims in [json!({ "email_verified": false }), json!({ "email_verified": null }), json!({ "email": null })] {
        world.fake.says(|says| says.claims = claims);
        for provider in ["github", "google"] {
            let told = query(&location(&world.came(&mut Browser::default(), provider).await));
            assert_eq!(told["error_description"], "EMAIL_NOT_VERIFIED", "{provider}");
        }
    }
    assert_eq!((world.count("oauth_accounts").await, world.count("users").await), (0, 2));
    let verified = "users WHERE email_verified_at IS NOT NULL OR password_hash IS NULL";
    assert_eq!(world.count(verified).await, 0);
}

#[tokio::test]
async fn a_person_has_one_account_of_a_provider() {
    let world = World::new().await;
    world.signed_in("github").await;
    world.fake.says(|says| says.github_user = json!({ "id": 1816, "login": "ada2", "name": null }));
    let told = query(&location(&world.came(&mut Browser::default(), "github").await));
    assert_eq!(told["error_description"], "IDENTITY_CONFLICT");
    assert_eq!(world.count("oauth_accounts").await, 1);
}

#[tokio::test]
async fn where_the_door_is_closed_providers_bring_nobody_new() {
    let world = World::new().await;
    world.signed_in("github").await;
    world
        .execute("INSERT INTO dynamic_configs (key, value, version, updated_at) VALUES ('feature.registration', 'false', 1, now())")
        .await;
    let told = query(&location(&world.came(&mut Browser::default(), "google").await));
    assert_eq!(told["error_description"], "REGISTRATION_CLOSED");
    assert!(world.signed_in("github").await["user_id"].is_string(), "whoever has an account comes in");
}

#[tokio::test]
async fn nothing_that_a_provider_hands_out_is_kept() {
    let world = World::new().await;
    world.signed_in("google").await;
    world.signed_in("github").await;
    let tables: Vec<String> = sqlx::query_scalar("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'")
        .fetch_all(&mut *world.app.db.pool().acquire().await.unwrap())
        .await
        .unwrap();
    for table in tables {
        let rows = world.count(&format!("{table} t WHERE to_jsonb(t)::text LIKE '%{PROVIDER_TOKEN}%'")).await;
        let codes = world.count(&format!("{table} t WHERE to_jsonb(t)::text LIKE '%iama_lc_%'")).await;
        assert_eq!((rows, codes), (0, 0), "{table}");
    }
}

#[tokio::test]
async fn what_is_over_is_forgotten() {
    let world = World::new().await;
    world.signed_in("google").await;
    world.came(&mut Browser::default(), "github").await;
    world.app.pass(Duration::minutes(10));
    iama_api::sweeping::tidy(&world.app.state).await.unwrap();
    let used = "login_codes WHERE session_id IS NOT NULL";
    let left = [world.count("oauth_flows").await, world.count("login_codes").await, world.count(used).await];
    assert_eq!(left, [0, 1, 1], "a code that a session came of is known a day longer");
    world.app.pass(Duration::days(1));
    iama_api::sweeping::tidy(&world.app.state).await.unwrap();
    assert_eq!(world.count("login_codes").await, 0);
}
