//! Finding interpreters: a named one, else PATH, pyenv, uv. What is found is asked for its version; shims that answer nothing
//! are passed over.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};

/// A version of Python.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Version {
    /// 2 or 3.
    pub major: u8,
    /// The part that decides what the language is.
    pub minor: u8,
    /// The rest.
    pub micro: u8,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.micro)
    }
}

/// Which interpreter is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// 2 or 3.
    pub major: u8,
    /// The minor version.
    pub minor: u8,
}

impl Wanted {
    /// The interpreter for legacy code.
    pub const LEGACY: Self = Self { major: 2, minor: 7 };

    /// Reads `3.11`, `python3.11` or `py311`.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.trim_start_matches("python").trim_start_matches("py");
        let (major, minor) = digits.split_once('.').or_else(|| digits.split_at_checked(1))?;
        Some(Self { major: major.parse().ok()?, minor: minor.parse().ok()? })
    }

    fn accepts(self, version: Version) -> bool {
        (version.major, version.minor) == (self.major, self.minor)
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// How an interpreter was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// The user named it.
    Option,
    /// On PATH.
    Path,
    /// Among pyenv's versions.
    Pyenv,
    /// Among uv's versions.
    Uv,
}

/// An interpreter that answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interpreter {
    /// The program.
    pub path: PathBuf,
    /// What it says it is.
    pub version: Version,
    /// How it was found.
    pub how: How,
    /// The folder that it was installed to.
    pub prefix: PathBuf,
}

/// Where to look.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// The value of PATH.
    pub path: String,
    /// The user's home.
    pub home: PathBuf,
    /// The value of `PYENV_ROOT`.
    pub pyenv_root: Option<PathBuf>,
}

/// Finds an interpreter; a named one is the only candidate.
pub fn find(wanted: Wanted, named: Option<&Path>, search: &Search) -> Option<Interpreter> {
    if let Some(path) = named {
        return ask(path, How::Option).filter(|found| found.version.major == wanted.major);
    }
    candidates(wanted, search)
        .into_iter()
        .filter_map(|(path, how)| ask(&path, how))
        .find(|found| wanted.accepts(found.version))
}

/// Every interpreter of some major version that can be found, one for each version, newest first.
pub fn all(major: u8, search: &Search) -> Vec<Interpreter> {
    let minors = if major == 2 { 6..=7 } else { 6..=15 };
    minors.rev().filter_map(|minor| find(Wanted { major, minor }, None, search)).collect()
}

fn candidates(wanted: Wanted, search: &Search) -> Vec<(PathBuf, How)> {
    let names = [format!("python{wanted}"), format!("python{}", wanted.major), "python".to_owned()];
    let on_path = std::env::split_paths(&search.path)
        .filter(|folder| !folder.ends_with("shims"))
        .flat_map(|folder| names.iter().map(move |name| folder.join(name)).collect::<Vec<_>>())
        .map(|path| (path, How::Path));
    let pyenv = search.pyenv_root.clone().unwrap_or_else(|| search.home.join(".pyenv")).join("versions");
    let uv = search.home.join(".local/share/uv/python");
    let installed = |folder: PathBuf, prefix: String, how| {
        let mut found: Vec<_> = fs::read_dir(folder).into_iter().flatten().flatten().collect();
        found.sort_by_key(|entry| std::cmp::Reverse(entry.file_name()));
        let name = format!("python{wanted}");
        found
            .into_iter()
            .filter(move |entry| entry.file_name().to_string_lossy().starts_with(&prefix))
            .map(move |entry| (entry.path().join("bin").join(&name), how))
    };
    on_path
        .chain(installed(pyenv, format!("{wanted}."), How::Pyenv))
        .chain(installed(uv, format!("cpython-{wanted}."), How::Uv))
        .filter(|(path, _)| path.is_file())
        .collect()
}

const QUESTION: &str =
    "import sys; print('%d %d %d' % sys.version_info[:3]); print(getattr(sys, 'base_prefix', sys.prefix))";

#[expect(clippy::disallowed_methods, reason = "asking an interpreter for its version runs no code of the project")]
fn ask(path: &Path, how: How) -> Option<Interpreter> {
    let mut command = Command::new(path);
    command.args(["-E", "-s", "-c", QUESTION]).stdin(Stdio::null()).stderr(Stdio::null());
    let output = command.output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    let (numbers, prefix) = text.split_once('\n')?;
    let mut numbers = numbers.split(' ').map(str::parse);
    let mut next = || numbers.next()?.ok();
    let version = Version { major: next()?, minor: next()?, micro: next()? };
    Some(Interpreter { path: path.to_owned(), version, how, prefix: PathBuf::from(prefix.trim()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_in_the_usual_spellings() {
        let expected = Some(Wanted { major: 3, minor: 11 });
        for text in ["3.11", "python3.11", "py311"] {
            assert_eq!(Wanted::parse(text), expected, "{text}");
        }
        assert_eq!(Wanted::parse("python"), None);
        assert_eq!(Wanted::parse("three"), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_shim_that_answers_nothing_is_passed_over() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let write = |path: PathBuf, script: &str| {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, script).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        };
        write(folder.path().join("bin/python2.7"), "#!/bin/sh\nexit 127\n");
        let good = folder.path().join("home/.pyenv/versions/2.7.18/bin/python2.7");
        write(good.clone(), "#!/bin/sh\nprintf '2 7 18\\n/prefix\\n'\n");
        let search = Search {
            path: folder.path().join("bin").display().to_string(),
            home: folder.path().join("home"),
            pyenv_root: None,
        };
        let version = Version { major: 2, minor: 7, micro: 18 };
        let expected = Interpreter { path: good, version, how: How::Pyenv, prefix: PathBuf::from("/prefix") };
        assert_eq!(find(Wanted::LEGACY, None, &search), Some(expected));
        assert_eq!(find(Wanted { major: 3, minor: 11 }, None, &search), None);
    }
}
