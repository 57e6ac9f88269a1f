//! Calls that must stop, and calls that fail.

use std::time::Duration as Wait;

use iama_api::models::{drive, make_due};
use iama_api::sweeping;
use iama_model::fake::{Reply, Step, frames};
use iama_store::configs;
use iama_store::requests::STOP_CHANNEL;
use serde_json::{Value, json};
use time::Duration;
use tokio::time::timeout;

use super::world::{World, call, says, table};

/// The longest that a token may come after a call was stopped.
const AT_LAST: Wait = Wait::from_secs(10);

fn hangs() -> Reply {
    Reply::stream(&frames::openai(&["Sho"], "stop")[..2]).then(Step::Hang)
}

#[tokio::test]
async fn a_cancelled_job_stops_its_call_in_mid_stream() {
    let world = World::new("PRO", vec![hangs()]).await;
    let (machine, request, claimed) = world.at_analysis("1").await;
    machine.reply(&request, &claimed, call("analysis-1", "what is it for?"), &[]).await;
    let driver = tokio::spawn(drive(world.app.state.clone()));
    world.provider.asked(1).await;
    world.cancel(&machine).await;
    // Nobody tells the driver: it notices.
    assert!(timeout(AT_LAST, world.provider.hung_up()).await.unwrap().is_some());
    world.app.state.models.close();
    driver.await.unwrap();
    let (status, answered): (String, bool) =
        world.row("SELECT status, answer_artifact_id IS NOT NULL FROM model_calls").await;
    assert_eq!((status.as_str(), answered), ("CANCELLED", false));
    world.assert_balanced().await;
}

#[tokio::test]
async fn who_cancels_a_job_tells_the_drivers_and_one_that_is_told_stops_by_that_alone() {
    let world = World::new("PRO", vec![hangs()]).await;
    let (machine, request, claimed) = world.at_analysis("1").await;
    machine.reply(&request, &claimed, call("analysis-1", "what is it for?"), &[]).await;
    let driver = tokio::spawn(drive(world.app.state.clone()));
    world.provider.asked(1).await;
    world.app.state.models.stop(machine.job.parse().unwrap());
    assert!(timeout(AT_LAST, world.provider.hung_up()).await.unwrap().is_some());
    let mut ear = world.app.db.listener().await.unwrap();
    ear.listen(STOP_CHANNEL).await.unwrap();
    world.cancel(&machine).await;
    let told = timeout(AT_LAST, ear.recv()).await.unwrap().unwrap();
    assert_eq!(told.payload(), machine.job);
    world.app.state.models.close();
    driver.await.unwrap();
}

#[tokio::test]
async fn a_lost_client_stops_the_call_and_its_return_asks_again_without_an_attempt() {
    let world = World::new("PRO", vec![hangs(), says("Shops sell.")]).await;
    let (machine, request, claimed) = world.at_analysis("1").await;
    machine.reply(&request, &claimed, call("analysis-1", "what is it for?"), &[]).await;
    let driver = tokio::spawn(drive(world.app.state.clone()));
    world.provider.asked(1).await;
    let attempt = machine.get("").await["attempt_count"].clone();
    world.app.pass(Duration::seconds(36));
    sweeping::sweep(&world.app.state).await.unwrap();
    assert_eq!(machine.get("").await["status"], "CLIENT_HEARTBEAT_LOST");
    assert!(timeout(AT_LAST, world.provider.hung_up()).await.unwrap().is_some());
    machine.beat().await;
    let (request, kind) = machine.waiting().await;
    assert_eq!(kind, "ANALYSE_SCOPE");
    let claimed = machine.claim(&request).await.json();
    assert_eq!(claimed["order"]["turn"], 0);
    machine.reply(&request, &claimed, call("analysis-1", "what is it for?"), &[]).await;
    world.provider.asked(2).await;
    let answered = timeout(AT_LAST, async {
        while machine.waiting().await.0.is_empty() {
            tokio::time::sleep(Wait::from_millis(20)).await;
        }
    });
    answered.await.unwrap();
    world.finish_analysis(&machine).await;
    assert_eq!(machine.get("").await["attempt_count"], attempt);
    world.app.state.models.close();
    driver.await.unwrap();
    world.assert_balanced().await;
}

#[tokio::test]
async fn a_server_that_ends_gives_its_calls_back() {
    let world = World::new("PRO", vec![hangs(), says("Shops sell.")]).await;
    let (machine, request, claimed) = world.at_analysis("1").await;
    machine.reply(&request, &claimed, call("analysis-1", "what is it for?"), &[]).await;
    let driver = tokio::spawn(drive(world.app.state.clone()));
    world.provider.asked(1).await;
    world.app.state.models.close();
    driver.await.unwrap();
    let (status, failures): (String, i32) = world.row("SELECT status, failures FROM model_calls").await;
    assert_eq!((status.as_str(), failures), ("WANTED", 0));
    assert!(world.take().await.is_some(), "somebody else takes it without waiting for a lease");
    world.assert_balanced().await;
}

async fn fail(world: &World) -> Value {
    let (machine, request, claimed) = world.at_analysis("1").await;
    machine.reply(&request, &claimed, call("analysis-1", "what is it for?"), &[]).await;
    for _ in 0..3 {
        make_due(&world.app.state).await.unwrap();
        world.app.pass(Duration::seconds(40));
        machine.beat().await;
    }
    machine.get("").await
}

#[tokio::test]
async fn a_provider_that_refuses_three_times_is_the_platforms_failure() {
    let refuses = || Reply::refusal(401, "{}");
    let world = World::new("PRO", vec![refuses(), refuses(), refuses(), refuses()]).await;
    let job = fail(&world).await;
    assert_eq!((&job["status"], &job["failure_reason"]), (&json!("FAILED"), &json!("INFRA_FAILURE")));
    assert_eq!(world.provider.seen().len(), 3);
    let (status, code, billable): (String, String, bool) =
        world.row("SELECT c.status, c.code, s.billable FROM model_calls c, round_settlements s").await;
    assert_eq!((status.as_str(), code.as_str(), billable), ("FAILED", "KEY_REFUSED", false));
    assert_eq!(world.ledger().await, [(1, Some(0))]);
    world.assert_balanced().await;
}

#[tokio::test]
async fn a_class_that_is_switched_off_is_not_asked_whatever_the_job_was_started_with() {
    let world = World::new("PRO", Vec::new()).await;
    let (machine, request, claimed) = world.at_analysis("1").await;
    let mut off = table(&world.provider.url(), 1.0);
    off["off"] = json!({ "classes": ["L1"] });
    world.set(configs::ROUTE_TABLE, off).await;
    machine.reply(&request, &claimed, call("analysis-1", "what is it for?"), &[]).await;
    make_due(&world.app.state).await.unwrap();
    let job = machine.get("").await;
    assert_eq!((&job["failure_reason"], world.provider.seen().len()), (&json!("INFRA_FAILURE"), 0));
}
