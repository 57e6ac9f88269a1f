//! What tests notice of faults planted at the places that a migration touches: the packages' own tests, and those with the
//! recorded ones.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use iama_baseline::python::strength::{Strength, Verdict};

use crate::packages::named;
use crate::proof::{Migrated, Strengths};
use crate::tools::iama;

/// What to run.
#[derive(Args)]
pub(crate) struct Options {
    /// The packages (repeatable)
    #[arg(long, default_values = ["iso8601", "parsedatetime", "jsonpickle", "sqlparse", "python-dateutil"])]
    package: Vec<String>,
    /// The target
    #[arg(long, default_value = "3.11")]
    target: String,
    /// The least share that the tests with the recorded ones have to notice, in percent
    #[arg(long, default_value_t = 80)]
    least: usize,
    /// Take the jobs of the last run
    #[arg(long)]
    keep: bool,
    /// The iama to measure, instead of one built here
    #[arg(long)]
    iama: Option<PathBuf>,
}

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Row {
    lines: usize,
    planted: usize,
    own: usize,
    together: usize,
}

impl Row {
    fn of(kept: &Strengths) -> Self {
        let together = kept.legacy();
        let count = |strength: &Strength, wanted: fn(Verdict) -> bool| {
            strength.tried.values().flatten().filter(|row| wanted(row.verdict)).count()
        };
        let stretches = together.reach.values().flatten();
        Self {
            lines: stretches.map(|row| (row.last - row.first + 1) as usize).sum(),
            planted: count(&together, Verdict::is_telling),
            own: count(kept.own(), Verdict::is_noticed),
            together: count(&together, Verdict::is_noticed),
        }
    }

    fn percent(self, part: usize) -> usize {
        (part * 100).checked_div(self.planted).unwrap_or(0)
    }

    fn print(self, name: &str) {
        let Self { lines, planted, own, together } = self;
        let (before, after) = (self.percent(own), self.percent(together));
        println!("{name:16} {lines:>13} {planted:>7} {own:>9} {together:>13} {before:>7} % {after:>6} %");
    }
}

/// Migrates the packages and prints the table. Fails when the tests with the recorded ones notice too little.
pub(crate) fn run(options: &Options) -> Result<()> {
    crate::setup::bubblewrap()?;
    let iama = iama(options.iama.as_deref())?;
    let (head, own) = ("touched lines", "own tests");
    println!("{:16} {head:>13} {:>7} {own:>9} {:>13} {:>9} {:>8}", "", "faults", "with recorded", "before", "after");
    let mut rows: BTreeMap<&str, Row> = BTreeMap::new();
    for name in &options.package {
        let package = named(name)?;
        let kept = if options.keep { Migrated::kept(package) } else { None };
        let migrated = kept.map_or_else(|| Migrated::make(&iama, package, &options.target), Ok)?;
        let row = Row::of(&migrated.read("strength.json")?);
        row.print(migrated.package.name);
        rows.insert(package.name, row);
    }
    let below = rows.iter().filter(|(_, row)| row.percent(row.together) < options.least);
    let below: Vec<&str> = below.map(|(name, _)| *name).collect();
    if !below.is_empty() {
        bail!("below {} %: {}", options.least, below.join(", "));
    }
    Ok(())
}
