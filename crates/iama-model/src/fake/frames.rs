//! The frames of whole answers, as each provider sends them.

use serde_json::{Value, json};

fn event(name: &str, data: &Value) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}

fn data(data: &Value) -> String {
    format!("data: {data}\n\n")
}

/// Anthropic: 11 tokens plain, 100 written for five minutes, 200 for an hour, 2000 read; 42 in the answer.
pub fn anthropic(texts: &[&str], stop: &str) -> Vec<String> {
    let usage = json!({
        "input_tokens": 11,
        "cache_creation_input_tokens": 300,
        "cache_read_input_tokens": 2000,
        "cache_creation": {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 200},
        "output_tokens": 1,
    });
    let message = json!({"id": "msg_1", "type": "message", "role": "assistant", "content": [], "usage": usage});
    let block = json!({"type": "text", "text": ""});
    let mut frames = vec![
        event("message_start", &json!({"type": "message_start", "message": message})),
        event("content_block_start", &json!({"type": "content_block_start", "index": 0, "content_block": block})),
        event("ping", &json!({"type": "ping"})),
    ];
    frames.extend(texts.iter().map(|text| {
        let delta = json!({"type": "text_delta", "text": text});
        event("content_block_delta", &json!({"type": "content_block_delta", "index": 0, "delta": delta}))
    }));
    let delta = json!({"stop_reason": stop, "stop_sequence": null});
    let end = json!({"type": "message_delta", "delta": delta, "usage": {"output_tokens": 42}});
    frames.push(event("content_block_stop", &json!({"type": "content_block_stop", "index": 0})));
    frames.push(event("message_delta", &end));
    frames.push(event("message_stop", &json!({"type": "message_stop"})));
    frames
}

/// Anthropic's failure within a stream.
pub fn anthropic_overloaded() -> String {
    event("error", &json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}))
}

/// `OpenAI`: 2311 tokens, of which 2000 were read from the cache; 42 in the answer, 7 of them thought.
pub fn openai(texts: &[&str], stop: &str) -> Vec<String> {
    let chunk = |delta: Value, reason: Value| {
        data(&json!({
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "choices": [{"index": 0, "delta": delta, "finish_reason": reason}],
            "usage": null,
        }))
    };
    let mut frames = vec![chunk(json!({"role": "assistant", "content": ""}), Value::Null)];
    frames.extend(texts.iter().map(|text| chunk(json!({"content": text}), Value::Null)));
    frames.push(chunk(json!({}), stop.into()));
    let usage = json!({
        "prompt_tokens": 2311,
        "completion_tokens": 42,
        "total_tokens": 2353,
        "prompt_tokens_details": {"cached_tokens": 2000},
        "completion_tokens_details": {"reasoning_tokens": 7},
    });
    frames.push(data(&json!({"id": "chatcmpl-1", "choices": [], "usage": usage})));
    frames.push("data: [DONE]\n\n".to_owned());
    frames
}

/// `OpenAI`'s failure within a stream.
pub fn openai_overloaded() -> String {
    data(&json!({"error": {"message": "The server is overloaded", "type": "server_error", "code": null}}))
}

/// Gemini: 2311 tokens, of which 2000 were read from the cache; 35 in the answer and 7 thought.
pub fn gemini(texts: &[&str], stop: &str) -> Vec<String> {
    let last = texts.len().saturating_sub(1);
    let frame = |(rank, text): (usize, &&str)| {
        let mut candidate = json!({"content": {"role": "model", "parts": [{"text": text}]}, "index": 0});
        if rank == last {
            candidate["finishReason"] = stop.into();
        }
        let usage = json!({
            "promptTokenCount": 2311,
            "cachedContentTokenCount": 2000,
            "candidatesTokenCount": if rank == last { 35 } else { 1 },
            "thoughtsTokenCount": 7,
        });
        data(&json!({"candidates": [candidate], "usageMetadata": usage}))
    };
    texts.iter().enumerate().map(frame).collect()
}

/// Gemini's failure within a stream.
pub fn gemini_overloaded() -> String {
    data(&json!({"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}}))
}
