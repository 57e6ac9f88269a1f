//! Faults of the kind that migrations make, planted into migrated packages: does anything notice?

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use iama_sandbox::Sandbox;
use serde::{Deserialize, Serialize};

use crate::packages::{Package, named};
use crate::proof::Migrated;
use crate::tools::{cache, iama, sandbox, workspace};

mod draw;
mod judge;

use draw::{Candidate, Drawn, candidates, order};
use judge::{Caught, Judge};

/// Where the repository holds what was drawn.
const DRAWN: &str = "xtask/faults.json";

/// Packages of which nearly all tests pass after the migration.
const DEFAULT: [&str; 6] = ["iso8601", "blinker", "parsedatetime", "jsonpickle", "sqlparse", "python-dateutil"];

/// What to run.
#[derive(Args)]
pub(crate) struct Options {
    /// The packages (repeatable); with others than these nothing is compared with what the repository holds
    #[arg(long, default_values = DEFAULT)]
    package: Vec<String>,
    /// The target
    #[arg(long, default_value = "3.11")]
    target: String,
    /// How many faults
    #[arg(long, default_value_t = 60)]
    count: usize,
    /// How many of them have to be noticed
    #[arg(long, default_value_t = 57)]
    least: usize,
    /// Take the jobs of the last run
    #[arg(long)]
    keep: bool,
    /// Write what the seed gives to the repository instead of comparing it
    #[arg(long)]
    write: bool,
    /// The iama to measure, instead of one built here
    #[arg(long)]
    iama: Option<PathBuf>,
}

/// What the repository holds.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Held {
    seed: u64,
    faults: Vec<Drawn>,
}

#[derive(Deserialize)]
struct Evidence {
    unproven: Vec<Unproven>,
}

#[derive(Deserialize)]
struct Unproven {
    file: String,
    line: u32,
    side: String,
}

/// A fault and what became of it.
struct Row {
    candidate: Candidate,
    caught: Caught,
    /// Whether the report had listed its line as not proven.
    listed: bool,
}

/// Plants the faults and prints what noticed them. Fails when too few were noticed, when one was missed at a place that the report
/// does not list, and when the repository holds others than the seed gives.
pub(crate) fn run(options: &Options) -> Result<()> {
    crate::setup::bubblewrap()?;
    let iama = iama(options.iama.as_deref())?;
    let sandbox = sandbox(&iama);
    let packages: Vec<&'static Package> = options.package.iter().map(|name| named(name)).collect::<Result<_>>()?;
    let mut all = Vec::new();
    let mut migrated = Vec::new();
    for package in packages {
        let kept = if options.keep { Migrated::kept(package) } else { None };
        let job = kept.map_or_else(|| Migrated::make(&iama, package, &options.target), Ok)?;
        let here = candidates(&job)?;
        println!("{:16} {:4} places", package.name, here.len());
        all.extend(here);
        migrated.push(job);
    }
    let held: Held = match fs::read(workspace().join(DRAWN)) {
        Ok(bytes) => serde_json::from_slice(&bytes).with_context(|| format!("{DRAWN} is not what it should be"))?,
        Err(_) => Held { seed: 1, faults: Vec::new() },
    };
    let rows = judged(&migrated, &sandbox, order(all, held.seed), options.count)?;
    print(&rows);
    settle(options, &held, &rows)
}

