//! The whole story with the real binaries: an account, a machine that is signed in, a job that the server drives and this
//! machine carries out, its delivery applied and taken back; then a job whose code a scripted model mends, and servers that are
//! killed in mid-job. The patch is always that of a job without a server. In the end nothing of it lies in the clear anywhere.

mod kills;
mod leaks;
mod server;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use iama_model::fake::{Background, Fake};
use serde_json::{Value, json};

use self::server::Dev;
use crate::model_jobs::expert::PREFACE as ANSWER;
use crate::model_jobs::kill::slowly;
use crate::model_jobs::{Bench, expert, table};
use crate::packages::{self, Package};
use crate::tools::{command, debug_binary, run as start};

/// What is migrated.
#[derive(Args)]
pub(crate) struct Options {
    /// One of the listed packages
    #[arg(default_value = "iso8601")]
    package: String,
    /// Points of a job at which the server is killed
    #[arg(long, default_value_t = 50)]
    kills: u32,
}

impl Options {
    /// A reduction of the whole.
    pub(crate) fn for_ci() -> Self {
        Self { package: "iso8601".to_owned(), kills: 3 }
    }
}

const EMAIL: &str = "ada@example.org";
const PASSWORD: &str = "correct horse battery";

/// What a job by recipes is asked for, and one by models.
const RECIPES: [&str; 1] = ["--no-models"];
const MODELS: [&str; 1] = ["--no-recipes"];

/// Plays it, and says each step.
pub(crate) fn run(options: &Options) -> Result<()> {
    crate::setup::bubblewrap()?;
    let iama = debug_binary("iama-cli", "iama")?;
    let bench = Bench::new(&iama, packages::named(&options.package)?)?;
    let wanted = bench.wanted.clone();
    let provider = Fake::in_background(move |seen| {
        let text = expert::mend(seen, &wanted, &BTreeSet::new()).unwrap_or_default();
        slowly(&text)
    })?;
    let work = tempfile::Builder::new().prefix("iama-story-").tempdir_in("/tmp")?;
    let table = table(&provider, &["L1"]);
    let server = Dev::start(work.path().join("data"), &table)?;
    let package = packages::named(&options.package)?;
    let (settings, folder) = (work.path().join("settings"), work.path().to_owned());
    let mut story = Story { server, iama, settings, folder, package, table, lines: RefCell::default() };
    let token = story.account()?;
    story.sign_in(&token)?;
    println!("an account, and this machine signed in by a code");
    let administrator = story.server.administrator()?;
    story.server.name_key(&administrator)?;
    let jobs = [story.by_recipes(&token)?, story.by_models(&token, &provider)?];
    story.killed(&provider, &administrator, options.kills)?;
    story.leaks(&provider, &jobs)?;
    println!("{}", story.server.check()?);
    Ok(())
}

struct Story {
    server: Dev,
    iama: PathBuf,
    /// Where iama keeps its sign-in.
    settings: PathBuf,
    /// Where projects are put.
    folder: PathBuf,
    package: &'static Package,
    /// The models that jobs of this machine's own call: those of the server.
    table: String,
    /// What the machine has shown its user and told the server.
    lines: RefCell<Vec<String>>,
}

/// An event of a stream: number, name, and what it says.
type Event = (u64, String, Value);

/// A job that was delivered.
struct Delivered {
    id: String,
    patch: Vec<u8>,
}

impl Story {
    /// A fresh copy of the package.
    fn project(&self, name: &str) -> Result<PathBuf> {
        let project = self.folder.join(name);
        self.package.copy_to(&project)?;
        Ok(project)
    }

