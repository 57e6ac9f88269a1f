//! Starting the tools that a task needs.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use iama_sandbox::{Limits, Sandbox, probe};

/// The folder of the workspace.
pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_owned()
}

/// The user's home.
pub(crate) fn home() -> PathBuf {
    variable("HOME").map(PathBuf::from).unwrap_or_default()
}

/// The user's cache folder for this project.
pub(crate) fn cache() -> PathBuf {
    let base = variable("XDG_CACHE_HOME").map_or_else(|| home().join(".cache"), PathBuf::from);
    base.join("iama")
}

/// A variable of the environment.
#[expect(clippy::disallowed_methods, reason = "the one place of this program that reads the environment")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A command in the workspace.
#[expect(clippy::disallowed_methods, reason = "this program's business is to start tools")]
pub(crate) fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    // Some cargo subcommands take the variables of `cargo run` for a call of their own.
    command.args(arguments).current_dir(workspace()).env_remove("CARGO_PKG_NAME");
    command
}

/// Runs a command to its end; an error when it fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let shown = format!("{command:?}");
    let status = command.status().with_context(|| format!("{shown} could not be started"))?;
    if !status.success() {
        bail!("{shown} failed ({status})");
    }
    Ok(())
}

/// The output of a command; an error when it fails.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let shown = format!("{command:?}");
    let output = command.output().with_context(|| format!("{shown} could not be started"))?;
    if !output.status.success() {
        bail!("{shown} failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether a program can be started and succeeds.
pub(crate) fn works(program: &str, arguments: &[&str]) -> bool {
    command(program, arguments).output().is_ok_and(|output| output.status.success())
}

/// The folder of programs of a Python environment with one package of PyPI, made once.
pub(crate) fn environment(package: &str, version: &str) -> Result<PathBuf> {
    let folder = cache().join(format!("{package}-{version}"));
    let programs = folder.join("bin");
    if !folder.join("made").exists() {
        run(&mut command("python3", &["-m", "venv", &folder.display().to_string()]))?;
        let python = programs.join("python").display().to_string();
        run(&mut command(&python, &["-m", "pip", "install", "--quiet", &format!("{package}=={version}")]))?;
        std::fs::write(folder.join("made"), "")?;
    }
    Ok(programs)
}

/// Builds a package's binary in release and gives its path.
pub(crate) fn release_binary(package: &str, binary: &str) -> Result<PathBuf> {
    run(&mut command("cargo", &["build", "--quiet", "--release", "--locked", "--package", package, "--bin", binary]))?;
    Ok(target()?.join("release").join(binary))
}

/// Builds a package's binary as it is shipped and gives its path.
pub(crate) fn shipped_binary(package: &str, binary: &str) -> Result<PathBuf> {
    let line = ["build", "--quiet", "--profile", "dist", "--locked", "--package", package, "--bin", binary];
    run(&mut command("cargo", &line))?;
    Ok(target()?.join("dist").join(binary))
}

/// Builds a package's binary without optimisation and gives its path.
pub(crate) fn debug_binary(package: &str, binary: &str) -> Result<PathBuf> {
    run(&mut command("cargo", &["build", "--quiet", "--locked", "--package", package, "--bin", binary]))?;
    Ok(target()?.join("debug").join(binary))
}

/// Builds a package's example in release and gives its path.
pub(crate) fn release_example(package: &str, example: &str) -> Result<PathBuf> {
    let line = ["build", "--quiet", "--release", "--locked", "--package", package, "--example", example];
    run(&mut command("cargo", &line))?;
    Ok(target()?.join("release/examples").join(example))
}

fn target() -> Result<PathBuf> {
    let metadata = output(&mut command("cargo", &["metadata", "--format-version", "1", "--no-deps", "--locked"]))?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata)?;
    let target = metadata["target_directory"].as_str().context("cargo metadata names no target directory")?;
    Ok(PathBuf::from(target))
}

/// The iama that is named, or one that is built here.
pub(crate) fn iama(named: Option<&Path>) -> Result<PathBuf> {
    named.map_or_else(|| release_binary("iama-cli", "iama"), |iama| Ok(iama.to_owned()))
}

/// The strongest sandbox of this machine, with its usual limits.
pub(crate) fn sandbox(iama: &Path) -> Sandbox {
    let path = variable("PATH").unwrap_or_default();
    let supervisor = vec![iama.to_owned(), "__supervise".into()];
    Sandbox { probe: probe(&path), supervisor, stop: None, limits: Limits::default() }
}
