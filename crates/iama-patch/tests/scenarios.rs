//! Every folder of `scenarios/` is a patch with the files before it, the files after it and what became of each operation.
//!
//! `input/` holds the files, `links.json` names symbolic links to make beside them, `patch.json` is applied to the folder.
//! `outcome.json` holds the outcomes; `expected/` the files afterwards, and is absent when nothing may change.
//! `UPDATE_GOLDEN=1` writes both, to be read before they are committed.
#![expect(clippy::disallowed_methods, reason = "one variable asks for the expected files to be written")]
#![expect(clippy::unwrap_used, reason = "what a test cannot set up or read back has failed")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use iama_patch::disk::{apply_to_dir, read_files, write_changes};
use iama_patch::{FileState, Files, OperationOutcome, Patch, apply, between, diff, invert};

fn scenarios() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut all: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    all.sort();
    all
}

/// Every plain file below a folder, links left out.
fn files_below(root: &Path) -> Files {
    let mut files = Files::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let place = entry.unwrap().path();
            let metadata = fs::symlink_metadata(&place).unwrap();
            if metadata.is_dir() {
                folders.push(place);
            } else if metadata.is_file() {
                let executable = metadata.permissions().mode() & 0o100 != 0;
                let path = place.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                files.insert(path, FileState { bytes: fs::read(&place).unwrap(), executable });
            }
        }
    }
    files
}

fn write_new(root: &Path, files: &Files) {
    let states = files.iter().map(|(path, state)| (path.clone(), Some(state.clone()))).collect();
    write_changes(root, &states).unwrap();
}

fn link(root: &Path, scenario: &Path) {
    let Ok(links) = fs::read(scenario.join("links.json")) else { return };
    let links: BTreeMap<String, String> = serde_json::from_slice(&links).unwrap();
    for (name, target) in links {
        std::os::unix::fs::symlink(target, root.join(name)).unwrap();
    }
}

fn update(scenario: &Path, outcomes: &[OperationOutcome], before: &Files, after: &Files) {
    fs::write(scenario.join("outcome.json"), serde_json::to_string_pretty(outcomes).unwrap() + "\n").unwrap();
    let expected = scenario.join("expected");
    _ = fs::remove_dir_all(&expected);
    if before != after {
        fs::create_dir(&expected).unwrap();
        write_new(&expected, after);
    }
}

fn with(before: &Files, changed: BTreeMap<String, Option<FileState>>) -> Files {
    let mut files = before.clone();
    for (path, state) in changed {
        match state {
            Some(state) => _ = files.insert(path, state),
            None => _ = files.remove(&path),
        }
    }
    files
}

fn check(scenario: &Path) {
    let before = files_below(&scenario.join("input"));
    let patch = Patch::from_json(&fs::read(scenario.join("patch.json")).unwrap()).unwrap();
    let root = tempfile::tempdir().unwrap();
    write_new(root.path(), &before);
    link(root.path(), scenario);

    let dry = apply_to_dir(&patch, root.path(), true).unwrap();
    assert_eq!(files_below(root.path()), before, "a dry run writes nothing");
    let applied = apply_to_dir(&patch, root.path(), false).unwrap();
    assert_eq!(applied, dry);
    let after = files_below(root.path());
    if std::env::var("UPDATE_GOLDEN").is_ok_and(|value| value == "1") {
        update(scenario, &applied.outcomes, &before, &after);
    }

    let outcomes: Vec<OperationOutcome> =
        serde_json::from_slice(&fs::read(scenario.join("outcome.json")).unwrap()).unwrap();
    assert_eq!(applied.outcomes, outcomes);
    let expected = scenario.join("expected");
    let expected = if expected.is_dir() || applied.changed.is_some() && before != after {
        files_below(&expected)
    } else {
        before.clone()
    };
    assert_eq!(after, expected);
    if applied.changed.is_some() {
        check_round_trips(&patch, &before, &after, root.path());
    }
}

/// What holds for every patch that applies.
fn check_round_trips(patch: &Patch, before: &Files, after: &Files, root: &Path) {
    assert_eq!(with(before, apply(patch, before).changed.unwrap()), *after);
    let again = between(before, after);
    assert_eq!(with(before, apply(&again, before).changed.unwrap()), *after);
    assert_eq!(diff(before, after).is_empty(), before == after);
    let inverse = invert(patch, before).unwrap();
    apply_to_dir(&inverse, root, false).unwrap();
    assert_eq!(files_below(root), *before);
    assert_eq!(read_files(root, before.keys().map(String::as_str)).unwrap(), *before);
}

#[test]
fn every_scenario_ends_as_written() {
    let all = scenarios();
    assert!(all.len() >= 80, "{} scenarios", all.len());
    let failed: Vec<&PathBuf> =
        all.iter().filter(|scenario| std::panic::catch_unwind(|| check(scenario)).is_err()).collect();
    assert!(failed.is_empty(), "{failed:#?}");
}
