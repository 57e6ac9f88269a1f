//! What a patch does, told apart from its text: which files, between which hashes, by which operations, and what became of each.

use iama_patch::{Action, FileDiff, Files, Operation, OperationOutcome, Patch};
use serde::{Deserialize, Serialize};

use crate::perform::sha256;

/// A delivery, or what a round has left behind: `patch.manifest.json`, `partial.manifest.json`. It holds no source text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Hash of the file with the patch.
    pub patch_sha256: String,
    /// Hash of the same as a unified diff.
    pub diff_sha256: String,
    /// The files, by path.
    pub files: Vec<ManifestFile>,
}

/// A file of a patch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestFile {
    /// The file.
    pub path: String,
    /// SHA-256 of its bytes before; nothing for a new one.
    pub before: Option<String>,
    /// SHA-256 of its bytes afterwards; nothing for one that is gone.
    pub after: Option<String>,
    /// Its hunks, as they are chosen by.
    pub hunks: Vec<ManifestHunk>,
}

/// Where a hunk lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestHunk {
    /// `path#n`.
    pub id: String,
    /// The first line before, from 1.
    pub old_start: u32,
    /// How many lines it had.
    pub old_lines: u32,
    /// The first line afterwards, from 1.
    pub new_start: u32,
    /// How many lines it has.
    pub new_lines: u32,
}

/// An operation of a patch that was applied or refused: `recipes.operations.json`, `model-N.operations.json` hold lists. The
/// anchor, and the nearest place of one that was not found, are source text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OperationRecord {
    /// The operation.
    pub id: String,
    /// The file.
    pub path: String,
    /// SHA-256 of the file that the patch was made for; nothing where no file may stand.
    pub base: Option<String>,
    /// What it does.
    pub op: String,
    /// What it takes hold of: a text, a symbol, an import; nothing where it is about the whole file.
    pub anchor: Option<String>,
    /// What became of it.
    pub outcome: OperationOutcome,
}

impl Manifest {
    /// The manifest of what is different between two states.
    pub(crate) fn of(patch: &[u8], diff: &[u8], diffs: &[FileDiff], before: &Files, after: &Files) -> Self {
        let hash = |files: &Files, path: &String| files.get(path).map(|state| sha256(&state.bytes));
        let hunk = |hunk: &iama_patch::Hunk| ManifestHunk {
            id: hunk.id.clone(),
            old_start: hunk.old_start,
            old_lines: hunk.old_lines,
            new_start: hunk.new_start,
            new_lines: hunk.new_lines,
        };
        let file = |diff: &FileDiff| ManifestFile {
            path: diff.path.clone(),
            before: hash(before, &diff.path),
            after: hash(after, &diff.path),
            hunks: diff.hunks.iter().map(hunk).collect(),
        };
        let files = diffs.iter().map(file).collect();
        Self { patch_sha256: sha256(patch), diff_sha256: sha256(diff), files }
    }
}

/// Where the operations of a patch are told.
pub(crate) fn operations_file(patch: &str) -> String {
    format!("{}.operations.json", patch.trim_end_matches(".json"))
}

/// The operations of a patch with what became of them.
pub(crate) fn operations(patch: &Patch, outcomes: &[OperationOutcome]) -> Vec<OperationRecord> {
    let record = |(operation, outcome): (&Operation, &OperationOutcome)| OperationRecord {
        id: operation.id.clone(),
        path: operation.path.clone(),
        base: patch.base.get(&operation.path).cloned().flatten(),
        op: name(&operation.action),
        anchor: anchor(&operation.action).map(str::to_owned),
        outcome: outcome.clone(),
    };
    patch.operations.iter().zip(outcomes).map(record).collect()
}

fn name(action: &Action) -> String {
    let value = serde_json::to_value(action).unwrap_or_default();
    value.get("op").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
}

fn anchor(action: &Action) -> Option<&str> {
    match action {
        Action::ExactSearchReplace { search, .. } => Some(search),
        Action::ReplaceSymbol { symbol, .. }
        | Action::ReplaceBody { symbol, .. }
        | Action::InsertBefore { symbol, .. }
        | Action::InsertAfter { symbol, .. }
        | Action::DeleteSymbol { symbol }
        | Action::RenameInFile { symbol, .. } => Some(symbol),
        Action::AddImport { import } | Action::RemoveImport { import } => Some(import),
        _ => None,
    }
}
