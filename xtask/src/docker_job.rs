//! A whole job in containers, with everything that runs code: tests, commands, scenarios, recorded calls, planted faults.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use serde_json::Value;

use crate::engine::Engine;
use crate::tools::{cache, command, debug_binary};

const FILES: [(&str, &str); 4] = [
    (
        "lib.py",
        "def total(d):\n    return sum(v for k, v in d.iteritems())\n\ndef half(n):\n    return n / 2\n\ndef never(d):\n    return d.has_key(1)\n",
    ),
    ("tool.py", "import sys\nimport lib\nprint lib.total({1: len(sys.argv)}), lib.half(7)\n"),
    (
        "test_lib.py",
        "import unittest\nimport lib\n\nclass T(unittest.TestCase):\n    def test_half(self):\n        self.assertEquals(lib.half(7), 3)\n",
    ),
    ("iama-scenarios.yaml", "version: 1\nscenarios:\n  - name: total\n    run: [python, tool.py, a, b]\n"),
];

/// What to run.
#[derive(Default, Args)]
pub(crate) struct Options {
    /// The iama to run, instead of one built here
    #[arg(long)]
    iama: Option<PathBuf>,
}

/// Runs the job and looks at what its evidence says. Where no engine can be had, that is said.
pub(crate) fn run(options: &Options) -> Result<()> {
    let engine = match Engine::ready() {
        Ok(engine) => engine,
        Err(error) => {
            println!("not run: {error:#}");
            return Ok(());
        }
    };
    let iama = options.iama.clone().map_or_else(|| debug_binary("iama-cli", "iama"), Ok)?;
    let project = cache().join("container-job");
    if project.exists() {
        fs::remove_dir_all(&project)?;
    }
    fs::create_dir_all(&project)?;
    FILES.iter().try_for_each(|(name, text)| fs::write(project.join(name), text))?;
    let shown = project.display().to_string();
    let line = ["refactor", &shown, "--yes", "--json", "--sandbox", "docker", "--characterise"];
    let more = ["--strength", "full", "--exercise", "python tool.py"];
    let host = format!("unix://{}", engine.socket.display());
    let done =
        command(&iama.display().to_string(), &[&line[..], &more[..]].concat()).env("DOCKER_HOST", host).output()?;
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    let result: Value = serde_json::from_slice(&done.stdout).with_context(|| said.clone())?;
    let path = result["paths"]["evidence"].as_str().context("the job names no evidence")?;
    look(&serde_json::from_slice(&fs::read(path)?)?).context(said)
}

fn look(evidence: &Value) -> Result<()> {
    let count = |value: &Value| value.as_u64().unwrap_or_default();
    let (strength, known) = (&evidence["strength"], &evidence["characterisation"]);
    println!(
        "{}: {}; {} of {} faults noticed, {} recorded tests, {} scenario the same",
        evidence["isolation"]["level"],
        evidence["verdict"]["sentence"],
        strength["noticed"],
        strength["planted"],
        known["tests"],
        evidence["scenarios"]["same"],
    );
    ensure!(evidence["isolation"]["level"] == "docker", "it did not run in Docker");
    ensure!(evidence["tests"]["result"]["passed"] == 2, "a test or the scenario does not pass: {}", evidence["tests"]);
    ensure!(evidence["scenarios"]["same"] == 1, "the scenario differs: {}", evidence["scenarios"]);
    ensure!(count(&strength["noticed"]) > 0, "no fault was noticed: {strength}");
    ensure!(count(&known["tests"]) > 0, "no call was recorded: {known}");
    // A division of what was seen to be whole numbers declares what floats would give.
    let found = evidence["differences"].as_array().into_iter().flatten();
    let undeclared: Vec<_> = found.filter(|difference| difference["declared"].is_null()).collect();
    ensure!(undeclared.is_empty(), "recorded calls differ: {undeclared:?}");
    Ok(())
}
