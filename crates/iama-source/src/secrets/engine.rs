//! One pass over the text for all that may lead to a secret, and a closer look at each such place.

use std::ops::Range;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use regex::bytes::{Regex, RegexBuilder};

use super::assign::{self, Assigned};
use super::formats::{self, Hit, LEADS, Notation};
use super::named::{self, WORDS};
use super::place::{Kind, Place};
use super::random::{self, entropy, is_run, is_stand_in, makeup};
use super::rules::{Token, VENDORS, Vendor, tokens};

/// What a lead leads to.
#[derive(Clone, Copy)]
enum Lead {
    Token(usize),
    Vendor(usize),
    Name,
    Notation(Notation),
}

/// A pattern that is compiled when it is first needed.
struct Pattern {
    source: String,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    fn new(source: String) -> Self {
        Self { source, compiled: OnceLock::new() }
    }

    fn get(&self) -> Option<&Regex> {
        let compile = || RegexBuilder::new(&self.source).unicode(false).build().ok();
        self.compiled.get_or_init(compile).as_ref()
    }
}

struct Engine {
    leads: Vec<Lead>,
    tokens: Vec<(&'static Token, Pattern)>,
    vendors: Vec<(&'static Vendor, Pattern)>,
    search: Option<AhoCorasick>,
}

fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(build)
}

fn build() -> Engine {
    let tokens: Vec<(&Token, Pattern)> = tokens()
        .map(|token| {
            let anchor = if token.back == 0 { "^" } else { "" };
            (token, Pattern::new(format!("{anchor}(?:{})", token.pattern)))
        })
        .collect();
    let vendors: Vec<(&Vendor, Pattern)> =
        VENDORS.iter().map(|vendor| (vendor, Pattern::new(format!("^(?i:{})$", vendor.value)))).collect();
    let mut words: Vec<&str> = Vec::new();
    let mut leads = Vec::new();
    for (at, (token, _)) in tokens.iter().enumerate() {
        words.push(token.key);
        leads.push(Lead::Token(at));
    }
    for (at, (vendor, _)) in vendors.iter().enumerate() {
        words.extend(vendor.words);
        leads.extend(vendor.words.iter().map(|_| Lead::Vendor(at)));
    }
    words.extend(WORDS);
    leads.extend(WORDS.iter().map(|_| Lead::Name));
    words.extend(LEADS.iter().map(|(word, _)| *word));
    leads.extend(LEADS.iter().map(|(_, notation)| Lead::Notation(*notation)));
    let mut builder = AhoCorasick::builder();
    builder.ascii_case_insensitive(true).match_kind(MatchKind::Standard).kind(Some(AhoCorasickKind::DFA));
    Engine { leads, tokens, vendors, search: builder.build(words).ok() }
}

/// A hit and how much it counts against another one at the same place.
pub(super) struct Ranked {
    pub(super) hit: Hit,
    pub(super) rank: u8,
}

/// Everything that looks like a secret, unordered, with one place found several times over.
pub(super) fn hits(text: &[u8], place: Place) -> Vec<Ranked> {
    let engine = engine();
    let mut found = Vec::new();
    let Some(search) = &engine.search else { return found };
    // A name with several words that lead to it is looked at once.
    let mut seen = 0..0;
    for matched in search.find_overlapping_iter(text) {
        let at = matched.start()..matched.end();
        match engine.leads[matched.pattern().as_usize()] {
            Lead::Token(index) => {
                let (token, pattern) = &engine.tokens[index];
                found.extend(of_token(text, &at, token, pattern, place).map(|hit| Ranked { hit, rank: 0 }));
            }
            Lead::Vendor(index) => {
                let (vendor, pattern) = &engine.vendors[index];
                found.extend(of_vendor(text, &at, vendor, pattern, place).map(|hit| Ranked { hit, rank: 1 }));
            }
            Lead::Name => {
                if !(seen.start <= at.start && at.end <= seen.end) {
                    seen = assign::name_around(text, &at);
                    found.extend(of_name(text, &at, place).map(|hit| Ranked { hit, rank: 3 }));
                }
            }
            Lead::Notation(notation) => {
                found.extend(formats::hits(text, &at, notation, place).into_iter().map(|hit| Ranked { hit, rank: 2 }));
            }
        }
    }
    found
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

fn of_token(text: &[u8], at: &Range<usize>, token: &Token, pattern: &Pattern, place: Place) -> Option<Hit> {
    let start = at.start.saturating_sub(token.back);
    if token.back == 0 {
        let glued = start > 0 && is_word(text[start - 1]) && is_word(text[start]);
        let escape = start > 1 && text[start - 2] == b'\\' && matches!(text[start - 1], b'n' | b't' | b'r');
        if glued && !escape {
            return None;
        }
    }
    let window = &text[start..text.len().min(at.end + 1100)];
    let found = pattern
        .get()?
        .find_iter(window)
        .take_while(|found| start + found.start() <= at.start)
        .find(|found| start + found.end() >= at.end)?;
    let range = start + found.start()..start + found.end();
    let value = &text[range.clone()];
    let follows = text.get(range.end).copied().unwrap_or(b' ');
    let ends = value.last().is_some_and(|last| is_word(*last)) && is_word(follows);
    let before = range.start.checked_sub(1).map_or(b' ', |before| text[before]);
    let glued = token.back > 0 && is_word(before) && is_word(value[0]);
    // What is short enough to stand in any base64 must stand alone.
    let hashed = text[..range.start].ends_with(b"sha256=") || text[..range.start].ends_with(b"sha512-");
    let weak = is_weak(token) && (hashed || b"/+_-".contains(&before) || b"/+_-".contains(&follows));
    if ends || glued || weak || !is_made_up_by_chance(value, token, place) {
        return None;
    }
    Some(Hit { rule: token.id, title: token.title, at: range })
}

/// Whether the fixed part is no more than a few letters.
fn is_weak(token: &Token) -> bool {
    token.key.len() < 4 && token.key.bytes().all(is_word)
}

/// Whether what comes after the fixed part of a token is more than a stand-in.
fn is_made_up_by_chance(value: &[u8], token: &Token, place: Place) -> bool {
    let own = if token.back == 0 { &value[token.key.len().min(value.len())..] } else { value };
    let made = makeup(own);
    let wanted = if place.test { 2.9 } else { 2.4 };
    let likely = |limit| random::wordiness(own).is_some_and(|words| words > limit);
    let word = token.back == 0 && token.key.len() < 4 && (likely(5.4) || is_weak(token) && made.digits == 0);
    let run = is_run(own) && own.len() < 64;
    entropy(own) >= wanted && !is_stand_in(own) && !run && !word
}

fn of_vendor(text: &[u8], at: &Range<usize>, vendor: &Vendor, pattern: &Pattern, place: Place) -> Option<Hit> {
    let found = assign::assigned(text, at)?;
    let value = usable(text, &found, place)?;
    let made = makeup(value);
    let letters = made.upper + made.lower;
    let number = letters == 0 && (value.len() < 15 || !found.quoted);
    let wordy = |limit| random::wordiness(value).is_some_and(|words| words > limit);
    let words = if made.digits == 0 { value.len() < 24 || wordy(4.6) } else { made.changes < 4 && wordy(5.2) };
    let usual = entropy(value) < 2.6 || is_stand_in(value) || is_run(value);
    if number || words || usual || found.how == assign::How::Blank {
        return None;
    }
    pattern.get()?.is_match(value).then(|| Hit { rule: vendor.id, title: vendor.title, at: found.value.clone() })
}

fn of_name(text: &[u8], at: &Range<usize>, place: Place) -> Option<Hit> {
    let found = assign::assigned(text, at)?;
    usable(text, &found, place)?;
    let class = named::class(&text[found.name.clone()])?;
    let (rule, title) = match class {
        named::Class::Password => ("named-password", "password"),
        named::Class::Key | named::Class::Token => ("named-key", "key, token or other secret"),
        named::Class::Weak => ("named-value", "value that looks like a key"),
    };
    named::is_secret(text, &found, class, place).then(|| Hit { rule, title, at: found.value.clone() })
}

/// The value, where it may be one at all in such a file.
fn usable<'t>(text: &'t [u8], found: &Assigned, place: Place) -> Option<&'t [u8]> {
    let value = &text[found.value.clone()];
    let strange = !found.quoted && place.kind == Kind::Code && !is_clear(value) && !in_string(text, found);
    (!strange && value.len() >= 3).then_some(value)
}

/// Part of a longer text in quotes, such as a connection string.
fn in_string(text: &[u8], found: &Assigned) -> bool {
    let value = &text[found.value.clone()];
    let line = text[..found.name.start].iter().rev().take(400).take_while(|byte| **byte != b'\n');
    let quotes = line.filter(|byte| **byte == b'"').count();
    let ends = matches!(text.get(found.value.end), Some(b';' | b'"' | b'&'));
    let attached = text.get(found.name.end) == Some(&b'=') && found.value.start == found.name.end + 1;
    let made = makeup(value);
    let mixed = made.digits > 0 && made.lower > 0 && (made.upper > 0 || made.signs > 0) && value.len() >= 8;
    quotes % 2 == 1 && ends && attached && mixed && !value.contains(&b'(') && !value.contains(&b'.')
}

/// Clear enough to be a key without quotes in a program: in a comment, or within a longer text.
fn is_clear(value: &[u8]) -> bool {
    let made = makeup(value);
    value.len() >= 12 && made.changes >= 3 && made.signs < 3 && random::is_random(value)
}
