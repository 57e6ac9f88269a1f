//! Administrators and their sessions.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::StoreError;

/// What an administrator may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AdminRole {
    /// Everything.
    SuperAdmin,
    /// Settings but for keys, and switches.
    Engineer,
    /// People: quota, and switches for one of them.
    Support,
}

impl AdminRole {
    /// Every role.
    pub const ALL: [Self; 3] = [Self::SuperAdmin, Self::Engineer, Self::Support];

    /// The stable name.
    pub const fn code(self) -> &'static str {
        match self {
            Self::SuperAdmin => "SUPER_ADMIN",
            Self::Engineer => "ENGINEER",
            Self::Support => "SUPPORT",
        }
    }

    /// The role of that name.
    pub fn read(text: &str) -> Result<Self, StoreError> {
        Self::ALL
            .into_iter()
            .find(|role| role.code() == text)
            .ok_or_else(|| StoreError::UnknownValue { column: "admin_accounts.role", value: text.to_owned() })
    }
}

/// A session that is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// The session.
    pub id: Uuid,
    /// Whose.
    pub admin: Uuid,
    /// With which role.
    pub role: AdminRole,
}

/// The session of a token, if it is good now and its account still active.
pub async fn session(
    connection: &mut PgConnection,
    token_hash: &[u8; 32],
    now: OffsetDateTime,
) -> Result<Option<Session>, StoreError> {
    let row = sqlx::query!(
        "SELECT s.id, s.admin_id, a.role FROM admin_sessions s JOIN admin_accounts a ON a.id = s.admin_id
         WHERE s.token_hash = $1 AND s.revoked_at IS NULL AND s.expires_at > $2 AND a.active",
        &token_hash[..],
        now,
    )
    .fetch_optional(connection)
    .await?;
    row.map(|row| Ok(Session { id: row.id, admin: row.admin_id, role: AdminRole::read(&row.role)? })).transpose()
}
