//! Bytes of a source file as text, and back without losing one.
//!
//! Which encoding a file has is decided as its language's own reader decides it. What cannot be carried back to the very
//! bytes it came from is refused, never guessed.

mod coding;
mod encoding;
pub(crate) mod endings;

use std::sync::Arc;

pub use coding::{CodingLine, coding_line};
pub use encoding::Encoding;
pub use endings::{LineEnding, LineEndings};

use crate::dialect::Dialect;

const UTF8_BOM: &[u8] = b"\xEF\xBB\xBF";

/// The text of a source file and what is needed to write it back as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceText {
    text: Arc<str>,
    encoding: Encoding,
    has_bom: bool,
    endings: LineEndings,
}

/// Why bytes are no text, or a text is no bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// A zero byte: no language accepts one in its source.
    #[error("the file holds a NUL byte at offset {offset}")]
    NulByte {
        /// Offset in bytes.
        offset: usize,
    },
    /// A byte order mark of UTF-16 or UTF-32.
    #[error("the file is UTF-16 or UTF-32")]
    WideEncoding,
    /// Python 2 takes undeclared source for ASCII.
    #[error("line {line} holds a non-ASCII byte, but no encoding is declared")]
    UndeclaredNonAscii {
        /// Line, from 1.
        line: usize,
    },
    /// The bytes break the rules of the encoding that is declared or that is the language's default.
    #[error("line {line} is not valid {encoding}")]
    Malformed {
        /// Line, from 1.
        line: usize,
        /// Name of the encoding.
        encoding: &'static str,
    },
    /// The coding line names an encoding that is unknown or that cannot hold source.
    #[error("the coding line names {name:?}, which is no encoding that can be read")]
    UnknownEncoding {
        /// The name as written.
        name: String,
    },
    /// A UTF-8 byte order mark and a coding line that says otherwise.
    #[error("the file begins with a UTF-8 byte order mark, but its coding line says {name:?}")]
    BomContradicted {
        /// The name as written.
        name: String,
    },
    /// Several byte sequences stand for one character, and the file uses one that would not be written again.
    #[error("the file does not survive decoding from {encoding} and encoding again")]
    NotExact {
        /// Name of the encoding.
        encoding: &'static str,
    },
    /// The text holds a character that the file's encoding cannot express.
    #[error("line {line} holds {character:?}, which {encoding} cannot express")]
    Unencodable {
        /// Line, from 1.
        line: usize,
        /// The character.
        character: char,
        /// Name of the encoding.
        encoding: &'static str,
    },
}

impl SourceError {
    /// A stable name for this kind of failure.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NulByte { .. } => "SOURCE_NUL_BYTE",
            Self::WideEncoding => "SOURCE_WIDE_ENCODING",
            Self::UndeclaredNonAscii { .. } => "SOURCE_UNDECLARED_NON_ASCII",
            Self::Malformed { .. } => "SOURCE_MALFORMED",
            Self::UnknownEncoding { .. } => "SOURCE_UNKNOWN_ENCODING",
            Self::BomContradicted { .. } => "SOURCE_BOM_CONTRADICTED",
            Self::NotExact { .. } => "SOURCE_NOT_EXACT",
            Self::Unencodable { .. } => "SOURCE_UNENCODABLE",
        }
    }

    /// What a person can do about it.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::NulByte { .. } => "leave binary files out; remove the byte if this is source",
            Self::WideEncoding => "save the file as UTF-8",
            Self::UndeclaredNonAscii { .. } => "add `# -*- coding: NAME -*-` to the first or second line",
            Self::Malformed { .. } => "declare the encoding that the file really has, or save it anew",
            Self::UnknownEncoding { .. } => "correct the name in the coding line",
            Self::BomContradicted { .. } => "remove the byte order mark, or declare utf-8",
            Self::NotExact { .. } => "save the file as UTF-8 and declare it",
            Self::Unencodable { .. } => "declare utf-8 in the coding line, or write the character as an escape",
        }
    }
}

