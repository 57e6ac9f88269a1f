//! Given code, moved to the indentation and the line ends of the place where it goes.

use std::collections::BTreeMap;
use std::ops::Range;

use iama_syntax::{Dialect, SyntaxTree};

/// How a file indents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Style {
    /// One step.
    pub(super) unit: String,
}

impl Style {
    /// Tabs when most indented lines begin with one, else the most frequent step in blanks; four where there is none.
    pub(super) fn of(text: &str) -> Self {
        let indents: Vec<&str> = lines(text).filter(|line| !line.trim().is_empty()).map(blanks_of).collect();
        let tabs = indents.iter().filter(|indent| indent.starts_with('\t')).count();
        let spaces = indents.iter().filter(|indent| indent.starts_with(' ')).count();
        if tabs > spaces {
            return Self { unit: "\t".to_owned() };
        }
        let mut steps: BTreeMap<usize, usize> = BTreeMap::new();
        for pair in indents.windows(2) {
            if let Some(step) = pair[1].len().checked_sub(pair[0].len()).filter(|step| (2..=8).contains(step)) {
                *steps.entry(step).or_default() += 1;
            }
        }
        let width =
            steps.into_iter().max_by_key(|(step, count)| (*count, usize::MAX - step)).map_or(4, |(step, _)| step);
        Self { unit: " ".repeat(width) }
    }

    /// Blanks of code in another style as this style writes them.
    fn translate(&self, blanks: &str, from: &Self) -> String {
        let differs = self.unit.starts_with('\t') != from.unit.starts_with('\t');
        if !differs {
            return blanks.to_owned();
        }
        let steps = blanks.matches(from.unit.as_str()).count();
        let rest =
            if from.unit == "\t" { blanks.replace('\t', "") } else { " ".repeat(blanks.len() % from.unit.len()) };
        self.unit.repeat(steps) + &rest
    }
}

/// Code as it goes to a place whose lines begin with `indentation`: its first line without it, for it follows the blanks
/// that are there. The insides of strings stay as they are.
pub(super) fn rebased(content: &str, dialect: Dialect, indentation: &str, style: &Style, ending: &str) -> String {
    let content = content.replace("\r\n", "\n");
    let given = content.trim_end().trim_start_matches('\n');
    let given = skip_blank_lines(given);
    let base = blanks_of(given);
    let from = Style::of(given);
    let inside = lines_inside_strings(given, dialect);
    let mut out = String::with_capacity(given.len());
    for (rank, line) in given.split('\n').enumerate() {
        if rank > 0 {
            out.push_str(ending);
        }
        if inside.get(rank).copied().unwrap_or(false) {
            out.push_str(line);
        } else if !line.trim().is_empty() {
            let rest = line.strip_prefix(base).unwrap_or_else(|| line.trim_start_matches([' ', '\t']));
            let blanks = blanks_of(rest);
            if rank > 0 {
                out.push_str(indentation);
            }
            out.push_str(&style.translate(blanks, &from));
            out.push_str(&rest[blanks.len()..]);
        }
    }
    out
}

fn skip_blank_lines(text: &str) -> &str {
    let first = text.find(|c: char| !c.is_whitespace()).unwrap_or(text.len());
    &text[line_start(text, first)..]
}

/// For every line whether it begins within a string.
fn lines_inside_strings(given: &str, dialect: Dialect) -> Vec<bool> {
    let mut inside = vec![false; given.split('\n').count()];
    // Indented code is no module of its own.
    let shell = if dialect.is_python() && !blanks_of(given).is_empty() { "if 1:\n" } else { "" };
    let Ok(tree) = SyntaxTree::parse(dialect, format!("{shell}{given}")) else { return inside };
    let line_of = |offset: u32| {
        let offset = (offset as usize).saturating_sub(shell.len()).min(given.len());
        given[..offset].matches('\n').count()
    };
    for node in tree.nodes().filter(|node| matches!(node.kind(), "string" | "template_string")) {
        let last = line_of(node.end());
        inside[line_of(node.start())..=last].iter_mut().skip(1).for_each(|is_inside| *is_inside = true);
    }
    inside
}

