//! `scheme://user:password@host`.

use std::ops::Range;

use super::formats::Hit;
use super::place::{Kind, Place};
use super::random::{is_random, is_stand_in, makeup, wordiness};

/// What documents write for a password.
const NO_PASSWORDS: &[&str] =
    &["password", "pass", "passwd", "pwd", "secret", "token", "user", "test", "pw", "p", "port", "guest"];

/// How hosts begin that documents write.
const NO_HOSTS: &[&str] =
    &["example.", "host", "localhost", "127.0.0.1", "server", "domain", "foo", "bar", "xxx", "www.example."];

/// The password of an address, read from its `://`.
pub(super) fn hit(text: &[u8], lead: &Range<usize>, place: Place) -> Option<Hit> {
    let rest = &text[lead.end..text.len().min(lead.end + 400)];
    let end = rest.iter().position(|byte| byte.is_ascii_whitespace() || b"\"'`<>/?#(),\\".contains(byte));
    let end = end.unwrap_or(rest.len());
    let at = rest[..end].iter().rposition(|byte| *byte == b'@')?;
    let colon = rest[..at].iter().position(|byte| *byte == b':')?;
    let (user, password, host) = (&rest[..colon], &rest[colon + 1..at], &rest[at + 1..end]);
    let refers = is_stand_in(password) || is_stand_in(user) || password == user || host.is_empty();
    (!refers && is_secret(password, host, place)).then(|| Hit {
        rule: "url-password",
        title: "password in an address",
        at: lead.end + colon + 1..lead.end + at,
    })
}

fn is_secret(password: &[u8], host: &[u8], place: Place) -> bool {
    let lower = String::from_utf8_lossy(password).to_ascii_lowercase();
    let host = String::from_utf8_lossy(host).to_ascii_lowercase();
    let example = NO_HOSTS.iter().any(|start| host.starts_with(start));
    let made = makeup(password);
    if password.len() < 3 || made.others > 0 || NO_PASSWORDS.contains(&lower.as_str()) {
        return false;
    }
    let word = made.digits == 0 && made.signs == 0;
    let speaks = lower.contains("secret") || lower.contains("passw");
    let mixed = !word && made.digits > 0 && password.len() >= 8 && !example;
    let good = match place.kind {
        Kind::Kept => true,
        _ if place.example => false,
        _ if place.test => mixed && !speaks && is_random(password) && made.changes >= 2,
        Kind::Settings => !word || password.len() > 5 || wordiness(password).is_none_or(|words| words < 5.4),
        Kind::Code | Kind::Other => !speaks && password.len() >= 6 && (is_random(password) || mixed),
    };
    good && !(example && word)
}
