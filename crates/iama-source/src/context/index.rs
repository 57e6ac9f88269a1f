//! The facts of a tree's files, kept while files change one by one.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use iama_syntax::{Node, SyntaxTree};
use rayon::prelude::*;
use rustc_hash::FxHashSet;

use super::allow::{is_vendored, machine_made, passed_over};
use super::facts::{FileFacts, claims, file_facts, parse, read, tree_of};
use super::graph::Graph;
use super::mask::{Masked, masked};
use super::outline::{Outline, outline_of};
use crate::confidence::{Confidence, Share, confidence};
use crate::walk::{Excluded, MAX_FILE_BYTES, Reason, SourceFile, WalkError, WalkOptions, list};

/// A tree whose files have been read once. Holds facts, and the outlines of files that a pack has asked for, but no texts.
///
/// It believes what it has read until it is told of a change: whoever writes to the tree calls [`Index::refresh`].
#[derive(Debug)]
pub struct Index {
    root: PathBuf,
    /// Sorted by path.
    files: Vec<Entry>,
    graph: Graph,
    excluded: Vec<Excluded>,
}

/// What belongs to a tree.
#[derive(Debug, Clone, Default)]
pub struct OpenOptions {
    /// Patterns of paths, relative to the root, that are left out.
    pub exclude: Vec<String>,
    /// Files that are read whoever made them, because they were named.
    pub keep: Vec<String>,
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
    /// As the outline gives it.
    pub(super) interface: Option<String>,
    /// Every name in the file but those that it only defines.
    pub(super) mentions: FxHashSet<Box<str>>,
    pub(super) masked: Vec<Masked>,
}

impl Index {
    /// Walks a folder and reads the source in it. `.gitignore`, `.iamaignore` and the allowlist are obeyed, and what they leave
    /// out is listed.
    pub fn open(root: &Path, options: &OpenOptions) -> Result<Self, WalkError> {
        let walk_options = WalkOptions { exclude: options.exclude.clone() };
        let (workspace, folders) = list(root, &walk_options, claims)?;
        let mut excluded = passed_over(&workspace, folders);
        excluded.extend(workspace.excluded);
        let keep: FxHashSet<&str> = options.keep.iter().map(String::as_str).collect();
        let read = |file: &SourceFile| Entry::allowed(root, file, keep.contains(file.path.as_str()));
        let read: Vec<Result<Entry, Excluded>> = workspace.files.par_iter().map(read).collect();
        let mut files = Vec::with_capacity(read.len());
        for one in read {
            match one {
                Ok(entry) => files.push(entry),
                Err(one) => excluded.push(one),
            }
        }
        excluded.sort();
        let graph = graph_of(&files);
        Ok(Self { root: root.to_owned(), files, graph, excluded })
    }

    /// Reads files of a folder by their paths relative to it, with `/` between folders. Whoever names them has chosen them:
    /// no allowlist is asked.
    pub fn of(root: &Path, mut paths: Vec<String>) -> Self {
        paths.sort();
        paths.dedup();
        let files: Vec<Entry> = paths.into_par_iter().map(|path| Entry::read(root, path)).collect();
        let graph = graph_of(&files);
        Self { root: root.to_owned(), files, graph, excluded: Vec::new() }
    }

