//! `iama-server dev` that can be killed and started again: on the same port, with the same data.

use std::cell::RefCell;
use std::fs::{File, create_dir_all, read_to_string};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::server::{BETWEEN, LOOKS, ask, leashed};
use crate::tools::{cache, debug_binary, output};

/// A server of ours.
pub(super) struct Dev {
    program: String,
    data: PathBuf,
    table: String,
    pub(super) port: u16,
    child: Option<Child>,
    /// The key of the provider of models. The server's environment holds it.
    key: String,
    /// What nobody else may know, by its kind.
    pub(super) secrets: RefCell<Vec<(&'static str, String)>>,
}

/// The variable that holds the key of the provider.
const KEY: &str = "IAMA_STORY_PROVIDER";

/// What the server logs.
pub(super) fn log_file() -> PathBuf {
    cache().join("story/iama-server.log")
}

/// What it prints: the first account, once.
fn out_file() -> PathBuf {
    cache().join("story/iama-server.out")
}

impl Dev {
    /// Starts one with a route table, and waits until it is ready.
    pub(super) fn start(data: PathBuf, table: &str) -> Result<Self> {
        let program = debug_binary("iama-server", "iama-server")?.display().to_string();
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let key = format!("sk-{}", hex::encode(&Sha256::digest(data.display().to_string())[..20]));
        let secrets = RefCell::new(vec![("key", key.clone())]);
        let mut dev = Self { program, data, table: table.to_owned(), port, child: None, key, secrets };
        create_dir_all(cache().join("story"))?;
        File::create(log_file())?;
        File::create(out_file())?;
        dev.again()?;
        let said = read_to_string(out_file())?;
        dev.keep("password", word_after(&said, "password")?);
        Ok(dev)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let mut server = leashed(&self.program, &arguments);
        server.env("IAMA_LLM_ROUTE_TABLE", &self.table).arg("--data").arg(&self.data);
        // All that it can be told to say.
        server.env(KEY, &self.key).env("IAMA_SERVER_LOG__FILTER", "trace");
        server
    }

    /// Where all of its data lies.
    pub(super) fn data(&self) -> &Path {
        &self.data
    }

    /// Remembers what must be found nowhere.
    pub(super) fn keep(&self, kind: &'static str, secret: &str) {
        self.secrets.borrow_mut().push((kind, secret.to_owned()));
    }

    /// Signs a person in. Gives an access token; they last a quarter of an hour.
    pub(super) fn sign_in(&self, email: &str, password: &str, client: &str) -> Result<String> {
        let body = json!({ "email": email, "password": password, "client": client });
        self.keep("password", password);
        self.tokens(&self.ask("POST", "/api/v1/auth/login", None, Some(&body))?)
    }

    /// The access token of a pair.
    pub(super) fn tokens(&self, answer: &str) -> Result<String> {
        let pair: Value = serde_json::from_str(answer)?;
        let token = |name: &str| pair[name].as_str().with_context(|| format!("no {name} came"));
        let access = token("access_token")?;
        self.keep("token", access);
        // What makes it good; the rest are names.
        self.keep("token", access.rsplit('.').next().unwrap_or(access));
        self.keep("token", token("refresh_token")?);
        Ok(access.to_owned())
    }

    /// Starts it again. What it says goes to files in the cache.
    pub(super) fn again(&mut self) -> Result<()> {
        let folder = cache().join("story");
        let append = |file| File::options().create(true).append(true).open(file);
        let (out, log) = (append(out_file())?, append(log_file())?);
        let mut serve = self.command(&["dev", "--listen", &format!("127.0.0.1:{}", self.port)]);
        serve.stdin(Stdio::null()).stdout(out).stderr(log);
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
        let password = word_after(&said, "password")?;
        self.keep("password", password);
        let body = json!({ "email": email, "password": password });
        let answer: Value = serde_json::from_str(&self.ask("POST", "/api/v1/admin/auth/login", None, Some(&body))?)?;
        let token = answer["token"].as_str().with_context(|| format!("no token came: {answer}"))?;
        self.keep("token", token);
        Ok(token.to_owned())
    }

    /// Tells the server where the key of the provider lies.
    pub(super) fn name_key(&self, administrator: &str) -> Result<()> {
        let body = json!({ "value": format!("env:{KEY}"), "version": 0 });
        let path = "/api/v1/admin/config/model.here.api_key_ref";
        self.ask("PUT", path, Some(administrator), Some(&body)).map(drop)
    }
}

/// The word that follows another.
fn word_after<'t>(text: &'t str, word: &str) -> Result<&'t str> {
    text.split_whitespace().skip_while(|next| *next != word).nth(1).with_context(|| format!("no {word} came"))
}

impl Drop for Dev {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}
