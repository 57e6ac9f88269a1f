//! Running one scenario, closed off like the tests, and looking at it from outside.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use iama_sandbox::{Ended, Launch, Level, Sandbox, printable};
use serde::{Deserialize, Serialize};

use super::content;
use super::normalise::Surroundings;
use super::times::Span;
use super::{Action, Scenario};
use crate::python::environment::Environment;
use crate::python::steps::variables;

/// The program that starts the command inside.
const PROGRAM: &str = include_str!("../../scenario/iama_scenario.py");

/// Bytes of one stream, file or body that are looked at; of more only the hash is known.
const KEEP_BYTES: u64 = 1 << 20;

/// Written files that are looked at.
const KEEP_FILES: u64 = 100;

/// Time that our own program gets besides the scenario's.
const GRACE: Duration = Duration::from_secs(20);

/// Names under which a command may ask for the interpreter of its side.
const NAMES: [&str; 4] = ["python", "python2", "python2.7", "python3"];

/// One side's code and what runs it.
#[derive(Clone, Copy)]
pub struct Bench<'a> {
    /// How runs are closed off.
    pub sandbox: &'a Sandbox,
    /// What runs the code.
    pub environment: &'a Environment,
    /// The copy of the project; a scenario starts here and may write here.
    pub root: &'a Path,
    /// A folder of ours.
    pub scratch: &'a Path,
    /// Folders that look empty to the code.
    pub hidden: &'a [PathBuf],
    /// The time, in seconds since 1970.
    pub clock: &'a dyn Fn() -> i64,
}

/// What was seen of one run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observation {
    /// What shows, by part.
    pub(super) parts: BTreeMap<String, Raw>,
    pub(super) around: Surroundings,
    /// Why it could not be carried out to its end; then it shows nothing.
    pub failure: Option<String>,
    /// Whether it wrote, changed or removed files of the copy, or may have.
    pub wrote: bool,
}

/// A part before anything is normalised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Raw {
    Bytes(Vec<u8>),
    Digest { sha256: String, bytes: u64 },
    Removed,
}

#[derive(Serialize)]
struct Plan<'a> {
    command: Vec<String>,
    root: &'a Path,
    environment: &'a BTreeMap<String, String>,
    stdin: String,
    files: BTreeMap<&'a str, String>,
    seconds: u64,
    ready_seconds: u64,
    keep_bytes: u64,
    keep_files: u64,
    wants_port: bool,
    requests: Vec<Asked<'a>>,
}

#[derive(Serialize)]
struct Asked<'a> {
    method: &'a str,
    path: &'a str,
    headers: Vec<(&'a str, &'a str)>,
    body: String,
}

#[derive(Deserialize)]
struct Seen {
    exit: Option<i32>,
    timed_out: bool,
    stdout: Option<Kept>,
    stderr: Option<Kept>,
    files: Vec<Written>,
    files_changed: u64,
    responses: Vec<Answer>,
    port: Option<u16>,
    failure: Option<String>,
}

#[derive(Deserialize)]
struct Kept {
    bytes: u64,
    base64: Option<String>,
    sha256: Option<String>,
}

#[derive(Deserialize)]
struct Written {
    path: String,
    #[serde(default)]
    removed: bool,
    content: Option<Kept>,
}

#[derive(Deserialize)]
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Kept,
}

impl Kept {
    fn raw(self) -> Raw {
        match self.base64.as_deref().and_then(content::decode) {
            Some(bytes) => Raw::Bytes(bytes),
            None => Raw::Digest { sha256: self.sha256.unwrap_or_default(), bytes: self.bytes },
        }
    }
}

