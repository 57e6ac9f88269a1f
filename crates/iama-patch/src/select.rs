//! Some of the changes between two states, and nothing of the others.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::diff::{Change, FileDiff, byte_lines, diff, groups, ranges};
use crate::files::{FileState, Files};

/// Which changes to take.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Selection {
    /// Paths of whole files; for a move the new path.
    pub files: Vec<String>,
    /// Ids of hunks.
    pub hunks: Vec<String>,
}

/// A change that only makes sense with another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Need {
    /// The id of the chosen hunk.
    pub chosen: String,
    /// The ids of the hunks that it needs.
    pub needs: Vec<String>,
}

/// Why a selection cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SelectError {
    /// No such changes.
    #[error("there is no change named {}", ids.join(", "))]
    UnknownChanges {
        /// The paths and ids that name none.
        ids: Vec<String>,
    },
    /// A chosen change cannot be made without others that were not chosen.
    #[error("{}", needs.iter().map(|need| format!("{} needs {}", need.chosen, need.needs.join(", "))).collect::<Vec<_>>().join("; "))]
    NeedsOthers {
        /// Each chosen change with what it needs.
        needs: Vec<Need>,
    },
}

/// The files with only the chosen changes made.
///
/// A change of mode belongs to all hunks of its file together. Making a file where another one was a folder, or the other
/// way round, needs the deletion of what stands in the way.
pub fn select(before: &Files, after: &Files, selection: &Selection) -> Result<Files, SelectError> {
    let diffs = diff(before, after);
    let chosen = chosen(&diffs, selection)?;
    refuse_unmet(&diffs, &chosen)?;
    let mut files = before.clone();
    for file in &diffs {
        let Some(hunks) = chosen.get(file.path.as_str()) else { continue };
        take(&mut files, before, after, file, hunks);
    }
    Ok(files)
}

type Chosen<'d> = BTreeMap<&'d str, BTreeSet<usize>>;

/// The ranks of the chosen hunks by file.
fn chosen<'d>(diffs: &'d [FileDiff], selection: &Selection) -> Result<Chosen<'d>, SelectError> {
    let by_path: BTreeMap<&str, &FileDiff> = diffs.iter().map(|file| (file.path.as_str(), file)).collect();
    let ids =
        diffs.iter().flat_map(|file| (0..).zip(&file.hunks).map(move |(rank, hunk)| (hunk.id.as_str(), (file, rank))));
    let by_id: BTreeMap<&str, (&FileDiff, usize)> = ids.collect();
    let (mut chosen, mut unknown) = (Chosen::new(), Vec::new());
    for path in &selection.files {
        match by_path.get(path.as_str()) {
            Some(file) => chosen.entry(&file.path).or_default().extend(0..file.hunks.len()),
            None => unknown.push(path.clone()),
        }
    }
    for id in &selection.hunks {
        match by_id.get(id.as_str()) {
            Some((file, rank)) => _ = chosen.entry(&file.path).or_default().insert(*rank),
            None => unknown.push(id.clone()),
        }
    }
    if unknown.is_empty() { Ok(chosen) } else { Err(SelectError::UnknownChanges { ids: unknown }) }
}

fn refuse_unmet(diffs: &[FileDiff], chosen: &Chosen<'_>) -> Result<(), SelectError> {
    let mut needs = Vec::new();
    for file in diffs.iter().filter(|file| chosen.contains_key(file.path.as_str()) && makes_path(file)) {
        let others =
            diffs.iter().filter(|other| is_in_the_way(other, &file.path) && !chosen.contains_key(other.path.as_str()));
        let others: Vec<String> = others.flat_map(|other| other.hunks.iter().map(|hunk| hunk.id.clone())).collect();
        if !others.is_empty() {
            needs.push(Need { chosen: file.hunks[0].id.clone(), needs: others });
        }
    }
    if needs.is_empty() { Ok(()) } else { Err(SelectError::NeedsOthers { needs }) }
}

fn makes_path(file: &FileDiff) -> bool {
    matches!(file.change, Change::Added | Change::Moved { .. })
}

/// Whether a change takes away a file that stands where `path` needs a folder, or a file in the folder where `path` stands.
fn is_in_the_way(other: &FileDiff, path: &str) -> bool {
    let gone = match &other.change {
        Change::Deleted => &other.path,
        Change::Moved { from } => from,
        Change::Added | Change::Modified => return false,
    };
    let lies_in = |inner: &str, outer: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'));
    other.path != path && (lies_in(path, gone) || lies_in(gone, path))
}

fn take(files: &mut Files, before: &Files, after: &Files, file: &FileDiff, hunks: &BTreeSet<usize>) {
    let new = after.get(&file.path).cloned();
    if let Change::Moved { from } = &file.change {
        files.remove(from);
    }
    match (new, before.get(&file.path)) {
        (Some(new), Some(old)) if hunks.len() < file.hunks.len() => {
            let bytes = take_hunks(&file.path, &old.bytes, &new.bytes, hunks);
            files.insert(file.path.clone(), FileState { bytes, executable: old.executable });
        }
        (Some(new), _) => _ = files.insert(file.path.clone(), new),
        (None, _) => _ = files.remove(&file.path),
    }
}

fn take_hunks(path: &str, old: &[u8], new: &[u8], chosen: &BTreeSet<usize>) -> Vec<u8> {
    let (old_lines, new_lines) = (byte_lines(old), byte_lines(new));
    let (mut out, mut at) = (Vec::with_capacity(new.len()), 0);
    for (rank, group) in groups(path, old, new).iter().enumerate() {
        let (old_range, new_range) = ranges(group);
        out.extend(old_lines[at..old_range.start].concat());
        let lines = if chosen.contains(&rank) { &new_lines[new_range] } else { &old_lines[old_range.clone()] };
        out.extend(lines.concat());
        at = old_range.end;
    }
    out.extend(old_lines[at..].concat());
    out
}
