//! What happens to a folder when a patch is written to it, and when that fails.
#![expect(clippy::unwrap_used, reason = "what a test cannot set up or read back has failed")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use iama_patch::disk::{DiskError, apply_to_dir, invert_in_dir, read_files, write_changes};
use iama_patch::{FileState, Files, between};

fn file(text: &str) -> FileState {
    FileState { bytes: text.as_bytes().to_vec(), executable: false }
}

fn changes(all: &[(&str, Option<FileState>)]) -> BTreeMap<String, Option<FileState>> {
    all.iter().map(|(path, state)| ((*path).to_owned(), state.clone())).collect()
}

/// Every name below a folder with its content, folders with nothing.
fn listing(root: &Path) -> BTreeMap<String, Option<String>> {
    let (mut all, mut folders) = (BTreeMap::new(), vec![root.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let place = entry.unwrap().path();
            let name = place.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            all.insert(name, fs::read_to_string(&place).ok());
            if place.is_dir() {
                folders.push(place);
            }
        }
    }
    all
}

#[test]
fn when_the_third_write_fails_the_first_two_are_undone() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("a"), "old a").unwrap();
    fs::write(root.path().join("gone"), "old gone").unwrap();
    fs::write(root.path().join("z"), "no folder").unwrap();
    fs::create_dir(root.path().join("full")).unwrap();
    fs::write(root.path().join("full/other"), "x").unwrap();
    let before = listing(root.path());
    // `gone` goes first, `a` and the new `b/c` are written next, and `full` cannot become a file: it holds another one.
    let all = changes(&[
        ("a", Some(file("new a"))),
        ("b/c", Some(file("new c"))),
        ("full", Some(file("x"))),
        ("full/gone", None),
        ("gone", None),
    ]);
    let error = write_changes(root.path(), &all).unwrap_err();
    assert!(matches!(&error, DiskError::Write { path, .. } if path == "full"), "{error:?}");
    assert_eq!(error.code(), "FILE_NOT_WRITABLE");
    assert_eq!(listing(root.path()), before);
}

#[test]
fn modes_are_kept_and_new_files_are_plain() {
    let root = tempfile::tempdir().unwrap();
    let mode = |path: &str| fs::metadata(root.path().join(path)).unwrap().permissions().mode() & 0o777;
    for (path, mode) in [("private", 0o600), ("tool", 0o744)] {
        fs::write(root.path().join(path), "x").unwrap();
        fs::set_permissions(root.path().join(path), fs::Permissions::from_mode(mode)).unwrap();
    }
    let tool = Some(FileState { bytes: b"y".to_vec(), executable: true });
    write_changes(
        root.path(),
        &changes(&[("private", Some(file("y"))), ("tool", tool.clone()), ("new", Some(file("y"))), ("run", tool)]),
    )
    .unwrap();
    assert_eq!(["private", "tool", "new", "run"].map(mode), [0o600, 0o744, 0o644, 0o755]);
}

#[test]
fn links_are_followed_neither_for_reading_nor_for_writing() {
    let (root, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::write(outside.path().join("secret"), "s").unwrap();
    symlink(outside.path(), root.path().join("folder")).unwrap();
    symlink(outside.path().join("secret"), root.path().join("file")).unwrap();
    symlink("loop", root.path().join("loop")).unwrap();
    for path in ["folder/secret", "folder/new", "file", "loop", "loop/x", "../secret"] {
        assert_eq!(read_files(root.path(), [path]).unwrap_err().code(), "PATH_OUTSIDE_WORKSPACE", "{path}");
        let written = write_changes(root.path(), &changes(&[("fine", Some(file("x"))), (path, Some(file("x")))]));
        assert_eq!(written.unwrap_err().code(), "PATH_OUTSIDE_WORKSPACE", "{path}");
    }
    assert_eq!(listing(outside.path()), BTreeMap::from([("secret".to_owned(), Some("s".to_owned()))]));
    assert!(!root.path().join("fine").exists());
}

#[test]
fn a_patch_is_applied_checked_and_undone_in_a_folder() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("a.py"), "x = 1\n").unwrap();
    let before = read_files(root.path(), ["a.py", "b.py"]).unwrap();
    let after = Files::from([("b.py".to_owned(), file("y = 1\n"))]);
    let patch = between(&before, &after);
    let inverse = invert_in_dir(&patch, root.path()).unwrap().unwrap();
    assert!(apply_to_dir(&patch, root.path(), true).unwrap().changed.is_some());
    assert_eq!(read_files(root.path(), ["a.py", "b.py"]).unwrap(), before);
    assert!(apply_to_dir(&patch, root.path(), false).unwrap().changed.is_some());
    assert_eq!(read_files(root.path(), ["a.py", "b.py"]).unwrap(), after);
    // A second time the base is another one.
    let again = apply_to_dir(&patch, root.path(), false).unwrap();
    assert_eq!(again.refusal().map(iama_patch::OperationOutcome::code), Some("FILE_NOT_FOUND"));
    assert_eq!(invert_in_dir(&patch, root.path()).unwrap().unwrap_err().outcomes, again.outcomes);
    apply_to_dir(&inverse, root.path(), false).unwrap();
    assert_eq!(read_files(root.path(), ["a.py", "b.py"]).unwrap(), before);
}
