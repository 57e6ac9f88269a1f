//! Rules of the house that no other tool knows.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::tools::{command, output, workspace};

/// Which room may stand on which. Whatever is not listed is forbidden.
const EDGES: &[(&str, &[&str])] = &[
    ("tree-sitter-python2", &[]),
    ("iama-job", &[]),
    ("iama-syntax", &["tree-sitter-python2"]),
    ("iama-patch", &["iama-syntax"]),
    ("iama-recipes", &["iama-syntax"]),
    ("iama-source", &["iama-syntax"]),
    ("iama-model", &["iama-job", "iama-patch"]),
    ("iama-postgres", &[]),
    ("iama-sandbox", &[]),
    ("iama-store", &["iama-job", "iama-postgres"]),
    ("iama-connect", &[]),
    ("iama-report", &[]),
    (
        "iama-api",
        &["iama-connect", "iama-engine", "iama-job", "iama-model", "iama-report", "iama-source", "iama-store"],
    ),
    ("iama-server", &["iama-api", "iama-recipes", "iama-store"]),
    ("iama-baseline", &["iama-sandbox", "iama-syntax"]),
    (
        "iama-engine",
        &[
            "iama-baseline",
            "iama-job",
            "iama-model",
            "iama-patch",
            "iama-recipes",
            "iama-sandbox",
            "iama-source",
            "iama-syntax",
        ],
    ),
    (
        "iama-cli",
        &[
            "iama-baseline",
            "iama-engine",
            "iama-job",
            "iama-model",
            "iama-patch",
            "iama-recipes",
            "iama-sandbox",
            "iama-source",
            "iama-syntax",
        ],
    ),
    (
        "xtask",
        &[
            "iama-baseline",
            "iama-job",
            "iama-model",
            "iama-patch",
            "iama-postgres",
            "iama-recipes",
            "iama-sandbox",
            "iama-syntax",
        ],
    ),
];

/// Crates that a pure room must not reach: they do IO, start processes or wait.
const IMPURE: &[&str] = &["tokio", "nix", "reqwest", "ignore", "tempfile", "jiff", "reflink-copy"];

/// Rooms without IO.
const PURE: &[&str] = &["iama-job", "iama-syntax", "iama-recipes"];

/// The longest file of code, in lines.
const LONGEST: usize = 600;

/// The one file of code that is made of another: nobody reads it from end to end.
const MADE: &str = "packages/api/src/schema.ts";

/// Phrases that have no place in the repository.
const FORBIDDEN: &[&str] = &["/root/", "/home/", "/work/"];

/// Checks all rules and names every breach.
pub(crate) fn run() -> Result<()> {
    let mut breaches = edges()?;
    breaches.extend(files()?);
    breaches.extend(acceptance()?);
    if breaches.is_empty() {
        println!("tidy: edges, files and words are in order");
        return Ok(());
    }
    bail!("{}", breaches.join("\n"));
}

fn edges() -> Result<Vec<String>> {
    let text = output(&mut command("cargo", &["metadata", "--format-version", "1", "--no-deps", "--locked"]))?;
    let metadata: Value = serde_json::from_str(&text)?;
    let packages = metadata["packages"].as_array().context("cargo metadata lists no packages")?;
    let own: BTreeSet<&str> = packages.iter().filter_map(|package| package["name"].as_str()).collect();
    let allowed: BTreeMap<&str, &[&str]> = EDGES.iter().copied().collect();
    let mut breaches = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        let Some(edges) = allowed.get(name) else {
            breaches.push(format!("{name}: not in the table of edges"));
            continue;
        };
        let dependencies = package["dependencies"].as_array().into_iter().flatten();
        for dependency in dependencies.filter(|dependency| dependency["kind"].is_null()) {
            let target = dependency["name"].as_str().unwrap_or_default();
            if own.contains(target) && !edges.contains(&target) {
                breaches.push(format!("{name}: must not depend on {target}"));
            }
            if PURE.contains(&name) && IMPURE.contains(&target) {
                breaches.push(format!("{name}: is pure and must not depend on {target}"));
            }
        }
    }
    Ok(breaches)
}

fn files() -> Result<Vec<String>> {
    let listed = output(&mut command("git", &["ls-files", "-z"]))?;
    let mut breaches = Vec::new();
    for path in listed.split('\0').filter(|path| !path.is_empty()) {
        let Ok(text) = fs::read_to_string(workspace().join(path)) else { continue };
        let code = path.ends_with(".rs") || path.ends_with(".ts") || path.ends_with(".tsx");
        let lines = text.lines().count();
        if code && lines > LONGEST && path != MADE {
            breaches.push(format!("{path}: {lines} lines, and {LONGEST} are the most"));
        }
        if path == "xtask/src/tidy.rs" || path.contains("/scenarios/") || path.contains("/sample/") {
            continue;
        }
        for phrase in FORBIDDEN {
            if let Some(line) = text.lines().position(|line| line.contains(phrase)) {
                breaches.push(format!("{path}:{}: {phrase}", line + 1));
            }
        }
    }
    Ok(breaches)
}

/// The tests that the acceptance table names have to be where it says.
fn acceptance() -> Result<Vec<String>> {
    let place = "docs/acceptance.md";
    let text = fs::read_to_string(workspace().join(place))?;
    let mut breaches = Vec::new();
    let mut source = String::new();
    for (at, word) in text.split('`').enumerate() {
        // What stands between marks comes second, fourth and so on.
        if at % 2 == 0 || word.contains(' ') {
            continue;
        }
        if word.ends_with(".rs") {
            source = fs::read_to_string(workspace().join(word)).unwrap_or_default();
            if source.is_empty() {
                breaches.push(format!("{place}: there is no {word}"));
            }
        } else if !source.contains(&format!("fn {word}(")) {
            breaches.push(format!("{place}: no test is called {word} where it should be"));
        }
    }
    Ok(breaches)
}
