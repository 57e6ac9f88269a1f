//! What a whole migration costs: seconds by stage, and how large its evidence is.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde_json::Value;

use crate::packages::named;
use crate::tools::{cache, command, iama};

/// The most that evidence and report may have for each 10 000 lines, in bytes; small projects may have as much.
const MOST_BYTES: u64 = 2_000_000;

/// What to migrate.
#[derive(Args)]
pub(crate) struct Options {
    /// A listed package: python-gflags has 6 800 lines, dnspython 17 000
    #[arg(long, default_value = "python-gflags")]
    package: String,
    /// The interpreter that the result must run on
    #[arg(long, default_value = "python3.11")]
    to: String,
    /// How long faults are planted
    #[arg(long, default_value = "60s")]
    strength: String,
    /// Do not record calls
    #[arg(long)]
    no_characterise: bool,
    /// Only this file of tests (repeatable)
    #[arg(long)]
    test: Vec<String>,
    /// The iama to measure, instead of one built here
    #[arg(long)]
    iama: Option<PathBuf>,
}

/// Migrates a fresh copy and prints the figures. Fails when evidence or report are too large.
pub(crate) fn run(options: &Options) -> Result<()> {
    crate::setup::bubblewrap()?;
    let iama = iama(options.iama.as_deref())?;
    let project = cache().join("cost").join(&options.package);
    named(&options.package)?.copy_to(&project)?;
    let shown = project.display().to_string();
    let mut line = vec!["refactor", &shown, "--yes", "--json", "--to", &options.to, "--strength", &options.strength];
    line.extend((!options.no_characterise).then_some("--characterise"));
    line.extend(options.test.iter().flat_map(|file| ["--test", file]));
    // A migration with regressions ends with another code, and costs all the same.
    let done = command(&iama.display().to_string(), &line).output()?;
    let result: Value = serde_json::from_slice(&done.stdout)
        .with_context(|| format!("no job came to an end: {}", String::from_utf8_lossy(&done.stderr).trim()))?;
    print(&result)
}

fn print(result: &Value) -> Result<()> {
    let place = |name: &str| result["paths"][name].as_str().context("the job names no such file");
    let evidence: Value = serde_json::from_slice(&fs::read(place("evidence")?)?)?;
    let lines = evidence["scope"]["lines"].as_u64().unwrap_or_default();
    println!("{}: {} lines, {}", evidence["job"]["project"], lines, result["verdict"]);
    for step in result["stages"].as_array().context("the result tells no steps")? {
        println!("{:>8.1} s  {}", step["seconds"].as_f64().unwrap_or_default(), step["stage"].as_str().unwrap_or("?"));
    }
    let stages = result["seconds"].as_object().context("the result tells no stages")?;
    let sum: f64 = stages.values().filter_map(Value::as_f64).sum();
    let parts: Vec<String> = stages.iter().map(|(name, seconds)| format!("{name} {seconds}")).collect();
    println!("{sum:>8.1} s  together: {}", parts.join(", "));
    let most = MOST_BYTES * lines.max(10_000) / 10_000;
    let mut large = Vec::new();
    for name in ["evidence", "report"] {
        let bytes = fs::metadata(place(name)?)?.len();
        println!("{bytes:>10} bytes  {name} (bar {most})");
        large.extend((bytes > most).then_some(name));
    }
    if !large.is_empty() {
        bail!("too large: {}", large.join(", "));
    }
    Ok(())
}
