//! What administrators see of providers.

use iama_api::models::make_due;
use iama_model::fake::Reply;
use iama_store::admins::AdminRole;
use serde_json::json;
use time::Duration;

use super::world::{World, call, says};

#[tokio::test]
async fn providers_are_up_when_they_answer_and_down_when_none_is_answered() {
    let world = World::new("PRO", vec![Reply::refusal(401, "{}"), says("Shops sell.")]).await;
    let (_, access) = world.app.admin(AdminRole::Support, "s@example.org").await;
    let health = async || world.app.get("/api/v1/admin/health", Some(&access)).await.json();
    assert_eq!(health().await["providers"], json!([]));
    let (machine, request, claimed) = world.at_analysis("1").await;
    machine.reply(&request, &claimed, call("analysis-1", "what is it for?"), &[]).await;
    assert_eq!(make_due(&world.app.state).await.unwrap(), 1);
    let down = json!({
        "provider": "here", "status": "DOWN", "answered": 0, "failed": 1, "last_failure": "KEY_REFUSED",
    });
    assert_eq!(health().await["providers"], json!([down]));

    let (other, request, claimed) = world.at_analysis("2").await;
    other.reply(&request, &claimed, call("analysis-1", "what is that for?"), &[]).await;
    assert_eq!(make_due(&world.app.state).await.unwrap(), 1);
    let up = json!({
        "provider": "here", "status": "UP", "answered": 1, "failed": 1, "last_failure": "KEY_REFUSED",
    });
    let told = health().await;
    assert_eq!(told["providers"], json!([up]));
    assert_eq!(told["models"], json!([{ "model_class": "L1", "answered": 1, "failed": 0, "open": 1 }]));
    world.app.pass(Duration::HOUR + Duration::SECOND);
    assert_eq!(health().await["providers"], json!([]), "what is longer ago does not count");
}
