use super::*;

/// A server that closes each connection after its answer and does not announce it, as `llama-server` does.
#[test]
fn a_request_has_a_connection_of_its_own_so_that_none_is_lost_in_one_that_is_being_closed() {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, mut asked) = (stream.unwrap(), Vec::new());
            while !asked.ends_with(b"}") {
                let mut buffer = [0; 8 << 10];
                let read = stream.read(&mut buffer).unwrap();
                asked.extend_from_slice(&buffer[..read]);
            }
            let body = whole(Kind::Openai, &["done"]).concat();
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
            stream.write_all((head + &body).as_bytes()).unwrap();
            // Another request on the same connection is dropped.
            let _ = stream.read(&mut [0; 64]);
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let router = Router::live(one(Kind::Openai, "gpt-5", url)).unwrap();
    let setting = Setting::new();
    for _ in 0..3 {
        let done = runtime.block_on(setting.simply(&router));
        assert_eq!((code(&done), done.audit.tries.len()), ("OK", 1));
    }
}

/// Two providers, the first of which answers so.
async fn pair(first: Vec<Reply>, live: bool) -> (Done, Vec<String>, [usize; 2]) {
    let one = Fake::start(first).await.unwrap();
    let two = Fake::start(vec![Reply::stream(&whole(Kind::Openai, &["second"]))]).await.unwrap();
    let servers = [("one", Kind::Anthropic, "claude-sonnet-4-5", one.url()), ("two", Kind::Openai, "gpt-5", two.url())];
    let router = Router::live(table("L1", &servers)).unwrap();
    let (done, heard) = Setting::new().call(&router, live, &CancellationToken::new()).await;
    (done, heard, [one.seen().len(), two.seen().len()])
}

fn text(done: &Done) -> Option<&str> {
    done.result.as_ref().ok().map(|answer| answer.text.as_str())
}