    /// Reads again what has changed. A file that is gone is dropped, one that is new is added.
    pub fn refresh<'p>(&mut self, paths: impl IntoIterator<Item = &'p str>) {
        let declared = |entry: &Entry| entry.facts.as_ref().map(|facts| facts.declared.clone());
        let mut moved = false;
        for path in paths {
            let found = self.files.binary_search_by(|entry| entry.path.as_str().cmp(path));
            match (found, self.root.join(path).is_file()) {
                (Ok(at), true) => {
                    let entry = self.files[at].read_again(&self.root);
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

    /// The same, with what a walk of the caller's own has left out.
    #[must_use]
    pub fn leaving_out(self, excluded: Vec<Excluded>) -> Self {
        Self { excluded, ..self }
    }

    /// How far the tree is understood.
    pub fn confidence(&self) -> Confidence {
        let (mut statements, mut names) = (Share::default(), Share::default());
        let mut whole = Share::default();
        self.excluded.iter().filter(|one| one.reason.is_loss()).for_each(|_| whole.count(false));
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

    /// What was left out and why, sorted by path. A path that ends with `/` is a folder and stands for all that is in it.
    pub fn excluded(&self) -> &[Excluded] {
        &self.excluded
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
    fn allowed(root: &Path, file: &SourceFile, is_named: bool) -> Result<Self, Excluded> {
        let refused = |reason| Err(Excluded { path: file.path.clone(), reason });
        if file.bytes > MAX_FILE_BYTES {
            return refused(Reason::TooLarge);
        }
        if !is_named && is_vendored(&file.path) {
            return refused(Reason::Vendored);
        }
        let Ok(bytes) = fs::read(root.join(&file.path)) else { return refused(Reason::Unreadable) };
        match machine_made(&file.path, &bytes).filter(|reason| !is_named || reason.is_loss()) {
            Some(reason) => refused(reason),
            None => Ok(Self::of(file.path.clone(), Some(&bytes))),
        }
    }

    fn read(root: &Path, path: String) -> Self {
        let bytes = fs::read(root.join(&path)).ok();
        Self::of(path, bytes.as_deref())
    }

    /// After a change. What a pack has asked for once, it will ask for again: then the file is parsed once for both.
    fn read_again(&self, root: &Path) -> Self {
        let (path, bytes) = (self.path.clone(), fs::read(root.join(&self.path)).ok());
        let (Some(bytes), Some(_)) = (&bytes, self.detail.get()) else { return Self::of(path, bytes.as_deref()) };
        let (text, is_exact) = read(&path, bytes);
        let Some((tree, statements)) = parse(&path, &text) else { return Self::of(path, Some(bytes)) };
        let facts = FileFacts::of(&path, bytes, (&text, is_exact), &tree, statements);
        let detail = OnceLock::new();
        if facts.secrets == 0 && !text.contains('\r') {
            let _ = detail.set(Some(Arc::new(Detail::new(text.into_owned(), Some(&tree), Vec::new()))));
        }
        Self { path, facts: Some(facts), detail }
    }

    fn of(path: String, bytes: Option<&[u8]>) -> Self {
        let facts = bytes.map(|bytes| file_facts(&path, bytes));
        Self { path, facts, detail: OnceLock::new() }
    }
}

impl Detail {
    fn of(path: &str, bytes: &[u8], facts: &FileFacts) -> Self {
        let (text, _) = read(path, bytes);
        let (text, masked) = masked(path, &line_feeds(&text));
        let tree = tree_of(facts.dialect, &text);
        Self::new(text, tree.as_ref(), masked)
    }

    fn new(text: String, tree: Option<&SyntaxTree>, masked: Vec<Masked>) -> Self {
        let outline = tree.filter(|tree| !tree.has_error()).map(outline_of);
        let names = tree.into_iter().flat_map(SyntaxTree::nodes).filter(|node| node.kind().ends_with("identifier"));
        let mentions = names.filter(|node| !names_a_definition(*node)).map(|node| node.text().into()).collect();
        let interface = outline.as_ref().map(Outline::interface);
        Self { text, outline, interface, mentions, masked }
    }
}

fn names_a_definition(node: Node<'_>) -> bool {
    let defines = |parent: Node<'_>| parent.kind().ends_with("_definition") || parent.kind().ends_with("_declaration");
    node.field_name() == "name" && node.parent().is_some_and(defines)
}

/// Every line ended by a line feed alone.
pub(super) fn line_feeds(text: &str) -> String {
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text.to_owned() }
}
