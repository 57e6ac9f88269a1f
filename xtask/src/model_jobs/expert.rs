//! A scripted model that knows how the files should end up, and holds back as much of it as a scenario wants.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use iama_model::fake::Seen;
use iama_patch::{FileState, Files, LineKind, diff};

/// What it says before any edit.
pub(crate) const PREFACE: &str = "What the old version allowed does not exist any more.";

/// The largest file that is given whole.
const WHOLE: usize = 30 << 10;

/// The files that a prompt shows whole and allows to be edited, by path.
pub(crate) fn editable(seen: &Seen) -> BTreeMap<String, String> {
    let text = seen.texts();
    let list = text.split_once("# Files that you may edit\n").map_or("", |(_, after)| after);
    let list = list.split_once("\nTheir content").map_or("", |(before, _)| before);
    let allowed: BTreeSet<&str> = list.lines().filter_map(|line| line.strip_prefix("- ")).collect();
    let mut files = BTreeMap::new();
    for part in text.split("\n--- file ").skip(1) {
        let Some((head, rest)) = part.split_once(" ---\n") else { continue };
        let Some((mark, head)) = head.split_once(": ") else { continue };
        let path = head.split(" (").next().unwrap_or(head);
        let Some((content, _)) = rest.split_once(&format!("--- end {mark} ---")) else { continue };
        if allowed.contains(path) && head.contains("whole file; to be changed") {
            files.insert(path.to_owned(), content.to_owned());
        }
    }
    files
}

/// The class that a prompt was made for: only the first may give whole files.
fn is_first_class(seen: &Seen) -> bool {
    !seen.texts().contains("Whole files are refused")
}

/// Edits that make the shown files what they should be, but for those held back; nothing when none differs.
pub(crate) fn mend(seen: &Seen, wanted: &BTreeMap<String, String>, held: &BTreeSet<String>) -> Option<String> {
    let mut answer = String::new();
    for (path, now) in editable(seen) {
        let Some(then) = wanted.get(&path).filter(|then| **then != now && !held.contains(&path)) else { continue };
        if is_first_class(seen) && then.len() < WHOLE && now.len() < WHOLE {
            let _ = write!(answer, "{path}\n<<<<<<<<< FILE\n{then}>>>>>>>>> FILE\n\n");
        } else {
            answer += &blocks(&path, &now, then);
        }
    }
    (!answer.is_empty()).then(|| format!("{PREFACE}\n\n{answer}"))
}

/// An edit that changes a file and mends nothing: `number` tells one such edit from the next.
pub(crate) fn useless(seen: &Seen, number: u32) -> String {
    let Some((path, text)) = editable(seen).into_iter().next() else { return "There is nothing to do.".to_owned() };
    let lines: Vec<&str> = text.lines().collect();
    let unique = |line: &&&str| lines.iter().filter(|other| other.contains(**line)).count() == 1;
    let last = lines.iter().rev().filter(|line| !line.trim().is_empty() && !line.ends_with('\\')).find(unique);
    let last = last.copied().unwrap_or_default();
    format!("{path}\n<<<<<<<<< SEARCH\n{last}\n=========\n{last}\n# looked at, {number}\n>>>>>>>>> REPLACE\n")
}

/// Blocks of search and replace with as many lines as make each place unique.
fn blocks(path: &str, now: &str, then: &str) -> String {
    let one =
        |text: &str| Files::from([(path.to_owned(), FileState { bytes: text.as_bytes().to_vec(), executable: false })]);
    let lines: Vec<&str> = now.split_inclusive('\n').collect();
    let mut answer = format!("{path}\n");
    let mut free = 0;
    for hunk in diff(&one(now), &one(then)).iter().flat_map(|file| &file.hunks) {
        let (mut first, mut last) =
            (hunk.old_start as usize - 1, hunk.old_start as usize - 1 + hunk.old_lines as usize);
        let mut replace: String =
            hunk.lines.iter().filter(|(kind, _)| *kind != LineKind::Removed).map(|(_, text)| text.as_str()).collect();
        while now.matches(&lines[first..last].concat()).count() > 1 && (first > free || last < lines.len()) {
            if first > free {
                first -= 1;
                replace.insert_str(0, lines[first]);
            } else {
                replace.push_str(lines[last]);
                last += 1;
            }
        }
        free = last;
        let search = lines[first..last].concat();
        let _ = write!(answer, "<<<<<<<<< SEARCH\n{search}=========\n{replace}>>>>>>>>> REPLACE\n");
    }
    answer
}
