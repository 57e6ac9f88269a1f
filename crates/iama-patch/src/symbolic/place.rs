//! Where a symbol stands: its lines, its indentation and its neighbours.

use iama_syntax::{Node, Span, Symbol, SymbolKind, Symbols, SyntaxTree};

use super::code::{Style, blanks_of, line_end, line_start};
use super::unique_symbol;
use crate::outcome::Outcome;

/// A symbol within its text.
pub(super) struct Place<'t> {
    pub(super) tree: &'t SyntaxTree,
    pub(super) symbol: Symbol,
    pub(super) style: Style,
    pub(super) ending: &'static str,
    /// Other names that the same declaration declares.
    shared_with: Vec<String>,
}

impl<'t> Place<'t> {
    pub(super) fn of(tree: &'t SyntaxTree, path: &str, ending: &'static str) -> Result<Self, Outcome> {
        let symbols = Symbols::of(tree);
        let symbol = unique_symbol(tree, &symbols, path)?.clone();
        let is_shared = |other: &&Symbol| other.declaration == symbol.declaration && other.path != symbol.path;
        let shared_with = symbols.iter().filter(is_shared).map(|other| other.path.clone()).collect();
        Ok(Self { tree, style: Style::of(tree.text()), symbol, ending, shared_with })
    }

    pub(super) fn text(&self) -> &'t str {
        self.tree.text()
    }

    pub(super) fn node(&self) -> Node<'t> {
        self.tree.node(self.symbol.node)
    }

    /// The blanks before the line in which the symbol begins.
    pub(super) fn indentation(&self) -> &'t str {
        blanks_of(&self.text()[line_start(self.text(), self.symbol.declaration.start as usize)..])
    }

    pub(super) fn refuse_shared(&self) -> Result<(), Outcome> {
        if self.shared_with.is_empty() {
            return Ok(());
        }
        Err(unfit(format!("the same declaration declares {} as well", self.shared_with.join(", "))))
    }

    /// The start of the line in which a span begins, when nothing but blanks is before it.
    pub(super) fn own_line_start(&self, span: Span) -> Result<usize, Outcome> {
        let start = line_start(self.text(), span.start as usize);
        let before = &self.text()[start..span.start as usize];
        if before.chars().all(|c| c.is_whitespace() || c == '\u{feff}') {
            Ok(start)
        } else {
            Err(unfit("other code stands before it in its line".to_owned()))
        }
    }

    /// The end of the line in which a span ends, before its line end, when nothing but a comment follows.
    pub(super) fn own_line_end(&self, span: Span) -> Result<usize, Outcome> {
        let end = line_end(self.text(), span.end as usize);
        let after = self.text()[span.end as usize..end].trim();
        let is_comment = if self.tree.dialect().is_python() {
            after.starts_with('#')
        } else {
            after.starts_with("//")
                || after.starts_with("/*") && after.find("*/") == Some(after.len().saturating_sub(2))
        };
        if after.is_empty() || is_comment {
            Ok(end)
        } else {
            Err(unfit("other code stands after it in its line".to_owned()))
        }
    }

    /// Whether the symbol is a statement of its own at the outermost level.
    pub(super) fn is_outermost(&self) -> bool {
        self.symbol.parent.is_none() && self.indentation().is_empty()
    }

    /// How many blank lines go between this symbol and its new neighbour.
    pub(super) fn separation(&self, content: &str) -> usize {
        let is_short = content.trim().lines().count() == 1;
        match self.symbol.kind {
            SymbolKind::Variable | SymbolKind::Type if is_short => 0,
            _ if self.tree.dialect().is_python() && self.is_outermost() => 2,
            _ => 1,
        }
    }
}

pub(super) fn unfit(detail: String) -> Outcome {
    Outcome::SymbolNotFit { detail }
}
