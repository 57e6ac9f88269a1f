//! The scan of a file or folder on disk.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ignore::{DirEntry, WalkBuilder, WalkState};
use serde::Serialize;

use super::{Finding, key_store, scan};
use crate::walk::{Patterns, WalkError};

/// Files above this size are not scanned.
pub const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// Folders of version control and of this program.
const FOREIGN: &[&str] = &[".git", ".hg", ".svn", ".iama"];

/// A finding and its file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Located {
    /// Relative to what was scanned, with `/` between folders; the file's name, where a file was scanned.
    pub path: String,
    /// What was found.
    #[serde(flatten)]
    pub finding: Finding,
}

/// A file that was not scanned.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Skipped {
    /// As in [`Located::path`].
    pub path: String,
    /// Why.
    pub reason: Unscanned,
}

/// Why a file was not scanned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Unscanned {
    /// Above [`MAX_BYTES`].
    TooLarge,
    /// Could not be read.
    Unreadable,
}

impl Unscanned {
    /// One sentence for a person.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::TooLarge => "larger than 64 MiB",
            Self::Unreadable => "could not be read",
        }
    }
}

/// What to scan.
#[derive(Debug, Clone, Default)]
pub struct ScanOptions {
    /// Patterns of paths, relative to what is scanned, that are left out.
    pub exclude: Vec<String>,
    /// Whether files count that `.gitignore` or `.iamaignore` leave out.
    pub ignored: bool,
}

/// What a scan has found. The same files give the same report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scanned {
    /// Texts that were scanned.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Sorted by path and place.
    pub findings: Vec<Located>,
    /// Sorted by path.
    pub skipped: Vec<Skipped>,
}

/// A path that cannot be scanned.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// Nothing is there.
    #[error("there is no file or folder {}", .0.display())]
    Missing(PathBuf),
    /// The one file that was named cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A pattern of the user's is no pattern.
    #[error(transparent)]
    Pattern(#[from] WalkError),
}

/// Scans a file or folder. Binary files are no texts and are passed over; links are not followed; a file that cannot be read is
/// listed, never lost.
pub fn scan_path(path: &Path, options: &ScanOptions) -> Result<Scanned, ScanError> {
    let patterns = Patterns::new(&options.exclude)?;
    let metadata = fs::metadata(path).map_err(|_| ScanError::Missing(path.to_owned()))?;
    let mut scanned = if metadata.is_file() { one(path)? } else { folder(path, options, &patterns) };
    scanned.findings.sort();
    scanned.skipped.sort();
    Ok(scanned)
}

fn one(path: &Path) -> Result<Scanned, ScanError> {
    let mut scanned = Scanned::default();
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let bytes = fs::read(path).map_err(|source| ScanError::Unreadable { path: path.to_owned(), source })?;
    take(&name, &path.to_string_lossy(), &bytes, &mut scanned);
    Ok(scanned)
}

fn folder(root: &Path, options: &ScanOptions, patterns: &Patterns) -> Scanned {
    let all = Mutex::new(Scanned::default());
    let mut walker = WalkBuilder::new(root);
    let obey = !options.ignored;
    walker
        .hidden(false)
        .require_git(false)
        .parents(obey)
        .ignore(obey)
        .git_ignore(obey)
        .git_global(false)
        .git_exclude(obey);
    if obey {
        walker.add_custom_ignore_filename(".iamaignore");
    }
    walker.filter_entry(|entry| !is_foreign(entry));
    walker.build_parallel().run(|| {
        Box::new(|entry| {
            let mut part = Scanned::default();
            match entry {
                Ok(entry) => visit(&entry, root, patterns, &mut part),
                Err(error) => part.skipped.push(Skipped { path: shown(&error, root), reason: Unscanned::Unreadable }),
            }
            all.lock().unwrap_or_else(PoisonError::into_inner).add(part);
            WalkState::Continue
        })
    });
    all.into_inner().unwrap_or_else(PoisonError::into_inner)
}

impl Scanned {
    fn add(&mut self, part: Self) {
        self.files += part.files;
        self.bytes += part.bytes;
        self.findings.extend(part.findings);
        self.skipped.extend(part.skipped);
    }
}

