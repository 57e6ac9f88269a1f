//! How much tests notice that a real model writes, on published packages: by the routes of whoever starts it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde_json::Value;

use crate::packages::{Package, named};
use crate::tools::{cache, command, iama};

/// What good tests notice, in percent of the faults on touched lines.
const AIM: u64 = 90;

/// What to measure.
#[derive(Args)]
pub(crate) struct Options {
    /// Only this package (repeatable)
    #[arg(long, default_values = ["iso8601", "python-gflags", "parsedatetime", "sqlparse"])]
    package: Vec<String>,
    /// The most that each package may cost, in dollars
    #[arg(long, default_value = "2.00", value_name = "DOLLARS")]
    max_cost: String,
    /// The iama to run, instead of one built here
    #[arg(long)]
    iama: Option<PathBuf>,
}

/// Has tests written and prints how much they notice, before and after.
pub(crate) fn run(options: &Options) -> Result<()> {
    crate::setup::bubblewrap()?;
    let iama = iama(options.iama.as_deref())?;
    let (mut faults, mut before, mut after) = (0, 0, 0);
    for name in &options.package {
        let found = measure(&iama, named(name)?, &options.max_cost)?;
        println!("{name}: {}", found.told());
        faults += found.faults;
        before += found.before;
        after += found.after;
    }
    let percent = |part: u64| (part * 100).checked_div(faults).unwrap_or(0);
    println!(
        "all: of {faults} faults on touched lines {before} noticed by the projects' own tests ({} %), {after} with the model's \
         ({} %, aim: above {AIM} %)",
        percent(before),
        percent(after)
    );
    Ok(())
}

struct Found {
    faults: u64,
    before: u64,
    after: u64,
    kept: usize,
    dropped: BTreeMap<String, usize>,
    notes: Vec<String>,
    spent: f64,
}

impl Found {
    fn told(&self) -> String {
        let dropped: usize = self.dropped.values().sum();
        let reasons: Vec<String> = self.dropped.iter().map(|(code, count)| format!("{code} {count}")).collect();
        let text = format!(
            "{} of {} tests kept ({}); {} of {} faults on touched lines noticed, before {}; ${:.4}",
            self.kept,
            self.kept + dropped,
            reasons.join(", "),
            self.after,
            self.faults,
            self.before,
            self.spent
        );
        let notes = self.notes.iter().map(|note| format!("\n  {note}"));
        std::iter::once(text).chain(notes).collect()
    }
}

fn measure(iama: &Path, package: &Package, max_cost: &str) -> Result<Found> {
    let project = cache().join("test-strength").join(package.name);
    package.copy_to(&project)?;
    let line = ["refactor", ".", "--yes", "--json", "--generate-tests", "--max-cost", max_cost];
    let done = command(&iama.display().to_string(), &line).current_dir(&project).output()?;
    let jobs = project.join(".iama").join("jobs");
    let record = fs::read_dir(&jobs)
        .ok()
        .and_then(|mut entries| entries.find_map(|entry| fs::read(entry.ok()?.path().join("generated.json")).ok()));
    let Some(record) = record else {
        bail!("{}: no tests were asked for:\n{}", package.name, String::from_utf8_lossy(&done.stderr));
    };
    read(&serde_json::from_slice(&record)?).with_context(|| format!("{}: generated.json", package.name))
}

fn read(record: &Value) -> Result<Found> {
    if let Some(why) = record["skipped"].as_str() {
        bail!("no tests were asked for: {why}");
    }
    let count = |side: &str, what: &str| record[side][what].as_u64().context("no count");
    let tests = record["tests"].as_array().context("no tests")?;
    let mut dropped: BTreeMap<String, usize> = BTreeMap::new();
    for code in tests.iter().filter_map(|test| test["code"].as_str()) {
        *dropped.entry(code.to_owned()).or_default() += 1;
    }
    let notes = record["notes"].as_array().into_iter().flatten().filter_map(Value::as_str);
    #[expect(clippy::cast_precision_loss, reason = "shown with four digits")]
    let spent = record["cost"].as_u64().unwrap_or(0) as f64 / 1e12;
    Ok(Found {
        faults: count("after", "faults")?,
        before: count("before", "noticed")?,
        after: count("after", "noticed")?,
        kept: tests.len() - dropped.values().sum::<usize>(),
        dropped,
        notes: notes.map(str::to_owned).collect(),
        spent,
    })
}