    fn by_recipes(&self, token: &str) -> Result<(PathBuf, Delivered)> {
        let (alone, project) = (self.project("alone")?, self.project("recipes")?);
        let before = tree(&project)?;
        let local = self.job(&alone, &RECIPES)?;
        let url = self.server.url();
        let job = self.job(&project, &[&RECIPES[..], &["--server", &url]].concat())?;
        ensure!(local.patch == job.patch, "the patch is not that of a job without a server");
        ensure!(tree(&project)? == before, "the project changed before anything was applied");
        println!("job {}: DELIVERED, {} bytes of patch, those of a job without a server", job.id, job.patch.len());
        self.look(token, &job)?;
        self.say(&project, &["apply", &job.id])?;
        let after = tree(&project)?;
        let delivered = tree(&project.join(".iama/jobs").join(&job.id).join("work"))?;
        let differs = |(path, text): &(&String, &Vec<u8>)| before.get(*path) != Some(text);
        let changed: Vec<&String> = after.iter().filter(differs).map(|(path, _)| path).collect();
        ensure!(!changed.is_empty(), "nothing was applied");
        for path in &changed {
            ensure!(delivered.get(*path) == after.get(*path), "{path} is not what was tested");
        }
        self.say(&project, &["revert", &job.id])?;
        ensure!(tree(&project)? == before, "what was taken back is not what was there before");
        let place = self.ask(token, &format!("/api/v1/jobs/{}", job.id))?["place"].clone();
        ensure!(place == "DELIVERED.reverted", "the server says {place}");
        println!("applied ({} files) and taken back; the server knows", changed.len());
        Ok((project, job))
    }

    fn by_models(&self, token: &str, provider: &Background) -> Result<(PathBuf, Delivered)> {
        let (alone, project) = (self.project("alone")?, self.project("models")?);
        let local = self.job(&alone, &MODELS)?;
        let asked = provider.seen().len();
        let url = self.server.url();
        let job = self.job(&project, &[&MODELS[..], &["--server", &url]].concat())?;
        ensure!(local.patch == job.patch, "the patch is not that of a job without a server");
        let calls = provider.seen().len() - asked;
        ensure!(calls == asked && calls > 0, "{calls} calls for the server, and {asked} without it");
        let usage = self.ask(token, &format!("/api/v1/usage/job/{}", job.id))?;
        println!(
            "job {}: DELIVERED by a model, {calls} calls, the patch that of a job without a server; {usage}",
            job.id
        );
        let keys = provider.seen().iter().filter_map(|seen| seen.header("authorization").map(str::to_owned)).count();
        ensure!(keys == calls, "the provider was shown a key {keys} times");
        Ok((project, job))
    }

    /// An account that may start jobs. Gives an access token.
    fn account(&self) -> Result<String> {
        let body = json!({ "email": EMAIL, "password": PASSWORD, "consent": true, "client": "story" });
        self.server.tokens(&self.server.ask("POST", "/api/v1/auth/register", None, Some(&body))?)?;
        let token = self.token()?;
        self.server.ask("POST", "/api/v1/me/disclosure", Some(&token), None)?;
        Ok(token)
    }

    /// A fresh access token.
    fn token(&self) -> Result<String> {
        self.server.sign_in(EMAIL, PASSWORD, "story")
    }

    fn ask(&self, token: &str, path: &str) -> Result<Value> {
        Ok(serde_json::from_str(&self.server.ask("GET", path, Some(token), None)?)?)
    }

    fn iama(&self, arguments: &[&str]) -> Command {
        let mut iama = command(&self.iama.display().to_string(), arguments);
        iama.env("XDG_CONFIG_HOME", &self.settings);
        iama
    }

    fn say(&self, project: &Path, arguments: &[&str]) -> Result<()> {
        start(self.iama(arguments).arg("--root").arg(project).stdout(Stdio::null()))
    }

    /// `iama login`, whose code the person types elsewhere.
    fn sign_in(&self, token: &str) -> Result<()> {
        let mut login = self.iama(&["login", "--accept-disclosure", "--server", &self.server.url()]);
        let mut waiting = login.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let mut told = BufReader::new(waiting.stderr.take().context("iama says nothing")?).lines();
        let code = told.find_map(|line| line.ok()?.split_once("user_code=").map(|(_, code)| code.trim().to_owned()));
        let code = code.context("iama login shows no code")?;
        self.server.keep("code to sign in", &code);
        let path = format!("/api/v1/auth/device/{code}");
        self.server.ask("POST", &path, Some(token), Some(&json!({ "approve": true })))?;
        let rest: Vec<String> = told.map_while(Result::ok).collect();
        let done = waiting.wait_with_output()?;
        let said = String::from_utf8_lossy(&done.stdout);
        ensure!(done.status.success() && said.contains(EMAIL), "iama login failed: {}", rest.join("\n"));
        let kept: Value = serde_json::from_slice(&fs::read(self.settings.join("iama/accounts.json"))?)?;
        let account = kept.as_object().and_then(|kept| kept.values().next()).context("iama keeps no account")?;
        self.server.tokens(&account.to_string()).map(drop)
    }

