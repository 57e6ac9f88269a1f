//! Model calls: wanted by a machine, made by the server, paid for once.

mod health;
mod priced;
mod stopping;
pub(crate) mod world;

use axum::http::StatusCode;
use iama_api::models::{check_table, make_due};
use iama_model::fake::{Reply, Step, frames};
use iama_store::calls::{self, LEASE};
use iama_store::configs;
use serde_json::{Value, json};

use self::world::{World, call, says, table};
use crate::support::PROVIDER_KEY;

/// 2311 tokens at a dollar a million and 42 at two, in thousandths of a cent, rounded up.
const PRICE: i64 = 240;

#[tokio::test]
async fn a_wanted_call_is_made_and_the_next_turn_brings_the_answer() {
    let world = World::new("PRO", vec![says("Shops sell.")]).await;
    let (machine, request, claimed) = world.at_analysis("1").await;
    let order = &claimed["order"];
    assert_eq!(order["tariffs"]["L1"]["routes"].as_array().unwrap().len(), 1, "{order}");
    assert_eq!((&order["turn"], &order["answers"]), (&json!(0), &json!([])));
    let wanted = call("analysis-1", "def price(self): return self.net");
    let taken = machine.reply(&request, &claimed, wanted.clone(), &[]).await;
    assert_eq!(taken.status, StatusCode::OK, "{}", taken.text);
    let again = machine.reply(&request, &claimed, wanted, &[]).await;
    assert_eq!(again.status, StatusCode::OK, "the same twice is one: {}", again.text);
    assert_eq!(machine.waiting().await, Default::default(), "the server's turn");
    assert_eq!(make_due(&world.app.state).await.unwrap(), 1);
    let seen = world.provider.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].header("authorization"), Some(format!("Bearer {PROVIDER_KEY}").as_str()));
    assert!(seen[0].texts().contains("return self.net"));

    let (next, kind) = machine.waiting().await;
    assert!(next != request && kind == "ANALYSE_SCOPE", "{kind}");
    let claimed = machine.claim(&next).await.json();
    assert_eq!(claimed["order"]["turn"], 1);
    let answers = claimed["order"]["answers"].as_array().unwrap();
    assert_eq!((answers.len(), &answers[0]["name"]), (1, &json!("analysis-1")));
    assert_eq!(answers[0]["came"]["text"], "Shops sell.");
    // What the machine says of the cost does not count.
    let result = json!({ "type": "ANALYSIS_DONE", "usage": { "credits": 0 } });
    let answered = machine.answer(&next, &claimed, result, &[]).await;
    assert_eq!(answered.status, StatusCode::OK, "{}", answered.text);
    assert_eq!(world.ledger().await, [(1, Some(PRICE))]);
    let (route, sent, received): (Option<String>, Option<i64>, Option<i64>) =
        world.row("SELECT route, input_tokens, output_tokens FROM usage_ledger").await;
    assert_eq!((route.as_deref(), sent, received), (Some("here/scripted"), Some(2311), Some(42)));
    let (status, charged, cost): (String, i64, i64) =
        world.row("SELECT status, charged_mc, cost_microdollars FROM model_calls").await;
    assert_eq!((status.as_str(), charged, cost), ("ANSWERED", PRICE, 2395));
    let path = format!("/api/v1/usage/job/{}", machine.job);
    let usage = world.app.get(&path, Some(&machine.access)).await.json();
    let told = json!([{ "model_class": "L1", "calls": 1, "input_tokens": 2311, "output_tokens": 42 }]);
    assert_eq!(usage["rounds"][0]["calls"], told, "{usage}");
    world.assert_balanced().await;
}

#[tokio::test]
async fn no_prompt_and_no_answer_lies_anywhere_in_the_clear() {
    let world = World::new("PRO", vec![says("It multiplies by SIXTY-SEVEN.")]).await;
    let (machine, request, claimed) = world.at_analysis("1").await;
    machine.reply(&request, &claimed, call("analysis-1", "def price(self): return self.net * FORTY_ONE"), &[]).await;
    make_due(&world.app.state).await.unwrap();
    assert_eq!(world.provider.seen().len(), 1);
    let dump = world.dump().await;
    assert!(dump.contains("MODEL_CALL") && dump.contains("here/scripted"), "the audit event is there");
    for text in ["FORTY_ONE", "SIXTY-SEVEN", "def price", PROVIDER_KEY] {
        assert!(!dump.contains(text), "{text}");
        assert!(!world.objects_contain(text), "{text}");
    }
}

