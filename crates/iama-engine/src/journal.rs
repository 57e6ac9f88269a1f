//! The journal on disk: one record a line, each on the disk before anything is done about it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use iama_job::{FoldError, Job, JobId, RULES_VERSION, Record, fold};
use serde::Deserialize;

use crate::folder::{cannot_read, cannot_write};
use crate::problem::Problem;

/// The journal of one job, open for more records.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
    /// All records so far.
    pub records: Vec<Record>,
}

/// What can be read of a record whatever version wrote it.
#[derive(Deserialize)]
struct Header {
    rules_version: u32,
}

/// The records on the disk, for whoever only looks: another process may be appending meanwhile.
pub fn read(path: &Path) -> Result<Vec<Record>, Problem> {
    whole_lines(path).map(|(records, _)| records)
}

/// The job that the records on the disk tell of, for whoever only looks.
pub fn read_job(path: &Path, id: &str) -> Result<Job, Problem> {
    job_of(path, id, &read(path)?)
}

/// The records of all whole lines and the length of these. A last line that was cut off says nothing: nothing was done
/// about it.
fn whole_lines(path: &Path) -> Result<(Vec<Record>, usize), Problem> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(cannot_read(path, &error)),
    };
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let lines = bytes[..whole].split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    Ok((lines.map(read_record).collect::<Result<Vec<_>, _>>()?, whole))
}

fn job_of(path: &Path, id: &str, records: &[Record]) -> Result<Job, Problem> {
    fold(JobId(id.to_owned()), records).map_err(|error| {
        let hint = match error {
            FoldError::NewerRules { .. } => "update iama, or start a new job",
            _ => "the journal was changed or damaged; start a new job",
        };
        Problem::input("JOURNAL_INVALID", format!("{}: {error}", path.display())).hint(hint)
    })
}

impl Journal {
    /// Opens or makes a journal for appending, and drops a last line that was cut off by a crash. Only for whoever holds the
    /// project's lock.
    pub fn open(path: &Path) -> Result<Self, Problem> {
        let (records, whole) = whole_lines(path)?;
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(path);
        let mut file = file.map_err(|error| cannot_write(path, &error))?;
        let length = whole as u64;
        file.set_len(length)
            .and_then(|()| io::Seek::seek(&mut file, io::SeekFrom::Start(length)))
            .map_err(|error| cannot_write(path, &error))?;
        Ok(Self { file, path: path.to_owned(), records })
    }

    /// The job that the records tell of.
    pub fn job(&self, id: &str) -> Result<Job, Problem> {
        job_of(&self.path, id, &self.records)
    }

    /// Puts a record on the disk.
    pub fn append(&mut self, record: Record) -> Result<(), Problem> {
        let mut line = serde_json::to_vec(&record).map_err(|error| cannot_write(&self.path, &error.into()))?;
        line.push(b'\n');
        let written = self.file.write_all(&line).and_then(|()| self.file.sync_data());
        written.map_err(|error| cannot_write(&self.path, &error))?;
        self.records.push(record);
        Ok(())
    }
}

fn read_record(line: &[u8]) -> Result<Record, Problem> {
    let version = serde_json::from_slice::<Header>(line).map_or(0, |header| header.rules_version);
    if version > RULES_VERSION {
        let sentence = format!("the job was written by rules {version}; this iama knows rules up to {RULES_VERSION}");
        return Err(Problem::input("JOURNAL_NEWER", sentence).hint("update iama, or start a new job"));
    }
    serde_json::from_slice(line).map_err(|error| {
        Problem::input("JOURNAL_INVALID", format!("a record of the journal cannot be understood: {error}"))
            .hint("the journal was changed or damaged; start a new job")
    })
}
