//! s3s-fs for the tests: a strict peer that speaks S3, built from the registry once.

use std::path::PathBuf;

use anyhow::Result;

use crate::tools::{cache, command, run};

const VERSION: &str = "0.14.1";

/// The program, where it was built.
pub(crate) fn program() -> Option<PathBuf> {
    Some(folder().join("bin/s3s-fs")).filter(|program| program.exists())
}

fn folder() -> PathBuf {
    cache().join(format!("s3s-fs-{VERSION}"))
}

/// Builds it when it is missing, as fast as that can be done.
pub(crate) fn build() -> Result<()> {
    if program().is_some() {
        return Ok(());
    }
    let work = tempfile::Builder::new().prefix("iama-s3s-fs-").tempdir()?;
    let (package, root, target) =
        (format!("s3s-fs@{VERSION}"), folder().display().to_string(), work.path().display().to_string());
    let line = ["install", "--quiet", "--locked", &package, "--features", "binary", "--profile", "dev"];
    let places = ["--config", "profile.dev.debug=false", "--root", &root, "--target-dir", &target];
    run(command("cargo", &line).args(places))
}
