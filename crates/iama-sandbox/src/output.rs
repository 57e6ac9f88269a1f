//! Output that cannot fill a disk, and that cannot speak to a terminal.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::io::{self, Write};

/// Bytes that are kept from the end, once the beginning has taken all the room.
const TAIL: usize = 64 * 1024;

/// Passes output on until the room is taken, and keeps the end of what follows.
pub(crate) struct Capped<W> {
    out: W,
    room: u64,
    left_out: u64,
    tail: VecDeque<u8>,
}

impl<W: Write> Capped<W> {
    /// Room for `bytes` bytes from the beginning.
    pub(crate) fn new(out: W, bytes: u64) -> Self {
        Self { out, room: bytes, left_out: 0, tail: VecDeque::new() }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        let fits = usize::try_from(self.room).unwrap_or(usize::MAX).min(bytes.len());
        let (now, later) = bytes.split_at(fits);
        self.out.write_all(now)?;
        self.out.flush()?;
        self.room -= now.len() as u64;
        self.tail.extend(later);
        let over = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..over);
        self.left_out += over as u64;
        Ok(())
    }

    /// Writes the end of the output, and how much is missing before it.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        if self.left_out > 0 {
            writeln!(self.out, "\n[iama: {} bytes of output are left out here]", self.left_out)?;
        }
        self.out.write_all(self.tail.make_contiguous())?;
        self.out.flush()
    }
}

/// Text that a terminal shows and does not obey: control characters become their pictures, and characters that turn the
/// direction of text are named.
pub fn printable(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace("\r\n", "\n").chars().map(picture).collect())
}

fn is_plain(c: char) -> bool {
    matches!(c, '\n' | '\t') || !(c.is_control() || turns(c))
}

fn turns(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn picture(c: char) -> char {
    match c {
        _ if is_plain(c) => c,
        '\u{0}'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        '\u{7f}' => '\u{2421}',
        _ => '\u{fffd}',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_beyond_its_room_loses_its_middle_and_says_so() {
        let mut out = Vec::new();
        let mut capped = Capped::new(&mut out, 10);
        capped.push(b"0123456789").unwrap();
        capped.push(&vec![b'x'; TAIL]).unwrap();
        capped.push(b"end").unwrap();
        capped.finish().unwrap();
        let expected = format!("0123456789\n[iama: 3 bytes of output are left out here]\n{}end", "x".repeat(TAIL - 3));
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn output_that_fits_is_passed_on_as_it_is() {
        let mut out = Vec::new();
        let mut capped = Capped::new(&mut out, 4);
        capped.push(b"abcdef").unwrap();
        capped.finish().unwrap();
        assert_eq!(out, b"abcdef");
    }

    #[test]
    fn a_terminal_is_given_nothing_to_obey() {
        assert_eq!(printable("a\tb\nc"), Cow::Borrowed("a\tb\nc"));
        assert_eq!(printable("\u{1b}]0;title\u{7}\r\n\u{9b}2J\u{7f}\u{202e}x"), "␛]0;title␇\n\u{fffd}2J␡\u{fffd}x");
    }
}
