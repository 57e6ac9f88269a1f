//! Whether the value of a name that promises a password is one: what counts in settings says little in a program.

use super::assign::{Assigned, How};
use super::place::{Kind, Place};
use super::random::{Makeup, entropy, is_random, is_run, makeup, wordiness};

/// Judges a value that is neither a stand-in nor a path.
pub(super) fn is_password(text: &[u8], found: &Assigned, place: Place) -> bool {
    let value = &text[found.value.clone()];
    let made = makeup(value);
    let blank = value.iter().any(u8::is_ascii_whitespace);
    let opens = found.name.start == 0 || text[found.name.start - 1] == b'\n';
    let directive = opens && !found.quoted && made.digits > 0 && value.len() >= 6;
    if made.others > 0 || (value.contains(&b'\\') && place.kind == Kind::Code) {
        return false;
    }
    match place.kind {
        Kind::Kept => found.how != How::Blank || !blank,
        _ if place.example => false,
        Kind::Settings if place.words || blank => false,
        Kind::Settings if place.test => found.how != How::Blank && !speaks(value) && is_unlikely(value, made),
        Kind::Settings => (found.how != How::Blank || directive) && in_settings(value, made, found.quoted),
        Kind::Code | Kind::Other if blank || found.how == How::Blank || speaks(value) => false,
        Kind::Code | Kind::Other if place.test => found.quoted && found.how == How::Sign && is_unlikely(value, made),
        Kind::Other => (found.quoted || made.changes > 0) && (is_random(value) || is_strong(value, made)),
        Kind::Code => {
            is_random(value)
                || is_strong(value, made)
                || (found.quoted && found.how == How::Sign && is_plain(value, made))
        }
    }
}

/// Any word, unless it stands in quotes, where texts for people stand as well.
fn in_settings(value: &[u8], made: Makeup, quoted: bool) -> bool {
    let unusual = made.digits + made.signs > 0 || wordiness(value).is_none_or(|words| words < 5.0);
    value.len() >= 5 && made.upper + made.lower > 0 && (unusual || !quoted)
}

/// Three kinds of characters, as rules for passwords ask for. Signs that names are made of count for nothing.
fn is_strong(value: &[u8], made: Makeup) -> bool {
    let named = value.iter().filter(|byte| matches!(byte, b'_' | b'.' | b'-')).count();
    let signs = usize::try_from(made.signs).is_ok_and(|signs| signs > named);
    let classes = [made.upper > 0, made.lower > 0, made.digits > 0, signs].iter().filter(|held| **held).count();
    value.len() >= 8 && classes >= 3 && made.digits > 0 && entropy(value) >= 2.7 && !is_run(value)
}

/// Letters and digits alone, as in a weak password.
fn is_plain(value: &[u8], made: Makeup) -> bool {
    made.signs == 0 && made.digits > 0 && made.lower > 0 && value.len() >= 6 && entropy(value) >= 2.2 && !is_run(value)
}

/// A value that names what it is for is the name of something.
fn speaks(value: &[u8]) -> bool {
    let lower = String::from_utf8_lossy(value).to_ascii_lowercase();
    ["passw", "secret", "token"].iter().any(|word| lower.contains(word))
}

/// What a person who makes a password up for a test does not write.
fn is_unlikely(value: &[u8], made: Makeup) -> bool {
    let random = is_random(value) && made.changes >= 2 && value.len() >= 10;
    random || (is_strong(value, made) && made.signs > 0 && made.changes >= 1)
}
