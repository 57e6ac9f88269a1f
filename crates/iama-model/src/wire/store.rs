//! Recorded exchanges: what was asked, by hash, and what came back, byte for byte.
//!
//! A folder holds one JSON file for each exchange, `HASH-N.json`, where the same request counts from 1. Headers of requests
//! are not kept, and a key that turns up anywhere else is blotted out.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::StreamExt as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{Exchange, Headers, Request, WireFault};
use crate::config::{Kind, Provider};
use crate::key::Key;

/// A shorter word than this is no secret, and blotting it out would spoil texts.
const SHORTEST_SECRET: usize = 8;

/// Why a folder holds no recording.
#[derive(Debug, thiserror::Error)]
#[error("the recording {} cannot be used", .path.display())]
pub struct StoreError {
    /// The folder.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub source: std::io::Error,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Recorded {
    format: String,
    kind: Kind,
    path: String,
    request: Value,
    status: u16,
    headers: Headers,
    /// Whether the connection broke after the body.
    cut: bool,
    body: String,
}

const FORMAT: &str = "iama.exchange/1";

/// Writes exchanges.
pub(crate) struct Recorder {
    folder: PathBuf,
    secrets: Vec<Key>,
    naming: Mutex<()>,
}

impl Recorder {
    pub(crate) fn new<'p>(folder: &Path, providers: impl Iterator<Item = &'p Provider>) -> Result<Self, StoreError> {
        fs::create_dir_all(folder).map_err(|source| StoreError { path: folder.to_owned(), source })?;
        let secrets = providers.flat_map(|provider| {
            let headers = provider.headers.values().cloned().map(Key::new);
            provider.key.clone().into_iter().chain(headers)
        });
        let secrets = secrets.filter(|key| key.reveal().len() >= SHORTEST_SECRET).collect();
        Ok(Self { folder: folder.to_owned(), secrets, naming: Mutex::new(()) })
    }

    /// Lets an exchange run over a tape.
    pub(crate) fn tape(request: &Request, exchange: Exchange) -> (Exchange, Tape) {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let recorded = Recorded {
            format: FORMAT.to_owned(),
            kind: request.kind,
            path: request.path.clone(),
            request: request.body.clone(),
            status: exchange.status,
            headers: exchange.headers.clone(),
            cut: false,
            body: String::new(),
        };
        let tape = Tape { hash: hash(request), recorded, bytes: Arc::clone(&bytes) };
        let body = exchange.body.inspect(move |chunk| {
            if let Ok(chunk) = chunk {
                bytes.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(chunk);
            }
        });
        (Exchange { body: Box::pin(body), ..exchange }, tape)
    }

    /// Keeps a tape, under the next number of its request.
    pub(crate) fn keep(&self, tape: Tape, cut: bool) -> Result<(), WireFault> {
        let bytes = std::mem::take(&mut *tape.bytes.lock().unwrap_or_else(PoisonError::into_inner));
        let body = String::from_utf8_lossy(&bytes).into_owned();
        let recorded = Recorded { cut, body, ..tape.recorded };
        let failed = |what: String| WireFault::Recording { what };
        let text = serde_json::to_string_pretty(&recorded).map_err(|error| failed(error.to_string()))?;
        let text = self.secrets.iter().fold(text, |text, key| key.blot(&text));
        let naming = self.naming.lock().unwrap_or_else(PoisonError::into_inner);
        let free =
            (1..=u32::MAX).map(|occurrence| place(&self.folder, &tape.hash, occurrence)).find(|path| !path.exists());
        let path = free.ok_or_else(|| failed("no number is left".to_owned()))?;
        let written = fs::write(path, text + "\n").map_err(|error| failed(error.to_string()));
        drop(naming);
        written
    }
}

/// An exchange that is being recorded.
pub(crate) struct Tape {
    hash: String,
    recorded: Recorded,
    bytes: Arc<Mutex<Vec<u8>>>,
}

/// Plays exchanges back. It knows no network.
pub(crate) struct Player {
    folder: PathBuf,
    played: Mutex<BTreeMap<String, u32>>,
}

impl Player {
    pub(crate) fn new(folder: &Path) -> Result<Self, StoreError> {
        fs::read_dir(folder).map_err(|source| StoreError { path: folder.to_owned(), source })?;
        Ok(Self { folder: folder.to_owned(), played: Mutex::default() })
    }

    /// The next answer to a request.
    pub(crate) fn open(&self, request: &Request) -> Result<Exchange, WireFault> {
        let hash = hash(request);
        let mut played = self.played.lock().unwrap_or_else(PoisonError::into_inner);
        let occurrence = played.get(&hash).copied().unwrap_or(0) + 1;
        let path = place(&self.folder, &hash, occurrence);
        let Ok(text) = fs::read(&path) else { return Err(WireFault::NotRecorded { hash, occurrence }) };
        let recorded: Recorded = serde_json::from_slice(&text)
            .map_err(|error| WireFault::Recording { what: format!("{hash}-{occurrence}.json: {error}") })?;
        played.insert(hash, occurrence);
        drop(played);
        let cut =
            recorded.cut.then(|| Err(WireFault::Connection { what: "cut as it was recorded".to_owned(), sent: true }));
        let chunks = std::iter::once(Ok(Bytes::from(recorded.body))).chain(cut);
        let body = Box::pin(futures_util::stream::iter(chunks));
        Ok(Exchange { status: recorded.status, headers: recorded.headers, body })
    }
}

fn place(folder: &Path, hash: &str, occurrence: u32) -> PathBuf {
    folder.join(format!("{hash}-{occurrence}.json"))
}

/// The hash of what is asked: not of where, nor with which key.
fn hash(request: &Request) -> String {
    let mut text = format!("{:?}\n{}\n", request.kind, request.path);
    canonical(&request.body, &mut text);
    hex::encode(&Sha256::digest(text)[..16])
}

/// JSON with its keys in order, whatever the order of a build's maps.
fn canonical(value: &Value, text: &mut String) {
    match value {
        Value::Object(fields) => {
            let sorted: BTreeMap<&String, &Value> = fields.iter().collect();
            text.push('{');
            for (name, value) in sorted {
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push(':');
                canonical(value, text);
                text.push(',');
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for item in items {
                canonical(item, text);
                text.push(',');
            }
            text.push(']');
        }
        plain => text.push_str(&plain.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_hash_knows_the_order_of_messages_but_not_of_fields() {
        let of = |body: Value| hash(&Request { kind: Kind::Openai, path: "/chat".into(), body, streamed: true });
        assert_eq!(of(json!({"a": 1, "b": [1, 2]})), of(json!({"b": [1, 2], "a": 1})));
        assert_ne!(of(json!({"a": 1, "b": [1, 2]})), of(json!({"a": 1, "b": [2, 1]})));
        assert_ne!(of(json!(["a", "b"])), of(json!(["a\",\"b"])));
    }
}