/// Runs a scenario once; the seed decides about the order of sets and dicts. An error of the kind `Other` is the sandbox's own.
pub fn observe(bench: &Bench<'_>, scenario: &Scenario, seed: u32) -> io::Result<Observation> {
    let needs_socket = matches!(scenario.action, Action::Serve { .. });
    if needs_socket && bench.sandbox.probe.level == Level::LandlockSeccomp {
        let why = "a server needs the loopback of a network of its own, which landlock does not give: use bubblewrap or Docker";
        return Ok(Observation { failure: Some(why.to_owned()), ..Observation::default() });
    }
    fs::create_dir_all(bench.scratch)?;
    fs::write(bench.scratch.join("iama_scenario.py"), PROGRAM)?;
    fs::write(bench.scratch.join("scenario.json"), serde_json::to_vec(&plan(bench, scenario))?)?;
    let out = bench.scratch.join("seen.json");
    remove(&out)?;
    // Files that a scenario left in its own temporary folder are no input of the next one.
    let temporary = bench.scratch.join("tmp");
    if temporary.exists() {
        fs::remove_dir_all(&temporary)?;
    }
    let launch = launch(bench, scenario, seed)?;
    let from = (bench.clock)();
    let outcome = bench.sandbox.run(&launch, || ControlFlow::Continue(())).map_err(io::Error::other)?;
    if let Some(refusal) = outcome.refusal() {
        return Err(io::Error::other(refusal.to_owned()));
    }
    let span = Span { from, to: (bench.clock)() };
    let seen = fs::read(&out).ok().and_then(|bytes| serde_json::from_slice::<Seen>(&bytes).ok());
    let Some(seen) = seen else {
        let why = outcome.reason.unwrap_or_else(|| match outcome.ended {
            Ended::TimedOut => "it did not end in time".to_owned(),
            _ => outcome.output.lines().last().unwrap_or("the run ended without a word").trim().to_owned(),
        });
        return Ok(Observation { failure: Some(printable(&why).into_owned()), wrote: true, ..Observation::default() });
    };
    Ok(observation(bench, scenario, seen, span))
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn plan<'a>(bench: &Bench<'a>, scenario: &'a Scenario) -> Plan<'a> {
    let (command, ready_seconds, requests) = match &scenario.action {
        Action::Run(command) => (command, 0, [].as_slice()),
        Action::Serve { command, ready_seconds, requests } => (command, *ready_seconds, requests.as_slice()),
    };
    let words = command.words();
    let asks = |text: &String| text.contains("{port}");
    let asked = |request: &'a super::Request| Asked {
        method: &request.method,
        path: &request.path,
        headers: request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
        body: content::encode(&request.body),
    };
    Plan {
        wants_port: words.iter().chain(scenario.environment.values()).any(asks),
        command: words,
        root: bench.root,
        environment: &scenario.environment,
        stdin: content::encode(&scenario.stdin),
        files: scenario.files.iter().map(|(path, bytes)| (path.as_str(), content::encode(bytes))).collect(),
        seconds: scenario.seconds,
        ready_seconds,
        keep_bytes: KEEP_BYTES,
        keep_files: KEEP_FILES,
        requests: requests.iter().map(asked).collect(),
    }
}

fn launch(bench: &Bench<'_>, scenario: &Scenario, seed: u32) -> io::Result<Launch> {
    let path = |name: &str| bench.scratch.join(name).display().to_string();
    let python = bench.environment.python.display().to_string();
    let mut environment = variables(bench.environment, bench.scratch, seed);
    let own = shims(bench)?;
    let usual = environment.remove("PATH").unwrap_or_default();
    let folder = bench.environment.python.parent().map_or(String::new(), |folder| format!("{}:", folder.display()));
    environment.insert("PATH".to_owned(), format!("{}:{folder}{usual}", own.display()));
    let asked = match &scenario.action {
        Action::Run(_) => scenario.seconds,
        Action::Serve { ready_seconds, requests, .. } => ready_seconds + scenario.seconds * requests.len() as u64,
    };
    Ok(Launch {
        command: vec![
            python,
            path("iama_scenario.py"),
            "--plan".to_owned(),
            path("scenario.json"),
            "--out".to_owned(),
            path("seen.json"),
        ],
        folder: bench.root.to_owned(),
        environment,
        writable: vec![bench.root.to_owned(), bench.scratch.to_owned()],
        readable: bench.environment.folders.clone(),
        hidden: bench.hidden.to_vec(),
        output: bench.scratch.join("output.txt"),
        limit: Duration::from_secs(asked) + GRACE,
    })
}

