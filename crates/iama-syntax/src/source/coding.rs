//! The coding line of Python source (PEP 263), by the rules of `CPython`'s tokenizer.

use std::ops::Range;

use super::endings;

/// A declared encoding and where its name stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodingLine<'a> {
    /// The name as written.
    pub name: &'a str,
    /// The bytes of the name, counted from the first byte after a byte order mark.
    pub name_range: Range<usize>,
    /// The bytes of its line, without the line's end.
    pub line_range: Range<usize>,
}

/// The coding line among the first two lines. The second only counts when the first is blank or a comment.
pub fn coding_line(body: &[u8]) -> Option<CodingLine<'_>> {
    let mut start = 0;
    for _ in 0..2 {
        let end = endings::ends(&body[start..])
            .next()
            .map_or(body.len()..body.len(), |end| start + end.start..start + end.end);
        let line = &body[start..end.start];
        if let Some(found) = declared_in(line, start) {
            return Some(found);
        }
        if !is_blank_or_comment(line) {
            return None;
        }
        start = end.end;
    }
    None
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\x0c')
}

fn is_blank_or_comment(line: &[u8]) -> bool {
    line.iter().find(|byte| !is_space(**byte)).is_none_or(|byte| *byte == b'#')
}

fn declared_in(line: &[u8], line_start: usize) -> Option<CodingLine<'_>> {
    let comment = line.iter().position(|byte| !is_space(*byte)).filter(|at| line[*at] == b'#')?;
    let after_word = |at: usize| line[at..].starts_with(b"coding").then_some(at + b"coding".len());
    (comment..line.len()).filter_map(after_word).find_map(|at| name_after(line, at)).map(|range| CodingLine {
        name: std::str::from_utf8(&line[range.clone()]).unwrap_or_default(),
        name_range: line_start + range.start..line_start + range.end,
        line_range: line_start..line_start + line.len(),
    })
}

fn name_after(line: &[u8], at: usize) -> Option<Range<usize>> {
    line.get(at).filter(|byte| matches!(byte, b':' | b'='))?;
    let rest = &line[at + 1..];
    let start = at + 1 + rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let end = start + line[start..].iter().take_while(is_name).count();
    (start < end).then_some(start..end)
}
