//! How many mutants a minute our runner tries, beside two versions of mutmut.

use anyhow::Result;
use clap::Args;

use crate::packages::named;
use crate::tools::{cache, command, iama, output, run as go};

/// What to measure on.
#[derive(Args)]
pub(crate) struct Options {
    /// The package; its recipes' result is mutated
    #[arg(long, default_value = "sqlparse")]
    package: String,
    /// The folder of its code
    #[arg(long, default_value = "sqlparse")]
    source: String,
    /// The folder of its tests
    #[arg(long, default_value = "tests")]
    tests: String,
    /// Seconds for each tool
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// The interpreter, of 3.10 or later
    #[arg(long, default_value = "python3.11")]
    python: String,
    /// Print the figures whatever they are
    #[arg(long)]
    no_bars: bool,
    /// The iama to migrate with, instead of one built here
    #[arg(long)]
    iama: Option<std::path::PathBuf>,
}

/// Migrates a package by recipes and runs the three tools on it, one after the other.
pub(crate) fn run(options: &Options) -> Result<()> {
    let iama = iama(options.iama.as_deref())?;
    let project = cache().join("mutation-bench").join(&options.package);
    named(&options.package)?.copy_to(&project)?;
    let shown = project.display().to_string();
    output(&mut command(&iama.display().to_string(), &["recipes", "run", "--write", &shown]))?;
    let seconds = options.seconds.to_string();
    let script = "crates/iama-baseline/mutation/bench_mutation.py";
    let parts = [script, "--project", &shown, "--source", &options.source, "--tests", &options.tests];
    let bars = if options.no_bars { &[][..] } else { &["--bars"][..] };
    go(&mut command(&options.python, &[&parts[..], &["--seconds", &seconds], bars].concat()))
}
