//! What a file declares, how involved it is, and which of it others may use.

use iama_recipes::Pair;
use iama_recipes::pair::Reading;
use iama_syntax::symbols::{Symbol, SymbolKind, Symbols};
use iama_syntax::{LineIndex, Span, SyntaxTree};

/// Nodes at which a way through a function forks, in the grammars that are known.
const FORKS: [&str; 14] = [
    "if_statement",
    "elif_clause",
    "for_statement",
    "for_in_statement",
    "while_statement",
    "do_statement",
    "except_clause",
    "catch_clause",
    "case_clause",
    "switch_case",
    "conditional_expression",
    "ternary_expression",
    "boolean_operator",
    "if_clause",
];

/// A declaration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    /// Its name, with those around it.
    pub(crate) name: String,
    /// From 1.
    pub(crate) line: u32,
    pub(crate) whole: Span,
    /// The declaration without its body.
    pub(crate) head: Span,
    pub(crate) is_function: bool,
    /// The rank of the name by which others get at it; nothing where they can't or shouldn't.
    pub(crate) public: Option<usize>,
    /// Forks that belong to it and to no function inside.
    pub(crate) forks: usize,
}

/// The declarations of a file, each before those within it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) declared: Vec<Shown>,
    /// Places that make a list and make none in the target language with the same words.
    pub(crate) lists: usize,
}

impl Shape {
    /// Reads a text of the source language; nothing is declared in other texts.
    pub(crate) fn of(pair: &Pair, path: &str, text: &str) -> Self {
        if (pair.plain)(path).is_some() {
            return Self::default();
        }
        let Reading::Source(tree) = (pair.read)(text) else { return Self::default() };
        let symbols = Symbols::of(&tree);
        let lines = LineIndex::new(text);
        let mut shape = Self {
            declared: symbols.iter().enumerate().map(|(rank, one)| shown(&symbols, &lines, rank, one)).collect(),
            lists: tree.nodes().filter(|node| node.is_named() && (pair.makes_list)(*node)).count(),
        };
        shape.count_forks(&tree);
        shape
    }

    fn count_forks(&mut self, tree: &SyntaxTree) {
        let kinds: Vec<bool> = (0u16..)
            .take(tree.grammar().kind_count())
            .map(|id| FORKS.contains(&tree.grammar().kind_name(id)))
            .collect();
        let forks =
            tree.nodes().filter(|node| node.is_named() && kinds.get(usize::from(node.kind_id())) == Some(&true));
        for span in forks.map(iama_syntax::Node::span) {
            if let Some(rank) = self.function_at(span) {
                self.declared[rank].forks += 1;
            }
        }
    }

    /// The innermost function around a span.
    pub(crate) fn function_at(&self, span: Span) -> Option<usize> {
        self.innermost(span, |shown| shown.is_function)
    }

    /// The innermost declaration around a span.
    pub(crate) fn name_at(&self, span: Span) -> Option<usize> {
        self.innermost(span, |_| true)
    }

    fn innermost(&self, span: Span, wanted: impl Fn(&Shown) -> bool) -> Option<usize> {
        self.declared.iter().rposition(|shown| wanted(shown) && shown.whole.contains(span))
    }

    /// How many public names there are.
    pub(crate) fn public_names(&self) -> usize {
        self.declared.iter().enumerate().filter(|(rank, shown)| shown.public == Some(*rank)).count()
    }
}

fn shown(symbols: &Symbols, lines: &LineIndex, rank: usize, symbol: &Symbol) -> Shown {
    let head = Span::new(symbol.declaration.start, symbol.body.map_or(symbol.declaration.end, |body| body.start));
    Shown {
        name: symbol.path.clone(),
        line: lines.line(symbol.name.start),
        whole: symbol.span,
        head,
        is_function: matches!(symbol.kind, SymbolKind::Function | SymbolKind::Method),
        public: public(symbols, rank),
        forks: 0,
    }
}

/// What is declared within a function is a part of it; a name with a leading underscore is nobody else's, a special one is
/// everybody's.
fn public(symbols: &Symbols, rank: usize) -> Option<usize> {
    let (mut at, mut found) = (Some(rank), rank);
    while let Some(symbol) = at.and_then(|rank| symbols.get(rank)) {
        let around = symbol.parent;
        if around.and_then(|rank| symbols.get(rank)).is_some_and(is_function) {
            found = around.unwrap_or(found);
        }
        at = around;
    }
    let path = &symbols.get(found)?.path;
    let is_special = |part: &str| part.starts_with("__") && part.ends_with("__");
    path.split('.').all(|part| !part.starts_with('_') || is_special(part)).then_some(found)
}

fn is_function(symbol: &Symbol) -> bool {
    matches!(symbol.kind, SymbolKind::Function | SymbolKind::Method)
}
