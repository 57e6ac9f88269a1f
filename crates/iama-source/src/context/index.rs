//! The facts of a tree's files, kept while files change one by one.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use iama_syntax::SyntaxTree;
use rayon::prelude::*;
use rustc_hash::FxHashSet;

use super::facts::{FileFacts, file_facts, read, tree_of};
use super::graph::Graph;
use super::mask::{Masked, masked};
use super::outline::{Outline, outline_of};
use crate::confidence::{Confidence, Share, confidence};
use crate::walk::Workspace;

/// A tree whose files have been read once. Holds facts, and the outlines of files that a pack has asked for, but no texts.
///
/// It believes what it has read until it is told of a change: whoever writes to the tree calls [`Index::refresh`].
#[derive(Debug)]
pub struct Index {
    root: PathBuf,
    /// Sorted by path.
    files: Vec<Entry>,
    graph: Graph,
    /// Source files that the walk could not read whole.
    unread: u64,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) path: String,
    /// Nothing for a file that could not be read.
    pub(super) facts: Option<FileFacts>,
    detail: OnceLock<Option<Arc<Detail>>>,
}

/// What a pack needs of a file that it shows in part. All texts are masked.
#[derive(Debug)]
pub(super) struct Detail {
    pub(super) text: String,
    /// Nothing for a file with syntax that its dialect's parser does not accept: it cannot be cut safely.
    pub(super) outline: Option<Outline>,
    /// Every name in the file.
    pub(super) mentions: FxHashSet<Box<str>>,
    pub(super) masked: Vec<Masked>,
}

impl Index {
    /// Reads the files of a walk.
    pub fn read(workspace: &Workspace) -> Self {
        let paths = workspace.files.iter().map(|file| file.path.clone()).collect();
        let mut index = Self::of(&workspace.root, paths);
        index.unread = workspace.excluded.iter().filter(|one| one.reason.is_loss()).count() as u64;
        index
    }

    /// Reads files of a folder by their paths relative to it, with `/` between folders.
    pub fn of(root: &Path, mut paths: Vec<String>) -> Self {
        paths.sort();
        paths.dedup();
        let files: Vec<Entry> = paths.into_par_iter().map(|path| Entry::read(root, path)).collect();
        let graph = graph_of(&files);
        Self { root: root.to_owned(), files, graph, unread: 0 }
    }

    /// Reads again what has changed. A file that is gone is dropped, one that is new is added.
    pub fn refresh<'p>(&mut self, paths: impl IntoIterator<Item = &'p str>) {
        let declared = |entry: &Entry| entry.facts.as_ref().map(|facts| facts.declared.clone());
        let mut moved = false;
        for path in paths {
            let found = self.files.binary_search_by(|entry| entry.path.as_str().cmp(path));
            match (found, self.root.join(path).is_file()) {
                (Ok(at), true) => {
                    let entry = Entry::read(&self.root, path.to_owned());
                    moved |= declared(&entry) != declared(&self.files[at]);
                    self.files[at] = entry;
                }
                (Ok(at), false) => {
                    self.files.remove(at);
                    moved = true;
                }
                (Err(at), true) => {
                    self.files.insert(at, Entry::read(&self.root, path.to_owned()));
                    moved = true;
                }
                (Err(_), false) => {}
            }
        }
        if moved {
            self.graph = graph_of(&self.files);
        }
    }

    /// How far the tree is understood.
    pub fn confidence(&self) -> Confidence {
        let (mut statements, mut names) = (Share::default(), Share::default());
        let mut whole = Share { part: 0, whole: self.unread };
        for facts in self.files.iter().map(|entry| &entry.facts) {
            whole.count(facts.as_ref().is_some_and(|facts| facts.is_exact));
            if let Some(facts) = facts {
                statements.add(facts.statements.part, facts.statements.whole);
                let elsewhere = facts.open.iter().filter(|(name, _)| self.graph.open_class(facts, name).is_some());
                let elsewhere: u64 = elsewhere.map(|(_, times)| u64::from(*times)).sum();
                names.add(facts.names.part + elsewhere, facts.names.whole);
            }
        }
        confidence(statements, names, whole)
    }

    /// Every file with what is known of it, sorted by path; nothing is known of one that could not be read.
    pub fn files(&self) -> impl ExactSizeIterator<Item = (&str, Option<&FileFacts>)> {
        self.files.iter().map(|entry| (entry.path.as_str(), entry.facts.as_ref()))
    }

    pub(super) fn id(&self, path: &str) -> Option<usize> {
        self.files.binary_search_by(|entry| entry.path.as_str().cmp(path)).ok()
    }

    pub(super) fn path(&self, id: usize) -> &str {
        &self.files[id].path
    }

    /// The text of a file as it is now; nothing when it cannot be read or when its bytes are no text.
    pub(super) fn exact(&self, id: usize) -> Option<String> {
        let bytes = self.bytes(id).ok()?;
        let (text, is_exact) = read(&self.files[id].path, &bytes);
        is_exact.then(|| text.into_owned())
    }

    fn bytes(&self, id: usize) -> std::io::Result<Vec<u8>> {
        fs::read(self.root.join(&self.files[id].path))
    }

    /// The files that a file imports.
    pub(super) fn imported(&self, id: usize) -> Vec<usize> {
        let entry = &self.files[id];
        let mut found = entry.facts.as_ref().map(|facts| self.graph.reads(&entry.path, facts)).unwrap_or_default();
        found.retain(|other| *other != id);
        found
    }

    /// The pieces of a file; nothing for one that cannot be read.
    pub(super) fn detail(&self, id: usize) -> Option<Arc<Detail>> {
        let entry = &self.files[id];
        entry
            .detail
            .get_or_init(|| {
                let facts = entry.facts.as_ref()?;
                let bytes = self.bytes(id).ok()?;
                Some(Arc::new(Detail::of(&entry.path, &bytes, facts)))
            })
            .clone()
    }
}

fn graph_of(files: &[Entry]) -> Graph {
    let files = files.iter().map(|entry| (entry.path.as_str(), entry.facts.as_ref()));
    Graph::new(files.map(|(path, facts)| (path, facts.map(|facts| &facts.declared))))
}

impl Entry {
    fn read(root: &Path, path: String) -> Self {
        let facts = fs::read(root.join(&path)).ok().map(|bytes| file_facts(&path, &bytes));
        Self { path, facts, detail: OnceLock::new() }
    }
}

impl Detail {
    fn of(path: &str, bytes: &[u8], facts: &FileFacts) -> Self {
        let (text, _) = read(path, bytes);
        let (text, masked) = masked(path, &line_feeds(&text));
        let tree = tree_of(facts.dialect, &text);
        let outline = tree.as_ref().filter(|tree| !tree.has_error()).map(outline_of);
        let names = tree.iter().flat_map(SyntaxTree::nodes).filter(|node| node.kind().ends_with("identifier"));
        let mentions = names.map(|node| node.text().into()).collect();
        Self { text, outline, mentions, masked }
    }
}

/// Every line ended by a line feed alone.
pub(super) fn line_feeds(text: &str) -> String {
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text.to_owned() }
}
