//! Whole jobs with a scripted model on published packages: repairs, escalation, identical failures, a person's help, a
//! fallback, a recording played back without a network, and kills at many points.

pub(crate) mod expert;
pub(crate) mod kill;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use iama_model::fake::{Background, Fake, Reply, Seen, frames};
use serde_json::{Value, json};

use crate::packages::{Package, named};
use crate::tools::{cache, command, iama, output, works};

/// What to run.
#[derive(Args)]
pub(crate) struct Options {
    /// Only this package (repeatable)
    #[arg(long, default_values = ["iso8601", "parsedatetime", "sqlparse"])]
    package: Vec<String>,
    /// The iama to run, instead of one built here
    #[arg(long)]
    iama: Option<PathBuf>,
}

impl Options {
    /// The smallest package.
    pub(crate) fn for_ci() -> Self {
        Self { package: vec!["iso8601".to_owned()], iama: None }
    }
}

/// Runs the scenarios and prints what each came to.
pub(crate) fn run(options: &Options) -> Result<()> {
    crate::setup::bubblewrap()?;
    let iama = iama(options.iama.as_deref())?;
    for name in &options.package {
        let package = named(name)?;
        let bench = Bench::new(&iama, package)?;
        bench.helped()?;
        bench.deeply_fixed()?;
        bench.falls_back()?;
        bench.replayed()?;
    }
    Ok(())
}

/// One package, and how its files end up when everything is mended.
pub(crate) struct Bench<'a> {
    iama: &'a Path,
    package: &'a Package,
    folder: PathBuf,
    /// The files that differ in the end, as they should be.
    pub(crate) wanted: BTreeMap<String, String>,
}

/// What a run showed.
struct Shown {
    code: i32,
    out: String,
    err: String,
}

impl<'a> Bench<'a> {
    pub(crate) fn new(iama: &'a Path, package: &'a Package) -> Result<Self> {
        let folder = cache().join("model-jobs").join(package.name);
        let mut bench = Self { iama, package, folder, wanted: BTreeMap::new() };
        bench.wanted = bench.expected()?;
        Ok(bench)
    }

    /// What the recipes make of the source, as the model's knowledge.
    fn expected(&self) -> Result<BTreeMap<String, String>> {
        let project = self.fresh("expected")?;
        let shown = self.run(&project, None, &["refactor", ".", "--yes", "--json", "--strategy", "comprehensive"])?;
        ensure!(shown.code == 0, "{}: by recipes alone: {}", self.package.name, shown.err);
        let result: Value = serde_json::from_str(&shown.out)?;
        let changed = result["files_changed"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let changed: Vec<String> = changed.map(str::to_owned).collect();
        ensure!(self.run(&project, None, &["apply"])?.code == 0, "the delivery could not be applied");
        let text =
            |path: &String| Ok((path.clone(), String::from_utf8_lossy(&fs::read(project.join(path))?).into_owned()));
        changed.iter().map(text).collect()
    }

    fn fresh(&self, what: &str) -> Result<PathBuf> {
        let project = self.folder.join(what);
        self.package.copy_to(&project)?;
        Ok(project)
    }

    fn run(&self, project: &Path, table: Option<&str>, arguments: &[&str]) -> Result<Shown> {
        let mut command = command(&self.iama.display().to_string(), arguments);
        command.current_dir(project);
        if let Some(table) = table {
            command.env("IAMA_LLM_ROUTE_TABLE", table);
        }
        let done = command.output()?;
        Ok(Shown {
            code: done.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&done.stdout).into_owned(),
            err: String::from_utf8_lossy(&done.stderr).into_owned(),
        })
    }