#[tokio::test]
async fn a_call_whose_maker_dies_is_made_once_more_and_paid_for_once() {
    let hangs = Reply::stream(&frames::openai(&["Sho"], "stop")[..2]).then(Step::Hang);
    let world = World::new("PRO", vec![hangs, says("Shops sell.")]).await;
    let (machine, request, claimed) = world.at_analysis("1").await;
    machine.reply(&request, &claimed, call("analysis-1", "what is it for?"), &[]).await;
    let state = world.app.state.clone();
    let maker = tokio::spawn(async move { make_due(&state).await.unwrap() });
    world.provider.asked(1).await;
    maker.abort();
    assert!(maker.await.unwrap_err().is_cancelled());
    assert_eq!(make_due(&world.app.state).await.unwrap(), 0, "somebody holds it still");
    world.app.pass(LEASE);
    assert_eq!(make_due(&world.app.state).await.unwrap(), 1);
    assert_eq!(world.provider.seen().len(), 2);
    world.finish_analysis(&machine).await;
    assert_eq!(world.ledger().await, [(1, Some(PRICE))]);
    let (tries, lost, absorbed): (i32, i64, i64) = world
        .row(
            "SELECT c.tries, c.cost_microdollars - 2395,
                 (SELECT -balance_mc FROM credit_accounts WHERE kind = 'ABSORBED')
             FROM model_calls c",
        )
        .await;
    assert!(tries == 2 && lost > 0 && absorbed == (lost + 9) / 10, "{tries} {lost} {absorbed}");
    world.assert_balanced().await;
}

#[tokio::test]
async fn an_answer_under_a_lease_that_ran_out_does_not_count() {
    let slow =
        Reply::stream(&frames::openai(&["late"], "stop")[..2]).then(Step::Wait(std::time::Duration::from_millis(700)));
    let rest = frames::openai(&[], "stop")[1..].concat();
    let world = World::new("PRO", vec![slow.then(Step::Send(rest.into_bytes())), says("in time")]).await;
    let (machine, request, claimed) = world.at_analysis("1").await;
    machine.reply(&request, &claimed, call("analysis-1", "what is it for?"), &[]).await;
    let state = world.app.state.clone();
    let maker = tokio::spawn(async move { make_due(&state).await.unwrap() });
    world.provider.asked(1).await;
    // The first one may just have renewed its lease.
    while make_due(&world.app.state).await.unwrap() == 0 {
        world.app.pass(LEASE);
    }
    maker.await.unwrap();
    assert_eq!(world.provider.seen().len(), 2);
    let answers = world.finish_analysis(&machine).await;
    assert_eq!(answers[0]["came"]["text"], "in time");
    assert_eq!(world.ledger().await, [(1, Some(PRICE))]);
    world.assert_balanced().await;
}

#[tokio::test]
async fn a_call_has_one_maker_at_a_time() {
    let world = World::new("PRO", Vec::new()).await;
    let (machine, request, claimed) = world.at_analysis("1").await;
    machine.reply(&request, &claimed, call("analysis-1", "what is it for?"), &[]).await;
    let first = world.take().await.unwrap();
    assert_eq!(world.take().await, None);
    world.app.pass(LEASE);
    let second = world.take().await.unwrap();
    assert_eq!((second.id, second.token), (first.id, first.token + 1));
    let mut connection = world.app.db.pool().acquire().await.unwrap();
    let now = world.app.state.clock.now();
    assert!(!calls::renew(&mut connection, first.id, first.token, now).await.unwrap());
    assert!(calls::renew(&mut connection, second.id, second.token, now).await.unwrap());
}

