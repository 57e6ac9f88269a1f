//! What holds for all files and all patches, tried on generated ones.
#![expect(clippy::panic, reason = "a generated patch that does not apply has failed")]

use std::collections::BTreeSet;

use iama_patch::{Change, FileState, Files, Hunk, LineKind, Selection, apply, between, diff, invert, select};
use proptest::prelude::*;

/// Lines of few kinds, so that texts repeat themselves, with every kind of line end and with bytes that are no text.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        8 => Just("    return x\n"), 4 => Just("\n"), 4 => Just("}\n"), 2 => Just("x = 1\r\n"), 1 => Just("y\r"), 2 => Just("é\n"),
        1 => Just("# coding: latin-1\n"), 3 => Just("def f():\n"), 1 => Just("no end"),
    ];
    let text = prop::collection::vec(line, 0..40).prop_map(|lines| lines.concat().into_bytes());
    prop_oneof![12 => text, 1 => prop::collection::vec(any::<u8>(), 0..20), 1 => Just(b"\xEF\xBB\xBFx = 1\n".to_vec()),
        1 => Just(b"# coding: latin-1\nx = '\xe9'\n".to_vec())]
}

fn files() -> impl Strategy<Value = Files> {
    let path = prop::sample::select(vec!["a.py", "b.ts", "c/d.txt", "c/e f.java"]).prop_map(str::to_owned);
    let state = (bytes(), prop::bool::weighted(0.1)).prop_map(|(bytes, executable)| FileState { bytes, executable });
    prop::collection::btree_map(path, state, 0..4)
}

fn patched(patch: &iama_patch::Patch, before: &Files) -> Files {
    let applied = apply(patch, before);
    let changed = applied.changed.unwrap_or_else(|| panic!("{:?}", applied.outcomes));
    let mut files = before.clone();
    for (path, state) in changed {
        match state {
            Some(state) => _ = files.insert(path, state),
            None => _ = files.remove(&path),
        }
    }
    files
}

/// The old text with the chosen hunks' lines, told by the hunks alone: an unchosen one keeps all that it had.
fn rebuilt(old: &str, hunks: &[Hunk], chosen: &[String]) -> String {
    let lines: Vec<&str> = old.split_inclusive('\n').collect();
    let (mut out, mut at) = (String::new(), 0);
    for hunk in hunks {
        let start = (hunk.old_start - u32::from(hunk.old_lines > 0)) as usize;
        out += &lines[at..start].concat();
        let dropped = if chosen.contains(&hunk.id) { LineKind::Removed } else { LineKind::Added };
        let kept = hunk.lines.iter().filter(|(kind, _)| *kind != dropped);
        out.extend(kept.map(|(_, line)| line.as_str()));
        at = start + hunk.old_lines as usize;
    }
    out + &lines[at..].concat()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn the_patch_between_two_states_leads_from_one_to_the_other(before in files(), after in files()) {
        let patch = between(&before, &after);
        prop_assert_eq!(patched(&patch, &before), after.clone());
        let read = iama_patch::Patch::from_json(&serde_json::to_vec(&patch).unwrap()).unwrap();
        prop_assert_eq!(read, patch);
    }

    #[test]
    fn the_inverse_restores_every_byte(before in files(), after in files()) {
        let patch = between(&before, &after);
        let inverse = invert(&patch, &before).unwrap();
        prop_assert_eq!(patched(&inverse, &after), before.clone());
        let again = invert(&inverse, &after).unwrap();
        prop_assert_eq!(patched(&again, &before), after);
    }

    #[test]
    fn all_hunks_make_the_new_state_and_none_the_old_one(before in files(), after in files()) {
        let hunks: Vec<String> = diff(&before, &after).into_iter().flat_map(|file| file.hunks).map(|hunk| hunk.id).collect();
        let all = Selection { files: vec![], hunks };
        prop_assert_eq!(select(&before, &after, &all).unwrap(), after.clone());
        prop_assert_eq!(select(&before, &after, &Selection::default()).unwrap(), before);
    }

    #[test]
    fn a_subset_changes_its_own_lines_and_no_other(before in files(), after in files(), mask in any::<u64>()) {
        let diffs = diff(&before, &after);
        let ids: Vec<&String> = diffs.iter().flat_map(|file| file.hunks.iter().map(|hunk| &hunk.id)).collect();
        let hunks: Vec<String> = (0..64).zip(&ids).filter(|(bit, _)| mask >> bit & 1 == 1).map(|(_, id)| (*id).clone()).collect();
        let some = select(&before, &after, &Selection { files: vec![], hunks: hunks.clone() }).unwrap();
        let chosen: BTreeSet<&str> = hunks.iter().filter_map(|id| id.rsplit_once('#')).map(|(path, _)| path).collect();
        for path in before.keys().chain(after.keys()) {
            let moved = diffs.iter().any(|file| matches!(&file.change, iama_patch::Change::Moved { from } if from == path));
            if !moved && !chosen.contains(path.as_str()) {
                prop_assert_eq!(some.get(path), before.get(path));
            }
        }
        for file in diffs.iter().filter(|file| file.change == Change::Modified) {
            let old = &before[&file.path].bytes;
            let is_shown = file.hunks.iter().any(|hunk| !hunk.lines.is_empty()) && std::str::from_utf8(old).is_ok();
            if is_shown && std::str::from_utf8(&after[&file.path].bytes).is_ok() {
                let expected = rebuilt(&String::from_utf8_lossy(old), &file.hunks, &hunks);
                prop_assert_eq!(String::from_utf8_lossy(&some[&file.path].bytes), expected);
            }
        }
    }
}
