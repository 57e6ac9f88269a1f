//! Keys of providers: used, never shown.

use std::fmt;

/// A key. It has no serialised form, and its debugging form hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// Wraps a key.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The key itself, for a header.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    /// A text in which the key, if it occurs, is blotted out.
    pub(crate) fn blot(&self, text: &str) -> String {
        if self.0.is_empty() { text.to_owned() } else { text.replace(&self.0, "[key]") }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_hidden_in_what_is_printed() {
        let key = Key::new("sk-1234");
        assert_eq!(format!("{key:?}"), "Key(…)");
        assert_eq!(key.blot("401: sk-1234 is wrong"), "401: [key] is wrong");
    }
}
