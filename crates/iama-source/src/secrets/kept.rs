//! Files that are kept for secrets and have a notation of their own, line by line.

use super::formats::{Hit, base64};
use super::random::{is_stand_in, makeup};

/// What the lines of a file of this name hold. The name is in lower case, without folders.
pub(super) fn hits(name: &str, text: &[u8]) -> Vec<Hit> {
    let mut hits = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        if let Ok(shown) = std::str::from_utf8(line) {
            of_line(name, shown.trim_end(), at, &mut hits);
        }
        at += line.len();
    }
    hits
}

fn of_line(name: &str, line: &str, at: usize, hits: &mut Vec<Hit>) {
    let mut push = |rule, title, part: &str| {
        let start = at + (part.as_ptr() as usize - line.as_ptr() as usize);
        hits.push(Hit { rule, title, at: start..start + part.len() });
    };
    let comment = line.trim_start().starts_with(['#', ';']);
    if name.ends_with("pgpass") || name == "pgpass.conf" {
        let fields: Vec<&str> = line.split(':').collect();
        if let (false, 5, Some(password)) = (comment, fields.len(), fields.last().filter(|last| last.len() > 2)) {
            push("pgpass-password", "password of a PostgreSQL password file", password);
        }
    } else if name.ends_with("netrc") {
        let mut words = line.split_whitespace();
        while let Some(word) = words.next() {
            if let (true, Some(password)) = (word == "password", words.clone().next()) {
                push("netrc-password", "password of a netrc file", password);
            }
        }
    } else if name.ends_with("passwd") || name.ends_with("shadow") || name.ends_with("proftpdpasswd") {
        let hash = line.split(':').nth(1).filter(|hash| hash.len() >= 10);
        if let (false, Some(hash)) = (comment, hash) {
            push("password-hash", "hash of a password", hash);
        }
    } else if name == ".vault-token" && line.len() > 20 {
        push("vault-token", "HashiCorp Vault token", line);
    } else if let Some(value) = docker_auth(line) {
        push("docker-auth", "credentials of a container registry", value);
    } else if let Some(value) = encoded(line) {
        push("encoded-password", "encoded password", value);
    }
}

/// `"auth": "base64 of name:password"`.
fn docker_auth(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("\"auth\"").or_else(|| line.split_once("_auth"))?;
    let value = rest.trim_start_matches([':', ' ', '"', '=', '\t']).split(['"', ',', ' ']).next()?;
    let plain = base64(value.as_bytes()).filter(|_| value.len() >= 8)?;
    (plain.contains(&b':') && plain.iter().all(|byte| (0x20..0x7f).contains(byte))).then_some(value)
}

/// An attribute or element for a password that is encoded in some way.
fn encoded(line: &str) -> Option<&str> {
    let start = ["<Pass encoding=\"base64\">", "encryptedPassword\":\"", "encryptedPassword\": \"", "<Pass>"]
        .iter()
        .find_map(|part| line.split_once(part))?
        .1;
    let value = start.split(['<', '"']).next()?;
    (value.len() >= 3 && !is_stand_in(value.as_bytes()) && makeup(value.as_bytes()).others == 0).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str, text: &'static str) -> Vec<(&'static str, &'static str)> {
        hits(name, text.as_bytes()).into_iter().map(|hit| (hit.rule, &text[hit.at])).collect()
    }

    #[test]
    fn password_files_are_read_line_by_line() {
        assert_eq!(found(".pgpass", "# host\nh:5432:db:me:s3cret\n"), [("pgpass-password", "s3cret")]);
        assert_eq!(found(".netrc", "machine h login me password s3cret\n"), [("netrc-password", "s3cret")]);
        assert_eq!(
            found(".htpasswd", "me:$apr1$abcdefgh$0123456789\n"),
            [("password-hash", "$apr1$abcdefgh$0123456789")]
        );
        assert_eq!(found("config.json", "  \"auth\": \"dXNlcjpwYXNz\"\n"), [("docker-auth", "dXNlcjpwYXNz")]);
        assert_eq!(
            found("filezilla.xml", "<Pass encoding=\"base64\">aHVudGVyMg==</Pass>\n"),
            [("encoded-password", "aHVudGVyMg==")]
        );
    }
}
