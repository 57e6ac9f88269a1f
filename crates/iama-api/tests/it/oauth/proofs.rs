//! What proves nothing: answers that were forged, changed, late, or meant for somebody else.

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use iama_api::settings::{ClientSecrets, HttpSettings, OauthSettings};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use time::Duration;

use super::fake::{CLIENT, Fake, public, signed};
use super::{Browser, CALLBACK, RETURN, World, code_in, initiate, location, query, waits};
use crate::support::{NOW, TestApp};

/// What the program that waits is told, after somebody has said yes at Google.
async fn refused(world: &World) -> (String, String) {
    let answer = world.came(&mut Browser::default(), "google").await;
    let told = query(&location(&answer));
    assert!(!told.contains_key("code"), "{told:?}");
    (told["error"].clone(), told["error_description"].clone())
}

fn not_proven() -> (String, String) {
    ("access_denied".to_owned(), "IDENTITY_NOT_PROVEN".to_owned())
}

#[tokio::test]
async fn an_id_token_counts_only_when_everything_about_it_is_right() {
    let world = World::new().await;
    let now = NOW.unix_timestamp();
    let wrong = [
        ("expired", json!({ "exp": now - 61 })),
        ("never expires", json!({ "exp": null })),
        ("from the future", json!({ "iat": now + 61 })),
        ("another nonce", json!({ "nonce": "of-another-visit" })),
        ("no nonce", json!({ "nonce": null })),
        ("for another client", json!({ "aud": "somebody-else" })),
        ("for another client, too", json!({ "aud": [CLIENT, "somebody-else"] })),
        ("for nobody", json!({ "aud": null })),
        ("given to another client", json!({ "azp": "somebody-else" })),
        ("by another issuer", json!({ "iss": "https://accounts.google.com" })),
        ("by nobody", json!({ "iss": null })),
        ("of nobody", json!({ "sub": null })),
        ("of an empty name", json!({ "sub": "" })),
        ("of a name that no database holds", json!({ "sub": "\0" })),
    ];
    for (what, claims) in wrong {
        world.fake.says(|says| says.claims = claims);
        assert_eq!(refused(&world).await, not_proven(), "{what}");
    }
    assert_eq!((world.count("users").await, world.count("login_codes").await), (0, 0));
    let good = json!({ "exp": now - 59, "aud": [CLIENT], "azp": CLIENT, "name": "Grace\0 ".repeat(100) });
    world.fake.says(|says| says.claims = good);
    assert!(world.signed_in("google").await["user_id"].is_string(), "clocks may be a minute apart");
}

/// A token that anybody can make.
fn unsigned(claims: &Value) -> String {
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.", part(json!({ "alg": "none", "typ": "JWT" })), part(claims.clone()))
}

/// Signed with what everybody knows: the public key, taken as a shared secret.
fn confused(claims: &Value) -> String {
    let known = serde_json::to_vec(&public(0, "first")).unwrap();
    let header = Header { kid: Some("first".to_owned()), ..Header::new(Algorithm::HS256) };
    jsonwebtoken::encode(&header, claims, &EncodingKey::from_secret(&known)).unwrap()
}

/// Signed by somebody else under the provider's name.
fn forged(claims: &Value) -> String {
    signed(1, "first", claims)
}

/// Signed, and then changed.
fn changed(claims: &Value) -> String {
    let token = signed(0, "first", claims);
    let parts: Vec<&str> = token.split('.').collect();
    let mut other = claims.clone();
    other["email"] = json!("ada@example.org");
    format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode(other.to_string()), parts[2])
}

fn nonsense(_: &Value) -> String {
    "no.token".to_owned()
}

#[tokio::test]
async fn an_id_token_that_the_provider_did_not_sign_counts_for_nothing() {
    let world = World::new().await;
    for (what, make) in [
        ("unsigned", unsigned as fn(&Value) -> String),
        ("confused", confused),
        ("forged", forged),
        ("changed", changed),
        ("nonsense", nonsense),
    ] {
        world.fake.says(|says| says.token = Some(make));
        assert_eq!(refused(&world).await, not_proven(), "{what}");
    }
    assert_eq!(world.count("users").await, 0);
}

