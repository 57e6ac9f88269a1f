//! What a browser brings to the program that waits, and what the program gets for it.

use axum::http::StatusCode;
use iama_api::sweeping;
use serde_json::{Value, json};
use time::Duration;

use super::{Browser, RETURN, VERIFIER, World, challenge, code_in, initiate, location, query, refreshed, waits};
use crate::support::Answer;

/// A code for somebody who is known, brought to a program.
async fn code(world: &World) -> String {
    code_in(&world.came(&mut Browser::default(), "github").await)
}

async fn change(world: &World, code: &str, verifier: &str, return_to: &str) -> Answer {
    let body = json!({ "code": code, "code_verifier": verifier, "return_to": return_to });
    world.app.post("/api/v1/auth/code", None, body).await
}

#[tokio::test]
async fn a_code_is_good_once_for_who_has_the_verifier_and_for_two_minutes() {
    let world = World::new().await;
    world.signed_in("github").await;
    let invalid = (400, "LOGIN_CODE_INVALID".to_owned());

    let used = code(&world).await;
    assert_eq!(change(&world, &used, VERIFIER, RETURN).await.status, StatusCode::OK);
    assert_eq!(change(&world, &used, VERIFIER, RETURN).await.error(), invalid, "used");

    for (what, verifier, return_to) in [
        ("another verifier", "verifier-of-a-thief-0123456789-0123456789-01", RETURN),
        ("the challenge itself", challenge(VERIFIER).as_str(), RETURN),
        ("none", "", RETURN),
        ("another place", VERIFIER, "http://127.0.0.1:43211/signed-in"),
        ("a place where nobody may wait", VERIFIER, "https://evil.example.org/"),
    ] {
        let code = code(&world).await;
        assert_eq!(change(&world, &code, verifier, return_to).await.error(), invalid, "{what}");
        assert_eq!(change(&world, &code, VERIFIER, RETURN).await.error(), invalid, "{what} has used it up");
    }

    let late = code(&world).await;
    world.app.pass(Duration::minutes(2));
    assert_eq!(change(&world, &late, VERIFIER, RETURN).await.error(), invalid, "late");
    assert_eq!(change(&world, "iama_lc_unknown", VERIFIER, RETURN).await.error(), invalid);
}

#[tokio::test]
async fn of_many_who_bring_a_code_one_is_signed_in() {
    let world = World::new().await;
    world.signed_in("github").await;
    let code = code(&world).await;
    let tried = (0..8).map(|_| change(&world, &code, VERIFIER, RETURN));
    let done = futures_util::future::join_all(tried).await;
    assert_eq!(done.iter().filter(|answer| answer.status == StatusCode::OK).count(), 1);
    assert_eq!(world.count("user_sessions WHERE revoked_reason = 'REUSE'").await, 1, "and nobody stays so");
}

async fn refresh(world: &World, pair: &Value) -> Answer {
    world.app.post("/api/v1/auth/refresh", None, json!({ "refresh_token": pair["refresh_token"] })).await
}

#[tokio::test]
async fn a_code_that_comes_once_more_ends_the_session_that_it_was_changed_for_and_no_other() {
    let world = World::new().await;
    let other = world.signed_in("github").await;
    let invalid = (400, "LOGIN_CODE_INVALID".to_owned());
    let used = code(&world).await;
    let pair = change(&world, &used, VERIFIER, RETURN).await.json();
    let next = refresh(&world, &pair).await.json();
    let thief = change(&world, &used, "verifier-of-a-thief-0123456789-0123456789-01", RETURN).await;
    assert_eq!(thief.error(), invalid);
    assert_eq!(refresh(&world, &next).await.error(), (401, "REFRESH_TOKEN_INVALID".to_owned()));
    assert_eq!(refresh(&world, &other).await.status, StatusCode::OK);

    // Whoever was refused has no session that could end.
    let wasted = code(&world).await;
    for verifier in ["", VERIFIER] {
        assert_eq!(change(&world, &wasted, verifier, RETURN).await.error(), invalid);
    }
    assert_eq!(world.count("user_sessions WHERE revoked_reason = 'REUSE'").await, 1);

    // A day later it is noticed still, and then forgotten.
    let late = code(&world).await;
    let pair = change(&world, &late, VERIFIER, RETURN).await.json();
    world.app.pass(Duration::hours(23));
    sweeping::tidy(&world.app.state).await.unwrap();
    assert_eq!(change(&world, &late, VERIFIER, RETURN).await.error(), invalid);
    assert_eq!(refresh(&world, &pair).await.error().1, "REFRESH_TOKEN_INVALID");
    world.app.pass(Duration::hours(2));
    sweeping::tidy(&world.app.state).await.unwrap();
    assert_eq!(world.count("login_codes").await, 0);
}

