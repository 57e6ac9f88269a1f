//! The dialects behind one seam: each is a grammar plus the tables that turn its numbers into names.

use std::sync::OnceLock;

use rustc_hash::FxHashMap;
use tree_sitter::Language;

/// A language as one parser understands it. Two files of one language may need two dialects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dialect {
    /// Python 2 with the print statement.
    Python2,
    /// Python 2 in a file with `from __future__ import print_function`.
    Python2PrintFunction,
    /// Python 3.
    Python3,
    /// JavaScript, JSX included.
    JavaScript,
    /// TypeScript without JSX.
    TypeScript,
    /// TypeScript with JSX.
    Tsx,
    /// Java, all releases up to 21.
    Java,
}

impl Dialect {
    /// Every dialect, in a fixed order.
    pub const ALL: [Self; 7] = [
        Self::Python2,
        Self::Python2PrintFunction,
        Self::Python3,
        Self::JavaScript,
        Self::TypeScript,
        Self::Tsx,
        Self::Java,
    ];

    /// The stable lower-case name, as used in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Python2 => "python2",
            Self::Python2PrintFunction => "python2-print-function",
            Self::Python3 => "python3",
            Self::JavaScript => "javascript",
            Self::TypeScript => "typescript",
            Self::Tsx => "tsx",
            Self::Java => "java",
        }
    }

    /// The dialect with this stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.name() == name)
    }

    /// The dialect that a file extension (without its dot) stands for. Python files count as Python 3 here: which Python a
    /// file is written in can only be told from its text.
    pub fn from_extension(extension: &str) -> Option<Self> {
        Some(match extension {
            "py" | "pyw" | "pyi" => Self::Python3,
            "js" | "jsx" | "mjs" | "cjs" => Self::JavaScript,
            "ts" | "mts" | "cts" => Self::TypeScript,
            "tsx" => Self::Tsx,
            "java" => Self::Java,
            _ => return None,
        })
    }

    /// Whether this is one of the Python dialects.
    pub const fn is_python(self) -> bool {
        matches!(self, Self::Python2 | Self::Python2PrintFunction | Self::Python3)
    }

    /// Whether this is one of the Python 2 dialects.
    pub const fn is_python2(self) -> bool {
        matches!(self, Self::Python2 | Self::Python2PrintFunction)
    }

    /// The Python 2 dialect that `text` asks for: whether print is a statement depends on its future imports.
    pub fn python2_of(text: &str) -> Self {
        if imports_print_function(text) { Self::Python2PrintFunction } else { Self::Python2 }
    }

    /// The grammar and its name tables, made once for each process.
    pub fn grammar(self) -> &'static Grammar {
        static GRAMMARS: [OnceLock<Grammar>; Dialect::ALL.len()] = [const { OnceLock::new() }; Dialect::ALL.len()];
        GRAMMARS[self as usize].get_or_init(|| Grammar::new(Box::leak(Box::new(self.language()))))
    }

    fn language(self) -> Language {
        match self {
            Self::Python2 => tree_sitter_python2::LANGUAGE.into(),
            Self::Python2PrintFunction => tree_sitter_python2::LANGUAGE_PRINT_FUNCTION.into(),
            Self::Python3 => tree_sitter_python::LANGUAGE.into(),
            Self::JavaScript => tree_sitter_javascript::LANGUAGE.into(),
            Self::TypeScript => tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
            Self::Tsx => tree_sitter_typescript::LANGUAGE_TSX.into(),
            Self::Java => tree_sitter_java::LANGUAGE.into(),
        }
    }
}

/// A grammar with its kinds and fields by number.
#[derive(Debug)]
pub struct Grammar {
    pub(crate) language: &'static Language,
    kinds: Vec<&'static str>,
    ids: FxHashMap<&'static str, Vec<u16>>,
    named: Vec<bool>,
    fields: Vec<&'static str>,
}

/// The number that tree-sitter gives to a piece of text that no rule accepts.
pub const ERROR_KIND: u16 = u16::MAX;