    /// Without recipes: three useless repairs, a person who says go on, a stronger model that mends all but one file and then
    /// goes round in circles, a person who mends that one.
    fn helped(&self) -> Result<()> {
        let project = self.fresh("helped")?;
        let sources: Vec<&String> = self.wanted.keys().filter(|path| !is_test(path)).collect();
        let last = sources.last().context("no source differs")?;
        let held = BTreeSet::from([(*last).clone()]);
        let wanted = self.wanted.clone();
        let mut calls = 0;
        let provider = provider(move |seen| {
            calls += 1;
            if calls <= 3 { None } else { expert::mend(seen, &wanted, &held) }
        })?;
        let table = table(&provider, &["L1", "L2"]);
        let begin = ["refactor", ".", "--json", "--yes", "--no-recipes"];
        let mut shown = self.run(&project, Some(&table), &begin)?;
        let mut seen = Vec::new();
        for _ in 0..12 {
            if shown.code != 3 {
                break;
            }
            let job = job_of(&project)?;
            let code = self.situation(&project, &table, &job).with_context(|| shown.err.clone())?;
            let first = !seen.iter().any(|(known, _)| *known == code);
            seen.push((code.clone(), provider.seen().len()));
            let words: Vec<&str> = match code.as_str() {
                "ESCALATION" => vec!["confirm-escalation", "--class", "L2"],
                "INTERVENTION" if first => vec!["continue-repair"],
                "INTERVENTION" => vec!["intervene"],
                "INTERVENING" => {
                    self.person_mends(&project, &job)?;
                    vec!["run-tests"]
                }
                other => bail!("{}: the job stands at {other}: {}", self.package.name, shown.err),
            };
            let line = [vec!["jobs", "decide", job.as_str()], words, vec!["--json"]].concat();
            shown = self.run(&project, Some(&table), &line)?;
        }
        ensure!(shown.code == 0, "{}: not delivered: {}{}", self.package.name, shown.err, shown.out);
        self.compare(&project)?;
        let evidence = evidence(&project)?;
        let authors = authors_of(&evidence);
        ensure!(authors.contains("person"), "the person's part is not on record: {authors:?}");
        ensure!(sources.len() == 1 || authors.contains("model"), "the model's part is not on record: {authors:?}");
        let stops: Vec<String> = seen.iter().map(|(code, calls)| format!("{code} after {calls} calls")).collect();
        println!("{}: helped: {}; delivered, {}", self.package.name, stops.join(", "), evidence["verdict"]["code"]);
        ensure!(
            stops.first().is_some_and(|stop| stop == "INTERVENTION after 3 calls"),
            "three identical failures stop it"
        );
        Ok(())
    }

    /// Without recipes: three useless repairs, then a deep fix by the stronger model, which is told nothing of them.
    fn deeply_fixed(&self) -> Result<()> {
        let project = self.fresh("deep")?;
        let wanted = self.wanted.clone();
        let provider = provider(move |seen| {
            let deep = seen.texts().contains("Begin anew. Reason from the old code");
            deep.then(|| expert::mend(seen, &wanted, &BTreeSet::new())).flatten()
        })?;
        let table = table(&provider, &["L1", "L2"]);
        let shown = self.run(&project, Some(&table), &["refactor", ".", "--json", "--yes", "--no-recipes"])?;
        ensure!(shown.code == 3, "{}: {}", self.package.name, shown.err);
        let job = job_of(&project)?;
        let shown = self.run(&project, Some(&table), &["jobs", "decide", &job, "deep-fix", "--yes", "--json"])?;
        let deep = provider.seen().get(3).map(Seen::texts).unwrap_or_default();
        ensure!(deep.contains("# The old code of the same files"), "a deep fix is shown the old code");
        ensure!(
            !deep.contains("looked at, ") && !deep.contains("# Earlier attempts"),
            "a deep fix is told of failed attempts"
        );
        let state = if shown.code == 3 {
            // Files that the failures did not point to are still as they were, and repairs go round in circles again.
            self.situation(&project, &table, &job)?
        } else {
            let result: Value = serde_json::from_str(&shown.out).with_context(|| shown.err.clone())?;
            result["state"].as_str().unwrap_or_default().to_owned()
        };
        let sources = self.wanted.keys().filter(|path| !is_test(path)).count();
        ensure!(sources > 1 || state == "DELIVERED", "a deep fix of the one file ends as {state}");
        println!("{}: deep fix after 3 calls; {state} after {}", self.package.name, provider.seen().len());
        Ok(())
    }

    /// What a job asks a person.
    fn situation(&self, project: &Path, table: &str, job: &str) -> Result<String> {
        let told = self.run(project, Some(table), &["jobs", "decide", job, "--json"])?;
        let told: Value = serde_json::from_str(&told.out).with_context(|| told.err.clone())?;
        Ok(told["situation"]["code"].as_str().unwrap_or_default().to_owned())
    }

    /// What a person does: writes the files as they should be.
    fn person_mends(&self, project: &Path, job: &str) -> Result<()> {
        let work = project.join(".iama/jobs").join(job).join("work");
        for (path, text) in self.wanted.iter().filter(|(path, _)| !is_test(path)) {
            fs::write(work.join(path), text)?;
        }
        Ok(())
    }

