//! Running a suite: the harness writes events, we watch them, end what hangs or crashes, and go on with the rest.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use iama_sandbox::{Ended, Launch, Outcome, Sandbox, printable};
use serde::{Deserialize, Serialize};

use super::environment::Environment;
use super::{HARNESS, recording, steps};
use crate::suite::{Case, CaseError, CollectError, FRAMES, Frame, Status, Suite, TestId};

/// Time that a test gets beyond its limit to be stopped from inside.
const GRACE: Duration = Duration::from_secs(5);

/// Restarts after tests that hang or crash.
const MAX_RESTARTS: usize = 50;

/// Where the types of marked values are written.
const OBSERVED: &str = "observed.txt";

/// A suite to run.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// The copy of the project; tests run here and may write here.
    pub root: &'a Path,
    /// A folder of ours for plans, events and output; created when missing.
    pub scratch: &'a Path,
    /// What runs the tests.
    pub environment: &'a Environment,
    /// The files, relative to the root.
    pub files: &'a [String],
    /// Folders for the module path, relative to the root.
    pub pythonpath: &'a [String],
    /// Only these tests, when given.
    pub only: Option<&'a BTreeSet<TestId>>,
    /// Not these tests.
    pub without: &'a BTreeSet<TestId>,
    /// The limit of each test.
    pub per_test: Duration,
    /// The limit of the whole.
    pub whole: Duration,
    /// Folders that look empty to the tests.
    pub hidden: &'a [PathBuf],
    /// Whether values of the copy are marked and their types are to be written down, see [`observed`].
    pub observe: bool,
    /// The seed of the order of sets and dicts; a recorder has its own.
    pub seed: u32,
    /// Whether the calls that the tests make are recorded.
    pub recorder: Option<Recorder<'a>>,
}

/// What is recorded while the tests run, see [`super::recording`].
#[derive(Debug, Clone, Copy)]
pub struct Recorder<'a> {
    /// The source files whose functions are watched, relative to the root.
    pub files: &'a [String],
    /// Where the records go, below the scratch folder; restarts append.
    pub records: &'a str,
    /// The seed of the order of sets and dicts.
    pub seed: u32,
}

#[derive(Serialize)]
struct Plan<'a> {
    schema: &'static str,
    runner: &'static str,
    files: Vec<&'a str>,
    pythonpath: &'a [String],
    skip: Vec<&'a TestId>,
    only: Option<&'a BTreeSet<TestId>>,
    per_test_seconds: f64,
    collect_only: bool,
    observe: bool,
    recording: bool,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "e", rename_all = "snake_case")]
enum Event {
    Begin {
        runner: String,
    },
    Collecting {
        file: String,
    },
    Collected {
        #[serde(default)]
        left_out: BTreeSet<TestId>,
    },
    CollectError {
        file: String,
        error: CaseError,
    },
    Start {
        id: TestId,
    },
    End {
        id: TestId,
        outcome: Status,
        error: Option<CaseError>,
    },
    Problem {
        code: String,
        message: String,
    },
    Done {},
}

/// What is known while the events come in.
#[derive(Default)]
struct Progress {
    suite: Suite,
    collecting: Option<String>,
    running: Option<TestId>,
    /// Tests that were found and not run.
    left_out: BTreeSet<TestId>,
    done: bool,
}

impl Progress {
    fn take(&mut self, event: Event) {
        match event {
            Event::Begin { runner } => self.suite.runner = Some(runner),
            Event::Collecting { file } => self.collecting = Some(file),
            Event::Collected { left_out } => {
                self.collecting = None;
                self.left_out.extend(left_out);
            }
            Event::CollectError { file, error } => {
                self.suite.collect_errors.retain(|known| known.file != file);
                self.suite.collect_errors.push(CollectError { file, error: shown(error) });
            }
            Event::Start { id } => self.running = Some(id),
            Event::End { id, outcome, error } => {
                self.running = None;
                self.suite.cases.insert(id, Case { status: outcome, error: error.map(shown) });
            }
            Event::Problem { code, message } => {
                let problem = printable(&format!("{code}: {message}")).into_owned();
                if !self.suite.problems.contains(&problem) {
                    self.suite.problems.push(problem);
                }
            }
            Event::Done {} => self.done = true,
        }
    }
}

/// What the tests say goes to terminals and pages, and must not be obeyed there.
pub(super) fn shown(error: CaseError) -> CaseError {
    let plain = |text: String| printable(&text).into_owned();
    let frame = |frame: Frame| Frame { file: plain(frame.file), symbol: frame.symbol.map(plain), ..frame };
    CaseError {
        class: plain(error.class),
        message: plain(error.message),
        file: error.file.map(plain),
        symbol: error.symbol.map(plain),
        phase: plain(error.phase),
        frames: error.frames.into_iter().take(FRAMES).map(frame).collect(),
        ..error
    }
}

