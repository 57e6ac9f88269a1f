//! Ways out of the sandbox, tried on every level that this machine has.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use iama_sandbox::escapes::{ATTACKS, Held, attempt, levels, table};
use iama_sandbox::{Level, Probe};
use serde_json::Value;

use crate::engine::Engine;
use crate::packages::named;
use crate::tools::{cache, command, debug_binary, output, run as start, variable, workspace};

/// The page that holds the table, and the lines around it.
const PAGE: &str = "docs/sandbox.md";
const BEGIN: &str = "<!-- table: begin -->\n";
const END: &str = "<!-- table: end -->";

/// Tries every attack on every level and prints what held; fails where a level holds less, or more, than the
/// documentation says.
pub(crate) fn run() -> Result<()> {
    crate::setup::bubblewrap()?;
    documentation()?;
    let engine = Engine::ready();
    let docker = match &engine {
        Ok(engine) => engine.probe(),
        Err(error) => Err(anyhow::anyhow!("{error:#}")),
    };
    if let Ok(engine) = &engine {
        runs_in(&engine.socket)?;
        job_in(&engine.socket)?;
    }
    let supervisor = [debug_binary("iama-sandbox", "iama-supervise")?];
    let path = variable("PATH").unwrap_or_default();
    let mut rows: BTreeMap<&str, BTreeMap<Level, Held>> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (level, probe) in levels(&path, docker.map_err(|error| format!("{error:#}"))) {
        match probe {
            Ok(probe) => wrong.extend(try_all(&probe, &supervisor, &mut rows)?),
            Err(reason) => println!("not run: {}: {reason}", level.name()),
        }
    }
    show(&rows);
    if !wrong.is_empty() {
        bail!("the documentation says otherwise:\n{}", wrong.join("\n"));
    }
    Ok(())
}

fn try_all(
    probe: &Probe,
    supervisor: &[PathBuf],
    rows: &mut BTreeMap<&str, BTreeMap<Level, Held>>,
) -> Result<Vec<String>> {
    let mut wrong = Vec::new();
    let scratch = cache().join("escapes");
    for attack in ATTACKS {
        let tried = attempt(attack, probe, supervisor, &scratch)?;
        rows.entry(attack.name).or_default().insert(probe.level, tried.held);
        if tried.held != tried.expected {
            let (held, expected) = (tried.held, tried.expected);
            let level = probe.level.name();
            wrong.push(format!("{} on {level}: {held}, not {expected}\n{}", attack.name, tried.shown));
        }
    }
    Ok(wrong)
}

fn show(rows: &BTreeMap<&str, BTreeMap<Level, Held>>) {
    let levels = [Level::Docker, Level::Bubblewrap, Level::LandlockSeccomp, Level::LimitsOnly];
    print!("{:44}", "");
    for level in levels {
        print!("{:>20}", level.name());
    }
    println!();
    for attack in ATTACKS {
        print!("{:44}", attack.name);
        for level in levels {
            let held = rows.get(attack.name).and_then(|row| row.get(&level));
            print!("{:>20}", held.map_or_else(|| "not run".to_owned(), Held::to_string));
        }
        println!();
    }
}

/// The tests of runs in Docker.
fn runs_in(socket: &Path) -> Result<()> {
    let test = ["test", "--quiet", "--locked", "-p", "iama-sandbox", "--test", "docker", "--", "--ignored"];
    start(command("cargo", &test).env("IAMA_TEST_ENGINE", socket))
}

/// Migrates a published package, with its tests on both sides in containers.
fn job_in(socket: &Path) -> Result<()> {
    let copy = cache().join("docker-job");
    named("iso8601")?.copy_to(&copy)?;
    let iama = debug_binary("iama-cli", "iama")?.display().to_string();
    let shown = copy.display().to_string();
    let mut job = command(&iama, &["refactor", &shown, "--sandbox", "docker", "--yes", "--json", "--out", &shown]);
    let result: Value = serde_json::from_str(&output(job.env("DOCKER_HOST", format!("unix://{}", socket.display())))?)?;
    let evidence: Value = serde_json::from_slice(&fs::read(copy.join("evidence.json"))?)?;
    let (state, level) = (&result["state"], &evidence["isolation"]["level"]);
    println!("a job in Docker: {state}, {}, isolation {level}", result["verdict"]);
    if state != "DELIVERED" || level != "docker" {
        bail!("the job in Docker ended as {state} with isolation {level}");
    }
    Ok(())
}

/// Holds the table in the documentation to the list of attacks; writes it when `UPDATE_DOCS` is set.
fn documentation() -> Result<()> {
    let file = workspace().join(PAGE);
    let text = fs::read_to_string(&file)?;
    let parts = text.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?)));
    let Some((before, (known, after))) = parts else { bail!("{PAGE} has no place for the table") };
    if known == table() {
        return Ok(());
    }
    if variable("UPDATE_DOCS").is_none() {
        bail!("the table in {PAGE} is not up to date: UPDATE_DOCS=1 writes it");
    }
    fs::write(&file, format!("{before}{BEGIN}{}{END}{after}", table()))?;
    Ok(())
}