    /// Every file that somebody other than the recipes wrote is what it looks like when everything is mended.
    fn compare(&self, project: &Path) -> Result<()> {
        let evidence = evidence(project)?;
        ensure!(self.run(project, None, &["apply"])?.code == 0, "the delivery could not be applied");
        let files = evidence["files"].as_array().into_iter().flatten();
        let foreign =
            files.filter(|file| file["hunks"].as_array().into_iter().flatten().any(|hunk| hunk["authors"].is_array()));
        for path in foreign.filter_map(|file| file["path"].as_str()) {
            let text = &String::from_utf8_lossy(&fs::read(self.folder.join("expected").join(path))?).into_owned();
            let found = String::from_utf8_lossy(&fs::read(project.join(path))?).into_owned();
            let plain = |text: &str| {
                text.lines().filter(|line| !line.starts_with("# looked at, ")).collect::<Vec<_>>().join("\n")
            };
            ensure!(plain(&found) == plain(text), "{}: {path} is not what it should be", self.package.name);
        }
        Ok(())
    }

    /// Without recipes and with useless repairs, a stronger model declined: nothing is delivered, and what was done is kept.
    fn falls_back(&self) -> Result<()> {
        let project = self.fresh("fallback")?;
        let before = tree(&project)?;
        let provider = provider(|_| None)?;
        let table = table(&provider, &["L1", "L2"]);
        let shown = self.run(&project, Some(&table), &["refactor", ".", "--json", "--yes", "--no-recipes"])?;
        ensure!(shown.code == 3, "{}: {}", self.package.name, shown.err);
        let job = job_of(&project)?;
        let shown =
            self.run(&project, Some(&table), &["jobs", "decide", &job, "continue-repair", "--yes", "--json"])?;
        let result: Value = serde_json::from_str(&shown.out).with_context(|| shown.err.clone())?;
        ensure!((shown.code, &result["state"]) == (1, &json!("FALLBACK_REQUIRED")), "{}", shown.err);
        ensure!(tree(&project)? == before, "a fallback leaves the project alone");
        let shown = self.run(&project, Some(&table), &["jobs", "decide", &job, "--json"])?;
        let told: Value = serde_json::from_str(&shown.out)?;
        let offered = told["situation"]["choices"].as_array().into_iter().flatten();
        let offered: Vec<&str> = offered.filter_map(|choice| choice["word"].as_str()).collect();
        let shown = self.run(&project, None, &["apply", "--partial", "--yes"])?;
        ensure!(shown.code == 0, "{}: {}", self.package.name, shown.err);
        ensure!(tree(&project)? != before, "the partial patch changes something");
        println!(
            "{}: fallback after {} calls; offered: {}",
            self.package.name,
            provider.seen().len(),
            offered.join(", ")
        );
        Ok(())
    }

    fn fresh_with_left(&self, what: &str) -> Result<PathBuf> {
        let project = self.fresh(what)?;
        for (path, text) in [LEFT, LEFT_TEST] {
            fs::write(project.join(path), text)?;
        }
        Ok(project)
    }

    /// With recipes, and a model for what they leave; then the recording, twice, without a network.
    fn replayed(&self) -> Result<()> {
        let tape = self.folder.join("tape");
        let _ = fs::remove_dir_all(&tape);
        let project = self.fresh_with_left("recorded")?;
        let mut wanted = self.wanted.clone();
        wanted.insert(LEFT.0.to_owned(), mended_pipe());
        let provider = provider(move |seen| expert::mend(seen, &wanted, &BTreeSet::new()))?;
        let table = table(&provider, &["L1"]);
        let line = ["refactor", ".", "--json", "--yes", "--strategy", "comprehensive"];
        let shown_tape = tape.display().to_string();
        let shown = self.run(&project, Some(&table), &[&line[..], &["--record", &shown_tape]].concat())?;
        ensure!(shown.code == 0, "{}: {}", self.package.name, shown.err);
        let calls = provider.seen().len();
        ensure!(calls > 0, "{}: recipes left nothing for the model", self.package.name);
        let first = patch(&project)?;
        let offline = works("unshare", &["--net", "true"]);
        for time in 1..=2 {
            let project = self.fresh_with_left("replayed")?;
            let line = [&line[..], &["--replay", &shown_tape]].concat();
            let mut replay = if offline {
                let mut replay = command("unshare", &["--net", "--"]);
                replay.arg(self.iama);
                replay
            } else {
                command(&self.iama.display().to_string(), &[])
            };
            let done = replay.args(line).current_dir(&project).output()?;
            ensure!(done.status.success(), "replay {time}: {}", String::from_utf8_lossy(&done.stderr));
            ensure!(patch(&project)? == first, "{}: replay {time} gives another patch", self.package.name);
        }
        ensure!(provider.seen().len() == calls, "a replay asked the provider");
        let how = if offline { "in a namespace without a network" } else { "with no request to the provider" };
        println!("{}: recorded with {calls} calls; two replays gave the same patch, {how}", self.package.name);
        Ok(())
    }
}

