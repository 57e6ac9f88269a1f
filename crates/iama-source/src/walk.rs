//! The walk: every file of a workspace, sorted, with the ones that are left out and why.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use globset::{Glob, GlobSet, GlobSetBuilder};
use ignore::{DirEntry, WalkBuilder};
use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

/// Files above this size are no source that a person wrote.
pub const MAX_FILE_BYTES: u64 = 8 * 1024 * 1024;

/// A file of this many bytes in a line is minified or generated.
pub(crate) const MAX_LINE_BYTES: usize = 20_000;

/// Folders that never hold a project's own source.
const FOREIGN_FOLDERS: &[&str] =
    &[".git", ".hg", ".svn", ".iama", ".tox", ".nox", ".eggs", "__pycache__", "node_modules", "__pypackages__"];

/// A file that belongs to the workspace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SourceFile {
    /// Relative to the root, with `/` between folders.
    pub path: String,
    /// Size in bytes.
    pub bytes: u64,
    /// Whether it may be executed.
    pub executable: bool,
}

/// A file or folder that is left out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Excluded {
    /// Relative to the root.
    pub path: String,
    /// Why.
    pub reason: Reason,
}

/// Why a file is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Reason {
    /// Larger than [`MAX_FILE_BYTES`].
    TooLarge,
    /// Holds bytes that no text has.
    Binary,
    /// Lines longer than a person writes.
    Minified,
    /// A link; links are never followed.
    SymbolicLink,
    /// Could not be opened.
    Unreadable,
    /// Its name is not valid Unicode or holds a line break.
    OddName,
    /// Excluded by a pattern of the user's.
    Pattern,
    /// By `.gitignore` or `.iamaignore`.
    Ignored,
    /// Lies in a folder for code of others.
    Vendored,
    /// A compiler made it.
    Compiled,
    /// A program wrote it.
    Generated,
    /// Data in an encoding, rather than source.
    Encoded,
}

impl Reason {
    /// Whether source may be lost with the file, rather than being left out on purpose.
    pub const fn is_loss(self) -> bool {
        matches!(self, Self::TooLarge | Self::Binary | Self::Unreadable | Self::OddName)
    }

    /// One sentence for a person.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::TooLarge => "larger than 8 MiB",
            Self::Binary => "holds bytes that no source text has",
            Self::Minified => "minified or generated: its lines are longer or denser than a person writes",
            Self::SymbolicLink => "a symbolic link, and links are not followed",
            Self::Unreadable => "could not be opened",
            Self::OddName => "its name is not valid Unicode or holds a line break",
            Self::Pattern => "excluded by a pattern",
            Self::Ignored => "left out by .gitignore or .iamaignore",
            Self::Vendored => "code of others, by its folder",
            Self::Compiled => "made by a compiler",
            Self::Generated => "says that a program wrote it",
            Self::Encoded => "mostly encoded data",
        }
    }
}

/// What to walk.
#[derive(Debug, Clone, Default)]
pub struct WalkOptions {
    /// Patterns of paths, relative to the root, that are left out.
    pub exclude: Vec<String>,
}

/// The files of a workspace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Workspace {
    /// The folder.
    pub root: PathBuf,
    /// What belongs to it, sorted by path.
    pub files: Vec<SourceFile>,
    /// What was left out, sorted by path.
    pub excluded: Vec<Excluded>,
}

/// A workspace that cannot be walked.
#[derive(Debug, thiserror::Error)]
pub enum WalkError {
    /// The root does not exist or is no folder.
    #[error("{0} is no folder")]
    NoFolder(PathBuf),
    /// A pattern of the user's is no pattern.
    #[error("the pattern {pattern:?} cannot be read")]
    Pattern {
        /// As it was given.
        pattern: String,
        /// What is wrong with it.
        source: globset::Error,
    },
}

/// Walks a workspace. `.gitignore` and `.iamaignore` files are obeyed; a file that cannot be read is listed, never lost.
/// `claims` says which files are source, by path and first line.
pub fn walk(root: &Path, options: &WalkOptions, claims: impl Fn(&str, &str) -> bool) -> Result<Workspace, WalkError> {
    let (mut workspace, _) = list(root, options, claims)?;
    let root = workspace.root.clone();
    let reason = |file: &SourceFile| reason_against(&root.join(&file.path), file.bytes);
    let reasons: Vec<Option<Reason>> = workspace.files.iter().map(reason).collect();
    let (files, refused): (Vec<_>, Vec<_>) =
        workspace.files.drain(..).zip(reasons).partition(|(_, reason)| reason.is_none());
    workspace.files = files.into_iter().map(|(file, _)| file).collect();
    let refused = refused.into_iter().filter_map(|(file, reason)| Some(Excluded { path: file.path, reason: reason? }));
    workspace.excluded.extend(refused);
    workspace.excluded.sort();
    Ok(workspace)
}