    fn refactor(&self, project: &Path, more: &[&str]) -> Command {
        let mut refactor = self.iama(&["refactor", "--yes", "--json"]);
        refactor.env("IAMA_LLM_ROUTE_TABLE", &self.table).args(more).arg(project);
        refactor
    }

    /// `iama refactor` to its end.
    fn job(&self, project: &Path, more: &[&str]) -> Result<Delivered> {
        let done = self.refactor(project, more).output()?;
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        ensure!(done.status.success(), "{said}");
        let result: Value = serde_json::from_slice(&done.stdout).context(said)?;
        delivered(project, &result)
    }

    /// What the server says of the job: its detail, and its stream from the first event on and from the middle.
    fn look(&self, token: &str, job: &Delivered) -> Result<()> {
        let detail = self.ask(token, &format!("/api/v1/jobs/{}", job.id))?;
        ensure!(detail["place"] == "DELIVERED.ready", "the server says {}", detail["place"]);
        ensure!(detail["artifact_expires_at"].is_string(), "nothing says when artifacts are deleted");
        let all = self.stream(token, &job.id, 0)?;
        let ids: Vec<u64> = all.iter().map(|(id, ..)| *id).collect();
        ensure!(ids == (1..=ids.len() as u64).collect::<Vec<_>>(), "the stream has gaps: {ids:?}");
        let half = ids.len() as u64 / 2;
        ensure!(self.stream(token, &job.id, half)? == all[ids.len() / 2..], "the stream goes on otherwise than it was");
        for name in ["state_change", "execution_request", "artifact_ready"] {
            ensure!(all.iter().any(|(_, event, _)| event == name), "the stream has no {name}");
        }
        let lines = all.iter().filter(|(_, event, _)| event == "log_line");
        let lines: Vec<String> = lines.filter_map(|(.., data)| Some(data["text"].as_str()?.to_owned())).collect();
        for begin in ["running the tests on the result", "passed "] {
            ensure!(lines.iter().any(|line| line.starts_with(begin)), "no line says {begin:?}: {lines:?}");
        }
        println!(
            "{} events on the stream, {} lines of the machine among them; the same from the middle on",
            all.len(),
            lines.len()
        );
        self.lines.borrow_mut().extend(lines);
        Ok(())
    }

    /// The events of a job that has ended, after one of them.
    fn stream(&self, token: &str, job: &str, after: u64) -> Result<Vec<Event>> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.server.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        let path = format!("/api/v1/jobs/{job}/logs");
        let head =
            format!("GET {path} HTTP/1.1\r\nhost: story\r\nauthorization: Bearer {token}\r\nlast-event-id: {after}");
        stream.write_all(format!("{head}\r\nconnection: close\r\n\r\n").as_bytes())?;
        let mut text = Vec::new();
        let mut bytes = [0; 16 << 10];
        // The stream stays open; what there is comes at once.
        while let Ok(count) = stream.read(&mut bytes) {
            if count == 0 {
                bail!("the stream ended");
            }
            text.extend_from_slice(&bytes[..count]);
        }
        let text = String::from_utf8(text)?;
        let (mut events, mut id, mut event) = (BTreeMap::new(), None, "");
        for line in text.lines() {
            if let Some(number) = line.strip_prefix("id: ") {
                id = number.parse::<u64>().ok();
            } else if let Some(name) = line.strip_prefix("event: ") {
                event = name;
            } else if let (Some(data), Some(id)) = (line.strip_prefix("data: "), id) {
                events.insert(id, (event.to_owned(), serde_json::from_str(data)?));
            }
        }
        Ok(events.into_iter().map(|(id, (event, data))| (id, event, data)).collect())
    }
}

/// What a job has left in the project.
fn delivered(project: &Path, result: &Value) -> Result<Delivered> {
    let id = result["job"].as_str().context("the result names no job")?.to_owned();
    let patch = fs::read(project.join(".iama/jobs").join(&id).join("patch.json"))?;
    Ok(Delivered { id, patch })
}

/// The files of a folder but IAMA's own, with their text.
fn tree(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next)? {
            let path = entry?.path();
            if path.file_name().is_some_and(|name| name == ".iama") {
                continue;
            }
            if path.is_dir() {
                open.push(path);
            } else {
                files.insert(path.strip_prefix(folder)?.display().to_string(), fs::read(&path)?);
            }
        }
    }
    Ok(files)
}
