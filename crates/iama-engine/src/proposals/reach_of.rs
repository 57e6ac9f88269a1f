//! How far a change goes: what it touches, and who imports that.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::findings::FileFindings;
use super::record::Reach;
use crate::reach::Imports;
use crate::records::WorkspaceRecord;

/// Which file imports which, as it is written in them.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    /// By the file that is imported.
    importers: BTreeMap<String, BTreeSet<String>>,
    /// By the file that imports.
    imported: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    /// Reads all source files of a workspace.
    pub(crate) fn read(root: &Path, workspace: &WorkspaceRecord) -> Self {
        let mut imports = Imports::new(root, workspace);
        let mut graph = Self::default();
        for path in workspace.files.keys() {
            let found: BTreeSet<String> = imports.direct(path).filter(|found| *found != path).cloned().collect();
            for other in &found {
                graph.importers.entry(other.clone()).or_default().insert(path.clone());
            }
            graph.imported.insert(path.clone(), found);
        }
        graph
    }

    /// The files that import one, by its path.
    pub(crate) fn importers_of(&self, path: &str) -> impl Iterator<Item = &str> {
        self.importers.get(path).into_iter().flatten().map(String::as_str)
    }

    /// How many files one imports.
    pub(crate) fn imports_of(&self, path: &str) -> usize {
        self.imported.get(path).map_or(0, BTreeSet::len)
    }

    /// The files that these import, directly or through others, and these themselves.
    pub(super) fn reached<'a>(&'a self, files: impl IntoIterator<Item = &'a str>) -> BTreeSet<&'a str> {
        follow(&self.imported, files)
    }
}

fn follow<'a>(
    edges: &'a BTreeMap<String, BTreeSet<String>>,
    files: impl IntoIterator<Item = &'a str>,
) -> BTreeSet<&'a str> {
    let mut open: Vec<&str> = files.into_iter().collect();
    let mut reached: BTreeSet<&str> = open.iter().copied().collect();
    while let Some(path) = open.pop() {
        for next in edges.get(path).into_iter().flatten() {
            if reached.insert(next) {
                open.push(next);
            }
        }
    }
    reached
}

/// The reach of what was found.
pub(super) fn of(graph: &Graph, found: &[FileFindings]) -> Reach {
    let changed: BTreeSet<&str> = found.iter().filter(|file| file.changed).map(|file| file.path.as_str()).collect();
    let direct = changed.iter().filter_map(|path| graph.importers.get(*path)).flatten();
    let importers: BTreeSet<&String> = direct.filter(|path| !changed.contains(path.as_str())).collect();
    let through = follow(&graph.importers, changed.iter().copied());
    let touched = || found.iter().filter(|file| file.changed);
    Reach {
        files: changed.len(),
        functions: touched().map(|file| file.functions.len()).sum(),
        old_lines: touched().map(|file| file.old_lines).sum(),
        new_lines: touched().map(|file| file.new_lines).sum(),
        importers: importers.into_iter().cloned().collect(),
        through: through.difference(&changed).count(),
    }
}
