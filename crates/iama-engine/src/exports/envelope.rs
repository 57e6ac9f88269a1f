//! A signature around a statement: DSSE with Ed25519, as in-toto's tools read it.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::pkcs8::DecodePrivateKey as _;
use ed25519_dalek::pkcs8::spki::{DecodePublicKey as _, EncodePublicKey as _};
use ed25519_dalek::{Signature, Signer as _};
use serde::{Deserialize, Serialize};

use super::digest;
use crate::folder::cannot_read;
use crate::problem::Problem;

const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// A key that signs.
pub struct SigningKey(ed25519_dalek::SigningKey);

/// A key that checks signatures.
pub struct VerifyingKey(ed25519_dalek::VerifyingKey);

/// A payload with its signatures.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Envelope {
    payload: String,
    #[serde(rename = "payloadType")]
    payload_type: String,
    signatures: Vec<Signed>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Signed {
    keyid: String,
    sig: String,
}

/// Why an envelope proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// It is no envelope around an in-toto statement.
    #[error("the file is no signed statement")]
    Malformed,
    /// No signature in it was made with this key.
    #[error("no signature in it was made with this key")]
    Wrong,
}

impl SigningKey {
    /// Reads a private Ed25519 key in PKCS#8 PEM, as `openssl genpkey -algorithm ed25519` writes it.
    pub fn read(path: &Path) -> Result<Self, Problem> {
        let text = fs::read_to_string(path).map_err(|error| cannot_read(path, &error))?;
        ed25519_dalek::SigningKey::from_pkcs8_pem(&text).map(Self).map_err(|_| invalid(path, "private"))
    }
}

impl VerifyingKey {
    /// Reads a public Ed25519 key in PEM, as `openssl pkey -pubout` writes it.
    pub fn read(path: &Path) -> Result<Self, Problem> {
        let text = fs::read_to_string(path).map_err(|error| cannot_read(path, &error))?;
        ed25519_dalek::VerifyingKey::from_public_key_pem(&text).map(Self).map_err(|_| invalid(path, "public"))
    }
}

fn invalid(path: &Path, which: &str) -> Problem {
    Problem::input("KEY_INVALID", format!("{} holds no {which} Ed25519 key in PEM", path.display())).hint(
        "make one with `openssl genpkey -algorithm ed25519 -out key.pem`; its public half: `openssl pkey -in key.pem -pubout`",
    )
}

impl Envelope {
    /// Signs a statement.
    pub fn sign(statement: &[u8], key: &SigningKey) -> Self {
        let signature = key.0.sign(&authenticated(statement));
        let keyid = key_id(&key.0.verifying_key());
        let sig = BASE64.encode(signature.to_bytes());
        Self {
            payload: BASE64.encode(statement),
            payload_type: PAYLOAD_TYPE.to_owned(),
            signatures: vec![Signed { keyid, sig }],
        }
    }

    /// The statement inside, once a signature over it is shown to be of this key.
    pub fn open(bytes: &[u8], key: &VerifyingKey) -> Result<Vec<u8>, SignatureError> {
        let envelope: Self = serde_json::from_slice(bytes).map_err(|_| SignatureError::Malformed)?;
        if envelope.payload_type != PAYLOAD_TYPE {
            return Err(SignatureError::Malformed);
        }
        let payload = BASE64.decode(&envelope.payload).map_err(|_| SignatureError::Malformed)?;
        let message = authenticated(&payload);
        let holds = |signed: &Signed| {
            let signature = BASE64.decode(&signed.sig).ok().and_then(|bytes| Signature::from_slice(&bytes).ok());
            signature.is_some_and(|signature| key.0.verify_strict(&message, &signature).is_ok())
        };
        if envelope.signatures.iter().any(holds) { Ok(payload) } else { Err(SignatureError::Wrong) }
    }
}

/// What is signed: the type and the payload, each with its length, so that neither can be taken for the other.
fn authenticated(payload: &[u8]) -> Vec<u8> {
    let mut message = format!("DSSEv1 {} {PAYLOAD_TYPE} {} ", PAYLOAD_TYPE.len(), payload.len()).into_bytes();
    message.extend_from_slice(payload);
    message
}

/// The hash of the public key's DER: the same wherever the key is kept.
fn key_id(key: &ed25519_dalek::VerifyingKey) -> String {
    key.to_public_key_der().map(|der| digest(der.as_bytes())).unwrap_or_default()
}
