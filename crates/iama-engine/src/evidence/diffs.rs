//! The diff of a job by file, each hunk with its reasons.

use std::collections::BTreeMap;

use iama_patch::{FileDiff, Files, Hunk, LineKind};
use iama_recipes::{Class, Pair};
use schemars::JsonSchema;
use serde::Serialize;

use super::authors::Authors;
use super::links::{Links, LinksPart};
use super::{Sources, title};
use crate::history::Author;
use crate::perform::sha256;
use crate::records::FileRecord;

#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct FilePart {
    path: String,
    change: &'static str,
    base_sha256: Option<String>,
    result_sha256: Option<String>,
    test: bool,
    edits: usize,
    hunks: Vec<HunkPart>,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
struct HunkPart {
    id: String,
    header: String,
    old_start: u32,
    old_lines: u32,
    new_start: u32,
    new_lines: u32,
    lines: Vec<(&'static str, String)>,
    reasons: Vec<Reason>,
    /// Models and persons who wrote lines of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authors: Vec<Author>,
    links: LinksPart,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
struct Reason {
    recipe: String,
    origin: Origin,
    title: String,
    #[schemars(with = "String")]
    class: Class,
    why: String,
    count: usize,
}

/// Who wrote what makes an edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Origin {
    /// A recipe of IAMA.
    Recipe,
    /// A rule of the user's own.
    Person,
}

/// The changed files with their hunks, each with the recipes that made it.
pub(super) fn file_parts(pair: &Pair, sources: &Sources, links: &Links<'_>, authors: &Authors) -> Vec<FilePart> {
    let Some((before, after)) = &sources.changed else { return Vec::new() };
    let diffs = iama_patch::diff(before, after);
    diffs
        .iter()
        .map(|diff| {
            let record = sources.rewrites.iter().find(|record| record.path == diff.path);
            let test = record.is_some_and(|record| record.test);
            let linked = |hunk: &Hunk| {
                hunk_part(pair, hunk, record, authors.of(&diff.path, hunk), links.of(&diff.path, test, hunk))
            };
            let hash = |files: &Files| files.get(&diff.path).map(|state| sha256(&state.bytes));
            FilePart {
                path: diff.path.clone(),
                change: change_name(diff),
                base_sha256: hash(before),
                result_sha256: hash(after),
                test,
                edits: record.map_or(0, |record| record.changes.len()),
                hunks: diff.hunks.iter().map(linked).collect(),
            }
        })
        .collect()
}

const fn change_name(diff: &FileDiff) -> &'static str {
    match diff.change {
        iama_patch::Change::Added => "added",
        iama_patch::Change::Modified => "modified",
        iama_patch::Change::Deleted => "deleted",
        iama_patch::Change::Moved { .. } => "moved",
    }
}

fn hunk_part(
    pair: &Pair,
    hunk: &Hunk,
    record: Option<&FileRecord>,
    authors: Vec<Author>,
    links: LinksPart,
) -> HunkPart {
    let line = |(kind, text): &(LineKind, String)| {
        let mark = match kind {
            LineKind::Context => " ",
            LineKind::Removed => "-",
            LineKind::Added => "+",
        };
        (mark, text.trim_end_matches(['\n', '\r']).to_owned())
    };
    HunkPart {
        id: hunk.id.clone(),
        header: hunk.header(),
        old_start: hunk.old_start,
        old_lines: hunk.old_lines,
        new_start: hunk.new_start,
        new_lines: hunk.new_lines,
        lines: hunk.lines.iter().map(line).collect(),
        reasons: record.map(|record| reasons(pair, hunk, record)).unwrap_or_default(),
        authors,
        links,
    }
}

fn reasons(pair: &Pair, hunk: &Hunk, record: &FileRecord) -> Vec<Reason> {
    let (first, last) = (hunk.old_start, hunk.old_start + hunk.old_lines.max(1) - 1);
    let mut rows: BTreeMap<&str, Reason> = BTreeMap::new();
    let met = record.changes.iter().filter(|change| change.first_line <= last && first <= change.last_line);
    for recipe in met.flat_map(|change| &change.recipes) {
        let known = pair.recipes.iter().find(|known| known.id == recipe.as_str());
        let row = rows.entry(recipe).or_insert_with(|| Reason {
            recipe: recipe.clone(),
            origin: if known.is_some() { Origin::Recipe } else { Origin::Person },
            title: title(pair, recipe),
            class: known.map_or(Class::Check, |known| known.class),
            why: known.map_or_else(String::new, |known| known.why.to_owned()),
            count: 0,
        });
        row.count += 1;
    }
    let notes = record.notes.iter().filter(|note| note.class == Class::Check && (first..=last).contains(&note.line));
    for note in notes {
        if let Some(row) = rows.get_mut(note.recipe.as_str()) {
            row.class = Class::Check;
            row.why.clone_from(&note.why);
        }
    }
    rows.into_values().collect()
}