impl SourceText {
    /// Reads a file's bytes as `dialect`'s own reader does: a byte order mark, then for Python a coding line, then the default
    /// (ASCII for Python 2, UTF-8 for all others).
    pub fn decode(dialect: Dialect, bytes: &[u8]) -> Result<Self, SourceError> {
        refuse_wide_and_nul(bytes)?;
        let body = bytes.strip_prefix(UTF8_BOM).unwrap_or(bytes);
        let has_bom = body.len() < bytes.len();
        let encoding = choose_encoding(dialect, body, has_bom)?;
        let text = decode_body(dialect, encoding, body, has_bom)?;
        let endings = LineEndings::of(&text);
        Ok(Self { text: text.into(), encoding, has_bom, endings })
    }

    /// Takes a new text for a UTF-8 file without a byte order mark.
    pub fn from_text(text: impl Into<Arc<str>>) -> Self {
        let text = text.into();
        let endings = LineEndings::of(&text);
        Self { text, encoding: Encoding::Utf8, has_bom: false, endings }
    }

    /// The text, without a byte order mark. Line endings are those of the file.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text, shared.
    pub fn shared_text(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }

    /// How the text is written in bytes.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Whether the file begins with a UTF-8 byte order mark.
    pub fn has_bom(&self) -> bool {
        self.has_bom
    }

    /// Which line endings the file uses.
    pub fn endings(&self) -> LineEndings {
        self.endings
    }

    /// Whether the last line is ended.
    pub fn has_final_newline(&self) -> bool {
        self.text.ends_with(['\n', '\r'])
    }

    /// The same file to be written in another encoding, as after its coding line was changed.
    #[must_use]
    pub fn with_encoding(self, encoding: Encoding) -> Self {
        Self { encoding, ..self }
    }

    /// The bytes of `new_text` in this file's encoding, after its byte order mark if it has one. The file's own text gives
    /// the file's own bytes.
    pub fn encode(&self, new_text: &str) -> Result<Vec<u8>, SourceError> {
        let mut bytes = if self.has_bom { UTF8_BOM.to_vec() } else { Vec::new() };
        let body = self.encoding.encode(new_text).map_err(|offset| SourceError::Unencodable {
            line: line_at(new_text.as_bytes(), offset),
            character: new_text[offset..].chars().next().unwrap_or_default(),
            encoding: self.encoding.name(),
        })?;
        bytes.extend_from_slice(&body);
        Ok(bytes)
    }
}

fn refuse_wide_and_nul(bytes: &[u8]) -> Result<(), SourceError> {
    if bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF") || bytes.starts_with(b"\0\0\xFE\xFF") {
        return Err(SourceError::WideEncoding);
    }
    bytes.iter().position(|byte| *byte == 0).map_or(Ok(()), |offset| Err(SourceError::NulByte { offset }))
}

fn choose_encoding(dialect: Dialect, body: &[u8], has_bom: bool) -> Result<Encoding, SourceError> {
    let declared = if dialect.is_python() { coding_line(body) } else { None };
    let Some(declared) = declared else {
        return Ok(if dialect.is_python2() && !has_bom { Encoding::Ascii } else { Encoding::Utf8 });
    };
    let encoding = Encoding::from_python_name(declared.name);
    match encoding {
        Some(encoding) if has_bom && encoding != Encoding::Utf8 => {
            Err(SourceError::BomContradicted { name: declared.name.to_owned() })
        }
        Some(encoding) => Ok(encoding),
        None => Err(SourceError::UnknownEncoding { name: declared.name.to_owned() }),
    }
}

fn decode_body(dialect: Dialect, encoding: Encoding, body: &[u8], has_bom: bool) -> Result<String, SourceError> {
    let undeclared = dialect.is_python2() && !has_bom && coding_line(body).is_none();
    let text = encoding.decode(body).map_err(|offset| {
        let line = line_at(body, offset);
        if undeclared {
            SourceError::UndeclaredNonAscii { line }
        } else {
            SourceError::Malformed { line, encoding: encoding.name() }
        }
    })?;
    match encoding.encode(&text) {
        Ok(again) if *again == *body => Ok(text.into_owned()),
        _ => Err(SourceError::NotExact { encoding: encoding.name() }),
    }
}

fn line_at(bytes: &[u8], offset: usize) -> usize {
    1 + endings::ends(&bytes[..offset.min(bytes.len())]).count()
}

#[cfg(test)]
mod tests;
