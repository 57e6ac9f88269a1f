//! What is looked for: tokens that show by their form what they are, and values that a name beside them explains.

mod clouds;
mod models;
mod platforms;
mod vendors;

pub(super) use vendors::VENDORS;

/// A token that is known by its own form.
#[derive(Debug)]
pub(super) struct Token {
    /// Stable name of the rule.
    pub(super) id: &'static str,
    /// What it is, for a person.
    pub(super) title: &'static str,
    /// A part that each such token holds, in lower case; it is searched for in any case.
    pub(super) key: &'static str,
    /// The whole token.
    pub(super) pattern: &'static str,
    /// How many bytes of the token may come before the part that is searched for.
    pub(super) back: usize,
}

/// A token that begins with the part that is searched for.
const fn token(id: &'static str, title: &'static str, key: &'static str, pattern: &'static str) -> Token {
    Token { id, title, key, pattern, back: 0 }
}

/// A token that holds the part that is searched for after at most `back` bytes.
const fn inside(id: &'static str, title: &'static str, key: &'static str, back: usize, pattern: &'static str) -> Token {
    Token { id, title, key, pattern, back }
}

/// A value that its form alone does not explain: the name it is given to holds one of the words.
#[derive(Debug)]
pub(super) struct Vendor {
    /// Stable name of the rule.
    pub(super) id: &'static str,
    /// What it is, for a person.
    pub(super) title: &'static str,
    /// Words in the name, in lower case.
    pub(super) words: &'static [&'static str],
    /// The whole value, in any case.
    pub(super) value: &'static str,
}

const fn vendor(id: &'static str, title: &'static str, words: &'static [&'static str], value: &'static str) -> Vendor {
    Vendor { id, title, words, value }
}

/// All tokens with a form of their own.
pub(super) fn tokens() -> impl Iterator<Item = &'static Token> {
    clouds::TOKENS.iter().chain(platforms::TOKENS).chain(models::TOKENS)
}
