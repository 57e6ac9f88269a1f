//! What must lie nowhere in the clear: code, prompts and answers, words of specs, anchors, errors of tests, lines of machines,
//! tokens, passwords and keys. It is looked for in every row of the database, in every file of the server's data, in its log and in its metrics.
//!
//! A search that finds nothing shows nothing unless it would find: so everything is found first where it has to lie, and what
//! was planted in a row and in the log is found there by the same search.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use aho_corasick::AhoCorasick;
use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use iama_model::fake::{Background, Seen};
use iama_postgres::{DATABASE, Durability, ROLE, Server};
use serde_json::Value;

use super::{Delivered, Story, tree};
use crate::postgres;
use crate::server::ask;
use crate::tools::{command, output};

/// Shorter lines are also said by others.
const SHORTEST: usize = 20;

/// The kinds of what is looked for, each of which has to be there.
const KINDS: [&str; 12] = [
    "code before",
    "code after",
    "prompt",
    "answer",
    "words of a spec",
    "anchor",
    "error of a test",
    "line of a machine",
    "token",
    "password",
    "key",
    "code to sign in",
];

/// What is looked for, by its plain form, and of which kind it is.
#[derive(Default)]
pub(super) struct Needles(BTreeMap<Vec<u8>, &'static str>);

impl Needles {
    /// A word that nobody else says.
    pub(super) fn word(&mut self, kind: &'static str, word: &str) {
        self.0.insert(plain(word.trim().as_bytes()), kind);
    }

    /// The lines of a text that say something of their own: long enough, and more than a name or a path.
    fn lines(&mut self, kind: &'static str, text: &str) {
        let said = text.lines().map(|line| line.trim().trim_start_matches("- "));
        for line in said.filter(|line| line.len() >= SHORTEST && line.contains(' ')) {
            self.0.entry(plain(line.as_bytes())).or_insert(kind);
        }
    }

    /// All texts of a document, or those with a name.
    fn texts(&mut self, kind: &'static str, value: &Value, name: Option<&str>) {
        match value {
            Value::String(text) if name.is_none() => self.lines(kind, text),
            Value::Array(values) => values.iter().for_each(|value| self.texts(kind, value, name)),
            Value::Object(fields) => {
                for (field, value) in fields {
                    self.texts(kind, value, name.filter(|name| name != field));
                }
            }
            _ => {}
        }
    }

    fn kinds(&self) -> BTreeSet<&'static str> {
        self.0.values().copied().collect()
    }

    fn search(&self) -> Result<Search<'_>> {
        Ok(Search { needles: self.0.iter().collect(), machine: AhoCorasick::new(self.0.keys())? })
    }
}

/// A search that is ready.
struct Search<'n> {
    needles: Vec<(&'n Vec<u8>, &'n &'static str)>,
    machine: AhoCorasick,
}

impl Search<'_> {
    /// What lies in some bytes: as it is, between quotes and marks of any format, as hexadecimal digits, or in base64.
    fn found(&self, bytes: &[u8]) -> BTreeMap<&'static str, String> {
        let mut found = BTreeMap::new();
        let coded = decoded(bytes);
        for view in [bytes, &coded[..]] {
            for hit in self.machine.find_overlapping_iter(&plain(view)) {
                let (needle, kind) = self.needles[hit.pattern().as_usize()];
                found.entry(*kind).or_insert_with(|| String::from_utf8_lossy(needle).into_owned());
            }
        }
        found
    }
}

/// Bytes without the marks that formats put into texts.
fn plain(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().copied().filter(|byte| !matches!(byte, b'\\' | b'"' | b'\'')).collect()
}

/// What the words of some bytes say that are hexadecimal digits or base64.
fn decoded(bytes: &[u8]) -> Vec<u8> {
    let is_code = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_');
    let mut all = Vec::new();
    for word in bytes.split(|byte| !is_code(byte)).filter(|word| word.len() >= SHORTEST) {
        // As PostgreSQL writes bytes: \x and digits.
        let digits = word.strip_prefix(b"x").unwrap_or(word);
        let read = [hex::decode(digits).ok(), STANDARD_NO_PAD.decode(word).ok(), URL_SAFE_NO_PAD.decode(word).ok()];
        for text in read.into_iter().flatten() {
            all.extend(text);
            all.push(b'\n');
        }
    }
    all
}

