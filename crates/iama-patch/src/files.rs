//! Files as values, and the paths that may name them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A file: its bytes and the one part of its mode that matters to source.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileState {
    /// The content.
    pub bytes: Vec<u8>,
    /// Whether its owner may execute it.
    pub executable: bool,
}

/// Files by their path: relative to the workspace, parts joined by `/`.
pub type Files = BTreeMap<String, FileState>;

/// SHA-256 in lower-case hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Why a path names nothing within the workspace that a patch may touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum PathProblem {
    /// No name at all, or an empty part as in `a//b` or `a/`.
    #[error("a part of the path is empty")]
    Empty,
    /// It begins at the root of the machine or of a drive.
    #[error("the path is absolute")]
    Absolute,
    /// A part is `.` or `..`.
    #[error("a part of the path is `.` or `..`")]
    Dots,
    /// A NUL byte ends a name early for the operating system.
    #[error("the path holds a NUL byte")]
    Nul,
    /// A backslash separates names on some systems and not on others.
    #[error("the path holds a backslash")]
    Backslash,
    /// The version control's own files.
    #[error("the path lies within `.git`")]
    Repository,
    /// Longer than 4096 bytes.
    #[error("the path is longer than 4096 bytes")]
    TooLong,
    /// A symbolic link stands on the way, or in the place itself.
    #[error("a symbolic link stands on the path")]
    Symlink,
    /// A part on the way is a file, or the place itself is a folder or a device.
    #[error("the path leads through a file or ends at something that is no file")]
    NotAFile,
}

/// Whether a path stays within the workspace by its text alone.
pub fn check_path(path: &str) -> Result<(), PathProblem> {
    let drive = path.as_bytes().get(1) == Some(&b':') && path.as_bytes()[0].is_ascii_alphabetic();
    if path.contains('\0') {
        return Err(PathProblem::Nul);
    }
    if path.starts_with('/') || drive || path.starts_with("\\\\") {
        return Err(PathProblem::Absolute);
    }
    if path.contains('\\') {
        return Err(PathProblem::Backslash);
    }
    if path.len() > crate::limits::PATH_BYTES {
        return Err(PathProblem::TooLong);
    }
    path.split('/').try_for_each(check_part)
}

fn check_part(part: &str) -> Result<(), PathProblem> {
    match part {
        "" => Err(PathProblem::Empty),
        "." | ".." => Err(PathProblem::Dots),
        _ if part.eq_ignore_ascii_case(".git") => Err(PathProblem::Repository),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_relative_paths_are_inside() {
        let check = |path: &str, expected| assert_eq!(check_path(path), expected, "{path:?}");
        for path in ["a", "a/b.py", "a b/c d.py", "..a/b..", ".gitignore", "a/…/b", "x\ny"] {
            check(path, Ok(()));
        }
        for path in ["", "a//b", "a/"] {
            check(path, Err(PathProblem::Empty));
        }
        for path in ["/a", "C:/a", "c:a", "\\\\host\\a"] {
            check(path, Err(PathProblem::Absolute));
        }
        for path in ["..", "a/../b", "./a", "a/."] {
            check(path, Err(PathProblem::Dots));
        }
        check("a\0b", Err(PathProblem::Nul));
        check("a\\..\\..\\b", Err(PathProblem::Backslash));
        check("a/.git/config", Err(PathProblem::Repository));
        check(".GIT/config", Err(PathProblem::Repository));
        check(&"a".repeat(4097), Err(PathProblem::TooLong));
    }
}
