//! Recipes over the files of a workspace, in memory: nothing is written here.

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use iama_recipes::groups::{self, Groups};
use iama_recipes::{Migration, Options, Outcome, Pair, Project, migrate};
use iama_source::{SourceFile, Workspace};
use iama_syntax::{LineIndex, SourceError, SourceText};
use rayon::prelude::*;

/// Files that are read at once. Bounds the memory, whatever the size of the tree.
const BATCH: usize = 64;

/// What became of one file.
#[derive(Debug)]
pub struct Rewritten {
    /// The path relative to the root.
    pub path: String,
    /// What happened.
    pub result: FileResult,
}

/// The ways in which a file can come out.
#[derive(Debug)]
pub enum FileResult {
    /// Written in the target language already.
    AlreadyTarget,
    /// Recipes ran.
    Migrated {
        /// The file before.
        before: SourceText,
        /// The account of what changed.
        migration: Box<Migration>,
        /// The bytes to write; nothing when they are the same as before.
        bytes: Option<Vec<u8>>,
    },
    /// Left as it is, for a reason.
    Failed(Failure),
}

/// Why a file was left as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The file could not be opened.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// The bytes are no text.
    #[error(transparent)]
    Encoding(SourceError),
    /// Neither grammar accepts the text.
    #[error("line {line} is neither the source nor the target language: {excerpt:?}")]
    Syntax {
        /// From 1.
        line: u32,
        /// The text there.
        excerpt: String,
    },
    /// The rewritten text was not accepted.
    #[error("the rewritten file would be wrong near {excerpt:?}, so it was left as it was (recipes: {})", recipes.join(", "))]
    Restored {
        /// The rewritten text there.
        excerpt: String,
        /// Recipes that had a part in the file.
        recipes: Vec<&'static str>,
    },
}

impl Failure {
    /// A stable name for this kind of failure.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "SOURCE_UNREADABLE",
            Self::Encoding(error) => error.code(),
            Self::Syntax { .. } => "SOURCE_SYNTAX",
            Self::Restored { .. } => "RESULT_NOT_ACCEPTED",
        }
    }

    /// What a person can do about it.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "make the file readable, or leave it out with --exclude",
            Self::Encoding(error) => error.hint(),
            Self::Syntax { .. } => "mend the syntax, or leave the file out with --exclude",
            Self::Restored { .. } => {
                "run the recipes one by one with --select to see which one is at fault, and report it"
            }
        }
    }

    /// The line that is meant, from 1.
    pub const fn line(&self) -> u32 {
        match self {
            Self::Syntax { line, .. } => *line,
            Self::Unreadable(_) | Self::Encoding(_) | Self::Restored { .. } => 1,
        }
    }
}

/// Learns what a pair must know of a workspace before it rewrites any file of it.
pub fn survey(workspace: &Workspace, pair: &Pair) -> Project {
    let files = workspace.files.iter().map(|file| file.path.clone()).collect();
    let mut project = Project { files, ..Project::default() };
    // What has no syntax says nothing of the language that the workspace is written in.
    for file in workspace.files.iter().filter(|file| (pair.plain)(&file.path).is_none()) {
        let Ok(bytes) = fs::read(workspace.root.join(&file.path)) else { continue };
        if let Ok(text) = (pair.decode)(&bytes) {
            project.learn(pair, &file.path, text.text());
        }
    }
    project
}

/// What is known before files are rewritten: the workspace, and the files that came out on the way to knowing it.
#[derive(Debug)]
pub struct Settled {
    project: Project,
    results: BTreeMap<String, FileResult>,
    bytes: usize,
}

/// Bytes of text of which results are kept. Those of other files are worked out once more.
const KEPT: usize = 8 << 20;

impl Settled {
    /// No edit of several files is held back.
    pub fn of(project: Project) -> Self {
        Self { project, results: BTreeMap::new(), bytes: 0 }
    }