impl Story {
    /// Looks for everything that jobs have brought, everywhere.
    pub(super) fn leaks(&self, provider: &Background, jobs: &[(PathBuf, Delivered)]) -> Result<()> {
        let needles = self.needles(provider, jobs)?;
        let missing: Vec<&str> = KINDS.into_iter().filter(|kind| !needles.kinds().contains(kind)).collect();
        ensure!(missing.is_empty(), "nothing to look for: {missing:?}");
        let search = needles.search()?;
        let there = search.found(&self.where_it_belongs(provider)?);
        let lost: Vec<&str> = KINDS.into_iter().filter(|kind| !there.contains_key(kind)).collect();
        ensure!(lost.is_empty(), "not found where it has to lie: {lost:?}");

        let planted = self.plant()?;
        let mut canary = Needles::default();
        canary.word("planted", &planted);
        let canary = canary.search()?;
        let (mut places, mut bytes, mut leaks) = (0, 0, Vec::new());
        for (place, text, holds_planted) in self.places()? {
            let found = search.found(&text);
            if !found.is_empty() {
                leaks.push(format!("in {place} lies in the clear: {found:?}"));
            }
            ensure!(!holds_planted || !canary.found(&text).is_empty(), "what was planted is not found in {place}");
            (places, bytes) = (places + 1, bytes + text.len());
        }
        ensure!(leaks.is_empty(), "{}", leaks.join("\n"));
        println!(
            "{} lines, tokens and keys lie in the clear in none of {places} tables, files and pages ({bytes} bytes)",
            needles.0.len()
        );
        Ok(())
    }

    /// Everything that must not be found.
    fn needles(&self, provider: &Background, jobs: &[(PathBuf, Delivered)]) -> Result<Needles> {
        let mut needles = Needles::default();
        for (kind, secret) in self.server.secrets.borrow().iter() {
            needles.word(kind, secret);
        }
        for line in fs::read_to_string(self.server.data().join("keys/signing.pem"))?.lines() {
            needles.word("key", line);
        }
        needles.word("key", &fs::read_to_string(self.server.data().join("keys/sealing.key"))?);
        // What is of several kinds counts as the first.
        for (project, job) in jobs {
            of_documents(&mut needles, &project.join(".iama/jobs").join(&job.id))?;
        }
        let prompts: Vec<String> = provider.seen().iter().map(Seen::texts).collect();
        for (_, failed) in prompts.iter().filter_map(|prompt| prompt.split_once("# What failed\n")) {
            let (section, _) = failed.split_once("\n# ").unwrap_or((failed, ""));
            needles.lines("error of a test", section);
        }
        for (project, job) in jobs {
            for text in tree(project)?.values() {
                needles.lines("code before", &String::from_utf8_lossy(text));
            }
            for text in tree(&project.join(".iama/jobs").join(&job.id).join("work"))?.values() {
                needles.lines("code after", &String::from_utf8_lossy(text));
            }
        }
        needles.lines("answer", super::ANSWER);
        self.lines.borrow().iter().for_each(|line| needles.lines("line of a machine", line));
        for prompt in &prompts {
            needles.lines("prompt", prompt);
        }
        Ok(needles)
    }

    /// Where all of it lies: with the person, with the provider, and in the keys' own files.
    fn where_it_belongs(&self, provider: &Background) -> Result<Vec<u8>> {
        let mut all = Vec::new();
        for folder in [self.folder.clone(), self.settings.clone()] {
            for path in files(&folder)? {
                all.extend(fs::read(path)?);
            }
        }
        all.extend(provider.seen().iter().flat_map(|seen| seen.texts().into_bytes()));
        for (_, secret) in self.server.secrets.borrow().iter() {
            all.extend(secret.bytes());
            all.push(b'\n');
        }
        all.extend(super::ANSWER.bytes());
        all.extend(self.lines.borrow().join("\n").bytes());
        Ok(all)
    }

    /// Has the server keep a word in a row and say it in its log, both of which is right for this word.
    fn plant(&self) -> Result<String> {
        let word = "a-word-that-was-planted-by-the-story".to_owned();
        self.server.sign_in(super::EMAIL, super::PASSWORD, &word)?;
        ask(self.server.port, ("GET", "/health"), &[("x-request-id", &word)], None)?;
        Ok(word)
    }

