//! One trace from the request of a machine to the provider of the model, as a collector gets it; and metrics of the same call.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

use iama_model::fake::{Background, Fake, Reply, frames};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use serde_json::{Value, json};

use crate::dev::Server;
use crate::models::{KEY, eventually, login, table, wants};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

/// A collector of traces in this process.
struct Collector {
    url: String,
    bodies: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Collector {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let bodies = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&bodies);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let body = take(stream.unwrap());
                kept.lock().unwrap().extend(body);
            }
        });
        Self { url, bodies }
    }

    /// All spans that it was sent.
    fn spans(&self) -> Vec<Span> {
        let bodies = self.bodies.lock().unwrap();
        let requests = bodies.iter().map(|body| ExportTraceServiceRequest::decode(&body[..]).unwrap());
        let scopes = requests.flat_map(|request| request.resource_spans).flat_map(|resource| resource.scope_spans);
        scopes.flat_map(|scope| scope.spans).collect()
    }

    /// Those of a trace.
    fn of(&self, trace: &str) -> Vec<Span> {
        self.spans().into_iter().filter(|span| hex::encode(&span.trace_id) == trace).collect()
    }
}

/// The body of a request with spans, which is accepted.
fn take(mut stream: TcpStream) -> Option<Vec<u8>> {
    let (mut all, mut bytes) = (Vec::new(), [0; 16 << 10]);
    let end = loop {
        let count = stream.read(&mut bytes).ok().filter(|count| *count > 0)?;
        all.extend_from_slice(&bytes[..count]);
        if let Some(end) = all.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let head = String::from_utf8_lossy(&all[..end]).to_lowercase();
    assert!(head.starts_with("post /v1/traces ") && head.contains("application/x-protobuf"), "{head}");
    let length: usize = head.split_once("content-length: ")?.1.lines().next()?.trim().parse().ok()?;
    while all.len() < end + length {
        let count = stream.read(&mut bytes).ok().filter(|count| *count > 0)?;
        all.extend_from_slice(&bytes[..count]);
    }
    let _ = stream.write_all(
        b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
    );
    Some(all.split_off(end))
}

/// A span by its name, with its text attributes.
fn attributes(span: &Span) -> BTreeMap<&str, String> {
    span.attributes.iter().map(|one| (one.key.as_str(), format!("{:?}", one.value))).collect()
}

/// A server that sends its spans to a collector and its calls to a provider.
fn traced(folder: &Path, collector: &Collector, provider: &Background) -> Server {
    let table = table(provider);
    let variables =
        [("IAMA_LLM_ROUTE_TABLE", &*table), ("OPENAI_API_KEY", KEY), ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url)];
    Server::start_with(&folder.join("data"), &variables)
}