/// The blanks that a line begins with.
pub(super) fn blanks_of(line: &str) -> &str {
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

/// Where the line around an offset begins.
pub(super) fn line_start(text: &str, offset: usize) -> usize {
    text[..offset].rfind(['\n', '\r']).map_or(0, |at| at + 1)
}

/// Where the line around an offset ends, before its line end.
pub(super) fn line_end(text: &str, offset: usize) -> usize {
    text[offset..].find(['\n', '\r']).map_or(text.len(), |at| offset + at)
}

/// Where the next line begins, after the line end at an offset.
pub(super) fn after_line_end(text: &str, offset: usize) -> usize {
    match text.as_bytes().get(offset) {
        Some(b'\r') if text[offset..].starts_with("\r\n") => offset + 2,
        Some(b'\r' | b'\n') => offset + 1,
        _ => offset,
    }
}

pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split(['\n', '\r'])
}

/// The lines from `start` to the one that ends at `end`, and of the blank lines around them those on one side.
pub(super) fn lines_to_delete(text: &str, start: usize, end: usize) -> Range<usize> {
    let next = after_line_end(text, end);
    let (above, below) = (blank_lines_above(text, start), blank_lines_below(text, next));
    let (is_first, is_last) = (above == 0 || opens_block(text, above), below == text.len());
    let has_both = above < start && next < below;
    if is_last {
        // Without a line end of its own the last line takes the one before it along.
        if next > end { above..below } else { before_line_end(text, above)..below }
    } else if is_first {
        start..below
    } else if has_both && start - above <= below - next {
        above..next
    } else if has_both {
        start..below
    } else {
        start..next
    }
}

/// Where the blank lines directly above the line at `start` begin.
fn blank_lines_above(text: &str, start: usize) -> usize {
    let mut at = start;
    while at > 0 {
        let line = line_start(text, before_line_end(text, at));
        if !text[line..at].trim().is_empty() {
            break;
        }
        at = line;
    }
    at
}

fn before_line_end(text: &str, at: usize) -> usize {
    let before = &text[..at];
    let before = before.strip_suffix('\n').map(|before| before.strip_suffix('\r').unwrap_or(before));
    before.or_else(|| text[..at].strip_suffix('\r')).map_or(at, str::len)
}

/// Where the blank lines from the line at `start` on end.
fn blank_lines_below(text: &str, start: usize) -> usize {
    let mut at = start;
    while at < text.len() {
        let end = line_end(text, at);
        if !text[at..end].trim().is_empty() {
            break;
        }
        at = after_line_end(text, end);
    }
    at
}

/// Whether the line before an offset opens a block.
fn opens_block(text: &str, at: usize) -> bool {
    text[..at].trim_end().ends_with([':', '{'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(content: &str, indentation: &str, unit: &str, expected: &str) {
        let style = Style { unit: unit.to_owned() };
        assert_eq!(rebased(content, Dialect::Python3, indentation, &style, "\n"), expected);
    }

    #[test]
    fn code_takes_the_indentation_of_its_place() {
        check("def f():\n    return 1\n", "    ", "    ", "def f():\n        return 1");
        check("\n        def f():\n            return 1\n\n", "", "    ", "def f():\n    return 1");
        check("def f():\n    if x:\n        y()\n", "\t", "\t", "def f():\n\t\tif x:\n\t\t\ty()");
        check("def f():\n\ty\n", "  ", "  ", "def f():\n    y");
        check("a\n\n  \nb", "  ", "  ", "a\n\n\n  b");
    }

    #[test]
    fn the_insides_of_strings_stay() {
        check("x = '''a\n b\n'''\ny = 1", "    ", "    ", "x = '''a\n b\n'''\n    y = 1");
        check("    def f():\n        '''a\n        b'''\n", "", "    ", "def f():\n    '''a\n        b'''");
    }

    #[test]
    fn the_style_is_the_most_frequent_step() {
        let unit = |text: &str| Style::of(text).unit;
        assert_eq!(unit("a\n  b\n    c\n"), "  ");
        assert_eq!(unit("a\n\tb\n"), "\t");
        assert_eq!(unit("a\n"), "    ");
    }
}
