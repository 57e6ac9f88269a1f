//! A server of another maker as a process: started on a free port, asked by plain requests, ended with its value.

use std::fmt::Write as _;
use std::fs::{File, create_dir_all};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::tools::{cache, command, works};

/// Looks at something that takes a moment.
pub(crate) const LOOKS: usize = 150;
/// Between two of them.
pub(crate) const BETWEEN: Duration = Duration::from_millis(200);

/// A running server.
pub(crate) struct Server {
    name: &'static str,
    pub(crate) port: u16,
    child: Child,
}

impl Server {
    /// Starts a program with the arguments that are made of a free port, and waits until it answers at `health`. Its words go
    /// to a file in the cache, in the folder of the task.
    pub(crate) fn start(
        name: &'static str,
        task: &str,
        program: &str,
        arguments: impl FnOnce(&str) -> Vec<String>,
        health: &str,
    ) -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let folder = cache().join(task);
        create_dir_all(&folder)?;
        let log = File::create(folder.join(format!("{name}.log")))?;
        let mut serve = leashed(program, &arguments(&port.to_string()));
        serve.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let child = serve.spawn().with_context(|| format!("{program} could not be started"))?;
        let mut server = Self { name, port, child };
        for _ in 0..LOOKS {
            if server.ask("GET", health, None).is_ok() {
                return Ok(server);
            }
            ensure!(server.child.try_wait()?.is_none(), "{name} ended; its words are in {}", folder.display());
            sleep(BETWEEN);
        }
        bail!("{name} does not answer; its words are in {}", folder.display())
    }

    /// The number of its process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Its address, as in `http://127.0.0.1:1234`.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// One request to the server's own interface; what it answers, or an error.
    pub(crate) fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Result<String> {
        self.ask_with(method, path, &[], body)
    }

    /// One request with headers of its own.
    pub(crate) fn ask_with(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<String> {
        ask(self.port, (method, path), headers, body).with_context(|| self.name.to_owned())
    }
}

/// One request, by method and path, to a server on this machine; what it answers, or an error.
pub(crate) fn ask(
    port: u16,
    (method, path): (&str, &str),
    headers: &[(&str, &str)],
    body: Option<&Value>,
) -> Result<String> {
    let body = body.map(Value::to_string).unwrap_or_default();
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n");
    for (name, value) in headers {
        write!(head, "{name}: {value}\r\n")?;
    }
    write!(head, "content-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len())?;
    stream.write_all(format!("{head}{body}").as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").context("the answer has no head")?;
    ensure!(head.starts_with("HTTP/1.1 2"), "{path} was refused: {body}");
    Ok(body.to_owned())
}

/// A command that ends with this program however it ends, where the system can do that.
pub(crate) fn leashed(program: &str, arguments: &[String]) -> Command {
    let arguments = arguments.iter().map(String::as_str);
    if works("setpriv", &["--pdeathsig", "KILL", "true"]) {
        let line: Vec<&str> = ["--pdeathsig", "KILL", "--", program].into_iter().chain(arguments).collect();
        return command("setpriv", &line);
    }
    command(program, &arguments.collect::<Vec<_>>())
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
