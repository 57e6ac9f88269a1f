//! Adding and removing imports. Only statements at the outermost level count; `require` is left alone.

mod items;

use iama_syntax::{Node, SyntaxTree};

use self::items::{Item, items_of, statement_for};
use super::Edit;
use super::code::{after_line_end, line_end, line_start, lines_to_delete};
use crate::outcome::Outcome;

/// The import goes after those that are there, `__future__` before all others. What the file imports already is left out.
pub(super) fn add(tree: &SyntaxTree, import: &str, ending: &str) -> Result<Vec<Edit>, Outcome> {
    let import = import.trim();
    let wanted = parsed(tree, import)?;
    let present: Vec<Item> =
        statements(tree).flat_map(|node| items_of(node).into_iter().map(|part| part.item)).collect();
    let missing: Vec<Item> = wanted.iter().filter(|item| !present.contains(item)).cloned().collect();
    if missing.is_empty() {
        return Ok(Vec::new());
    }
    let text = if missing.len() == wanted.len() {
        import.replace("\r\n", "\n").replace('\n', ending)
    } else {
        statement_for(&missing, import)
    };
    let is_future = missing.iter().any(|item| item.module == "__future__");
    Ok(vec![insertion(tree, &text, is_future, ending)])
}

/// The names that the import binds go; a statement that binds nothing else goes with its line.
pub(super) fn remove(tree: &SyntaxTree, import: &str) -> Result<Vec<Edit>, Outcome> {
    let unwanted = parsed(tree, import.trim())?;
    let mut edits = Vec::new();
    for statement in statements(tree) {
        let parts = items_of(statement);
        let gone: Vec<bool> = parts.iter().map(|part| unwanted.contains(&part.item)).collect();
        if gone.iter().all(|gone| *gone) {
            edits.push((own_lines(tree, statement)?, String::new()));
        } else {
            edits.extend(items::removals(tree.text(), &parts, &gone).into_iter().map(|range| (range, String::new())));
        }
    }
    Ok(edits)
}

/// What the given text imports, when it is one import statement and nothing else.
fn parsed(tree: &SyntaxTree, import: &str) -> Result<Vec<Item>, Outcome> {
    let given = super::parse(tree.dialect(), import)?;
    let mut children = given.root().children().filter(|child| child.kind() != ";");
    let (Some(statement), None) = (children.next(), children.next()) else { return Err(Outcome::NotAnImport) };
    if given.has_error() || !is_import(statement) {
        return Err(Outcome::NotAnImport);
    }
    Ok(items_of(statement).into_iter().map(|part| part.item).collect())
}

fn is_import(node: Node<'_>) -> bool {
    matches!(node.kind(), "import_statement" | "import_from_statement" | "future_import_statement")
}

fn statements(tree: &SyntaxTree) -> impl Iterator<Item = Node<'_>> {
    tree.root().named_children().filter(|node| is_import(*node))
}

/// The lines of a statement that has them to itself.
fn own_lines(tree: &SyntaxTree, statement: Node<'_>) -> Result<std::ops::Range<usize>, Outcome> {
    let text = tree.text();
    let (start, end) = (statement.start() as usize, statement.end() as usize);
    let (line, end_of_line) = (line_start(text, start), line_end(text, end));
    let after = text[end..end_of_line].trim_start_matches(';').trim();
    let is_comment = after.is_empty() || after.starts_with('#') || after.starts_with("//");
    if text[line..start].trim().is_empty() && is_comment {
        Ok(lines_to_delete(text, line, end_of_line))
    } else {
        Err(Outcome::SymbolNotFit { detail: "other code stands in the line of the import".to_owned() })
    }
}

fn insertion(tree: &SyntaxTree, statement: &str, is_future: bool, ending: &str) -> Edit {
    let text = tree.text();
    if let Some(last) = last_before(tree, is_future) {
        let end = line_end(text, last.end() as usize);
        return (end..end, format!("{ending}{statement}"));
    }
    if let Some(docstring) = prologue(tree) {
        let end = line_end(text, docstring.end() as usize);
        let rest = &text[after_line_end(text, end)..];
        let gap = if rest.trim().is_empty() || rest.starts_with(['\n', '\r']) || !is_future && starts_with_import(rest)
        {
            ""
        } else {
            ending
        };
        return (end..end, format!("{ending}{ending}{statement}{gap}"));
    }
    let at = after_header(tree);
    let rest = &text[at..];
    let gap = if rest.trim().is_empty() || starts_with_import(rest) { "" } else { ending };
    let lead = if at > 0 && !text[..at].ends_with(['\n', '\r']) { ending } else { "" };
    (at..at, format!("{lead}{statement}{ending}{gap}"))
}

fn starts_with_import(rest: &str) -> bool {
    rest.starts_with("import ") || rest.starts_with("from ")
}

/// The last import that a new one follows: of those before the first definition.
fn last_before(tree: &SyntaxTree, is_future: bool) -> Option<Node<'_>> {
    let is_definition = |node: &Node<'_>| {
        matches!(node.kind(), "decorated_definition" | "export_statement")
            || node.kind().ends_with("_definition")
            || node.kind().ends_with("_declaration") && node.kind() != "lexical_declaration"
    };
    let fits = |node: &Node<'_>| is_import(*node) && (!is_future || node.kind() == "future_import_statement");
    tree.root().named_children().take_while(|node| !is_definition(node)).filter(fits).last()
}

/// A docstring, or directives such as `"use strict"`.
fn prologue(tree: &SyntaxTree) -> Option<Node<'_>> {
    let is_string = |node: &Node<'_>| {
        node.kind() == "expression_statement" && node.named_children().all(|inner| inner.kind() == "string")
    };
    let leading = tree.root().named_children().filter(|node| node.kind() != "hash_bang_line").take_while(is_string);
    if tree.dialect().is_python() { leading.into_iter().next() } else { leading.last() }
}

/// Behind the interpreter line, the coding line and the comments that stand apart from the code.
fn after_header(tree: &SyntaxTree) -> usize {
    let text = tree.text();
    let (mut at, mut apart) = (0, 0);
    let mut line = 0;
    while at < text.len() {
        let end = line_end(text, at);
        let content = text[at..end].trim();
        let is_comment = if tree.dialect().is_python() { content.starts_with('#') } else { content.starts_with("//") };
        let is_fixed =
            line < 2 && (content.starts_with("#!") || content.starts_with('#') && content.contains("coding"));
        at = after_line_end(text, end);
        line += 1;
        if is_fixed || content.is_empty() {
            apart = at;
        }
        if !is_comment && !is_fixed {
            break;
        }
    }
    if at >= text.len() && tree.root().named_child(0).is_none() { text.len() } else { apart }
}
