use super::*;
use tokio::time::Instant;

/// Cancels when the provider has been asked and `wait` has passed; gives the end and how long the provider worked on.
async fn cancelled(kind: Kind, model: &str, path: &str, reply: Reply) -> (Done, Duration) {
    let fake = Fake::start(vec![reply.then(Step::Hang)]).await.unwrap();
    let router = Router::live(one(kind, model, fake.url() + path)).unwrap();
    let (setting, cancel) = (Setting::new(), CancellationToken::new());
    let stop = async {
        fake.asked(1).await;
        // The frames that were sent are read before the call is given up.
        tokio::time::sleep(Duration::from_millis(60)).await;
        cancel.cancel();
        Instant::now()
    };
    let ((done, _), at) = tokio::join!(setting.call(&router, true, &cancel), stop);
    let hung_up = tokio::time::timeout(Duration::from_secs(2), fake.hung_up()).await.unwrap().unwrap();
    (done, hung_up - at)
}

#[tokio::test]
async fn a_call_is_cancelled_before_the_head_before_the_first_word_and_between_words() {
    for (kind, model, path) in FORMS {
        let frames = whole(kind, &["one ", "two ", "three"]);
        let silent = Reply { status: 0, headers: Vec::new(), steps: Vec::new() };
        for reply in [silent, Reply::stream(&[]), Reply::stream(&frames[..frames.len() - 1])] {
            let (done, worked) = cancelled(kind, model, path, reply).await;
            assert_eq!(done.result, Err(Failure::Cancelled));
            assert!(worked < Duration::from_millis(250), "{kind:?} was closed after {worked:?}");
        }
    }
}

#[tokio::test]
async fn what_a_cancelled_call_used_is_read_from_its_first_frame() {
    let frames = whole(Kind::Anthropic, &["a word or two "]);
    let (done, _) = cancelled(Kind::Anthropic, "claude-sonnet-4-5", "", Reply::stream(&frames[..4])).await;
    let used = done.audit.tokens;
    assert_eq!((used.input, used.cache_write, used.cache_write_hour, used.cache_read), (11, 100, 200, 2000));
    assert_eq!((used.output, done.audit.estimated), (5, true));
    assert_eq!(done.audit.cost.unwrap().to_string(), "$0.002283");
}

#[tokio::test]
async fn a_cancelled_call_of_which_nothing_is_known_stays_counted_at_its_worst() {
    let (done, _) = cancelled(Kind::Openai, "gpt-5", "/v1", Reply::stream(&[])).await;
    let tried = &done.audit.tries[0];
    assert_eq!((tried.cost, tried.outcome.as_str()), (tried.worst_case, "CANCELLED"));
}

#[tokio::test]
async fn a_waiting_call_is_cancelled_in_its_pause() {
    let fake = Fake::start(vec![Reply::refusal(429, "{}").with_header("retry-after", "30")]).await.unwrap();
    let router = Router::live(one(Kind::Openai, "gpt-5", fake.url())).unwrap();
    let cancel = CancellationToken::new();
    let stop = async {
        fake.asked(1).await;
        tokio::time::sleep(Duration::from_millis(60)).await;
        cancel.cancel();
    };
    let setting = Setting::new();
    let ((done, heard), ()) = tokio::join!(setting.call(&router, false, &cancel), stop);
    assert_eq!(done.result, Err(Failure::Cancelled));
    assert_eq!(heard.last().unwrap(), "pause 30000 ms");
}

#[tokio::test]
async fn a_fourth_call_of_the_first_class_waits_for_a_place() {
    let whole = whole(Kind::Openai, &["x"]);
    let mut replies = vec![Reply::stream(&[]).then(Step::Hang); 3];
    replies.push(Reply::stream(&whole));
    let fake = Fake::start(replies).await.unwrap();
    let router = Router::live(one(Kind::Openai, "gpt-5", fake.url())).unwrap();
    let (setting, cancel, free) = (Setting::new(), CancellationToken::new(), CancellationToken::new());
    let three = async {
        tokio::join!(
            setting.call(&router, false, &cancel),
            setting.call(&router, false, &cancel),
            setting.call(&router, false, &cancel)
        )
    };
    let fourth = async {
        fake.asked(3).await;
        setting.call(&router, false, &free).await.0
    };
    let stop = async {
        fake.asked(3).await;
        tokio::time::sleep(Duration::from_millis(60)).await;
        let before = fake.seen().len();
        cancel.cancel();
        before
    };
    let (_, fourth, before) = tokio::join!(three, fourth, stop);
    assert_eq!((before, code(&fourth), fake.seen().len()), (3, "OK", 4));
}

/// A runtime of one thread stands still between two calls.
#[test]
fn the_connection_is_closed_when_the_call_returns_whether_or_not_the_runtime_goes_on() {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (asked, was_asked) = std::sync::mpsc::channel();
    let (closed, was_closed) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut buffer = [0; 8 << 10];
        assert!(stream.read(&mut buffer).unwrap() > 0);
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n: begun\n\n").unwrap();
        asked.send(()).unwrap();
        while stream.read(&mut buffer).is_ok_and(|read| read > 0) {}
        closed.send(()).unwrap();
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let router = Router::live(one(Kind::Openai, "gpt-5", url)).unwrap();
    let (setting, cancel) = (Setting::new(), CancellationToken::new());
    let stop = cancel.clone();
    std::thread::spawn(move || {
        was_asked.recv().unwrap();
        std::thread::sleep(Duration::from_millis(60));
        stop.cancel();
    });
    let (done, _) = runtime.block_on(setting.call(&router, false, &cancel));
    assert_eq!(done.result, Err(Failure::Cancelled));
    assert_eq!(was_closed.recv_timeout(Duration::from_millis(250)), Ok(()));
}
