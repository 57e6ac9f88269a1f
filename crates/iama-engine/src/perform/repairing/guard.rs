//! What an edit of a model may not do, whatever the code told it: leave the job's files, touch what judges it, or reach further
//! than the code reached before.

use std::collections::{BTreeMap, BTreeSet};

use iama_baseline::python::discover;
use iama_baseline::python::hazards::{Hazard, hazards};
use iama_patch::{FileState, Files};
use iama_source::secrets;
use iama_syntax::{Dialect, SyntaxTree};

/// Files that steer how tests are found and run, by name.
const STEERING: &[&str] = &["conftest.py", "sitecustomize.py", "usercustomize.py", "noxfile.py", "setup.py"];

/// What the guard goes by.
pub(crate) struct Scope<'a> {
    /// Source files of the project that may be edited.
    pub(crate) files: &'a BTreeSet<String>,
    /// Sealed tests.
    pub(crate) sealed: &'a BTreeSet<String>,
    /// Whether a path belongs to the language pair.
    pub(crate) claims: fn(path: &str, first_line: &str) -> bool,
    /// Whether something stands at a path of the project already.
    pub(crate) exists: &'a dyn Fn(&str) -> bool,
    /// Names that modules of the interpreter or of its environment have.
    pub(crate) taken: &'a BTreeSet<String>,
}

/// Why an edit is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Breach {
    /// Stable name.
    pub(crate) code: &'static str,
    /// What the model is told.
    pub(crate) told: String,
}

fn breach(code: &'static str, told: String) -> Breach {
    Breach { code, told }
}

/// The first thing that is wrong with a change; `before` holds the files that it names as they stood.
pub(crate) fn check(
    scope: &Scope<'_>,
    before: &Files,
    changed: &BTreeMap<String, Option<FileState>>,
) -> Result<(), Breach> {
    for (path, after) in changed {
        place(scope, path)?;
        let Some(after) = after else {
            return Err(breach("DELETES_FILE", format!("{path} would be deleted; edit it or leave it")));
        };
        let before = before.get(path);
        if before.is_none() {
            new_file(scope, path, after)?;
        }
        reach(path, before, after)?;
        leak(path, before, after)?;
    }
    Ok(())
}

fn place(scope: &Scope<'_>, path: &str) -> Result<(), Breach> {
    let name = path.rsplit('/').next().unwrap_or(path);
    if scope.sealed.contains(path) {
        return Err(breach("SEALED_TEST", format!("{path} is a sealed test and cannot be edited")));
    }
    if STEERING.contains(&name) || path.split('/').any(|part| part.starts_with('.')) {
        return Err(breach(
            "OUT_OF_SCOPE",
            format!("{path} steers how the project is built or tested and cannot be edited"),
        ));
    }
    if scope.files.contains(path) || !(scope.exists)(path) {
        return Ok(());
    }
    Err(breach("OUT_OF_SCOPE", format!("{path} is not among the files that you may edit")))
}

/// A new file must be source of the pair, beside other source, no test, and no stand-in for a module that is there already.
fn new_file(scope: &Scope<'_>, path: &str, after: &FileState) -> Result<(), Breach> {
    let text = String::from_utf8_lossy(&after.bytes);
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let is_beside = scope.files.iter().any(|known| known.rsplit_once('/').map_or("", |(folder, _)| folder) == folder);
    let module = name.split('.').next().unwrap_or(name);
    if !(scope.claims)(path, text.lines().next().unwrap_or_default()) || !is_beside {
        return Err(breach(
            "OUT_OF_SCOPE",
            format!("{path}: a new file must be source, in a folder that holds source"),
        ));
    }
    if discover::is_test_file(path, &text) || scope.taken.contains(module) {
        return Err(breach(
            "OUT_OF_SCOPE",
            format!("{path}: a new file may be neither a test nor named like a known module"),
        ));
    }
    Ok(())
}

