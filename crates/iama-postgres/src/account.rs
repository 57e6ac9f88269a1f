//! Who the server runs as: this user, or for root the owner of the data folder, or nobody.

use std::fs::{self, Metadata};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, lchown};
use std::path::{Path, PathBuf};

use nix::unistd::{Gid, Uid, User, getegid, geteuid};

use crate::Error;

/// `nobody`, where no user is called so.
const NOBODY: u32 = 65_534;

/// A user and a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// Whether this process is root and has to become that user.
    pub(crate) dropped: bool,
}

impl Account {
    /// Who the server of a data folder runs as.
    pub(crate) fn of(data: &Path) -> Self {
        if !geteuid().is_root() {
            return Self { uid: geteuid().as_raw(), gid: getegid().as_raw(), dropped: false };
        }
        let owner = fs::symlink_metadata(data).ok().filter(|found| found.is_dir() && found.uid() != 0);
        let (uid, gid) = owner.map_or_else(nobody, |owner| (owner.uid(), owner.gid()));
        Self { uid, gid, dropped: true }
    }

    /// Gives a file or folder, but not what is in it, to this account.
    pub(crate) fn own(&self, path: &Path) -> Result<(), Error> {
        if !self.dropped {
            return Ok(());
        }
        lchown(path, Some(self.uid), Some(self.gid)).map_err(|source| match source.raw_os_error() {
            Some(code) if is_refusal(code) => Error::Root { uid: self.uid, source },
            _ => Error::file(path)(source),
        })
    }

    /// Gives a folder to this account with all that is in it, the folder itself last.
    pub(crate) fn own_all(&self, folder: &Path) -> Result<(), Error> {
        if !self.dropped {
            return Ok(());
        }
        for entry in fs::read_dir(folder).map_err(Error::file(folder))? {
            let entry = entry.map_err(Error::file(folder))?;
            let path = entry.path();
            if entry.file_type().map_err(Error::file(&path))?.is_dir() {
                self.own_all(&path)?;
            } else {
                self.own(&path)?;
            }
        }
        self.own(folder)
    }

    /// The outermost folder on the way to a path that this account cannot enter.
    pub(crate) fn closed(&self, path: &Path) -> Result<(), Error> {
        if !self.dropped {
            return Ok(());
        }
        let folders: Vec<&Path> = path.ancestors().collect();
        let closed = folders
            .iter()
            .rev()
            .find(|folder| fs::metadata(folder).is_ok_and(|found| found.is_dir() && !self.may_enter(&found)));
        closed.map_or(Ok(()), |folder| Err(Error::Closed { uid: self.uid, folder: PathBuf::from(folder) }))
    }

    fn may_enter(&self, folder: &Metadata) -> bool {
        let bit = if folder.uid() == self.uid {
            0o100
        } else if folder.gid() == self.gid {
            0o010
        } else {
            0o001
        };
        folder.permissions().mode() & bit != 0
    }
}

/// Whether the system says that one user may not become another, or knows no such user.
pub(crate) fn is_refusal(code: i32) -> bool {
    [nix::libc::EPERM, nix::libc::EINVAL].contains(&code)
}

fn nobody() -> (u32, u32) {
    let found = User::from_name("nobody").ok().flatten();
    let (uid, gid) = found.map_or((Uid::from_raw(NOBODY), Gid::from_raw(NOBODY)), |user| (user.uid, user.gid));
    (uid.as_raw(), gid.as_raw())
}
