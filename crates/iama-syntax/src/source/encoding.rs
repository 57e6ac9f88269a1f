//! The encodings that source files come in, each exact in both directions.

use std::borrow::Cow;

/// How text is written in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Bytes below 128 only.
    Ascii,
    /// UTF-8.
    Utf8,
    /// ISO 8859-1 exactly: every byte is the character with its number. Not what browsers mean by that name.
    Latin1,
    /// One of the encodings of the web.
    Other(&'static encoding_rs::Encoding),
}

impl Encoding {
    /// The encoding that a Python coding line names; nothing for a name that is unknown here or that cannot hold source.
    pub fn from_python_name(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase().replace('_', "-");
        Some(match name.as_str() {
            "utf-8" | "utf8" | "u8" | "utf" | "cp65001" => Self::Utf8,
            "ascii" | "us-ascii" | "646" | "ansi-x3.4-1968" | "iso646-us" | "us" => Self::Ascii,
            "latin-1" | "latin1" | "iso-8859-1" | "iso8859-1" | "iso8859" | "8859" | "l1" | "latin" | "cp819"
            | "iso-latin-1" => Self::Latin1,
            _ if name.starts_with("utf-8-") => Self::Utf8,
            _ if ["latin-1-", "iso-8859-1-", "iso-latin-1-"].iter().any(|prefix| name.starts_with(prefix)) => {
                Self::Latin1
            }
            _ => Self::Other(web_encoding(&name)?),
        })
    }

    /// The usual name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ascii => "ASCII",
            Self::Utf8 => "UTF-8",
            Self::Latin1 => "ISO-8859-1",
            Self::Other(encoding) => encoding.name(),
        }
    }

    /// The text of `bytes`, or the offset of a byte that does not fit.
    pub(super) fn decode(self, bytes: &[u8]) -> Result<Cow<'_, str>, usize> {
        match self {
            Self::Ascii => match std::str::from_utf8(bytes) {
                Ok(text) if text.is_ascii() => Ok(Cow::Borrowed(text)),
                _ => Err(bytes.iter().position(|byte| !byte.is_ascii()).unwrap_or(0)),
            },
            Self::Utf8 => std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|error| error.valid_up_to()),
            Self::Latin1 => Ok(encoding_rs::mem::decode_latin1(bytes)),
            Self::Other(encoding) => decode_exactly(encoding, bytes).map(Cow::Owned),
        }
    }

    /// The bytes of `text`, or the offset of a character that does not fit.
    pub(super) fn encode(self, text: &str) -> Result<Cow<'_, [u8]>, usize> {
        let first_above = |limit: u32| text.char_indices().find(|(_, char)| u32::from(*char) > limit).map(|(at, _)| at);
        match self {
            Self::Utf8 => Ok(Cow::Borrowed(text.as_bytes())),
            Self::Ascii if text.is_ascii() => Ok(Cow::Borrowed(text.as_bytes())),
            Self::Ascii => first_above(0x7F).map_or(Ok(Cow::Borrowed(text.as_bytes())), Err),
            Self::Latin1 => first_above(0xFF).map_or_else(|| Ok(encoding_rs::mem::encode_latin1_lossy(text)), Err),
            Self::Other(encoding) => encode_exactly(encoding, text).map(Cow::Owned),
        }
    }
}

/// The encoding that Python knows by this name, in lower case with hyphens.
fn web_encoding(name: &str) -> Option<&'static encoding_rs::Encoding> {
    let label = match name {
        "mac-roman" | "macroman" => "macintosh",
        "mac-cyrillic" | "maccyrillic" => "x-mac-cyrillic",
        "cp936" | "936" | "ms936" => "gbk",
        "cp932" | "932" | "ms932" | "mskanji" | "ms-kanji" | "shiftjis" | "sjis" | "s-jis" => "shift_jis",
        "cp949" | "949" | "ms949" | "uhc" | "euckr" => "euc-kr",
        "cp950" | "950" | "ms950" | "big5-tw" => "big5",
        "eucjp" | "ujis" | "u-jis" => "euc-jp",
        "iso2022-jp" | "iso2022jp" => "iso-2022-jp",
        "cp874" => "windows-874",
        name => name,
    };
    let encoding = encoding_rs::Encoding::for_label_no_replacement(label.as_bytes())?;
    let holds_source = encoding.is_ascii_compatible() || encoding == encoding_rs::ISO_2022_JP;
    (holds_source && encoding != encoding_rs::UTF_8 && encoding != encoding_rs::X_USER_DEFINED).then_some(encoding)
}

fn decode_exactly(encoding: &'static encoding_rs::Encoding, bytes: &[u8]) -> Result<String, usize> {
    match encoding.decode_without_bom_handling_and_without_replacement(bytes) {
        Some(text) => Ok(text.into_owned()),
        None => Err(first_malformed(encoding, bytes)),
    }
}

fn first_malformed(encoding: &'static encoding_rs::Encoding, bytes: &[u8]) -> usize {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut sink = String::with_capacity(decoder.max_utf8_buffer_length_without_replacement(bytes.len()).unwrap_or(0));
    let (_, read) = decoder.decode_to_string_without_replacement(bytes, &mut sink, true);
    read.saturating_sub(1)
}

fn encode_exactly(encoding: &'static encoding_rs::Encoding, text: &str) -> Result<Vec<u8>, usize> {
    let (bytes, _, lossy) = encoding.encode(text);
    if !lossy {
        return Ok(bytes.into_owned());
    }
    let expressible = |char: char| !encoding.encode(char.encode_utf8(&mut [0; 4])).2;
    Err(text.char_indices().find(|(_, char)| !expressible(*char)).map_or(0, |(at, _)| at))
}