fn shown(error: &ignore::Error, root: &Path) -> String {
    match error {
        ignore::Error::WithPath { path, .. } => relative(path, root),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => shown(err, root),
        ignore::Error::Loop { child, .. } => relative(child, root),
        _ => ".".to_owned(),
    }
}

fn relative(path: &Path, root: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

fn is_foreign(entry: &DirEntry) -> bool {
    let folder = entry.file_type().is_some_and(|kind| kind.is_dir());
    folder && entry.depth() > 0 && FOREIGN.contains(&&*entry.file_name().to_string_lossy())
}

fn visit(entry: &DirEntry, root: &Path, patterns: &Patterns, part: &mut Scanned) {
    if !entry.file_type().is_some_and(|kind| kind.is_file()) {
        return;
    }
    let path = relative(entry.path(), root);
    if patterns.match_path(&path) {
        return;
    }
    if entry.metadata().is_ok_and(|metadata| metadata.len() > MAX_BYTES) {
        return part.skipped.push(Skipped { path, reason: Unscanned::TooLarge });
    }
    match fs::read(entry.path()) {
        Ok(bytes) => take(&path, &path, &bytes, part),
        Err(_) => part.skipped.push(Skipped { path, reason: Unscanned::Unreadable }),
    }
}

/// Scans the bytes of a file, if they are a text.
fn take(path: &str, hint: &str, bytes: &[u8], scanned: &mut Scanned) {
    let wide = utf16(bytes);
    let text = wide.as_deref().unwrap_or(bytes);
    if text[..text.len().min(8192)].contains(&0) {
        scanned.findings.extend(key_store(hint, bytes).map(|finding| Located { path: path.to_owned(), finding }));
        return;
    }
    scanned.files += 1;
    scanned.bytes += bytes.len() as u64;
    let located = |finding| Located { path: path.to_owned(), finding };
    scanned.findings.extend(scan(hint, text).into_iter().map(located));
}

/// A text in UTF-16 with a byte order mark, as UTF-8.
fn utf16(bytes: &[u8]) -> Option<Vec<u8>> {
    let read: fn([u8; 2]) -> u16 = match bytes.get(..2)? {
        [0xff, 0xfe] => u16::from_le_bytes,
        [0xfe, 0xff] => u16::from_be_bytes,
        _ => return None,
    };
    let units: Vec<u16> = bytes[2..].chunks_exact(2).map(|pair| read([pair[0], pair[1]])).collect();
    Some(String::from_utf16_lossy(&units).into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "db_password = 'k9#Vx2!qLw8Z'\n";

    fn paths(scanned: &Scanned) -> Vec<(&str, u32)> {
        scanned.findings.iter().map(|one| (one.path.as_str(), one.finding.line)).collect()
    }

    #[test]
    fn ignored_files_count_only_when_asked_for_and_binary_ones_never() {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in [
            ("b.py", LINE),
            ("a.py", LINE),
            ("skipped.py", LINE),
            (".gitignore", "skipped.py\n"),
            ("x.bin", "\0db_password = 'k9#Vx2!qLw8Z'"),
        ] {
            fs::write(folder.path().join(name), content).unwrap();
        }
        let scanned = scan_path(folder.path(), &ScanOptions::default()).unwrap();
        assert_eq!((scanned.files, paths(&scanned)), (3, vec![("a.py", 1), ("b.py", 1)]));
        let all = scan_path(folder.path(), &ScanOptions { ignored: true, ..ScanOptions::default() }).unwrap();
        assert_eq!(paths(&all), [("a.py", 1), ("b.py", 1), ("skipped.py", 1)]);
        let some =
            scan_path(folder.path(), &ScanOptions { exclude: vec!["a*".into()], ..ScanOptions::default() }).unwrap();
        assert_eq!(paths(&some), [("b.py", 1)]);
    }

    #[test]
    fn wide_texts_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let bytes: Vec<u8> = [0xff, 0xfe].into_iter().chain(LINE.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        fs::write(folder.path().join("wide.py"), bytes).unwrap();
        let scanned = scan_path(&folder.path().join("wide.py"), &ScanOptions::default()).unwrap();
        assert_eq!(paths(&scanned), [("wide.py", 1)]);
    }

    #[test]
    fn a_missing_path_is_an_error() {
        assert!(matches!(scan_path(Path::new("no/such"), &ScanOptions::default()), Err(ScanError::Missing(_))));
    }
}
