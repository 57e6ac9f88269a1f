//! Line ends: line feed, carriage return with line feed, and the bare carriage return of old Macintosh files.

use std::ops::Range;

/// What ends a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineEnding {
    /// `\n`
    Lf,
    /// `\r\n`
    CrLf,
    /// `\r`
    Cr,
}

impl LineEnding {
    /// Its characters.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lf => "\n",
            Self::CrLf => "\r\n",
            Self::Cr => "\r",
        }
    }
}

/// How often each line ending occurs in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LineEndings {
    /// `\n`
    pub lf: usize,
    /// `\r\n`
    pub crlf: usize,
    /// `\r`
    pub cr: usize,
}

impl LineEndings {
    /// Counts them.
    pub fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        ends(bytes).fold(Self::default(), |mut counts, end| {
            match &bytes[end] {
                b"\r\n" => counts.crlf += 1,
                b"\r" => counts.cr += 1,
                _ => counts.lf += 1,
            }
            counts
        })
    }

    /// The one that inserted lines should use: the most frequent; line feed for a text of one line and for a draw.
    pub const fn dominant(self) -> LineEnding {
        if self.crlf > self.lf && self.crlf >= self.cr {
            LineEnding::CrLf
        } else if self.cr > self.lf {
            LineEnding::Cr
        } else {
            LineEnding::Lf
        }
    }

    /// Whether more than one of them occurs.
    pub fn is_mixed(self) -> bool {
        [self.lf, self.crlf, self.cr].into_iter().filter(|count| *count > 0).count() > 1
    }
}

/// The place of every line end.
pub(crate) fn ends(bytes: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let start = from + memchr::memchr2(b'\n', b'\r', &bytes[from..])?;
        let length = if bytes[start..].starts_with(b"\r\n") { 2 } else { 1 };
        from = start + length;
        Some(start..from)
    })
}
