//! Copies of a project: by reflink where the file system can, else byte by byte. The project itself is only read.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use crate::folder::cannot_write;
use crate::problem::Problem;

/// Folders that no test needs and no copy has.
const LEFT_OUT: &[&str] =
    &[".git", ".hg", ".svn", ".iama", ".tox", ".nox", "__pycache__", "node_modules", ".venv", "venv"];

/// A folder that goes away with its holder. What a killed one left is removed by the next.
#[derive(Debug)]
pub(crate) struct Own {
    folder: tempfile::TempDir,
    _lock: File,
}

/// In each folder: locked for as long as its holder lives.
const LOCK: &str = "lock";

impl Own {
    /// Makes one in `parent`, which holds nothing else.
    pub(crate) fn make(parent: &Path) -> Result<Self, Problem> {
        let failed = |error: io::Error| cannot_write(parent, &error);
        fs::create_dir_all(parent).map_err(failed)?;
        let parents = File::create(parent.join(LOCK)).map_err(failed)?;
        // Between making a folder and locking it nobody may take it for a left one.
        parents.lock().map_err(failed)?;
        sweep(parent);
        let folder = tempfile::tempdir_in(parent).map_err(failed)?;
        let lock = File::create(folder.path().join(LOCK)).map_err(failed)?;
        lock.lock().map_err(failed)?;
        Ok(Self { folder, _lock: lock })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Removes the folders that nobody holds. What cannot be removed is left for another time.
fn sweep(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let held = File::open(entry.path().join(LOCK)).is_ok_and(|lock| lock.try_lock().is_err());
        if entry.path().is_dir() && !held {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Makes `to` a copy of `from`, in place of whatever stands there.
pub(crate) fn copy_project(from: &Path, to: &Path) -> Result<(), Problem> {
    remove(to)?;
    copy_folder(from, to).map_err(|error| cannot_write(to, &error))
}

/// Removes a copy, if there is one.
pub(crate) fn remove(copy: &Path) -> Result<(), Problem> {
    match fs::remove_dir_all(copy) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(cannot_write(copy, &error)),
    }
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    let entries = match fs::read_dir(from) {
        // A folder that cannot be read is left out; the walk has named it.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let kind = entry.file_type()?;
        let target = to.join(entry.file_name());
        let left_out = LEFT_OUT.iter().any(|name| entry.file_name() == *name);
        if kind.is_dir() && !left_out {
            copy_folder(&entry.path(), &target)?;
        } else if kind.is_file() {
            copy_file(&entry.path(), &target)?;
        } else if kind.is_symlink() {
            copy_link(&entry.path(), &target)?;
        }
    }
    Ok(())
}

/// A file that cannot be read is left out; the walk has named it.
fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    match reflink_copy::reflink_or_copy(from, to) {
        Ok(None) => Ok(()),
        Ok(Some(_)) => fs::set_permissions(to, fs::metadata(from)?.permissions()),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        Err(error) => Err(error),
    }
}

/// Links are copied as links when they go no higher than their own folder, else left out: a copy must lead to nothing that
/// is not in it.
#[cfg(unix)]
fn copy_link(from: &Path, to: &Path) -> io::Result<()> {
    use std::path::Component;
    let target = fs::read_link(from)?;
    if !target.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
        return Ok(());
    }
    std::os::unix::fs::symlink(target, to)
}

#[cfg(not(unix))]
fn copy_link(_: &Path, _: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_left_folder_goes_with_the_next_and_a_held_one_stays() {
        let parent = tempfile::tempdir().unwrap();
        let left = parent.path().join("left");
        fs::create_dir_all(left.join("copy")).unwrap();
        fs::write(left.join(LOCK), "").unwrap();
        let first = Own::make(parent.path()).unwrap();
        assert!(!left.exists());
        let second = Own::make(parent.path()).unwrap();
        assert!(first.path().is_dir() && second.path().is_dir());
        let place = first.path().to_owned();
        drop(first);
        assert!(!place.exists());
    }
}
