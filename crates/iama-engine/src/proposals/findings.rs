//! What the recipes of a strategy found in one file, in lines and names: the ground of proposals, specs and reports.

use std::collections::{BTreeMap, BTreeSet};

use iama_recipes::pair::Weight;
use iama_recipes::{Class, Pair};
use iama_syntax::{LineIndex, SourceText, Span};
use serde::{Deserialize, Serialize};

use super::record::{ExposedName, Exposure};
use super::shape::Shape;
use crate::rewrite::{FileResult, Rewritten};

/// The file that holds what was found, by strategy.
pub(crate) const FINDINGS: &str = "findings.json";

/// All findings of a job, by strategy.
pub(crate) type AllFindings = BTreeMap<String, Vec<FileFindings>>;

/// The findings in one file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileFindings {
    pub(crate) path: String,
    /// Whether it is a file of tests.
    pub(crate) test: bool,
    /// Whether anything of it would be different.
    pub(crate) changed: bool,
    /// Why it would be left as it is: a code and a sentence.
    pub(crate) failed: Option<(String, String)>,
    pub(crate) old_lines: usize,
    pub(crate) new_lines: usize,
    pub(crate) notes: Vec<Found>,
    /// Touched functions with the ways through them.
    pub(crate) functions: BTreeMap<String, usize>,
    /// Public names that it declares.
    pub(crate) public: usize,
    pub(crate) exposed: Vec<ExposedName>,
    /// Places that make a list and make none in the target language with the same words.
    #[serde(default)]
    pub(crate) lists: usize,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Found {
    pub(crate) recipe: String,
    pub(crate) class: Class,
    /// From 1.
    pub(crate) line: u32,
    /// The innermost declaration around it.
    pub(crate) symbol: Option<String>,
    pub(crate) why: String,
    /// What the place costs when it runs, next to the old code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) weight: Option<Weight>,
}

/// The shapes of files that were read for an earlier strategy.
pub(crate) type Shapes = BTreeMap<String, Shape>;

/// What was found in a file. Gives its shape, too, when it had to be read.
pub(crate) fn of_file(pair: &Pair, shapes: &Shapes, file: &Rewritten, test: bool) -> (FileFindings, Option<Shape>) {
    let empty = FileFindings { path: file.path.clone(), test, ..FileFindings::default() };
    match &file.result {
        FileResult::AlreadyTarget => (empty, None),
        FileResult::Failed(failure) => {
            let failed = Some((failure.code().to_owned(), failure.to_string()));
            (FileFindings { failed, ..empty }, None)
        }
        FileResult::Migrated { migration, .. } if migration.notes.is_empty() && migration.changes.is_empty() => {
            (empty, None)
        }
        FileResult::Migrated { before, migration, bytes } => {
            let read = (!shapes.contains_key(&file.path)).then(|| Shape::of(pair, &file.path, before.text()));
            let shape = read.as_ref().or_else(|| shapes.get(&file.path));
            let changed = bytes.is_some();
            let found = of_migration(pair, FileFindings { changed, ..empty }, shape, before, migration);
            (found, read)
        }
    }
}

/// What a finding costs when it runs, by what its recipe wrote where it begins.
fn weight(pair: &Pair, note: &iama_recipes::Note, migration: &iama_recipes::Migration) -> Option<Weight> {
    if note.class == Class::Refused {
        return None;
    }
    let begins = |change: &&iama_recipes::RecordedChange| {
        let touches = change.span.start <= note.span.start && note.span.start <= change.span.end;
        touches && change.recipes.contains(&note.recipe)
    };
    let written: String = migration.changes.iter().filter(begins).map(|change| change.text.as_str()).collect();
    (pair.weigh)(note.recipe, &written)
}

fn of_migration(
    pair: &Pair,
    mut found: FileFindings,
    shape: Option<&Shape>,
    before: &SourceText,
    migration: &iama_recipes::Migration,
) -> FileFindings {
    let lines = LineIndex::new(before.text());
    let nothing = Shape::default();
    let shape = shape.unwrap_or(&nothing);
    let name_at = |span: Span| shape.name_at(span).map(|rank| shape.declared[rank].name.clone());
    let note = |note: &iama_recipes::Note| Found {
        recipe: note.recipe.to_owned(),
        class: note.class,
        line: lines.line(note.span.start),
        symbol: name_at(note.span),
        why: note.why.clone(),
        weight: weight(pair, note, migration),
    };
    found.notes = migration.notes.iter().map(note).collect();
    let mut touched = BTreeSet::new();
    for change in &migration.changes {
        let last = lines.line(change.span.end.max(change.span.start + 1) - 1);
        touched.extend(lines.line(change.span.start)..=last);
        found.new_lines +=
            change.text.trim_end_matches('\n').matches('\n').count() + usize::from(!change.text.is_empty());
        if let Some(rank) = shape.function_at(change.span) {
            found.functions.insert(shape.declared[rank].name.clone(), shape.declared[rank].forks + 1);
        }
    }
    found.old_lines = touched.len();
    found.public = shape.public_names();
    found.lists = shape.lists;
    found.exposed = exposed(&found.path, shape, migration);
    found
}

fn exposed(path: &str, shape: &Shape, migration: &iama_recipes::Migration) -> Vec<ExposedName> {
    let mut rows: BTreeMap<(usize, Exposure), BTreeSet<String>> = BTreeMap::new();
    for change in &migration.changes {
        let heads = shape.declared.iter().enumerate().filter(|(rank, shown)| {
            shown.public == Some(*rank) && change.span.start < shown.head.end && shown.head.start < change.span.end
        });
        for (rank, _) in heads {
            let recipes = change.recipes.iter().map(|id| (*id).to_owned());
            rows.entry((rank, Exposure::Signature)).or_default().extend(recipes);
        }
    }
    for note in migration.notes.iter().filter(|note| note.class != Class::Safe) {
        let rank = shape.name_at(note.span).and_then(|rank| shape.declared[rank].public);
        if let Some(rank) = rank {
            rows.entry((rank, Exposure::Meaning)).or_default().insert(note.recipe.to_owned());
        }
    }
    let row = |((rank, exposure), recipes): ((usize, Exposure), BTreeSet<String>)| ExposedName {
        file: path.to_owned(),
        line: shape.declared[rank].line,
        name: shape.declared[rank].name.clone(),
        exposure,
        recipes: recipes.into_iter().collect(),
    };
    rows.into_iter().map(row).collect()
}