#[tokio::test]
async fn a_new_key_of_the_provider_is_found_and_an_unknown_one_is_not_taken() {
    let world = World::new().await;
    world.signed_in("google").await;
    world.fake.says(|says| says.signer = (1, "second"));
    world.app.pass(Duration::seconds(30));
    assert_eq!(refused(&world).await, not_proven());
    world.fake.says(|says| says.keys = vec![public(0, "first"), public(1, "second")]);
    assert_eq!(refused(&world).await, not_proven(), "keys are not asked for again at once");
    world.app.pass(Duration::seconds(30));
    assert!(world.signed_in("google").await["user_id"].is_string());
}

#[tokio::test]
async fn an_answer_that_names_another_issuer_is_not_taken() {
    let world = World::new().await;
    let named = async |provider: &str, issuer: &str| {
        let mut browser = Browser::default();
        let back = world.agreed(&mut browser, provider, &waits(RETURN)).await;
        let iss: String = url::form_urlencoded::byte_serialize(issuer.as_bytes()).collect();
        browser.get(&world.app, &format!("{back}&iss={iss}")).await
    };
    let (google, github) = (world.fake.url.clone(), format!("{}/github", world.fake.url));
    for (provider, issuer) in [("github", &google), ("google", &github)] {
        let told = query(&location(&named(provider, issuer).await));
        assert_eq!(told["error_description"], "IDENTITY_NOT_PROVEN", "{provider}");
    }
    assert_eq!(named("github", &github).await.status, StatusCode::OK);
    assert_eq!(named("google", &google).await.status, StatusCode::OK);
    world.fake.says(|says| says.names_itself = true);
    world.app.pass(Duration::hours(1));
    world.fake.says(|says| says.claims = json!({ "exp": NOW.unix_timestamp() + 7_200 }));
    assert_eq!(refused(&world).await, not_proven(), "who always names itself has to");
}

