//! What becomes of somebody whom a provider knows: whose account it is.
//!
//! Only an address that the provider has verified leads to an account. One that was registered here and never verified may have
//! been registered by somebody else, who waits for its owner to come: so its password and its sessions end when the
//! owner comes.

use iama_connect::{Identity, Provider};
use iama_job::Tier;
use iama_store::audit::{self, Actor, Entry};
use iama_store::oauth_accounts::{self, Account};
use iama_store::sessions::{self, End, Method};
use iama_store::users::{self, NewUser};
use iama_store::{Connection, StoreError, devices, login_codes};
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::passwords::is_address;
use crate::error::{ApiError, ErrorCode};

/// The longest name that is kept, in bytes.
const LONGEST_NAME: usize = 200;

/// Whose account it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrived {
    /// Somebody's.
    Known(Uuid),
    /// Nobody's yet.
    New,
}

/// How an account of a provider came to a person.
#[derive(Debug, Clone, Copy)]
enum Link {
    /// Their account here was made of it.
    Created,
    /// Both have the same verified address.
    Merged,
    /// The address was verified by it.
    Claimed,
}

impl Link {
    const fn code(self) -> &'static str {
        match self {
            Self::Created => "CREATED",
            Self::Merged => "MERGED",
            Self::Claimed => "CLAIMED",
        }
    }
}

/// How somebody signs in by a provider.
pub(crate) const fn method(provider: Provider) -> Method {
    match provider {
        Provider::Github => Method::Github,
        Provider::Google => Method::Google,
    }
}

/// Whose account it is, with the provider's account linked to it.
pub(crate) async fn arrive(
    connection: &mut Connection,
    identity: &Identity,
    now: OffsetDateTime,
) -> Result<Arrived, ApiError> {
    let provider = identity.provider.code();
    if let Some(user) = oauth_accounts::owner(connection, provider, &identity.account).await? {
        return Ok(Arrived::Known(user));
    }
    let email = verified(identity)?;
    let Some(user) = users::by_email(connection, &email).await? else { return Ok(Arrived::New) };
    users::lock(connection, user.id).await?;
    // Somebody else may have been faster, in another tab.
    if let Some(user) = oauth_accounts::owner(connection, provider, &identity.account).await? {
        return Ok(Arrived::Known(user));
    }
    let how = if users::claim(connection, user.id, now).await? {
        sessions::end_others(connection, user.id, None, End::PasswordChanged, now).await?;
        login_codes::withdraw(connection, user.id).await?;
        devices::withdraw(connection, user.id).await?;
        Link::Claimed
    } else {
        Link::Merged
    };
    link(connection, user.id, identity, &email, how, now).await?;
    Ok(Arrived::Known(user.id))
}

/// Makes an account for somebody who has none and has consented.
pub(crate) async fn welcome(
    connection: &mut Connection,
    identity: &Identity,
    now: OffsetDateTime,
) -> Result<Uuid, ApiError> {
    let email = verified(identity)?;
    let name: String = identity.name.chars().filter(|letter| !letter.is_control()).collect();
    let user = NewUser {
        email: &email,
        email_verified: true,
        password_hash: None,
        display_name: short(name.trim()),
        consent: true,
        tier: Tier::Free,
    };
    let created = users::create(connection, &user, now).await;
    let id = created.map_err(|error| {
        if error.is_duplicate() {
            ApiError::new(ErrorCode::EmailTaken, "this address has an account by now")
        } else {
            error.into()
        }
    })?;
    link(connection, id, identity, &email, Link::Created, now).await?;
    Ok(id)
}

/// The address, if the provider has verified it.
pub(crate) fn verified(identity: &Identity) -> Result<String, ApiError> {
    let name = identity.provider.name();
    let missing = || ApiError::new(ErrorCode::EmailNotVerified, format!("{name} has not verified your address"));
    let email = identity.verified_email.as_deref().ok_or_else(missing)?.trim().to_lowercase();
    if is_address(&email) { Ok(email) } else { Err(missing()) }
}

async fn link(
    connection: &mut Connection,
    user: Uuid,
    identity: &Identity,
    email: &str,
    how: Link,
    now: OffsetDateTime,
) -> Result<(), ApiError> {
    let provider = identity.provider;
    let account = Account { provider: provider.code(), id: &identity.account, email };
    let linked = oauth_accounts::link(connection, user, account, now).await;
    linked.map_err(|error: StoreError| {
        if error.is_duplicate() {
            let fault = format!("the account of this address belongs to another account of {}", provider.name());
            ApiError::new(ErrorCode::IdentityConflict, fault)
        } else {
            error.into()
        }
    })?;
    let entry = Entry {
        actor: Actor::User(user),
        user: Some(user),
        job: None,
        action: "ACCOUNT_LINKED",
        details: json!({ "provider": provider.code(), "how": how.code() }),
        request_id: None,
    };
    Ok(audit::write(connection, &entry, now).await?)
}

fn short(name: &str) -> &str {
    let mut end = name.len().min(LONGEST_NAME);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    &name[..end]
}
