//! Edits: answers that are blocks of plain text, made into a patch. What a block says is taken as it stands or refused.
//!
//! ```text
//! src/a.py
//! <<<<<<< SEARCH
//! print "x"
//! =======
//! print("x")
//! >>>>>>> REPLACE
//! ```
//!
//! A line of seven signs within the text is no trouble if the block's own markers are longer. A block without a path of its
//! own goes on with the file before it. An empty search makes a new file. `FILE` in the place of `SEARCH` gives a whole file.

mod blocks;

use std::collections::BTreeMap;

use iama_job::ModelClass;
use iama_patch::{Action, Content, FileState, Files, Operation, Patch, PathProblem, SchemaName, check_path, sha256};

use crate::stage::whole_files;
use crate::wire::Stop;

pub use blocks::{Block, Edit};

/// A file larger than this is not given as a whole.
pub const WHOLE_FILE_BYTES: usize = 32 << 10;

/// Why an answer is no patch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditFault {
    /// It was cut off at its longest.
    #[error("the answer was cut off at its longest")]
    Cut,
    /// The model would not answer.
    #[error("the model refused to answer")]
    Refused,
    /// It has no block.
    #[error("the answer has no edit")]
    NoBlock,
    /// A block has no end, or its parts are out of order.
    #[error("line {line}: the block is not finished as it should be")]
    Unfinished {
        /// The block's first line, from 1.
        line: usize,
    },
    /// A block names no file.
    #[error("line {line}: the block names no file")]
    NoPath {
        /// The block's first line, from 1.
        line: usize,
    },
    /// A block leads out of the workspace.
    #[error("line {line}: {problem}")]
    Path {
        /// The block's first line, from 1.
        line: usize,
        /// Why.
        problem: PathProblem,
    },
    /// Whole files are for L1 and for small ones.
    #[error("line {line}: a whole file is not accepted here")]
    WholeFile {
        /// The block's first line, from 1.
        line: usize,
    },
    /// The search is empty, and there is something in the file.
    #[error("line {line}: the search is empty")]
    EmptySearch {
        /// The block's first line, from 1.
        line: usize,
    },
    /// The search begins within a line.
    #[error("line {line}: the search begins in the middle of a line")]
    WithinLine {
        /// The block's first line, from 1.
        line: usize,
    },
}

impl EditFault {
    /// The stable name.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Cut => "EDIT_CUT",
            Self::Refused => "EDIT_REFUSED",
            Self::NoBlock => "EDIT_NO_BLOCK",
            Self::Unfinished { .. } => "EDIT_UNFINISHED",
            Self::NoPath { .. } => "EDIT_NO_PATH",
            Self::Path { .. } => "EDIT_PATH",
            Self::WholeFile { .. } => "EDIT_WHOLE_FILE",
            Self::EmptySearch { .. } => "EDIT_EMPTY_SEARCH",
            Self::WithinLine { .. } => "EDIT_WITHIN_LINE",
        }
    }
}

/// Makes an answer into a patch for `base`, which holds the files that it may name. Whether each search is found exactly once is
/// the patch engine's to say.
pub fn read_edits(text: &str, stop: &Stop, class: ModelClass, base: &Files) -> Result<Patch, EditFault> {
    match stop {
        Stop::Length => return Err(EditFault::Cut),
        Stop::Refused => return Err(EditFault::Refused),
        Stop::End | Stop::Other(_) => {}
    }
    let blocks = blocks::parse(text)?;
    let mut patch = Patch { schema: SchemaName::V1, base: BTreeMap::new(), operations: Vec::new() };
    for block in &blocks {
        check_path(&block.path).map_err(|problem| EditFault::Path { line: block.line, problem })?;
        let created = patch.operations.iter().any(|made| made.path == block.path && is_create(&made.action));
        let old = base.get(&block.path).filter(|_| !created);
        for action in actions(block, old, created, class)? {
            let id = format!("e{}", patch.operations.len() + 1);
            patch.operations.push(Operation { id, path: block.path.clone(), action });
        }
        patch.base.insert(block.path.clone(), base.get(&block.path).map(|state| sha256(&state.bytes)));
    }
    Ok(patch)
}

fn is_create(action: &Action) -> bool {
    matches!(action, Action::Create { .. })
}

fn actions(block: &Block, old: Option<&FileState>, created: bool, class: ModelClass) -> Result<Vec<Action>, EditFault> {
    let line = block.line;
    let create =
        |content: &str, executable| Action::Create { content: Content(content.as_bytes().to_vec()), executable };
    match (&block.edit, old) {
        (Edit::Whole { .. }, _) if !whole_files(class) => Err(EditFault::WholeFile { line }),
        (Edit::Whole { .. }, Some(old)) if old.bytes.len() > WHOLE_FILE_BYTES => Err(EditFault::WholeFile { line }),
        (Edit::Whole { content }, Some(old)) => Ok(vec![Action::Delete {}, create(content, old.executable)]),
        (Edit::Whole { content }, None) if created => Ok(vec![Action::Delete {}, create(content, false)]),
        (Edit::Whole { content }, None) => Ok(vec![create(content, false)]),
        (Edit::Replace { search, replace }, None) if search.is_empty() && !created => Ok(vec![create(replace, false)]),
        (Edit::Replace { search, .. }, Some(old)) if search.is_empty() && !old.bytes.is_empty() => {
            Err(EditFault::EmptySearch { line })
        }
        (Edit::Replace { search, .. }, None) if search.is_empty() => Err(EditFault::EmptySearch { line }),
        (Edit::Replace { search, replace }, old) => {
            let (search, replace) = old.map_or((search.as_str(), replace.as_str()), |old| at_end(old, search, replace));
            if old.is_some_and(|old| within_line(old, search)) {
                return Err(EditFault::WithinLine { line });
            }
            let (search, replace) = (search.to_owned(), replace.to_owned());
            Ok(vec![Action::ExactSearchReplace { search, replace }])
        }
    }
}

/// Blocks are made of lines. Where a file's last line has no end, neither has the block that means it.
fn at_end<'t>(old: &FileState, search: &'t str, replace: &'t str) -> (&'t str, &'t str) {
    let open = search.strip_suffix('\n').filter(|open| !open.is_empty() && old.bytes.ends_with(open.as_bytes()));
    match open {
        Some(open) if !old.bytes.ends_with(b"\n") => (open, replace.strip_suffix('\n').unwrap_or(replace)),
        _ => (search, replace),
    }
}

/// Whether the one place of a search is not the beginning of a line.
fn within_line(old: &FileState, search: &str) -> bool {
    let Ok(text) = std::str::from_utf8(&old.bytes) else { return false };
    let mut places = text.match_indices(search).map(|(at, _)| at);
    match (places.next(), places.next()) {
        (Some(at), None) => at > 0 && !text[..at].ends_with('\n'),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
