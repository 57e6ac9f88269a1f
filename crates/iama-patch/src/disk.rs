//! Patches on files of a folder: the only place in this crate that reads or writes any.
//!
//! No symbolic link is followed, whether it leads out of the folder or not. Files are written whole, under another name
//! first, and either all of them or none.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::apply::{Application, apply};
use crate::files::{FileState, Files, PathProblem, check_path};
use crate::outcome::{OperationOutcome, Outcome};
use crate::patch::{Action, Patch};

/// Why files could not be read or written. Nothing is different afterwards, but for what `NotRestored` names.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// The path leads out of the folder, through a symbolic link or to something that is no file.
    #[error("{path:?} is refused")]
    Path {
        /// The path.
        path: String,
        /// What is wrong with it.
        source: PathProblem,
    },
    /// A file could not be read.
    #[error("{path:?} cannot be read")]
    Read {
        /// The path.
        path: String,
        /// The system's reason.
        source: io::Error,
    },
    /// A file could not be written or removed. Those written before were put back.
    #[error("{path:?} cannot be written")]
    Write {
        /// The path.
        path: String,
        /// The system's reason.
        source: io::Error,
    },
    /// A file could not be written, and others could not be put back.
    #[error("{path:?} cannot be written, and these could not be put back: {}", left.join(", "))]
    NotRestored {
        /// The path.
        path: String,
        /// The files that hold their new content.
        left: Vec<String>,
        /// The system's reason for the first failure.
        source: io::Error,
    },
}

impl DiskError {
    /// A stable name for this kind of failure.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Path { .. } => "PATH_OUTSIDE_WORKSPACE",
            Self::Read { .. } => "FILE_NOT_READABLE",
            Self::Write { .. } => "FILE_NOT_WRITABLE",
            Self::NotRestored { .. } => "FILES_NOT_RESTORED",
        }
    }

    /// What a person can do about it.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Path { .. } => "name a plain file by its path from the workspace's root",
            Self::Read { .. } => "check who may read the file",
            Self::Write { .. } => {
                "check who may write to the folder and how much room the disk has; nothing was changed"
            }
            Self::NotRestored { .. } => "apply the inverse patch to the named files, or take them from version control",
        }
    }
}

/// The files under `root` with these paths; those that are not there are left out.
pub fn read_files<'p>(root: &Path, paths: impl IntoIterator<Item = &'p str>) -> Result<Files, DiskError> {
    let mut files = Files::new();
    for path in paths {
        let refused = |source| DiskError::Path { path: path.to_owned(), source };
        let Some(place) = existing(root, path).map_err(refused)? else { continue };
        let state = read(&place).map_err(|source| DiskError::Read { path: path.to_owned(), source })?;
        files.insert(path.to_owned(), state);
    }
    Ok(files)
}

/// Writes new states under `root` and removes the files whose state is `None`. All of it happens or nothing.
pub fn write_changes(root: &Path, changed: &BTreeMap<String, Option<FileState>>) -> Result<(), DiskError> {
    let gone = changed.iter().filter(|(_, state)| state.is_none()).map(|(path, _)| path.as_str()).collect();
    let before = read_files(root, changed.keys().map(String::as_str).filter(|path| is_standing(root, &gone, path)))?;
    let mut done = Undo { root, before: &before, touched: Vec::new(), folders: Vec::new() };
    let (gone, written): (Vec<_>, Vec<_>) = changed.iter().partition(|(_, state)| state.is_none());
    for (path, state) in gone.into_iter().chain(written) {
        if let Err(source) = done.write(path, state.as_ref()) {
            let left = done.undo();
            let path = path.clone();
            return Err(if left.is_empty() {
                DiskError::Write { path, source }
            } else {
                DiskError::NotRestored { path, left, source }
            });
        }
    }
    Ok(())
}

/// Applies a patch to the files under `root`; with `dry_run` it only says what would become of it.
///
/// Paths that lead through symbolic links are refused as outcomes of their operations.
pub fn apply_to_dir(patch: &Patch, root: &Path, dry_run: bool) -> Result<Application, DiskError> {
    let refused = refused_paths(patch, root);
    let application =
        if refused.is_empty() { apply(patch, &base_files(patch, root)?) } else { refusal(patch, &refused) };
    if let Some(changed) = application.changed.as_ref().filter(|_| !dry_run) {
        write_changes(root, changed)?;
    }
    Ok(application)
}

