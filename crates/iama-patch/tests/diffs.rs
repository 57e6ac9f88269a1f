//! Unified diffs are taken by the real `git apply` and `patch`; chosen hunks name what they need.
#![expect(clippy::disallowed_methods, reason = "these tests are about what other programs make of a diff")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "what a test cannot set up or read back has failed")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use iama_patch::disk::{read_files, write_changes};
use iama_patch::{FileState, Files, Need, SelectError, Selection, diff, select, unified, unified_bytes};

fn files(all: &[(&str, &[u8])]) -> Files {
    all.iter()
        .map(|(path, bytes)| {
            ((*path).to_owned(), FileState { bytes: bytes.to_vec(), executable: path.ends_with(".sh") })
        })
        .collect()
}

fn numbered_lines() -> String {
    let lines: Vec<String> = (1..60).map(|line| format!("line {line}\n")).collect();
    lines.concat()
}

/// Runs a program in a folder with the text as its input; gives what it says when it fails.
fn run(folder: &Path, program: &str, arguments: &[&str], input: &[u8]) -> Result<(), String> {
    fs::write(folder.join(".diff"), input).unwrap();
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).stdin(Stdio::from(fs::File::open(folder.join(".diff")).unwrap()));
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    if output.status.success() { Ok(()) } else { Err(said) }
}

#[track_caller]
fn check_with(program: &str, arguments: &[&str], before: &Files, after: &Files, text: &[u8]) {
    let root = tempfile::tempdir().unwrap();
    write_changes(root.path(), &before.iter().map(|(path, state)| (path.clone(), Some(state.clone()))).collect())
        .unwrap();
    if let Err(said) = run(root.path(), program, arguments, text) {
        panic!("{program}: {said}\n{}", String::from_utf8_lossy(text));
    }
    let paths: Vec<&str> = before.keys().chain(after.keys()).map(String::as_str).collect();
    assert_eq!(read_files(root.path(), paths).unwrap(), *after, "{program}\n{}", String::from_utf8_lossy(text));
}

#[track_caller]
fn check(before: &[(&str, &[u8])], after: &[(&str, &[u8])]) {
    let (before, after) = (files(before), files(after));
    let bytes = unified_bytes(&before, &after);
    check_with("git", &["apply", "--unsafe-paths", "--whitespace=nowarn"], &before, &after, &bytes);
    check_with("patch", &["-p1", "--binary", "--no-backup-if-mismatch"], &before, &after, &bytes);
    if let Ok(text) = String::from_utf8(bytes) {
        assert_eq!(unified(&diff(&before, &after)), text);
    }
}

#[test]
fn several_hunks_are_taken() {
    let before = numbered_lines();
    let after = before.replace("line 5\n", "").replace("line 30\n", "line 30\nmore\n").replace("line 58\n", "other\n");
    check(&[("a.py", before.as_bytes())], &[("a.py", after.as_bytes())]);
}

#[test]
fn a_missing_final_newline_is_taken() {
    check(&[("a", b"x\ny")], &[("a", b"x\nz")]);
    check(&[("a", b"x\ny")], &[("a", b"x\ny\n")]);
    check(&[("a", b"x\ny\n")], &[("a", b"w\nx\ny")]);
    check(&[("a", b"x")], &[("a", b"y\n")]);
}

#[test]
fn line_ends_marks_and_encodings_are_taken_byte_for_byte() {
    check(&[("a.py", b"x\r\ny\r\n")], &[("a.py", b"x\r\nz\r\n")]);
    check(&[("a.py", b"x\ry\rz")], &[("a.py", b"x\rw\rz")]);
    check(&[("a.py", b"\xEF\xBB\xBFx\n")], &[("a.py", b"\xEF\xBB\xBFy\n")]);
    check(&[("a.py", b"# coding: latin-1\nx = '\xe9'\n")], &[("a.py", b"# coding: latin-1\nx = '\xe8'\n")]);
    check(&[("a.py", b"# coding: latin-1\nx = '\xe9'\n")], &[("a.py", "# coding: utf-8\nx = 'é'\n".as_bytes())]);
}

#[test]
fn new_deleted_moved_and_emptied_files_are_taken() {
    check(&[("old.py", b"x\n")], &[("new/deep.py", b"y\n")]);
    check(&[("a.py", b"x\n"), ("keep", b"k\n")], &[("b/c.py", b"x\n"), ("keep", b"k\n")]);
    check(&[("a.py", b"x\n")], &[("a.py", b"")]);
    check(&[("a.py", b"")], &[("a.py", b"x\n")]);
    check(&[("keep", b"k\n")], &[("keep", b"k\n"), ("run.sh", b"#!/bin/sh\n")]);
}

