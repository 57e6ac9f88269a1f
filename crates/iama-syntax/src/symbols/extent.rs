//! How far a declaration reaches beyond its own node.

use crate::tree::{Node, Span};

/// The declaration with its decorators and the words of export around it.
pub(super) fn declaration(node: Node<'_>) -> Span {
    let outermost = node.ancestors().take_while(|outer| is_wrapper(*outer)).last().unwrap_or(node);
    let first = preceding(outermost).take_while(|sibling| sibling.kind() == "decorator").last();
    Span::new(first.unwrap_or(outermost).start(), end(outermost))
}

fn is_wrapper(node: Node<'_>) -> bool {
    match node.kind() {
        "decorated_definition" | "export_statement" | "ambient_declaration" => true,
        "expression_statement" => node.named_child(0).is_some_and(|inner| inner.kind() == "internal_module"),
        _ => false,
    }
}

/// A semicolon after a member of a class belongs to it; after the last of several variables it belongs to all of them.
fn end(node: Node<'_>) -> u32 {
    if node.kind() == "variable_declarator" {
        return node.end();
    }
    node.next_sibling().filter(|next| next.kind() == ";").map_or(node.end(), Node::end)
}

/// A body with the comments before its first statement. Python's grammar leaves them outside the block.
pub(super) fn body(block: Node<'_>) -> Span {
    let first = preceding(block)
        .take_while(|sibling| sibling.kind() == "comment")
        .filter(|comment| alone_from(block.tree().text(), comment.start()).is_some())
        .last();
    Span::new(first.unwrap_or(block).start(), block.end())
}

/// Where the comments directly above begin: each alone in its line, at the declaration's own column, with no blank line
/// between.
pub(super) fn comments_above(node: Node<'_>, start: u32) -> u32 {
    let text = node.tree().text();
    let Some(column) = alone_from(text, start) else { return start };
    let mut first = start;
    while let Some(comment) = comment_ending_before(node, first) {
        if alone_from(text, comment.start()) != Some(column) {
            break;
        }
        first = comment.start();
    }
    first
}

/// The column of an offset with nothing but blanks before it in its line.
fn alone_from(text: &str, offset: u32) -> Option<usize> {
    let before = &text[..offset as usize];
    let line = &before[before.rfind(['\n', '\r']).map_or(0, |at| at + 1)..];
    line.chars().all(char::is_whitespace).then_some(line.len())
}

/// The comment whose line ends right before the line of `offset`.
fn comment_ending_before(node: Node<'_>, offset: u32) -> Option<Node<'_>> {
    let text = node.tree().text();
    let before = &text[..offset as usize];
    let above = before.trim_end_matches([' ', '\t', '\x0c']);
    let above = above
        .strip_suffix('\n')
        .map(|above| above.strip_suffix('\r').unwrap_or(above))
        .or_else(|| above.strip_suffix('\r'))?;
    let end = u32::try_from(above.trim_end_matches([' ', '\t']).len()).ok()?;
    let last = node.tree().covering(Span::new(end.checked_sub(1)?, end));
    let is_comment = matches!(last.kind(), "comment" | "line_comment" | "block_comment");
    (is_comment && last.end() == end).then_some(last)
}

fn preceding(node: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    std::iter::successors(node.prev_sibling(), |sibling| sibling.prev_sibling())
}
