//! Administrators: accounts and sessions of their own.

use axum::http::{Method, StatusCode};
use iama_api::auth::Permission;
use iama_store::admins::AdminRole;
use serde_json::{Value, json};
use time::Duration;

use crate::support::{Answer, PASSWORD, TestApp, token};

const ACCOUNTS: &str = "/api/v1/admin/accounts";
const ME: &str = "/api/v1/admin/auth/me";

#[test]
fn each_role_has_its_permissions_and_no_other() {
    use AdminRole::{Engineer, SuperAdmin, Support};
    let table: Vec<(Permission, &[AdminRole])> =
        Permission::ALL.iter().map(|permission| (*permission, permission.roles())).collect();
    let expected: Vec<(Permission, &[AdminRole])> = vec![
        (Permission::Accounts, &[SuperAdmin]),
        (Permission::ReadConfig, &[SuperAdmin, Engineer]),
        (Permission::WriteConfig, &[SuperAdmin, Engineer]),
        (Permission::ReferToKeys, &[SuperAdmin]),
        (Permission::StopAll, &[SuperAdmin, Engineer]),
        (Permission::StopPerson, &[SuperAdmin, Engineer, Support]),
        (Permission::AdjustQuota, &[SuperAdmin, Support]),
        (Permission::SeeHealth, &[SuperAdmin, Engineer, Support]),
    ];
    assert_eq!(table, expected);
}

#[tokio::test]
async fn a_session_lasts_eight_hours_and_can_be_ended_before() {
    let app = TestApp::new().await;
    let (id, access) = app.admin(AdminRole::Support, "s@example.org").await;
    let me = app.get(ME, Some(&access)).await.json();
    assert_eq!((&me["id"], &me["role"], &me["active"]), (&json!(id), &json!("SUPPORT"), &json!(true)));
    app.pass(Duration::hours(8) - Duration::SECOND);
    assert_eq!(app.get(ME, Some(&access)).await.status, StatusCode::OK);
    app.pass(Duration::SECOND);
    assert_eq!(app.get(ME, Some(&access)).await.error(), (401, "UNAUTHENTICATED".to_owned()));

    let next = app.admin_login(" S@example.org ", PASSWORD).await.json();
    let access = token(&next, "token");
    assert_eq!(next["expires_at"], "2026-11-24T04:00:00Z");
    let out = app.call(Method::POST, "/api/v1/admin/auth/logout", Some(access), None).await;
    assert_eq!(out.status, StatusCode::NO_CONTENT);
    assert_eq!(app.get(ME, Some(access)).await.error(), (401, "UNAUTHENTICATED".to_owned()));
    let actions: Vec<String> = app.audited().await.into_iter().map(|(action, _)| action).collect();
    assert_eq!(actions, ["ADMIN_LOGIN", "ADMIN_LOGIN", "ADMIN_LOGOUT"]);
}

#[tokio::test]
async fn the_token_lies_nowhere_in_the_clear() {
    let app = TestApp::new().await;
    let (_, access) = app.admin(AdminRole::Support, "s@example.org").await;
    let kept: Vec<Vec<u8>> = sqlx::query_scalar("SELECT convert_to(to_jsonb(s)::text, 'UTF8') FROM admin_sessions s")
        .fetch_all(&mut *app.db.pool().acquire().await.unwrap())
        .await
        .unwrap();
    let [row] = &kept[..] else { panic!("{} sessions", kept.len()) };
    let row = String::from_utf8_lossy(row).into_owned();
    assert!(row.contains("token_hash") && !row.contains(&access) && !row.contains(&hex::encode(&access)), "{row}");
}

#[tokio::test]
async fn people_and_administrators_are_nobody_to_each_other() {
    let app = TestApp::new().await;
    let person = app.register("a@example.org").await;
    let (_, admin) = app.admin(AdminRole::SuperAdmin, "a@example.org").await;
    let nobody = (401, "UNAUTHENTICATED".to_owned());
    assert_eq!(app.get(ME, Some(token(&person, "access_token"))).await.error(), nobody);
    assert_eq!(app.get("/api/v1/me", Some(&admin)).await.error(), nobody);
    app.admin(AdminRole::SuperAdmin, "only-admin@example.org").await;
    assert_eq!(app.login("only-admin@example.org", PASSWORD).await.error().1, "INVALID_CREDENTIALS");
}

#[tokio::test]
async fn neither_words_nor_codes_tell_a_known_administrator_from_an_unknown_one() {
    let app = TestApp::new().await;
    app.admin(AdminRole::Support, "s@example.org").await;
    let known = app.admin_login("s@example.org", "wrong password").await;
    let unknown = app.admin_login("t@example.org", "wrong password").await;
    assert_eq!(known.error(), (401, "INVALID_CREDENTIALS".to_owned()));
    assert_eq!((known.status, known.text), (unknown.status, unknown.text));
}

