//! The patch from one state of files to another, and the patch back.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use iama_syntax::LineIndex;
use similar::DiffOp;

use crate::anchor::occurrences;
use crate::apply::apply;
use crate::content::Content;
use crate::diff::{line_ops, moves};
use crate::files::{FileState, Files, sha256};
use crate::outcome::OperationOutcome;
use crate::patch::{Action, Operation, Patch, SchemaName};
use crate::working::{decode, dialect_of};

/// Why a patch has no inverse.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("the patch does not apply to these files")]
pub struct InvertError {
    /// What became of each operation.
    pub outcomes: Vec<OperationOutcome>,
}

/// The patch that leads from `before` to `after`, byte for byte and mode for mode.
///
/// A hunk becomes one search and replacement whose search text is unique; what cannot be said that way (bytes that are no
/// text, a new encoding or mode, new line ends throughout) deletes the file and creates it anew.
pub fn between(before: &Files, after: &Files) -> Patch {
    let mut draft = Draft::default();
    let moves = moves(before, after);
    let sources: BTreeSet<&str> = moves.values().copied().collect();
    for path in before.keys().filter(|path| !after.contains_key(*path) && !sources.contains(path.as_str())) {
        draft.touch(path, before);
        draft.push(path, Action::Delete {});
    }
    for (to, from) in &moves {
        draft.touch(from, before);
        draft.touch(to, before);
        draft.push(from, Action::Move { to: (*to).to_owned() });
    }
    for (path, new) in after.iter().filter(|(path, _)| !moves.contains_key(path.as_str())) {
        match before.get(path) {
            Some(old) if old == new => continue,
            Some(old) => modify(&mut draft, path, old, new),
            None => draft.push(path, create(new)),
        }
        draft.touch(path, before);
    }
    draft.finish()
}

/// The patch that undoes `patch`, made for the files as `patch` leaves them.
pub fn invert(patch: &Patch, before: &Files) -> Result<Patch, InvertError> {
    let applied = apply(patch, before);
    let Some(changed) = applied.changed else { return Err(InvertError { outcomes: applied.outcomes }) };
    let (mut old, mut new) = (Files::new(), Files::new());
    for (path, state) in changed {
        if let Some(state) = before.get(&path) {
            old.insert(path.clone(), state.clone());
        }
        if let Some(state) = state {
            new.insert(path, state);
        }
    }
    Ok(between(&new, &old))
}

#[derive(Default)]
struct Draft {
    base: BTreeMap<String, Option<String>>,
    operations: Vec<Operation>,
}

impl Draft {
    fn touch(&mut self, path: &str, before: &Files) {
        self.base.insert(path.to_owned(), before.get(path).map(|state| sha256(&state.bytes)));
    }

    fn finish(self) -> Patch {
        Patch { schema: SchemaName::V1, base: self.base, operations: self.operations }
    }

    fn push(&mut self, path: &str, action: Action) {
        let id = format!("{}", self.operations.len() + 1);
        self.operations.push(Operation { id, path: path.to_owned(), action });
    }
}

fn create(state: &FileState) -> Action {
    Action::Create { content: Content(state.bytes.clone()), executable: state.executable }
}

fn modify(draft: &mut Draft, path: &str, old: &FileState, new: &FileState) {
    let edits = if old.executable == new.executable { edits(path, &old.bytes, &new.bytes) } else { None };
    let whole = || vec![Action::Delete {}, create(new)];
    let edits = edits.filter(|edits| leads_to(path, old, edits, new)).unwrap_or_else(whole);
    for action in edits {
        draft.push(path, action);
    }
}

/// Whether the edits alone make the new file of the old one.
fn leads_to(path: &str, old: &FileState, edits: &[Action], new: &FileState) -> bool {
    let files = Files::from([(path.to_owned(), old.clone())]);
    let mut draft = Draft::default();
    draft.touch(path, &files);
    for action in edits {
        draft.push(path, action.clone());
    }
    apply(&draft.finish(), &files).changed.and_then(|mut changed| changed.remove(path).flatten()).as_ref() == Some(new)
}

/// One search and replacement for each hunk; nothing for bytes that are no text.
fn edits(path: &str, old: &[u8], new: &[u8]) -> Option<Vec<Action>> {
    let old = decode(dialect_of(path, old), old).ok()?;
    let new = decode(dialect_of(path, new), new).ok()?;
    if old.has_bom() != new.has_bom() {
        return None;
    }
    let (mut starts, new_starts) = (starts(old.text()), self::starts(new.text()));
    let ops = line_ops(&lines(old.text(), &starts), &lines(new.text(), &new_starts));
    let mut current = old.text().to_owned();
    let mut edits = Vec::new();
    // From the last to the first: the lines above keep their places.
    for op in ops.iter().rev().filter(|op| !matches!(op, DiffOp::Equal { .. })) {
        let new_range = op.new_range();
        let new_part = &new.text()[new_starts[new_range.start]..new_starts[new_range.end]];
        edits.push(edit(&mut current, &starts, &op.old_range(), new_part));
        shift(&mut starts, &op.old_range(), &new_starts[new_range.start..=new_range.end]);
    }
    Some(edits)
}

/// Replaces a run of lines by `new` and gives the edit that says so.
fn edit(current: &mut String, starts: &[usize], changed: &Range<usize>, new: &str) -> Action {
    let around = unique_around(current, starts, changed);
    let (from, to) = (starts[changed.start], starts[changed.end]);
    let replace = [&current[around.start..from], new, &current[to..around.end]].concat();
    let search = current[around].to_owned();
    current.replace_range(from..to, new);
    Action::ExactSearchReplace { search, replace }
}

/// The line starts after the lines in `changed` gave way to those that begin at `new` in another text.
fn shift(starts: &mut Vec<usize>, changed: &Range<usize>, new: &[usize]) {
    let (from, to) = (starts[changed.start], starts[changed.end]);
    let (Some(first), Some(last)) = (new.first(), new.last()) else { return };
    for start in &mut starts[changed.end..] {
        *start = *start - to + from + (last - first);
    }
    starts.splice(changed.start..changed.end, new[..new.len() - 1].iter().map(|start| start - first + from));
}

/// Offsets at which lines begin, and the end of the text.
fn starts(text: &str) -> Vec<usize> {
    let index = LineIndex::new(text);
    let mut starts: Vec<usize> =
        (1..=index.line_count()).filter_map(|line| index.line_start(line)).map(|start| start as usize).collect();
    if starts.last() != Some(&text.len()) {
        starts.push(text.len());
    }
    starts
}

/// The changed lines with as many around them as it takes for the text to occur once. Growing by ever larger steps keeps
/// the work small in files that repeat themselves.
fn unique_around(text: &str, starts: &[usize], changed: &Range<usize>) -> Range<usize> {
    let last = starts.len() - 1;
    let mut context = usize::from(changed.is_empty());
    loop {
        let from = starts[changed.start.saturating_sub(context).min(last)];
        let to = starts[(changed.end + context).min(last)];
        let is_whole = from == 0 && to == text.len();
        if is_whole || from < to && occurrences(text, &text[from..to]).nth(1).is_none() {
            return from..to;
        }
        context += 1 + context / 2;
    }
}

fn lines<'t>(text: &'t str, starts: &[usize]) -> Vec<&'t str> {
    starts.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect()
}
