//! `POST /api/v1/jobs/{job_id}/execution/requests/{request_id}/result`: what a machine answers.

use axum::extract::State;
use iama_engine::executor::{Document, Outcome, Reply};
use iama_job::Job;
use iama_job::event::Usage;
use iama_store::artifacts::Origin;
use iama_store::requests::{self, Answered, Request};
use iama_store::sealing::sha256;
use iama_store::{Connection, calls};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::documents;
use crate::endpoints::jobs::view::JobState;
use crate::error::{ApiError, ErrorBody, ErrorCode};
use crate::extract::{Fields, Json};
use crate::jobs::{Done, OwnRequest, Steps, lost};
use crate::models;
use crate::objects::{Kept, keep};
use crate::state::AppState;

/// An answer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer {
    /// The token of the claim.
    pub(super) fencing_token: i64,
    /// What came of the order, as `iama_engine::executor::Reply`; nothing where there was no order.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub(super) reply: Option<Reply>,
    /// What came of following the news, where there was no order.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    pub(super) documents: Vec<Document>,
}

/// Takes the answer to a request. The same one twice counts once; another one, or one under an old claim, is refused. All
/// of it counts or nothing does.
#[utoipa::path(post, path = "/jobs/{job_id}/execution/requests/{request_id}/result", operation_id = "answerRequest",
    tag = "Execution", security(("user" = [])),
    params(("job_id" = uuid::Uuid, Path, description = "Which"),
        ("request_id" = uuid::Uuid, Path, description = "Which request")),
    request_body = Answer,
    responses(
        (status = OK, body = JobState),
        (status = BAD_REQUEST, body = ErrorBody),
        (status = UNAUTHORIZED, body = ErrorBody),
        (status = NOT_FOUND, body = ErrorBody),
        (status = CONFLICT, body = ErrorBody),
        (status = PAYLOAD_TOO_LARGE, body = ErrorBody),
        (status = UNSUPPORTED_MEDIA_TYPE, body = ErrorBody),
        (status = UNPROCESSABLE_ENTITY, body = ErrorBody),
    ))]
pub(crate) async fn post(
    State(state): State<AppState>,
    asked: OwnRequest,
    Json(answer): Json<Answer>,
) -> Result<Json<JobState>, ApiError> {
    take(&state, asked, answer, None).await
}

/// Takes an answer, of a request of some kinds where they are named.
pub(super) async fn take(
    state: &AppState,
    asked: OwnRequest,
    answer: Answer,
    kinds: Option<&[&str]>,
) -> Result<Json<JobState>, ApiError> {
    let OwnRequest { own, request } = asked;
    let mut steps = Steps::begin(state).await?;
    let before = steps.lock(own.id).await?;
    let known = requests::get(&mut steps, own.id, request).await?;
    let known = known.ok_or_else(|| ApiError::not_found("request"))?;
    if let Some(kinds) = kinds.filter(|kinds| !kinds.contains(&known.kind.as_str())) {
        let told = format!("the request is for {}, and here {} are answered", known.kind, kinds.join(", "));
        return Err(ApiError::new(ErrorCode::WrongRequestKind, told)
            .details(json!({ "kind": known.kind, "answered_here": kinds })));
    }
    check(&before.job, &known, &answer)?;
    let token = answer.fencing_token;
    if let Some(Reply { outcome: Outcome::CutShort, .. }) = answer.reply {
        requests::release(&mut steps, own.id, request, token).await?;
        steps.commit().await?;
        return Ok(Json(JobState::of(own.id, &before.job)));
    }
    let (row, now) = (row(&answer)?, state.clock.now());
    match requests::answer(&mut steps, own.id, request, token, &row, now).await? {
        Answered::First => {}
        Answered::Again => return Ok(Json(JobState::of(own.id, &before.job))),
        Answered::Lost(why) => return Err(lost(why)),
    }
    keep_documents(state, &mut steps, &known, &answer).await?;
    if let Some(Reply { outcome: Outcome::Wants { call }, .. }) = &answer.reply {
        models::want(state, &mut steps, &before, &known, call).await?;
    }
    let credits = calls::charged(&mut steps, own.id, &known.dispatch.id).await?;
    let event = answer.reply.as_ref().and_then(|reply| reply.event(Usage { credits }));
    let done = match event {
        Some(event) => steps.put_to(&before, event).await?,
        None => Done::Stale,
    };
    let job = match done {
        Done::Taken(job) => *job,
        Done::Stale => before.job,
        Done::CreditsExhausted => return Err(steps.run_dry(own.id).await),
    };
    steps.commit().await?;
    Ok(Json(JobState::of(own.id, &job)))
}

