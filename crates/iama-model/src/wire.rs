//! The wire: requests and streams of three forms, over one HTTP client, a recorder or a recording.
//!
//! A stream counts as an answer only if its end was announced and its reason given. Usage is read from every frame that has
//! some, so a call that is cut off is still charged for what was sent.

mod anthropic;
mod fault;
mod gemini;
mod http;
mod openai;
mod store;

use std::pin::Pin;

use bytes::Bytes;
use futures_util::Stream;
use serde_json::Value;

use crate::config::{Kind, Provider, Route};
use crate::prompt::{Form, Prompt};
use crate::usage::Usage;

pub use fault::WireFault;
pub(crate) use http::Http;
pub use store::StoreError;
pub(crate) use store::{Player, Recorder, Tape};

/// A request, without the key.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Request {
    /// The form, for the recorder.
    pub(crate) kind: Kind,
    /// What follows the provider's address.
    pub(crate) path: String,
    /// The body.
    pub(crate) body: Value,
    /// Whether the answer is a stream, as those of all models are; if not, it is one JSON.
    pub(crate) streamed: bool,
}

/// An answer's head and the stream of its bytes.
pub(crate) struct Exchange {
    pub(crate) status: u16,
    pub(crate) headers: Headers,
    pub(crate) body: Body,
}

/// The bytes of an answer, as they arrive.
pub(crate) type Body = Pin<Box<dyn Stream<Item = Result<Bytes, WireFault>> + Send>>;

/// The headers that matter.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Headers {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) retry_after: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) retry_after_ms: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) date: Option<String>,
}

/// Why a model stopped.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// It had said all.
    End,
    /// The answer reached its longest.
    Length,
    /// It, or a filter, would not say it.
    Refused,
    /// Something else, in the provider's word.
    Other(String),
}

/// What a frame of a stream brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Text of the answer.
    Text(String),
    /// So many bytes of thought.
    Thought(usize),
}

/// A stream's reader.
#[derive(Debug)]
pub(crate) enum Reader {
    Anthropic(anthropic::Reader),
    Openai(openai::Reader),
    Gemini(gemini::Reader),
}

impl Reader {
    pub(crate) fn of(kind: Kind) -> Self {
        match kind {
            Kind::Anthropic => Self::Anthropic(anthropic::Reader::default()),
            Kind::Openai | Kind::OpenaiCompatible => Self::Openai(openai::Reader::default()),
            Kind::Gemini => Self::Gemini(gemini::Reader::default()),
        }
    }

    /// Takes a frame: the event's name and its data.
    pub(crate) fn read(&mut self, event: &str, data: &str) -> Result<Option<Piece>, WireFault> {
        match self {
            Self::Anthropic(reader) => reader.read(event, data),
            Self::Openai(reader) => reader.read(data),
            Self::Gemini(reader) => reader.read(data),
        }
    }

    /// Whether the end was announced: nothing is read after it.
    pub(crate) fn ended(&self) -> bool {
        match self {
            Self::Anthropic(reader) => reader.ended(),
            Self::Openai(reader) => reader.ended(),
            // The end is the end of the stream: frames with usage may follow the one that gives the reason.
            Self::Gemini(_) => false,
        }
    }

    /// What the frames so far say was used.
    pub(crate) fn usage(&self) -> Option<Usage> {
        match self {
            Self::Anthropic(reader) => reader.usage(),
            Self::Openai(reader) => reader.usage(),
            Self::Gemini(reader) => reader.usage(),
        }
    }

    /// The reason of the end, once the stream is over.
    pub(crate) fn stop(&self) -> Result<Stop, WireFault> {
        match self {
            Self::Anthropic(reader) => reader.stop(),
            Self::Openai(reader) => reader.stop(),
            Self::Gemini(reader) => reader.stop(),
        }
    }
}

/// The request for a prompt.
pub(crate) fn request(provider: &Provider, route: &Route, prompt: &Prompt, form: &Form, output_tokens: u64) -> Request {
    let (path, body) = match provider.kind {
        Kind::Anthropic => ("/v1/messages".to_owned(), anthropic::body(&route.model, prompt, output_tokens)),
        Kind::Openai | Kind::OpenaiCompatible => {
            let limit = if provider.kind == Kind::Openai { "max_completion_tokens" } else { "max_tokens" };
            ("/chat/completions".to_owned(), openai::body(&route.model, prompt, form, (limit, output_tokens)))
        }
        Kind::Gemini => (gemini::path(&route.model), gemini::body(prompt, form, output_tokens)),
    };
    Request { kind: provider.kind, path, body, streamed: true }
}

/// The request that asks a provider to count a prompt's tokens, and where its answer has the count; nothing where the form has
/// no such thing.
pub(crate) fn counting(provider: &Provider, route: &Route, prompt: &Prompt) -> Option<(Request, &'static str)> {
    let (path, body, count) = match provider.kind {
        Kind::Anthropic => {
            ("/v1/messages/count_tokens".to_owned(), anthropic::counted(&route.model, prompt), "/input_tokens")
        }
        Kind::Gemini => (gemini::counting(&route.model), gemini::counted(&route.model, prompt), "/totalTokens"),
        Kind::Openai | Kind::OpenaiCompatible => return None,
    };
    Some((Request { kind: provider.kind, path, body, streamed: false }, count))
}

/// A frame as JSON.
fn frame(data: &str) -> Result<Value, WireFault> {
    serde_json::from_str(data).map_err(|_| WireFault::Malformed { what: "a frame is no JSON".to_owned() })
}

/// A count in a frame; what is missing is nothing.
fn count(value: &Value, pointer: &str) -> u64 {
    value.pointer(pointer).and_then(Value::as_u64).unwrap_or(0)
}

/// A text in a frame; none if it is missing or empty.
fn text<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty())
}
