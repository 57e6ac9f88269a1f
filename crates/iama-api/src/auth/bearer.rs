//! Callers, taken from the `Authorization` header.

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use iama_store::admins::{self, AdminRole};
use iama_store::audit::{self, Actor, Entry};
use iama_store::sealing::sha256;
use iama_store::{Connection, StoreError, sessions};
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use super::permissions::Permission;
use super::signing::Rejected;
use crate::error::{ApiError, ErrorCode};
use crate::layers::REQUEST_ID;
use crate::state::AppState;

/// A person with an access token that is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct User {
    /// Who.
    pub id: Uuid,
    /// In which session.
    pub session: Uuid,
}

/// An administrator with a session that is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admin {
    /// Who.
    pub id: Uuid,
    /// In which session.
    pub session: Uuid,
    /// With which role.
    pub role: AdminRole,
    /// What the request is called.
    pub request: Option<String>,
}

/// The longest name of a request that is kept.
const LONGEST_REQUEST_ID: usize = 100;

/// What an administrator does, and to whom.
#[derive(Debug, Clone, Default)]
pub(crate) struct Deed {
    /// To whom.
    pub(crate) user: Option<Uuid>,
    /// Ids, codes and counts.
    pub(crate) details: Value,
}

impl User {
    /// Refuses whoever's session has ended, though their access token is still good: with it, nobody may make a new way in.
    pub(crate) async fn require_session(&self, connection: &mut Connection) -> Result<(), ApiError> {
        if sessions::is_open(connection, self.session).await? {
            return Ok(());
        }
        Err(ApiError::new(ErrorCode::Unauthenticated, "the session has ended"))
    }
}

impl Admin {
    /// Refuses everybody whose role has not the permission.
    pub fn require(&self, permission: Permission) -> Result<(), ApiError> {
        if permission.is_of(self.role) {
            return Ok(());
        }
        let roles: Vec<&str> = permission.roles().iter().map(|role| role.code()).collect();
        Err(ApiError::new(ErrorCode::Forbidden, format!("{} may not do this", self.role.code()))
            .details(json!({ "roles": roles })))
    }

    /// Puts on record what the administrator does, in the transaction that does it.
    pub(crate) async fn did(
        &self,
        connection: &mut Connection,
        action: &str,
        deed: Deed,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let entry = Entry {
            actor: Actor::Admin(self.id),
            user: deed.user,
            job: None,
            action,
            details: deed.details,
            request_id: self.request.as_deref(),
        };
        audit::write(connection, &entry, now).await
    }
}

/// What a request is called, if the name is one that can be kept.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    (id.len() <= LONGEST_REQUEST_ID).then(|| id.to_owned())
}

/// The token that came with a request.
pub(crate) fn bearer(parts: &Parts) -> Result<&str, ApiError> {
    let missing = || ApiError::new(ErrorCode::Unauthenticated, "no access token came with the request");
    let value = parts.headers.get(AUTHORIZATION).ok_or_else(missing)?;
    let (scheme, token) = value.to_str().ok().and_then(|value| value.split_once(' ')).ok_or_else(missing)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim()) } else { Err(missing()) }
}

impl FromRequestParts<AppState> for User {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        if let Some(known) = parts.extensions.get::<Self>() {
            return Ok(*known);
        }
        let claims = state.signing.verify(bearer(parts)?, state.clock.now()).map_err(|rejected| match rejected {
            Rejected::Expired => ApiError::new(ErrorCode::TokenExpired, "the access token has expired"),
            Rejected::Invalid => ApiError::new(ErrorCode::Unauthenticated, "the access token is not valid"),
        })?;
        Ok(Self { id: claims.sub, session: claims.sid })
    }
}

impl FromRequestParts<AppState> for Admin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let hash = sha256(bearer(parts)?.as_bytes());
        let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
        let session = admins::session(&mut connection, &hash, state.clock.now()).await?;
        let session = session
            .ok_or_else(|| ApiError::new(ErrorCode::Unauthenticated, "the administrator's session is not valid"))?;
        let request = request_id(&parts.headers);
        Ok(Self { id: session.admin, session: session.id, role: session.role, request })
    }
}
