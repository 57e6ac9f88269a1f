//! `POST /api/v1/auth/device/token`: a device asks whether somebody has confirmed.

use axum::extract::State;
use iama_store::StoreError;
use iama_store::devices::{self, Polled};
use iama_store::sealing::sha256;
use iama_store::sessions::Method;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::auth::pairs::{TokenPair, sign_in};
use crate::error::{ApiError, ErrorBody, ErrorCode};
use crate::extract::Json;
use crate::state::AppState;

/// The device.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeviceQuestion {
    /// The code that only the device knows.
    #[schema(example = "iama_dc_0123")]
    device_code: String,
}

/// The tokens of a device, once somebody has confirmed. Until then `AUTHORIZATION_PENDING`; `SLOW_DOWN` for who asks
/// more often than the interval allows; `ACCESS_DENIED` after a no; `DEVICE_CODE_EXPIRED` when it is over.
#[utoipa::path(post, path = "/auth/device/token", operation_id = "finishDeviceSignIn", tag = "Accounts",
    request_body = DeviceQuestion,
    responses(
        (status = OK, body = TokenPair),
        (status = BAD_REQUEST, body = ErrorBody),
        (status = UNSUPPORTED_MEDIA_TYPE, body = ErrorBody),
        (status = UNPROCESSABLE_ENTITY, body = ErrorBody),
    ))]
pub(crate) async fn post(
    State(state): State<AppState>,
    Json(asked): Json<DeviceQuestion>,
) -> Result<Json<TokenPair>, ApiError> {
    let mut transaction = state.db.begin().await?;
    let polled = devices::poll(&mut transaction, &sha256(asked.device_code.as_bytes()), state.clock.now()).await?;
    let answer = match polled {
        Polled::Approved { user, client } => {
            Ok(sign_in(&state, &mut transaction, user, Method::Device, &client).await?)
        }
        Polled::Pending => Err(ApiError::new(ErrorCode::AuthorizationPending, "nobody has confirmed yet")),
        Polled::SlowDown => Err(ApiError::new(ErrorCode::SlowDown, "the device asks too often")),
        Polled::Denied => Err(ApiError::new(ErrorCode::AccessDenied, "the sign-in was turned down")),
        Polled::Expired => Err(ApiError::new(ErrorCode::DeviceCodeExpired, "the code is not valid any more")),
    };
    transaction.commit().await.map_err(StoreError::from)?;
    answer.map(Json)
}
