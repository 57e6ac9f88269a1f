//! A spec in a person's words: a model of class L2 is asked, and nothing of the job changes.

use std::time::Duration as Wait;

use axum::http::{Method, StatusCode};
use iama_api::settings::HttpSettings;
use iama_model::fake::{Reply, Step, frames};
use iama_store::{configs, journal};
use serde_json::{Value, json};

use crate::decisions::Play;
use crate::jobs::write;
use crate::models::world::{World, says, table};
use crate::support::{Answer, PROVIDER_KEY};

/// 2311 tokens at a dollar a million and 42 at two, in thousandths of a cent, rounded up.
const PRICE: i64 = 240;

const TEXT: &str = "Sums of an empty order must be zero, says FORTY_ONE.";

/// A model's changes: one that it may make, and one of a rule.
fn changes() -> Reply {
    let none = Value::Null;
    let item = |action: &str, id: Value, kind: Value, text: &str| json!({ "action": action, "id": id, "kind": kind, "text": text, "given": none, "when": none, "then": none });
    let changes = [
        item("add", none.clone(), json!("SDD"), "Sums of an empty order are zero, says SIXTY_SEVEN."),
        item("remove", json!("R1"), none.clone(), ""),
    ];
    says(&json!({ "say": "Adds a rule for empty orders.", "changes": changes }).to_string())
}

/// A job whose spec waits to be approved, with the token of its revision.
async fn at_spec(world: &World) -> (Play<'_>, String) {
    let play = Play::with(&world.app, &world.access, "made").await;
    play.until("WAITING_STRATEGY.choosing", |_| None).await;
    play.say("/proposals/select", json!({ "strategy": "STANDARD" })).await;
    play.until("WAITING_SPEC_APPROVAL", |_| None).await;
    let token = play.get("/spec").await.json()["revision_token"].as_str().unwrap().to_owned();
    (play, token)
}

async fn ask(world: &World, play: &Play<'_>, key: &str, token: &str, text: &str) -> Answer {
    let path = format!("/jobs/{}/spec/nl-convert", play.job);
    let body = json!({ "revision_token": token, "text": text });
    write(&world.app, Method::POST, &path, &world.access, key, Some(body)).await
}

async fn previews(world: &World) -> Vec<(String, Option<String>, Option<i64>)> {
    let statement = "SELECT status, code, charged_mc FROM spec_previews ORDER BY created_at, id";
    sqlx::query_as(statement).fetch_all(&mut *world.app.db.pool().acquire().await.unwrap()).await.unwrap()
}

