//! What a part holds: text where it is text, else bytes, and where that would be too much, what tells it from others.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Bytes of text that are kept as they are.
pub(super) const TEXT_BYTES: usize = 16 * 1024;

/// Bytes of anything else that are kept as they are.
const BINARY_BYTES: usize = 4 * 1024;

/// What a part holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Content {
    /// Text, normalised.
    Text(String),
    /// Bytes that are no text.
    Binary {
        /// In base64.
        base64: String,
    },
    /// Too much to be kept.
    Digest {
        /// The hash of the bytes.
        sha256: String,
        /// How many they are.
        bytes: u64,
    },
    /// A file that is gone.
    Removed {
        /// Always true.
        removed: bool,
    },
}

impl Content {
    /// A file that is gone.
    pub const REMOVED: Self = Self::Removed { removed: true };

    /// Text, or its hash where it is long.
    pub fn of_text(text: String) -> Self {
        if text.len() <= TEXT_BYTES { Self::Text(text) } else { Self::digest(text.as_bytes()) }
    }

    /// Bytes that are no text, or their hash where they are many.
    pub fn of_binary(bytes: &[u8]) -> Self {
        if bytes.len() <= BINARY_BYTES { Self::Binary { base64: STANDARD.encode(bytes) } } else { Self::digest(bytes) }
    }

    fn digest(bytes: &[u8]) -> Self {
        Self::Digest { sha256: hex::encode(Sha256::digest(bytes)), bytes: bytes.len() as u64 }
    }

    /// The content in one line, shortened.
    pub fn shown(&self) -> String {
        const CHARS: usize = 300;
        match self {
            Self::Text(text) => {
                let shown = format!("{text:?}");
                if shown.chars().count() <= CHARS {
                    shown
                } else {
                    shown.chars().take(CHARS).chain("…".chars()).collect()
                }
            }
            Self::Binary { base64 } => {
                format!("{} bytes that are no text", base64.len() / 4 * 3 - base64.matches('=').count())
            }
            Self::Digest { sha256, bytes } => {
                format!("{bytes} bytes with the hash {}…", &sha256[..sha256.len().min(12)])
            }
            Self::Removed { .. } => "removed".to_owned(),
        }
    }
}

/// The text that bytes are; nothing where they are none.
pub(super) fn text_of(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))
}

/// Bytes out of base64.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let packed: String = text.split_whitespace().collect();
    STANDARD.decode(packed).ok()
}

/// Bytes in base64.
pub(super) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}
