//! The strongest class: asked only under a price that a person has confirmed, and never beyond it.

use axum::http::{Method, StatusCode};
use iama_api::models::make_due;
use iama_api::sweeping;
use iama_job::event::EventKind;
use iama_job::state::Quote;
use iama_job::{Effect, EffectResult, MilliCredits, ModelClass, QuoteId};
use iama_store::configs;
use serde_json::{Value, json};
use time::Duration;

use super::world::{World, says, table};
use crate::decisions::{Play, each_otherwise};
use crate::support::{PASSWORD, token};

/// 2311 tokens at a dollar a million and 42 at two, in thousandths of a cent, rounded up.
const PRICE: i64 = 240;

/// What a person confirms, in thousandths of a credit.
const CONFIRMED: u64 = 1_500;

/// Somebody with all classes, whose job has failed six times.
async fn behind_l2(world: &World) -> Play<'_> {
    let mut all = table(&world.provider.url(), 1.0);
    let strongest =
        json!({ "class": "L3", "provider": "here", "model": "strongest", "price": { "input": 1.0, "output": 2.0 } });
    all["route"].as_array_mut().unwrap().push(strongest);
    world.set(configs::ROUTE_TABLE, all).await;
    let play = Play::with(&world.app, &world.access, "made").await;
    play.until("WAITING_STRATEGY.choosing", |_| None).await;
    play.say("/proposals/select", json!({ "strategy": "STANDARD" })).await;
    play.until("WAITING_SPEC_APPROVAL", |_| None).await;
    play.say("/spec/approve", json!({})).await;
    play.until("WAITING_ESCALATION_DECISION", each_otherwise()).await;
    play.say("/escalation/confirm", json!({ "class": "L2" })).await;
    play.until_asked("QUOTE", each_otherwise()).await;
    play
}

fn quoted(effect: &Effect) -> Option<EffectResult> {
    let quote = Quote { id: QuoteId("q1".to_owned()), class: ModelClass::L3, max: MilliCredits(CONFIRMED) };
    matches!(effect, Effect::Quote { .. }).then_some(EffectResult::QuoteReady { quote })
}

fn wanted(name: &str, quote: &Value, task: &str) -> Value {
    let prompt = json!({ "system": "Rules.", "interfaces": "", "spec": "", "task": task, "again": [] });
    let template = json!({ "name": "repair/1", "hash": "0".repeat(64) });
    json!({ "outcome": "WANTS", "call": {
        "name": name, "stage": "repair", "class": "L3", "quote": quote, "prompt": prompt, "form": { "form": "text" },
        "template": template, "fingerprint": "f".repeat(64),
    } })
}

/// Wants a call for what is asked now. Gives the status of the answer.
async fn want(play: &Play<'_>, call: Value) -> StatusCode {
    let (request, claimed) = play.claim().await;
    let (effect, turn) = (&claimed["order"]["dispatch"]["id"], &claimed["order"]["turn"]);
    let reply = json!({ "effect": effect, "turn": turn, "outcome": call, "documents": [] });
    let body = json!({ "fencing_token": claimed["fencing_token"], "reply": reply });
    play.post(&format!("/execution/requests/{request}/result"), body).await.status
}

