//! The SARIF of a real job and of a scan against the published schema of SARIF 2.1.0, and the job's evidence against ours, by
//! another validator.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Args;

use crate::tools::{cache, command, debug_binary, output, run as go, works, workspace};

/// The package on npm that carries the schema.
const CARRIER: &str = "@microsoft/jest-sarif@1.0.0-beta.0";

/// The schema within it.
const SCHEMA: &str = "package/lib/schemas/sarif-2.1.0-rtm.5.json";

/// The schema of evidence, in the workspace.
const EVIDENCE: &str = "docs/schemas/iama.evidence-1.json";

/// The validator on PyPI.
const VALIDATOR: &str = "jsonschema==4.23.0";

/// A project with something to tell of every kind: a regression cannot be made on purpose, places to look at can.
const SOURCE: &str = "def f(d, a, b):\n    exec a in b\n    return d.keys()[0], a / b, d.has_key(1), cmp(a, b)\n";

/// What to check.
#[derive(Default, Args)]
pub(crate) struct Options {
    /// A SARIF file (repeatable); without one, that of a small job that is run for it
    file: Vec<PathBuf>,
    /// The iama to run, instead of one built here
    #[arg(long)]
    iama: Option<PathBuf>,
}

/// Validates the files. Fails at the first that is not valid.
pub(crate) fn run(options: &Options) -> Result<()> {
    let folder = cache().join("sarif-check");
    fs::create_dir_all(&folder)?;
    if !folder.join(SCHEMA).is_file() && !works("npm", &["--version"]) {
        println!("not run: there is no npm to fetch the schema with");
        return Ok(());
    }
    let (schema, python) = (schema(&folder)?, validator(&folder)?);
    let valid = |file: &Path, schema: &Path| {
        let line = ["-m", "jsonschema", "-i", &file.display().to_string(), &schema.display().to_string()];
        go(command(&python.display().to_string(), &line).env("PYTHONWARNINGS", "ignore"))
    };
    let own = || Ok::<_, anyhow::Error>(vec![of_job(&folder, options)?, of_scan(&folder, options)?]);
    let files = if options.file.is_empty() { own()? } else { options.file.clone() };
    if options.file.is_empty() {
        let evidence = folder.join("out/evidence.json");
        valid(&evidence, &workspace().join(EVIDENCE))?;
        println!("{}: valid iama.evidence/1", evidence.display());
    }
    for file in files {
        let text = fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
        let found: serde_json::Value = serde_json::from_str(&text)?;
        let results = found["runs"][0]["results"].as_array().map_or(0, Vec::len);
        valid(&file, &schema)?;
        println!("{}: valid SARIF 2.1.0, {results} results", file.display());
    }
    Ok(())
}

fn schema(folder: &Path) -> Result<PathBuf> {
    let schema = folder.join(SCHEMA);
    if !schema.is_file() {
        let name = output(command("npm", &["pack", "--silent", CARRIER]).current_dir(folder))?;
        output(command("tar", &["xzf", name.trim()]).current_dir(folder))?;
    }
    Ok(schema)
}

fn validator(folder: &Path) -> Result<PathBuf> {
    let own = folder.join("validator");
    let python = own.join("bin/python");
    if !own.join("ready").exists() {
        output(&mut command("python3", &["-m", "venv", "--clear", &own.display().to_string()]))?;
        output(&mut command(&python.display().to_string(), &["-m", "pip", "install", "-q", VALIDATOR]))?;
        fs::write(own.join("ready"), "")?;
    }
    Ok(python)
}

/// What `iama scan` tells of a made-up password.
fn of_scan(folder: &Path, options: &Options) -> Result<PathBuf> {
    let iama = options.iama.clone().map_or_else(|| debug_binary("iama-cli", "iama"), Ok)?;
    let file = folder.join("a file.env");
    fs::write(&file, format!("DB_PASSWORD={}\n", "correct-horse-1"))?;
    // It ends with 1, because it finds something.
    let told = command(&iama.display().to_string(), &["scan", &file.display().to_string(), "--sarif"]).output()?;
    let sarif = folder.join("scan.sarif");
    fs::write(&sarif, told.stdout)?;
    Ok(sarif)
}

fn of_job(folder: &Path, options: &Options) -> Result<PathBuf> {
    let iama = options.iama.clone().map_or_else(|| debug_binary("iama-cli", "iama"), Ok)?;
    let (project, out) = (folder.join("project"), folder.join("out"));
    for place in [&project, &out] {
        if place.exists() {
            fs::remove_dir_all(place)?;
        }
        fs::create_dir_all(place)?;
    }
    fs::write(project.join("lib.py"), SOURCE)?;
    let (project, shown) = (project.display().to_string(), out.display().to_string());
    // However it ends, it tells of the places.
    let _ = command(&iama.display().to_string(), &["refactor", &project, "--yes", "--out", &shown]).output()?;
    Ok(out.join("iama.sarif"))
}
