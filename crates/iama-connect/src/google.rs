//! Google: `OpenID` Connect, with everything but the issuer's address discovered.

use std::fmt;

use jsonwebtoken::jwk::JwkSet;
use serde::Deserialize;
use time::{Duration, OffsetDateTime};
use tokio::sync::Mutex;

use crate::fault::{Fault, IdTokenFault};
use crate::id_token::{self, Expected};
use crate::providers::{Answer, Identity, Provider, Registration, Visit};
use crate::wire::{Wire, is_safe};

const SCOPES: [&str; 3] = ["openid", "email", "profile"];

/// How long what was discovered is believed.
const BELIEVED: Duration = Duration::hours(1);

/// Keys that are not known are not looked for more often.
const LOOKED: Duration = Duration::seconds(30);

/// Where Google is, and who we are there.
#[derive(Clone)]
pub struct Settings {
    /// What Google calls us.
    pub client_id: String,
    /// What we prove it with.
    pub client_secret: String,
    /// The issuer, exactly as it writes itself.
    pub issuer: String,
}

/// The client.
pub struct Google {
    registration: Registration,
    issuer: String,
    wire: Wire,
    known: Mutex<Option<Known>>,
}

impl fmt::Debug for Google {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Google").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// What the issuer says of itself.
#[derive(Debug, Clone, Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default, rename = "authorization_response_iss_parameter_supported")]
    names_itself: bool,
}

impl Metadata {
    fn addresses(&self) -> [&str; 2] {
        [&self.authorization_endpoint, &self.token_endpoint]
    }
}

#[derive(Debug, Clone)]
struct Known {
    metadata: Metadata,
    keys: JwkSet,
    at: OffsetDateTime,
}

impl Google {
    /// A client whose visitors come back to `redirect`.
    pub fn new(settings: Settings, redirect: String) -> Result<Self, Fault> {
        let Settings { client_id, client_secret, issuer } = settings;
        let wire = Wire::new(&[&issuer])?;
        Ok(Self {
            registration: Registration { client_id, client_secret, redirect },
            issuer,
            wire,
            known: Mutex::new(None),
        })
    }

    /// Where a browser goes to be recognised.
    pub async fn address(&self, visit: Visit<'_>, now: OffsetDateTime) -> Result<String, Fault> {
        let known = self.known(now, BELIEVED).await?;
        self.registration.address(known.metadata.addresses(), &SCOPES, visit, Some(visit.nonce))
    }

    /// Who came back, by the ID token.
    pub async fn identify(&self, answer: Answer<'_>, visit: Visit<'_>, now: OffsetDateTime) -> Result<Identity, Fault> {
        let known = self.known(now, BELIEVED).await?;
        match answer.issuer {
            Some(issuer) if issuer != self.issuer => return Err(Fault::Issuer),
            None if known.metadata.names_itself => return Err(Fault::Issuer),
            _ => {}
        }
        let addresses = known.metadata.addresses();
        let tokens = self.registration.exchange(&self.wire, addresses, answer.code, visit).await?;
        let token = tokens.extra_fields().id_token.as_deref().ok_or(Fault::Odd("answer without an ID token"))?;
        let expected = Expected { issuer: &self.issuer, client: &self.registration.client_id, nonce: visit.nonce };
        let read = match id_token::read(token, &known.keys, &expected, now) {
            // It may be signed with a key that is newer than what was discovered.
            Err(IdTokenFault::Key) => {
                let known = self.known(now, LOOKED).await?;
                id_token::read(token, &known.keys, &expected, now)
            }
            read => read,
        };
        let claims = read.map_err(Fault::IdToken)?;
        Ok(Identity {
            provider: Provider::Google,
            account: claims.sub,
            verified_email: claims.email.filter(|_| claims.email_verified == Some(true)),
            name: claims.name.unwrap_or_default(),
        })
    }

    /// What is known of the issuer, looked up when it is older than it may be.
    async fn known(&self, now: OffsetDateTime, age: Duration) -> Result<Known, Fault> {
        let mut known = self.known.lock().await;
        if let Some(known) = known.as_ref().filter(|known| now - known.at < age) {
            return Ok(known.clone());
        }
        let address = format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'));
        let metadata: Metadata = self.wire.get(&address, None, "description of itself").await?;
        if metadata.issuer != self.issuer {
            return Err(Fault::Issuer);
        }
        let addresses = [&metadata.authorization_endpoint, &metadata.token_endpoint, &metadata.jwks_uri];
        if !addresses.iter().all(|address| is_safe(address)) {
            return Err(Fault::Odd("description of itself"));
        }
        let keys: JwkSet = self.wire.get(&metadata.jwks_uri, None, "keys").await?;
        Ok(known.insert(Known { metadata, keys, at: now }).clone())
    }
}