#[tokio::test]
async fn an_administrator_who_fails_waits() {
    let app = TestApp::new().await;
    app.admin(AdminRole::Support, "s@example.org").await;
    for _ in 0..4 {
        assert_eq!(app.admin_login("s@example.org", "wrong password").await.status, StatusCode::UNAUTHORIZED);
    }
    let waits = app.admin_login("s@example.org", PASSWORD).await;
    assert_eq!(waits.error(), (429, "TOO_MANY_ATTEMPTS".to_owned()));
    assert_eq!(waits.headers["retry-after"], "1");
    app.pass(Duration::SECOND);
    assert_eq!(app.admin_login("s@example.org", PASSWORD).await.status, StatusCode::OK);
}

async fn change(app: &TestApp, access: &str, id: &str, body: Value) -> Answer {
    app.call(Method::PATCH, &format!("{ACCOUNTS}/{id}"), Some(access), Some(body)).await
}

#[tokio::test]
async fn accounts_are_made_changed_and_shut_by_a_super_admin() {
    let app = TestApp::new().await;
    let (root, access) = app.admin(AdminRole::SuperAdmin, "root@example.org").await;
    let wanted = json!({ "email": "New@example.org", "role": "ENGINEER", "password": PASSWORD });
    let made = app.post(ACCOUNTS, Some(&access), wanted.clone()).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let made = made.json();
    assert_eq!((&made["email"], &made["created_by"]), (&json!("new@example.org"), &json!(root)));
    assert_eq!(app.post(ACCOUNTS, Some(&access), wanted).await.error(), (409, "EMAIL_TAKEN".to_owned()));
    let short = json!({ "email": "new", "role": "ENGINEER", "password": "short" });
    let faults = app.post(ACCOUNTS, Some(&access), short).await.json()["error"]["details"]["fields"].clone();
    assert_eq!(faults.as_object().unwrap().len(), 2, "{faults}");

    let id = made["id"].as_str().unwrap();
    let theirs = app.admin_login("new@example.org", PASSWORD).await.json();
    let theirs = token(&theirs, "token");
    assert_eq!(app.get(ACCOUNTS, Some(theirs)).await.error(), (403, "FORBIDDEN".to_owned()));
    assert_eq!(change(&app, &access, id, json!({ "role": "SUPER_ADMIN" })).await.json()["role"], "SUPER_ADMIN");
    let listed = app.get(ACCOUNTS, Some(theirs)).await.json();
    assert_eq!(listed["accounts"].as_array().unwrap().len(), 2, "another role counts at once");

    let reset = json!({ "password": "staple of another kind" });
    let path = format!("{ACCOUNTS}/{id}/password");
    assert_eq!(app.post(&path, Some(&access), reset).await.status, StatusCode::NO_CONTENT);
    assert_eq!(app.get(ME, Some(theirs)).await.error().0, 401, "a new password ends sessions");
    assert_eq!(app.admin_login("new@example.org", PASSWORD).await.status, StatusCode::UNAUTHORIZED);
    let again = app.admin_login("new@example.org", "staple of another kind").await.json();

    assert_eq!(change(&app, &access, id, json!({ "active": false })).await.json()["active"], false);
    assert_eq!(app.get(ME, Some(token(&again, "token"))).await.error().0, 401);
    assert_eq!(app.admin_login("new@example.org", "staple of another kind").await.status, StatusCode::UNAUTHORIZED);
    let none = "00000000-0000-0000-0000-000000000000";
    assert_eq!(change(&app, &access, none, json!({})).await.error(), (404, "NOT_FOUND".to_owned()));

    let actions: Vec<String> = app.audited().await.into_iter().map(|(action, _)| action).collect();
    let expected = ["ADMIN_LOGIN", "ADMIN_CREATED", "ADMIN_LOGIN", "ADMIN_CHANGED", "ADMIN_PASSWORD_RESET"];
    assert_eq!(actions[..5], expected);
    assert_eq!(actions[5..], ["ADMIN_LOGIN", "ADMIN_CHANGED"]);
}

#[tokio::test]
async fn somebody_who_may_do_everything_is_always_left() {
    let app = TestApp::new().await;
    let (one, first) = app.admin(AdminRole::SuperAdmin, "one@example.org").await;
    let alone = (409, "LAST_SUPER_ADMIN".to_owned());
    assert_eq!(change(&app, &first, &one, json!({ "role": "SUPPORT" })).await.error(), alone);
    assert_eq!(change(&app, &first, &one, json!({ "active": false })).await.error(), alone);
    let (two, second) = app.admin(AdminRole::SuperAdmin, "two@example.org").await;
    let down = || json!({ "active": false });
    let (by_first, by_second) = tokio::join!(change(&app, &first, &two, down()), change(&app, &second, &one, down()));
    let mut statuses = [by_first.status.as_u16(), by_second.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses[0], 200, "of two who shut each other out, one succeeds");
    assert!(statuses[1] == 409 || statuses[1] == 401, "{statuses:?}");
}
