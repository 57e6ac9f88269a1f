//! Secrets that the notation around them gives away: key blocks, addresses with a password, headers, lines of password files.

use std::ops::Range;

use super::address;
use super::place::Place;
use super::random::{is_random, is_stand_in, makeup};

/// A secret at a place in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) rule: &'static str,
    pub(super) title: &'static str,
    pub(super) at: Range<usize>,
}

/// What leads to a notation, in lower case.
pub(super) const LEADS: &[(&str, Notation)] = &[
    ("private key", Notation::Block),
    ("putty-user-key-file-", Notation::Block),
    ("private-lines:", Notation::Block),
    ("://", Notation::Address),
    ("basic ", Notation::Basic),
    ("bearer ", Notation::Bearer),
    ("token ", Notation::Bearer),
    ("curl ", Notation::Curl),
    ("-p", Notation::Option),
    ("identified by", Notation::Sql),
    ("kind: secret", Notation::Cluster),
];

/// A notation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Notation {
    Block,
    Address,
    Basic,
    Bearer,
    Curl,
    Option,
    Cluster,
    Sql,
}

/// What a notation holds, read from the place that leads to it.
pub(super) fn hits(text: &[u8], lead: &Range<usize>, notation: Notation, place: Place) -> Vec<Hit> {
    match notation {
        Notation::Block => block(text, lead).into_iter().collect(),
        Notation::Address => address::hit(text, lead, place).into_iter().collect(),
        Notation::Basic => basic(text, lead).into_iter().collect(),
        Notation::Bearer => bearer(text, lead).into_iter().collect(),
        Notation::Curl => curl(text, lead).into_iter().collect(),
        Notation::Option => option(text, lead, place).into_iter().collect(),
        Notation::Sql => identified(text, lead, place).into_iter().collect(),
        Notation::Cluster => cluster(text, lead, place),
    }
}

/// The line around a place; of a very long one the part that is near.
fn line_around(text: &[u8], at: usize) -> Range<usize> {
    let (first, last) = (at.saturating_sub(2000), text.len().min(at + 2000));
    let start = text[first..at].iter().rposition(|byte| *byte == b'\n').map_or(first, |found| first + found + 1);
    let end = text[at..last].iter().position(|byte| *byte == b'\n').map_or(last, |found| at + found);
    start..end
}

/// A header of a private key with a key after it: the header alone is what parsers and messages hold.
fn block(text: &[u8], lead: &Range<usize>) -> Option<Hit> {
    let begin = text[lead.start.saturating_sub(60)..lead.start].iter().rev().take_while(|byte| **byte != b'\n').count();
    let before = &text[lead.start - begin..lead.start];
    let dashed = text[lead.start].eq_ignore_ascii_case(&b'p') && text[lead.clone()].contains(&b'-');
    let opens = dashed || before.windows(5).any(|window| window == b"BEGIN");
    if !opens {
        return None;
    }
    let after = &text[lead.end..text.len().min(lead.end + 1200)];
    let stop = after.windows(4).position(|window| window == b"-END" || window == b"END ").unwrap_or(after.len());
    let letter = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    // Line breaks may be written as escapes, whose letter is none of the key.
    let lines = after[..stop].split(|byte| !letter(byte)).map(|line| line.strip_prefix(b"n").unwrap_or(line));
    let key = lines.into_iter().any(|line| line.len() >= 24 && makeup(line).changes >= 2 && is_random(line));
    let start = before.windows(5).position(|window| window == b"BEGIN").map_or(begin, |at| begin - at);
    let dashes = text[..lead.start - start].iter().rev().take_while(|byte| **byte == b'-').count();
    let foot = text[lead.end..text.len().min(lead.end + 16_384)].windows(5).position(|window| window == b"-----");
    let foot = foot.filter(|_| !dashed).and_then(|first| {
        let from = (lead.end + first + 5).min(text.len());
        let rest = &text[from..text.len().min(from + 16_384)];
        rest.windows(9).position(|window| window == b"-----END ").map(|at| from + at)
    });
    // Two keys begin alike, so the key itself counts as the secret, too.
    let end = foot.unwrap_or(lead.end + stop).min(text.len());
    key.then(|| Hit { rule: "private-key", title: "private key", at: lead.start - start - dashes..end })
}

