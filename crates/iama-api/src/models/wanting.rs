//! What machines want, and what they get.

use iama_engine::executor::stage_of;
use iama_engine::models::{Answered, WantedCall};
use iama_job::{Effect, EffectId, Job};
use iama_store::artifacts::Origin;
use iama_store::calls::{self, Wanted};
use iama_store::journal::Owned;
use iama_store::requests::{self, Request};
use iama_store::stream::{self, StreamEvent};
use iama_store::{Connection, artifacts};
use serde_json::json;

use crate::error::ApiError;
use crate::extract::Fields;
use crate::objects::{self, Kept};
use crate::state::AppState;

/// Calls that one effect may want: twice as many as any makes.
const MOST_TURNS: u32 = 64;

/// The kind of artifacts that hold what is asked.
const QUESTION: &str = "MODEL_CALL";

/// The kind of artifacts that hold what was answered.
pub(super) const ANSWER: &str = "MODEL_ANSWER";

/// Where the artifacts of an effect's turn belong.
pub(super) fn origin(effect: &EffectId, turn: u32) -> Origin {
    Origin {
        seq: i64::try_from(effect.seq).unwrap_or(i64::MAX),
        index: i32::from(effect.index),
        turn: i32::try_from(turn).unwrap_or(i32::MAX),
    }
}

/// What a machine wants must be what the job asked of it: the class, the work and the price are the job's to choose.
pub(crate) fn check(fields: &mut Fields, job: &Job, asked: &Request, call: &WantedCall) {
    let effect = &asked.dispatch.effect;
    let place = "reply.outcome.call";
    let field = |name: &str| format!("{place}.{name}");
    fields.require(asked.turn < MOST_TURNS, place, format!("is the effect's {}th", MOST_TURNS + 1));
    fields.require(effect.model() == Some(call.class), &field("class"), "is not the effect's");
    fields.require(stage_of(job, effect) == Some(call.stage), &field("stage"), "is not the effect's");
    let confirmed = match effect {
        Effect::GeneratePatch { quote, .. } => quote.as_ref(),
        _ => None,
    };
    fields.require(call.quote.as_ref() == confirmed, &field("quote"), "is not the one that was confirmed");
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_name = (1..=80).contains(&call.name.len()) && call.name.bytes().all(plain);
    fields.require(is_name, &field("name"), "must have 1 to 80 small letters, digits and -");
    fields.require(is_hash(&call.fingerprint), &field("fingerprint"), "must be a SHA-256");
    let template = &call.template;
    let is_template = template.name.len() <= 100 && template.name.bytes().all(|byte| byte.is_ascii_graphic());
    fields.require(is_template && is_hash(&template.hash), &field("template"), "must have a name and a SHA-256");
}

fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Notes what a machine wants. What the job was answered before is answered at once.
pub(crate) async fn want(
    state: &AppState,
    connection: &mut Connection,
    owned: &Owned,
    asked: &Request,
    call: &WantedCall,
) -> Result<(), ApiError> {
    let (job, now) = (asked.job, state.clock.now());
    let text = serde_json::to_string(call).map_err(|error| ApiError::internal(&error))?;
    let name = format!("calls/{}.wanted.json", call.name);
    let kept =
        Kept { kind: QUESTION, name: &name, bytes: text.as_bytes(), origin: origin(&asked.dispatch.id, asked.turn) };
    let question = objects::keep(state, connection, job, kept).await?;
    let traceparent = state.traces.current();
    let wanted = Wanted {
        job,
        request: asked.id,
        user: owned.owner,
        name: &call.name,
        stage: call.stage.name(),
        class: call.class,
        fingerprint: &call.fingerprint,
        quote: call.quote.as_ref().map(|quote| quote.0.as_str()),
        question,
        traceparent: traceparent.as_deref(),
    };
    let known = calls::known_answer(connection, job, &call.name, &call.fingerprint, now).await?;
    let id = calls::want(connection, &wanted, now).await?;
    if let Some(answer) = known {
        calls::answer_again(connection, id, answer, now).await?;
        next_turn(state, connection, asked).await?;
    }
    Ok(())
}

/// Gives the effect again: an answer is there.
pub(super) async fn next_turn(state: &AppState, connection: &mut Connection, asked: &Request) -> Result<(), ApiError> {
    let now = state.clock.now();
    let turn = asked.turn + 1;
    let request = requests::open(connection, asked.job, &asked.dispatch, turn, now).await?;
    let data = json!({ "request_id": request, "kind": asked.kind, "turn": turn });
    stream::tell(connection, asked.job, &StreamEvent::new("execution_request", data), now).await?;
    stream::announce(connection, asked.job).await?;
    Ok(())
}

/// What came of the call that ended the turn before. Answers of earlier turns the machine has.
pub(crate) async fn answers(
    state: &AppState,
    connection: &mut Connection,
    asked: &Request,
) -> Result<Vec<Answered>, ApiError> {
    let answer = calls::answer_for(connection, asked.job, &asked.dispatch.id, asked.turn).await?;
    let Some(answer) = answer else { return Ok(Vec::new()) };
    let text = objects::read(state, &answer).await?;
    let answered = serde_json::from_str(&text).map_err(|error| ApiError::internal(&error))?;
    Ok(vec![answered])
}

/// The call that a machine wants.
pub(super) async fn question(
    state: &AppState,
    connection: &mut Connection,
    id: uuid::Uuid,
) -> Result<WantedCall, ApiError> {
    let artifact = artifacts::get(connection, id).await?.ok_or_else(|| ApiError::not_found("artifact"))?;
    let text = objects::read(state, &artifact).await?;
    serde_json::from_str(&text).map_err(|error| ApiError::internal(&error))
}