/// A module that recipes cannot bring over: nothing in its text says what its pipe is made of.
const LEFT: (&str, &str) = (
    "left_pipe.py",
    "import subprocess\n\n\ndef lines(command):\n    process = subprocess.Popen(command, stdout=subprocess.PIPE)\n    found = [line.strip() for line in process.stdout]\n    process.wait()\n    return found\n",
);

/// Its test.
const LEFT_TEST: (&str, &str) = (
    "test_left_pipe.py",
    "import unittest\nimport left_pipe\n\n\nclass Pipe(unittest.TestCase):\n    def test_lines(self):\n        self.assertEqual(left_pipe.lines(['echo', 'one']), ['one'])\n",
);

/// The module as it should be.
fn mended_pipe() -> String {
    LEFT.1.replace("stdout=subprocess.PIPE", "stdout=subprocess.PIPE, universal_newlines=True")
}

pub(crate) fn is_test(path: &str) -> bool {
    path.to_ascii_lowercase().contains("test")
}

/// A provider that says what the script says, and something useless where that is nothing.
pub(crate) fn provider(mut script: impl FnMut(&Seen) -> Option<String> + Send + 'static) -> Result<Background> {
    let count = Arc::new(Mutex::new(0));
    let provider = Fake::in_background(move |seen| {
        let mut count = count.lock().unwrap_or_else(PoisonError::into_inner);
        *count += 1;
        let text = script(seen).unwrap_or_else(|| expert::useless(seen, *count));
        Reply::stream(&frames::openai(&[&text], "stop"))
    })?;
    Ok(provider)
}

/// A route table with these classes, all served by the provider.
pub(crate) fn table(provider: &Background, classes: &[&str]) -> String {
    let price = json!({"input": 1.0, "output": 2.0});
    let route = |class: &&str| json!({"class": class, "provider": "here", "model": "scripted", "price": price});
    let routes: Vec<Value> = classes.iter().map(route).collect();
    let here = json!({"kind": "openai-compatible", "base-url": format!("{}/v1", provider.url)});
    json!({"route": routes, "provider": {"here": here}}).to_string()
}

fn job_of(project: &Path) -> Result<String> {
    Ok(newest(project)?.file_name().unwrap_or_default().to_string_lossy().into_owned())
}

pub(crate) fn newest(project: &Path) -> Result<PathBuf> {
    let jobs = fs::read_dir(project.join(".iama/jobs"))?.flatten().map(|entry| entry.path());
    jobs.filter(|job| job.join("request.json").is_file()).max().context("there is no job")
}

fn evidence(project: &Path) -> Result<Value> {
    Ok(serde_json::from_slice(&fs::read(newest(project)?.join("evidence.json"))?)?)
}

fn patch(project: &Path) -> Result<String> {
    Ok(fs::read_to_string(newest(project)?.join("patch.diff"))?)
}

fn authors_of(evidence: &Value) -> BTreeSet<String> {
    let hunks = evidence["files"].as_array().into_iter().flatten();
    let hunks = hunks.flat_map(|file| file["hunks"].as_array().into_iter().flatten());
    let authors = hunks.flat_map(|hunk| hunk["authors"].as_array().into_iter().flatten());
    authors.filter_map(|author| author["by"].as_str()).map(str::to_owned).collect()
}

/// Every file of a project but IAMA's own, with the hash of its bytes.
fn tree(project: &Path) -> Result<String> {
    let line = "find . -path ./.iama -prune -o -type f -print0 | sort -z | xargs -0 sha256sum";
    output(command("sh", &["-c", line]).current_dir(project))
}