/// As [`walk`], by names alone: no file is read but those without an extension, for their first line. Gives the folders that
/// were walked as well.
pub(crate) fn list(
    root: &Path,
    options: &WalkOptions,
    claims: impl Fn(&str, &str) -> bool,
) -> Result<(Workspace, FxHashSet<PathBuf>), WalkError> {
    if !root.is_dir() {
        return Err(WalkError::NoFolder(root.to_owned()));
    }
    let exclude = Patterns::new(&options.exclude)?;
    let mut workspace = Workspace { root: root.to_owned(), ..Workspace::default() };
    let mut folders = FxHashSet::default();
    let walker = WalkBuilder::new(root)
        .hidden(false)
        .require_git(false)
        .git_global(false)
        .add_custom_ignore_filename(".iamaignore")
        .filter_entry(|entry| !is_foreign(entry))
        .build();
    for entry in walker {
        match entry {
            Ok(entry) if entry.file_type().is_some_and(|kind| kind.is_dir()) => {
                folders.insert(entry.into_path());
            }
            Ok(entry) if entry.depth() > 0 => sort_entry(&entry, root, &exclude, &claims, &mut workspace),
            Ok(_) => {}
            Err(error) => workspace.excluded.push(Excluded { path: unread(&error, root), reason: Reason::Unreadable }),
        }
    }
    workspace.files.sort();
    workspace.excluded.sort();
    Ok((workspace, folders))
}

/// Patterns of paths that are left out.
#[derive(Debug, Clone, Default)]
pub struct Patterns(GlobSet);

impl Patterns {
    /// Reads patterns; the first that is none is an error.
    pub fn new(globs: &[String]) -> Result<Self, WalkError> {
        let mut builder = GlobSetBuilder::new();
        let wrong = |pattern: &str, source| WalkError::Pattern { pattern: pattern.to_owned(), source };
        for pattern in globs {
            builder.add(Glob::new(pattern).map_err(|source| wrong(pattern, source))?);
        }
        builder.build().map(Self).map_err(|source| wrong(&globs.join(", "), source))
    }

    /// Whether a path with `/` between its folders is left out.
    pub fn match_path(&self, path: &str) -> bool {
        self.0.is_match(path)
    }
}

/// One file that was named, whatever it is called; why it is left out when it passes a limit of the walk.
pub fn named_file(file: &Path) -> Result<SourceFile, Reason> {
    let name = file.file_name().and_then(|name| name.to_str()).filter(|name| !name.contains(['\n', '\r']));
    let path = name.ok_or(Reason::OddName)?.to_owned();
    let metadata = fs::symlink_metadata(file).map_err(|_| Reason::Unreadable)?;
    if metadata.is_symlink() {
        return Err(Reason::SymbolicLink);
    }
    match reason_against(file, metadata.len()) {
        Some(reason) => Err(reason),
        None => Ok(SourceFile { path, bytes: metadata.len(), executable: is_executable(&metadata) }),
    }
}

/// The path of what could not be read, relative to the root as far as it is known.
fn unread(error: &ignore::Error, root: &Path) -> String {
    let path = path_of(error).unwrap_or(root);
    let relative = path.strip_prefix(root).unwrap_or(path);
    let shown = if relative.as_os_str().is_empty() { Path::new(".") } else { relative };
    shown.to_string_lossy().replace('\\', "/")
}

fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => path_of(err),
        ignore::Error::Loop { child, .. } => Some(child),
        ignore::Error::Partial(errors) => errors.iter().find_map(path_of),
        _ => None,
    }
}

pub(crate) fn is_foreign(entry: &DirEntry) -> bool {
    let folder = entry.file_type().is_some_and(|kind| kind.is_dir());
    let name = entry.file_name().to_string_lossy();
    folder
        && entry.depth() > 0
        && (FOREIGN_FOLDERS.contains(&&*name)
            || name.ends_with(".egg-info")
            || name.ends_with(".dist-info")
            || entry.path().join("pyvenv.cfg").is_file())
}

fn sort_entry(
    entry: &DirEntry,
    root: &Path,
    exclude: &Patterns,
    claims: &impl Fn(&str, &str) -> bool,
    workspace: &mut Workspace,
) {
    let relative = entry.path().strip_prefix(root).unwrap_or(entry.path());
    let shown = relative.to_string_lossy().replace('\\', "/");
    let leave_out = |workspace: &mut Workspace, reason| {
        workspace.excluded.push(Excluded { path: shown.clone(), reason });
    };
    let Some(path) = relative.to_str().map(|path| path.replace('\\', "/")).filter(|path| !path.contains(['\n', '\r']))
    else {
        return leave_out(workspace, Reason::OddName);
    };
    if entry.path_is_symlink() {
        if claims(&path, "") {
            leave_out(workspace, Reason::SymbolicLink);
        }
        return;
    }
    let Ok(metadata) = fs::metadata(entry.path()) else { return leave_out(workspace, Reason::Unreadable) };
    if !metadata.is_file() || !is_claimed(entry.path(), &path, claims) {
        return;
    }
    if exclude.match_path(&path) {
        return leave_out(workspace, Reason::Pattern);
    }
    workspace.files.push(SourceFile { path, bytes: metadata.len(), executable: is_executable(&metadata) });
}

