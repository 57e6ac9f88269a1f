//! `POST /api/v1/auth/device`: a device without a browser wants to be signed in.

use axum::extract::State;
use iama_store::sealing::sha256;
use iama_store::{StoreError, devices};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::pairs::random_token;
use crate::error::{ApiError, ErrorBody};
use crate::extract::{Fields, Json};
use crate::state::AppState;

/// What device codes begin with, so that scanners know one.
const PREFIX: &str = "iama_dc_";

/// What is written down and typed again: no vowels, so that no word comes of it, and nothing that looks like something else.
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// How often a code that is in use is drawn anew.
const DRAWS: usize = 5;

/// The device.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Device {
    /// What it calls itself.
    #[serde(default)]
    #[schema(example = "iama on laptop", max_length = 200)]
    client: String,
}

/// What the device shows, and what it asks with.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeviceCodes {
    /// Asks for the tokens.
    #[schema(example = "iama_dc_0123")]
    device_code: String,
    /// Is typed in by the person.
    #[schema(example = "BCDF-GHJK")]
    user_code: String,
    /// Where the person types it.
    #[schema(example = "http://127.0.0.1:8700/device")]
    verification_uri: String,
    /// The same with the code in it.
    #[schema(example = "http://127.0.0.1:8700/device?user_code=BCDF-GHJK")]
    verification_uri_complete: String,
    /// How long both codes are good, in seconds.
    #[schema(example = 900)]
    expires_in: i64,
    /// How long to wait between two questions, in seconds.
    #[schema(example = 5)]
    interval: i32,
}

/// A device without a browser wants to be signed in (RFC 8628).
#[utoipa::path(post, path = "/auth/device", operation_id = "beginDeviceSignIn", tag = "Accounts", request_body = Device, responses(
    (status = OK, body = DeviceCodes),
    (status = BAD_REQUEST, body = ErrorBody),
    (status = UNSUPPORTED_MEDIA_TYPE, body = ErrorBody),
    (status = UNPROCESSABLE_ENTITY, body = ErrorBody),
))]
pub(crate) async fn post(
    State(state): State<AppState>,
    Json(device): Json<Device>,
) -> Result<Json<DeviceCodes>, ApiError> {
    let mut fields = Fields::default();
    fields.require(device.client.len() <= 200, "client", "is longer than 200 bytes");
    fields.require(!device.client.contains('\0'), "client", "must not contain NUL");
    fields.done()?;
    let device_code = random_token(PREFIX)?;
    let user_code = begin(&state, &device_code, &device.client).await?;
    let verification_uri = format!("{}/device", state.http.public_url);
    Ok(Json(DeviceCodes {
        verification_uri_complete: format!("{verification_uri}?user_code={user_code}"),
        verification_uri,
        device_code,
        user_code,
        expires_in: devices::LIFETIME.whole_seconds(),
        interval: devices::INTERVAL_S,
    }))
}

async fn begin(state: &AppState, device_code: &str, client: &str) -> Result<String, ApiError> {
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    let hash = sha256(device_code.as_bytes());
    let mut drawn = 0;
    loop {
        let user_code = user_code()?;
        match devices::begin(&mut connection, &hash, &user_code, client, state.clock.now()).await {
            Ok(()) => return Ok(user_code),
            Err(error) if error.is_duplicate() && drawn < DRAWS => drawn += 1,
            Err(error) => return Err(error.into()),
        }
    }
}

fn user_code() -> Result<String, ApiError> {
    let mut letters = Vec::with_capacity(8);
    while letters.len() < 8 {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|error| ApiError::internal(&error))?;
        // Each letter as likely as the others: what does not divide is drawn anew.
        let even = bytes.iter().filter(|byte| usize::from(**byte) < 256 / LETTERS.len() * LETTERS.len());
        letters.extend(even.map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()])));
    }
    Ok(format!("{}-{}", letters[..4].iter().collect::<String>(), letters[4..8].iter().collect::<String>()))
}

/// What somebody has typed, as it was drawn.
pub(crate) fn as_drawn(typed: &str) -> String {
    let letters: String = typed.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    match letters.split_at_checked(4) {
        Some((first, second)) => format!("{first}-{second}"),
        None => letters,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_may_be_typed_as_people_type() {
        let code = user_code().unwrap();
        assert_eq!((code.len(), code.as_bytes()[4]), (9, b'-'));
        assert_eq!(as_drawn(&format!(" {} ", code.to_lowercase().replace('-', " "))), code);
        assert_eq!(as_drawn("ab"), "AB");
    }
}
