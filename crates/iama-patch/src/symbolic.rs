//! Operations that name what they change by its meaning: a symbol, a name, an import.

mod code;
mod imports;
mod place;
mod rename;
mod symbols;

use std::ops::Range;

use iama_syntax::{Dialect, Node, Symbol, Symbols, SyntaxTree};

use crate::anchor::line_of;
use crate::outcome::Outcome;
use crate::patch::Action;
use crate::working::OpenFile;

/// A replacement of some bytes of the text.
pub(crate) type Edit = (Range<usize>, String);

/// Runs one operation. Gives the first line that it touched, from 1.
pub(crate) fn run(file: &mut OpenFile, action: &Action) -> Result<u32, Outcome> {
    let dialect = file.syntax().filter(|dialect| *dialect != Dialect::Java).ok_or(Outcome::LanguageNotSupported)?;
    let tree = parse(dialect, file.text())?;
    let mut edits = edits(&tree, file, action)?;
    edits.sort_by_key(|(range, _)| range.start);
    let changed = applied(file.text(), &edits);
    refuse_new_errors(&tree, &parse(dialect, &changed)?)?;
    let line = line_of(file.text(), edits.first().map_or(0, |(range, _)| range.start));
    for (range, new) in edits.into_iter().rev() {
        file.edit(range, &new)?;
    }
    Ok(line)
}

fn parse(dialect: Dialect, text: &str) -> Result<SyntaxTree, Outcome> {
    SyntaxTree::parse(dialect, text).map_err(|_| Outcome::LanguageNotSupported)
}

fn edits(tree: &SyntaxTree, file: &OpenFile, action: &Action) -> Result<Vec<Edit>, Outcome> {
    let ending = file.line_end().map_or("\n", iama_syntax::source::LineEnding::as_str);
    let place = |symbol: &str| place::Place::of(tree, symbol, ending);
    match action {
        Action::ReplaceSymbol { symbol, content } => symbols::replace(&place(symbol)?, content),
        Action::ReplaceBody { symbol, content } => symbols::replace_body(&place(symbol)?, content),
        Action::InsertBefore { symbol, content } => symbols::insert_before(&place(symbol)?, content),
        Action::InsertAfter { symbol, content } => symbols::insert_after(&place(symbol)?, content),
        Action::DeleteSymbol { symbol } => symbols::delete(&place(symbol)?),
        Action::RenameInFile { symbol, to } => rename::rename(tree, symbol, to),
        Action::AddImport { import } => imports::add(tree, import, ending),
        Action::RemoveImport { import } => imports::remove(tree, import),
        _ => Err(Outcome::LanguageNotSupported),
    }
}

fn applied(text: &str, edits: &[Edit]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (range, new) in edits {
        out.push_str(&text[at..range.start]);
        out.push_str(new);
        at = range.end;
    }
    out + &text[at..]
}

fn refuse_new_errors(before: &SyntaxTree, after: &SyntaxTree) -> Result<(), Outcome> {
    let flaws = |tree: &SyntaxTree| tree.nodes().filter(|node| is_flaw(*node)).count();
    if flaws(after) <= flaws(before) {
        return Ok(());
    }
    let first = after.nodes().find(|node| is_flaw(*node)).map_or(0, |node| node.start() as usize);
    Err(Outcome::ResultDoesNotParse { line: line_of(after.text(), first) })
}

/// Python's grammar takes an empty block without complaint.
fn is_flaw(node: Node<'_>) -> bool {
    node.is_error()
        || node.is_missing()
        || node.tree().dialect().is_python() && node.kind() == "block" && node.named_child(0).is_none()
}

/// The one symbol with this path.
fn unique_symbol<'s>(tree: &SyntaxTree, symbols: &'s Symbols, path: &str) -> Result<&'s Symbol, Outcome> {
    let found: Vec<&Symbol> = symbols.iter().filter(|symbol| symbol.path == path).collect();
    match found[..] {
        [] => Err(Outcome::SymbolNotFound { similar: similar(symbols, path) }),
        [symbol] => {
            let node = tree.node(symbol.node);
            if node.has_error() || node.ancestors().any(Node::is_error) {
                return Err(Outcome::FileDoesNotParse { line: line_of(tree.text(), node.start() as usize) });
            }
            Ok(symbol)
        }
        _ => {
            let line = |symbol: &&Symbol| line_of(tree.text(), symbol.name.start as usize);
            Err(Outcome::SymbolAmbiguous { lines: found.iter().map(line).collect() })
        }
    }
}

/// Symbols whose path or last name resembles the wanted one.
fn similar(symbols: &Symbols, wanted: &str) -> Vec<String> {
    const SHOWN: usize = 5;
    const ALIKE: f32 = 0.6;
    let last = |path: &str| path.rsplit('.').next().unwrap_or_default().to_lowercase();
    let ratio = |a: &str, b: &str| similar::TextDiff::from_chars(a, b).ratio();
    let likeness = |path: &str| {
        let by_name = if last(path) == last(wanted) { 1.0 } else { ratio(&last(path), &last(wanted)) };
        by_name.max(ratio(&path.to_lowercase(), &wanted.to_lowercase()))
    };
    let mut ranked: Vec<(f32, &str)> =
        symbols.iter().map(|symbol| (likeness(&symbol.path), symbol.path.as_str())).collect();
    ranked.retain(|(likeness, _)| *likeness >= ALIKE);
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    ranked.dedup_by(|a, b| a.1 == b.1);
    ranked.into_iter().take(SHOWN).map(|(_, path)| path.to_owned()).collect()
}
