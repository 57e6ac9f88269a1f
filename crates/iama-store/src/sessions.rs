//! Sessions of people. The refresh tokens of a session are a family: one that comes back after it was changed for the next
//! was stolen, or its owner's machine was, and all of them end.

use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::StoreError;

/// How somebody signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// With a password.
    Password,
    /// By GitHub.
    Github,
    /// By Google.
    Google,
    /// On a device that has no browser, confirmed on one that does.
    Device,
}

impl Method {
    /// The stable name.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Password => "PASSWORD",
            Self::Github => "GITHUB",
            Self::Google => "GOOGLE",
            Self::Device => "DEVICE",
        }
    }

    /// The way of a stable name.
    pub(crate) fn read(code: &str) -> Option<Self> {
        [Self::Password, Self::Github, Self::Google, Self::Device].into_iter().find(|method| method.code() == code)
    }
}

/// Why a session ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Its owner ended it.
    Logout,
    /// A refresh token, or the code that the session came of, came twice.
    Reuse,
    /// The password was changed elsewhere.
    PasswordChanged,
    /// An administrator ended it.
    Admin,
    /// The account is gone.
    AccountDeleted,
}

impl End {
    const fn code(self) -> &'static str {
        match self {
            Self::Logout => "LOGOUT",
            Self::Reuse => "REUSE",
            Self::PasswordChanged => "PASSWORD_CHANGED",
            Self::Admin => "ADMIN",
            Self::AccountDeleted => "ACCOUNT_DELETED",
        }
    }
}

/// A session of somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its name.
    pub id: Uuid,
    /// How it began.
    pub method: String,
    /// What the client calls itself.
    pub client: String,
    /// When it began.
    pub created_at: OffsetDateTime,
    /// When it was last refreshed.
    pub last_used_at: OffsetDateTime,
}

/// A refresh token to keep, by its hash.
#[derive(Debug, Clone, Copy)]
pub struct NewToken<'a> {
    /// SHA-256 of the token.
    pub hash: &'a [u8; 32],
    /// How long it is good.
    pub lifetime: Duration,
}

/// Begins a session with its first refresh token.
pub async fn begin(
    connection: &mut PgConnection,
    user: Uuid,
    method: Method,
    client: &str,
    token: NewToken<'_>,
    now: OffsetDateTime,
) -> Result<Uuid, StoreError> {
    let id = Uuid::now_v7();
    sqlx::query!(
        "INSERT INTO user_sessions (id, user_id, method, client, created_at, last_used_at)
         VALUES ($1, $2, $3, $4, $5, $5)",
        id,
        user,
        method.code(),
        client,
        now,
    )
    .execute(&mut *connection)
    .await?;
    keep(connection, id, token, now).await?;
    Ok(id)
}

async fn keep(
    connection: &mut PgConnection,
    session: Uuid,
    token: NewToken<'_>,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO refresh_tokens (token_hash, session_id, issued_at, expires_at) VALUES ($1, $2, $3, $4)",
        &token.hash[..],
        session,
        now,
        now + token.lifetime,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// What came of a refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotated {
    /// It is used up, and the next one is kept.
    Next {
        /// Whose.
        user: Uuid,
        /// In which session.
        session: Uuid,
    },
    /// It is none, too old, or its session is over.
    Invalid,
    /// It was used before. The session is over.
    Reused {
        /// Whose.
        user: Uuid,
    },
}

/// Changes a refresh token for the next one of its family. What it finds is to be committed whatever it is.
pub async fn rotate(
    connection: &mut PgConnection,
    hash: &[u8; 32],
    next: NewToken<'_>,
    now: OffsetDateTime,
) -> Result<Rotated, StoreError> {
    let known = sqlx::query!(
        "SELECT t.session_id, t.used_at, t.expires_at, s.user_id, s.revoked_at
         FROM refresh_tokens t JOIN user_sessions s ON s.id = t.session_id
         JOIN users u ON u.id = s.user_id AND u.deleted_at IS NULL
         WHERE t.token_hash = $1 FOR UPDATE OF t, s",
        &hash[..],
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some(known) = known else { return Ok(Rotated::Invalid) };
    if known.revoked_at.is_some() {
        return Ok(Rotated::Invalid);
    }
    if known.used_at.is_some() {
        end(connection, known.session_id, End::Reuse, now).await?;
        return Ok(Rotated::Reused { user: known.user_id });
    }
    if known.expires_at <= now {
        return Ok(Rotated::Invalid);
    }
    sqlx::query!("UPDATE refresh_tokens SET used_at = $2 WHERE token_hash = $1", &hash[..], now)
        .execute(&mut *connection)
        .await?;
    sqlx::query!("UPDATE user_sessions SET last_used_at = $2 WHERE id = $1", known.session_id, now)
        .execute(&mut *connection)
        .await?;
    keep(connection, known.session_id, next, now).await?;
    Ok(Rotated::Next { user: known.user_id, session: known.session_id })
}

/// Ends a session; one that is over stays as it ended.
pub async fn end(
    connection: &mut PgConnection,
    session: Uuid,
    why: End,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE user_sessions SET revoked_at = $2, revoked_reason = $3 WHERE id = $1 AND revoked_at IS NULL",
        session,
        now,
        why.code(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Ends one of a person's sessions. False when they have none of that name.
pub async fn end_own(
    connection: &mut PgConnection,
    user: Uuid,
    session: Uuid,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let ended = sqlx::query!(
        "UPDATE user_sessions SET revoked_at = coalesce(revoked_at, $3), revoked_reason = coalesce(revoked_reason, 'LOGOUT')
         WHERE id = $1 AND user_id = $2",
        session,
        user,
        now,
    )
    .execute(connection)
    .await?;
    Ok(ended.rows_affected() > 0)
}

/// Ends all sessions of a person but one.
pub async fn end_others(
    connection: &mut PgConnection,
    user: Uuid,
    spare: Option<Uuid>,
    why: End,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE user_sessions SET revoked_at = $3, revoked_reason = $4
         WHERE user_id = $1 AND id IS DISTINCT FROM $2 AND revoked_at IS NULL",
        user,
        spare,
        now,
        why.code(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The sessions of a person that are not over, the last one used first.
pub async fn of(connection: &mut PgConnection, user: Uuid) -> Result<Vec<Session>, StoreError> {
    let sessions = sqlx::query_as!(
        Session,
        "SELECT id, method, client, created_at, last_used_at FROM user_sessions
         WHERE user_id = $1 AND revoked_at IS NULL ORDER BY last_used_at DESC, id",
        user,
    )
    .fetch_all(connection)
    .await?;
    Ok(sessions)
}

/// Whether a session is not over.
pub async fn is_open(connection: &mut PgConnection, session: Uuid) -> Result<bool, StoreError> {
    let open = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM user_sessions WHERE id = $1 AND revoked_at IS NULL) AS "open!""#,
        session,
    )
    .fetch_one(connection)
    .await?;
    Ok(open)
}