#[tokio::test]
async fn of_one_person_three_calls_of_l1_are_made_at_once() {
    let world = World::new("PRO", Vec::new()).await;
    for key in ["1", "2", "3", "4"] {
        let (machine, request, claimed) = world.at_analysis(key).await;
        let taken = machine.reply(&request, &claimed, call("analysis-1", "what is it for?"), &[]).await;
        assert_eq!(taken.status, StatusCode::OK, "{}", taken.text);
    }
    let mut taken = Vec::new();
    while let Some(one) = world.take().await {
        taken.push(one);
    }
    assert_eq!(taken.len(), 3);
    let mut connection = world.app.db.pool().acquire().await.unwrap();
    let now = world.app.state.clock.now();
    assert!(
        calls::end(&mut connection, taken[0].id, taken[0].token, &calls::End::Failed { code: "X" }, now).await.unwrap()
    );
    assert!(world.take().await.is_some(), "there is room again");
}

#[tokio::test]
async fn a_tier_gets_its_own_classes_and_a_machine_the_one_that_the_job_has_chosen() {
    let world = World::new("FREE", Vec::new()).await;
    let (machine, request, claimed) = world.at_analysis("1").await;
    let routes = &claimed["order"]["news"]["job"]["entitlement"]["routes"];
    assert_eq!(routes.as_object().unwrap().keys().collect::<Vec<_>>(), ["L1"]);
    assert_eq!(claimed["order"]["tariffs"].as_object().unwrap().keys().collect::<Vec<_>>(), ["L1"]);
    let outcome = |field: &str, value: Value| {
        let mut outcome = call("analysis-1", "what is it for?");
        outcome["call"][field] = value;
        outcome
    };
    for (field, value) in [
        ("class", json!("L2")),
        ("stage", json!("repair")),
        ("quote", json!("a price of one's own")),
        ("name", json!("../../etc")),
        ("fingerprint", json!("def price(self)")),
        ("template", json!({ "name": "def price(self)", "hash": "0".repeat(64) })),
    ] {
        let refused = machine.reply(&request, &claimed, outcome(field, value), &[]).await;
        assert_eq!(refused.error(), (422, "VALIDATION_FAILED".to_owned()), "{field}");
        assert!(refused.json()["error"]["details"].to_string().contains(field), "{}", refused.text);
    }
    let (count,): (i64,) = world.row("SELECT count(*) FROM model_calls").await;
    assert_eq!((count, world.provider.seen().len()), (0, 0));
}

#[tokio::test]
async fn what_looks_like_a_secret_is_never_sent_whatever_the_machine_did() {
    let world = World::new("FREE", vec![says("Shops sell.")]).await;
    let (machine, request, claimed) = world.at_analysis("1").await;
    let key = format!("AKIA{}", "Q3EGRJ5VXK2DT7MZ");
    let task = format!("KEY = '{key}'\ndef price(self): return 1\n");
    machine.reply(&request, &claimed, call("analysis-1", &task), &[]).await;
    assert_eq!(make_due(&world.app.state).await.unwrap(), 1);
    let seen = world.provider.seen();
    assert_eq!(seen.len(), 1);
    let body = seen[0].body.to_string();
    assert!(body.contains("def price(self)") && body.contains("looks like a secret") && !body.contains(&key), "{body}");
}

#[tokio::test]
async fn a_prompt_above_the_tiers_cap_is_refused_before_anybody_is_asked() {
    let world = World::new("FREE", Vec::new()).await;
    world.set(configs::CONTEXT_CAPS, json!({ "FREE": 1000 })).await;
    let (machine, request, claimed) = world.at_analysis("1").await;
    machine.reply(&request, &claimed, call("analysis-1", &"x = 1\n".repeat(1000)), &[]).await;
    assert_eq!(make_due(&world.app.state).await.unwrap(), 1);
    assert_eq!(world.provider.seen().len(), 0);
    let answers = world.finish_analysis(&machine).await;
    let came = json!({ "came": "DECLINED", "why": "REFUSED", "code": "CONTEXT_CAP" });
    assert_eq!(answers[0]["came"], came);
    assert_eq!(world.ledger().await, [(1, Some(0))]);
}

