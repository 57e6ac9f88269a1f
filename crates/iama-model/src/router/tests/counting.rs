use super::*;
use crate::fake::Seen;

/// The longest prompt of the route, beside its longest answer of 1 000 tokens.
const CAP: u64 = 9_000;

fn near(kind: Kind, model: &str, url: &str, class: &str, off: &str) -> RouteTable {
    let settings = json!({
        "provider": {"p": {"kind": kind_name(kind), "base-url": url, "key-env": "KEY"}},
        "route": [{"class": class, "provider": "p", "model": model, "context-tokens": CAP + 1_000,
            "price": {"input": 1.0, "output": 1.0}}],
    });
    let environment = |name: &str| match name {
        "KEY" => Some("sk-secret-1234".to_owned()),
        crate::config::ENV_OFF => Some(off.to_owned()),
        _ => None,
    };
    read(&settings, Origin::User, Keys::Needed, &environment).unwrap()
}

/// A setting whose prompt is estimated at so many tokens.
fn estimated(tokens: usize) -> Setting {
    let mut setting = Setting::new();
    setting.prompt = Prompt { task: "word ".repeat(tokens * 3 / 5 - 4), ..Prompt::default() };
    setting
}

fn counts(seen: &Seen) -> bool {
    seen.path.ends_with("count_tokens") || seen.path.ends_with(":countTokens")
}

/// A provider that counts as it is told to, and answers.
async fn provider(kind: Kind, count: Reply) -> Fake {
    let frames = whole(kind, &["done"]);
    Fake::scripted(move |seen| if counts(seen) { count.clone() } else { Reply::stream(&frames) }).await.unwrap()
}

/// Calls with a prompt of this estimate; gives the end and whether each request was one to count.
async fn called(kind: Kind, model: &str, estimate: usize, count: Reply) -> (Done, Vec<bool>) {
    let fake = provider(kind, count).await;
    let router = Router::live(near(kind, model, &fake.url(), "L1", "")).unwrap();
    let done = estimated(estimate).simply(&router).await;
    (done, fake.seen().iter().map(counts).collect())
}

fn told(tokens: u64) -> Reply {
    Reply::refusal(200, &json!({"input_tokens": tokens, "totalTokens": tokens}).to_string())
}

const COUNTING: [(Kind, &str); 2] = [(Kind::Anthropic, "claude-sonnet-4-5"), (Kind::Gemini, "gemini-2.5-pro")];

#[tokio::test]
async fn near_the_cap_the_provider_counts_and_its_count_decides() {
    for (kind, model) in COUNTING {
        let (done, requests) = called(kind, model, 10_500, told(CAP)).await;
        assert_eq!((code(&done), requests), ("OK", vec![true, false]));
        let (done, requests) = called(kind, model, 7_500, told(CAP + 1)).await;
        let refusal = Refusal::ContextCap { tokens: CAP + 1, cap: CAP };
        assert_eq!((done.result, requests), (Err(Failure::Refused(refusal)), vec![true]));
    }
}