/// Code may not come to reach what the file did not reach before.
fn reach(path: &str, before: Option<&FileState>, after: &FileState) -> Result<(), Breach> {
    let of = |state: &FileState| -> Option<BTreeSet<Hazard>> {
        let text = String::from_utf8_lossy(&state.bytes).into_owned();
        let three = SyntaxTree::parse(Dialect::Python3, text.as_str()).ok()?;
        let mut found = hazards(&three);
        if three.has_error() {
            found.extend(hazards(&SyntaxTree::parse(Dialect::python2_of(&text), text.as_str()).ok()?));
        }
        Some(found)
    };
    let known = before.and_then(of).unwrap_or_default();
    let Some(now) = of(after) else {
        return Err(breach("UNREADABLE", format!("{path} cannot be read as source any more")));
    };
    let more: Vec<&str> = now.difference(&known).map(|hazard| hazard.words()).collect();
    if more.is_empty() {
        return Ok(());
    }
    Err(breach("NEW_REACH", format!("{path} would come to use {}, which it did not before", more.join(" and "))))
}

/// No secret may come into a file.
fn leak(path: &str, before: Option<&FileState>, after: &FileState) -> Result<(), Breach> {
    let count = |bytes: &[u8]| secrets::scan(path, bytes).len();
    let known = before.map_or(0, |state| count(&state.bytes));
    if count(&after.bytes) <= known {
        return Ok(());
    }
    Err(breach("NEW_SECRET", format!("{path} would come to hold something that looks like a key or a password")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(path: &str, before: Option<&str>, after: Option<&str>) -> Option<&'static str> {
        let state = |text: &str| FileState { bytes: text.as_bytes().to_vec(), executable: false };
        let files = BTreeSet::from(["pkg/a.py".to_owned(), "pkg/__init__.py".to_owned()]);
        let sealed = BTreeSet::from(["tests/test_a.py".to_owned()]);
        let taken = BTreeSet::from(["pytest".to_owned()]);
        let scope = Scope {
            files: &files,
            sealed: &sealed,
            claims: |path, _| path.ends_with(".py"),
            exists: &|path| path == "README.md" || path == "vendor/b.py",
            taken: &taken,
        };
        let before: Files = before.into_iter().map(|text| (path.to_owned(), state(text))).collect();
        let changed = BTreeMap::from([(path.to_owned(), after.map(state))]);
        check(&scope, &before, &changed).err().map(|breach| breach.code)
    }

    #[test]
    fn an_edit_stays_within_the_source_and_what_it_reached() {
        assert_eq!(refused("pkg/a.py", Some("print 1\n"), Some("print(1)\n")), None);
        assert_eq!(refused("pkg/_compat.py", None, Some("text_type = str\n")), None);
        let import = "import subprocess\n";
        assert_eq!(refused("pkg/a.py", Some(import), Some("import subprocess\nsubprocess.run(x)\n")), None);
        assert_eq!(refused("pkg/a.py", Some("x = 1\n"), Some(import)), Some("NEW_REACH"));
        assert_eq!(refused("pkg/a.py", Some("x = 1\n"), None), Some("DELETES_FILE"));
        assert_eq!(refused("tests/test_a.py", Some("x"), Some("y")), Some("SEALED_TEST"));
        for path in [
            "README.md",
            "vendor/b.py",
            "pkg/conftest.py",
            "setup.py",
            ".github/a.py",
            "new.txt",
            "other/new.py",
            "pkg/test_more.py",
            "pkg/pytest.py",
        ] {
            assert_eq!(refused(path, None, Some("def test_x():\n    assert 1\n")), Some("OUT_OF_SCOPE"), "{path}");
        }
    }

    #[test]
    fn a_key_may_not_come_into_a_file() {
        let key = format!("KEY = 'AKIA{}'\n", "Q3EGRJ5VXK2DT7MZ");
        assert_eq!(refused("pkg/a.py", Some("x = 1\n"), Some(&key)), Some("NEW_SECRET"));
        assert_eq!(refused("pkg/a.py", Some(&key), Some(&format!("{key}y = 2\n"))), None);
    }
}
