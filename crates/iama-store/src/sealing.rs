//! Envelope encryption: each text has a data key of its own, which a key of the ring wraps. AES-256-GCM both times.
//!
//! What is sealed is bound to a context (the job, the kind): bytes that were moved to another row do not open.

use std::collections::BTreeMap;
use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::rand;
use sha2::{Digest as _, Sha256};

const KEY_LEN: usize = 32;
const TAG_LEN: usize = 16;
const WRAPPED_LEN: usize = NONCE_LEN + KEY_LEN + TAG_LEN;

/// Why something could not be sealed or opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// A key of the ring is no key.
    #[error("the key {0} must be 32 bytes, as 64 hexadecimal digits or in base64")]
    BadKey(String),
    /// The ring is empty.
    #[error("there is no key to seal with")]
    NoKey,
    /// The key that it was sealed with is gone.
    #[error("the key {0} is not in the ring")]
    UnknownKey(String),
    /// The bytes were changed, cut or moved, or the key is another one of the same name.
    #[error("what was sealed with {0} does not open")]
    Damaged(String),
}

/// The keys that wrap data keys, by name. The current one seals; the others open what was sealed before a rotation.
#[derive(Clone)]
pub struct KeyRing {
    current: String,
    keys: BTreeMap<String, [u8; KEY_LEN]>,
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing").field("current", &self.current).finish_non_exhaustive()
    }
}

/// A sealed text with the key that wrapped its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Which key of the ring.
    pub key_ref: String,
    /// The wrapped data key: nonce, key and tag.
    pub wrapped_key: Vec<u8>,
    /// Nonce, text and tag.
    pub bytes: Vec<u8>,
}

impl Sealed {
    /// Both in one, for a column.
    pub fn joined(self) -> Vec<u8> {
        let mut joined = self.wrapped_key;
        joined.extend(self.bytes);
        joined
    }

    /// From one column and the name of the key.
    pub fn split(key_ref: &str, joined: &[u8]) -> Result<Self, SealError> {
        let (wrapped_key, bytes) =
            joined.split_at_checked(WRAPPED_LEN).ok_or_else(|| SealError::Damaged(key_ref.to_owned()))?;
        Ok(Self { key_ref: key_ref.to_owned(), wrapped_key: wrapped_key.to_vec(), bytes: bytes.to_vec() })
    }
}

impl KeyRing {
    /// A ring of named keys, written as 64 hexadecimal digits or in base64. The first one is current.
    pub fn new<'a>(keys: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, SealError> {
        let mut known = BTreeMap::new();
        let mut current = None;
        for (name, text) in keys {
            let key = read_key(text).ok_or_else(|| SealError::BadKey(name.to_owned()))?;
            current.get_or_insert_with(|| name.to_owned());
            known.insert(name.to_owned(), key);
        }
        Ok(Self { current: current.ok_or(SealError::NoKey)?, keys: known })
    }

    /// The name of the key that seals.
    pub fn current(&self) -> &str {
        &self.current
    }

    /// Seals a text for a context.
    pub fn seal(&self, context: &str, plain: &[u8]) -> Result<Sealed, SealError> {
        let mut data_key = [0; KEY_LEN];
        rand::fill(&mut data_key).map_err(|_| SealError::NoKey)?;
        let bytes = encrypt(&data_key, context, plain)?;
        let wrapped_key = encrypt(self.key(&self.current)?, context, &data_key)?;
        Ok(Sealed { key_ref: self.current.clone(), wrapped_key, bytes })
    }

    /// Opens what was sealed for the same context.
    pub fn open(&self, context: &str, sealed: &Sealed) -> Result<Vec<u8>, SealError> {
        let damaged = || SealError::Damaged(sealed.key_ref.clone());
        let data_key = decrypt(self.key(&sealed.key_ref)?, context, &sealed.wrapped_key).ok_or_else(damaged)?;
        let data_key: [u8; KEY_LEN] = data_key.try_into().map_err(|_| damaged())?;
        decrypt(&data_key, context, &sealed.bytes).ok_or_else(damaged)
    }

    /// Wraps the data key anew with the current key, so that an old one can be retired; the text stays as it is.
    pub fn rewrap(&self, context: &str, sealed: Sealed) -> Result<Sealed, SealError> {
        let damaged = || SealError::Damaged(sealed.key_ref.clone());
        let data_key = decrypt(self.key(&sealed.key_ref)?, context, &sealed.wrapped_key).ok_or_else(damaged)?;
        let wrapped_key = encrypt(self.key(&self.current)?, context, &data_key)?;
        Ok(Sealed { key_ref: self.current.clone(), wrapped_key, bytes: sealed.bytes })
    }

    fn key(&self, name: &str) -> Result<&[u8; KEY_LEN], SealError> {
        self.keys.get(name).ok_or_else(|| SealError::UnknownKey(name.to_owned()))
    }
}

