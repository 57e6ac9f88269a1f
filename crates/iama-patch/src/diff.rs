//! What is different between two states of files, as people read it.
//!
//! Lines end at `\n` here, as they do for `git` and `patch`. Every change has at least one hunk, so that it can be chosen; a
//! change that shows no lines (bytes that are no text, an empty file, a mode, a move) has one without lines.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::{Deserialize, Serialize};
use similar::{Algorithm, DiffOp, capture_diff_slices, group_diff_ops};

use crate::files::{FileState, Files, sha256};
use crate::working;

/// Unchanged lines that are shown around changed ones.
const CONTEXT: usize = 3;

/// One file that is different.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileDiff {
    /// Its path; for a move the new one.
    pub path: String,
    /// What happened to it.
    #[serde(flatten)]
    pub change: Change,
    /// Whether it is executable before; nothing when it is not there.
    pub old_executable: Option<bool>,
    /// Whether it is executable afterwards; nothing when it is gone.
    pub new_executable: Option<bool>,
    /// Its parts that can be chosen, from top to bottom.
    pub hunks: Vec<Hunk>,
}

/// What happened to a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// It is new.
    Added,
    /// Its content or its mode is another.
    Modified,
    /// It is gone.
    Deleted,
    /// It stands elsewhere, content and mode unchanged.
    Moved {
        /// The path where it was.
        from: String,
    },
}

/// Neighbouring changes of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hunk {
    /// The file's path, `#` and the rank from 1.
    pub id: String,
    /// The first line before, from 1; the line above for a hunk without old lines.
    pub old_start: u32,
    /// How many lines it had.
    pub old_lines: u32,
    /// The first line afterwards, from 1; the line above for a hunk without new lines.
    pub new_start: u32,
    /// How many lines it has.
    pub new_lines: u32,
    /// Its lines, each with its line end if it has one. Bytes of a file that is not UTF-8 are shown as its encoding reads
    /// them.
    pub lines: Vec<(LineKind, String)>,
}

/// What became of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum LineKind {
    /// It stayed.
    #[serde(rename = " ")]
    Context,
    /// It went.
    #[serde(rename = "-")]
    Removed,
    /// It came.
    #[serde(rename = "+")]
    Added,
}

impl LineKind {
    /// How unified diffs mark it.
    pub const fn sign(self) -> char {
        match self {
            Self::Context => ' ',
            Self::Removed => '-',
            Self::Added => '+',
        }
    }
}

impl Hunk {
    /// Its first line in a unified diff.
    pub fn header(&self) -> String {
        let side = |start: u32, lines: u32| if lines == 1 { start.to_string() } else { format!("{start},{lines}") };
        format!("@@ -{} +{} @@", side(self.old_start, self.old_lines), side(self.new_start, self.new_lines))
    }
}

/// What is different, in the order of the paths.
pub fn diff(before: &Files, after: &Files) -> Vec<FileDiff> {
    let moves = moves(before, after);
    let sources: BTreeSet<&str> = moves.values().copied().collect();
    let paths: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let changed =
        paths.into_iter().filter(|path| before.get(*path) != after.get(*path) && !sources.contains(path.as_str()));
    changed.map(|path| file_diff(path, before, after, moves.get(path.as_str()).copied())).collect()
}

/// The files that stand elsewhere with the same bytes and mode: new path to old path.
pub(crate) fn moves<'f>(before: &'f Files, after: &'f Files) -> BTreeMap<&'f str, &'f str> {
    let mut gone: BTreeMap<(String, bool), Vec<&str>> = BTreeMap::new();
    for (path, state) in before.iter().rev() {
        if !after.contains_key(path) && !state.bytes.is_empty() {
            gone.entry((sha256(&state.bytes), state.executable)).or_default().push(path);
        }
    }
    if gone.is_empty() {
        return BTreeMap::new();
    }
    let new = after.iter().filter(|(path, _)| !before.contains_key(*path));
    new.filter_map(|(path, state)| {
        let from = gone.get_mut(&(sha256(&state.bytes), state.executable))?.pop()?;
        Some((path.as_str(), from))
    })
    .collect()
}

