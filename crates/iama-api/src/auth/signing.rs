//! Access tokens: JSON Web Tokens, signed with RS256.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use iama_store::sealing::sha256;
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// Whom access tokens are for.
const AUDIENCE: &str = "iama-api";

/// How many tokens are known by their hash, so that their signatures are not checked again.
const PROVEN: usize = 10_000;

/// Why keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    /// None is configured.
    #[error("there is no key to sign access tokens with")]
    NoKey,
    /// One is no RSA private key in PEM.
    #[error("signing key {0} is no RSA private key in PEM")]
    BadKey(usize),
    /// A token could not be signed.
    #[error("an access token could not be signed")]
    Sign(#[source] jsonwebtoken::errors::Error),
}

/// Why a token is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejected {
    /// It was good once.
    Expired,
    /// It never was.
    Invalid,
}

/// What an access token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessClaims {
    /// Who issued it.
    pub iss: String,
    /// Whom it is for.
    pub aud: String,
    /// The person.
    pub sub: Uuid,
    /// The session.
    pub sid: Uuid,
    /// When it was issued, in seconds since the epoch.
    pub iat: i64,
    /// From when on it is no good.
    pub exp: i64,
}

struct VerifyingKey {
    key: DecodingKey,
    jwk: Jwk,
}

/// The keys of this installation. The first signs; all of them are accepted.
pub struct SigningKeys {
    issuer: String,
    lifetime: Duration,
    signer: EncodingKey,
    header: Header,
    accepted: BTreeMap<String, VerifyingKey>,
    /// What tokens say that one of the keys signed, by their SHA-256. Whether they have expired is asked each time.
    proven: Cache<[u8; 32], Arc<AccessClaims>>,
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKeys").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

impl SigningKeys {
    /// Keys from RSA private keys in PEM, the one that signs first.
    pub fn new(issuer: String, lifetime: Duration, pems: &[impl AsRef<[u8]>]) -> Result<Self, SigningError> {
        let mut first = None;
        let mut accepted = BTreeMap::new();
        for (at, pem) in pems.iter().enumerate() {
            let bad = |_| SigningError::BadKey(at + 1);
            let signer = EncodingKey::from_rsa_pem(pem.as_ref()).map_err(bad)?;
            let mut jwk = Jwk::from_encoding_key(&signer, Algorithm::RS256).map_err(bad)?;
            let kid = jwk.thumbprint(ThumbprintHash::SHA256).map_err(bad)?;
            jwk.common.key_id = Some(kid.clone());
            jwk.common.public_key_use = Some(PublicKeyUse::Signature);
            let key = DecodingKey::from_jwk(&jwk).map_err(bad)?;
            accepted.insert(kid.clone(), VerifyingKey { key, jwk });
            first.get_or_insert((signer, Header { kid: Some(kid), ..Header::new(Algorithm::RS256) }));
        }
        let (signer, header) = first.ok_or(SigningError::NoKey)?;
        Ok(Self { issuer, lifetime, signer, header, accepted, proven: Cache::new(PROVEN) })
    }

    /// An access token for a session.
    pub fn issue(&self, user: Uuid, session: Uuid, now: OffsetDateTime) -> Result<String, SigningError> {
        let claims = AccessClaims {
            iss: self.issuer.clone(),
            aud: AUDIENCE.to_owned(),
            sub: user,
            sid: session,
            iat: now.unix_timestamp(),
            exp: (now + self.lifetime).unix_timestamp(),
        };
        jsonwebtoken::encode(&self.header, &claims, &self.signer).map_err(SigningError::Sign)
    }

    /// How long a token is good.
    pub const fn lifetime(&self) -> Duration {
        self.lifetime
    }

    /// What a token says, if one of the keys signed it for this API and it is still good.
    pub fn verify(&self, token: &str, now: OffsetDateTime) -> Result<Arc<AccessClaims>, Rejected> {
        let claims = self.proven.get_or_insert_with(&sha256(token.as_bytes()), || self.prove(token).map(Arc::new))?;
        if now.unix_timestamp() >= claims.exp { Err(Rejected::Expired) } else { Ok(claims) }
    }

    fn prove(&self, token: &str) -> Result<AccessClaims, Rejected> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| Rejected::Invalid)?;
        let known = header.kid.and_then(|kid| self.accepted.get(&kid)).ok_or(Rejected::Invalid)?;
        let mut rules = Validation::new(Algorithm::RS256);
        rules.set_audience(&[AUDIENCE]);
        rules.set_issuer(&[&self.issuer]);
        rules.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
        // The time is the caller's, not the library's.
        rules.validate_exp = false;
        Ok(jsonwebtoken::decode(token, &known.key, &rules).map_err(|_| Rejected::Invalid)?.claims)
    }

    /// The public halves.
    pub fn jwks(&self) -> JwkSet {
        JwkSet { keys: self.accepted.values().map(|known| known.jwk.clone()).collect() }
    }
}
