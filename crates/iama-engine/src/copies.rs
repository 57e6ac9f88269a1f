//! Copies of a project: by reflink where the file system can, else byte by byte. The project itself is only read.

use std::fs;
use std::io;
use std::path::Path;

use crate::folder::cannot_write;
use crate::problem::Problem;

/// Folders that no test needs and no copy has.
const LEFT_OUT: &[&str] =
    &[".git", ".hg", ".svn", ".iama", ".tox", ".nox", "__pycache__", "node_modules", ".venv", "venv"];

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
