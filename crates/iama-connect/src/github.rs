//! GitHub: OAuth 2.0 with PKCE, and its API for who somebody is.

use std::fmt;

use oauth2::TokenResponse as _;
use serde::Deserialize;

use crate::fault::Fault;
use crate::providers::{Answer, Identity, Provider, Registration, Visit};
use crate::wire::Wire;

/// All that is asked of the person: to see their addresses.
const SCOPES: [&str; 1] = ["user:email"];

/// Where GitHub is, and who we are there.
#[derive(Clone)]
pub struct Settings {
    /// What GitHub calls us.
    pub client_id: String,
    /// What we prove it with.
    pub client_secret: String,
    /// Where browsers go.
    pub authorize_url: String,
    /// Where codes are changed.
    pub token_url: String,
    /// The root of the API.
    pub api_url: String,
    /// What answers name as their issuer, if they name one.
    pub issuer: String,
}

/// The client.
pub struct GitHub {
    registration: Registration,
    addresses: [String; 2],
    api_url: String,
    issuer: String,
    wire: Wire,
}

impl fmt::Debug for GitHub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GitHub").field("api_url", &self.api_url).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Account {
    id: u64,
    login: String,
    name: Option<String>,
}

#[derive(Deserialize)]
struct Address {
    email: String,
    primary: bool,
    verified: bool,
}

impl GitHub {
    /// A client whose visitors come back to `redirect`.
    pub fn new(settings: Settings, redirect: String) -> Result<Self, Fault> {
        let wire = Wire::new(&[&settings.token_url, &settings.api_url])?;
        let Settings { client_id, client_secret, authorize_url, token_url, api_url, issuer } = settings;
        let registration = Registration { client_id, client_secret, redirect };
        let api_url = api_url.trim_end_matches('/').to_owned();
        Ok(Self { registration, addresses: [authorize_url, token_url], api_url, issuer, wire })
    }

    fn addresses(&self) -> [&str; 2] {
        [&self.addresses[0], &self.addresses[1]]
    }

    /// Where a browser goes to be recognised.
    pub fn address(&self, visit: Visit<'_>) -> Result<String, Fault> {
        self.registration.address(self.addresses(), &SCOPES, visit, None)
    }

    /// Who came back. Of several addresses, the primary one counts, and only if it is verified.
    pub async fn identify(&self, answer: Answer<'_>, visit: Visit<'_>) -> Result<Identity, Fault> {
        if answer.issuer.is_some_and(|issuer| issuer != self.issuer) {
            return Err(Fault::Issuer);
        }
        let tokens = self.registration.exchange(&self.wire, self.addresses(), answer.code, visit).await?;
        let token = Some(tokens.access_token().secret().as_str());
        let account: Account = self.wire.get(&format!("{}/user", self.api_url), token, "account").await?;
        let addresses: Vec<Address> =
            self.wire.get(&format!("{}/user/emails", self.api_url), token, "addresses").await?;
        let primary = addresses.into_iter().find(|address| address.primary && address.verified);
        Ok(Identity {
            provider: Provider::Github,
            account: account.id.to_string(),
            verified_email: primary.map(|address| address.email),
            name: account.name.filter(|name| !name.is_empty()).unwrap_or(account.login),
        })
    }
}
