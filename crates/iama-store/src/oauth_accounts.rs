//! Which account of a provider belongs to which person.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::StoreError;

/// An account of a provider whose address the provider has verified.
#[derive(Debug, Clone, Copy)]
pub struct Account<'a> {
    /// Whose.
    pub provider: &'a str,
    /// What the provider calls it.
    pub id: &'a str,
    /// The address, in lower case.
    pub email: &'a str,
}

/// To whom an account belongs.
pub async fn owner(connection: &mut PgConnection, provider: &str, id: &str) -> Result<Option<Uuid>, StoreError> {
    let owner = sqlx::query_scalar!(
        "SELECT a.user_id FROM oauth_accounts a JOIN users u ON u.id = a.user_id AND u.deleted_at IS NULL
         WHERE a.provider = $1 AND a.provider_account_id = $2",
        provider,
        id,
    )
    .fetch_optional(connection)
    .await?;
    Ok(owner)
}

/// Gives an account to a person. Fails with [`StoreError::is_duplicate`] when it belongs to somebody, or when the person has
/// another one of the same provider.
pub async fn link(
    connection: &mut PgConnection,
    user: Uuid,
    account: Account<'_>,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO oauth_accounts (id, user_id, provider, provider_account_id, email, email_verified, created_at)
         VALUES ($1, $2, $3, $4, $5, true, $6)",
        Uuid::now_v7(),
        user,
        account.provider,
        account.id,
        account.email,
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}
