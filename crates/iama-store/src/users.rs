//! People.

use iama_job::Tier;
use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::{StoreError, switches};

/// How long a period of a subscription is where nobody pays.
const PERIOD: Duration = Duration::days(30);

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Who.
    pub id: Uuid,
    /// The address, in lower case.
    pub email: String,
    /// Since when it is known to be theirs.
    pub email_verified_at: Option<OffsetDateTime>,
    /// The hash of the password; none for who signs in elsewhere.
    pub password_hash: Option<String>,
    /// What they are called.
    pub display_name: String,
    /// How much they want to see: `A` is spared jargon, `B` are experts.
    pub segment: String,
    /// Whether they have asked for the fast track.
    pub expert: bool,
    /// Since when their data may be processed.
    pub consent_given_at: Option<OffsetDateTime>,
    /// Since when they know what is processed before the first refactoring.
    pub disclosure_accepted_at: Option<OffsetDateTime>,
    /// When they came.
    pub created_at: OffsetDateTime,
}

/// A person who comes.
#[derive(Debug, Clone, Copy)]
pub struct NewUser<'a> {
    /// The address, in lower case.
    pub email: &'a str,
    /// Whether it is known to be theirs.
    pub email_verified: bool,
    /// The hash of the password.
    pub password_hash: Option<&'a str>,
    /// What they are called.
    pub display_name: &'a str,
    /// Whether their data may be processed.
    pub consent: bool,
    /// What they have subscribed to.
    pub tier: Tier,
}

/// Makes an account. Fails with [`StoreError::is_duplicate`] when the address has one.
pub async fn create(
    connection: &mut PgConnection,
    user: &NewUser<'_>,
    now: OffsetDateTime,
) -> Result<Uuid, StoreError> {
    let id = Uuid::now_v7();
    sqlx::query!(
        "INSERT INTO users (id, email, email_verified_at, password_hash, display_name, consent_given_at, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        id,
        user.email,
        user.email_verified.then_some(now),
        user.password_hash,
        user.display_name,
        user.consent.then_some(now),
        now,
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "INSERT INTO subscription_tiers (user_id, tier, period_started_at, period_ends_at, updated_at)
         VALUES ($1, $4, $2, $3, $2)",
        id,
        now,
        now + PERIOD,
        user.tier.code(),
    )
    .execute(connection)
    .await?;
    Ok(id)
}

/// The account of an address.
pub async fn by_email(connection: &mut PgConnection, email: &str) -> Result<Option<User>, StoreError> {
    let user = sqlx::query_as!(
        User,
        "SELECT id, email, email_verified_at, password_hash, display_name, segment, expert, consent_given_at,
             disclosure_accepted_at, created_at
         FROM users WHERE email = $1 AND deleted_at IS NULL",
        email,
    )
    .fetch_optional(connection)
    .await?;
    Ok(user)
}

/// The account of an id.
pub async fn get(connection: &mut PgConnection, id: Uuid) -> Result<Option<User>, StoreError> {
    let user = sqlx::query_as!(
        User,
        "SELECT id, email, email_verified_at, password_hash, display_name, segment, expert, consent_given_at,
             disclosure_accepted_at, created_at
         FROM users WHERE id = $1 AND deleted_at IS NULL",
        id,
    )
    .fetch_optional(connection)
    .await?;
    Ok(user)
}

/// What decides whether a person may start jobs, apart from their subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "a row of answers to questions that have nothing to do with each other"
)]
pub struct Starter {
    /// Whether their data may be processed.
    pub has_consented: bool,
    /// Whether they know what is processed.
    pub knows_disclosure: bool,
    /// Whether everything is stopped.
    pub all_stopped: bool,
    /// Whether an administrator has stopped them.
    pub stopped: bool,
    /// `A` or `B`.
    pub segment: String,
    /// Whether they want to see everything.
    pub expert: bool,
}

/// What decides whether a person may start jobs.
pub async fn starter(connection: &mut PgConnection, id: Uuid) -> Result<Option<Starter>, StoreError> {
    let starter = sqlx::query_as!(
        Starter,
        r#"SELECT consent_given_at IS NOT NULL AS "has_consented!",
               disclosure_accepted_at IS NOT NULL AS "knows_disclosure!",
               coalesce((SELECT value = 'true' FROM dynamic_configs WHERE key = $2), false) AS "all_stopped!",
               EXISTS (SELECT FROM user_kill_switches WHERE user_id = $1) AS "stopped!",
               segment, expert
           FROM users WHERE id = $1 AND deleted_at IS NULL"#,
        id,
        switches::GLOBAL,
    )
    .fetch_optional(connection)
    .await?;
    Ok(starter)
}

/// Whether there is any account.
pub async fn any(connection: &mut PgConnection) -> Result<bool, StoreError> {
    let any = sqlx::query_scalar!(r#"SELECT EXISTS (SELECT FROM users) AS "any!""#).fetch_one(connection).await?;
    Ok(any)
}

/// Notes that a person's data may be processed; the first time counts.
pub async fn consent(connection: &mut PgConnection, id: Uuid, now: OffsetDateTime) -> Result<(), StoreError> {
    sqlx::query!("UPDATE users SET consent_given_at = coalesce(consent_given_at, $2) WHERE id = $1", id, now)
        .execute(connection)
        .await?;
    Ok(())
}

/// Notes that a person has read what is processed; the first time counts.
pub async fn accept_disclosure(connection: &mut PgConnection, id: Uuid, now: OffsetDateTime) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE users SET disclosure_accepted_at = coalesce(disclosure_accepted_at, $2) WHERE id = $1",
        id,
        now
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Replaces a person's password.
pub async fn set_password(connection: &mut PgConnection, id: Uuid, hash: &str) -> Result<(), StoreError> {
    sqlx::query!("UPDATE users SET password_hash = $2 WHERE id = $1", id, hash).execute(connection).await?;
    Ok(())
}

/// Keeps others from changing an account until the transaction ends.
pub async fn lock(connection: &mut PgConnection, id: Uuid) -> Result<(), StoreError> {
    sqlx::query_scalar!(r#"SELECT 1 AS "one!" FROM users WHERE id = $1 FOR UPDATE"#, id)
        .fetch_optional(connection)
        .await?;
    Ok(())
}

/// Gives an account whose address nobody had shown to be theirs to the one who has. Its password goes: whoever chose it
/// need not be the same. False when the address was known to be somebody's already.
pub async fn claim(connection: &mut PgConnection, id: Uuid, now: OffsetDateTime) -> Result<bool, StoreError> {
    let claimed = sqlx::query!(
        "UPDATE users SET email_verified_at = $2, password_hash = NULL, token_generation = token_generation + 1
         WHERE id = $1 AND email_verified_at IS NULL",
        id,
        now,
    )
    .execute(connection)
    .await?;
    Ok(claimed.rows_affected() > 0)
}

/// Whether a person was stopped by an administrator.
pub async fn is_stopped(connection: &mut PgConnection, id: Uuid) -> Result<bool, StoreError> {
    let stopped =
        sqlx::query_scalar!(r#"SELECT EXISTS (SELECT FROM user_kill_switches WHERE user_id = $1) AS "stopped!""#, id,)
            .fetch_one(connection)
            .await?;
    Ok(stopped)
}