#[tokio::test]
async fn words_become_a_preview_that_is_paid_for_with_the_round_and_changes_nothing() {
    let world = World::new("PLUS", vec![changes()]).await;
    let (play, token) = at_spec(&world).await;
    let before = (play.get("").await.text, play.get("/spec").await.text);
    let answer = ask(&world, &play, "1", &token, TEXT).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let preview = answer.json();
    assert_eq!(
        (&preview["revision_token"], &preview["says"]),
        (&json!(token), &json!("Adds a rule for empty orders."))
    );
    let items = preview["items"].as_array().unwrap();
    let told: Vec<(&str, &str)> =
        items.iter().map(|item| (item["id"].as_str().unwrap(), item["origin"].as_str().unwrap())).collect();
    assert_eq!(told, [("R1", "RECIPES"), ("B1", "RECIPES"), ("", "MODEL")]);
    assert_eq!(preview["refused"].as_array().unwrap().len(), 1, "the rule stays: {preview}");
    assert_eq!(before, (play.get("").await.text, play.get("/spec").await.text));
    let seen = world.provider.seen();
    assert!(seen.len() == 1 && seen[0].texts().contains(TEXT) && seen[0].body["model"] == "stronger", "{seen:?}");

    let again = ask(&world, &play, "1", &token, TEXT).await;
    assert_eq!((again.status, &again.text), (StatusCode::OK, &answer.text));
    assert_eq!(again.headers["idempotency-replayed"], "true");
    let same = ask(&world, &play, "2", &token, &format!("  {TEXT}\n")).await;
    assert_eq!((same.text, world.provider.seen().len()), (answer.text, 1), "the same words are asked for once");
    assert_eq!(previews(&world).await, [("ANSWERED".to_owned(), None, Some(PRICE))]);

    let edited: Vec<Value> = items
        .iter()
        .map(|item| json!({ "id": item["id"], "kind": item["kind"], "text": item["text"], "scenario": item["scenario"] }))
        .collect();
    let edit = json!({ "revision_token": preview["revision_token"], "items": edited });
    assert_eq!(play.decide(Method::PATCH, "/spec", Some(edit)).await, "WAITING_SPEC_APPROVAL", "an edit takes it");
    assert_eq!(ask(&world, &play, "3", &token, "More.").await.error(), (409, "SPEC_STALE".to_owned()));
    play.until("WAITING_SPEC_APPROVAL", |_| None).await;
    assert_eq!(play.say("/spec/approve", json!({})).await, "GENERATING_TESTS");
    play.until_asked("RUN_BASELINE", |_| None).await;
    play.decide(Method::DELETE, "", None).await;
    let (billable, used): (bool, i64) = world.row("SELECT billable, used_mc FROM round_settlements").await;
    let (spent,): (i64,) = world.row("SELECT balance_mc FROM credit_accounts WHERE kind = 'SPENT'").await;
    assert_eq!((billable, used, spent), (true, PRICE, PRICE));
    let usage = world.app.get(&format!("/api/v1/usage/job/{}", play.job), Some(&world.access)).await.json();
    let told = json!([{ "model_class": "L2", "calls": 1, "input_tokens": 2311, "output_tokens": 42 }]);
    assert_eq!(usage["rounds"][0]["calls"], told, "{usage}");
    world.assert_balanced().await;
}

#[tokio::test]
async fn a_round_that_ends_before_its_checkpoint_costs_nobody_but_the_platform() {
    let world = World::new("PLUS", vec![changes()]).await;
    let (play, token) = at_spec(&world).await;
    assert_eq!(ask(&world, &play, "1", &token, TEXT).await.status, StatusCode::OK);
    play.decide(Method::DELETE, "", None).await;
    let (spent, available, absorbed): (i64, i64, i64) = world
        .row(
            "SELECT coalesce((SELECT sum(balance_mc) FROM credit_accounts WHERE kind = 'SPENT'), 0)::bigint,
                 (SELECT balance_mc FROM credit_accounts WHERE kind = 'AVAILABLE'),
                 (SELECT -balance_mc FROM credit_accounts WHERE kind = 'ABSORBED')",
        )
        .await;
    assert_eq!((spent, absorbed), (0, PRICE));
    assert!(available >= 1_000_000, "{available}");
    world.assert_balanced().await;
}

#[tokio::test]
async fn no_words_and_no_preview_lie_anywhere_in_the_clear() {
    let world = World::new("PLUS", vec![changes()]).await;
    let (play, token) = at_spec(&world).await;
    assert_eq!(ask(&world, &play, "1", &token, TEXT).await.status, StatusCode::OK);
    let dump = world.dump().await;
    assert!(dump.contains("MODEL_CALL") && dump.contains("SPEC_PREVIEW"), "it is on record");
    for text in ["FORTY_ONE", "SIXTY_SEVEN", "empty order", PROVIDER_KEY] {
        assert!(!dump.contains(text) && !world.objects_contain(text), "{text}");
    }
}

#[tokio::test]
async fn who_has_no_such_model_is_told_which_tier_has() {
    let world = World::new("FREE", Vec::new()).await;
    let (play, token) = at_spec(&world).await;
    let refused = ask(&world, &play, "1", &token, TEXT).await;
    assert_eq!(refused.error(), (403, "ENTITLEMENT_DENIED".to_owned()), "{}", refused.text);
    let denial = &refused.json()["error"]["details"]["denial"];
    assert_eq!((&denial["class"], &denial["tier"], &denial["needs"]), (&json!("L2"), &json!("FREE"), &json!("PLUS")));
    assert_eq!((previews(&world).await.len(), world.provider.seen().len()), (0, 0));
}

