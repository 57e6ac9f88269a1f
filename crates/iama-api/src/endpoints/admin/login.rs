//! `POST /api/v1/admin/auth/login`: a session of an administrator.

use axum::extract::State;
use axum::http::HeaderMap;
use iama_store::admins::{self, AdminRole};
use iama_store::sealing::sha256;
use iama_store::throttle::{self, Allowance};
use iama_store::{StoreError, Transaction};
use serde::{Deserialize, Serialize};
use serde_json::json;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use super::view::AdminView;
use crate::auth::Admin;
use crate::auth::bearer::{Deed, request_id};
use crate::auth::credentials::too_many;
use crate::auth::pairs::random_token;
use crate::auth::passwords::is_address;
use crate::error::{ApiError, ErrorBody, ErrorCode};
use crate::extract::Json;
use crate::network::Network;
use crate::state::AppState;

/// What tokens of administrators begin with, so that scanners know one.
const PREFIX: &str = "iama_at_";

/// Failures of one account from one network that cost no time.
const OF_ACCOUNT: Allowance = Allowance(3);

/// Failures from one network that cost no time.
const OF_NETWORK: Allowance = Allowance(10);

/// Who signs in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdminLogin {
    /// The address.
    #[schema(example = "ops@example.org")]
    email: String,
    /// The password.
    #[schema(example = "correct horse battery")]
    password: String,
}

/// A session of eight hours. Nothing makes it longer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AdminSession {
    /// Sent with each request as `Authorization: Bearer`.
    #[schema(example = "iama_at_0123")]
    token: String,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// When the session ends.
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
    /// Whose it is.
    admin: AdminView,
}

/// A session of an administrator, by password.
///
/// Failures cost the one who fails: the account as seen from their network, and their network. Nobody else waits.
#[utoipa::path(post, path = "/admin/auth/login", operation_id = "adminLogin", tag = "Administration", request_body = AdminLogin,
    responses(
        (status = OK, body = AdminSession),
        (status = BAD_REQUEST, body = ErrorBody),
        (status = UNAUTHORIZED, body = ErrorBody),
        (status = UNSUPPORTED_MEDIA_TYPE, body = ErrorBody),
        (status = UNPROCESSABLE_ENTITY, body = ErrorBody),
        (status = TOO_MANY_REQUESTS, body = ErrorBody),
    ))]
pub(crate) async fn post(
    State(state): State<AppState>,
    Network(network): Network,
    headers: HeaderMap,
    Json(login): Json<AdminLogin>,
) -> Result<Json<AdminSession>, ApiError> {
    let email = login.email.trim().to_lowercase();
    let subjects = [
        sha256(format!("admin {email} {network}").as_bytes()),
        sha256(format!("admins' network {network}").as_bytes()),
    ];
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    for subject in &subjects {
        if let Some(until) = throttle::blocked_until(&mut connection, subject, state.clock.now()).await? {
            return Err(too_many(until - state.clock.now()));
        }
    }
    let known = if is_address(&email) { admins::credentials(&mut connection, &email).await? } else { None };
    // Checking takes its time; the connection is not held meanwhile.
    drop(connection);
    let hash = known.as_ref().map(|known| known.password_hash.as_str());
    let matches = state.passwords.matches(&login.password, hash).await.map_err(|error| ApiError::internal(&error))?;
    let mut transaction = state.db.begin().await?;
    let done = if let Some(known) = known.filter(|_| matches) {
        throttle::succeeded(&mut transaction, &subjects[0]).await?;
        begin(&state, &mut transaction, known.id, request_id(&headers)).await
    } else {
        let now = state.clock.now();
        throttle::failed(&mut transaction, &subjects[0], OF_ACCOUNT, now).await?;
        throttle::failed(&mut transaction, &subjects[1], OF_NETWORK, now).await?;
        Err(ApiError::new(ErrorCode::InvalidCredentials, "the address or the password is wrong"))
    };
    transaction.commit().await.map_err(StoreError::from)?;
    done.map(Json)
}

async fn begin(
    state: &AppState,
    transaction: &mut Transaction,
    id: Uuid,
    request: Option<String>,
) -> Result<AdminSession, ApiError> {
    let now = state.clock.now();
    let token = random_token(PREFIX)?;
    let (session, expires_at) = admins::begin(transaction, id, &sha256(token.as_bytes()), now).await?;
    let admin = admins::get(transaction, id).await?.ok_or(StoreError::Missing("administrator"))?;
    let role: AdminRole = admin.role;
    let who = Admin { id, session, role, request };
    let deed = Deed { details: json!({ "session": session }), ..Deed::default() };
    who.did(transaction, "ADMIN_LOGIN", deed, now).await?;
    Ok(AdminSession { token, token_type: "Bearer", expires_at, admin: admin.into() })
}
