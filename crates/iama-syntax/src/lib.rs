//! Languages: grammars, trees, symbols, scopes, spans and encodings.
//!
//! Everything here takes text and gives values back. No file is opened, no process started and no rewrite decided in this
//! crate: it says what a text *is*, the rooms above say what to do with it.

pub mod dialect;
pub mod line_index;
#[cfg(feature = "oracle")]
pub mod oracle;
pub mod python3;
pub mod scopes;
pub mod source;
pub mod symbols;
pub mod tree;

pub use dialect::Dialect;
pub use line_index::{LineIndex, Position};
pub use source::{SourceError, SourceText};
pub use symbols::{Symbol, SymbolKind, Symbols};
pub use tree::{Node, NodeId, Span, SyntaxTree};
