//! How a bundle is made of an unpacked package: what is needed of it, and a cluster that its `initdb` makes.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tar::{Builder, Header, HeaderMode};

use crate::account::Account;
use crate::{Error, Programs};

/// Slow to write, small, and as fast to read as any other.
const LEVEL: i32 = 19;

/// The bytes of a bundle with the files of a package whose paths begin with one of `taken`. The package has to lie in a folder
/// that every user may enter, since `initdb` does not run as root either.
pub(super) fn make(package: &Path, taken: &[&str]) -> Result<Vec<u8>, Error> {
    let programs = Programs::of_bundle(package);
    let cluster = Programs { template: None, ..programs }.template()?;
    let mut files = Vec::new();
    list(package, Path::new(""), &mut files).map_err(Error::file(package))?;
    files.retain(|file| taken.iter().any(|taken| file.to_str().is_some_and(|file| file.starts_with(taken))));
    files.sort_unstable();
    pack(package, &files, &cluster).map_err(Error::file(package))
}

impl Programs {
    /// A new cluster as a `.tar.zst`.
    fn template(&self) -> Result<Vec<u8>, Error> {
        let folder = tempfile::Builder::new().prefix("iama-cluster-").tempdir_in("/tmp");
        let folder = folder.map_err(Error::file(Path::new("/tmp")))?;
        let cluster = folder.path().join("cluster");
        self.make_cluster(&cluster, Account::of(folder.path()))?;
        let packed = zstd::Encoder::new(Vec::new(), LEVEL).and_then(|encoder| {
            // With the modes as they are: PostgreSQL refuses a folder that others may read.
            let mut archive = Builder::new(encoder);
            archive.append_dir_all("cluster", &cluster)?;
            archive.into_inner()?.finish()
        });
        packed.map_err(Error::file(&cluster))
    }
}

fn pack(package: &Path, files: &[PathBuf], cluster: &[u8]) -> io::Result<Vec<u8>> {
    let mut archive = Builder::new(zstd::Encoder::new(Vec::new(), LEVEL)?);
    archive.mode(HeaderMode::Deterministic);
    for file in files {
        archive.append_file(file, &mut File::open(package.join(file))?)?;
    }
    let mut header = Header::new_gnu();
    header.set_size(cluster.len() as u64);
    header.set_mode(0o644);
    archive.append_data(&mut header, "cluster.tar.zst", cluster)?;
    archive.into_inner()?.finish()
}

fn list(package: &Path, folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(package.join(folder))? {
        let entry = entry?;
        let path = folder.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            list(package, &path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