#[test]
fn names_with_blanks_and_quotes_are_taken() {
    check(&[("a b.py", b"x\n")], &[("a b.py", b"y\n")]);
    check(&[("a b/c d.py", b"x\n")], &[("e f/c d.py", b"x\n")]);
    check(&[("a\"b.py", b"x\n")], &[("a\"b.py", b"y\n")]);
    check(&[("ö.py", b"x\n")], &[("ö.py", b"y\n"), ("é ä.py", b"z\n")]);
}

#[test]
fn empty_files_come_and_go_with_git() {
    let (none, empty) = (files(&[("k", b"k\n")]), files(&[("k", b"k\n"), ("e.py", b"")]));
    for (before, after) in [(&none, &empty), (&empty, &none)] {
        check_with("git", &["apply"], before, after, unified(&diff(before, after)).as_bytes());
    }
}

#[test]
fn a_subset_of_hunks_is_taken_as_its_own_diff() {
    let before = numbered_lines();
    let after = before.replace("line 5\n", "").replace("line 30\n", "more\n").replace("line 58\n", "other\n");
    let (before, after) = (files(&[("a", before.as_bytes())]), files(&[("a", after.as_bytes())]));
    let ids: Vec<_> = diff(&before, &after)[0].hunks.iter().map(|hunk| (hunk.id.clone(), hunk.header())).collect();
    let expected = [("a#1", "@@ -2,7 +2,6 @@"), ("a#2", "@@ -27,7 +26,7 @@"), ("a#3", "@@ -55,5 +54,5 @@")];
    assert_eq!(ids, expected.map(|(id, header)| (id.to_owned(), header.to_owned())));
    let some = select(&before, &after, &Selection { files: vec![], hunks: vec!["a#2".into()] }).unwrap();
    let text = String::from_utf8(before["a"].bytes.clone()).unwrap().replace("line 30\n", "more\n");
    assert_eq!(String::from_utf8(some["a"].bytes.clone()).unwrap(), text);
    check_with("git", &["apply"], &before, &some, &unified_bytes(&before, &some));
    check_with("git", &["apply"], &some, &after, &unified_bytes(&some, &after));
}

#[test]
fn a_chosen_file_names_the_deletions_that_make_room_for_it() {
    let (before, after) = (files(&[("a", b"x\n")]), files(&[("a/b", b"y\n")]));
    let hunks = |ids: &[&str]| Selection { files: vec![], hunks: ids.iter().map(|id| (*id).to_owned()).collect() };
    let needs = vec![Need { chosen: "a/b#1".into(), needs: vec!["a#1".into()] }];
    assert_eq!(select(&before, &after, &hunks(&["a/b#1"])), Err(SelectError::NeedsOthers { needs }));
    assert_eq!(select(&before, &after, &hunks(&["a#1"])), Ok(Files::new()));
    assert_eq!(select(&before, &after, &hunks(&["a#1", "a/b#1"])), Ok(after.clone()));
    let unknown = SelectError::UnknownChanges { ids: vec!["a#2".into(), "c#1".into()] };
    assert_eq!(select(&before, &after, &hunks(&["a#2", "c#1"])), Err(unknown));
}

#[test]
fn a_change_without_lines_can_be_chosen() {
    let mut before = files(&[("a.bin", b"\0\x01"), ("m.txt", b"x\n")]);
    let after = files(&[("a.bin", b"\0\x02"), ("m.txt", b"x\n"), ("e", b"")]);
    before.get_mut("m.txt").unwrap().executable = true;
    let ids: Vec<_> =
        diff(&before, &after).into_iter().flat_map(|file| file.hunks).map(|hunk| (hunk.id, hunk.lines.len())).collect();
    assert_eq!(ids, ["a.bin#1", "e#1", "m.txt#1"].map(|id| (id.to_owned(), 0)));
    let some = select(&before, &after, &Selection { files: vec!["m.txt".into()], hunks: vec!["e#1".into()] }).unwrap();
    assert_eq!((&some["a.bin"], &some["e"], &some["m.txt"]), (&before["a.bin"], &after["e"], &after["m.txt"]));
}
