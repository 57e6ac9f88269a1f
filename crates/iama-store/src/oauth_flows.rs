//! Visits to a provider of identities that are under way. Each is known by a hash alone, and answered once.

use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};

use crate::StoreError;
use crate::sealing::Sealed;

/// How long a visit may take.
pub const LIFETIME: Duration = Duration::minutes(10);

/// A visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// To whom.
    pub provider: String,
    /// The verifier of our own request, sealed.
    pub verifier: Sealed,
    /// What the provider repeats.
    pub nonce: String,
    /// Where the browser goes in the end.
    pub return_to: String,
    /// The challenge of whoever waits there; empty where it is a page of ours.
    pub client_challenge: String,
    /// What whoever waits there wants to hear again.
    pub client_state: String,
}

/// Begins a visit.
pub async fn begin(
    connection: &mut PgConnection,
    hash: &[u8; 32],
    flow: Flow,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let key_ref = flow.verifier.key_ref.clone();
    sqlx::query!(
        "INSERT INTO oauth_flows (state_hash, provider, pkce_verifier, kms_key_ref, nonce, return_to, client_challenge,
             client_state, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        &hash[..],
        flow.provider,
        flow.verifier.joined(),
        key_ref,
        flow.nonce,
        flow.return_to,
        flow.client_challenge,
        flow.client_state,
        now,
        now + LIFETIME,
    )
    .execute(connection)
    .await?;
    Ok(())
}

struct Row {
    provider: String,
    pkce_verifier: Vec<u8>,
    kms_key_ref: String,
    nonce: String,
    return_to: String,
    client_challenge: String,
    client_state: String,
}

impl Row {
    fn read(self) -> Result<Flow, StoreError> {
        Ok(Flow {
            provider: self.provider,
            verifier: Sealed::split(&self.kms_key_ref, &self.pkce_verifier)?,
            nonce: self.nonce,
            return_to: self.return_to,
            client_challenge: self.client_challenge,
            client_state: self.client_state,
        })
    }
}

/// The visit that somebody comes back from: given once, and not when it took too long.
pub async fn answer(
    connection: &mut PgConnection,
    hash: &[u8; 32],
    now: OffsetDateTime,
) -> Result<Option<Flow>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        "UPDATE oauth_flows SET consumed_at = $2 WHERE state_hash = $1 AND consumed_at IS NULL AND expires_at > $2
         RETURNING provider, pkce_verifier, kms_key_ref, nonce, return_to, client_challenge, client_state",
        &hash[..],
        now,
    )
    .fetch_optional(connection)
    .await?;
    row.map(Row::read).transpose()
}

/// The end of a visit that was answered and then had to wait for the person: given once as well.
pub async fn finish(
    connection: &mut PgConnection,
    hash: &[u8; 32],
    now: OffsetDateTime,
) -> Result<Option<Flow>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        "DELETE FROM oauth_flows WHERE state_hash = $1 AND consumed_at IS NOT NULL AND expires_at > $2
         RETURNING provider, pkce_verifier, kms_key_ref, nonce, return_to, client_challenge, client_state",
        &hash[..],
        now,
    )
    .fetch_optional(connection)
    .await?;
    row.map(Row::read).transpose()
}

/// Forgets what took too long.
pub async fn sweep(connection: &mut PgConnection, now: OffsetDateTime) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM oauth_flows WHERE expires_at <= $1", now).execute(connection).await?;
    Ok(())
}
