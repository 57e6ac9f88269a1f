//! Gemini's `streamGenerateContent`.

use serde_json::{Value, json};

use super::{Piece, Stop, WireFault, count, frame, text};
use crate::prompt::{Form, Prompt};
use crate::usage::Usage;

pub(super) fn path(model: &str) -> String {
    format!("/v1beta/models/{model}:streamGenerateContent?alt=sse")
}

pub(super) fn body(prompt: &Prompt, form: &Form, output_tokens: u64) -> Value {
    let mut body = contents(prompt);
    body["generationConfig"] = json!({"maxOutputTokens": output_tokens});
    if let Form::Json { schema, .. } = form {
        body["generationConfig"]["responseMimeType"] = "application/json".into();
        body["generationConfig"]["responseJsonSchema"] = schema.clone();
    }
    body
}

pub(super) fn counting(model: &str) -> String {
    format!("/v1beta/models/{model}:countTokens")
}

/// What the provider is asked to count.
pub(super) fn counted(model: &str, prompt: &Prompt) -> Value {
    let mut request = contents(prompt);
    request["model"] = format!("models/{model}").into();
    json!({"generateContentRequest": request})
}

fn contents(prompt: &Prompt) -> Value {
    let parts = |texts: &[&String]| -> Vec<Value> {
        texts.iter().filter(|text| !text.is_empty()).map(|text| json!({"text": text})).collect()
    };
    let first = parts(&[&prompt.interfaces, &prompt.spec, &prompt.task]);
    let mut contents = vec![json!({"role": "user", "parts": first})];
    for again in &prompt.again {
        contents.push(json!({"role": "model", "parts": parts(&[&again.answer])}));
        contents.push(json!({"role": "user", "parts": parts(&[&again.objection])}));
    }
    let mut body = json!({});
    if !prompt.system.is_empty() {
        body["systemInstruction"] = json!({"parts": parts(&[&prompt.system])});
    }
    body["contents"] = contents.into();
    body
}

#[derive(Debug, Default)]
pub(crate) struct Reader {
    usage: Option<Usage>,
    stop: Option<String>,
    blocked: bool,
}

impl Reader {
    pub(super) fn read(&mut self, data: &str) -> Result<Option<Piece>, WireFault> {
        let frame = frame(data)?;
        if frame.get("error").is_some() {
            return Err(WireFault::in_stream(&frame));
        }
        if let Some(given) = frame.get("usageMetadata") {
            self.usage = Some(usage(given));
        }
        if let Some(reason) = text(&frame, "/candidates/0/finishReason") {
            self.stop = Some(reason.to_owned());
        }
        self.blocked |= text(&frame, "/promptFeedback/blockReason").is_some();
        Ok(piece(&frame))
    }

    pub(super) fn usage(&self) -> Option<Usage> {
        self.usage
    }

    pub(super) fn stop(&self) -> Result<Stop, WireFault> {
        if self.blocked {
            return Ok(Stop::Refused);
        }
        match self.stop.as_deref() {
            None => Err(WireFault::Truncated { missing: "finishReason" }),
            Some("STOP") => Ok(Stop::End),
            Some("MAX_TOKENS") => Ok(Stop::Length),
            Some("SAFETY" | "RECITATION" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII" | "LANGUAGE") => {
                Ok(Stop::Refused)
            }
            Some(other) => Ok(Stop::Other(other.to_owned())),
        }
    }
}

fn piece(frame: &Value) -> Option<Piece> {
    let (mut words, mut thought) = (String::new(), 0);
    let parts = frame.pointer("/candidates/0/content/parts").and_then(Value::as_array);
    for part in parts.into_iter().flatten() {
        let said = text(part, "/text").unwrap_or_default();
        if part.get("thought").and_then(Value::as_bool) == Some(true) {
            thought += said.len();
        } else {
            words.push_str(said);
        }
    }
    if words.is_empty() { (thought > 0).then_some(Piece::Thought(thought)) } else { Some(Piece::Text(words)) }
}

/// `promptTokenCount` holds what was read from a cache; thoughts are counted beside the answer and priced as part of it.
fn usage(given: &Value) -> Usage {
    let read = count(given, "/cachedContentTokenCount");
    let reasoning = count(given, "/thoughtsTokenCount");
    let prompt = count(given, "/promptTokenCount").saturating_add(count(given, "/toolUsePromptTokenCount"));
    Usage {
        input: prompt.saturating_sub(read),
        cache_read: read,
        output: count(given, "/candidatesTokenCount").saturating_add(reasoning),
        reasoning,
        ..Usage::default()
    }
}
