//! Unified diffs as `git apply` and `patch -p1` take them.

use std::fmt::Write as _;

use crate::diff::{Change, FileDiff, Hunk, LineKind, byte_lines, bytes_of, diff};
use crate::files::Files;

/// The diffs as text. A file that is not UTF-8 is shown as its encoding reads it; to apply such a diff take
/// [`unified_bytes`].
pub fn unified(diffs: &[FileDiff]) -> String {
    let mut out = String::new();
    for file in diffs {
        out.push_str(&header(file));
        for hunk in file.hunks.iter().filter(|hunk| !hunk.lines.is_empty()) {
            _ = writeln!(out, "{}", hunk.header());
            for (kind, line) in &hunk.lines {
                out.push(kind.sign());
                out.push_str(line);
                if !line.ends_with('\n') {
                    out.push_str(NO_NEWLINE);
                }
            }
        }
    }
    out
}

/// The difference between two states with every line in the bytes of its file.
pub fn unified_bytes(before: &Files, after: &Files) -> Vec<u8> {
    let mut out = Vec::new();
    for file in diff(before, after) {
        out.extend_from_slice(header(&file).as_bytes());
        let (old, new) = (byte_lines(bytes_of(before.get(&file.path))), byte_lines(bytes_of(after.get(&file.path))));
        for hunk in file.hunks.iter().filter(|hunk| !hunk.lines.is_empty()) {
            out.extend_from_slice(hunk.header().as_bytes());
            out.push(b'\n');
            push_lines(&mut out, hunk, &old, &new);
        }
    }
    out
}

const NO_NEWLINE: &str = "\n\\ No newline at end of file\n";

fn push_lines(out: &mut Vec<u8>, hunk: &Hunk, old: &[&[u8]], new: &[&[u8]]) {
    let start = |start: u32, lines: u32| (start - u32::from(lines > 0)) as usize;
    let (mut old_at, mut new_at) = (start(hunk.old_start, hunk.old_lines), start(hunk.new_start, hunk.new_lines));
    for (kind, _) in &hunk.lines {
        let line = if *kind == LineKind::Added { new[new_at] } else { old[old_at] };
        old_at += usize::from(*kind != LineKind::Added);
        new_at += usize::from(*kind != LineKind::Removed);
        out.extend_from_slice(kind.sign().encode_utf8(&mut [0; 4]).as_bytes());
        out.extend_from_slice(line);
        if !line.ends_with(b"\n") {
            out.extend_from_slice(NO_NEWLINE.as_bytes());
        }
    }
}

fn header(file: &FileDiff) -> String {
    let from = match &file.change {
        Change::Moved { from } => from,
        _ => &file.path,
    };
    let mut out = format!("diff --git {} {}\n", spaced("a/", from), spaced("b/", &file.path));
    out.push_str(&mode_lines(file));
    if let Change::Moved { from } = &file.change {
        _ = writeln!(
            out,
            "similarity index 100%\nrename from {}\nrename to {}",
            quoted("", from),
            quoted("", &file.path)
        );
    }
    let shows_lines = file.hunks.iter().any(|hunk| !hunk.lines.is_empty());
    if shows_lines {
        let old = if file.change == Change::Added { "/dev/null".to_owned() } else { name_line("a/", from) };
        let new = if file.change == Change::Deleted { "/dev/null".to_owned() } else { name_line("b/", &file.path) };
        _ = writeln!(out, "--- {old}\n+++ {new}");
    }
    out
}

fn mode_lines(file: &FileDiff) -> String {
    let mode = |executable: bool| if executable { "100755" } else { "100644" };
    match (file.old_executable, file.new_executable) {
        (None, Some(new)) => format!("new file mode {}\n", mode(new)),
        (Some(old), None) => format!("deleted file mode {}\n", mode(old)),
        (Some(old), Some(new)) if old != new => format!("old mode {}\nnew mode {}\n", mode(old), mode(new)),
        _ => String::new(),
    }
}

/// A tab ends a name with blanks, as `git` and `patch` expect.
fn name_line(prefix: &str, path: &str) -> String {
    let name = quoted(prefix, path);
    if name.contains(' ') && !name.starts_with('"') { name + "\t" } else { name }
}

/// A name in quotes where a blank would end it, too: `patch` asks for that in lines with two names.
fn spaced(prefix: &str, path: &str) -> String {
    let name = quoted(prefix, path);
    if name.contains(' ') && !name.starts_with('"') { format!("\"{name}\"") } else { name }
}

/// A name with characters that would end or disguise it stands in quotes, as in C.
fn quoted(prefix: &str, path: &str) -> String {
    if !path.contains(|c: char| c.is_ascii_control() || matches!(c, '"' | '\\')) {
        return format!("{prefix}{path}");
    }
    let mut out = format!("\"{prefix}");
    for c in path.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_ascii_control() => _ = write!(out, "\\{:03o}", u32::from(c)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
