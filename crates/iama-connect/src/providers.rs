//! What all providers have in common.

use std::borrow::Cow;

use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType,
};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, Client, ClientId, ClientSecret, CsrfToken, EndpointNotSet, EndpointSet,
    ExtraTokenFields, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope,
    StandardRevocableToken, StandardTokenResponse, TokenUrl,
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::fault::Fault;
use crate::github::GitHub;
use crate::google::Google;
use crate::wire::Wire;

/// A provider of identities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// GitHub.
    Github,
    /// Google.
    Google,
}

impl Provider {
    /// Every provider.
    pub const ALL: [Self; 2] = [Self::Github, Self::Google];

    /// The stable name.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Github => "github",
            Self::Google => "google",
        }
    }

    /// What people call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Github => "GitHub",
            Self::Google => "Google",
        }
    }
}

/// Somebody, as a provider knows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Who says so.
    pub provider: Provider,
    /// What the provider calls them, for ever.
    pub account: String,
    /// Their address, if the provider has seen that it is theirs. One that it has not seen is not told at all.
    pub verified_email: Option<String>,
    /// What they are called; may be empty.
    pub name: String,
}

/// What a visit to a provider is known by. Each is random, and good for one visit.
#[derive(Debug, Clone, Copy)]
pub struct Visit<'v> {
    /// Comes back with the answer.
    pub state: &'v str,
    /// The verifier of the code's challenge (RFC 7636): 43 to 128 characters.
    pub verifier: &'v str,
    /// Comes back in the ID token, where there is one.
    pub nonce: &'v str,
}

/// What the browser brings back.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// The code.
    pub code: &'a str,
    /// Who says that they gave it (RFC 9207).
    pub issuer: Option<&'a str>,
}

/// The providers that are configured.
#[derive(Debug, Default)]
pub struct Providers {
    /// GitHub.
    pub github: Option<GitHub>,
    /// Google.
    pub google: Option<Google>,
}

impl Providers {
    /// Whether a provider is configured.
    pub const fn has(&self, provider: Provider) -> bool {
        match provider {
            Provider::Github => self.github.is_some(),
            Provider::Google => self.google.is_some(),
        }
    }

    /// Where a browser goes to be recognised; nothing where the provider is not configured.
    pub async fn address(
        &self,
        provider: Provider,
        visit: Visit<'_>,
        now: OffsetDateTime,
    ) -> Option<Result<String, Fault>> {
        match provider {
            Provider::Github => Some(self.github.as_ref()?.address(visit)),
            Provider::Google => Some(self.google.as_ref()?.address(visit, now).await),
        }
    }

    /// Who came back from a visit; nothing where the provider is not configured.
    pub async fn identify(
        &self,
        provider: Provider,
        answer: Answer<'_>,
        visit: Visit<'_>,
        now: OffsetDateTime,
    ) -> Option<Result<Identity, Fault>> {
        match provider {
            Provider::Github => Some(self.github.as_ref()?.identify(answer, visit).await),
            Provider::Google => Some(self.google.as_ref()?.identify(answer, visit, now).await),
        }
    }
}

/// IAMA, as a provider knows it.
#[derive(Clone)]
pub(crate) struct Registration {
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    /// Where the browser comes back to: exactly this.
    pub(crate) redirect: String,
}

/// What is in a token's answer besides.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Extra {
    pub(crate) id_token: Option<String>,
}

impl ExtraTokenFields for Extra {}

pub(crate) type Tokens = StandardTokenResponse<Extra, BasicTokenType>;

type OauthClient = Client<
    BasicErrorResponse,
    Tokens,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

impl Registration {
    fn client(&self, authorize: &str, token: &str) -> Result<OauthClient, Fault> {
        let redirect = RedirectUrl::new(self.redirect.clone()).map_err(|_| Fault::Odd("redirect address"))?;
        Ok(Client::new(ClientId::new(self.client_id.clone()))
            .set_client_secret(ClientSecret::new(self.client_secret.clone()))
            .set_auth_type(AuthType::RequestBody)
            .set_auth_uri(AuthUrl::new(authorize.to_owned()).map_err(|_| Fault::Odd("address to sign in at"))?)
            .set_token_uri(TokenUrl::new(token.to_owned()).map_err(|_| Fault::Odd("address of tokens"))?)
            .set_redirect_uri(redirect))
    }

    /// Where a browser goes.
    pub(crate) fn address(
        &self,
        [authorize, token]: [&str; 2],
        scopes: &[&str],
        visit: Visit<'_>,
        nonce: Option<&str>,
    ) -> Result<String, Fault> {
        let client = self.client(authorize, token)?;
        let verifier = PkceCodeVerifier::new(visit.verifier.to_owned());
        let state = visit.state.to_owned();
        let mut request = client
            .authorize_url(|| CsrfToken::new(state))
            .add_scopes(scopes.iter().map(|scope| Scope::new((*scope).to_owned())))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        if let Some(nonce) = nonce {
            request = request.add_extra_param(Cow::Borrowed("nonce"), nonce.to_owned());
        }
        Ok(request.url().0.into())
    }

    /// Changes a code for tokens.
    pub(crate) async fn exchange(
        &self,
        wire: &Wire,
        [authorize, token]: [&str; 2],
        code: &str,
        visit: Visit<'_>,
    ) -> Result<Tokens, Fault> {
        let client = self.client(authorize, token)?;
        client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .set_pkce_verifier(PkceCodeVerifier::new(visit.verifier.to_owned()))
            .request_async(wire)
            .await
            .map_err(told)
    }
}

fn told(error: RequestTokenError<Fault, BasicErrorResponse>) -> Fault {
    match error {
        RequestTokenError::Request(fault) => fault,
        RequestTokenError::ServerResponse(said) => Fault::Refused(code(said.error().as_ref())),
        // GitHub says what is wrong with status 200.
        RequestTokenError::Parse(_, body) => match serde_json::from_slice::<Said>(&body) {
            Ok(said) => Fault::Refused(code(&said.error)),
            Err(_) => Fault::Odd("answer with tokens"),
        },
        RequestTokenError::Other(_) => Fault::Odd("answer with tokens"),
    }
}

#[derive(Deserialize)]
struct Said {
    error: String,
}

/// A code of an error, as far as it is one: what a provider says goes to the log.
fn code(said: &str) -> String {
    let known = |letter: &char| letter.is_ascii_alphanumeric() || *letter == '_';
    said.chars().filter(known).take(60).collect()
}
