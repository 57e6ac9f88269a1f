//! A provider in this process, driven by a test: it answers with the bytes that it is given, keeps what it was asked, and
//! sees when its client hangs up.

pub mod frames;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// What the provider does, step by step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Sends bytes of the body at once.
    Send(Vec<u8>),
    /// Waits for so long.
    Wait(std::time::Duration),
    /// Waits until the client hangs up.
    Hang,
    /// Breaks the connection in the middle of the body.
    Tear,
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status; 0 sends no head at all.
    pub status: u16,
    /// Headers beside the usual ones.
    pub headers: Vec<(String, String)>,
    /// The body. It ends cleanly after the last step.
    pub steps: Vec<Step>,
}

impl Reply {
    /// A stream of these frames.
    pub fn stream(frames: &[String]) -> Self {
        let steps = frames.iter().map(|frame| Step::Send(frame.clone().into_bytes())).collect();
        Self { status: 200, headers: Vec::new(), steps }
    }

    /// A refusal.
    pub fn refusal(status: u16, body: &str) -> Self {
        Self { status, headers: Vec::new(), steps: vec![Step::Send(body.as_bytes().to_vec())] }
    }

    /// The same with a header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same with another step at its end.
    #[must_use]
    pub fn then(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }
}

/// A request as it arrived.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// The path with its query.
    pub path: String,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Value,
}

impl Seen {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }
}

/// What a provider answers to what it is asked.
type Script = Box<dyn FnMut(&Seen) -> Reply + Send>;

struct Shared {
    script: Mutex<Script>,
    seen: Mutex<Vec<Seen>>,
}

/// The provider. It stops with its value.
pub struct Fake {
    address: SocketAddr,
    shared: Arc<Shared>,
    asked: watch::Receiver<usize>,
    hung_up: watch::Receiver<Option<Instant>>,
    task: JoinHandle<()>,
}

impl Fake {
    /// Starts a provider that gives these answers in order, and 500 afterwards.
    pub async fn start(replies: Vec<Reply>) -> std::io::Result<Self> {
        let mut replies: VecDeque<Reply> = replies.into();
        Self::scripted(move |_| replies.pop_front().unwrap_or_else(|| Reply::refusal(500, "no answer is left"))).await
    }

    /// Starts a provider whose answers hang on what it is asked.
    pub async fn scripted(script: impl FnMut(&Seen) -> Reply + Send + 'static) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared { script: Mutex::new(Box::new(script)), seen: Mutex::default() });
        let (told_asked, asked) = watch::channel(0);
        let (told_hung_up, hung_up) = watch::channel(None);
        let own = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (own, asked, hung_up) = (Arc::clone(&own), told_asked.clone(), told_hung_up.clone());
                tokio::spawn(async move {
                    // A client that hangs up is what some tests are about.
                    let _ = serve(stream, &own, &asked, &hung_up).await;
                });
            }
        });
        Ok(Self { address, shared, asked, hung_up, task })
    }

    /// A scripted provider on a thread of its own, for programs that are no part of this process's runtime. It stops with the
    /// process.
    pub fn in_background(script: impl FnMut(&Seen) -> Reply + Send + 'static) -> std::io::Result<Background> {
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let started = tokio::runtime::Builder::new_current_thread().enable_all().build().and_then(|runtime| {
                let fake = runtime.block_on(Self::scripted(script))?;
                Ok((runtime, fake))
            });
            match started {
                Ok((runtime, fake)) => {
                    let _ = sender.send(Ok(Background { url: fake.url(), shared: Arc::clone(&fake.shared) }));
                    runtime.block_on(std::future::pending::<()>());
                }
                Err(error) => drop(sender.send(Err(error))),
            }
        });
        receiver.recv().map_err(|_| std::io::Error::other("the provider did not start"))?
    }

    /// Its address, as in `http://127.0.0.1:1234`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it was asked so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until it was asked so often.
    pub async fn asked(&self, times: usize) {
        let _ = self.asked.clone().wait_for(|asked| *asked >= times).await;
    }

    /// Waits until a client hung up before its answer was complete, and says when.
    pub async fn hung_up(&self) -> Option<Instant> {
        self.hung_up.clone().wait_for(Option::is_some).await.ok().and_then(|when| *when)
    }
}

/// A provider on a thread of its own.
pub struct Background {
    /// Its address.
    pub url: String,
    shared: Arc<Shared>,
}

impl Background {
    /// What it was asked so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Seen {
    /// All texts of the messages of a chat completion, in order.
    pub fn texts(&self) -> String {
        let messages = self.body["messages"].as_array().into_iter().flatten();
        messages.map(|message| text_of(&message["content"])).collect::<Vec<_>>().join("\n")
    }
}

fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect::<Vec<_>>().join("\n"),
        _ => String::new(),
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    mut stream: TcpStream,
    shared: &Shared,
    asked: &watch::Sender<usize>,
    hung_up: &watch::Sender<Option<Instant>>,
) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    while let Some(seen) = request(&mut stream).await? {
        let reply = (shared.script.lock().unwrap_or_else(PoisonError::into_inner))(&seen);
        shared.seen.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
        asked.send_modify(|asked| *asked += 1);
        if !answer(&mut stream, &reply, hung_up).await? {
            return Ok(());
        }
    }
    Ok(())
}

/// Whether the connection goes on.
async fn answer(
    stream: &mut TcpStream,
    reply: &Reply,
    hung_up: &watch::Sender<Option<Instant>>,
) -> std::io::Result<bool> {
    if reply.status > 0 {
        let mut head = format!("HTTP/1.1 {} x\r\ntransfer-encoding: chunked\r\n", reply.status);
        for (name, value) in &reply.headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        stream.write_all((head + "\r\n").as_bytes()).await?;
    }
    for step in &reply.steps {
        match step {
            Step::Send(bytes) if bytes.is_empty() => {}
            Step::Send(bytes) => {
                stream.write_all(format!("{:x}\r\n", bytes.len()).as_bytes()).await?;
                stream.write_all(bytes).await?;
                stream.write_all(b"\r\n").await?;
                // Each step arrives by itself.
                tokio::task::yield_now().await;
            }
            Step::Wait(time) => tokio::time::sleep(*time).await,
            Step::Hang => {
                while stream.read(&mut [0; 64]).await.is_ok_and(|read| read > 0) {}
                hung_up.send_replace(Some(Instant::now()));
                return Ok(false);
            }
            Step::Tear => return Ok(false),
        }
    }
    stream.write_all(b"0\r\n\r\n").await?;
    Ok(true)
}

/// Reads one request; none at the end of the connection.
async fn request(stream: &mut TcpStream) -> std::io::Result<Option<Seen>> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.lines();
    let path = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap_or_default().to_owned();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, value)| value.parse().ok());
    let mut body = bytes.split_off(end);
    while body.len() < length.unwrap_or(0) {
        if stream.read_buf(&mut body).await? == 0 {
            return Ok(None);
        }
    }
    let body = serde_json::from_slice(&body).unwrap_or_default();
    Ok(Some(Seen { path, headers, body }))
}