#[test]
fn one_trace_goes_from_the_request_to_the_provider_and_its_call_is_counted() {
    let collector = Collector::start();
    let provider = Fake::in_background(|_| Reply::stream(&frames::openai(&["Shops sell."], "stop"))).unwrap();
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    let mut server = traced(folder.path(), &collector, &provider);
    let password = server.read_password();
    let mut machine = login(&server, &password);
    let (job, session) = machine.at_analysis();
    machine.traceparent = Some(format!("00-{TRACE}-{PARENT}-01"));
    machine.reply(&job, &session, &wants());
    eventually(|| provider.seen().pop()).unwrap();
    let answered = || {
        let (_, page) = server.ask("GET /metrics", "");
        page.contains("iama_model_calls_total{").then_some(page)
    };
    let page = eventually(answered).unwrap();
    for line in [
        r#"iama_model_calls_total{class="L1",stage="analysis",outcome="OK"} 1"#,
        r#"iama_model_requests_total{provider="openai",class="L1",stage="analysis",outcome="OK"} 1"#,
        r#"iama_model_call_seconds_count{class="L1",stage="analysis"} 1"#,
        r#"iama_jobs_active{status="ANALYZING"}"#,
        "iama_outbox_waiting 0",
        "iama_sweep_lag_seconds",
        r#"iama_db_connections{state="idle"}"#,
    ] {
        assert!(page.contains(line), "{line} is not in\n{page}");
    }
    for kind in ["input", "output"] {
        let line = format!(r#"iama_model_tokens_total{{provider="openai",class="L1",kind="{kind}"}} "#);
        let count = page.lines().find_map(|found| found.strip_prefix(line.as_str())).unwrap_or_default();
        assert!(count.parse::<u64>().is_ok_and(|count| count > 0), "{line}{count}\n{page}");
    }
    assert!(page.contains("iama_model_cost_microdollars_total{") && !page.contains(&job), "no metric names a job");
    assert_eq!(server.stop(), Some(0), "and sends what it has not sent yet");

    let spans = collector.of(TRACE);
    let one = |name: &str| {
        let named: Vec<&Span> = spans.iter().filter(|span| span.name == name).collect();
        named.into_iter().next().unwrap_or_else(|| panic!("no {name} in {spans:#?}"))
    };
    let (call, asked) = (one("model_call"), one("provider_call"));
    let above = |span: &Span| spans.iter().find(|other| other.span_id == span.parent_span_id);
    assert_eq!(above(asked), Some(call));
    let wanted = above(call).unwrap();
    assert_eq!((wanted.name.as_str(), hex::encode(&wanted.parent_span_id).as_str()), ("request", PARENT));
    assert!(attributes(wanted)["job"].contains(&job) && attributes(wanted)["route"].contains("{job_id}"));
    assert!(attributes(asked)["outcome"].contains("OK") && attributes(call)["job"].contains(&job));
    let all = format!("{:?}", collector.spans());
    for text in ["What is it for?", "Shops sell", KEY, &password, "eyJ"] {
        assert!(!all.contains(text), "{text}");
    }
}

#[test]
fn an_event_is_a_step_of_the_request_or_the_model_call_that_has_put_it() {
    let collector = Collector::start();
    let provider = Fake::in_background(|_| Reply::refusal(401, "{}")).unwrap();
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    let mut server = traced(folder.path(), &collector, &provider);
    let password = server.read_password();
    let mut machine = login(&server, &password);
    machine.traceparent = Some(format!("00-{TRACE}-{PARENT}-01"));
    let (job, session) = machine.at_analysis();
    machine.reply(&job, &session, &wants());
    // Who drives calls asks three times before the job hears that it was in vain.
    let ended = || {
        let seen = machine.ask("GET", &format!("/jobs/{job}"), None, &Value::Null);
        (seen["status"] == "FAILED").then_some(())
    };
    eventually(ended).unwrap();
    assert_eq!(server.stop(), Some(0), "and sends what it has not sent yet");

    let spans = collector.of(TRACE);
    let above = |span: &Span| spans.iter().find(|other| other.span_id == span.parent_span_id);
    let caused = |event: &str| {
        let is = |span: &&Span| span.name == "step" && attributes(span)["event"].contains(&format!("{event:?}"));
        let step = spans.iter().find(is).unwrap_or_else(|| panic!("no step {event} in {spans:#?}"));
        assert!(attributes(step)["job"].contains(&job), "{step:?}");
        above(step).unwrap_or_else(|| panic!("nothing caused {step:?}"))
    };
    for (event, route) in [("START", "/jobs/{job_id}/start"), ("CONTEXT_BUILT", "/{request_id}/result")] {
        let cause = caused(event);
        assert!(cause.name == "request" && attributes(cause)["route"].contains(route), "{event}: {cause:?}");
    }
    let call = caused("INFRA_FAILED");
    assert_eq!(call.name, "model_call");
    let wanted = above(call).unwrap();
    assert!(wanted.name == "request" && attributes(wanted)["route"].contains("/{request_id}/result"), "{wanted:?}");
}

#[test]
fn a_collector_that_is_away_costs_nothing_but_spans() {
    let away = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    let endpoint = format!("http://{away}");
    let variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str())];
    let mut server = Server::start_with(&folder.path().join("data"), &variables);
    let password = server.read_password();
    let machine = login(&server, &password);
    let me: Value = machine.ask("GET", "/me", None, &json!(null));
    assert_eq!(me["email"], "dev@localhost.test");
    assert_eq!(server.stop(), Some(0));
}
