//! What the tasks need on a machine, installed when it is missing and when that is possible.

use anyhow::{Result, bail};

use crate::tools::{command, run as start, works};
use crate::{pgbouncer, postgres, s3};

/// All of it.
pub(crate) fn run() -> Result<()> {
    bubblewrap()?;
    cargo_tool("nextest", "0.9.143")?;
    cargo_tool("machete", "0.9.2")?;
    postgres::bundle()?;
    pgbouncer::build()?;
    s3::build()
}

/// Bubblewrap closes test runs off. Installed from the distribution when this runs as root on Debian.
pub(crate) fn bubblewrap() -> Result<()> {
    if works("bwrap", &["--version"]) {
        return Ok(());
    }
    let root = crate::tools::output(&mut command("id", &["-u"])).is_ok_and(|id| id.trim() == "0");
    if !root || !works("apt-get", &["--version"]) {
        eprintln!("note: bubblewrap is not installed; iama takes the next best isolation that works here");
        return Ok(());
    }
    start(&mut command("apt-get", &["update", "-qq"]))?;
    start(&mut command("apt-get", &["install", "-y", "-qq", "--no-install-recommends", "bubblewrap"]))
}

/// A cargo subcommand, installed when it is missing.
pub(crate) fn cargo_tool(name: &str, version: &str) -> Result<()> {
    if works("cargo", &[name, "--version"]) {
        return Ok(());
    }
    let package = format!("cargo-{name}@{version}");
    start(&mut command("cargo", &["install", "--quiet", "--locked", &package]))?;
    if !works("cargo", &[name, "--version"]) {
        bail!("cargo {name} was installed and does not run");
    }
    Ok(())
}