/// The inverse of a patch for the files under `root` as they are before it.
pub fn invert_in_dir(patch: &Patch, root: &Path) -> Result<Result<Patch, crate::InvertError>, DiskError> {
    let application = apply_to_dir(patch, root, true)?;
    if application.changed.is_none() {
        return Ok(Err(crate::InvertError { outcomes: application.outcomes }));
    }
    Ok(crate::invert(patch, &base_files(patch, root)?))
}

/// The files that the patch relies on. No file stands yet where the patch turns another one into a folder.
fn base_files(patch: &Patch, root: &Path) -> Result<Files, DiskError> {
    let stands = |path: &&str| existing(root, path).is_ok();
    read_files(root, patch.base.keys().map(String::as_str).filter(stands))
}

fn paths_of(patch: &Patch) -> BTreeSet<&str> {
    let moved = patch.operations.iter().filter_map(|operation| match &operation.action {
        Action::Move { to } => Some(to.as_str()),
        _ => None,
    });
    let named = patch.operations.iter().map(|operation| operation.path.as_str());
    named.chain(moved).chain(patch.base.keys().map(String::as_str)).collect()
}

fn refused_paths<'p>(patch: &'p Patch, root: &Path) -> BTreeMap<&'p str, PathProblem> {
    let gone: BTreeSet<&str> = patch
        .operations
        .iter()
        .filter(|operation| takes_away(&operation.action))
        .map(|operation| operation.path.as_str())
        .collect();
    let problem = |path: &'p str| {
        let problem = existing(root, path).err()?;
        let makes_way = problem == PathProblem::NotAFile && gives_way(path, &gone);
        (!makes_way).then_some((path, problem))
    };
    paths_of(patch).into_iter().filter_map(problem).collect()
}

/// Whether something is taken away above a path, where a folder must be, or below it, where it must be no folder.
fn gives_way(path: &str, gone: &BTreeSet<&str>) -> bool {
    let folder = format!("{path}/");
    path.match_indices('/').any(|(at, _)| gone.contains(&path[..at]))
        || gone.iter().any(|gone| gone.starts_with(&folder))
}

fn takes_away(action: &Action) -> bool {
    matches!(action, Action::Delete {} | Action::Move { .. })
}

/// Every operation on a refused path is refused, and the others are held back.
fn refusal(patch: &Patch, refused: &BTreeMap<&str, PathProblem>) -> Application {
    let named: BTreeSet<&str> = patch.operations.iter().map(|operation| operation.path.as_str()).collect();
    let stray = refused.iter().find(|(path, _)| !named.contains(*path));
    let outcome = |operation: &crate::patch::Operation| {
        let to = if let Action::Move { to } = &operation.action { Some(to.as_str()) } else { None };
        let own =
            [Some(operation.path.as_str()), to].into_iter().flatten().find_map(|path| refused.get_key_value(path));
        let outcome = own.or(stray).map_or(Outcome::HeldBack, |(path, reason)| Outcome::PathOutsideWorkspace {
            file: (*path).to_owned(),
            reason: *reason,
        });
        OperationOutcome { id: operation.id.clone(), path: operation.path.clone(), outcome }
    };
    Application { outcomes: patch.operations.iter().map(outcome).collect(), changed: None }
}

/// Whether a path can be read before anything is changed: it is no folder that is to become a file, and leads through no
/// file that is to become a folder.
fn is_standing(root: &Path, gone: &BTreeSet<&str>, path: &str) -> bool {
    !(existing(root, path) == Err(PathProblem::NotAFile) && gives_way(path, gone))
}