#[tokio::test]
async fn far_from_the_cap_nothing_is_counted() {
    for (kind, model) in COUNTING {
        let (done, requests) = called(kind, model, 7_000, told(CAP + 1)).await;
        assert_eq!((code(&done), requests), ("OK", vec![false]));
        let (done, requests) = called(kind, model, 11_000, told(1)).await;
        assert_eq!((code(&done), requests), ("CONTEXT_CAP", vec![]));
    }
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_does_not_count_leaves_it_to_the_estimate() {
    let silent = Reply { status: 0, headers: Vec::new(), steps: vec![Step::Hang] };
    let stalled = Reply { status: 200, headers: Vec::new(), steps: vec![Step::Hang] };
    let torn = Reply { status: 200, headers: Vec::new(), steps: vec![Step::Tear] };
    let endless = Reply::refusal(200, &" ".repeat(1 << 20));
    let (refused, other) = (Reply::refusal(529, "{}"), Reply::refusal(200, "[1]"));
    for (kind, model) in COUNTING {
        for count in [&silent, &stalled, &torn, &endless, &refused, &other] {
            let (done, requests) = called(kind, model, 8_900, count.clone()).await;
            assert_eq!((code(&done), requests), ("OK", vec![true, false]), "{count:?}");
            let (done, requests) = called(kind, model, 9_100, count.clone()).await;
            assert_eq!((code(&done), requests), ("CONTEXT_CAP", vec![true]), "{count:?}");
        }
    }
}

#[tokio::test]
async fn prompts_for_openai_are_counted_here() {
    let (done, requests) = called(Kind::Openai, "gpt-5", 10_500, told(CAP + 1)).await;
    assert_eq!((code(&done), requests), ("OK", vec![false]));
    let (done, requests) = called(Kind::OpenaiCompatible, "gpt-5", 10_500, told(1)).await;
    assert_eq!((code(&done), requests), ("CONTEXT_CAP", vec![]));
}

#[tokio::test]
async fn nothing_is_sent_to_be_counted_of_a_call_that_may_not_be_made() {
    let fake = provider(Kind::Anthropic, told(1)).await;
    let setting = estimated(8_900);
    for (class, off, expected) in [("L1", "p", "KILL_SWITCH"), ("L2", "", "NO_ROUTE")] {
        let router = Router::live(near(Kind::Anthropic, "claude-sonnet-4-5", &fake.url(), class, off)).unwrap();
        assert_eq!(code(&setting.simply(&router).await), expected);
    }
    assert_eq!(fake.seen(), []);
}

#[tokio::test]
async fn a_count_that_hangs_can_be_cancelled() {
    let fake = provider(Kind::Anthropic, Reply { status: 0, headers: Vec::new(), steps: vec![Step::Hang] }).await;
    let router = Router::live(near(Kind::Anthropic, "claude-sonnet-4-5", &fake.url(), "L1", "")).unwrap();
    let (setting, cancel) = (estimated(8_900), CancellationToken::new());
    let stop = async {
        fake.asked(1).await;
        cancel.cancel();
        tokio::time::Instant::now()
    };
    let ((done, _), at) = tokio::join!(setting.call(&router, true, &cancel), stop);
    assert_eq!((done.result, done.audit.tries), (Err(Failure::Cancelled), vec![]));
    let hung_up = tokio::time::timeout(Duration::from_secs(2), fake.hung_up()).await.unwrap().unwrap();
    assert!(hung_up - at < Duration::from_millis(250), "it was closed after {:?}", hung_up - at);
}

#[tokio::test]
async fn a_recording_keeps_counts_and_a_replay_without_them_goes_by_the_estimate() {
    let folder = tempfile::tempdir().unwrap();
    let fake = provider(Kind::Anthropic, told(CAP)).await;
    let table = |url: &str| near(Kind::Anthropic, "claude-sonnet-4-5", url, "L1", "");
    let (above, below) = (estimated(10_500), estimated(8_900));
    let recording = Router::recording(table(&fake.url()), folder.path()).unwrap();
    assert_eq!([code(&above.simply(&recording).await), code(&below.simply(&recording).await)], ["OK", "OK"]);
    drop(fake);
    let replayed = async || {
        let router = Router::replaying(table("http://127.0.0.1:9"), folder.path()).unwrap();
        [code(&above.simply(&router).await), code(&below.simply(&router).await)]
    };
    assert_eq!(replayed().await, ["OK", "OK"]);
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if std::fs::read_to_string(&path).unwrap().contains("/v1/messages/count_tokens") {
            std::fs::remove_file(path).unwrap();
        }
    }
    assert_eq!(replayed().await, ["CONTEXT_CAP", "OK"]);
}

#[tokio::test]
async fn what_is_counted_is_the_prompt_as_it_would_be_sent() {
    for (kind, model) in COUNTING {
        let fake = provider(kind, told(CAP)).await;
        let router = Router::live(near(kind, model, &fake.url(), "L1", "")).unwrap();
        let mut setting = estimated(8_900);
        "Rules.".clone_into(&mut setting.prompt.system);
        setting.simply(&router).await;
        let [counted, sent] = fake.seen().try_into().unwrap();
        let counted = if kind == Kind::Gemini { counted.body["generateContentRequest"].clone() } else { counted.body };
        for part in ["system", "messages", "systemInstruction", "contents"] {
            assert_eq!(counted.get(part), sent.body.get(part), "{kind:?} {part}");
        }
        assert_eq!(counted["model"], if kind == Kind::Gemini { format!("models/{model}") } else { model.to_owned() });
    }
}
