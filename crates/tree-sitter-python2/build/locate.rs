//! Where the sources of the tree-sitter-python that Cargo has locked lie.

use std::{env, fs, path::Path, path::PathBuf, process::Command};

use super::Failure;

/// The release that the edits are written for; equal to the exact requirement in `Cargo.toml`.
const VERSION: &str = "0.25.0";

/// The directory that holds `grammar.json` and `scanner.c`.
pub(crate) fn sources() -> Result<PathBuf, Failure> {
    let manifest = package_manifest().map_err(|reason| {
        format!("the sources of tree-sitter-python {VERSION} were not found ({reason}); `cargo fetch` downloads them")
    })?;
    let sources = manifest.with_file_name("src");
    for name in ["grammar.json", "scanner.c"] {
        if !sources.join(name).is_file() {
            return Err(format!("{} holds no {name}; is the package complete?", sources.display()).into());
        }
    }
    Ok(sources)
}

/// The directory for generated files.
pub(crate) fn out_dir() -> Result<PathBuf, Failure> {
    Ok(PathBuf::from(variable("OUT_DIR")?))
}

/// Asks Cargo about a package of its own whose only dependency is tree-sitter-python. The workspace itself cannot be asked:
/// it names packages that this build does not need and that a fresh machine has not downloaded.
fn package_manifest() -> Result<PathBuf, Failure> {
    let probe = out_dir()?.join("probe");
    write_probe(&probe)?;
    let output = cargo()?
        .args(["metadata", "--offline", "--format-version=1", "--filter-platform"])
        .arg(variable("TARGET")?)
        .arg("--manifest-path")
        .arg(probe.join("Cargo.toml"))
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned().into());
    }
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    metadata["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|package| package["name"] == "tree-sitter-python")
        .and_then(|package| package["manifest_path"].as_str())
        .map(PathBuf::from)
        .ok_or_else(|| "cargo metadata does not list it".into())
}

fn write_probe(probe: &Path) -> Result<(), Failure> {
    let manifest = format!(
        "[package]\nname = \"probe\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n[lib]\npath = \"lib.rs\"\n\n\
         [dependencies]\ntree-sitter-python = \"={VERSION}\"\n\n[workspace]\n"
    );
    fs::create_dir_all(probe)?;
    fs::write(probe.join("Cargo.toml"), manifest)?;
    fs::write(probe.join("lib.rs"), "")?;
    // The lock file of the workspace keeps Cargo from choosing releases that were never downloaded.
    let workspace_lock = Path::new(&variable("CARGO_MANIFEST_DIR")?).join("../../Cargo.lock");
    if workspace_lock.is_file() {
        fs::copy(workspace_lock, probe.join("Cargo.lock"))?;
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a build script starts no user's code and has no iama_sandbox below it")]
fn cargo() -> Result<Command, Failure> {
    let mut command = Command::new(variable("CARGO")?);
    // Source replacement is configured beside the workspace, and Cargo looks for it from the current directory upwards.
    command.current_dir(variable("CARGO_MANIFEST_DIR")?);
    Ok(command)
}

#[expect(clippy::disallowed_methods, reason = "Cargo hands a build script its input as environment variables")]
fn variable(name: &str) -> Result<String, Failure> {
    env::var(name).map_err(|error| format!("{name}: {error}").into())
}
