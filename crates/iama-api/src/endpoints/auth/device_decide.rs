//! `/api/v1/auth/device/{user_code}`: somebody who is signed in looks at a device that waits, and says yes or no.

use axum::extract::State;
use axum::http::StatusCode;
use iama_store::audit::{self, Actor, Entry};
use iama_store::sealing::sha256;
use iama_store::throttle::{self, Allowance};
use iama_store::{Connection, StoreError, devices};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::device_begin::as_drawn;
use crate::auth::User;
use crate::auth::credentials::Checked;
use crate::error::{ApiError, ErrorBody, ErrorCode};
use crate::extract::{Json, Path};
use crate::state::AppState;

/// Codes that a person may get wrong before they have to wait.
const MISTYPED: Allowance = Allowance(5);

/// A device that waits.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WaitingDevice {
    /// What it calls itself.
    #[schema(example = "iama on laptop")]
    client: String,
}

/// What somebody says.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeviceDecision {
    /// Whether the device is theirs, and to be signed in.
    approve: bool,
}

/// The part of the path that names the device.
#[derive(Deserialize)]
pub(crate) struct DevicePath {
    user_code: String,
}

/// A device that waits under a code.
#[utoipa::path(get, path = "/auth/device/{user_code}", operation_id = "getWaitingDevice", tag = "Accounts",
    security(("user" = [])), params(("user_code" = String, Path, description = "What the device shows")),
    responses(
        (status = OK, body = WaitingDevice),
        (status = UNAUTHORIZED, body = ErrorBody),
        (status = NOT_FOUND, body = ErrorBody),
        (status = TOO_MANY_REQUESTS, body = ErrorBody),
    ))]
pub(crate) async fn get(
    State(state): State<AppState>,
    user: User,
    Path(DevicePath { user_code }): Path<DevicePath>,
) -> Result<Json<WaitingDevice>, ApiError> {
    waiting(&state, user.id, &user_code).await.map(|client| Json(WaitingDevice { client }))
}

/// Signs a device in, or turns it down.
#[utoipa::path(post, path = "/auth/device/{user_code}", operation_id = "decideDeviceSignIn", tag = "Accounts",
    security(("user" = [])), params(("user_code" = String, Path, description = "What the device shows")),
    request_body = DeviceDecision,
    responses(
        (status = NO_CONTENT),
        (status = BAD_REQUEST, body = ErrorBody),
        (status = UNAUTHORIZED, body = ErrorBody),
        (status = NOT_FOUND, body = ErrorBody),
        (status = UNSUPPORTED_MEDIA_TYPE, body = ErrorBody),
        (status = UNPROCESSABLE_ENTITY, body = ErrorBody),
        (status = TOO_MANY_REQUESTS, body = ErrorBody),
    ))]
pub(crate) async fn post(
    State(state): State<AppState>,
    user: User,
    Path(DevicePath { user_code }): Path<DevicePath>,
    Json(DeviceDecision { approve }): Json<DeviceDecision>,
) -> Result<StatusCode, ApiError> {
    decide(&state, &Who::Signed(user), &user_code, approve).await.map(|()| StatusCode::NO_CONTENT)
}

/// What waits under a code. Who guesses codes waits.
pub(crate) async fn waiting(state: &AppState, user: Uuid, user_code: &str) -> Result<String, ApiError> {
    let (now, subject) = (state.clock.now(), sha256(format!("device codes {user}").as_bytes()));
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    if let Some(until) = throttle::blocked_until(&mut connection, &subject, now).await? {
        let error = ApiError::new(ErrorCode::TooManyAttempts, "too many codes were wrong");
        return Err(error.retry_after((until - now).try_into().unwrap_or_default()));
    }
    if let Some(client) = devices::waiting(&mut connection, &as_drawn(user_code), now).await? {
        return Ok(client);
    }
    throttle::failed(&mut connection, &subject, MISTYPED, now).await?;
    Err(ApiError::not_found("device"))
}

/// Whoever says yes or no, and how they are known.
pub(crate) enum Who {
    /// By an access token.
    Signed(User),
    /// By their password, which takes a while to be checked.
    Typed(Checked),
    /// By a code that their browser has brought, which is used up.
    Came(Uuid),
}

impl Who {
    /// Who.
    pub(crate) const fn user(&self) -> Uuid {
        match self {
            Self::Signed(user) => user.id,
            Self::Typed(checked) => checked.user,
            Self::Came(user) => *user,
        }
    }

    /// Who, as long as they are known by it still: held until the transaction ends.
    async fn held(&self, connection: &mut Connection) -> Result<Uuid, ApiError> {
        match self {
            Self::Signed(user) => user.require_session(connection).await.map(|()| user.id),
            Self::Typed(checked) => checked.held(connection).await,
            Self::Came(user) => Ok(*user),
        }
    }
}

/// Says yes or no.
pub(crate) async fn decide(state: &AppState, who: &Who, user_code: &str, approve: bool) -> Result<(), ApiError> {
    if let Who::Signed(user) = who {
        let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
        user.require_session(&mut connection).await?;
    }
    waiting(state, who.user(), user_code).await?;
    let mut transaction = state.db.begin().await?;
    let (user, now) = (who.held(&mut transaction).await?, state.clock.now());
    if !devices::decide(&mut transaction, &as_drawn(user_code), user, approve, now).await? {
        return Err(ApiError::not_found("device"));
    }
    let action = if approve { "DEVICE_APPROVED" } else { "DEVICE_DENIED" };
    let details = serde_json::json!({});
    let entry = Entry { actor: Actor::User(user), user: Some(user), job: None, action, details, request_id: None };
    audit::write(&mut transaction, &entry, now).await?;
    transaction.commit().await.map_err(StoreError::from)?;
    Ok(())
}