/// `Basic` and the base64 of a name, a colon and a password.
fn basic(text: &[u8], lead: &Range<usize>) -> Option<Hit> {
    let value = run(text, lead.end, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='));
    let plain = base64(&text[value.clone()])?;
    let colon = plain.iter().position(|byte| *byte == b':')?;
    let printable = plain.iter().all(|byte| (0x20..0x7f).contains(byte));
    let (user, password) = (&plain[..colon], &plain[colon + 1..]);
    let random = is_random(&text[value.clone()]);
    let good = value.len() >= 12
        && printable
        && random
        && user != password
        && !is_stand_in(password)
        && makeup(password).digits > 0
        && password.len() >= 6;
    good.then_some(Hit { rule: "basic-credentials", title: "credentials of HTTP Basic", at: value })
}

fn bearer(text: &[u8], lead: &Range<usize>) -> Option<Hit> {
    let value = run(text, lead.end, |byte| byte.is_ascii_alphanumeric() || b"_-.=+/~".contains(&byte));
    let header = text[lead.start.saturating_sub(30)..lead.start].to_ascii_lowercase();
    let named = header.windows(13).any(|window| window == b"authorization");
    let shown = &text[value.clone()];
    let good = named && value.len() >= 16 && is_random(shown) && !is_stand_in(shown) && makeup(shown).digits > 1;
    good.then_some(Hit { rule: "bearer-token", title: "token of an Authorization header", at: value })
}

/// `curl -u user:password`.
fn curl(text: &[u8], lead: &Range<usize>) -> Option<Hit> {
    let line = line_around(text, lead.start);
    let rest = &text[lead.end..line.end];
    let (option, length) = [("-u ", 2), ("--user", 6)].iter().find_map(|(option, length)| {
        rest.windows(option.len()).position(|window| window == option.as_bytes()).map(|at| (at, *length))
    })?;
    let mut start = lead.end + option + length;
    start += text[start..line.end].iter().take_while(|byte| matches!(byte, b' ' | b'=' | b'"' | b'\'')).count();
    let value = run(text, start, |byte| !byte.is_ascii_whitespace() && !matches!(byte, b'"' | b'\'' | b'`'));
    let colon = text[value.clone()].iter().position(|byte| *byte == b':')?;
    let password = value.start + colon + 1..value.end;
    let shown = &text[password.clone()];
    let made = makeup(shown);
    let good = shown.len() >= 4
        && !is_stand_in(shown)
        && made.digits + made.signs > 0
        && !b"${".contains(&shown[0])
        && shown[0] != b'/';
    good.then_some(Hit { rule: "curl-password", title: "password of a curl command", at: password })
}

/// `mysql -psecret`, `sshpass -p secret` in lines that are commands.
fn option(text: &[u8], lead: &Range<usize>, place: Place) -> Option<Hit> {
    if !place.shell || text[..lead.start].last().is_none_or(|byte| *byte != b' ') || text[lead.end - 1] != b'p' {
        return None;
    }
    let line = line_around(text, lead.start);
    let before = &text[line.start..lead.start];
    let names = |program: &str| before.windows(program.len()).any(|window| window == program.as_bytes());
    let attached = ["mysql", "mysqldump", "mysqladmin", "mariadb"].iter().any(|program| names(program));
    let apart = ["sshpass", "docker login", "htpasswd -b"].iter().any(|program| names(program));
    let mut start = lead.end;
    if apart {
        start += text[start..line.end].iter().take_while(|byte| matches!(byte, b' ' | b'"' | b'\'')).count();
    } else if !attached || text.get(start).is_none_or(u8::is_ascii_whitespace) {
        return None;
    }
    let value = run(text, start, |byte| !byte.is_ascii_whitespace() && !matches!(byte, b'"' | b'\''));
    let shown = &text[value.clone()];
    let good = shown.len() >= 4
        && !b"${".contains(&shown[0])
        && !is_stand_in(shown)
        && !matches!(shown, b"password" | b"secret" | b"pass");
    good.then_some(Hit { rule: "command-password", title: "password of a command", at: value })
}

/// `IDENTIFIED BY 'secret'`.
fn identified(text: &[u8], lead: &Range<usize>, place: Place) -> Option<Hit> {
    let start =
        lead.end + text[lead.end..].iter().take(3).take_while(|byte| matches!(byte, b' ' | b'\'' | b'"')).count();
    let quoted = start > lead.end && matches!(text[start - 1], b'\'' | b'"');
    let value = run(text, start, |byte| !byte.is_ascii_whitespace() && !matches!(byte, b'"' | b'\'' | b';'));
    let shown = &text[value.clone()];
    let word = makeup(shown).digits == 0 || matches!(shown, b"password" | b"secret" | b"pass");
    let good = quoted && shown.len() >= 4 && !word && !is_stand_in(shown) && !place.test;
    good.then_some(Hit { rule: "sql-password", title: "password of a database user", at: value })
}

/// The entries of a Kubernetes secret.
fn cluster(text: &[u8], lead: &Range<usize>, place: Place) -> Vec<Hit> {
    if place.test {
        return Vec::new();
    }
    let from = lead.start.saturating_sub(1500);
    let around = &text[from..text.len().min(lead.end + 1500)];
    let mut hits = Vec::new();
    let mut at = from;
    let mut data = false;
    for line in around.split_inclusive(|byte| *byte == b'\n') {
        let shown = std::str::from_utf8(line).unwrap_or_default();
        let trimmed = shown.trim_end();
        let indented = trimmed.starts_with([' ', '\t']);
        if !indented && !trimmed.is_empty() {
            data = trimmed == "data:" || trimmed == "stringData:";
        }
        if let (true, true, Some((name, value))) = (data, indented, trimmed.split_once(": ")) {
            let value = value.trim().trim_matches(['"', '\'']);
            let start = at + name.len() + 2 + trimmed[name.len() + 2..].find(value).unwrap_or(0);
            let encoded = value.len() >= 8
                && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='));
            if encoded && !is_stand_in(value.as_bytes()) {
                hits.push(Hit {
                    rule: "kubernetes-secret",
                    title: "entry of a Kubernetes secret",
                    at: start..start + value.len(),
                });
            }
        }
        at += line.len();
    }
    hits
}

fn run(text: &[u8], start: usize, wanted: impl Fn(u8) -> bool) -> Range<usize> {
    let end = text[start..text.len().min(start + 1024)].iter().position(|byte| !wanted(*byte));
    start..end.map_or(text.len().min(start + 1024), |end| start + end)
}

/// What base64 says; none where it is none.
pub(super) fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let trimmed = text.iter().rposition(|byte| *byte != b'=').map_or(&text[..0], |last| &text[..=last]);
    let mut bits = 0_u32;
    let mut count = 0;
    let mut plain = Vec::with_capacity(trimmed.len() * 3 / 4);
    for byte in trimmed {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(six)) & 0x00ff_ffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            plain.push((bits >> count & 0xff) as u8);
        }
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_and_what_is_none_is_refused() {
        assert_eq!(base64(b"dXNlcjpwYXNz").as_deref(), Some(b"user:pass".as_slice()));
        assert_eq!(base64(b"dXNlcg==").as_deref(), Some(b"user".as_slice()));
        assert_eq!(base64(b"no base64"), None);
    }
}
