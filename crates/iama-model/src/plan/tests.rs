use iama_job::{Entitlement, ModelClass};
use serde_json::json;

use super::*;
use crate::Cost;
use crate::config::{Keys, Origin, RouteTable, read};
use crate::fake::{Fake, Reply, frames};
use crate::prompt::{Prompt, Template};
use crate::session::Session;
use crate::stage::Stage;

fn schema() -> Value {
    json!({"type": "object", "required": ["risk"], "properties": {"risk": {"enum": ["LOW", "HIGH"]}}})
}

fn plan(text: &str, stop: &Stop) -> Result<Plan, PlanFault> {
    read_plan(text, stop, &jsonschema::validator_for(&schema()).unwrap())
}

#[test]
fn broken_json_is_repaired_and_said_to_be() {
    let value = json!({"risk": "LOW"});
    let whole = plan(r#"{"risk": "LOW"}"#, &Stop::End);
    assert_eq!(whole, Ok(Plan { value: value.clone(), repaired: false }));
    for broken in ["{'risk': 'LOW',}", "{risk: \"LOW\"", "{\"risk\": \"LOW\" // low\n}"] {
        assert_eq!(plan(broken, &Stop::End), Ok(Plan { value: value.clone(), repaired: true }), "{broken}");
    }
}

#[test]
fn an_answer_that_was_cut_off_is_never_repaired() {
    assert_eq!(plan("{risk: \"LOW\"", &Stop::Length), Err(PlanFault::Cut));
    assert_eq!(plan(r#"{"risk": "LOW"}"#, &Stop::Length), Err(PlanFault::Cut));
    assert_eq!(plan("", &Stop::Refused), Err(PlanFault::Refused));
}

#[test]
fn what_does_not_fit_is_told_without_its_values() {
    let Err(PlanFault::Schema { faults }) = plan(r#"{"risk": "my secret"}"#, &Stop::End) else { panic!("it fits") };
    assert_eq!(faults.len(), 1);
    assert!(faults[0].starts_with("/risk: ") && !faults[0].contains("secret"), "{faults:?}");
}

async fn asked(texts: &[&str]) -> (Result<Plan, PlanFailure>, Vec<AuditEvent>, Fake) {
    let replies = texts.iter().map(|text| Reply::stream(&frames::openai(&[text], "stop"))).collect();
    let fake = Fake::start(replies).await.unwrap();
    let provider = json!({"kind": "openai", "base-url": fake.url()});
    let route = json!({"class": "L1", "provider": "p", "model": "gpt-5"});
    let settings = json!({"provider": {"p": provider}, "route": [route]});
    let table: RouteTable = read(&settings, Origin::User, Keys::Needed, &|_| None).unwrap();
    let entitlement = Entitlement::local(table.snapshot());
    let router = Router::live(table).unwrap();
    let form = Form::Json { name: "plan".into(), schema: schema() };
    let prompt = Prompt { task: "Plan.".into(), ..Prompt::default() };
    let call = Call {
        session: &Session::new(None, Cost::ZERO),
        entitlement: &entitlement,
        stage: Stage::Proposal,
        class: ModelClass::L1,
        quote: None,
        prompt: &prompt,
        form: &form,
        template: &Template::of("plan/1", "Plan."),
        output_tokens: 500,
        live: false,
    };
    let (plan, events) = router.plan(&call, &CancellationToken::new(), &mut |_| {}).await;
    (plan, events, fake)
}

#[tokio::test]
async fn a_plan_that_does_not_fit_is_asked_for_once_more_with_its_faults() {
    let (plan, events, fake) = asked(&[r#"{"risk": 1}"#, "```json\n{risk: 'HIGH'}\n```"]).await;
    assert_eq!(plan, Ok(Plan { value: json!({"risk": "HIGH"}), repaired: true }));
    let told: Vec<(&str, bool)> = events.iter().map(|event| (event.outcome.as_str(), event.repaired)).collect();
    assert_eq!(told, [("PLAN_SCHEMA", false), ("OK", true)]);
    let second = &fake.seen()[1].body;
    assert_eq!(second["messages"][1], json!({"role": "assistant", "content": r#"{"risk": 1}"#}));
    assert!(second["messages"][2]["content"].as_str().unwrap().contains("/risk: "));
    assert_eq!(second["response_format"]["json_schema"]["schema"], schema());
}

#[tokio::test]
async fn a_second_useless_answer_is_a_failure_with_a_code() {
    let (plan, events, fake) = asked(&["no", "no", "no"]).await;
    assert_eq!(plan.unwrap_err().code(), "PLAN_NO_JSON");
    assert_eq!((events.len(), fake.seen().len()), (2, 2));
}

proptest::proptest! {
    #[test]
    fn a_plan_read_from_any_text_fits_its_schema(text in "(<think>|</think>|```json\n|```\n|[{}\\[\\]\"',:]|risk|LOW|\\\\|\\PC){0,40}") {
        if let Ok(plan) = plan(&text, &Stop::End) {
            proptest::prop_assert!(jsonschema::is_valid(&schema(), &plan.value));
        }
    }
}
