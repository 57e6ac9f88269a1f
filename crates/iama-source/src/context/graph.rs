//! Which file an import means.

use iama_syntax::Dialect;
use rustc_hash::{FxHashMap, FxHashSet};

use super::facts::FileFacts;
use super::imports::{Declared, Import};

/// The files of a tree by their paths, for the resolution of imports.
#[derive(Debug, Default)]
pub(super) struct Graph {
    files: FxHashMap<Box<str>, usize>,
    /// Folders in which top-level modules of Python lie, besides those around the importing file.
    roots: Vec<Box<str>>,
    /// Classes of Java by their full names.
    classes: FxHashMap<Box<str>, usize>,
}

impl Graph {
    /// Takes files by their paths relative to the root, in the order of their numbers, with what Java declares in them.
    pub(super) fn new<'p>(files: impl Iterator<Item = (&'p str, Option<&'p Declared>)>) -> Self {
        let mut graph = Self::default();
        for (id, (path, declared)) in files.enumerate() {
            graph.files.insert(path.into(), id);
            for name in declared.iter().flat_map(|declared| &declared.types) {
                let package = declared.map_or("", |declared| declared.package.as_str());
                graph.classes.entry(dotted(package, name).into()).or_insert(id);
            }
        }
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

    /// The files of the tree that a file reads: those that it imports and, in Java, those of its package that it names. What
    /// lies outside of the tree is no file.
    pub(super) fn reads(&self, importer: &str, facts: &FileFacts) -> Vec<usize> {
        let imports = facts.imports.iter();
        let mut found: Vec<usize> = match facts.dialect {
            Dialect::Python2 | Dialect::Python2PrintFunction | Dialect::Python3 => {
                imports.flat_map(|import| self.python(importer, import)).collect()
            }
            Dialect::JavaScript | Dialect::TypeScript | Dialect::Tsx => {
                imports.filter_map(|import| self.javascript(importer, &import.module)).collect()
            }
            Dialect::Java => {
                let explicit = imports.filter(|import| import.names.is_empty());
                let explicit = explicit.filter_map(|import| self.class(&import.module));
                explicit.chain(facts.open.iter().filter_map(|(name, _)| self.open_class(facts, name))).collect()
            }
        };
        found.sort_unstable();
        found.dedup();
        found
    }

    /// A class that a file of Java names without saying where it is: one of its package, or of one that it imports whole.
    pub(super) fn open_class(&self, facts: &FileFacts, name: &str) -> Option<usize> {
        let stars = facts.imports.iter().filter(|import| !import.names.is_empty()).map(|import| &import.module);
        let mut packages = std::iter::once(&facts.declared.package).chain(stars);
        packages.find_map(|package| self.classes.get(dotted(package, name).as_str()).copied())
    }

    /// A class, or the class in which something lies.
    fn class(&self, name: &str) -> Option<usize> {
        let mut outer = std::iter::successors(Some(name), |inner| inner.rsplit_once('.').map(|(outer, _)| outer));
        outer.find_map(|name| self.classes.get(name).copied())
    }

    /// A module of JavaScript or TypeScript: beside the file, or below a folder around it or its `src`.
    fn javascript(&self, importer: &str, module: &str) -> Option<usize> {
        if module.starts_with('.') {
            return self.script(&normalised(&joined(folder(importer), module))?);
        }
        let module = module.trim_start_matches(['@', '~', '/']);
        let around = std::iter::successors(Some(folder(importer)), |inner| (!inner.is_empty()).then(|| folder(inner)));
        // A name alone is a package.
        around.filter(|_| module.contains('/')).find_map(|outer| {
            self.script(&joined(outer, module)).or_else(|| self.script(&joined(&joined(outer, "src"), module)))
        })
    }

    fn script(&self, path: &str) -> Option<usize> {
        const ENDS: [&str; 10] = ["", ".ts", ".tsx", ".d.ts", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts"];
        let whole = ENDS.iter().find_map(|end| self.id(&format!("{path}{end}")));
        // TypeScript names the file that will be made of the one that is there.
        let source = || {
            let (stem, made) = path.rsplit_once('.')?;
            let ends: &[&str] = match made {
                "js" => &[".ts", ".tsx"],
                "jsx" => &[".tsx"],
                "mjs" => &[".mts"],
                "cjs" => &[".cts"],
                _ => &[],
            };
            ends.iter().find_map(|end| self.id(&format!("{stem}{end}")))
        };
        let index = || ENDS[1..].iter().find_map(|end| self.id(&joined(path, &format!("index{end}"))));
        whole.or_else(source).or_else(index)
    }

    /// The files of the tree that an import in `importer` reads.
    fn python(&self, importer: &str, import: &Import) -> Vec<usize> {
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

/// A path without `.` and `..`; none for what lies outside of the tree.
fn normalised(path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn dotted(package: &str, name: &str) -> String {
    if package.is_empty() { name.to_owned() } else { format!("{package}.{name}") }
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
        let graph = Graph::new(PATHS.iter().map(|path| (*path, None)));
        graph.python(importer, &import).into_iter().map(|id| PATHS[id]).collect()
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

    #[test]
    fn modules_of_javascript_are_found_by_their_forms() {
        let paths = ["a/b.ts", "a/c/index.tsx", "a/d.js", "e.mts", "src/f/g.ts", "a/h.json", "lodash.js", "a/b.js"]
            .map(|path| (path, None));
        let graph = Graph::new(paths.into_iter());
        let found = |module: &str| graph.javascript("a/x.ts", module).map(|id| paths[id].0);
        let modules = ["./b", "./c", "./d.js", "../e.mjs", "@/f/g", "f/g", "lodash", "../../out", "./none", "."];
        assert_eq!(
            modules.map(found),
            [
                Some("a/b.ts"),
                Some("a/c/index.tsx"),
                Some("a/d.js"),
                Some("e.mts"),
                Some("src/f/g.ts"),
                Some("src/f/g.ts"),
                None,
                None,
                None,
                None
            ]
        );
    }

    #[test]
    fn classes_of_java_are_found_by_package() {
        let texts = [
            ("A.java", "package p; import q.C; import static q.E.of; import r.*; class A { B b; F f; G g; }"),
            ("B.java", "package p; class B {}"),
            ("C.java", "package q; class C {}"),
            ("E.java", "package q; class E {}"),
            ("F.java", "package r; class F {}"),
            ("G.java", "package s; class G {}"),
        ];
        let facts = texts.map(|(path, text)| super::super::facts::file_facts(path, text.as_bytes()));
        let graph = Graph::new(texts.iter().zip(&facts).map(|((path, _), facts)| (*path, Some(&facts.declared))));
        assert_eq!(graph.reads("A.java", &facts[0]), [1, 2, 3, 4]);
    }
}