#[tokio::test]
async fn only_a_spec_that_waits_to_be_approved_is_asked_about_and_by_its_owner() {
    let world = World::new("PLUS", Vec::new()).await;
    let play = Play::with(&world.app, &world.access, "early").await;
    let early = ask(&world, &play, "1", "none", TEXT).await;
    assert_eq!(early.error(), (409, "ILLEGAL_TRANSITION".to_owned()), "{}", early.text);
    let (play, token) = at_spec(&world).await;
    for text in ["", " \n", &"x".repeat(4_001)] {
        let refused = ask(&world, &play, &format!("length {}", text.len()), &token, text).await;
        assert_eq!(refused.error(), (422, "VALIDATION_FAILED".to_owned()));
    }
    let other = crate::jobs::person(&world.app, "b@example.org").await;
    let path = format!("/jobs/{}/spec/nl-convert", play.job);
    let body = json!({ "revision_token": token, "text": TEXT });
    let foreign = write(&world.app, Method::POST, &path, &other, "1", Some(body)).await;
    assert_eq!(foreign.error(), (404, "NOT_FOUND".to_owned()));
    assert_eq!(play.say("/spec/approve", json!({})).await, "GENERATING_TESTS");
    assert_eq!(ask(&world, &play, "late", &token, TEXT).await.error(), (409, "ILLEGAL_TRANSITION".to_owned()));
    assert_eq!(world.provider.seen().len(), 0);
}

#[tokio::test]
async fn an_answer_of_no_use_is_asked_for_once_more_and_paid_for_by_the_platform() {
    let world = World::new("PLUS", vec![says("Gladly!"), changes(), says("Gladly!"), says("Again!")]).await;
    let (play, token) = at_spec(&world).await;
    assert_eq!(ask(&world, &play, "1", &token, TEXT).await.status, StatusCode::OK);
    assert_eq!(world.provider.seen().len(), 2);
    let refused = ask(&world, &play, "2", &token, "Something else.").await;
    assert_eq!(refused.error(), (502, "ANSWER_UNUSABLE".to_owned()), "{}", refused.text);
    let told = previews(&world).await;
    assert_eq!(told[0], ("ANSWERED".to_owned(), None, Some(PRICE)));
    assert_eq!(told[1], ("FAILED".to_owned(), Some("PLAN_NO_JSON".to_owned()), None));
    let (absorbed,): (i64,) = world.row("SELECT -balance_mc FROM credit_accounts WHERE kind = 'ABSORBED'").await;
    assert!((3 * PRICE - 3..=3 * PRICE).contains(&absorbed), "{absorbed}");
    world.assert_balanced().await;
}

#[tokio::test]
async fn a_provider_that_is_down_is_told_so_and_charges_nothing() {
    let down = || Reply::refusal(401, "{}");
    let world = World::new("PLUS", vec![down(), changes()]).await;
    let (play, token) = at_spec(&world).await;
    let refused = ask(&world, &play, "1", &token, TEXT).await;
    assert_eq!(refused.error(), (503, "MODEL_UNAVAILABLE".to_owned()), "{}", refused.text);
    assert_eq!(refused.json()["error"]["details"]["cause"], "KEY_REFUSED");
    let again = ask(&world, &play, "1", &token, TEXT).await;
    assert_eq!(again.status, StatusCode::OK, "the same key may try again: {}", again.text);
    play.decide(Method::DELETE, "", None).await;
    world.assert_balanced().await;
}

