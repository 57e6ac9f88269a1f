//! Secrets out of a text.

use crate::secrets::{Finding, locate};

/// The text with a placeholder for each secret that no comment allows, and what was found. A placeholder tells the
/// secret's hash, so that one secret has one placeholder.
pub(super) fn masked(path: &str, text: &str) -> (String, Vec<Masked>) {
    let mut out = String::with_capacity(text.len());
    let mut found = Vec::new();
    let mut at = 0;
    for (range, finding) in locate(path, text.as_bytes()) {
        // Rather a character too much than half of one.
        let (start, end) = (text.floor_char_boundary(range.start).max(at), text.ceil_char_boundary(range.end));
        let placeholder = format!("IAMA_SECRET_{}", finding.hash);
        out.push_str(&text[at..start]);
        out.push_str(&placeholder);
        found.push(Masked { finding, placeholder, secret: text[start..end].to_owned() });
        at = end;
    }
    out.push_str(&text[at..]);
    (out, found)
}

/// A secret and what stands for it. Never written anywhere.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Masked {
    pub(super) finding: Finding,
    pub(super) placeholder: String,
    pub(super) secret: String,
}

impl std::fmt::Debug for Masked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.placeholder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_replaced_and_never_shown() {
        let secret = ["k9#Vx2", "!qLw8Z"].concat();
        let text = format!("é = 1\ndb_password = '{secret}'\nb_password = '{secret}' # iama: allow secret\n");
        let (shown, found) = masked("a.py", &text);
        let expected = text.replacen(&secret, "IAMA_SECRET_c34741001c0d3c39", 1);
        assert_eq!(shown, expected);
        assert_eq!(format!("{found:?}"), "[IAMA_SECRET_c34741001c0d3c39]");
        assert_eq!(found[0].secret, secret);
    }
}
