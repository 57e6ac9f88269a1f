//! Whether the code that closes runs off compiles for other systems. Nothing is run there.

use anyhow::Result;

use crate::tools::{command, output, run as go, works};

/// Windows and macOS; what runs on Linux is tested for real.
const TARGETS: [&str; 2] = ["x86_64-pc-windows-gnu", "aarch64-apple-darwin"];

/// Lints the sandbox for each of them; where a target cannot be had, that is said.
pub(crate) fn run() -> Result<()> {
    for target in TARGETS {
        if !is_installed(target) && !works("rustup", &["target", "add", target]) {
            println!("not run: {target} is not installed, and rustup cannot add it");
            continue;
        }
        let line = ["clippy", "--quiet", "--locked", "-p", "iama-sandbox", "--target", target, "--", "-D", "warnings"];
        go(&mut command("cargo", &line))?;
        println!("{target}: iama-sandbox compiles");
    }
    Ok(())
}

fn is_installed(target: &str) -> bool {
    output(&mut command("rustup", &["target", "list", "--installed"]))
        .is_ok_and(|installed| installed.lines().any(|line| line == target))
}
