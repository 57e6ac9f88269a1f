//! `iama-server dev` that can be killed and started again: on the same port, with the same data.

use std::fs::{File, create_dir_all};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::server::{BETWEEN, LOOKS, ask, leashed};
use crate::tools::{cache, debug_binary, output};

/// A server of ours.
pub(super) struct Dev {
    program: String,
    data: PathBuf,
    table: String,
    pub(super) port: u16,
    child: Option<Child>,
}

impl Dev {
    /// Starts one with a route table, and waits until it is ready.
    pub(super) fn start(data: PathBuf, table: &str) -> Result<Self> {
        let program = debug_binary("iama-server", "iama-server")?.display().to_string();
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut dev = Self { program, data, table: table.to_owned(), port, child: None };
        dev.again()?;
        Ok(dev)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let mut server = leashed(&self.program, &arguments);
        server.env("IAMA_LLM_ROUTE_TABLE", &self.table).arg("--data").arg(&self.data);
        server
    }

    /// Starts it again. What it says goes to a file in the cache.
    pub(super) fn again(&mut self) -> Result<()> {
        let folder = cache().join("story");
        create_dir_all(&folder)?;
        let log = File::options().create(true).append(true).open(folder.join("iama-server.log"))?;
        let mut serve = self.command(&["dev", "--listen", &format!("127.0.0.1:{}", self.port)]);
        serve.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let child = self.child.insert(serve.spawn().context("iama-server could not be started")?);
        for _ in 0..LOOKS {
            if ask(self.port, ("GET", "/ready"), &[], None).is_ok() {
                return Ok(());
            }
            ensure!(child.try_wait()?.is_none(), "iama-server ended; its words are in {}", folder.display());
            sleep(BETWEEN);
        }
        anyhow::bail!("iama-server is not ready; its words are in {}", folder.display())
    }

    /// Ends it without a word.
    pub(super) fn kill(&mut self) -> Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// Its address.
    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// One request.
    pub(super) fn ask(&self, method: &str, path: &str, token: Option<&str>, body: Option<&Value>) -> Result<String> {
        let bearer = token.map(|token| format!("Bearer {token}"));
        let headers: Vec<(&str, &str)> = bearer.iter().map(|bearer| ("authorization", bearer.as_str())).collect();
        let key = [("idempotency-key", path)];
        ask(self.port, (method, path), &[&headers[..], &key[..]].concat(), body)
    }

    /// What the server says of its own books.
    pub(super) fn check(&self) -> Result<String> {
        Ok(output(&mut self.command(&["admin", "check", "--dev"]))?.trim().to_owned())
    }

    /// An administrator who may do everything. Gives a token.
    pub(super) fn administrator(&self) -> Result<String> {
        let email = "root@example.org";
        let said = output(&mut self.command(&["admin", "create", "--dev", "--email", email]))?;
        let password =
            said.split_whitespace().skip_while(|word| *word != "password").nth(1).context("no password came")?;
        let body = serde_json::json!({ "email": email, "password": password });
        let answer: Value = serde_json::from_str(&self.ask("POST", "/api/v1/admin/auth/login", None, Some(&body))?)?;
        answer["token"].as_str().map(str::to_owned).with_context(|| format!("no token came: {answer}"))
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}