#[tokio::test]
async fn a_model_that_takes_too_long_is_given_up_and_one_is_asked_at_a_time() {
    let hangs = || Reply::stream(&frames::openai(&["{"], "stop")[..2]).then(Step::Hang);
    let world = World::patient(Wait::from_secs(1), "PLUS", vec![hangs()]).await;
    let (play, token) = at_spec(&world).await;
    let (first, second) = tokio::join!(ask(&world, &play, "1", &token, TEXT), async {
        world.provider.asked(1).await;
        ask(&world, &play, "2", &token, "Something else.").await
    });
    assert_eq!(second.error(), (409, "PREVIEW_IN_PROGRESS".to_owned()), "{}", second.text);
    assert_eq!(first.error(), (503, "MODEL_UNAVAILABLE".to_owned()), "{}", first.text);
    assert_eq!(first.json()["error"]["details"]["cause"], "TIMEOUT");
    assert_eq!(previews(&world).await, [("FAILED".to_owned(), Some("TIMEOUT".to_owned()), None)]);
    world.assert_balanced().await;
}

#[tokio::test]
async fn who_waits_for_a_model_has_more_time_than_anybody_else() {
    let slow = || Reply::stream(&frames::openai(&["{"], "stop")[..2]).then(Step::Hang);
    let http = HttpSettings { timeout_ms: 2_000, model_timeout_ms: 3_000, ..HttpSettings::default() };
    let world = World::over(http, "PLUS", vec![slow()]).await;
    let (play, token) = at_spec(&world).await;
    let (asked, held) = tokio::join!(ask(&world, &play, "1", &token, TEXT), async {
        world.provider.asked(1).await;
        // Somebody holds what every decision about the job needs.
        let mut transaction = world.app.db.begin().await.unwrap();
        journal::lock(&mut transaction, play.job.parse().unwrap()).await.unwrap();
        let path = format!("/jobs/{}", play.job);
        write(&world.app, Method::DELETE, &path, &world.access, "cancel", None).await
    });
    assert_eq!(held.error(), (503, "TIMEOUT".to_owned()), "{}", held.text);
    assert_eq!(asked.error(), (503, "MODEL_UNAVAILABLE".to_owned()), "{}", asked.text);
    assert_eq!(asked.json()["error"]["details"]["cause"], "TIMEOUT", "of the model, not of the request");
}

#[tokio::test]
async fn a_round_that_ends_in_mid_question_is_settled_without_it() {
    let hangs = || Reply::stream(&frames::openai(&["{"], "stop")[..2]).then(Step::Hang);
    let world = World::patient(Wait::from_secs(20), "PLUS", vec![hangs()]).await;
    let (play, token) = at_spec(&world).await;
    let (asked, ()) = tokio::join!(ask(&world, &play, "1", &token, TEXT), async {
        world.provider.asked(1).await;
        play.decide(Method::DELETE, "", None).await;
    });
    assert_eq!(asked.json()["error"]["details"]["cause"], "JOB_ENDED", "{}", asked.text);
    assert_eq!(previews(&world).await, [("LOST".to_owned(), None, None)]);
    let (reserved,): (i64,) = world.row("SELECT balance_mc FROM credit_accounts WHERE kind = 'RESERVED'").await;
    assert_eq!(reserved, 0);
    world.assert_balanced().await;
}

#[tokio::test]
async fn what_is_switched_off_is_not_asked_and_who_has_too_little_left_is_told() {
    let world = World::new("PLUS", Vec::new()).await;
    let (play, token) = at_spec(&world).await;
    let mut off = table(&world.provider.url(), 1.0);
    off["off"] = json!({ "classes": ["L2"] });
    world.set(configs::ROUTE_TABLE, off).await;
    assert_eq!(ask(&world, &play, "1", &token, TEXT).await.error(), (503, "KILL_SWITCH".to_owned()));
    world.set(configs::ROUTE_TABLE, table(&world.provider.url(), 1.0)).await;
    world.leave(0).await;
    sqlx::query("UPDATE quota_reservations SET reserved_mc = 0")
        .execute(&mut *world.app.db.pool().acquire().await.unwrap())
        .await
        .unwrap();
    let refused = ask(&world, &play, "2", &token, TEXT).await;
    assert_eq!(refused.error(), (403, "CREDITS_EXHAUSTED".to_owned()), "{}", refused.text);
    assert_eq!((previews(&world).await.len(), world.provider.seen().len()), (0, 0));
}
