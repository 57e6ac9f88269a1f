//! Secrets in source and settings: what must not leave the machine.
//!
//! [`scan`] is pure: a path as a hint, a text in, findings out. No finding holds the secret itself; it holds its place, a short
//! hash and how it begins.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use self::engine::Ranked;
use self::place::Place;

mod address;
mod allow;
mod assign;
pub mod baseline;
mod engine;
pub mod folder;
mod formats;
mod kept;
mod loose;
mod named;
mod password;
mod place;
mod random;
mod rules;
#[cfg(test)]
mod tests;

/// A secret at a place in a text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Finding {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// The rule that found it.
    pub rule: String,
    /// What it is, for a person.
    pub title: String,
    /// The first 16 hexadecimal digits of the SHA-256 of the secret.
    pub hash: String,
    /// How it begins: at most four characters, fewer of a short one, and an ellipsis.
    pub redacted: String,
}

/// Looks for secrets in one file. The path is a hint only and need not exist; findings are in the order of the text.
pub fn scan(path: &str, text: &[u8]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = locate(path, text).into_iter().map(|(_, finding)| finding).collect();
    findings.sort();
    findings.dedup();
    findings
}

/// As [`scan`], each with the bytes that the secret takes up; in the order of the text, none overlapping another.
pub fn locate(path: &str, text: &[u8]) -> Vec<(Range<usize>, Finding)> {
    let place = Place::of(path);
    let mut hits = engine::hits(text, place);
    if place.kind == place::Kind::Kept {
        let name = path.rsplit(['/', '\\']).next().unwrap_or(path).to_ascii_lowercase();
        hits.extend(kept::hits(&name, text).into_iter().map(|hit| Ranked { hit, rank: 2 }));
    }
    hits.extend(loose::hits(text, place).into_iter().map(|hit| Ranked { hit, rank: 4 }));
    hits.retain(|ranked| !ranked.hit.at.is_empty());
    let hits = apart(hits);
    if hits.is_empty() {
        return Vec::new();
    }
    let mut lines = Lines::new(text);
    hits.iter().filter_map(|hit| Some((hit.at.clone(), lines.finding(hit)?))).collect()
}

/// A binary file that holds keys by its nature, such as a PKCS #12 archive: known by its name.
pub fn key_store(path: &str, bytes: &[u8]) -> Option<Finding> {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension).to_ascii_lowercase();
    let known = ["p12", "pfx", "pkcs12", "jks", "keystore", "kdbx", "kdb", "agilekeychain", "bks"];
    known.contains(&extension.as_str()).then(|| Finding {
        line: 1,
        column: 1,
        rule: "key-store".to_owned(),
        title: "store of keys".to_owned(),
        hash: hash(bytes),
        redacted: "…".to_owned(),
    })
}

/// Of hits that overlap, the one that says most.
fn apart(mut hits: Vec<Ranked>) -> Vec<formats::Hit> {
    hits.sort_by_key(|ranked| (ranked.rank, usize::MAX - ranked.hit.at.len(), ranked.hit.at.start));
    let mut kept: BTreeMap<usize, formats::Hit> = BTreeMap::new();
    for Ranked { hit, .. } in hits {
        let before = kept.range(..hit.at.end).next_back();
        if before.is_none_or(|(_, other)| other.at.end <= hit.at.start) {
            kept.insert(hit.at.start, hit);
        }
    }
    kept.into_values().collect()
}

/// Reads along a text, for places that are shown to a person.
struct Lines<'t> {
    text: &'t [u8],
    /// How far it has read.
    at: usize,
    /// Where the line begins that it is on, and the one before.
    starts: [usize; 2],
    line: u32,
    /// Characters before `at` on its line.
    column: u32,
}

/// How much of a line is read for a comment that allows what stands on it.
const NEAR: usize = 4000;

impl<'t> Lines<'t> {
    fn new(text: &'t [u8]) -> Self {
        Self { text, at: 0, starts: [0, 0], line: 1, column: 0 }
    }

    /// Goes on to a place that is no earlier than the last one.
    fn go(&mut self, to: usize) {
        for (at, byte) in self.text.iter().enumerate().take(to).skip(self.at) {
            // Only the first byte of a character counts.
            self.column += u32::from(byte & 0xc0 != 0x80);
            if *byte == b'\n' {
                self.starts = [self.starts[1], at + 1];
                self.line += 1;
                self.column = 0;
            }
        }
        self.at = to.max(self.at);
    }

    fn near(&self, start: usize, end: usize) -> String {
        String::from_utf8_lossy(&self.text[start.max(end.saturating_sub(NEAR))..end]).into_owned()
    }

    /// None where a comment allows it.
    fn finding(&mut self, hit: &formats::Hit) -> Option<Finding> {
        self.go(hit.at.start);
        let [before, start] = self.starts;
        let rest = &self.text[hit.at.start..self.text.len().min(hit.at.end + NEAR)];
        let end = hit.at.start + rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        if allow::allows(&self.near(start, end), &self.near(before, start)) {
            return None;
        }
        let secret = &self.text[hit.at.clone()];
        Some(Finding {
            line: self.line,
            column: self.column + 1,
            rule: hit.rule.to_owned(),
            title: hit.title.to_owned(),
            hash: hash(secret),
            redacted: redacted(secret),
        })
    }
}

/// Short enough to say little of a weak password, long enough to tell one secret from another.
fn hash(secret: &[u8]) -> String {
    let digest = format!("{:x}", Sha256::digest(secret));
    digest[..16].to_owned()
}

fn redacted(secret: &[u8]) -> String {
    let shown = String::from_utf8_lossy(secret);
    let length = shown.chars().count();
    let begin: String = shown.chars().take(4.min(length / 4)).filter(|one| !one.is_control()).collect();
    format!("{begin}…")
}
