//! `POST /api/v1/jobs/{job_id}/execution/requests/{request_id}/renew`: the machine is at it still.

use axum::extract::State;
use iama_store::{StoreError, requests};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::error::{ApiError, ErrorBody};
use crate::extract::Json;
use crate::jobs::{OwnRequest, lost};
use crate::state::AppState;

/// Whose claim.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Renewal {
    /// The token of the claim.
    fencing_token: i64,
}

/// A claim that was renewed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Renewed {
    /// Until when it holds.
    #[serde(with = "time::serde::rfc3339")]
    lease_until: OffsetDateTime,
}

/// Makes a claim hold longer.
#[utoipa::path(post, path = "/jobs/{job_id}/execution/requests/{request_id}/renew", operation_id = "renewClaim",
    tag = "Execution", security(("user" = [])),
    params(("job_id" = uuid::Uuid, Path, description = "Which"),
        ("request_id" = uuid::Uuid, Path, description = "Which request")),
    request_body = Renewal,
    responses(
        (status = OK, body = Renewed),
        (status = BAD_REQUEST, body = ErrorBody),
        (status = UNAUTHORIZED, body = ErrorBody),
        (status = NOT_FOUND, body = ErrorBody),
        (status = CONFLICT, body = ErrorBody),
        (status = UNSUPPORTED_MEDIA_TYPE, body = ErrorBody),
        (status = UNPROCESSABLE_ENTITY, body = ErrorBody),
    ))]
pub(crate) async fn post(
    State(state): State<AppState>,
    OwnRequest { own, request }: OwnRequest,
    Json(Renewal { fencing_token }): Json<Renewal>,
) -> Result<Json<Renewed>, ApiError> {
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    let renewed = requests::renew(&mut connection, own.id, request, fencing_token, state.clock.now()).await?;
    Ok(Json(Renewed { lease_until: renewed.map_err(lost)? }))
}