fn file_diff(path: &str, before: &Files, after: &Files, from: Option<&str>) -> FileDiff {
    let (old, new) = (before.get(from.unwrap_or(path)), after.get(path));
    let change = match (from, old, new) {
        (Some(from), ..) => Change::Moved { from: from.to_owned() },
        (None, None, _) => Change::Added,
        (None, Some(_), None) => Change::Deleted,
        (None, Some(_), Some(_)) => Change::Modified,
    };
    FileDiff {
        path: path.to_owned(),
        change,
        old_executable: old.map(|state| state.executable),
        new_executable: new.map(|state| state.executable),
        hunks: hunks(path, bytes_of(old), bytes_of(new)),
    }
}

pub(crate) fn bytes_of(state: Option<&FileState>) -> &[u8] {
    state.map_or(&[], |state| &state.bytes)
}

fn hunks(path: &str, old: &[u8], new: &[u8]) -> Vec<Hunk> {
    let groups = groups(path, old, new);
    if groups.is_empty() {
        let whole =
            Hunk { id: format!("{path}#1"), old_start: 0, old_lines: 0, new_start: 0, new_lines: 0, lines: Vec::new() };
        return vec![whole];
    }
    let shown = (shown(path, old), shown(path, new));
    let (old_lines, new_lines) = (lines_of(&shown.0), lines_of(&shown.1));
    let hunk = |(rank, group): (usize, &Vec<DiffOp>)| {
        let (old, new) = ranges(group);
        Hunk {
            id: format!("{path}#{}", rank + 1),
            old_start: start_of(&old),
            old_lines: crate::anchor::narrow(old.len()),
            new_start: start_of(&new),
            new_lines: crate::anchor::narrow(new.len()),
            lines: group.iter().flat_map(|op| op_lines(op, &old_lines, &new_lines)).collect(),
        }
    };
    groups.iter().enumerate().map(hunk).collect()
}

/// The changed lines with those around them; nothing for files that are equal or no text.
pub(crate) fn groups(path: &str, old: &[u8], new: &[u8]) -> Vec<Vec<DiffOp>> {
    if old == new || !is_shown(path, old) || !is_shown(path, new) {
        return Vec::new();
    }
    let ops = line_ops(&byte_lines(old), &byte_lines(new));
    group_diff_ops(ops, CONTEXT)
}

/// A diff of lines that stays quick for files that have nothing in common.
pub(crate) fn line_ops<T: std::hash::Hash + Ord>(old: &[T], new: &[T]) -> Vec<DiffOp> {
    capture_diff_slices(Algorithm::Histogram, old, new)
}

pub(crate) fn ranges(group: &[DiffOp]) -> (Range<usize>, Range<usize>) {
    let (Some(first), Some(last)) = (group.first(), group.last()) else { return (0..0, 0..0) };
    (first.old_range().start..last.old_range().end, first.new_range().start..last.new_range().end)
}

/// Lines with their `\n`.
pub(crate) fn byte_lines(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.split_inclusive(|byte| *byte == b'\n').collect()
}

fn lines_of(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

fn start_of(range: &Range<usize>) -> u32 {
    crate::anchor::narrow(if range.is_empty() { range.start } else { range.start + 1 })
}

fn op_lines(op: &DiffOp, old: &[&str], new: &[&str]) -> Vec<(LineKind, String)> {
    let take = |kind, lines: &[&str]| lines.iter().map(|line| (kind, (*line).to_owned())).collect::<Vec<_>>();
    match op {
        DiffOp::Equal { .. } => take(LineKind::Context, &old[op.old_range()]),
        _ => [take(LineKind::Removed, &old[op.old_range()]), take(LineKind::Added, &new[op.new_range()])].concat(),
    }
}

fn is_shown(path: &str, bytes: &[u8]) -> bool {
    !bytes.contains(&0)
        && (std::str::from_utf8(bytes).is_ok() || working::decode(working::dialect_of(path, bytes), bytes).is_ok())
}

/// The bytes as text, line for line.
fn shown<'b>(path: &str, bytes: &'b [u8]) -> Cow<'b, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => working::decode(working::dialect_of(path, bytes), bytes)
            .map_or(Cow::Borrowed(""), |source| Cow::Owned(source.text().to_owned())),
    }
}
