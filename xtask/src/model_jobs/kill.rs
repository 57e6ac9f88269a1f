//! A job with model calls is killed at many points and resumed: the patch must be the same, an answered call is never made again,
//! and what is spent, unanswered calls at their worst case, stays below the cap.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use iama_model::fake::{Background, Fake, Reply, Seen, Step, frames};
use serde_json::Value;

use super::{Bench, expert, newest, table};
use crate::packages::named;
use crate::tools::{command, iama, output};

/// The most that the job may spend, in dollars.
const CAP: &str = "0.25";

/// How long an answer takes, so that many kills meet a call.
const THINKS: Duration = Duration::from_millis(600);

/// How often to kill.
#[derive(Args)]
pub(crate) struct Options {
    /// Points at which the process is killed, spread over the run
    #[arg(long, default_value_t = 100)]
    points: u32,
    /// The package to migrate
    #[arg(long, default_value = "iso8601")]
    package: String,
    /// Have the model write tests, too; the package is iso8601 then
    #[arg(long, conflicts_with = "package")]
    generate_tests: bool,
    /// The iama to kill, instead of one built here
    #[arg(long)]
    iama: Option<PathBuf>,
}

impl Options {
    /// A reduction of the whole.
    pub(crate) fn for_ci() -> Self {
        Self { points: 12, package: "iso8601".to_owned(), generate_tests: false, iama: None }
    }
}

/// Kills and resumes, and prints what came of it.
pub(crate) fn run(options: &Options) -> Result<()> {
    crate::setup::bubblewrap()?;
    let iama = iama(options.iama.as_deref())?;
    let bench = Bench::new(&iama, named(&options.package)?)?;
    let provider = provider(&bench)?;
    let run = Run {
        bench: &bench,
        provider: &provider,
        table: table(&provider.provider, &["L1"]),
        tests: options.generate_tests,
    };
    run.undisturbed()?;
    let (expected, took) = run.undisturbed()?;
    println!("undisturbed: {:.2} s, {} calls", took.as_secs_f64(), provider.take().len());
    let (mut killed, mut in_flight, mut kept, mut most) = (0, 0, 0, 0);
    for point in 0..options.points {
        let after = took.mul_f64(f64::from(point) / f64::from(options.points));
        let found = run.killed(after)?;
        ensure!(found.patch == expected, "killed after {:.3} s, the job ended with another patch", after.as_secs_f64());
        killed += u32::from(found.killed);
        in_flight += u32::from(found.in_flight);
        kept += found.kept;
        most = most.max(found.spent);
    }
    println!(
        "{} points: {killed} killed in mid-run, {in_flight} of them in a model call; all ended with the same patch; {kept} kept \
         answers, none asked for again; at most {most} of {} millionths of a dollar spent",
        options.points,
        cap()
    );
    Ok(())
}

fn cap() -> u64 {
    CAP.strip_prefix("0.").and_then(|part| format!("{part:0<6}").parse().ok()).unwrap_or(0)
}

/// A provider that takes its time, and the questions that it was asked, by the name that the job has for them.
struct Slow {
    provider: Background,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Slow {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What it says hangs on the question alone: one edit that does not fit, two that mend nothing, then all.
fn provider(bench: &Bench<'_>) -> Result<Slow> {
    let wanted = bench.wanted.clone();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&asked);
    let provider = Fake::in_background(move |seen| {
        if let Some(round) = round_of_tests(seen) {
            noted.lock().unwrap_or_else(PoisonError::into_inner).push(format!("tests-1-{round}-1-1"));
            return slowly(if round == 1 { FIRST_TESTS } else { SECOND_TESTS });
        }
        let (name, attempt, again) = question(seen);
        noted.lock().unwrap_or_else(PoisonError::into_inner).push(name);
        let text = match (attempt, again) {
            (1, false) => expert::useless(seen, 0).replacen("SEARCH\n", "SEARCH\nno such line\n", 1),
            (1 | 2, _) => expert::useless(seen, attempt),
            _ => expert::mend(seen, &wanted, &BTreeSet::new()).unwrap_or_default(),
        };
        slowly(&text)
    })?;
    Ok(Slow { provider, asked })
}

pub(crate) fn slowly(text: &str) -> Reply {
    let mut steps: Vec<Step> =
        frames::openai(&[text], "stop").into_iter().map(|frame| Step::Send(frame.into_bytes())).collect();
    steps.insert(1, Step::Wait(THINKS));
    Reply { status: 200, headers: Vec::new(), steps }
}

/// The round of a question for tests; nothing for another question.
fn round_of_tests(seen: &Seen) -> Option<u8> {
    let text = seen.texts();
    text.contains("# What no test notices").then(|| if text.contains("# What became of earlier tests") { 2 } else { 1 })
}

/// A useful test, one that says the same, and a wrong one.
const FIRST_TESTS: &str = "### TESTS\nA date has its parts.\n```python\ndef test_parts():\n    from iso8601 import parse_date\n    \
    date = parse_date('2006-10-20T15:34:56.123Z')\n    assert (date.year, date.month, date.day) == (2006, 10, 20)\n    \
    assert (date.hour, date.minute, date.second, date.microsecond) == (15, 34, 56, 123000)\n```\n\n\
    ### TESTS\n```python\ndef test_year():\n    from iso8601 import parse_date\n    \
    assert parse_date('2006-10-20T15:34:56Z').year == 2006\n```\n\n\
    ### TESTS\n```python\ndef test_wrong():\n    from iso8601 import parse_date\n    \
    assert parse_date('2006-10-20T15:34:56Z').year == 2007\n```\n";

/// Another useful one.
const SECOND_TESTS: &str = "### TESTS\nThe offset of a zone keeps its sign.\n```python\ndef test_offset():\n    \
    from iso8601.iso8601 import parse_timezone\n    \
    zone = parse_timezone('+02:30')\n    assert zone.utcoffset(None).seconds == 9000\n    \
    assert zone.tzname(None) == '+02:30'\n    assert zone.dst(None).seconds == 0\n    \
    assert parse_timezone('-01:00').utcoffset(None).days == -1\n```\n";

/// The job's name for a question, its attempt, and whether it was asked before.
fn question(seen: &Seen) -> (String, u32, bool) {
    let text = seen.texts();
    let head = text.split_once("\nCall ").or_else(|| text.split_once("Call ")).map_or("", |(_, after)| after);
    let (call, rest) = head.split_once(", attempt ").unwrap_or(("", ""));
    let attempt = rest.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0);
    let again = seen.body["messages"].as_array().is_some_and(|all| all.iter().any(|one| one["role"] == "assistant"));
    (format!("{call}-{}", if again { 2 } else { 1 }), attempt, again)
}

