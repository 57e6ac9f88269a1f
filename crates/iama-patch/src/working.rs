//! The files while a patch is applied: decoded when an operation edits them, encoded again at the end.

use std::collections::BTreeMap;
use std::ops::Range;

use iama_syntax::source::{Encoding, LineEnding, LineEndings, coding_line};
use iama_syntax::{Dialect, SourceError, SourceText, SyntaxTree};

use crate::files::{FileState, Files};
use crate::outcome::Outcome;

/// A file's text while it is edited.
pub(crate) struct OpenFile {
    /// How the file is written: as it was found, or as its coding line says since an operation changed that.
    source: SourceText,
    /// By its name alone.
    dialect: Option<Dialect>,
    text: String,
    endings: LineEndings,
}

struct Entry {
    state: FileState,
    open: Option<OpenFile>,
}

/// All files in the state that the operations so far have left.
pub(crate) struct Working<'f> {
    before: &'f Files,
    /// Files that differ from `before`, or are open; `None` for those that are gone.
    touched: BTreeMap<String, Option<Entry>>,
}

impl<'f> Working<'f> {
    pub(crate) fn new(before: &'f Files) -> Self {
        Self { before, touched: BTreeMap::new() }
    }

    pub(crate) fn exists(&self, path: &str) -> bool {
        self.touched.get(path).map_or_else(|| self.before.contains_key(path), Option::is_some)
    }

    /// Whether an operation has already made, moved or deleted what is or was at the path.
    pub(crate) fn is_touched(&self, path: &str) -> bool {
        self.touched.contains_key(path)
    }

    /// The file that stands in the way of a new one: at the path itself, above it or below it.
    pub(crate) fn obstacle(&self, path: &str) -> Option<String> {
        let above = path.match_indices('/').map(|(at, _)| &path[..at]).chain([path]).find(|place| self.exists(place));
        let folder = format!("{path}/");
        let known = self.before.range(folder.clone()..).map(|(name, _)| name);
        let made = self.touched.range(folder.clone()..).map(|(name, _)| name);
        let is_below = |name: &&String| name.starts_with(&folder);
        let mut below = known.take_while(is_below).chain(made.take_while(is_below));
        above.map(str::to_owned).or_else(|| below.find(|name| self.exists(name)).cloned())
    }

    /// The file's text, decoded at its first use.
    pub(crate) fn open(&mut self, path: &str) -> Result<&mut OpenFile, Outcome> {
        let missing = || Outcome::FileNotFound { file: path.to_owned() };
        let entry = match self.touched.entry(path.to_owned()) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => {
                let state = self.before.get(path).ok_or_else(missing)?.clone();
                entry.insert(Some(Entry { state, open: None }))
            }
        };
        let entry = entry.as_mut().ok_or_else(missing)?;
        if entry.open.is_none() {
            entry.open = Some(OpenFile::decode(path, &entry.state.bytes).map_err(|error| Outcome::not_text(&error))?);
        }
        entry.open.as_mut().ok_or_else(missing)
    }

    pub(crate) fn create(&mut self, path: &str, state: FileState) {
        self.touched.insert(path.to_owned(), Some(Entry { state, open: None }));
    }

    /// Takes the file away, as it now is.
    pub(crate) fn remove(&mut self, path: &str) -> Result<FileState, Outcome> {
        let missing = || Outcome::FileNotFound { file: path.to_owned() };
        if !self.exists(path) {
            return Err(missing());
        }
        match self.touched.insert(path.to_owned(), None) {
            Some(Some(entry)) => entry.finish().map_err(|error| Outcome::unencodable(&error)),
            _ => self.before.get(path).cloned().ok_or_else(missing),
        }
    }

    /// What differs from the files as they were.
    pub(crate) fn finish(self) -> Result<BTreeMap<String, Option<FileState>>, (String, SourceError)> {
        let mut changed = BTreeMap::new();
        for (path, entry) in self.touched {
            let state = entry.map(Entry::finish).transpose().map_err(|error| (path.clone(), error))?;
            if state.as_ref() != self.before.get(&path) {
                changed.insert(path, state);
            }
        }
        Ok(changed)
    }
}

impl Entry {
    fn finish(self) -> Result<FileState, SourceError> {
        let Some(open) = self.open else { return Ok(self.state) };
        Ok(FileState { bytes: open.source.encode(&open.text)?, executable: self.state.executable })
    }
}

impl OpenFile {
    fn decode(path: &str, bytes: &[u8]) -> Result<Self, SourceError> {
        let dialect = dialect_of(path, bytes);
        let source = decode(dialect, bytes)?;
        Ok(Self { dialect, text: source.text().to_owned(), endings: source.endings(), source })
    }

    /// The dialect by which its syntax is read; nothing when its language is unknown.
    pub(crate) fn syntax(&self) -> Option<Dialect> {
        self.dialect.map(|dialect| python_of(dialect, &self.text))
    }

    /// The text as it now is.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// What every line ends with; nothing when they differ or none is ended.
    pub(crate) fn line_end(&self) -> Option<LineEnding> {
        let LineEndings { lf, crlf, cr } = self.endings;
        (lf + crlf + cr > 0 && !self.endings.is_mixed()).then(|| self.endings.dominant())
    }

