//! Any bytes as files, as patches and as what patches name.

use super::Random;
use crate::diff::diff;
use crate::files::{FileState, Files, sha256};
use crate::patch::{Action, Operation, Patch, SchemaName};
use crate::select::{Selection, select};
use crate::{Content, apply, between, invert, unified, unified_bytes};

/// Takes any bytes through every part of the crate. Never panics.
///
/// # Panics
/// When the patch between two states does not lead from one to the other, or an inverse does not lead back.
pub fn fuzz_one(data: &[u8]) {
    if let Ok(patch) = Patch::from_json(data) {
        _ = apply(&patch, &Files::new());
    }
    let mut parts = data.split(|byte| *byte == b'|');
    let mut part = || parts.next().unwrap_or_default();
    let kind = part().first().copied().unwrap_or(0);
    let path = ["a.py", "b.js", "c.ts", "d.tsx", "E.java", "f", "g.txt"][usize::from(kind % 7)];
    let (old, new) = (part().to_vec(), part().to_vec());
    let texts = [part(), part()].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let file =
        |bytes: &[u8], executable| Files::from([(path.to_owned(), FileState { bytes: bytes.to_vec(), executable })]);
    round_trips(&file(&old, false), &file(&new, kind > 127));
    for action in actions(texts, &new) {
        let before = file(&old, false);
        let operation = Operation { id: String::new(), path: path.to_owned(), action };
        let base = [(path.to_owned(), Some(sha256(&old)))].into();
        let edit = Patch { schema: SchemaName::V1, base, operations: vec![operation] };
        if let Ok(inverse) = invert(&edit, &before) {
            let after = applied(&edit, &before);
            assert!(applied(&inverse, &after) == before, "the inverse does not lead back");
        }
    }
}

/// Takes `cases` inputs through [`fuzz_one`], put together from pieces of source by the numbers that `seed` gives.
///
/// # Panics
/// As [`fuzz_one`] does.
pub fn fuzz_seeded(cases: u64, seed: u64) {
    const PIECES: [&[u8]; 30] = [
        b"|",
        b"|",
        b"|",
        b"def f(x):\n",
        b"    return x\n",
        b"class C:\n",
        b"\t",
        b"\r",
        b"\r\n",
        b"\n",
        b"f",
        b"C.m",
        b"    def m(self):",
        b"import os\n",
        b"from a import b, c\n",
        b"import {a} from 'a';",
        b"# coding: latin-1\n",
        b"\xef\xbb\xbf",
        b"\xe9",
        b"\0",
        "é".as_bytes(),
        b"'''",
        b"`",
        b"{",
        b"}",
        b"function f() {",
        b"@d\n",
        b"x = 1",
        b"print x",
        b";",
    ];
    let mut random = Random::new(seed);
    for _ in 0..cases {
        let kind = [u8::try_from(random.below(256)).unwrap_or(0)];
        let pieces = (0..random.below(40)).map(|_| random.pick(&PIECES));
        let data: Vec<u8> = [&kind[..], b"|"].into_iter().chain(pieces).flatten().copied().collect();
        fuzz_one(&data);
    }
}

fn actions([name, text]: [String; 2], bytes: &[u8]) -> Vec<Action> {
    let (symbol, content) = (name.clone(), text.clone());
    let (s, c) = (|| symbol.clone(), || content.clone());
    vec![
        Action::ExactSearchReplace { search: name, replace: text },
        Action::ReplaceSymbol { symbol: s(), content: c() },
        Action::ReplaceBody { symbol: s(), content: c() },
        Action::InsertBefore { symbol: s(), content: c() },
        Action::InsertAfter { symbol: s(), content: c() },
        Action::DeleteSymbol { symbol: s() },
        Action::RenameInFile { symbol: s(), to: c() },
        Action::AddImport { import: c() },
        Action::RemoveImport { import: c() },
        Action::Create { content: Content(bytes.to_vec()), executable: false },
        Action::Move { to: s() },
        Action::Delete {},
    ]
}

fn round_trips(before: &Files, after: &Files) {
    let diffs = diff(before, after);
    _ = (unified(&diffs), unified_bytes(before, after));
    let hunks = diffs.iter().flat_map(|file| &file.hunks).map(|hunk| hunk.id.clone()).collect();
    let chosen = select(before, after, &Selection { files: Vec::new(), hunks });
    assert!(chosen.as_ref() == Ok(after), "all hunks do not make the new state");
    assert!(applied(&between(before, after), before) == *after, "the patch does not lead to the new state");
}

fn applied(patch: &Patch, before: &Files) -> Files {
    let mut files = before.clone();
    for (path, state) in apply(patch, before).changed.into_iter().flatten() {
        match state {
            Some(state) => _ = files.insert(path, state),
            None => _ = files.remove(&path),
        }
    }
    files
}
