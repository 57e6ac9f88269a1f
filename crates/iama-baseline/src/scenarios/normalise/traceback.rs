//! Tracebacks: what an exception says and which of the project's functions it came through, without what every migration and
//! every version of Python changes.

use super::Surroundings;

const HEAD: &str = "Traceback (most recent call last):";

/// Sentences between an exception and the one that came while it was handled. Python 2 shows the last one alone.
const CHAINED: [&str; 2] = [
    "During handling of the above exception, another exception occurred:",
    "The above exception was the direct cause of the following exception:",
];

/// Names that are one class from Python 3.3 on, or a class of their own that is caught by the older name.
const MERGED: &[(&str, &str)] = &[
    ("IOError", "OSError"),
    ("EnvironmentError", "OSError"),
    ("socket.error", "OSError"),
    ("select.error", "OSError"),
    ("FileNotFoundError", "OSError"),
    ("FileExistsError", "OSError"),
    ("PermissionError", "OSError"),
    ("IsADirectoryError", "OSError"),
    ("NotADirectoryError", "OSError"),
    ("BrokenPipeError", "OSError"),
    ("ConnectionRefusedError", "OSError"),
    ("ConnectionResetError", "OSError"),
    ("ModuleNotFoundError", "ImportError"),
    ("exceptions.ImportError", "ImportError"),
];

/// Rewrites every traceback of a text; says how many there were.
pub(super) fn replace(text: &str, _: &Surroundings) -> (String, usize) {
    let mut out: Vec<String> = Vec::new();
    let mut lines = text.split('\n').peekable();
    let (mut count, mut start) = (0, None);
    while let Some(line) = lines.next() {
        if CHAINED.contains(&line.trim())
            && let Some(first) = start
        {
            out.truncate(first);
            while lines.next_if(|line| line.trim().is_empty()).is_some() {}
            continue;
        }
        if line.trim_start() != HEAD {
            out.push(line.to_owned());
            continue;
        }
        count += 1;
        start = Some(out.len());
        out.push(line.to_owned());
        let indent = line.len() - line.trim_start().len();
        while let Some(inner) =
            lines.next_if(|next| next.len() - next.trim_start().len() > indent && !next.trim().is_empty())
        {
            out.extend(frame(inner));
        }
        if let Some(last) = lines.next_if(|next| !next.trim().is_empty()) {
            out.push(named(last));
        }
    }
    (out.join("\n"), count)
}

/// A frame of the project's own code, without its line; nothing for any other line.
fn frame(line: &str) -> Option<String> {
    let (file, rest) = line.trim_start().strip_prefix("File \"")?.split_once("\", line ")?;
    let own = file.starts_with("<root>") || !file.starts_with(['/', '<']);
    let name = rest.split_once(", in ").map_or("", |(_, name)| name);
    // Which of these have a frame of their own differs between versions.
    if matches!(name, "<listcomp>" | "<setcomp>" | "<dictcomp>") {
        return None;
    }
    // Python 2 names a script as it was named on the command line, Python 3.9 and later by its whole path.
    let file = file.strip_prefix("<root>/").unwrap_or(file).trim_start_matches("./");
    own.then(|| format!("  File \"{file}\", in {name}"))
}

fn named(line: &str) -> String {
    const ZERO: &str = "ZeroDivisionError";
    if line.starts_with(ZERO) && line.ends_with("by zero") {
        return format!("{ZERO}: division by zero");
    }
    let found = MERGED.iter().find_map(|(old, new)| {
        let rest = line.trim_start().strip_prefix(old)?;
        (rest.is_empty() || rest.starts_with(':')).then(|| format!("{new}{rest}"))
    });
    found.unwrap_or_else(|| line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_show_the_same_exception() {
        let old = "before\nTraceback (most recent call last):\n  File \"tool.py\", line 9, in main\n    print open(x).read()\nIOError: [Errno 2] No such file or directory: 'x'\n";
        let new = "before\nTraceback (most recent call last):\n  File \"<root>/tool.py\", line 7, in load\n    return cache[x]\n           ~~~~~^^^\nKeyError: 'x'\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File \"<root>/tool.py\", line 11, in main\n    print(open(x).read())\n          ^^^^^^^\n  File \"/usr/lib/python3.11/codecs.py\", line 3, in decode\n    x\nFileNotFoundError: [Errno 2] No such file or directory: 'x'\n";
        let expected = "before\nTraceback (most recent call last):\n  File \"tool.py\", in main\nOSError: [Errno 2] No such file or directory: 'x'\n";
        assert_eq!(replace(old, &Surroundings::default()), (expected.to_owned(), 1));
        assert_eq!(replace(new, &Surroundings::default()), (expected.to_owned(), 2));
    }

    #[test]
    fn comprehensions_have_no_frame_and_division_by_zero_has_one_message() {
        let shown = |text: &str| replace(text, &Surroundings::default()).0;
        let old = "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\nZeroDivisionError: integer division or modulo by zero";
        let new = "Traceback (most recent call last):\n  File \"<root>/a.py\", line 1, in f\n  File \"<root>/a.py\", line 1, in <listcomp>\nZeroDivisionError: division by zero";
        assert_eq!(shown(old), shown(new));
    }

    #[test]
    fn another_message_or_function_still_differs() {
        let shown = |text: &str| replace(text, &Surroundings::default()).0;
        let text = "Traceback (most recent call last):\n  File \"<root>/a.py\", line 1, in f\nValueError: one";
        assert_ne!(shown(text), shown(&text.replace("one", "two")));
        assert_ne!(shown(text), shown(&text.replace("in f", "in g")));
    }
}
