//! Anthropic's messages.

use serde_json::{Value, json};

use super::{Piece, Stop, WireFault, frame, text};
use crate::prompt::Prompt;
use crate::usage::Usage;

/// The version of the interface.
pub(super) const VERSION: &str = "2023-06-01";

pub(super) fn body(model: &str, prompt: &Prompt, output_tokens: u64) -> Value {
    let mut body = counted(model, prompt);
    body["max_tokens"] = output_tokens.into();
    body["stream"] = true.into();
    body
}

/// The part of a request that the provider counts.
pub(super) fn counted(model: &str, prompt: &Prompt) -> Value {
    let mut body = json!({"model": model});
    let mut system = blocks(&[&prompt.system, &prompt.interfaces]);
    keep(&mut system, "1h");
    if !system.is_empty() {
        body["system"] = system.into();
    }
    let mut spec = blocks(&[&prompt.spec]);
    keep(&mut spec, "5m");
    spec.extend(blocks(&[&prompt.task]));
    let mut messages = vec![json!({"role": "user", "content": spec})];
    for again in &prompt.again {
        messages.push(json!({"role": "assistant", "content": blocks(&[&again.answer])}));
        messages.push(json!({"role": "user", "content": blocks(&[&again.objection])}));
    }
    body["messages"] = messages.into();
    body
}

fn blocks(texts: &[&String]) -> Vec<Value> {
    texts.iter().filter(|text| !text.is_empty()).map(|text| json!({"type": "text", "text": text})).collect()
}

/// Everything up to the last block is kept for so long.
fn keep(blocks: &mut [Value], ttl: &str) {
    if let Some(last) = blocks.last_mut() {
        last["cache_control"] = json!({"type": "ephemeral", "ttl": ttl});
    }
}

#[derive(Debug, Default)]
pub(crate) struct Reader {
    usage: Option<Usage>,
    stop: Option<String>,
    ended: bool,
}

impl Reader {
    pub(super) fn read(&mut self, event: &str, data: &str) -> Result<Option<Piece>, WireFault> {
        let frame = frame(data)?;
        let name = text(&frame, "/type").unwrap_or(event);
        match name {
            "message_start" => self.count(frame.pointer("/message/usage")),
            "message_delta" => {
                self.count(frame.get("usage"));
                self.stop = text(&frame, "/delta/stop_reason").map(str::to_owned).or(self.stop.take());
            }
            "message_stop" => self.ended = true,
            "error" => return Err(WireFault::in_stream(&frame)),
            "content_block_delta" => return Ok(piece(&frame)),
            // Blocks' borders, pings, and what may be added later.
            _ => {}
        }
        Ok(None)
    }

    /// Counts are running totals; a later frame may have only some of them.
    fn count(&mut self, given: Option<&Value>) {
        let Some(given) = given.filter(|given| given.is_object()) else { return };
        let mut usage = self.usage.unwrap_or_default();
        let set = |part: &mut u64, pointer: &str| {
            *part = given.pointer(pointer).and_then(Value::as_u64).unwrap_or(*part);
        };
        set(&mut usage.input, "/input_tokens");
        set(&mut usage.cache_read, "/cache_read_input_tokens");
        set(&mut usage.output, "/output_tokens");
        set(&mut usage.reasoning, "/output_tokens_details/thinking_tokens");
        if let Some(written) = given.get("cache_creation_input_tokens").and_then(Value::as_u64) {
            // Without a split, everything written was written for five minutes, unless the split was told before.
            let hour = given.pointer("/cache_creation/ephemeral_1h_input_tokens").and_then(Value::as_u64);
            usage.cache_write_hour = hour.unwrap_or(usage.cache_write_hour).min(written);
            usage.cache_write = written - usage.cache_write_hour;
        }
        self.usage = Some(usage);
    }

    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    pub(super) fn usage(&self) -> Option<Usage> {
        self.usage
    }

    pub(super) fn stop(&self) -> Result<Stop, WireFault> {
        if !self.ended {
            return Err(WireFault::Truncated { missing: "message_stop" });
        }
        match self.stop.as_deref() {
            None => Err(WireFault::Truncated { missing: "stop_reason" }),
            Some("end_turn" | "stop_sequence") => Ok(Stop::End),
            Some("max_tokens" | "model_context_window_exceeded") => Ok(Stop::Length),
            Some("refusal") => Ok(Stop::Refused),
            Some(other) => Ok(Stop::Other(other.to_owned())),
        }
    }
}

fn piece(frame: &Value) -> Option<Piece> {
    if let Some(words) = text(frame, "/delta/text") {
        return Some(Piece::Text(words.to_owned()));
    }
    text(frame, "/delta/thinking").map(|thought| Piece::Thought(thought.len()))
}
