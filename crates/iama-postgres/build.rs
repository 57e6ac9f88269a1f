//! Puts the bundle of PostgreSQL into the binary when `cargo xtask setup` has made one. It fetches nothing.

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-env-changed=IAMA_POSTGRES_BUNDLE");
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(variable("OUT_DIR").ok_or("cargo names no folder for what is built")?);
    let bundle = variable("CARGO_FEATURE_BUNDLED").and_then(|_| bundle());
    let mut code = String::from("/// The bundle and the hash of its content.\n");
    match bundle {
        Some(path) => {
            println!("cargo::rerun-if-changed={}", path.display());
            match fs::read(&path) {
                Ok(bytes) => {
                    fs::write(out.join("bundle"), &bytes)?;
                    let hash = hex::encode(Sha256::digest(&bytes));
                    writeln!(code, "pub(super) const INCLUDED: Option<(&[u8], &str)> =")?;
                    writeln!(code, "    Some((include_bytes!(concat!(env!(\"OUT_DIR\"), \"/bundle\")), \"{hash}\"));")?;
                }
                Err(_) => none(&mut code)?,
            }
        }
        None => none(&mut code)?,
    }
    fs::write(out.join("included.rs"), code)?;
    Ok(())
}

fn none(code: &mut String) -> std::fmt::Result {
    writeln!(code, "pub(super) const INCLUDED: Option<(&[u8], &str)> = None;")
}

/// The file that is named, or the one that `cargo xtask setup` makes for the system that is built for.
fn bundle() -> Option<PathBuf> {
    if let Some(named) = variable("IAMA_POSTGRES_BUNDLE") {
        return Some(PathBuf::from(named));
    }
    let cache = variable("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| variable("HOME").map(|home| Path::new(&home).join(".cache")))?;
    let system = variable("CARGO_CFG_TARGET_OS")?;
    let processor = variable("CARGO_CFG_TARGET_ARCH")?;
    Some(cache.join("iama/postgres").join(format!("{system}-{processor}.tar.zst")))
}

#[expect(clippy::disallowed_methods, reason = "cargo speaks to a build script through the environment")]
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
