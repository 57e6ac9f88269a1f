//! Codes that a browser hands to whoever waits for a sign-in, who changes them for tokens. Kept by their hashes, good once.

use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::StoreError;
use crate::sessions::Method;

/// How long a code that was changed for a session is known beyond its time.
const NOTICED: Duration = Duration::days(1);

/// For whom a code is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginCode {
    /// Who has signed in.
    pub user: Uuid,
    /// How.
    pub method: Method,
    /// The challenge of whoever waits (RFC 7636); empty where it is a page of ours.
    pub challenge: String,
    /// Where the browser brought it.
    pub return_to: String,
}

/// Issues a code.
pub async fn issue(
    connection: &mut PgConnection,
    hash: &[u8; 32],
    code: &LoginCode,
    lifetime: Duration,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO login_codes (code_hash, user_id, method, client_challenge, return_to, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &hash[..],
        code.user,
        code.method.code(),
        code.challenge,
        code.return_to,
        now,
        now + lifetime,
    )
    .execute(connection)
    .await?;
    Ok(())
}

struct Row {
    user_id: Uuid,
    method: String,
    client_challenge: String,
    return_to: String,
}

impl Row {
    fn read(self) -> Result<LoginCode, StoreError> {
        let unknown = || StoreError::UnknownValue { column: "login_codes.method", value: self.method.clone() };
        let method = Method::read(&self.method).ok_or_else(unknown)?;
        Ok(LoginCode { user: self.user_id, method, challenge: self.client_challenge, return_to: self.return_to })
    }
}

/// What a code stands for, as long as it is good.
pub async fn look(
    connection: &mut PgConnection,
    hash: &[u8; 32],
    now: OffsetDateTime,
) -> Result<Option<LoginCode>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        "SELECT c.user_id, c.method, c.client_challenge, c.return_to FROM login_codes c
         JOIN users u ON u.id = c.user_id AND u.deleted_at IS NULL
         WHERE c.code_hash = $1 AND c.consumed_at IS NULL AND c.expires_at > $2",
        &hash[..],
        now,
    )
    .fetch_optional(connection)
    .await?;
    row.map(Row::read).transpose()
}

/// Uses a code up. It is to be committed whatever becomes of it: a code that was tried is gone.
pub async fn redeem(
    connection: &mut PgConnection,
    hash: &[u8; 32],
    now: OffsetDateTime,
) -> Result<Option<LoginCode>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        "UPDATE login_codes c SET consumed_at = $2 FROM users u
         WHERE c.code_hash = $1 AND c.consumed_at IS NULL AND c.expires_at > $2
             AND u.id = c.user_id AND u.deleted_at IS NULL
         RETURNING c.user_id, c.method, c.client_challenge, c.return_to",
        &hash[..],
        now,
    )
    .fetch_optional(connection)
    .await?;
    row.map(Row::read).transpose()
}

/// Notes which session a code was changed for, in the transaction that uses it up.
pub async fn changed_for(connection: &mut PgConnection, hash: &[u8; 32], session: Uuid) -> Result<(), StoreError> {
    sqlx::query!("UPDATE login_codes SET session_id = $2 WHERE code_hash = $1", &hash[..], session)
        .execute(connection)
        .await?;
    Ok(())
}

/// The session that a code was changed for which has come once more, and whose it is; nothing where it was changed for none.
pub async fn session_of(connection: &mut PgConnection, hash: &[u8; 32]) -> Result<Option<(Uuid, Uuid)>, StoreError> {
    let row = sqlx::query!(
        r#"SELECT session_id AS "session_id!", user_id FROM login_codes WHERE code_hash = $1 AND session_id IS NOT NULL"#,
        &hash[..],
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| (row.session_id, row.user_id)))
}

/// Takes back what was issued for a person and not used.
pub async fn withdraw(connection: &mut PgConnection, user: Uuid) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM login_codes WHERE user_id = $1 AND consumed_at IS NULL", user)
        .execute(connection)
        .await?;
    Ok(())
}

/// Forgets what is over. A code that was changed for a session is known for a day more, so that it is noticed when it comes again.
pub async fn sweep(connection: &mut PgConnection, now: OffsetDateTime) -> Result<(), StoreError> {
    sqlx::query!(
        "DELETE FROM login_codes WHERE expires_at <= $1 AND (session_id IS NULL OR expires_at <= $2)",
        now,
        now - NOTICED,
    )
    .execute(connection)
    .await?;
    Ok(())
}
