use super::*;
use crate::usage::Usage;

async fn answered(kind: Kind, model: &str, path: &str, reply: Reply) -> (Done, Fake) {
    let fake = Fake::start(vec![reply]).await.unwrap();
    let router = Router::live(one(kind, model, fake.url() + path)).unwrap();
    (Setting::new().simply(&router).await, fake)
}

#[tokio::test]
async fn an_answer_is_whole_with_its_tokens_and_its_cost() {
    let mut told = Vec::new();
    for (kind, model, path) in FORMS {
        let reply = Reply::stream(&whole(kind, &["Hello, ", "wörld"]));
        let (done, _fake) = answered(kind, model, path, reply).await;
        let answer = done.result.unwrap();
        assert_eq!((answer.text.as_str(), &answer.stop), ("Hello, wörld", &Stop::End));
        assert_eq!((done.audit.cache, done.audit.estimated, done.audit.tries.len()), (Cache::Hit, false, 1));
        told.push((answer.usage, done.audit.cost.unwrap().to_string()));
    }
    let split =
        Usage { input: 11, cache_write: 100, cache_write_hour: 200, cache_read: 2000, output: 42, reasoning: 0 };
    let prefix = Usage { input: 311, cache_read: 2000, output: 42, reasoning: 7, ..Usage::default() };
    assert_eq!(
        told,
        [(split, "$0.002838".to_owned()), (prefix, "$0.001059".to_owned()), (prefix, "$0.001059".to_owned()),]
    );
}

#[tokio::test]
async fn each_form_is_asked_as_its_provider_wants_it() {
    let mut asked = Vec::new();
    for (kind, model, path) in FORMS {
        let (_, fake) = answered(kind, model, path, Reply::stream(&whole(kind, &["x"]))).await;
        let seen = fake.seen().remove(0);
        let key = ["x-api-key", "authorization", "x-goog-api-key"].iter().find_map(|name| seen.header(name));
        asked.push((seen.path.clone(), key.unwrap().to_owned(), seen.body.clone()));
        assert_eq!(seen.header("x-team"), Some("blue"));
    }
    let kept = |text: &str, ttl: &str| json!({"type": "text", "text": text, "cache_control": {"type": "ephemeral", "ttl": ttl}});
    let parts = "def f(): ...\n\nGiven, when, then.\n\nRewrite.";
    assert_eq!(
        asked,
        [
            (
                "/v1/messages".to_owned(),
                "sk-secret-1234".to_owned(),
                json!({
                    "model": "claude-sonnet-4-5",
                    "max_tokens": 1000,
                    "stream": true,
                    "system": [{"type": "text", "text": "Rules."}, kept("def f(): ...", "1h")],
                    "messages": [{"role": "user", "content": [
                        kept("Given, when, then.", "5m"),
                        {"type": "text", "text": "Rewrite."},
                    ]}],
                })
            ),
            (
                "/v1/chat/completions".to_owned(),
                "Bearer sk-secret-1234".to_owned(),
                json!({
                    "model": "gpt-5",
                    "max_completion_tokens": 1000,
                    "stream": true,
                    "stream_options": {"include_usage": true},
                    "messages": [{"role": "system", "content": "Rules."}, {"role": "user", "content": parts}],
                })
            ),
            (
                "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse".to_owned(),
                "sk-secret-1234".to_owned(),
                json!({
                    "systemInstruction": {"parts": [{"text": "Rules."}]},
                    "contents": [{"role": "user", "parts": [
                        {"text": "def f(): ..."},
                        {"text": "Given, when, then."},
                        {"text": "Rewrite."},
                    ]}],
                    "generationConfig": {"maxOutputTokens": 1000},
                }),
            ),
        ]
    );
}

#[tokio::test]
async fn bytes_may_be_split_anywhere() {
    for (kind, model, path) in FORMS {
        let all = whole(kind, &["Grüße, ", "世界 🦀"]).concat().into_bytes();
        let mut reply = Reply::stream(&[]);
        reply.steps = all.iter().map(|byte| Step::Send(vec![*byte])).collect();
        let (done, _fake) = answered(kind, model, path, reply).await;
        assert_eq!(done.result.unwrap().text, "Grüße, 世界 🦀");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_cut_after_any_frame_but_the_last_is_no_answer() {
    for (kind, model, path) in FORMS {
        let frames = whole(kind, &["one ", "two ", "three"]);
        // The usage of OpenAI's form comes before its end, so every frame of each form is needed.
        for length in 0..frames.len() {
            for torn in [false, true] {
                let reply = Reply::stream(&frames[..length]);
                let replies = if torn { reply.then(Step::Tear) } else { reply };
                let fake = Fake::start(vec![replies]).await.unwrap();
                let router = Router::live(one(kind, model, fake.url() + path)).unwrap();
                let done = Setting::new().call(&router, true, &CancellationToken::new()).await.0;
                let first = done.audit.tries[0].outcome.clone();
                let expected = if torn { "CONNECTION" } else { "TRUNCATED" };
                assert_eq!(first, expected, "{kind:?} after {length} frames");
                assert!(done.result.is_err());
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn half_a_frame_at_the_end_is_no_frame() {
    for (kind, model, path) in FORMS {
        let mut frames = whole(kind, &["one"]);
        let last = frames.pop().unwrap();
        frames.push(last[..last.len() - 3].to_owned());
        let (done, _fake) = answered(kind, model, path, Reply::stream(&frames)).await;
        assert_eq!(done.audit.tries[0].outcome, "TRUNCATED", "{kind:?}");
    }
}

#[tokio::test]
async fn an_answer_that_reached_its_longest_says_so() {
    let cut = [
        frames::anthropic(&["x"], "max_tokens"),
        frames::openai(&["x"], "length"),
        frames::gemini(&["x"], "MAX_TOKENS"),
    ];
    for ((kind, model, path), frames) in FORMS.into_iter().zip(cut) {
        let (done, _fake) = answered(kind, model, path, Reply::stream(&frames)).await;
        assert_eq!(done.result.unwrap().stop, Stop::Length);
    }
}

#[tokio::test]
async fn an_answer_longer_than_its_class_allows_is_refused() {
    let long = whole(Kind::Anthropic, &["x"]).concat().replace("\"output_tokens\":42", "\"output_tokens\":30001");
    let (done, _fake) = answered(Kind::Anthropic, "claude-sonnet-4-5", "", Reply::stream(&[long])).await;
    assert_eq!(done.result, Err(Failure::OutputCap { tokens: 30_001, cap: 30_000 }));
    assert_eq!(done.audit.outcome, "OUTPUT_CAP");
}
