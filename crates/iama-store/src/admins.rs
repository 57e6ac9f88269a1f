//! Administrators and their sessions.

use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};
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

/// How long a session lasts; nothing makes it longer.
pub const SESSION: Duration = Duration::hours(8);

/// An administrator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminAccount {
    /// Who.
    pub id: Uuid,
    /// The address, in lower case.
    pub email: String,
    /// What they may do.
    pub role: AdminRole,
    /// Whether they may do it now.
    pub active: bool,
    /// Who made the account; nobody for one that was made at the server itself.
    pub created_by: Option<Uuid>,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When they last signed in.
    pub last_login_at: Option<OffsetDateTime>,
}

struct AccountRow {
    id: Uuid,
    email: String,
    role: String,
    active: bool,
    created_by: Option<Uuid>,
    created_at: OffsetDateTime,
    last_login_at: Option<OffsetDateTime>,
}

impl AccountRow {
    fn read(self) -> Result<AdminAccount, StoreError> {
        Ok(AdminAccount {
            id: self.id,
            role: AdminRole::read(&self.role)?,
            email: self.email,
            active: self.active,
            created_by: self.created_by,
            created_at: self.created_at,
            last_login_at: self.last_login_at,
        })
    }
}

/// An administrator who comes.
#[derive(Debug, Clone, Copy)]
pub struct NewAdmin<'a> {
    /// The address, in lower case.
    pub email: &'a str,
    /// The hash of the password.
    pub password_hash: &'a str,
    /// What they may do.
    pub role: AdminRole,
    /// Who makes the account; nobody at the server itself.
    pub created_by: Option<Uuid>,
}

/// Makes an account. Fails with [`StoreError::is_duplicate`] when the address has one.
pub async fn create(
    connection: &mut PgConnection,
    admin: &NewAdmin<'_>,
    now: OffsetDateTime,
) -> Result<Uuid, StoreError> {
    let id = Uuid::now_v7();
    sqlx::query!(
        "INSERT INTO admin_accounts (id, email, password_hash, role, created_by, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        id,
        admin.email,
        admin.password_hash,
        admin.role.code(),
        admin.created_by,
        now,
    )
    .execute(connection)
    .await?;
    Ok(id)
}

/// All accounts, the oldest first.
pub async fn list(connection: &mut PgConnection) -> Result<Vec<AdminAccount>, StoreError> {
    let rows = sqlx::query_as!(
        AccountRow,
        "SELECT id, email, role, active, created_by, created_at, last_login_at FROM admin_accounts
         ORDER BY created_at, id",
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(AccountRow::read).collect()
}

/// The account of an id.
pub async fn get(connection: &mut PgConnection, id: Uuid) -> Result<Option<AdminAccount>, StoreError> {
    let row = sqlx::query_as!(
        AccountRow,
        "SELECT id, email, role, active, created_by, created_at, last_login_at FROM admin_accounts WHERE id = $1",
        id,
    )
    .fetch_optional(connection)
    .await?;
    row.map(AccountRow::read).transpose()
}

/// What is needed to sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Who.
    pub id: Uuid,
    /// The hash of the password.
    pub password_hash: String,
}

/// What an active administrator of an address signs in with.
pub async fn credentials(connection: &mut PgConnection, email: &str) -> Result<Option<Credentials>, StoreError> {
    let known = sqlx::query_as!(
        Credentials,
        "SELECT id, password_hash FROM admin_accounts WHERE email = $1 AND active",
        email,
    )
    .fetch_optional(connection)
    .await?;
    Ok(known)
}

/// Begins a session. Gives its name and its end.
pub async fn begin(
    connection: &mut PgConnection,
    admin: Uuid,
    token_hash: &[u8; 32],
    now: OffsetDateTime,
) -> Result<(Uuid, OffsetDateTime), StoreError> {
    let (id, until) = (Uuid::now_v7(), now + SESSION);
    sqlx::query!(
        "INSERT INTO admin_sessions (id, admin_id, token_hash, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)",
        id,
        admin,
        &token_hash[..],
        now,
        until,
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!("UPDATE admin_accounts SET last_login_at = $2 WHERE id = $1", admin, now).execute(connection).await?;
    Ok((id, until))
}

/// Ends a session.
pub async fn end(connection: &mut PgConnection, session: Uuid, now: OffsetDateTime) -> Result<(), StoreError> {
    sqlx::query!("UPDATE admin_sessions SET revoked_at = coalesce(revoked_at, $2) WHERE id = $1", session, now)
        .execute(connection)
        .await?;
    Ok(())
}

/// Ends every session of an administrator.
pub async fn end_all(connection: &mut PgConnection, admin: Uuid, now: OffsetDateTime) -> Result<(), StoreError> {
    sqlx::query!("UPDATE admin_sessions SET revoked_at = $2 WHERE admin_id = $1 AND revoked_at IS NULL", admin, now)
        .execute(connection)
        .await?;
    Ok(())
}

/// What is to be changed of an account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Change {
    /// Another role.
    pub role: Option<AdminRole>,
    /// Whether they may do anything.
    pub active: Option<bool>,
}

/// Why an account was not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotChanged {
    /// There is none.
    Missing,
    /// Nobody would be left who may do everything.
    LastSuperAdmin,
}

/// Changes an account, unless nobody would be left who may do everything. Accounts are changed one after the other.
pub async fn change(
    connection: &mut PgConnection,
    id: Uuid,
    change: Change,
) -> Result<Result<AdminAccount, NotChanged>, StoreError> {
    sqlx::query!("SELECT pg_advisory_xact_lock(7302)").execute(&mut *connection).await?;
    let Some(before) = get(&mut *connection, id).await? else { return Ok(Err(NotChanged::Missing)) };
    let role = change.role.unwrap_or(before.role);
    let active = change.active.unwrap_or(before.active);
    let is_super = |role: AdminRole, active: bool| active && role == AdminRole::SuperAdmin;
    if is_super(before.role, before.active) && !is_super(role, active) {
        let others = sqlx::query_scalar!(
            r#"SELECT count(*) AS "count!" FROM admin_accounts WHERE role = 'SUPER_ADMIN' AND active AND id <> $1"#,
            id,
        )
        .fetch_one(&mut *connection)
        .await?;
        if others == 0 {
            return Ok(Err(NotChanged::LastSuperAdmin));
        }
    }
    sqlx::query!("UPDATE admin_accounts SET role = $2, active = $3 WHERE id = $1", id, role.code(), active)
        .execute(connection)
        .await?;
    Ok(Ok(AdminAccount { role, active, ..before }))
}

/// Replaces an administrator's password; false when there is no such account.
pub async fn set_password(connection: &mut PgConnection, id: Uuid, hash: &str) -> Result<bool, StoreError> {
    let done = sqlx::query!("UPDATE admin_accounts SET password_hash = $2 WHERE id = $1", id, hash)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Forgets sessions that ended long ago.
pub async fn sweep(connection: &mut PgConnection, now: OffsetDateTime) -> Result<(), StoreError> {
    let old = now - Duration::days(30);
    sqlx::query!("DELETE FROM admin_sessions WHERE expires_at <= $1", old).execute(connection).await?;
    Ok(())
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