#[tokio::test]
async fn who_has_too_few_credits_left_is_told_before_anybody_is_asked() {
    let world = World::new("PRO", vec![says("Shops sell.")]).await;
    let (machine, request, claimed) = world.at_analysis("1").await;
    world.leave(0).await;
    let wanted = call("analysis-1", &"x = 1\n".repeat(60_000));
    machine.reply(&request, &claimed, wanted, &[]).await;
    assert_eq!(make_due(&world.app.state).await.unwrap(), 1);
    let answers = world.finish_analysis(&machine).await;
    assert_eq!(answers[0]["came"], json!({ "came": "DECLINED", "why": "CAP_REACHED" }));
    assert_eq!(world.provider.seen().len(), 0);
    world.assert_balanced().await;
}

#[tokio::test]
async fn a_question_that_was_answered_is_never_asked_again() {
    let world = World::new("PRO", vec![says("Shops sell.")]).await;
    let (machine, request, claimed) = world.at_analysis("1").await;
    machine.reply(&request, &claimed, call("analysis-1", "what is it for?"), &[]).await;
    make_due(&world.app.state).await.unwrap();
    // A machine that has lost everything begins the effect anew.
    let (request, _) = machine.waiting().await;
    let claimed = machine.claim_with(&request, json!({ "without_answers": true })).await.json();
    assert_eq!(claimed["order"]["answers"], json!([]));
    machine.reply(&request, &claimed, call("analysis-1", "what is it for?"), &[]).await;
    let answers = world.finish_analysis(&machine).await;
    assert_eq!(answers[0]["came"]["text"], "Shops sell.");
    assert_eq!((world.provider.seen().len(), world.ledger().await), (1, vec![(1, Some(PRICE))]));
}

#[tokio::test]
async fn a_job_keeps_the_table_that_it_was_started_with() {
    let world = World::new("PRO", vec![says("Shops sell.")]).await;
    let (machine, request, claimed) = world.at_analysis("1").await;
    let mut other = table(&world.provider.url(), 1000.0);
    other["route"] = json!([other["route"][1]]);
    world.set(configs::ROUTE_TABLE, other).await;
    machine.reply(&request, &claimed, call("analysis-1", "what is it for?"), &[]).await;
    make_due(&world.app.state).await.unwrap();
    world.finish_analysis(&machine).await;
    assert_eq!(world.ledger().await, [(1, Some(PRICE))]);
    let (_, _, claimed) = world.at_scope("2").await;
    let routes = claimed["order"]["news"]["job"]["entitlement"]["routes"].clone();
    assert_eq!(routes.as_object().unwrap().keys().collect::<Vec<_>>(), ["L2"], "the next job has the new one");
}

#[test]
fn a_route_table_holds_no_key_and_no_model_without_a_price() {
    let good = table("http://127.0.0.1:9", 1.0);
    assert_eq!(check_table(&good), Ok(()));
    let with = |pointer: &str, field: &str, value: Value| {
        let mut table = good.clone();
        table.pointer_mut(pointer).unwrap()[field] = value;
        let faults = check_table(&table).unwrap_err();
        faults.into_iter().map(|fault| fault.code).collect::<Vec<_>>()
    };
    let key = format!("sk-ant-api03-{}", "k3Jx9".repeat(19));
    assert!(with("/provider/here", "api_key_ref", json!("env:KEY")).contains(&"MODELS_RAW_KEY"));
    assert!(with("/provider/here", "headers", json!({ "x-api-key": "a" })).contains(&"MODELS_RAW_KEY"));
    assert!(
        with("/provider/here", "base-url", json!(format!("https://example.org/{key}"))).contains(&"MODELS_RAW_KEY")
    );
    assert!(with("/route/0", "unpriced", json!(true)).contains(&"MODELS_NO_PRICE"));
    assert!(with("/route/0", "provider", json!("nobody")).contains(&"MODELS_NO_PROVIDER"));
    assert!(with("", "off", json!({ "routes": ["here/misspelt"] })).contains(&"MODELS_OFF"));
}
