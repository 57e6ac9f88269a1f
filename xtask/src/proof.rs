//! Packages migrated with everything that shows what the migration does: what the tasks about proof stand on.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use iama_baseline::python::strength::Strength;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::packages::Package;
use crate::tools::{cache, command};

/// A package and the job that migrated it.
pub(crate) struct Migrated {
    /// The package.
    pub(crate) package: &'static Package,
    /// The job's folder.
    pub(crate) job: PathBuf,
}

impl Migrated {
    /// Migrates a fresh copy of a package: calls recorded, and each planted fault tried.
    pub(crate) fn make(iama: &Path, package: &'static Package, target: &str) -> Result<Self> {
        let project = cache().join("proof").join(package.name);
        package.copy_to(&project)?;
        let shown = project.display().to_string();
        let line = ["refactor", &shown, "--yes", "--json", "--characterise", "--strength", "full", "--to", target];
        let line = [&line[..], &["--sandbox", "native"]].concat();
        let done = command(&iama.display().to_string(), &line).output()?;
        // A migration with regressions ends with another code, and is measured all the same.
        let Some(job) = job_folder(&project).filter(|job| job.join("evidence.json").is_file()) else {
            bail!("{}: no job came to an end: {}", package.name, String::from_utf8_lossy(&done.stderr).trim());
        };
        Ok(Self { package, job })
    }

    /// The job that was made before, where there is one.
    pub(crate) fn kept(package: &'static Package) -> Option<Self> {
        let project = cache().join("proof").join(package.name);
        let job = job_folder(&project).filter(|job| job.join("strength.json").is_file())?;
        Some(Self { package, job })
    }

    /// Reads a file of the job's folder.
    pub(crate) fn read<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        let path = self.job.join(name);
        let bytes = fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        serde_json::from_slice(&bytes).with_context(|| format!("{} is not what it should be", path.display()))
    }
}

/// What a job keeps as `strength.json`.
#[derive(Debug, Deserialize)]
pub(crate) struct Strengths {
    legacy: Strength,
    result: Strength,
    recorded: Option<Sides>,
}

#[derive(Debug, Deserialize)]
struct Sides {
    legacy: Strength,
    result: Strength,
}

impl Strengths {
    /// What the own tests notice in the legacy code.
    pub(crate) fn own(&self) -> &Strength {
        &self.legacy
    }

    /// What all tests notice in the legacy code.
    pub(crate) fn legacy(&self) -> Strength {
        self.recorded.as_ref().map_or_else(|| self.legacy.clone(), |more| self.legacy.joined(&more.legacy))
    }

    /// What all tests notice in the result.
    pub(crate) fn result(&self) -> Strength {
        self.recorded.as_ref().map_or_else(|| self.result.clone(), |more| self.result.joined(&more.result))
    }
}

fn job_folder(project: &Path) -> Option<PathBuf> {
    let jobs = fs::read_dir(project.join(".iama/jobs")).ok()?.flatten().map(|entry| entry.path());
    jobs.filter(|job| job.join("request.json").is_file()).max()
}