struct Run<'a> {
    bench: &'a Bench<'a>,
    provider: &'a Slow,
    table: String,
    tests: bool,
}

struct Found {
    patch: String,
    killed: bool,
    in_flight: bool,
    kept: usize,
    spent: u64,
}

impl Run<'_> {
    fn command(&self, project: &Path, arguments: &[&str]) -> Command {
        let mut command = command(&self.bench.iama.display().to_string(), arguments);
        command.current_dir(project).env("IAMA_LLM_ROUTE_TABLE", &self.table);
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        command
    }

    fn refactor(&self, project: &Path) -> Command {
        let mut line = vec!["refactor", ".", "--yes", "--json", "--no-recipes", "--max-cost", CAP];
        line.extend(self.tests.then_some("--generate-tests"));
        self.command(project, &line)
    }

    #[expect(clippy::disallowed_methods, reason = "a run is measured by the real clock")]
    fn undisturbed(&self) -> Result<(String, Duration)> {
        let project = self.bench.fresh("kill")?;
        self.provider.take();
        let started = Instant::now();
        let status = self.refactor(&project).status()?;
        let took = started.elapsed();
        ensure!(status.success(), "an undisturbed run ends with {status}");
        Ok((super::patch(&project)?, took))
    }

    fn killed(&self, after: Duration) -> Result<Found> {
        let project = self.bench.fresh("kill")?;
        self.provider.take();
        let mut child = self.refactor(&project).spawn()?;
        std::thread::sleep(after);
        let killed = child.try_wait()?.is_none();
        if killed {
            child.kill()?;
        }
        child.wait()?;
        // A request that was on its way is still noted.
        std::thread::sleep(Duration::from_millis(30));
        let before = self.provider.take();
        let kept = kept(&project);
        let in_flight = killed && before.iter().any(|name| !kept.contains(name));
        self.finish(&project)?;
        let asked_again: Vec<String> = self.provider.take().into_iter().filter(|name| kept.contains(name)).collect();
        ensure!(asked_again.is_empty(), "killed after {:.3} s: asked again: {asked_again:?}", after.as_secs_f64());
        let spent = spent(&project, before.len())?;
        ensure!(spent <= cap(), "{spent} millionths of a dollar were spent");
        Ok(Found { patch: super::patch(&project)?, killed, in_flight, kept: kept.len(), spent })
    }

    /// Resumes the job; one that was killed before it existed is started.
    fn finish(&self, project: &Path) -> Result<()> {
        if newest(project).is_ok() {
            output(&mut self.command(project, &["jobs", "resume", "--yes", "--json"]))?;
        } else {
            output(&mut self.refactor(project))?;
        }
        Ok(())
    }
}

/// The names of the questions whose answers are kept.
fn kept(project: &Path) -> BTreeSet<String> {
    let Ok(job) = newest(project) else { return BTreeSet::new() };
    let entries = fs::read_dir(job.join("calls")).into_iter().flatten().flatten();
    let names = entries
        .filter_map(|entry| entry.file_name().to_str().and_then(|name| name.strip_suffix(".json")).map(str::to_owned));
    names.filter(|name| !name.starts_with('.')).collect()
}

/// What the ledger says was spent: requests that nobody settled at their worst case. Every request that was seen is in it.
fn spent(project: &Path, seen_before: usize) -> Result<u64> {
    let text = fs::read_to_string(newest(project)?.join("spending.jsonl")).context("there is no ledger")?;
    let mut costs: BTreeMap<u64, u64> = BTreeMap::new();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line)?;
        let number = line["number"].as_u64().context("a line without a number")?;
        let cost = if line["line"] == "dispatch" { &line["worst_case"] } else { &line["cost"] };
        costs.insert(number, cost.as_u64().context("a line without a cost")?);
    }
    ensure!(costs.len() >= seen_before, "{seen_before} requests were seen, and {} are in the ledger", costs.len());
    // The ledger counts in millionths of a millionth.
    Ok(costs.values().sum::<u64>().div_ceil(1_000_000))
}