    /// Every place to be searched, with its bytes, and whether what was planted has to be in it.
    fn places(&self) -> Result<Vec<(String, Vec<u8>, bool)>> {
        let mut places = vec![
            ("the dump of the database".to_owned(), self.dump()?, true),
            ("the log".to_owned(), fs::read(super::server::log_file())?, true),
            ("the metrics".to_owned(), self.server.ask("GET", "/metrics", None, None)?.into_bytes(), false),
        ];
        let (data, keys) = (self.server.data(), self.server.data().join("keys"));
        let (objects, mut kept) = (data.join("objects"), 0);
        for path in files(data)?.into_iter().filter(|path| !path.starts_with(&keys)) {
            // One says whose the others are.
            kept += usize::from(path.starts_with(&objects) && !path.ends_with("iama-database"));
            // A file of the database may go while others are read.
            let Ok(bytes) = fs::read(&path) else { continue };
            places.push((path.display().to_string(), bytes, false));
        }
        ensure!(kept > 0, "no sealed object is there");
        Ok(places)
    }

    /// Every row of every table.
    fn dump(&self) -> Result<Vec<u8>> {
        let server = Server::start(&postgres::programs()?, &self.server.data().join("postgres"), Durability::Full)?;
        ensure!(server.is_attached(), "iama-server keeps no database");
        let program = server.programs().program("pg_dump").display().to_string();
        let socket = server.socket_folder().display().to_string();
        let dump = output(&mut command(&program, &["-h", &socket, "-U", ROLE, "-d", DATABASE]))?;
        for table in ["job_events", "job_artifacts", "model_calls", "audit_events", "spec_revisions"] {
            let rows = dump.split_once(&format!("\nCOPY public.{table} (")).and_then(|(_, rows)| rows.split_once('\n'));
            let (_, rows) = rows.with_context(|| format!("the dump has no {table}"))?;
            ensure!(!rows.starts_with("\\."), "the story has left {table} empty");
        }
        Ok(dump.into_bytes())
    }
}

/// What the documents of a job say: its specs and anchors.
fn of_documents(needles: &mut Needles, folder: &Path) -> Result<()> {
    for path in files(folder)?.into_iter().filter(|path| path.extension().is_some_and(|end| end == "json")) {
        let name = path.strip_prefix(folder)?.display().to_string();
        let read = || serde_json::from_slice(&fs::read(&path)?).with_context(|| name.clone());
        if name.starts_with("spec/") {
            needles.texts("words of a spec", &read()?, None);
        } else if name.ends_with(".operations.json") {
            needles.texts("anchor", &read()?, Some("anchor"));
        }
    }
    Ok(())
}

/// All files below a folder.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let (mut found, mut open) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(next) = open.pop() {
        // A folder of the database may go meanwhile.
        let Ok(entries) = fs::read_dir(&next) else { continue };
        for entry in entries {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                open.push(entry.path());
            } else if kind.is_file() {
                found.push(entry.path());
            }
        }
    }
    ensure!(!found.is_empty(), "{} is empty", folder.display());
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "    return self.net * \"FORTY ONE\"\n";

    fn found(text: &[u8]) -> usize {
        let mut needles = Needles::default();
        needles.lines("code", CODE);
        needles.search().unwrap().found(text).len()
    }

    #[test]
    fn what_is_planted_is_found_however_it_is_written() {
        let row = serde_json::json!({ "details": serde_json::json!({ "text": CODE }).to_string() }).to_string();
        assert_eq!(found(row.as_bytes()), 1, "{row}");
        assert_eq!(found(format!(r#"{{"content":"\\x{}"}}"#, hex::encode(CODE)).as_bytes()), 1);
        assert_eq!(found(format!(r#"{{"content":"{}"}}"#, STANDARD_NO_PAD.encode(CODE)).as_bytes()), 1);
        assert_eq!(found(b"return self.net * FORTY TWO"), 0);
    }

    #[test]
    fn names_and_paths_are_not_looked_for() {
        let mut needles = Needles::default();
        needles.lines("code", "import os\niso8601/iso8601_of_a_long_name.py\n");
        needles.texts(
            "anchor",
            &serde_json::json!([{ "path": CODE, "anchor": "def price(self, net):" }]),
            Some("anchor"),
        );
        assert_eq!(
            needles.0.keys().map(|key| String::from_utf8_lossy(key)).collect::<Vec<_>>(),
            ["def price(self, net):"]
        );
    }
}