/// Programs by which a command gets the interpreter of its side, whatever version it names. A link would not do: an
/// environment is found by the place that an interpreter was started from.
fn shims(bench: &Bench<'_>) -> io::Result<PathBuf> {
    let folder = bench.scratch.join("bin");
    fs::create_dir_all(&folder)?;
    let python = bench.environment.python.display().to_string();
    let text = format!("#!/bin/sh\nexec '{}' \"$@\"\n", python.replace('\'', "'\\''"));
    for name in NAMES {
        let file = folder.join(name);
        fs::write(&file, &text)?;
        make_executable(&file)?;
    }
    Ok(folder)
}

#[cfg(unix)]
fn make_executable(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn make_executable(_: &Path) -> io::Result<()> {
    Ok(())
}

fn observation(bench: &Bench<'_>, scenario: &Scenario, seen: Seen, span: Span) -> Observation {
    let around = Surroundings { paths: paths(bench), port: seen.port, span };
    let late = seen.timed_out.then(|| format!("it did not end within {} s", scenario.seconds));
    let failure = seen.failure.map(|text| printable(&text).into_owned()).or(late);
    let mut parts = BTreeMap::new();
    let text = |text: String| Raw::Bytes(text.into_bytes());
    if let Action::Run(_) = &scenario.action {
        parts.extend(seen.exit.map(|code| ("exit".to_owned(), text(code.to_string()))));
        parts.extend(seen.stdout.map(|kept| ("stdout".to_owned(), kept.raw())));
        parts.extend(seen.stderr.map(|kept| ("stderr".to_owned(), kept.raw())));
    }
    for (at, answer) in seen.responses.into_iter().enumerate() {
        let name = |rest: &str| format!("response {} {rest}", at + 1);
        parts.insert(name("status"), text(answer.status.to_string()));
        for (header, value) in headers(answer.headers, answer.body.bytes) {
            parts.insert(name(&format!("header {header}")), text(value));
        }
        parts.insert(name("body"), answer.body.raw());
    }
    if seen.files_changed > seen.files.len() as u64 {
        parts.insert("file count".to_owned(), text(seen.files_changed.to_string()));
    }
    for file in seen.files {
        let raw = match file.content {
            Some(kept) if !file.removed => kept.raw(),
            _ => Raw::Removed,
        };
        parts.insert(format!("file {}", file.path), raw);
    }
    let wrote = seen.files_changed > 0 || !scenario.files.is_empty() || failure.is_some();
    Observation { parts, around, failure, wrote }
}

/// The headers that say something: those of one connection do not, nor does a length that follows from the body.
fn headers(given: Vec<(String, String)>, body_bytes: u64) -> BTreeMap<String, String> {
    let mut headers: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in given {
        let of_connection = matches!(name.as_str(), "" | "connection" | "keep-alive" | "transfer-encoding");
        if of_connection || (name == "content-length" && value == body_bytes.to_string()) {
            continue;
        }
        let known = headers.entry(name).or_default();
        if !known.is_empty() {
            known.push('\n');
        }
        known.push_str(&value);
    }
    headers
}

/// What differs from run to run and from side to side, and the names for it; longest first, as one may lie in another.
fn paths(bench: &Bench<'_>) -> Vec<(String, &'static str)> {
    let mut paths: Vec<(String, &'static str)> = Vec::new();
    let mut add = |path: &Path, name| {
        let real = path.canonicalize().ok();
        paths.extend(real.iter().map(PathBuf::as_path).chain([path]).map(|path| (path.display().to_string(), name)));
    };
    add(bench.root, "<root>");
    add(&bench.scratch.join("tmp"), "<tmp>");
    add(bench.scratch, "<scratch>");
    add(&bench.environment.python, "<python>");
    bench.environment.folders.iter().for_each(|folder| add(folder, "<python>"));
    paths.sort_by(|a, b| b.0.len().cmp(&a.0.len()).then_with(|| a.cmp(b)));
    paths.dedup();
    paths
}