/// The file's place; nothing when no file stands there. Refuses what is or leads through anything but plain folders.
fn existing(root: &Path, path: &str) -> Result<Option<PathBuf>, PathProblem> {
    check_path(path)?;
    let mut place = root.to_path_buf();
    let last = path.split('/').count() - 1;
    for (rank, part) in path.split('/').enumerate() {
        place.push(part);
        let kind = match fs::symlink_metadata(&place) {
            Ok(metadata) => metadata.file_type(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(_) => return Err(PathProblem::NotAFile),
        };
        if kind.is_symlink() {
            return Err(PathProblem::Symlink);
        }
        if if rank == last { !kind.is_file() } else { !kind.is_dir() } {
            return Err(PathProblem::NotAFile);
        }
    }
    Ok(Some(place))
}

fn read(place: &Path) -> io::Result<FileState> {
    let executable = fs::symlink_metadata(place)?.permissions().mode() & 0o100 != 0;
    Ok(FileState { bytes: fs::read(place)?, executable })
}

/// What was done so far, so that it can be undone.
struct Undo<'a> {
    root: &'a Path,
    before: &'a Files,
    touched: Vec<String>,
    folders: Vec<PathBuf>,
}

impl Undo<'_> {
    fn write(&mut self, path: &str, state: Option<&FileState>) -> io::Result<()> {
        // Looked at again right before the write: a link may have come in between.
        let place = match existing(self.root, path) {
            Err(PathProblem::NotAFile) if state.is_some() => {
                remove_folders(&self.root.join(path))?;
                None
            }
            place => place.map_err(io::Error::other)?,
        };
        match (state, place) {
            (Some(state), _) => {
                self.make_folders(path)?;
                write_whole(&self.root.join(path), state)?;
            }
            (None, Some(place)) => fs::remove_file(place)?,
            (None, None) => return Ok(()),
        }
        self.touched.push(path.to_owned());
        Ok(())
    }

    fn make_folders(&mut self, path: &str) -> io::Result<()> {
        for (at, _) in path.match_indices('/') {
            let folder = self.root.join(&path[..at]);
            match fs::create_dir(&folder) {
                Ok(()) => self.folders.push(folder),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Gives the files that could not be put back.
    fn undo(self) -> Vec<String> {
        let mut left = Vec::new();
        let mut touched = self.touched;
        // What was made goes before what was removed comes back: either may stand in the other's place.
        touched.sort_by_key(|path| self.before.contains_key(path));
        let mut folders = self.folders.into_iter().rev().collect::<Vec<_>>();
        for path in touched {
            let place = self.root.join(&path);
            let restored = match self.before.get(&path) {
                Some(state) => {
                    remove_empty(&mut folders);
                    let folder = place.parent().map_or(Ok(()), fs::create_dir_all);
                    folder.and_then(|()| write_whole(&place, state))
                }
                None => fs::remove_file(&place),
            };
            if restored.is_err() {
                left.push(path);
            }
        }
        remove_empty(&mut folders);
        left
    }
}

/// Removes a folder that holds nothing but folders of the same kind.
fn remove_folders(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_folders(&entry.path())?;
        }
    }
    fs::remove_dir(folder)
}

fn remove_empty(folders: &mut Vec<PathBuf>) {
    // A folder that is not empty holds what somebody else put there, and stays.
    folders.retain(|folder| fs::remove_dir(folder).is_err());
}

/// Writes under another name in the same folder, then renames: a reader sees the old file or the new one.
fn write_whole(place: &Path, state: &FileState) -> io::Result<()> {
    let mode = fs::symlink_metadata(place).ok().map(|metadata| metadata.permissions().mode() & 0o777);
    let mode = match mode {
        Some(mode) if (mode & 0o100 != 0) == state.executable => mode,
        // Whoever may read may also execute.
        Some(mode) if state.executable => mode | (mode & 0o444) >> 2,
        Some(mode) => mode & !0o111,
        None if state.executable => 0o755,
        None => 0o644,
    };
    let (temporary, mut file) = create_beside(place)?;
    let written = file
        .write_all(&state.bytes)
        .and_then(|()| file.set_permissions(fs::Permissions::from_mode(mode)))
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&temporary, place));
    written.inspect_err(|_| drop(fs::remove_file(&temporary)))
}

fn create_beside(place: &Path) -> io::Result<(PathBuf, fs::File)> {
    const TRIES: u32 = 1000;
    let folder = place.parent().unwrap_or(Path::new("."));
    for rank in 0..TRIES {
        let temporary = folder.join(format!(".iama-{}-{rank}.tmp", std::process::id()));
        match fs::File::create_new(&temporary) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            created => return created.map(|file| (temporary, file)),
        }
    }
    Err(io::Error::from(io::ErrorKind::AlreadyExists))
}
