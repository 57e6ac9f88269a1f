//! Visits to a provider of identities: begun in one browser, and finished in the same.
//!
//! What comes back through the provider (`state`) and what stays in the browser (a cookie) are both needed to find a visit:
//! neither a forged answer nor one from another browser leads anywhere.

use axum::http::{HeaderMap, HeaderValue};
use iama_connect::{Answer, Fault, Identity, Provider, Visit};
use iama_store::StoreError;
use iama_store::oauth_flows::{self, Flow, LIFETIME};
use iama_store::sealing::sha256;
use time::Duration;

use super::cookies::Cookie;
use super::pairs::random_token;
use super::targets::Target;
use super::waiters::Waiter;
use crate::error::{ApiError, ErrorCode};
use crate::state::AppState;

/// A visit that begins.
pub(crate) struct Begun {
    /// Where the browser goes.
    pub(crate) address: String,
    /// What it keeps.
    pub(crate) cookie: HeaderValue,
}

/// A visit that somebody came back from.
pub(crate) struct Back {
    /// To whom.
    pub(crate) provider: Provider,
    /// Who waits.
    pub(crate) waiter: Waiter,
    /// Under which it is known.
    hash: [u8; 32],
    flow: Flow,
}

/// Sends a browser to a provider.
pub(crate) async fn begin(state: &AppState, provider: Provider, waiter: &Waiter) -> Result<Begun, ApiError> {
    let [own, secret, verifier, nonce] = [random_token("")?, random_token("")?, random_token("")?, random_token("")?];
    let now = state.clock.now();
    let visit = Visit { state: &own, verifier: &verifier, nonce: &nonce };
    let address = state.providers.address(provider, visit, now).await;
    let address = address.ok_or_else(|| not_configured(provider))?.map_err(|fault| told(provider, &fault))?;
    let hash = hash(&own, &secret);
    let flow = Flow {
        provider: provider.code().to_owned(),
        verifier: state.ring.seal(&context(&hash), verifier.as_bytes()).map_err(StoreError::from)?,
        nonce,
        return_to: waiter.target.kept(),
        client_challenge: waiter.challenge.clone(),
        client_state: waiter.state.clone(),
    };
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    oauth_flows::begin(&mut connection, &hash, flow, now).await?;
    Ok(Begun { address, cookie: cookie(state, &own).given(&secret, LIFETIME)? })
}

/// The visit that a browser comes back from, once.
pub(crate) async fn back(state: &AppState, headers: &HeaderMap, own: &str) -> Result<Back, ApiError> {
    let secret = cookie(state, own).shown(headers).ok_or_else(unknown)?;
    let hash = hash(own, secret);
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    let flow = oauth_flows::answer(&mut connection, &hash, state.clock.now()).await?;
    read(hash, flow)
}

/// The visit of somebody who has had to say something first, once.
pub(crate) async fn resumed(state: &AppState, headers: &HeaderMap, own: &str) -> Result<Back, ApiError> {
    let secret = cookie(state, own).shown(headers).ok_or_else(unknown)?;
    let hash = hash(own, secret);
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    let flow = oauth_flows::finish(&mut connection, &hash, state.clock.now()).await?;
    read(hash, flow)
}

/// The cookie of a visit; each has its own, so that two can be under way.
pub(crate) fn cookie<'s>(state: &'s AppState, own: &str) -> Cookie<'s> {
    Cookie::new(&state.http, &format!("iama_visit_{}", &hex::encode(sha256(own.as_bytes()))[..16]))
}

impl Back {
    /// Who they are, as the provider says.
    pub(crate) async fn identify(
        &self,
        state: &AppState,
        code: &str,
        issuer: Option<&str>,
    ) -> Result<Identity, ApiError> {
        let verifier = state.ring.open(&context(&self.hash), &self.flow.verifier).map_err(StoreError::from)?;
        let verifier = String::from_utf8(verifier).map_err(|error| ApiError::internal(&error.utf8_error()))?;
        let visit = Visit { state: "", verifier: &verifier, nonce: &self.flow.nonce };
        let answer = Answer { code, issuer };
        let identity = state.providers.identify(self.provider, answer, visit, state.clock.now()).await;
        identity.ok_or_else(|| not_configured(self.provider))?.map_err(|fault| told(self.provider, &fault))
    }

    /// Seals what the provider said, for the time in which the person makes up their mind: nothing of it is kept here.
    pub(crate) fn ticket(&self, state: &AppState, identity: &Identity) -> Result<String, ApiError> {
        let plain = serde_json::to_vec(identity).map_err(|error| ApiError::internal(&error))?;
        let sealed = state.ring.seal(&ticket_of(&self.hash), &plain).map_err(StoreError::from)?;
        Ok(format!("{}.{}", sealed.key_ref.clone(), hex::encode(sealed.joined())))
    }

    /// What was sealed for this visit.
    pub(crate) fn read_ticket(&self, state: &AppState, ticket: &str) -> Result<Identity, ApiError> {
        let opened = || {
            let (key_ref, joined) = ticket.rsplit_once('.')?;
            let sealed = iama_store::sealing::Sealed::split(key_ref, &hex::decode(joined).ok()?).ok()?;
            let plain = state.ring.open(&ticket_of(&self.hash), &sealed).ok()?;
            serde_json::from_slice(&plain).ok()
        };
        opened().ok_or_else(unknown)
    }
}

fn read(hash: [u8; 32], flow: Option<Flow>) -> Result<Back, ApiError> {
    let flow = flow.ok_or_else(unknown)?;
    let known = Provider::ALL.into_iter().find(|provider| provider.code() == flow.provider);
    let provider = known.ok_or_else(unknown)?;
    let waiter = Waiter {
        target: Target::read(&flow.return_to),
        challenge: flow.client_challenge.clone(),
        state: flow.client_state.clone(),
    };
    Ok(Back { provider, waiter, hash, flow })
}

fn hash(own: &str, secret: &str) -> [u8; 32] {
    sha256(format!("oauth visit {own} {secret}").as_bytes())
}

fn context(hash: &[u8; 32]) -> String {
    format!("oauth visit {}", hex::encode(hash))
}

fn ticket_of(hash: &[u8; 32]) -> String {
    format!("oauth ticket {}", hex::encode(hash))
}

fn unknown() -> ApiError {
    ApiError::new(ErrorCode::OauthStateInvalid, "this browser has no such sign-in under way")
}

fn not_configured(provider: Provider) -> ApiError {
    ApiError::new(ErrorCode::ProviderNotConfigured, format!("nobody signs in by {} here", provider.name()))
}

/// What a person is told. What it was goes to the log, here, and holds no secret.
fn told(provider: Provider, fault: &Fault) -> ApiError {
    let name = provider.name();
    tracing::warn!(provider = provider.code(), %fault, "a provider did not say who somebody is");
    if fault.is_away() {
        return ApiError::new(ErrorCode::ProviderUnavailable, format!("{name} does not answer"))
            .retry_after(Duration::seconds(5).unsigned_abs());
    }
    ApiError::new(ErrorCode::IdentityNotProven, format!("what {name} answered does not prove who you are"))
}
