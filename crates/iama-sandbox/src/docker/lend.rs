//! Whose a run is. A container never runs as root: where the folders are root's they are lent to nobody for its time.

use std::io;
use std::path::{Path, PathBuf};

use crate::view::View;

/// The user that owns nothing.
const NOBODY: u32 = 65_534;

/// Folders on loan. They go back when this is dropped.
pub(super) struct Loan {
    folders: Vec<PathBuf>,
    /// User and group of the container.
    pub(super) user: (u32, u32),
}

impl Loan {
    /// The user for a run: who owns the folder that it writes to first.
    #[cfg(unix)]
    pub(super) fn of(view: &View) -> io::Result<Self> {
        use std::os::unix::fs::MetadataExt as _;
        let owner = match view.write.first() {
            Some(folder) => std::fs::metadata(folder).map(|data| (data.uid(), data.gid()))?,
            None => (nix::unistd::getuid().as_raw(), nix::unistd::getgid().as_raw()),
        };
        if owner.0 != 0 && owner.0 != NOBODY {
            return Ok(Self { folders: Vec::new(), user: owner });
        }
        if let Some(closed) = view.read.iter().find(|path| !open_to_all(path)) {
            let sentence = format!("{} can be read by its owner only, and a container is not root", closed.display());
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, sentence));
        }
        let loan = Self { folders: view.write.clone(), user: (NOBODY, NOBODY) };
        loan.folders.iter().try_for_each(|folder| give(folder, NOBODY))?;
        Ok(loan)
    }

    #[cfg(not(unix))]
    #[expect(clippy::unnecessary_wraps, reason = "as where it can fail")]
    pub(super) fn of(_: &View) -> io::Result<Self> {
        Ok(Self { folders: Vec::new(), user: (NOBODY, NOBODY) })
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        for folder in &self.folders {
            // The next run lends them again; a folder that vanished needs no owner.
            let _ = give(folder, 0);
        }
    }
}

#[cfg(unix)]
fn open_to_all(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|data| data.permissions().mode() & 0o004 != 0)
}

/// Gives everything below to a user. A file with a second name may be somebody's elsewhere and stays as it is.
#[cfg(unix)]
fn give(path: &Path, user: u32) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, lchown};
    let data = std::fs::symlink_metadata(path)?;
    if data.is_dir() {
        for entry in std::fs::read_dir(path)? {
            give(&entry?.path(), user)?;
        }
    } else if data.nlink() > 1 {
        return Ok(());
    }
    lchown(path, Some(user), Some(user))
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "as where it can fail")]
fn give(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}
