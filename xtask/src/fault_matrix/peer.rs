//! The mock provider as a process: started on a free port, told what to break, asked for its verdict, ended.

use std::collections::BTreeSet;
use std::fs::{File, create_dir_all};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::tools::{cache, command, environment};

const VERSION: &str = "0.2.2";
/// Looks at something that takes a moment.
const LOOKS: usize = 150;
const BETWEEN: Duration = Duration::from_millis(200);

/// A running server; it ends with this value.
pub(super) struct Peer {
    port: u16,
    program: PathBuf,
    child: Child,
}

/// What it thinks of its client.
#[derive(Debug, Deserialize)]
pub(super) struct Verdict {
    pub(super) attempts: usize,
    pub(super) faults_injected: usize,
    findings: Vec<Finding>,
}

#[derive(Debug, Deserialize)]
struct Finding {
    code: String,
    #[expect(dead_code, reason = "shown when the report does not pass")]
    title: String,
    #[expect(dead_code, reason = "shown when the report does not pass")]
    path: String,
}

impl Verdict {
    /// The codes of the warnings, each once.
    pub(super) fn warnings(&self) -> BTreeSet<&str> {
        self.findings.iter().map(|finding| finding.code.as_str()).collect()
    }
}

impl Peer {
    pub(super) fn start() -> Result<Self> {
        let program = environment("llmock", VERSION)?.join("llmock");
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let folder = cache().join("fault-matrix");
        create_dir_all(&folder)?;
        let log = File::create(folder.join("llmock.log"))?;
        let line = ["serve", "--port", &port.to_string(), "--log-level", "warning"];
        let mut serve = command(&program.display().to_string(), &line);
        serve.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let child = serve.spawn().with_context(|| format!("{} could not be started", program.display()))?;
        let peer = Self { port, program, child };
        for _ in 0..LOOKS {
            if peer.ask("GET", "/health", None).is_ok() {
                return Ok(peer);
            }
            sleep(BETWEEN);
        }
        bail!("llmock does not answer; its words are in {}", folder.display())
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Forgets everything and takes new orders.
    pub(super) fn script(&self, behaviors: &[Value]) -> Result<()> {
        self.ask("POST", "/_llmock/reset", None)?;
        self.ask("POST", "/_llmock/scenario", Some(&json!({"behaviors": behaviors})))?;
        Ok(())
    }

    /// `llmock report`: an error unless it passes. It is asked when all `requests` are over, whoever gave them up.
    pub(super) fn report(&self, requests: usize) -> Result<Verdict> {
        self.over(requests)?;
        let (program, url) = (self.program.display().to_string(), self.url());
        let told = command(&program, &["report", "--url", &url, "--json"]).output()?;
        let verdict: Verdict = serde_json::from_slice(&told.stdout).context("llmock report printed no verdict")?;
        ensure!(told.status.success(), "llmock report does not pass: {:#?}", verdict.findings);
        Ok(verdict)
    }

    fn over(&self, requests: usize) -> Result<()> {
        let mut count = 0;
        for _ in 0..LOOKS {
            let seen: Value = serde_json::from_str(&self.ask("GET", "/_llmock/requests", None)?)?;
            count = seen["requests"].as_array().map_or(0, Vec::len);
            if count >= requests {
                break;
            }
            sleep(BETWEEN);
        }
        ensure!(count == requests, "llmock saw {count} requests, and the router tells of {requests}");
        Ok(())
    }

    /// One request to the server's own interface; what it answers, or an error.
    fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Result<String> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        let length = body.len();
        let head = format!("{method} {path} HTTP/1.1\r\nhost: llmock\r\nconnection: close\r\ncontent-length: {length}");
        stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").context("llmock's answer has no end of its head")?;
        ensure!(head.starts_with("HTTP/1.1 2"), "llmock refused {path}: {body}");
        Ok(body.to_owned())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