    /// Writes `new` in place of a range. Refused when the file's encoding, or the one that its coding line then names,
    /// cannot express the result.
    pub(crate) fn edit(&mut self, range: Range<usize>, new: &str) -> Result<(), Outcome> {
        let plain = new.is_ascii() && !new.contains('\0') && holds_ascii(self.source.encoding());
        if plain && (!self.dialect.is_some_and(Dialect::is_python) || self.is_below_line_two(range.start)) {
            self.splice(range, new);
            return Ok(());
        }
        let text = [&self.text[..range.start], new, &self.text[range.end..]].concat();
        self.replace(text)
    }

    fn is_below_line_two(&self, offset: usize) -> bool {
        self.text[..offset].matches(['\n', '\r']).nth(2).is_some()
    }

    /// Keeps the count of line ends right around the edges, where a `\r` may meet or lose its `\n`.
    fn splice(&mut self, range: Range<usize>, new: &str) {
        let is_end = |at: usize| self.text.as_bytes().get(at).is_some_and(|byte| matches!(byte, b'\r' | b'\n'));
        let start = if range.start > 0 && is_end(range.start - 1) { range.start - 1 } else { range.start };
        let after = usize::from(is_end(range.end));
        let gone = LineEndings::of(&self.text[start..range.end + after]);
        let window_end = range.start + new.len() + after;
        self.text.replace_range(range, new);
        let come = LineEndings::of(&self.text[start..window_end]);
        let moved = |old: usize, gone: usize, come: usize| (old + come).saturating_sub(gone);
        self.endings = LineEndings {
            lf: moved(self.endings.lf, gone.lf, come.lf),
            crlf: moved(self.endings.crlf, gone.crlf, come.crlf),
            cr: moved(self.endings.cr, gone.cr, come.cr),
        };
    }

    fn replace(&mut self, text: String) -> Result<(), Outcome> {
        let source = self.source_for(&text)?;
        let again = source.encode(&text).and_then(|bytes| decode(self.dialect, &bytes));
        let again = again.map_err(|error| Outcome::unencodable(&error))?;
        if again.text() != text {
            let error = SourceError::NotExact { encoding: source.encoding().name() };
            return Err(Outcome::unencodable(&error));
        }
        self.endings = again.endings();
        self.source = again;
        self.text = text;
        Ok(())
    }

    /// How the new text is to be written: as the file was, unless its coding line changes.
    fn source_for(&self, text: &str) -> Result<SourceText, Outcome> {
        let name = |text: &str| coding_line(text.as_bytes()).map(|line| line.name.to_owned());
        let declared = name(text);
        let is_same = declared == name(&self.text);
        if !self.dialect.is_some_and(Dialect::is_python) || is_same && (declared.is_some() || text.is_ascii()) {
            return Ok(self.source.clone());
        }
        let encoding = match declared {
            Some(name) => Encoding::from_python_name(&name)
                .ok_or_else(|| Outcome::unencodable(&SourceError::UnknownEncoding { name }))?,
            None if self.source.has_bom() || !python_of(Dialect::Python3, text).is_python2() => Encoding::Utf8,
            None => Encoding::Ascii,
        };
        Ok(self.source.clone().with_encoding(encoding))
    }
}

/// Whether every ASCII text is written as itself wherever it stands.
fn holds_ascii(encoding: Encoding) -> bool {
    !matches!(encoding, Encoding::Other(encoding) if !encoding.is_ascii_compatible())
}

/// The dialect of a file by its name, or by its first line for a script without an extension.
pub(crate) fn dialect_of(path: &str, bytes: &[u8]) -> Option<Dialect> {
    let name = path.rsplit('/').next().unwrap_or(path);
    if let Some((_, extension)) = name.rsplit_once('.') {
        return Dialect::from_extension(&extension.to_ascii_lowercase());
    }
    let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let is_python = first.starts_with(b"#!") && first.windows(6).any(|word| word == b"python");
    is_python.then_some(Dialect::Python3)
}

/// Python 2 reads what it can; what it refuses is read as Python 3 does. Anything that is no known language is UTF-8.
pub(crate) fn decode(dialect: Option<Dialect>, bytes: &[u8]) -> Result<SourceText, SourceError> {
    match dialect {
        Some(dialect) if dialect.is_python() => match SourceText::decode(Dialect::Python2, bytes) {
            Err(SourceError::UndeclaredNonAscii { .. }) => SourceText::decode(Dialect::Python3, bytes),
            other => other,
        },
        Some(dialect) => SourceText::decode(dialect, bytes),
        None => SourceText::decode(Dialect::JavaScript, bytes),
    }
}

/// Which Python a text is: Python 3 unless only Python 2 accepts it.
fn python_of(dialect: Dialect, text: &str) -> Dialect {
    if !dialect.is_python() || reads_as(Dialect::Python3, text) {
        return dialect;
    }
    let python2 = Dialect::python2_of(text);
    if reads_as(python2, text) { python2 } else { Dialect::Python3 }
}

fn reads_as(dialect: Dialect, text: &str) -> bool {
    // The Python 3 grammar accepts the statements that only Python 2 has.
    let only_python2 = ["print_statement", "exec_statement"];
    SyntaxTree::parse(dialect, text).is_ok_and(|tree| {
        !tree.has_error() && (dialect.is_python2() || !tree.nodes().any(|node| only_python2.contains(&node.kind())))
    })
}
