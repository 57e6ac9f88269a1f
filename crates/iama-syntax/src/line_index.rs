//! Lines and columns of a text.

use crate::source::endings;

/// A place as people and compilers write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Bytes of UTF-8 before the place in its line, from 0, as `CPython` counts.
    pub column: u32,
}

/// Where the lines of one text begin. A line ends with `\n`, `\r\n` or a bare `\r`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineIndex {
    starts: Vec<u32>,
    length: u32,
}

impl LineIndex {
    /// Finds the lines. Offsets beyond 4 GiB count as the last place; no tree is that long.
    pub fn new(text: &str) -> Self {
        let starts = std::iter::once(0).chain(endings::ends(text.as_bytes()).map(|end| offset_of(end.end)));
        Self { starts: starts.collect(), length: offset_of(text.len()) }
    }

    /// How many lines there are. A text that ends with a line end has an empty last line.
    pub fn line_count(&self) -> u32 {
        offset_of(self.starts.len())
    }

    /// The line, from 1, that holds the byte at `offset`.
    pub fn line(&self, offset: u32) -> u32 {
        offset_of(self.starts.partition_point(|start| *start <= offset))
    }

    /// Line and column of a byte offset.
    pub fn position(&self, offset: u32) -> Position {
        let line = self.line(offset);
        Position { line, column: offset - self.starts[line as usize - 1] }
    }

    /// The offset of a position; nothing when the text has no such line or the column lies beyond the line and its end.
    pub fn offset(&self, position: Position) -> Option<u32> {
        let start = self.line_start(position.line)?;
        let end = self.line_start(position.line + 1).unwrap_or(self.length);
        start.checked_add(position.column).filter(|offset| *offset <= end)
    }

    /// The offset of a line's first byte; nothing when there is no such line.
    pub fn line_start(&self, line: u32) -> Option<u32> {
        self.starts.get((line as usize).checked_sub(1)?).copied()
    }
}

/// How far a line is indented by Python's rule: a tab goes on to the next multiple of eight, a form feed starts over.
pub fn indentation_width(line: &str) -> usize {
    let mut width = 0;
    for byte in line.bytes() {
        width = match byte {
            b' ' => width + 1,
            b'\t' => (width / 8 + 1) * 8,
            b'\x0c' => 0,
            _ => break,
        };
    }
    width
}

fn offset_of(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_line_end_begins_a_line() {
        let text = "a\nbc\r\nd\r\re";
        let index = LineIndex::new(text);
        let at = |offset| (index.position(offset).line, index.position(offset).column);
        assert_eq!(
            [0, 1, 2, 4, 6, 7, 8, 9, 10].map(at),
            [(1, 0), (1, 1), (2, 0), (2, 2), (3, 0), (3, 1), (4, 0), (5, 0), (5, 1)]
        );
        assert_eq!(index.line_count(), 5);
    }

    #[test]
    fn offsets_and_positions_are_inverse() {
        let text = "é = 1\r\n\tx\n";
        let index = LineIndex::new(text);
        for offset in 0..=u32::try_from(text.len()).unwrap() {
            assert_eq!(index.offset(index.position(offset)), Some(offset));
        }
        assert_eq!(index.offset(Position { line: 4, column: 0 }), None);
        assert_eq!(index.offset(Position { line: 3, column: 1 }), None);
        assert_eq!(index.offset(Position { line: 0, column: 0 }), None);
    }

    #[test]
    fn a_tab_goes_to_the_next_multiple_of_eight_and_a_form_feed_starts_over() {
        assert_eq!(["x", "  x", "\tx", "   \tx", "\t x", "  \x0c x"].map(indentation_width), [0, 2, 8, 8, 9, 1]);
    }
}