/// A file without an extension is asked for its first line; the others tell by their name.
fn is_claimed(file: &Path, path: &str, claims: &impl Fn(&str, &str) -> bool) -> bool {
    if file.extension().is_some() {
        return claims(path, "");
    }
    let mut head = [0; 128];
    let read = File::open(file).and_then(|mut file| file.read(&mut head)).unwrap_or(0);
    let first = String::from_utf8_lossy(&head[..read]);
    claims(path, first.lines().next().unwrap_or(""))
}

fn reason_against(file: &Path, bytes: u64) -> Option<Reason> {
    if bytes > MAX_FILE_BYTES {
        return Some(Reason::TooLarge);
    }
    let Ok(content) = fs::read(file) else { return Some(Reason::Unreadable) };
    if content.contains(&0) {
        return Some(Reason::Binary);
    }
    let longest = content.split(|byte| matches!(byte, b'\n' | b'\r')).map(<[u8]>::len).max();
    (longest.unwrap_or(0) > MAX_LINE_BYTES).then_some(Reason::Minified)
}

#[cfg(unix)]
fn is_executable(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &fs::Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn python(path: &str, first_line: &str) -> bool {
        path.ends_with(".py") || (!path.rsplit('/').next().unwrap_or("").contains('.') && first_line.contains("python"))
    }

    fn tree(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, content) in files {
            let file = folder.path().join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, content).unwrap();
        }
        folder
    }

    #[test]
    fn ignored_foreign_and_unreadable_files_are_told_apart() {
        let long = vec![b'x'; MAX_LINE_BYTES + 1];
        let folder = tree(&[
            ("b.py", b"b = 1\n"),
            ("a/run", b"#!/usr/bin/env python\n"),
            ("a/notes.txt", b"text"),
            ("zero.py", b"a\0b"),
            ("long.py", &long),
            ("skipped.py", b""),
            (".iamaignore", b"skipped.py\n"),
            ("env/pyvenv.cfg", b""),
            ("env/lib.py", b""),
            ("vendor/x.py", b""),
        ]);
        let options = WalkOptions { exclude: vec!["vendor/**".into()] };
        let found = walk(folder.path(), &options, python).unwrap();
        let files: Vec<_> = found.files.iter().map(|file| file.path.as_str()).collect();
        let excluded: Vec<_> = found.excluded.iter().map(|file| (file.path.as_str(), file.reason)).collect();
        assert_eq!(files, ["a/run", "b.py"]);
        assert_eq!(
            excluded,
            [("long.py", Reason::Minified), ("vendor/x.py", Reason::Pattern), ("zero.py", Reason::Binary)]
        );
    }

    #[cfg(unix)]
    #[test]
    fn links_are_listed_and_never_followed() {
        let folder = tree(&[("real.py", b"x = 1\n")]);
        std::os::unix::fs::symlink(folder.path(), folder.path().join("loop")).unwrap();
        std::os::unix::fs::symlink("real.py", folder.path().join("other.py")).unwrap();
        let found = walk(folder.path(), &WalkOptions::default(), python).unwrap();
        assert_eq!(found.files.len(), 1);
        assert_eq!(found.excluded, [Excluded { path: "other.py".into(), reason: Reason::SymbolicLink }]);
    }

    #[test]
    fn a_folder_that_cannot_be_read_is_named() {
        let denied = ignore::Error::Io(std::io::Error::from(std::io::ErrorKind::PermissionDenied));
        let with_path = |path: &str| {
            let err = Box::new(ignore::Error::WithPath { path: path.into(), err: Box::new(denied.clone()) });
            ignore::Error::WithDepth { depth: 1, err }
        };
        let shown = [with_path("/p/a/b"), with_path("/p"), denied.clone()].map(|error| unread(&error, Path::new("/p")));
        assert_eq!(shown, ["a/b", ".", "."]);
    }

    #[test]
    fn a_named_file_is_held_to_the_same_limits() {
        let long = vec![b'x'; MAX_LINE_BYTES + 1];
        let folder = tree(&[("old", b"print 1\n"), ("zero.py", b"a\0b"), ("long.py", &long)]);
        let kept = SourceFile { path: "old".into(), bytes: 8, executable: false };
        let found = ["old", "zero.py", "long.py", "none.py"].map(|name| named_file(&folder.path().join(name)));
        assert_eq!(found, [Ok(kept), Err(Reason::Binary), Err(Reason::Minified), Err(Reason::Unreadable)]);
    }

    #[test]
    fn a_missing_folder_is_an_error() {
        assert!(matches!(
            walk(Path::new("no/such/folder"), &WalkOptions::default(), python),
            Err(WalkError::NoFolder(_))
        ));
    }
}