/// SHA-256, as rows keep it.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

fn read_key(text: &str) -> Option<[u8; KEY_LEN]> {
    use base64::Engine as _;
    let text = text.trim();
    let bytes = hex::decode(text).ok().or_else(|| base64::engine::general_purpose::STANDARD.decode(text).ok())?;
    bytes.try_into().ok()
}

fn encrypt(key: &[u8; KEY_LEN], context: &str, plain: &[u8]) -> Result<Vec<u8>, SealError> {
    let key = RandomizedNonceKey::new(&AES_256_GCM, key).map_err(|_| SealError::NoKey)?;
    let mut text = plain.to_vec();
    let nonce = key.seal_in_place_append_tag(Aad::from(context.as_bytes()), &mut text).map_err(|_| SealError::NoKey)?;
    let mut whole = nonce.as_ref().to_vec();
    whole.append(&mut text);
    Ok(whole)
}

fn decrypt(key: &[u8; KEY_LEN], context: &str, sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, text) = sealed.split_at_checked(NONCE_LEN)?;
    let key = RandomizedNonceKey::new(&AES_256_GCM, key).ok()?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut text = text.to_vec();
    let plain = key.open_in_place(nonce, Aad::from(context.as_bytes()), &mut text).ok()?;
    Some(plain.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "0000000000000000000000000000000000000000000000000000000000000001";
    const NEW: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAI=";

    fn ring(keys: &[(&str, &str)]) -> KeyRing {
        KeyRing::new(keys.iter().copied()).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_for_its_context_only() {
        let ring = ring(&[("k1", OLD)]);
        let sealed = ring.seal("job 1", b"def f(): pass").unwrap();
        assert!(!sealed.bytes.windows(3).any(|window| window == b"def"));
        assert_eq!(ring.open("job 1", &sealed).unwrap(), b"def f(): pass");
        assert_eq!(ring.open("job 2", &sealed), Err(SealError::Damaged("k1".to_owned())));
    }

    #[test]
    fn one_column_holds_key_and_text() {
        let ring = ring(&[("k1", OLD)]);
        let sealed = ring.seal("c", b"").unwrap();
        let joined = sealed.clone().joined();
        assert_eq!(Sealed::split("k1", &joined).unwrap(), sealed);
        assert_eq!(Sealed::split("k1", &joined[..10]), Err(SealError::Damaged("k1".to_owned())));
    }

    #[test]
    fn no_byte_can_be_changed() {
        let ring = ring(&[("k1", OLD)]);
        let joined = ring.seal("c", b"text").unwrap().joined();
        for at in 0..joined.len() {
            let mut changed = joined.clone();
            changed[at] ^= 1;
            let sealed = Sealed::split("k1", &changed).unwrap();
            assert_eq!(ring.open("c", &sealed), Err(SealError::Damaged("k1".to_owned())), "byte {at}");
        }
    }

    #[test]
    fn after_a_rotation_old_texts_open_and_can_be_wrapped_anew() {
        let before = ring(&[("k1", OLD)]);
        let sealed = before.seal("c", b"text").unwrap();
        let both = ring(&[("k2", NEW), ("k1", OLD)]);
        assert_eq!(both.seal("c", b"x").unwrap().key_ref, "k2");
        assert_eq!(both.open("c", &sealed).unwrap(), b"text");
        let rewrapped = both.rewrap("c", sealed.clone()).unwrap();
        let after = ring(&[("k2", NEW)]);
        assert_eq!(after.open("c", &rewrapped).unwrap(), b"text");
        assert_eq!(after.open("c", &sealed), Err(SealError::UnknownKey("k1".to_owned())));
    }

    #[test]
    fn a_key_that_is_none_is_named() {
        assert_eq!(KeyRing::new([("k1", "abc")]).unwrap_err(), SealError::BadKey("k1".to_owned()));
        assert_eq!(KeyRing::new([]).unwrap_err(), SealError::NoKey);
    }
}