#[tokio::test]
async fn an_answer_counts_once_in_the_browser_that_asked_and_for_ten_minutes() {
    let world = World::new().await;
    let (mut ada, mut eve) = (Browser::default(), Browser::default());
    let told = async |browser: &mut Browser, back: &str| {
        let answer = browser.get(&world.app, back).await;
        assert!(answer.headers.get("location").is_none(), "{answer:?}");
        assert!(answer.text.contains("OAUTH_STATE_INVALID"), "{}", answer.text);
        answer.status
    };
    // Of another browser, with no visit and with one of its own: somebody is lured into the account of somebody else.
    let back = world.agreed(&mut ada, "google", &waits(RETURN)).await;
    assert_eq!(told(&mut eve, &back).await, StatusCode::BAD_REQUEST);
    world.agreed(&mut eve, "google", &waits(RETURN)).await;
    assert_eq!(told(&mut eve, &back).await, StatusCode::BAD_REQUEST);
    let mut stolen = eve.clone();
    stolen.cookies = ada.cookies.keys().cloned().zip(eve.cookies.values().cloned()).collect();
    assert_eq!(told(&mut stolen, &back).await, StatusCode::BAD_REQUEST);
    // Forged.
    for forged in ["state=forged&code=x", "code=x", "state=&code=x", "state=forged&error=access_denied", ""] {
        assert_eq!(told(&mut ada, &format!("{CALLBACK}?{forged}")).await, StatusCode::BAD_REQUEST);
    }
    // All of that has not spoilt it for her; then it is used up, also for who has copied her cookies.
    let mut copied = ada.clone();
    assert_eq!(ada.get(&world.app, &back).await.status, StatusCode::OK);
    assert_eq!(told(&mut copied, &back).await, StatusCode::BAD_REQUEST);
    let late = world.agreed(&mut ada, "github", &waits(RETURN)).await;
    world.app.pass(Duration::minutes(10));
    assert_eq!(told(&mut ada, &late).await, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn two_visits_of_one_browser_do_not_disturb_each_other() {
    let world = World::new().await;
    let mut browser = Browser::default();
    let first = world.agreed(&mut browser, "github", &waits(RETURN)).await;
    let second = world.agreed(&mut browser, "google", &waits(RETURN)).await;
    assert_eq!(browser.get(&world.app, &first).await.status, StatusCode::OK);
    assert_eq!(browser.get(&world.app, &second).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_code_of_the_provider_that_was_used_or_is_of_another_visit_leads_nowhere() {
    let world = World::new().await;
    for provider in ["github", "google"] {
        let mut browser = Browser::default();
        let first = world.agreed(&mut browser, provider, &waits(RETURN)).await;
        let second = world.agreed(&mut browser, provider, &waits(RETURN)).await;
        let (code, _) = first.split_once("&state=").unwrap();
        let (_, state) = second.split_once("&state=").unwrap();
        // Injected: its challenge is that of another verifier.
        let told = query(&location(&browser.get(&world.app, &format!("{code}&state={state}")).await));
        assert_eq!(told["error_description"], "IDENTITY_NOT_PROVEN", "{provider}");
        // Used up by that.
        let told = query(&location(&browser.get(&world.app, &first).await));
        assert_eq!(told["error_description"], "IDENTITY_NOT_PROVEN", "{provider}");
    }
    assert_eq!(world.count("users").await, 0);
}

#[tokio::test]
async fn a_no_of_the_provider_is_told_to_whoever_waits() {
    let world = World::new().await;
    let said = [
        ("error=access_denied", "access_denied", "ACCESS_DENIED"),
        ("error=server_error&error_description=%3Cb%3E", "access_denied", "IDENTITY_NOT_PROVEN"),
        ("error=access_denied&code=x", "access_denied", "ACCESS_DENIED"),
        ("", "access_denied", "IDENTITY_NOT_PROVEN"),
    ];
    for (said, kind, code) in said {
        let mut browser = Browser::default();
        let address = location(&browser.get(&world.app, &initiate("github", &waits(RETURN))).await);
        let (_, question) = world.fake.agree(&address);
        let answer = browser.get(&world.app, &format!("{CALLBACK}?{said}&state={}", question.state)).await;
        let told = query(&location(&answer));
        assert_eq!((told["error"].as_str(), told["error_description"].as_str()), (kind, code));
        assert_eq!(told["state"], "the-client's own & only");
    }
}

#[tokio::test]
async fn a_provider_that_is_away_is_named_and_nothing_breaks() {
    let world = World::new().await;
    world.fake.says(|says| says.failing = true);
    let google = world.app.get(&initiate("google", &waits(RETURN)), None).await;
    assert_eq!(google.error(), (503, "PROVIDER_UNAVAILABLE".to_owned()));
    assert_eq!(google.headers["retry-after"], "5");
    let page = Browser::default().get(&world.app, &initiate("google", &waits(RETURN))).await;
    assert_eq!((page.status, &page.headers["retry-after"]), (StatusCode::SERVICE_UNAVAILABLE, &"5".parse().unwrap()));
    assert!(page.text.starts_with("<!doctype html>") && page.text.contains("Google does not answer"), "{}", page.text);
    let told = query(&location(&world.came(&mut Browser::default(), "github").await));
    let expected = ("temporarily_unavailable", "PROVIDER_UNAVAILABLE");
    assert_eq!((told["error"].as_str(), told["error_description"].as_str()), expected);
    world.fake.says(|says| says.failing = false);
    assert!(world.signed_in("google").await["user_id"].is_string());

    // Nobody at all at the address.
    let (mut oauth, secrets) = Fake::start().await.settings();
    oauth.google.issuer = "http://127.0.0.1:9".to_owned();
    oauth.github.token_url = "http://127.0.0.1:9/token".to_owned();
    let app = TestApp::vouched(HttpSettings::default(), oauth, secrets).await;
    let google = app.get(&initiate("google", &waits(RETURN)), None).await;
    assert_eq!(google.error(), (503, "PROVIDER_UNAVAILABLE".to_owned()));
    let world = World { app, fake: world.fake.clone() };
    let told = query(&location(&world.came(&mut Browser::default(), "github").await));
    assert_eq!(told["error_description"], "PROVIDER_UNAVAILABLE");
}

#[tokio::test]
async fn a_provider_that_is_not_configured_says_so() {
    let app = TestApp::vouched(HttpSettings::default(), OauthSettings::default(), ClientSecrets::default()).await;
    for provider in ["github", "google"] {
        let answer = app.get(&initiate(provider, &waits(RETURN)), None).await;
        assert_eq!(answer.error(), (422, "PROVIDER_NOT_CONFIGURED".to_owned()));
    }
    let page = app.get(&format!("/sign-in?{}", waits(RETURN)), None).await;
    assert!(page.status == StatusCode::OK && !page.text.contains("Continue with"), "{}", page.text);
    let page = app.get("/device?user_code=BCDF-GHJK", None).await;
    assert!(page.status == StatusCode::OK && !page.text.contains("Continue with"), "{}", page.text);
}

#[tokio::test]
async fn visits_are_limited_by_network() {
    let world = World::with(HttpSettings { sign_ins_a_minute_by_network: 2, ..HttpSettings::default() }).await;
    let path = initiate("github", &waits(RETURN));
    assert_eq!(world.app.get(&path, None).await.status, StatusCode::SEE_OTHER);
    assert_eq!(world.app.get(CALLBACK, None).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(world.app.get(&path, None).await.error(), (429, "RATE_LIMITED".to_owned()));
    assert_eq!(world.app.get(CALLBACK, None).await.error(), (429, "RATE_LIMITED".to_owned()));
}

#[tokio::test]
async fn over_an_encrypted_connection_no_other_host_sets_the_cookie() {
    let http = HttpSettings { public_url: "https://iama.example.org".to_owned(), ..HttpSettings::default() };
    let (oauth, secrets) = Fake::start().await.settings();
    let app = TestApp::vouched(http, oauth, secrets).await;
    let begun = app.get(&initiate("github", &waits(RETURN)), None).await;
    let cookie = begun.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("__Host-iama_visit_") && cookie.ends_with("; Secure"), "{cookie}");
    let asked = query(&location(&begun));
    assert_eq!(asked["redirect_uri"], "https://iama.example.org/api/v1/auth/oauth/callback");
    assert_eq!(code_in_is_missing(&asked), None);
}

/// Nothing that can be changed for tokens is in the address of a provider.
fn code_in_is_missing(asked: &std::collections::BTreeMap<String, String>) -> Option<&String> {
    asked.get("code").or_else(|| asked.get("code_verifier")).or_else(|| asked.get("client_secret"))
}

#[tokio::test]
async fn a_page_of_the_web_that_is_configured_may_wait_as_well() {
    let fake = Fake::start().await;
    let (mut oauth, secrets) = fake.settings();
    oauth.return_to.push("https://app.example.org/signed-in".to_owned());
    let world = World { app: TestApp::vouched(HttpSettings::default(), oauth, secrets).await, fake };
    let mut browser = Browser::default();
    let back = world.agreed(&mut browser, "github", &waits("https://app.example.org/signed-in")).await;
    let page = browser.get(&world.app, &back).await;
    let done = world.consent(&mut browser, &page, "yes").await;
    assert!(super::refreshed(&done).starts_with("https://app.example.org/signed-in?code=iama_lc_"), "{}", done.text);
    assert!(code_in(&done).starts_with("iama_lc_"));
}