#[tokio::test(start_paused = true)]
async fn an_overloaded_provider_is_tried_again_and_then_another() {
    let overloaded = Reply::refusal(529, r#"{"type":"error","error":{"type":"overloaded_error"}}"#);
    let (done, heard, asked) = pair(vec![overloaded; 3], true).await;
    assert_eq!((text(&done), asked), (Some("second"), [3, 1]));
    let number = |line: &String| line.strip_prefix("pause ")?.strip_suffix(" ms")?.parse::<u64>().ok();
    let pauses: Vec<u64> = heard.iter().filter_map(number).collect();
    let [first, second] = pauses[..] else { panic!("{pauses:?}") };
    assert!((250..=500).contains(&first) && (500..=1000).contains(&second), "{pauses:?}");
    let outcomes: Vec<&str> = done.audit.tries.iter().map(|tried| tried.outcome.as_str()).collect();
    assert_eq!(outcomes, ["OVERLOADED", "OVERLOADED", "OVERLOADED", "OK"]);
    // What was refused cost nothing.
    assert_eq!(done.audit.cost.unwrap().to_string(), "$0.001059");
    assert_eq!(done.audit.route.unwrap().0, "two/gpt-5");
}

#[tokio::test(start_paused = true)]
async fn a_provider_is_left_alone_as_long_as_it_wants_or_passed_over() {
    let after = |seconds| Reply::refusal(429, "{}").with_header("retry-after", seconds);
    let answer = Reply::stream(&whole(Kind::Anthropic, &["first"]));
    let (done, heard, asked) = pair(vec![after("7"), answer], true).await;
    assert_eq!((text(&done), asked), (Some("first"), [2, 0]));
    assert_eq!(heard[1], "pause 7000 ms");
    let (done, _, asked) = pair(vec![after("61")], true).await;
    assert_eq!((text(&done), asked), (Some("second"), [1, 1]));
}

#[test]
fn pauses_are_scattered_over_the_second_half_of_the_longest() {
    let pauses: Vec<Duration> = (0..1_000).map(|_| scattered(FIRST_PAUSE)).collect();
    let (least, most) = (pauses.iter().min().unwrap(), pauses.iter().max().unwrap());
    assert!(FIRST_PAUSE / 2 <= *least && *most <= FIRST_PAUSE, "{least:?} to {most:?}");
    // A thousand draws that all miss a fifth of the range at one end are no draws.
    assert!(*least < FIRST_PAUSE * 6 / 10 && *most > FIRST_PAUSE * 9 / 10, "{least:?} to {most:?}");
}

#[tokio::test(start_paused = true)]
async fn a_failure_within_a_stream_is_one_and_before_the_first_word_another_provider_answers() {
    let head = &whole(Kind::Anthropic, &["x"])[..3];
    let failing = Reply::stream(&[head, &[frames::anthropic_overloaded()]].concat());
    let (done, _, asked) = pair(vec![failing; 3], true).await;
    assert_eq!((text(&done), asked, done.audit.tries[0].outcome.as_str()), (Some("second"), [3, 1], "OVERLOADED"));
}

#[tokio::test(start_paused = true)]
async fn after_the_first_word_nobody_else_answers_a_live_call() {
    let begun = &whole(Kind::Anthropic, &["first ", "word"])[..4];
    let failing = || Reply::stream(begun).then(Step::Tear);
    let (done, heard, asked) = pair(vec![failing()], true).await;
    assert!(matches!(done.result, Err(Failure::Wire { begun: true, .. })), "{done:?}");
    assert_eq!((heard[1].as_str(), asked), ("first ", [1, 0]));
    let (done, heard, asked) = pair(vec![failing(), failing(), failing()], false).await;
    assert_eq!((text(&done), asked, heard.contains(&"first ".to_owned())), (Some("second"), [3, 1], false));
}

#[tokio::test]
async fn a_wrong_key_is_not_tried_again() {
    let refused = Reply::refusal(401, r#"{"error":{"type":"authentication_error","message":"sk-secret-1234"}}"#);
    let fake = Fake::start(vec![refused]).await.unwrap();
    let router = Router::live(one(Kind::Anthropic, "claude-sonnet-4-5", fake.url())).unwrap();
    let done = Setting::new().simply(&router).await;
    assert_eq!((code(&done), fake.seen().len()), ("KEY_REFUSED", 1));
    assert!(!format!("{done:?}").contains("sk-secret"));
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_failed_five_times_is_left_alone_and_tried_once_later() {
    let failing = vec![Reply::refusal(500, "{}"); 5];
    let mut replies = failing;
    replies.push(Reply::stream(&whole(Kind::Openai, &["back"])));
    let fake = Fake::start(replies).await.unwrap();
    let router = Router::live(one(Kind::Openai, "gpt-5", fake.url())).unwrap();
    let setting = Setting::new();
    let codes = [code(&setting.simply(&router).await), code(&setting.simply(&router).await)];
    assert_eq!((codes, fake.seen().len()), (["OVERLOADED", "OVERLOADED"], 5));
    let down = setting.simply(&router).await;
    assert!(matches!(down.result, Err(Failure::Refused(Refusal::ProvidersDown { .. }))), "{down:?}");
    tokio::time::advance(Duration::from_secs(30)).await;
    assert_eq!((code(&setting.simply(&router).await), fake.seen().len()), ("OK", 6));
}

#[tokio::test(start_paused = true)]
async fn a_silent_provider_is_given_up() {
    let head = &whole(Kind::Openai, &["x"])[..1];
    let fake = Fake::start(vec![Reply::stream(head).then(Step::Hang); 3]).await.unwrap();
    let router = Router::live(one(Kind::Openai, "gpt-5", fake.url())).unwrap();
    let done = Setting::new().simply(&router).await;
    assert_eq!((code(&done), done.audit.tries.len()), ("SILENCE", 3));
}

#[tokio::test]
async fn a_call_that_could_pass_the_cap_is_not_sent() {
    let fake = Fake::start(Vec::new()).await.unwrap();
    let router = Router::live(one(Kind::Anthropic, "claude-sonnet-4-5", fake.url())).unwrap();
    let mut setting = Setting::new();
    setting.session = Session::new(Some(Cost::from_microdollars(10_000)), Cost::ZERO);
    let done = setting.simply(&router).await;
    assert_eq!((code(&done), fake.seen().len(), setting.session.spent()), ("COST_CAP", 0, Cost::ZERO));
}

#[tokio::test]
async fn what_was_spent_is_what_the_tries_cost() {
    let fake = Fake::start(vec![Reply::stream(&whole(Kind::Anthropic, &["x"]))]).await.unwrap();
    let router = Router::live(one(Kind::Anthropic, "claude-sonnet-4-5", fake.url())).unwrap();
    let setting = Setting::new();
    let done = setting.simply(&router).await;
    assert_eq!(
        (setting.session.spent().to_string(), done.audit.cost),
        ("$0.002838".to_owned(), Some(setting.session.spent()))
    );
}

#[tokio::test(start_paused = true)]
async fn a_switch_that_is_thrown_during_a_call_stops_its_next_request() {
    let fake = Fake::start(vec![Reply::refusal(503, "{}"); 3]).await.unwrap();
    let router = Router::live(one(Kind::Openai, "gpt-5", fake.url())).unwrap();
    let setting = Setting::new();
    let cancel = CancellationToken::new();
    let thrown = async {
        fake.asked(1).await;
        router.switch(Off { all: true, ..Off::default() });
    };
    let ((done, _), ()) = tokio::join!(setting.call(&router, false, &cancel), thrown);
    assert_eq!((code(&done), fake.seen().len()), ("KILL_SWITCH", 1));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_not_there_costs_nothing_over_tls_either() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let router = Router::live(one(Kind::Openai, "gpt-5", format!("https://{closed}"))).unwrap();
    let setting = Setting::new();
    let done = setting.simply(&router).await;
    assert_eq!((code(&done), done.audit.cost, setting.session.spent()), ("CONNECTION", Some(Cost::ZERO), Cost::ZERO));
}
