//! `OpenAI`'s chat completions, and others' servers of the same form.

use serde_json::{Value, json};

use super::{Piece, Stop, WireFault, count, frame, text};
use crate::prompt::{Form, Prompt};
use crate::usage::Usage;

pub(super) fn body(model: &str, prompt: &Prompt, form: &Form, limit: (&str, u64)) -> Value {
    let mut messages = Vec::new();
    if !prompt.system.is_empty() {
        messages.push(json!({"role": "system", "content": prompt.system}));
    }
    // One text a part: what is cached is a prefix of the bytes, wherever the parts end.
    let parts = [&prompt.interfaces, &prompt.spec, &prompt.task];
    let parts: Vec<&str> = parts.into_iter().map(String::as_str).filter(|text| !text.is_empty()).collect();
    messages.push(json!({"role": "user", "content": parts.join("\n\n")}));
    for again in &prompt.again {
        messages.push(json!({"role": "assistant", "content": again.answer}));
        messages.push(json!({"role": "user", "content": again.objection}));
    }
    let mut body = json!({
        "model": model,
        "messages": messages,
        "stream": true,
        "stream_options": {"include_usage": true},
    });
    body[limit.0] = limit.1.into();
    if let Form::Json { name, schema } = form {
        let schema = json!({"name": name, "schema": schema, "strict": false});
        body["response_format"] = json!({"type": "json_schema", "json_schema": schema});
    }
    body
}

#[derive(Debug, Default)]
pub(crate) struct Reader {
    usage: Option<Usage>,
    stop: Option<String>,
    ended: bool,
}

impl Reader {
    pub(super) fn read(&mut self, data: &str) -> Result<Option<Piece>, WireFault> {
        if data.trim() == "[DONE]" {
            self.ended = true;
            return Ok(None);
        }
        let frame = frame(data)?;
        if frame.get("error").is_some_and(|error| !error.is_null()) {
            return Err(WireFault::in_stream(&frame));
        }
        if let Some(given) = frame.get("usage").filter(|given| given.is_object()) {
            self.usage = Some(usage(given));
        }
        if let Some(reason) = text(&frame, "/choices/0/finish_reason") {
            self.stop = Some(reason.to_owned());
        }
        Ok(piece(&frame))
    }

    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    pub(super) fn usage(&self) -> Option<Usage> {
        self.usage
    }

    pub(super) fn stop(&self) -> Result<Stop, WireFault> {
        if !self.ended {
            return Err(WireFault::Truncated { missing: "[DONE]" });
        }
        match self.stop.as_deref() {
            None => Err(WireFault::Truncated { missing: "finish_reason" }),
            Some("stop") => Ok(Stop::End),
            Some("length") => Ok(Stop::Length),
            Some("content_filter") => Ok(Stop::Refused),
            Some(other) => Ok(Stop::Other(other.to_owned())),
        }
    }
}

fn piece(frame: &Value) -> Option<Piece> {
    if let Some(words) = text(frame, "/choices/0/delta/content") {
        return Some(Piece::Text(words.to_owned()));
    }
    let thought =
        text(frame, "/choices/0/delta/reasoning_content").or_else(|| text(frame, "/choices/0/delta/reasoning"));
    thought.map(|thought| Piece::Thought(thought.len()))
}

/// `prompt_tokens` holds what was read from caches and written to them; a proxy before Anthropic tells the split as well.
fn usage(given: &Value) -> Usage {
    let read = count(given, "/prompt_tokens_details/cached_tokens");
    let named = ["/prompt_tokens_details/cache_write_tokens", "/prompt_tokens_details/cache_creation_tokens"];
    let written = named.iter().map(|pointer| count(given, pointer)).max().unwrap_or(0);
    let split = "/prompt_tokens_details/cache_creation_token_details/ephemeral_1h_input_tokens";
    let hour = count(given, split).min(written);
    let output = count(given, "/completion_tokens");
    Usage {
        input: count(given, "/prompt_tokens").saturating_sub(read).saturating_sub(written),
        cache_write: written - hour,
        cache_write_hour: hour,
        cache_read: read,
        output,
        reasoning: count(given, "/completion_tokens_details/reasoning_tokens").min(output),
    }
}
