//! PgBouncer for the tests: one that is installed and new enough, else one that is built from Debian's newer source package.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};

use crate::tools::{cache, command, output, run, variable, works};

/// The first that keeps prepared statements over transactions.
const OLDEST: (u32, u32) = (1, 21);
/// What Debian 13 has; Debian 12 has 1.18.
const SOURCE: &str = "pgbouncer_1.24.1.orig.tar.gz";
const HASH: &str = "da72a3aba13072876d055a3e58dd4aba4a5de4ed6148e73033185245598fd3e0";
const RELEASE: &str = "trixie";

/// The program, where there is one.
pub(crate) fn program() -> Option<PathBuf> {
    let (built, made_of) = (cache().join("pgbouncer/pgbouncer"), cache().join("pgbouncer/made-of"));
    if built.exists() && fs::read_to_string(made_of).is_ok_and(|found| found == HASH) {
        return Some(built);
    }
    let path = variable("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|folder| folder.join("pgbouncer")).find(|program| is_new_enough(program))
}

/// Builds one when there is none. Elsewhere than on Debian as root, a person has to install it.
pub(crate) fn build() -> Result<()> {
    if program().is_some() {
        return Ok(());
    }
    let root = output(&mut command("id", &["-u"])).is_ok_and(|id| id.trim() == "0");
    if !root || !works("apt-get", &["--version"]) {
        eprintln!("note: no PgBouncer 1.21 or newer is installed; its tests are not run");
        return Ok(());
    }
    let libraries = ["build-essential", "libevent-dev", "libssl-dev", "pkg-config"];
    if !works("pkg-config", &["--exists", "libevent", "openssl"]) {
        output(&mut command("apt-get", &["update", "-qq"]))?;
        output(command("apt-get", &["install", "-y", "-qq", "--no-install-recommends"]).args(libraries))?;
    }
    let work = tempfile::Builder::new().prefix("iama-pgbouncer-").tempdir()?;
    let source = fetch(work.path())?;
    output(command("sh", &["configure", "--quiet", "--without-cares"]).current_dir(&source))?;
    output(command("make", &["-j2", "pgbouncer"]).current_dir(&source))?;
    let folder = cache().join("pgbouncer");
    fs::create_dir_all(&folder)?;
    fs::copy(source.join("pgbouncer"), folder.join("half"))?;
    fs::rename(folder.join("half"), folder.join("pgbouncer"))?;
    fs::write(folder.join("made-of"), HASH)?;
    println!("PgBouncer for tests: {}", folder.join("pgbouncer").display());
    Ok(())
}

/// The unpacked source, from the mirror that this machine uses, by its hash. What apt knows of the newer release stays in a folder
/// of its own, so nothing of the system changes.
fn fetch(work: &Path) -> Result<PathBuf> {
    let format = "$(REPO_URI)\t$(ORIGIN)\t$(COMPONENT)";
    let known = output(&mut command("apt-get", &["indextargets", "--format", format, "Identifier: Packages"]))?;
    let mirror =
        known.lines().find_map(|line| line.strip_suffix("\tDebian\tmain").filter(|uri| !uri.contains("security")));
    let mirror = mirror.context("apt knows no mirror of Debian")?;
    let keys = "/usr/share/keyrings/debian-archive-keyring.gpg";
    let (lists, sources) = (work.join("lists"), work.join("newer.sources"));
    fs::create_dir_all(lists.join("partial"))?;
    fs::write(
        &sources,
        format!("Types: deb-src\nURIs: {mirror}\nSuites: {RELEASE}\nComponents: main\nSigned-By: {keys}\n"),
    )?;
    let options = [
        format!("-oDir::State::lists={}", lists.display()),
        format!("-oDir::Etc::sourcelist={}", sources.display()),
        "-oDir::Etc::sourceparts=/dev/null".to_owned(),
        "-oAPT::Sandbox::User=root".to_owned(),
    ];
    run(command("apt-get", &["-qq", "update"]).args(&options))?;
    let take = ["-qq", "source", "--download-only", "--tar-only", "pgbouncer"];
    run(command("apt-get", &take).args(&options).current_dir(work))?;
    let bytes =
        fs::read(work.join(SOURCE)).with_context(|| format!("{RELEASE} has another PgBouncer than {SOURCE}"))?;
    if hex::encode(Sha256::digest(&bytes)) != HASH {
        bail!("{SOURCE} is not the file that it was");
    }
    run(command("tar", &["-xzf", SOURCE]).current_dir(work))?;
    Ok(work.join("pgbouncer-1.24.1"))
}

fn is_new_enough(program: &Path) -> bool {
    // PgBouncer 1.24.1
    let said = output(&mut command(&program.display().to_string(), &["--version"])).unwrap_or_default();
    let version = said.lines().next().and_then(|line| line.strip_prefix("PgBouncer ")).unwrap_or_default();
    let mut numbers = version.split('.').map(|number| number.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= OLDEST
}
