//! A job's folder: `.iama/jobs/ID` inside the project. All that IAMA writes before a delivery is applied lies in there.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// The folder of one job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobFolder {
    /// The project.
    pub root: PathBuf,
    /// The job's name.
    pub id: String,
}

impl JobFolder {
    /// The job's own folder.
    pub fn path(&self) -> PathBuf {
        jobs(&self.root).join(&self.id)
    }

    /// A file or folder of the job.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// The copy on which the legacy tests run.
    pub fn legacy(&self) -> PathBuf {
        self.file("legacy")
    }

    /// The copy that is rewritten.
    pub fn work(&self) -> PathBuf {
        self.file("work")
    }

    /// Makes the folder, hidden from git by a file of its own.
    pub fn create(&self) -> Result<(), Problem> {
        fs::create_dir_all(self.path()).map_err(|error| cannot_write(&self.path(), &error))?;
        let ignore = self.root.join(".iama/.gitignore");
        if !ignore.exists() {
            write_whole(&ignore, b"*\n")?;
        }
        Ok(())
    }

    /// Keeps a value as JSON.
    pub fn keep(&self, name: &str, value: &impl Serialize) -> Result<(), Problem> {
        let path = self.file(name);
        let text = serde_json::to_vec_pretty(value).map_err(|error| cannot_write(&path, &error.into()))?;
        write_whole(&path, &text)
    }

    /// Reads a value that was kept.
    pub fn read<T: DeserializeOwned>(&self, name: &str) -> Result<T, Problem> {
        let path = self.file(name);
        let bytes = fs::read(&path).map_err(|error| cannot_read(&path, &error))?;
        serde_json::from_slice(&bytes).map_err(|error| {
            Problem::input("JOB_FILE_INVALID", format!("{} cannot be understood: {error}", path.display()))
                .hint("the job was written by another version or damaged; start a new one")
        })
    }

    /// Reads a value if it was kept.
    pub fn read_if_kept<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Problem> {
        if self.file(name).exists() { self.read(name).map(Some) } else { Ok(None) }
    }

    /// Takes the project for this process. The lock is given back when the file is dropped.
    pub fn lock(&self) -> Result<File, Problem> {
        let path = self.root.join(".iama/lock");
        let open = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = open.map_err(|error| cannot_write(&path, &error))?;
        file.try_lock().map_err(|_| {
            Problem::input("PROJECT_BUSY", format!("another iama is at work in {}", self.root.display()))
                .hint("wait until it has ended, or end it")
        })?;
        Ok(file)
    }
}

fn jobs(root: &Path) -> PathBuf {
    root.join(".iama/jobs")
}

/// The jobs of a project, oldest first.
pub fn list(root: &Path) -> Vec<JobFolder> {
    let entries = fs::read_dir(jobs(root)).into_iter().flatten().flatten();
    let mut ids: Vec<String> = entries
        .filter(|entry| entry.path().join("request.json").is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    ids.sort();
    ids.into_iter().map(|id| JobFolder { root: root.to_owned(), id }).collect()
}

/// Replaces a file as a whole: a reader sees the old bytes or the new ones, and after a crash too.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Problem> {
    let write = || -> io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        let mut file = tempfile::Builder::new().prefix(".iama-").tempfile_in(folder)?;
        file.write_all(bytes)?;
        if let Ok(metadata) = fs::metadata(path) {
            file.as_file().set_permissions(metadata.permissions())?;
        } else {
            set_usual_mode(file.as_file())?;
        }
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    write().map_err(|error| cannot_write(path, &error))
}

#[cfg(unix)]
fn set_usual_mode(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn set_usual_mode(_: &File) -> io::Result<()> {
    Ok(())
}

/// A file could not be written.
pub fn cannot_write(path: &Path, error: &io::Error) -> Problem {
    let hint = match error.kind() {
        io::ErrorKind::StorageFull => "free some space and run the command again; nothing was lost",
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
            "the project must be writable: IAMA keeps its copy in .iama; copy the project to a place where you may write"
        }
        _ => "check the path, its permissions and the space on the disk",
    };
    Problem::input("CANNOT_WRITE", format!("{} cannot be written: {error}", path.display())).hint(hint)
}

/// A file could not be read.
pub fn cannot_read(path: &Path, error: &io::Error) -> Problem {
    Problem::input("CANNOT_READ", format!("{} cannot be read: {error}", path.display()))
        .hint("check that it exists and that you may read it")
}
