//! Whole contents inside a patch: text as text, anything else as base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The bytes of a whole file. In JSON a string when they are UTF-8, else an object with their base64.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Written", into = "Written")]
#[schemars(with = "Written")]
pub struct Content(pub Vec<u8>);

impl From<&str> for Content {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }
}

/// The bytes of a whole file: text as it is, or any bytes as base64.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "Content")]
enum Written {
    Text(String),
    Bytes(Encoded),
}

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
struct Encoded {
    /// Standard alphabet, with padding.
    base64: String,
}

impl From<Content> for Written {
    fn from(content: Content) -> Self {
        match String::from_utf8(content.0) {
            Ok(text) => Self::Text(text),
            Err(error) => Self::Bytes(Encoded { base64: STANDARD.encode(error.as_bytes()) }),
        }
    }
}

impl TryFrom<Written> for Content {
    type Error = base64::DecodeError;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        match written {
            Written::Text(text) => Ok(Self(text.into_bytes())),
            Written::Bytes(encoded) => STANDARD.decode(encoded.base64).map(Self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_travels_as_text_and_other_bytes_as_base64() {
        let check = |bytes: &[u8], json: &str| {
            let content = Content(bytes.to_vec());
            assert_eq!(serde_json::to_string(&content).unwrap(), json);
            assert_eq!(serde_json::from_str::<Content>(json).unwrap(), content);
        };
        check("é\n".as_bytes(), "\"é\\n\"");
        check(b"\xe9\n\0", r#"{"base64":"6QoA"}"#);
        check(b"", "\"\"");
        assert!(serde_json::from_str::<Content>(r#"{"base64":"!"}"#).is_err());
        assert!(serde_json::from_str::<Content>(r#"{"base64":"6QoA","more":1}"#).is_err());
    }
}
