//! Indexes of source that are kept from call to call: only what has changed since is read again.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use iama_source::context::Index;

/// The indexes of one job, by the folder that they are of.
#[derive(Default)]
pub(crate) struct Shelf {
    kept: BTreeMap<PathBuf, Kept>,
}

struct Kept {
    index: Index,
    seen: BTreeMap<String, Stamp>,
}

/// What tells that a file is another than before. Files are put in place of others by name, so the number of the file is part of it.
#[derive(PartialEq, Eq, Clone, Copy)]
struct Stamp {
    number: u64,
    bytes: u64,
    modified: Option<SystemTime>,
}

impl Shelf {
    /// The index of these files of a folder, as they are now.
    pub(crate) fn index(&mut self, root: &Path, paths: impl IntoIterator<Item = String>) -> &Index {
        // What is written while the files are read counts as changed the next time.
        let now: BTreeMap<String, Stamp> =
            paths.into_iter().filter_map(|path| Some((path.clone(), stamp(&root.join(&path))?))).collect();
        let kept = self
            .kept
            .entry(root.to_owned())
            .or_insert_with(|| Kept { index: Index::of(root, now.keys().cloned().collect()), seen: now.clone() });
        let Kept { index, seen } = kept;
        if seen.keys().any(|path| !now.contains_key(path) && root.join(path).is_file()) {
            // A file that is still there is not wanted any more.
            *index = Index::of(root, now.keys().cloned().collect());
        } else {
            let gone = seen.keys().filter(|path| !now.contains_key(*path));
            let other = now.iter().filter(|(path, stamp)| seen.get(*path) != Some(stamp)).map(|(path, _)| path);
            index.refresh(gone.chain(other).map(String::as_str));
        }
        *seen = now;
        index
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let found = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    Some(Stamp { number: number(&found), bytes: found.len(), modified: found.modified().ok() })
}

#[cfg(unix)]
fn number(found: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(found)
}

#[cfg(not(unix))]
fn number(_: &fs::Metadata) -> u64 {
    0
}

#[cfg(test)]
mod tests {
    use iama_source::context::Wanted;

    use super::*;

    fn shown(shelf: &mut Shelf, root: &Path, paths: &[&str], target: &str) -> String {
        let index = shelf.index(root, paths.iter().map(|path| (*path).to_owned()));
        let mut wanted = Wanted::new(vec![target.to_owned()], 100_000);
        wanted.reach = 1;
        let pack = index.pack(&wanted).unwrap();
        pack.interfaces_text() + &pack.targets_text()
    }

    #[test]
    fn a_kept_index_shows_files_as_they_are_now() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let put = |path: &str, text: &str| crate::folder::write_whole(&root.join(path), text.as_bytes()).unwrap();
        put("a.py", "import b\nb.one()\n");
        put("b.py", "def one():\n    return 1\n");
        let (mut shelf, both) = (Shelf::default(), ["a.py", "b.py"]);
        assert!(shown(&mut shelf, root, &both, "a.py").contains("def one()"));
        put("b.py", "def two():\n    return 1\n");
        put("a.py", "import b\nb.two()\n");
        let now = shown(&mut shelf, root, &both, "a.py");
        assert!(now.contains("def two()") && now.contains("b.two()") && !now.contains("one"), "{now}");
        put("c.py", "def three():\n    return 3\n");
        put("a.py", "import b, c\nc.three()\n");
        assert!(shown(&mut shelf, root, &["a.py", "b.py", "c.py"], "a.py").contains("def three()"));
        // One that is not asked for is not shown, whether it is gone or not.
        assert!(!shown(&mut shelf, root, &both, "a.py").contains("def three()"));
        fs::remove_file(root.join("b.py")).unwrap();
        assert!(!shown(&mut shelf, root, &both, "a.py").contains("def two()"));
        let fresh = shown(&mut Shelf::default(), root, &both, "a.py");
        assert_eq!(shown(&mut shelf, root, &both, "a.py"), fresh);
    }
}
