//! Which function or class a line lies in, in the original files.

use std::collections::BTreeMap;

use iama_patch::Files;
use iama_recipes::Pair;
use iama_recipes::pair::Reading;
use iama_syntax::symbols::Symbols;
use iama_syntax::{LineIndex, Span};

/// The symbols of the files that changed, each file read when first asked for.
pub(super) struct Named<'a> {
    pair: &'a Pair,
    files: Option<&'a Files>,
    known: BTreeMap<String, Option<(LineIndex, Symbols, String)>>,
}

impl<'a> Named<'a> {
    pub(super) fn new(pair: &'a Pair, files: Option<&'a Files>) -> Self {
        Self { pair, files, known: BTreeMap::new() }
    }

    /// The innermost function or class around a line's first character; nothing at the top level.
    pub(super) fn at(&mut self, file: &str, line: u32) -> Option<String> {
        let (pair, files) = (self.pair, self.files);
        let known = self.known.entry(file.to_owned()).or_insert_with(|| read(pair, files?.get(file)?.bytes.as_slice()));
        let (lines, symbols, text) = known.as_ref()?;
        let start = lines.line_start(line)?;
        let blank = text[start as usize..].bytes().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let at = start + u32::try_from(blank).unwrap_or(0);
        symbols.enclosing(Span::new(at, at)).map(|symbol| symbol.path.clone())
    }
}

fn read(pair: &Pair, bytes: &[u8]) -> Option<(LineIndex, Symbols, String)> {
    let text = (pair.decode)(bytes).ok()?;
    let Reading::Source(tree) = (pair.read)(text.text()) else { return None };
    Some((LineIndex::new(text.text()), Symbols::of(&tree), text.text().to_owned()))
}