impl Grammar {
    fn new(language: &'static Language) -> Self {
        let kinds: Vec<_> = (0..language.node_kind_count())
            .map(|id| u16::try_from(id).ok().and_then(|id| language.node_kind_for_id(id)).unwrap_or(""))
            .collect();
        let mut ids: FxHashMap<_, Vec<u16>> = FxHashMap::default();
        for (id, kind) in (0u16..).zip(&kinds) {
            ids.entry(*kind).or_default().push(id);
        }
        let fields = (0..=language.field_count())
            .map(|id| u16::try_from(id).ok().and_then(|id| language.field_name_for_id(id)).unwrap_or(""))
            .collect();
        let is_named = |id| u16::try_from(id).is_ok_and(|id| language.node_kind_is_named(id));
        let named = (0..language.node_kind_count()).map(is_named).collect();
        Self { language, kinds, ids, named, fields }
    }

    /// The grammar itself, for a library that parses on its own.
    pub fn language(&self) -> &'static Language {
        self.language
    }

    /// The name of a node kind; `"ERROR"` for text that no rule accepts.
    #[inline]
    pub fn kind_name(&self, id: u16) -> &'static str {
        if id == ERROR_KIND { "ERROR" } else { self.kinds.get(usize::from(id)).copied().unwrap_or("") }
    }

    /// Whether nodes of a kind are made by a grammar rule, rather than being literal tokens.
    pub(crate) fn is_named(&self, id: u16) -> bool {
        id == ERROR_KIND || self.named.get(usize::from(id)).copied().unwrap_or(false)
    }

    /// The name of a field; empty for 0, which means no field.
    #[inline]
    pub fn field_name(&self, id: u16) -> &'static str {
        self.fields.get(usize::from(id)).copied().unwrap_or("")
    }

    /// Every number that carries this kind name. A grammar may use one name for several rules.
    pub fn kind_ids(&self, name: &str) -> &[u16] {
        self.ids.get(name).map_or(&[], Vec::as_slice)
    }

    /// How many node kinds the grammar numbers.
    pub fn kind_count(&self) -> usize {
        self.kinds.len()
    }
}

fn imports_print_function(text: &str) -> bool {
    if !text.contains("print_function") {
        return false;
    }
    future_import_clauses(text)
        .any(|clause| clause.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| word == "print_function"))
}

/// The name lists of the `from __future__ import` statements that start a line.
fn future_import_clauses(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("__future__").filter_map(|(at, word)| {
        let line_start = text[..at].rfind(['\n', '\r', ';']).map_or(0, |newline| newline + 1);
        let before = text[line_start..at].trim_start_matches('\u{feff}').split_whitespace();
        if !before.eq(["from"]) {
            return None;
        }
        let names = text[at + word.len()..].trim_start().strip_prefix("import")?.trim_start();
        Some(match names.strip_prefix('(') {
            Some(list) => list.split(')').next().unwrap_or(list),
            None => logical_line(names),
        })
    })
}

fn logical_line(text: &str) -> &str {
    let end = text
        .match_indices(['\n', '\r'])
        .map(|(at, _)| at)
        .find(|&at| !text[..at].ends_with('\\') && !text[..at].ends_with("\\\r"));
    &text[..end.unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn print_function_is_seen_only_in_a_future_import() {
        let check = |text: &str, expected| assert_eq!(Dialect::python2_of(text), expected, "{text}");
        check("from __future__ import print_function\n", Dialect::Python2PrintFunction);
        check("#!x\n\"doc\"\nfrom __future__ import (division,\n    print_function)\n", Dialect::Python2PrintFunction);
        check("from __future__ import division, \\\n  print_function\n", Dialect::Python2PrintFunction);
        check("from __future__ import division\nprint_function = 1\n", Dialect::Python2);
        check("# from __future__ import print_function\n", Dialect::Python2);
        check("x = 'print_function'\n", Dialect::Python2);
    }

    #[test]
    fn every_dialect_is_found_by_its_name() {
        for dialect in Dialect::ALL {
            assert_eq!(Dialect::from_name(dialect.name()), Some(dialect));
        }
    }
}
