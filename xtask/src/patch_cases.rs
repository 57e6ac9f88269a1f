//! Generated patches against generated texts: an edit lands in its one place, or it is refused.

use anyhow::{Result, bail};
use clap::Args;
use iama_patch::checks;

/// How many, and from which seed.
#[derive(Args)]
pub(crate) struct Options {
    /// Cases to generate
    #[arg(long, default_value_t = 1_000_000)]
    cases: u64,
    /// Seed of the generator
    #[arg(long, default_value_t = 7)]
    seed: u64,
}

/// Runs the cases and prints the figures.
pub(crate) fn run(options: &Options) -> Result<()> {
    let report = checks::run(options.cases, options.seed);
    println!("{report:?}");
    if report.wrong_place > 0 || report.missed > 0 {
        bail!("an edit landed in a wrong place, or a good one was refused");
    }
    Ok(())
}