#[tokio::test]
async fn the_strongest_class_is_asked_under_a_confirmed_price_alone_and_never_beyond_it() {
    let world = World::new("MAX", vec![says("An edit."), says("Never asked for.")]).await;
    let play = behind_l2(&world).await;
    let confirm = |quote: Value| play.say("/escalation/confirm", json!({ "class": "L3", "quote": quote }));
    assert_eq!(confirm(json!("q1")).await, "L3_CONFIRMATION_REQUIRED", "no price is known yet");
    play.until("WAITING_ESCALATION_DECISION", quoted).await;
    let open = play.get("/decisions").await.json();
    assert_eq!((&open["price"]["id"], &open["price"]["class"]), (&json!("q1"), &json!("L3")), "{open}");
    assert_eq!(confirm(Value::Null).await, "L3_CONFIRMATION_REQUIRED");
    assert_eq!(confirm(json!("q0")).await, "QUOTE_MISMATCH");
    assert_eq!((world.provider.seen().len(), make_due(&world.app.state).await.unwrap()), (0, 0));

    assert!(confirm(json!("q1")).await.starts_with("REFACTORING"));
    play.until_asked("GENERATE_PATCH", |_| None).await;
    let (_, claimed) = play.claim().await;
    let effect = &claimed["order"]["dispatch"]["effect"];
    assert_eq!((&effect["class"], &effect["quote"]), (&json!("L3"), &json!("q1")), "{effect}");
    for quote in [Value::Null, json!("q0")] {
        assert_eq!(want(&play, wanted("attempt-7-1", &quote, "mend it")).await, StatusCode::UNPROCESSABLE_ENTITY);
    }
    assert_eq!(make_due(&world.app.state).await.unwrap(), 0);
    assert_eq!(want(&play, wanted("attempt-7-1", &json!("q1"), "mend it")).await, StatusCode::OK);
    assert_eq!(make_due(&world.app.state).await.unwrap(), 1);
    let seen = world.provider.seen();
    assert_eq!((seen.len(), &seen[0].body["model"]), (1, &json!("strongest")));

    // What is left of the price does not cover so long a question.
    let long = "x = 1\n".repeat(10_000);
    assert_eq!(want(&play, wanted("attempt-7-2", &json!("q1"), &long)).await, StatusCode::OK);
    assert_eq!(make_due(&world.app.state).await.unwrap(), 1);
    let (_, claimed) = play.claim().await;
    assert_eq!(claimed["order"]["answers"][0]["came"], json!({ "came": "DECLINED", "why": "CAP_REACHED" }));
    assert_eq!(world.provider.seen().len(), 1);

    let answered = |effect: &Effect| {
        let usage = iama_job::event::Usage { credits: MilliCredits(999_999) };
        let patch = iama_job::ArtifactId("model-7.json".to_owned());
        matches!(effect, Effect::GeneratePatch { .. }).then_some(EffectResult::PatchGenerated { patch, usage })
    };
    play.answer(&answered).await;
    let (charged, all): (i64, i64) = world
        .row("SELECT sum(charged_mc)::bigint, count(*) FROM model_calls WHERE model_class = 'L3' AND quote_id = 'q1'")
        .await;
    assert_eq!((charged, all), (PRICE, 2));
    let (on_ledger,): (Option<i64>,) = world.row("SELECT actual_mc FROM usage_ledger WHERE model_class = 'L3'").await;
    assert_eq!(on_ledger, Some(PRICE), "what the machine says of the cost does not count");
    play.decide(Method::DELETE, "", None).await;
    let (billable, used): (bool, i64) = world.row("SELECT billable, used_mc FROM round_settlements").await;
    assert_eq!((billable, used), (true, PRICE));
    world.assert_balanced().await;
}

#[tokio::test]
async fn a_price_that_nobody_confirmed_in_time_is_no_price() {
    let world = World::new("MAX", Vec::new()).await;
    let mut play = behind_l2(&world).await;
    play.until("WAITING_ESCALATION_DECISION", quoted).await;
    world.app.pass(Duration::seconds(3_601));
    sweeping::sweep(&world.app.state).await.unwrap();
    let pair = world.app.login("a@example.org", PASSWORD).await.json();
    token(&pair, "access_token").clone_into(&mut play.access);
    assert!(play.place().await.starts_with("RECOVERY_PENDING"), "{}", play.place().await);
    let late = play.say("/escalation/confirm", json!({ "class": "L3", "quote": "q1" })).await;
    assert_eq!(late, "STILL_WORKING", "what there is of a patch is being packed");
    let statement = "SELECT count(*) FROM job_events WHERE kind = $1";
    let confirmed: i64 = sqlx::query_scalar(statement)
        .bind(EventKind::ConfirmEscalation.code())
        .fetch_one(&mut *world.app.db.pool().acquire().await.unwrap())
        .await
        .unwrap();
    assert_eq!((confirmed, world.provider.seen().len()), (1, 0), "the one of L2 is all");
    world.assert_balanced().await;
}
