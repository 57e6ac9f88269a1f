//! The scan for secrets beside two other scanners.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;

use crate::packages::python;
use crate::tools::{cache, command, output, release_binary, run as go};

/// The scanners on PyPI.
const PEERS: [&str; 2] = ["detect-secrets==1.5.0", "kingfisher-bin==2.14.0"];

/// What to run.
#[derive(Args)]
pub(crate) struct Options {
    /// Name the texts that iama misses
    #[arg(long)]
    missed: bool,
    /// Name what is told of and nobody has judged
    #[arg(long)]
    unjudged: bool,
    /// Leave detect-secrets out where it takes minutes, and the speed with it
    #[arg(long)]
    quick: bool,
    /// The iama to run, instead of one built here
    #[arg(long)]
    iama: Option<PathBuf>,
}

/// Prints recall, false alarms and speed. Fails when a bar is missed.
pub(crate) fn run(options: &Options) -> Result<()> {
    let (two, eleven) = (python(2, 7), python(3, 11));
    let newest = python(3, 13).or_else(|| python(3, 12));
    let (Some(two), Some(eleven), Some(newest)) = (two, eleven, newest) else {
        println!("not run: it takes a Python 2.7, a Python 3.11, and a Python 3.12 or 3.13 with pip");
        return Ok(());
    };
    let folder = cache().join("secrets");
    let peers = peers(&folder, &eleven.path)?;
    let iama = options.iama.clone().map_or_else(|| release_binary("iama-cli", "iama"), Ok)?;
    let places = [
        ("--iama", iama),
        ("--peers", peers.clone()),
        ("--python", newest.path),
        ("--library", two.prefix.join("lib/python2.7")),
        ("--wheels", cache().join("wheels")),
        ("--work", folder.join("work")),
        ("--judged", PathBuf::from("xtask/secrets-judged.json")),
    ];
    let mut line = vec!["xtask/python/secret_bars.py".to_owned()];
    line.extend(places.iter().flat_map(|(name, path)| [(*name).to_owned(), path.display().to_string()]));
    let flags = [("--missed", options.missed), ("--unjudged", options.unjudged), ("--quick", options.quick)];
    line.extend(flags.iter().filter(|(_, given)| *given).map(|(name, _)| (*name).to_owned()));
    let line: Vec<&str> = line.iter().map(String::as_str).collect();
    go(&mut command(&peers.join("python").display().to_string(), &line))
}

/// Whether this repository is free of secrets.
pub(crate) fn own() -> Result<()> {
    let iama = release_binary("iama-cli", "iama")?;
    go(&mut command(&iama.display().to_string(), &["scan", ".", "--baseline", "xtask/secrets-known.json"]))
}

/// The folder of the other scanners' programs, installed when they are missing.
fn peers(folder: &Path, python: &Path) -> Result<PathBuf> {
    let own = folder.join("peers");
    let programs = own.join("bin");
    if !own.join("ready").exists() {
        output(&mut command(&python.display().to_string(), &["-m", "venv", "--clear", &own.display().to_string()]))?;
        let line = ["-m", "pip", "install", "-q", PEERS[0], PEERS[1]];
        output(&mut command(&programs.join("python").display().to_string(), &line))?;
        fs::write(own.join("ready"), "")?;
    }
    Ok(programs)
}