/// What the machine says must fit what it was asked.
fn check(job: &Job, asked: &Request, answer: &Answer) -> Result<(), ApiError> {
    let mut fields = Fields::default();
    let ordered = !asked.dispatch.effect.answers().is_empty();
    match &answer.reply {
        Some(reply) => {
            fields.require(ordered, "reply", "answers an order, and there was none");
            fields.require(reply.effect == asked.dispatch.id, "reply.effect", "is not the effect that was ordered");
            fields.require(reply.turn == asked.turn, "reply.turn", "is not the turn that was ordered");
            fields.require(answer.documents.is_empty(), "documents", "come with the reply");
            if let Outcome::Wants { call } = &reply.outcome {
                models::check(&mut fields, job, asked, call);
            }
        }
        None => fields.require(!ordered, "reply", "is missing"),
    }
    for document in sent(answer) {
        let is_whole = hex::encode(sha256(document.text.as_bytes())) == document.sha256;
        fields.require(is_whole, "documents", format!("{:?} is not what its hash says", document.name));
        fields.require(document.name.len() <= 300, "documents", "a name is longer than 300 bytes");
        let plain = !document.text.contains('\0') && !document.name.contains('\0');
        fields.require(plain, "documents", "must not contain NUL");
        if let Some(fault) = documents::fault(&document.name, &document.text) {
            fields.require(false, "documents", format!("{:?} cannot be understood: {fault}", document.name));
        }
    }
    fields.done()
}

fn sent(answer: &Answer) -> &[Document] {
    answer.reply.as_ref().map_or(&answer.documents, |reply| &reply.documents)
}

/// What the row says of the answer: outcome and hashes, no text.
fn row(answer: &Answer) -> Result<Value, ApiError> {
    let outcome = answer.reply.as_ref().map(|reply| outcome(&reply.outcome)).transpose();
    let outcome = outcome.map_err(|error| ApiError::internal(&error))?;
    let hashes: Vec<Value> = sent(answer).iter().map(|known| json!([known.name, known.sha256])).collect();
    Ok(json!({ "outcome": outcome, "documents": hashes }))
}

/// An outcome as the row has it. A prompt holds source, so of a call there is the hash.
fn outcome(outcome: &Outcome) -> serde_json::Result<Value> {
    let Outcome::Wants { call } = outcome else { return serde_json::to_value(outcome) };
    let whole = hex::encode(sha256(serde_json::to_string(call)?.as_bytes()));
    Ok(json!({ "outcome": "WANTS", "name": call.name, "fingerprint": call.fingerprint, "sha256": whole }))
}

async fn keep_documents(
    state: &AppState,
    connection: &mut Connection,
    asked: &Request,
    answer: &Answer,
) -> Result<(), ApiError> {
    let origin = Origin {
        seq: i64::try_from(asked.dispatch.id.seq).unwrap_or(i64::MAX),
        index: i32::from(asked.dispatch.id.index),
        turn: i32::try_from(asked.turn).unwrap_or(i32::MAX),
    };
    for document in sent(answer) {
        let kept = Kept { kind: kind(&document.name), name: &document.name, bytes: document.text.as_bytes(), origin };
        keep(state, connection, asked.job, kept).await?;
        documents::record(state, connection, asked, document).await?;
    }
    Ok(())
}

/// What a document is, by its name.
fn kind(name: &str) -> &'static str {
    let (stem, _) = name.split_once('.').unwrap_or((name, ""));
    match stem {
        "patch" => "PATCH",
        "partial" => "PARTIAL_PATCH",
        "reverse" => "REVERSE_PATCH",
        "evidence" | "report" => "EVIDENCE",
        "proposals" | "overview" | "findings" => "PROPOSALS",
        "analysis_report" => "ENTERPRISE_REPORT",
        "legacy" | "result" | "subset" => "TEST_RUN",
        _ if stem == "spec" || name.starts_with("spec/") => "SPEC",
        _ => "DOCUMENT",
    }
}