#[tokio::test]
async fn no_token_is_in_any_address() {
    let world = World::new().await;
    world.signed_in("github").await;
    let brought = location(&world.came(&mut Browser::default(), "github").await);
    let names: Vec<String> = query(&brought).into_keys().collect();
    assert_eq!(names, ["code", "iss", "state"]);
    assert!(brought.starts_with(&format!("{RETURN}?code=iama_lc_")), "{brought}");
}

#[tokio::test]
async fn an_extension_is_reached_by_a_page_and_asks_with_its_own_address() {
    let world = World::new().await;
    world.signed_in("github").await;
    let mut browser = Browser::default();
    let place = "vscode://iama.iama/signed-in?windowId=1";
    let back = world.agreed(&mut browser, "github", &waits(place)).await;
    let page = browser.get(&world.app, &back).await;
    assert!(page.status == StatusCode::OK && page.text.contains("VS Code takes over"), "{}", page.text);
    let address = refreshed(&page);
    assert!(address.starts_with("vscode://iama.iama/signed-in?windowId=1&code="), "{address}");
    let pair = change(&world, &query(&address)["code"], VERIFIER, place).await;
    assert_eq!(pair.status, StatusCode::OK, "{}", pair.text);
}

#[tokio::test]
async fn who_waits_needs_a_challenge_and_a_place_where_one_may_wait() {
    let world = World::new().await;
    let hash = challenge(VERIFIER);
    let with = |return_to: &str, challenge: &str, method: &str| {
        let pairs = [("return_to", return_to), ("code_challenge", challenge), ("code_challenge_method", method)];
        serde_urlencoded::to_string(pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect::<Vec<_>>())
            .unwrap()
    };
    let wrong = [
        (with(RETURN, "", ""), "VALIDATION_FAILED"),
        (with(RETURN, "", "S256"), "VALIDATION_FAILED"),
        (with(RETURN, &hash, ""), "VALIDATION_FAILED"),
        (with(RETURN, VERIFIER, "plain"), "VALIDATION_FAILED"),
        (with(RETURN, &hash, "plain"), "VALIDATION_FAILED"),
        (with(RETURN, "too-short", "S256"), "VALIDATION_FAILED"),
        (with("", &hash, "S256"), "VALIDATION_FAILED"),
        (format!("{}&user_code=BCDF-GHJK", with(RETURN, &hash, "S256")), "VALIDATION_FAILED"),
        (with("https://evil.example.org/", &hash, "S256"), "RETURN_REFUSED"),
        (with("//evil.example.org/", &hash, "S256"), "RETURN_REFUSED"),
        (with("javascript:alert(1)", &hash, "S256"), "RETURN_REFUSED"),
        (with("http://localhost:43210/", &hash, "S256"), "RETURN_REFUSED"),
        (with("vscode://evil.evil/x", &hash, "S256"), "RETURN_REFUSED"),
    ];
    for (query, code) in wrong {
        for path in [initiate("github", &query), initiate("google", &query), format!("/sign-in?{query}")] {
            let answer = world.app.get(&path, None).await;
            assert_eq!(answer.error(), (422, code.to_owned()), "{path}");
            assert!(answer.headers.get("set-cookie").is_none());
        }
    }
    assert_eq!(world.count("oauth_flows").await, 0);
}
