//! An address and a password: whose they are.

use iama_store::sealing::sha256;
use iama_store::throttle::{self, Allowance};
use iama_store::{Connection, StoreError, users};
use uuid::Uuid;

use super::passwords::is_address;
use crate::error::{ApiError, ErrorCode};
use crate::network::Network;
use crate::state::AppState;

/// Failures of one account from one network that cost no time.
const OF_ACCOUNT: Allowance = Allowance(5);

/// Failures from one network that cost no time.
const OF_NETWORK: Allowance = Allowance(50);

/// Somebody whose password was right when it was checked, which takes a while.
pub(crate) struct Checked {
    /// Who.
    pub(crate) user: Uuid,
    hash: Option<String>,
}

impl Checked {
    /// Who it is, as long as the password is still theirs: held until the transaction ends, so that nobody is signed in with a
    /// password that somebody takes away meanwhile.
    pub(crate) async fn held(&self, connection: &mut Connection) -> Result<Uuid, ApiError> {
        users::lock(connection, self.user).await?;
        let known = users::get(connection, self.user).await?;
        if known.is_some_and(|known| known.password_hash == self.hash) { Ok(self.user) } else { Err(wrong()) }
    }
}

fn wrong() -> ApiError {
    ApiError::new(ErrorCode::InvalidCredentials, "the address or the password is wrong")
}

/// Whose address and password these are. Failures cost the one who fails: the account as seen from their network, and
/// their network. Nobody else waits.
pub(crate) async fn check(
    state: &AppState,
    Network(network): &Network,
    email: &str,
    password: &str,
) -> Result<Checked, ApiError> {
    let email = email.trim().to_lowercase();
    let subjects =
        [sha256(format!("account {email} {network}").as_bytes()), sha256(format!("network {network}").as_bytes())];
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    for subject in &subjects {
        if let Some(until) = throttle::blocked_until(&mut connection, subject, state.clock.now()).await? {
            return Err(too_many(until - state.clock.now()));
        }
    }
    let user = if is_address(&email) { users::by_email(&mut connection, &email).await? } else { None };
    let hash = user.as_ref().and_then(|user| user.password_hash.as_deref());
    // Checking takes its time; the connection is not held meanwhile.
    drop(connection);
    let matches = state.passwords.matches(password, hash).await.map_err(|error| ApiError::internal(&error))?;
    let mut transaction = state.db.begin().await?;
    let done = if let Some(user) = user.filter(|_| matches) {
        throttle::succeeded(&mut transaction, &subjects[0]).await?;
        Ok(Checked { user: user.id, hash: user.password_hash })
    } else {
        let now = state.clock.now();
        throttle::failed(&mut transaction, &subjects[0], OF_ACCOUNT, now).await?;
        throttle::failed(&mut transaction, &subjects[1], OF_NETWORK, now).await?;
        Err(wrong())
    };
    transaction.commit().await.map_err(StoreError::from)?;
    done
}

/// Somebody has to wait before they may try again.
pub(crate) fn too_many(wait: time::Duration) -> ApiError {
    ApiError::new(ErrorCode::TooManyAttempts, "too many attempts to sign in failed")
        .retry_after(wait.try_into().unwrap_or_default())
}
