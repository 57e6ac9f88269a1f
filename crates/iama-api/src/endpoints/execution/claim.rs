//! `POST /api/v1/jobs/{job_id}/execution/requests/{request_id}/claim`: a machine takes a request.

use axum::extract::State;
use iama_engine::executor::{News, Order};
use iama_store::requests::{self, LEASE};
use iama_store::{StoreError, clients};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use super::news::news;
use crate::error::{ApiError, ErrorBody, ErrorCode};
use crate::extract::Json;
use crate::jobs::{OwnRequest, lost};
use crate::models;
use crate::state::AppState;

/// Who takes a request.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Claim {
    /// The session that a heartbeat gave.
    client_session: Uuid,
    /// The last record of the journal that the machine has; none for a machine that has none.
    #[serde(default)]
    seen: u64,
    /// Whether the order is to come without answers of models: the machine has lost what it asked, and asks again.
    #[serde(default)]
    without_answers: bool,
}

/// A request that was taken.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Claimed {
    /// Comes with the result: a claim that somebody else has taken since does not count.
    fencing_token: i64,
    /// Until when the claim holds unless it is renewed.
    #[serde(with = "time::serde::rfc3339")]
    lease_until: OffsetDateTime,
    /// What to do, as `iama_engine::executor::Order`; nothing where what has happened is all there is to do.
    #[schema(value_type = Option<Object>)]
    order: Option<Order>,
    /// What has happened, as `iama_engine::executor::News`, where there is no order.
    #[schema(value_type = Option<Object>)]
    news: Option<News>,
}

/// Takes a request, under a lease. The machine's own claim can be taken again: the older one ends.
#[utoipa::path(post, path = "/jobs/{job_id}/execution/requests/{request_id}/claim", operation_id = "claimRequest",
    tag = "Execution", security(("user" = [])),
    params(("job_id" = Uuid, Path, description = "Which"), ("request_id" = Uuid, Path, description = "Which request")),
    request_body = Claim,
    responses(
        (status = OK, body = Claimed),
        (status = BAD_REQUEST, body = ErrorBody),
        (status = UNAUTHORIZED, body = ErrorBody),
        (status = NOT_FOUND, body = ErrorBody),
        (status = CONFLICT, body = ErrorBody),
        (status = GONE, body = ErrorBody),
        (status = UNSUPPORTED_MEDIA_TYPE, body = ErrorBody),
        (status = UNPROCESSABLE_ENTITY, body = ErrorBody),
    ))]
pub(crate) async fn post(
    State(state): State<AppState>,
    OwnRequest { own, request }: OwnRequest,
    Json(claim): Json<Claim>,
) -> Result<Json<Claimed>, ApiError> {
    let now = state.clock.now();
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    if !clients::is_of(&mut connection, own.id, own.user.id, claim.client_session).await? {
        return Err(ApiError::new(ErrorCode::ClientNotBound, "this client does not work for the job"));
    }
    let token = requests::claim(&mut connection, own.id, request, claim.client_session, now).await?;
    let fencing_token = token.map_err(lost)?;
    let asked = requests::get(&mut connection, own.id, request).await?.ok_or_else(|| ApiError::not_found("request"))?;
    let lease_until = now + LEASE;
    // A spec and an evidence are written by whoever takes over the record that asks for them: nobody waits for them.
    let is_followed = asked.dispatch.effect.answers().is_empty();
    let seen = if is_followed { claim.seen.min(asked.dispatch.id.seq.saturating_sub(1)) } else { claim.seen };
    let news = news(&state, &mut connection, own.id, seen).await?;
    if is_followed {
        return Ok(Json(Claimed { fencing_token, lease_until, order: None, news: Some(news) }));
    }
    let (job, effect) = (&news.job, &asked.dispatch.effect);
    let tariffs = models::tariffs(&state, &mut connection, own.id, job, effect).await?;
    let answers =
        if claim.without_answers { Vec::new() } else { models::answers(&state, &mut connection, &asked).await? };
    let (dispatch, turn) = (asked.dispatch, asked.turn);
    let order = Order { news, dispatch, turn, answers, tariffs };
    Ok(Json(Claimed { fencing_token, lease_until, order: Some(order), news: None }))
}
