//! ID tokens (`OpenID` Connect Core, 3.1.3.7): read only when everything about them is right.

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation};
use serde::Deserialize;
use time::OffsetDateTime;

use crate::fault::IdTokenFault;

/// How a provider may sign: with a key of which we know the public half only.
const ALGORITHMS: [Algorithm; 2] = [Algorithm::RS256, Algorithm::ES256];

/// How far two clocks may be apart, in seconds.
const APART: i64 = 60;

/// What a token has to say.
pub(crate) struct Expected<'e> {
    pub(crate) issuer: &'e str,
    pub(crate) client: &'e str,
    pub(crate) nonce: &'e str,
}

/// What a token says of somebody.
#[derive(Debug, Deserialize)]
pub(crate) struct Claims {
    pub(crate) sub: String,
    pub(crate) email: Option<String>,
    pub(crate) email_verified: Option<bool>,
    pub(crate) name: Option<String>,
    aud: Audience,
    azp: Option<String>,
    nonce: Option<String>,
    exp: i64,
    iat: i64,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Audience {
    fn is_only(&self, client: &str) -> bool {
        match self {
            Self::One(one) => one == client,
            Self::Many(many) => many.iter().all(|one| one == client),
        }
    }
}

/// Reads a token. The time is the caller's, not the library's.
pub(crate) fn read(
    token: &str,
    keys: &JwkSet,
    expected: &Expected<'_>,
    now: OffsetDateTime,
) -> Result<Claims, IdTokenFault> {
    let header = jsonwebtoken::decode_header(token).map_err(|error| match error.kind() {
        // `none` is no algorithm that the library knows.
        ErrorKind::Json(_) => IdTokenFault::Algorithm,
        _ => IdTokenFault::Malformed,
    })?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(IdTokenFault::Algorithm);
    }
    let key = DecodingKey::from_jwk(key(keys, &header)?).map_err(|_| IdTokenFault::Key)?;
    let mut rules = Validation::new(header.alg);
    rules.set_audience(&[expected.client]);
    rules.set_issuer(&[expected.issuer]);
    rules.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
    rules.validate_exp = false;
    let claims = jsonwebtoken::decode::<Claims>(token, &key, &rules).map_err(|error| named(error.kind()))?.claims;
    check(&claims, expected, now)?;
    Ok(claims)
}

fn key<'k>(keys: &'k JwkSet, header: &Header) -> Result<&'k Jwk, IdTokenFault> {
    let found = match (&header.kid, keys.keys.as_slice()) {
        (Some(kid), _) => keys.find(kid),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    let signs = |key: &&Jwk| key.common.public_key_use.as_ref().is_none_or(|used| *used == PublicKeyUse::Signature);
    found.filter(signs).ok_or(IdTokenFault::Key)
}

fn named(kind: &ErrorKind) -> IdTokenFault {
    match kind {
        ErrorKind::InvalidSignature => IdTokenFault::Signature,
        ErrorKind::InvalidIssuer => IdTokenFault::Issuer,
        ErrorKind::InvalidAudience => IdTokenFault::Audience,
        ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName => IdTokenFault::Algorithm,
        _ => IdTokenFault::Malformed,
    }
}

fn check(claims: &Claims, expected: &Expected<'_>, now: OffsetDateTime) -> Result<(), IdTokenFault> {
    let for_us = match &claims.azp {
        Some(party) => party == expected.client,
        None => claims.aud.is_only(expected.client),
    };
    let now = now.unix_timestamp();
    if !for_us {
        Err(IdTokenFault::Audience)
    } else if claims.exp <= now - APART {
        Err(IdTokenFault::Expired)
    } else if claims.iat > now + APART {
        Err(IdTokenFault::Future)
    } else if claims.nonce.as_deref() != Some(expected.nonce) {
        Err(IdTokenFault::Nonce)
    } else if !is_name(&claims.sub) {
        Err(IdTokenFault::Malformed)
    } else {
        Ok(())
    }
}

/// Core, 2: at most 255 characters of ASCII.
fn is_name(sub: &str) -> bool {
    !sub.is_empty() && sub.len() <= 255 && sub.chars().all(|letter| letter.is_ascii() && !letter.is_ascii_control())
}