/// Reads the lines that are complete, once each.
struct Tail {
    path: PathBuf,
    read: u64,
}

impl Tail {
    fn next(&mut self) -> io::Result<Vec<Event>> {
        let Ok(mut file) = File::open(&self.path) else { return Ok(Vec::new()) };
        file.seek(SeekFrom::Start(self.read))?;
        let mut events = Vec::new();
        let mut reader = BufReader::new(file.take(16 << 20));
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line)? > 0 && line.ends_with(b"\n") {
            self.read += line.len() as u64;
            // A line that is none of ours was written by the tests; it says nothing.
            events.extend(serde_json::from_slice(&line).ok());
            line.clear();
        }
        Ok(events)
    }
}

/// Runs a suite to its end. `report` is told of every test that ends. An error of the kind `Other` is the sandbox's own.
pub fn run_suite(
    sandbox: &Sandbox,
    request: &Request<'_>,
    mut report: impl FnMut(&TestId, Status),
) -> io::Result<Suite> {
    fs::create_dir_all(request.scratch)?;
    let harness = request.scratch.join("iama_harness.py");
    fs::write(&harness, HARNESS)?;
    let events = request.scratch.join("events.jsonl");
    fs::write(&events, "")?;
    fs::write(request.scratch.join(OBSERVED), "")?;
    if let Some(recorder) = &request.recorder {
        recording::write_plan(request.scratch, recorder, request.pythonpath, None)?;
    }
    let mut tail = Tail { path: events.clone(), read: 0 };
    let mut progress = Progress::default();
    let mut lost_files: BTreeSet<String> = BTreeSet::new();
    let mut left = request.whole;
    for _ in 0..MAX_RESTARTS {
        let plan = plan(request, &progress.suite, &lost_files);
        fs::write(request.scratch.join("plan.json"), serde_json::to_vec(&plan)?)?;
        let Outcome { ended, reason, took, .. } = once(sandbox, request, left, &mut tail, &mut progress, &mut report)?;
        left = left.saturating_sub(took);
        if progress.done || sandbox.is_stopped() {
            break;
        }
        if let Some((id, status)) = blame(ended, reason, &mut progress, &mut lost_files) {
            report(&id, status);
        }
        if left.is_zero() || (ended == Ended::TimedOut) {
            progress.suite.problems.push("the whole run took too long and was ended".to_owned());
            progress.suite.ran_out = true;
            break;
        }
    }
    progress.suite.collect_errors.sort_by(|a, b| a.file.cmp(&b.file));
    progress.suite.left_out = request.without.intersection(&progress.left_out).cloned().collect();
    Ok(progress.suite)
}

fn plan<'a>(request: &Request<'a>, suite: &'a Suite, lost: &BTreeSet<String>) -> Plan<'a> {
    Plan {
        schema: "iama.harness/1",
        runner: "auto",
        files: request.files.iter().filter(|file| !lost.contains(*file)).map(String::as_str).collect(),
        pythonpath: request.pythonpath,
        skip: suite.cases.keys().chain(request.without).collect(),
        only: request.only,
        per_test_seconds: request.per_test.as_secs_f64(),
        collect_only: false,
        observe: request.observe,
        recording: request.recorder.is_some(),
    }
}

/// The types that a run with marked values has seen, by the number of the value.
pub fn observed(scratch: &Path) -> BTreeMap<usize, BTreeSet<String>> {
    let text = fs::read_to_string(scratch.join(OBSERVED)).unwrap_or_default();
    let mut seen: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    // Tests could write here, too: what does not look like ours says nothing.
    for (number, kind) in text.lines().filter_map(|line| line.split_once(' ')) {
        if let Ok(number) = number.parse() {
            seen.entry(number).or_default().insert(kind.to_owned());
        }
    }
    seen
}

/// Writes down what the run died of, so that the next one leaves it out. Gives the test, if it was one.
fn blame(
    ended: Ended,
    reason: Option<String>,
    progress: &mut Progress,
    lost_files: &mut BTreeSet<String>,
) -> Option<(TestId, Status)> {
    let (status, class) = match ended {
        Ended::Stopped | Ended::TimedOut => (Status::Timeout, "Timeout"),
        Ended::Killed | Ended::Exited(_) => (Status::Error, "Crash"),
    };
    let message = match (&reason, status) {
        (Some(reason), _) => printable(reason).into_owned(),
        (None, Status::Timeout) => "it did not end in time and was stopped".to_owned(),
        (None, _) => "the interpreter ended in the middle of it".to_owned(),
    };
    let error = CaseError { class: class.to_owned(), message, ..CaseError::default() };
    if let Some(id) = progress.running.take() {
        progress.suite.cases.insert(id.clone(), Case { status, error: Some(error) });
        return Some((id, status));
    }
    if let Some(file) = progress.collecting.take() {
        lost_files.insert(file.clone());
        progress.suite.collect_errors.push(CollectError { file, error });
    } else {
        let why = reason.map_or_else(|| format!("{ended:?}"), |reason| printable(&reason).into_owned());
        progress.suite.problems.push(format!("the run ended early ({why})"));
        progress.done = true;
    }
    None
}

