//! Callers, taken from the `Authorization` header.

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use iama_store::admins::{self, AdminRole};
use iama_store::sealing::sha256;
use uuid::Uuid;

use super::signing::Rejected;
use crate::error::{ApiError, ErrorCode};
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Admin {
    /// Who.
    pub id: Uuid,
    /// In which session.
    pub session: Uuid,
    /// With which role.
    pub role: AdminRole,
}

impl Admin {
    /// Refuses everybody whose role is not among these.
    pub fn require(&self, roles: &[AdminRole]) -> Result<(), ApiError> {
        if roles.contains(&self.role) {
            return Ok(());
        }
        Err(ApiError::new(ErrorCode::Forbidden, format!("{} may not do this", self.role.code())))
    }
}

fn bearer(parts: &Parts) -> Result<&str, ApiError> {
    let missing = || ApiError::new(ErrorCode::Unauthenticated, "no access token came with the request");
    let value = parts.headers.get(AUTHORIZATION).ok_or_else(missing)?;
    let (scheme, token) = value.to_str().ok().and_then(|value| value.split_once(' ')).ok_or_else(missing)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim()) } else { Err(missing()) }
}

impl FromRequestParts<AppState> for User {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
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
        let mut connection = state.db.pool().acquire().await.map_err(iama_store::StoreError::from)?;
        let session = admins::session(&mut connection, &hash, state.clock.now()).await?;
        let session = session
            .ok_or_else(|| ApiError::new(ErrorCode::Unauthenticated, "the administrator's session is not valid"))?;
        Ok(Self { id: session.admin, session: session.id, role: session.role })
    }
}
