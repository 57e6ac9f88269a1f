//! PostgreSQL in one file: its programs, what they need, and a cluster that was made before.

use std::borrow::Cow;
use std::fs::{self, File, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::{Error, Programs};

mod making;

mod included {
    include!(concat!(env!("OUT_DIR"), "/included.rs"));
}

/// A `.tar.zst` as `cargo xtask setup` makes it.
#[derive(Clone)]
pub struct Bundle {
    bytes: Cow<'static, [u8]>,
    hash: String,
}

impl Bundle {
    /// The one that this binary was built with.
    pub fn included() -> Option<Self> {
        let (bytes, hash) = included::INCLUDED?;
        Some(Self { bytes: Cow::Borrowed(bytes), hash: hash.to_owned() })
    }

    /// One in a file.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let bytes = fs::read(path).map_err(Error::file(path))?;
        let hash = hex::encode(Sha256::digest(&bytes));
        Ok(Self { bytes: Cow::Owned(bytes), hash })
    }

    /// Makes one of an unpacked package: the files whose paths begin with one of `taken`, and a new cluster.
    pub fn make(package: &Path, taken: &[&str]) -> Result<Vec<u8>, Error> {
        making::make(package, taken)
    }

    /// The programs in the cache folder, put there when they are not there yet. Any number of processes may do it at once:
    /// they do not see each other's halves, and the first one's work is used by all.
    pub fn programs(&self, cache: &Path) -> Result<Programs, Error> {
        fs::create_dir_all(cache).map_err(Error::file(cache))?;
        not_exposed(cache)?;
        let folder = cache.join(format!("postgres-{}", self.hash.get(..16).unwrap_or(&self.hash)));
        if !folder.is_dir() {
            let lock_path = cache.join("postgres.lock");
            let lock = File::create(&lock_path).map_err(Error::file(&lock_path))?;
            lock.lock().map_err(Error::file(&lock_path))?;
            if !folder.is_dir() {
                self.put(cache, &folder)?;
            }
        }
        Ok(Programs::of_bundle(&folder))
    }

    /// Unpacks beside the folder, and gives it its name when it is whole and on the disk.
    fn put(&self, cache: &Path, folder: &Path) -> Result<(), Error> {
        let half = tempfile::Builder::new().prefix(".postgres-").tempdir_in(cache).map_err(Error::file(cache))?;
        unpack(&*self.bytes, half.path()).map_err(Error::file(half.path()))?;
        fs::set_permissions(half.path(), Permissions::from_mode(0o755)).map_err(Error::file(half.path()))?;
        sync(half.path()).map_err(Error::file(half.path()))?;
        fs::rename(half.path(), folder).map_err(Error::file(folder))?;
        let _ = half.keep();
        Ok(())
    }
}

/// Unpacks a `.tar.zst` into a folder.
pub(crate) fn unpack(packed: impl Read, folder: &Path) -> io::Result<()> {
    tar::Archive::new(zstd::Decoder::new(packed)?).unpack(folder)
}

/// Brings what was written to the disk.
pub(crate) fn sync(folder: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    nix::unistd::syncfs(File::open(folder)?)?;
    #[cfg(not(target_os = "linux"))]
    {
        let _ = folder;
        nix::unistd::sync();
    }
    Ok(())
}

/// Programs are started from the cache, so nobody else may write there.
fn not_exposed(cache: &Path) -> Result<(), Error> {
    let found = fs::metadata(cache).map_err(Error::file(cache))?;
    let ours = found.uid() == nix::unistd::geteuid().as_raw() || found.uid() == 0;
    if ours && found.permissions().mode() & 0o022 == 0 {
        return Ok(());
    }
    Err(Error::Exposed { folder: PathBuf::from(cache) })
}