/// Plants faults in the order in which they were drawn until there are enough. What turns out to be none makes room for the next.
fn judged(migrated: &[Migrated], sandbox: &Sandbox, drawn: Vec<Candidate>, count: usize) -> Result<Vec<Row>> {
    let folder = cache().join("faults");
    let mut queue = drawn.into_iter();
    let mut rows: Vec<Row> = Vec::new();
    while rows.len() < count {
        let next: Vec<Candidate> = queue.by_ref().take(count - rows.len()).collect();
        if next.is_empty() {
            break;
        }
        let mut verdicts = BTreeMap::new();
        let mut listed = BTreeMap::new();
        for job in migrated {
            let here = |found: &&Candidate| found.drawn.package == job.package.name;
            let here: Vec<Candidate> = next.iter().filter(here).cloned().collect();
            let found = Judge::new(job, sandbox, &folder)?.judge(&here)?;
            let missed = found.values().filter(|caught| **caught == Caught::Missed).count();
            println!("{:16} {:4} faults planted, {missed} missed", job.package.name, here.len());
            verdicts.extend(found);
            let evidence: Evidence = job.read("evidence.json")?;
            listed.extend(here.into_iter().map(|found| (found.drawn.clone(), is_listed(&evidence, &found))));
        }
        for candidate in next {
            let caught = verdicts.get(&candidate.drawn).copied().unwrap_or(Caught::Missed);
            let listed = listed.get(&candidate.drawn).copied().unwrap_or(false);
            if caught != Caught::Nothing {
                rows.push(Row { candidate, caught, listed });
            }
        }
    }
    Ok(rows)
}

fn is_listed(evidence: &Evidence, candidate: &Candidate) -> bool {
    let (file, line) = (&candidate.drawn.file, candidate.fault.line);
    evidence.unproven.iter().any(|place| place.side == "new" && place.file == *file && place.line == line)
}

fn print(rows: &[Row]) {
    let by_operator = |row: &Row| row.candidate.drawn.operator.clone();
    let by_package = |row: &Row| row.candidate.drawn.package.clone();
    table("operator", rows, by_operator);
    table("package", rows, by_package);
    for row in rows.iter().filter(|row| row.caught == Caught::Missed) {
        let Drawn { package, file, symbol, operator, ordinal } = &row.candidate.drawn;
        let listed = if row.listed { "listed as not proven" } else { "NOT LISTED" };
        println!("missed: {package} {file}:{} {symbol} {operator} {ordinal}: {listed}", row.candidate.fault.line);
    }
}

fn table(head: &str, rows: &[Row], key: impl Fn(&Row) -> String) {
    println!(
        "\n{head:20} {:>6} {:>9} {:>14} {:>11} {:>6} {:>6}",
        "faults", "own tests", "recorded tests", "differences", "missed", "listed"
    );
    let mut groups: BTreeMap<String, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        groups.entry(key(row)).or_default().push(row);
    }
    groups.insert("~all".to_owned(), rows.iter().collect());
    for (name, rows) in groups {
        let count = |wanted: Caught| rows.iter().filter(|row| row.caught == wanted).count();
        let listed = rows.iter().filter(|row| row.caught == Caught::Missed && row.listed).count();
        let [own, recorded, differences, missed] =
            [Caught::Own, Caught::Recorded, Caught::Differences, Caught::Missed].map(count);
        let name = name.trim_start_matches('~');
        println!("{name:20} {:>6} {own:>9} {recorded:>14} {differences:>11} {missed:>6} {listed:>6}", rows.len());
    }
}

fn settle(options: &Options, held: &Held, rows: &[Row]) -> Result<()> {
    let drawn = Held { seed: held.seed, faults: rows.iter().map(|row| row.candidate.drawn.clone()).collect() };
    if options.write {
        let mut text = serde_json::to_string_pretty(&drawn)?;
        text.push('\n');
        fs::write(workspace().join(DRAWN), text)?;
    } else if options.package == DEFAULT && drawn != *held {
        let other = drawn.faults.iter().filter(|fault| !held.faults.contains(fault)).count();
        bail!("{other} of the faults that the seed gives are not those of {DRAWN}; --write puts them there");
    }
    let missed: Vec<&Row> = rows.iter().filter(|row| row.caught == Caught::Missed).collect();
    let unlisted = missed.iter().filter(|row| !row.listed).count();
    let caught = rows.len() - missed.len();
    println!("\n{caught} of {} noticed; {unlisted} missed at places that the report does not list", rows.len());
    if caught < options.least.min(rows.len()) || rows.len() < options.count || unlisted > 0 {
        bail!("it takes {} of {}, and no miss at a place that is not listed", options.least, options.count);
    }
    Ok(())
}