/// One start of the harness; ends with the last event or with what hangs.
#[expect(clippy::disallowed_methods, reason = "tests are timed by the real clock")]
fn once(
    sandbox: &Sandbox,
    request: &Request<'_>,
    limit: Duration,
    tail: &mut Tail,
    progress: &mut Progress,
    report: &mut impl FnMut(&TestId, Status),
) -> io::Result<Outcome> {
    let launch = launch(request, limit);
    let mut since = Instant::now();
    let mut failure = None;
    let mut read = |progress: &mut Progress| -> io::Result<bool> {
        let events = tail.next()?;
        let moved = !events.is_empty();
        for event in events {
            if let Event::End { id, outcome, .. } = &event {
                report(id, *outcome);
            }
            progress.take(event);
        }
        Ok(moved)
    };
    let outcome = sandbox.run(&launch, || {
        match read(progress) {
            Ok(true) => since = Instant::now(),
            Ok(false) => {}
            Err(error) => {
                failure = Some(error);
                return ControlFlow::Break(());
            }
        }
        let waiting = progress.running.is_some() || progress.collecting.is_some();
        if waiting && since.elapsed() > request.per_test.saturating_add(GRACE) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    let outcome = outcome.map_err(io::Error::other)?;
    read(progress)?;
    match (failure, outcome.refusal()) {
        (Some(error), _) => Err(error),
        (None, Some(refusal)) => Err(io::Error::other(refusal.to_owned())),
        (None, None) => Ok(outcome),
    }
}

pub(super) fn launch(request: &Request<'_>, limit: Duration) -> Launch {
    let path = |name: &str| request.scratch.join(name).display().to_string();
    let seed = request.recorder.map_or(request.seed, |recorder| recorder.seed);
    let harness = ["iama_harness.py", "--plan", "plan.json", "--events", "events.jsonl"];
    let recorder = ["iama_recorder.py", "--plan", recording::PLAN, "--"];
    let parts = recorder.iter().filter(|_| request.recorder.is_some()).chain(&harness);
    let own = |part: &&str| if part.starts_with("--") { (*part).to_owned() } else { path(part) };
    Launch {
        command: std::iter::once(request.environment.python.display().to_string()).chain(parts.map(own)).collect(),
        folder: request.root.to_owned(),
        environment: steps::variables(request.environment, request.scratch, seed),
        writable: vec![request.root.to_owned(), request.scratch.to_owned()],
        readable: request.environment.folders.clone(),
        hidden: request.hidden.to_vec(),
        output: request.scratch.join("output.txt"),
        limit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(message: &str) -> CaseError {
        CaseError { class: "ValueError".to_owned(), message: message.to_owned(), ..CaseError::default() }
    }

    #[test]
    fn what_a_test_says_is_shown_and_not_obeyed() {
        let mut progress = Progress::default();
        let id = TestId("test_a.py::test_one".to_owned());
        let end = r#"{"e": "end", "id": "test_a.py::test_one", "outcome": "failed",
            "error": {"class": "ValueError", "message": "a\u001b]0;b\u0007\nc", "file": null, "line": null, "symbol": null}}"#;
        progress.take(serde_json::from_str(end).unwrap());
        let expected = Case { status: Status::Failed, error: Some(error("a\u{241b}]0;b\u{2407}\nc")) };
        assert_eq!(progress.suite.cases, BTreeMap::from([(id, expected)]));
    }

    #[test]
    fn a_run_that_was_ended_for_a_reason_says_it() {
        let running = TestId("test_a.py::test_one".to_owned());
        let mut progress = Progress { running: Some(running.clone()), ..Progress::default() };
        let mut lost = BTreeSet::new();
        let reason = "it took more memory than is allowed".to_owned();
        let blamed = blame(Ended::Killed, Some(reason.clone()), &mut progress, &mut lost);
        assert_eq!(blamed, Some((running.clone(), Status::Error)));
        let case = Case { status: Status::Error, error: Some(CaseError { class: "Crash".into(), ..error(&reason) }) };
        assert_eq!(progress.suite.cases, BTreeMap::from([(running, case)]));
        assert_eq!(blame(Ended::Killed, Some("no room".to_owned()), &mut progress, &mut lost), None);
        assert_eq!(progress.suite.problems, ["the run ended early (no room)"]);
    }
}