    /// Takes what became of a file in place of what was known of it; nothing where it can't be read any more.
    fn keep(&mut self, path: &str, result: Option<FileResult>) {
        if let Some(FileResult::Migrated { before, .. }) = self.results.remove(path) {
            self.bytes -= before.text().len();
        }
        if let Some(result) = result
            && let FileResult::Migrated { before, .. } = &result
            && self.bytes + before.text().len() <= KEPT
        {
            self.bytes += before.text().len();
            self.results.insert(path.to_owned(), result);
        }
    }
}

/// Works out which edits of several files can't be made in all of them, so that they are made in none.
pub fn settle(root: &Path, pair: &Pair, mut project: Project, options: &Options) -> Settled {
    let mut settled = Settled::of(Project::default());
    groups::settle(&mut project, |paths, project| {
        let look = |path: &String| {
            let Ok(bytes) = fs::read(root.join(path)) else { return (Groups::default(), None) };
            let (result, groups) = look_at(path, &bytes, pair, project, options);
            (groups, Some(result))
        };
        let mut all = Vec::with_capacity(paths.len());
        for batch in paths.chunks(BATCH) {
            let done: Vec<_> = batch.par_iter().map(look).collect();
            for (path, (groups, result)) in batch.iter().zip(done) {
                settled.keep(path, result);
                all.push(groups);
            }
        }
        all
    });
    Settled { project, ..settled }
}

/// Runs recipes over files of a workspace and hands each result on, in order of path, for as long as it is wanted.
pub fn rewrite(
    root: &Path,
    files: &[SourceFile],
    pair: &Pair,
    settled: Settled,
    options: &Options,
    mut each: impl FnMut(Rewritten) -> ControlFlow<()>,
) {
    let Settled { project, mut results, .. } = settled;
    for batch in files.chunks(BATCH) {
        let known: Vec<_> = batch.iter().map(|file| (file, results.remove(&file.path))).collect();
        let done: Vec<_> = known
            .into_par_iter()
            .map(|(file, known)| {
                let result = known.unwrap_or_else(|| match fs::read(root.join(&file.path)) {
                    Ok(bytes) => rewrite_bytes(&file.path, &bytes, pair, &project, options),
                    Err(error) => FileResult::Failed(Failure::Unreadable(error.to_string())),
                });
                Rewritten { path: file.path.clone(), result }
            })
            .collect();
        if done.into_iter().try_for_each(&mut each).is_break() {
            return;
        }
    }
}

/// Runs recipes over the bytes of one file.
pub fn rewrite_bytes(path: &str, bytes: &[u8], pair: &Pair, project: &Project, options: &Options) -> FileResult {
    look_at(path, bytes, pair, project, options).0
}

/// The same, and what became of groups.
fn look_at(path: &str, bytes: &[u8], pair: &Pair, project: &Project, options: &Options) -> (FileResult, Groups) {
    let before = match (pair.decode)(bytes) {
        Ok(before) => before,
        // No recipe can have to do with a text that nobody can read.
        Err(_) if (pair.plain)(path).is_some() => return (FileResult::AlreadyTarget, Groups::default()),
        Err(error) => return (FileResult::Failed(Failure::Encoding(error)), Groups::default()),
    };
    let outcome = migrate(pair, path, before.text(), project, options);
    let groups = outcome.groups(path);
    (file_result(before, outcome), groups)
}

fn file_result(before: SourceText, outcome: Outcome) -> FileResult {
    match outcome {
        Outcome::AlreadyTarget => FileResult::AlreadyTarget,
        Outcome::Unreadable(rejection) => {
            let line = LineIndex::new(before.text()).line(rejection.offset);
            FileResult::Failed(Failure::Syntax { line, excerpt: rejection.excerpt })
        }
        Outcome::Restored { rejection, recipes, .. } => {
            FileResult::Failed(Failure::Restored { excerpt: rejection.excerpt, recipes })
        }
        Outcome::Migrated(migration) if migration.changes.is_empty() => {
            FileResult::Migrated { before, migration: Box::new(migration), bytes: None }
        }
        Outcome::Migrated(migration) => match before.encode(&migration.text) {
            Ok(bytes) => FileResult::Migrated { before, migration: Box::new(migration), bytes: Some(bytes) },
            Err(error) => FileResult::Failed(Failure::Encoding(error)),
        },
    }
}
