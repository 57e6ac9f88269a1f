//! What a run sees of this machine: system folders, what it was given to read, what it was given to write. Nothing else.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::run::Launch;

/// Folders and files of the system that programs need. What is not there is left out. Folders in which a daemon may keep a
/// socket, or a person a secret, are not among them.
const SYSTEM: &[&str] = &[
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/nix/store",
    "/gnu/store",
    "/etc/alternatives",
    "/etc/ca-certificates",
    "/etc/group",
    "/etc/host.conf",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/locale.alias",
    "/etc/localtime",
    "/etc/magic",
    "/etc/mime.types",
    "/etc/nsswitch.conf",
    "/etc/os-release",
    "/etc/passwd",
    "/etc/pki/tls/certs",
    "/etc/protocols",
    "/etc/services",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
    "/etc/terminfo",
    "/etc/timezone",
];

/// How many links a program's path may lead over.
const LINKS: usize = 16;

/// What a run sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct View {
    /// System folders and files, to read.
    pub(crate) system: Vec<PathBuf>,
    /// What else it may read, shallowest first.
    pub(crate) read: Vec<PathBuf>,
    /// Folders that look empty although a readable one holds them.
    pub(crate) empty: Vec<PathBuf>,
    /// Folders that it may read and write, shallowest first.
    pub(crate) write: Vec<PathBuf>,
}

impl View {
    /// What `launch` asks for, as far as it exists.
    pub(crate) fn of(launch: &Launch) -> Self {
        let system: Vec<PathBuf> = SYSTEM.iter().map(PathBuf::from).filter(|path| path.exists()).collect();
        let mut read: BTreeSet<PathBuf> = BTreeSet::new();
        for path in launch.readable.iter().filter(|path| path.exists()) {
            // A link inside may spell the folder in the other way.
            read.extend([path.clone(), path.canonicalize().unwrap_or_else(|_| path.clone())]);
        }
        if let Some(program) = launch.command.first() {
            read.extend(chain(Path::new(program)));
        }
        let within = |path: &Path, folders: &[PathBuf]| folders.iter().any(|folder| path.starts_with(folder));
        let read: Vec<PathBuf> = read
            .iter()
            .filter(|path| !within(path, &system) && !within(path, &launch.writable))
            .filter(|path| !read.iter().any(|other| other != *path && path.starts_with(other)))
            .cloned()
            .collect();
        let empty = launch.hidden.iter().filter(|path| path.is_dir() && within(path, &read)).cloned().collect();
        let mut write = launch.writable.clone();
        write.sort();
        Self { system, read, empty, write }
    }
}

/// The program and every link on the way to it. A bare name is looked for by the system in its own folders.
fn chain(program: &Path) -> Vec<PathBuf> {
    let mut passed = Vec::new();
    let mut at = program.to_owned();
    while at.is_absolute() && at.exists() && passed.len() < LINKS {
        passed.push(at.clone());
        let (Ok(target), Some(folder)) = (at.read_link(), at.parent()) else { break };
        at = plain(&folder.join(target));
    }
    passed
}

/// The path without `.` and `..`, by its text.
fn plain(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => drop(out.pop()),
            std::path::Component::CurDir => {}
            part => out.push(part),
        }
    }
    out
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_run_sees_its_program_over_every_link_and_nothing_beside_what_it_was_given() {
        let top = tempfile::tempdir().unwrap();
        let folder = |name: &str| {
            let path = top.path().canonicalize().unwrap().join(name);
            fs::create_dir_all(&path).unwrap();
            path
        };
        let (prefix, env, project, bin) = (folder("prefix"), folder("env"), folder("project"), folder("bin"));
        let hidden = folder("prefix/secret");
        fs::write(prefix.join("python"), "").unwrap();
        symlink("../prefix/python", bin.join("python")).unwrap();
        symlink(bin.join("python"), env.join("python")).unwrap();
        let launch = Launch {
            command: vec![env.join("python").display().to_string()],
            folder: project.clone(),
            environment: std::collections::BTreeMap::new(),
            writable: vec![project.clone()],
            readable: vec![prefix.clone(), env.clone(), top.path().join("missing")],
            hidden: vec![hidden.clone(), top.path().to_owned()],
            output: project.join("output"),
            limit: std::time::Duration::from_secs(1),
        };
        let view = View::of(&launch);
        assert_eq!(view.read, [bin.join("python"), env, prefix]);
        assert_eq!((view.empty, view.write), (vec![hidden], vec![project]));
    }
}
