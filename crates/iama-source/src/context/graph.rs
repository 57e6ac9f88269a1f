//! Which file an import means.

use rustc_hash::{FxHashMap, FxHashSet};

use super::imports::Import;

/// The files of a tree by their paths, for the resolution of imports.
#[derive(Debug, Default)]
pub(super) struct Graph {
    files: FxHashMap<Box<str>, usize>,
    /// Folders in which top-level modules of Python lie, besides those around the importing file.
    roots: Vec<Box<str>>,
}

impl Graph {
    /// Takes paths relative to the root, in the order of their numbers.
    pub(super) fn new<'p>(paths: impl Iterator<Item = &'p str>) -> Self {
        let files: FxHashMap<Box<str>, usize> = paths.enumerate().map(|(id, path)| (path.into(), id)).collect();
        let mut graph = Self { files, roots: Vec::new() };
        let packages = graph.files.keys().filter_map(|path| path.strip_suffix("/__init__.py"));
        let tops: FxHashSet<&str> = packages.map(folder).filter(|outer| !graph.is_package(outer)).collect();
        let mut roots: Vec<Box<str>> = tops.into_iter().map(Into::into).collect();
        roots.sort();
        graph.roots = roots;
        graph
    }

    /// The number of a path.
    pub(super) fn id(&self, path: &str) -> Option<usize> {
        self.files.get(path).copied()
    }

    fn is_package(&self, folder: &str) -> bool {
        !folder.is_empty() && self.files.contains_key(format!("{folder}/__init__.py").as_str())
    }

    /// The files of the tree that an import in `importer` reads. None for what lies outside of the tree.
    pub(super) fn python(&self, importer: &str, import: &Import) -> Vec<usize> {
        let path = import.module.replace('.', "/");
        let bases = if import.level > 0 { relative(importer, import.level) } else { self.bases(importer) };
        for base in bases {
            let found = self.below(&joined(&base, &path), &import.names);
            if !found.is_empty() {
                return found;
            }
        }
        Vec::new()
    }

    /// Where modules are searched for: folders around that are no packages, nearest first; other roots; and, as Python 2
    /// does, the folder of the file.
    fn bases(&self, importer: &str) -> Vec<String> {
        let around = std::iter::successors(Some(folder(importer)), |inner| (!inner.is_empty()).then(|| folder(inner)));
        let mut bases: Vec<String> = around.filter(|outer| !self.is_package(outer)).map(ToOwned::to_owned).collect();
        bases.extend(self.roots.iter().map(ToString::to_string));
        bases.push(folder(importer).to_owned());
        bases
    }

    /// A module at a path, or the modules in a package that are imported by name.
    fn below(&self, path: &str, names: &[String]) -> Vec<usize> {
        let mut found: Vec<usize> = names.iter().filter_map(|name| self.module(&joined(path, name))).collect();
        if found.len() < names.len() || names.is_empty() {
            found.extend(self.module(path));
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    fn module(&self, path: &str) -> Option<usize> {
        let forms = [format!("{path}.py"), format!("{path}/__init__.py"), format!("{path}.pyi")];
        forms.iter().find_map(|form| self.id(form))
    }
}

/// The folder that so many dots mean.
fn relative(importer: &str, level: usize) -> Vec<String> {
    let mut base = importer;
    for _ in 0..level {
        if base.is_empty() {
            return Vec::new();
        }
        base = folder(base);
    }
    vec![base.to_owned()]
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn joined(folder: &str, name: &str) -> String {
    match (folder.is_empty(), name.is_empty()) {
        (true, _) => name.to_owned(),
        (false, true) => folder.to_owned(),
        (false, false) => format!("{folder}/{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATHS: &[&str] = &[
        "app.py",
        "src/pkg/__init__.py",
        "src/pkg/a.py",
        "src/pkg/sub/__init__.py",
        "src/pkg/sub/b.py",
        "tests/test_a.py",
        "tools/helper.py",
        "tools/run.py",
    ];

    fn found(importer: &str, level: usize, module: &str, names: &[&str]) -> Vec<&'static str> {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let import = Import { module: module.to_owned(), level, names };
        Graph::new(PATHS.iter().copied()).python(importer, &import).into_iter().map(|id| PATHS[id]).collect()
    }

    #[test]
    fn modules_are_found_where_python_looks_for_them() {
        assert_eq!(found("tests/test_a.py", 0, "pkg.sub.b", &[]), ["src/pkg/sub/b.py"]);
        assert_eq!(found("tests/test_a.py", 0, "pkg", &["a", "VERSION"]), ["src/pkg/__init__.py", "src/pkg/a.py"]);
        assert_eq!(found("tools/run.py", 0, "helper", &[]), ["tools/helper.py"]);
        assert_eq!(found("src/pkg/a.py", 1, "sub.b", &["f"]), ["src/pkg/sub/b.py"]);
        assert_eq!(found("src/pkg/sub/b.py", 2, "", &["a"]), ["src/pkg/a.py"]);
        assert_eq!(found("src/pkg/a.py", 0, "sub.b", &[]), ["src/pkg/sub/b.py"]);
        assert_eq!(found("app.py", 0, "os.path", &[]), [""; 0]);
        assert_eq!(found("app.py", 9, "x", &[]), [""; 0]);
    }
}
