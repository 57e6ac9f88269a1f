//! Tabs and spaces that Python 3 refuses to mix.

use iama_syntax::line_index::indentation_width;
use iama_syntax::{Node, Span, SyntaxTree};

use super::look::line_start;
use crate::context::Context;
use crate::edit::Edit;
use crate::recipe::{Class, Findings, Recipe, Strategy};

pub(super) const RECIPES: [Recipe; 1] = [Recipe {
    id: "mixed-indentation",
    title: "tabs mixed with spaces",
    class: Class::Safe,
    strategy: Strategy::Conservative,
    why: "Python 2 reads a tab as going to the next multiple of eight; Python 3 refuses indentation that depends on it.",
    before: "if a:\n        b()\n\tc()",
    after: "if a:\n        b()\n        c()",
    kinds: &["module"],
    visit: mixed_indentation,
}];

/// A line that begins a statement or a clause, by its white space.
struct Line<'t> {
    start: u32,
    blank: &'t str,
    /// Whether it is the first of its block.
    opens: bool,
}

fn mixed_indentation(_: &Context<'_>, node: Node<'_>, found: &mut Findings) {
    let text = node.tree().text();
    if !text.contains('\t') {
        return;
    }
    let lines = logical_lines(node);
    if is_consistent(&lines) {
        return;
    }
    let edits = lines.iter().filter(|line| line.blank.contains('\t')).map(|line| {
        let end = line.start + u32::try_from(line.blank.len()).unwrap_or(0);
        Edit::replace(Span::new(line.start, end), " ".repeat(indentation_width(line.blank)))
    });
    found.safe(node, edits.collect());
}

fn logical_lines(root: Node<'_>) -> Vec<Line<'_>> {
    let text = root.tree().text();
    let mut lines: Vec<Line<'_>> = Vec::new();
    let follows_blank = |node: &Node<'_>| {
        let before = node.start().checked_sub(1).map(|at| text.as_bytes()[at as usize]);
        before.is_none_or(|byte| matches!(byte, b' ' | b'\t' | b'\x0c' | b'\n' | b'\r'))
    };
    for node in root.descendants().filter(|node| follows_blank(node) && begins_a_line(*node)) {
        let start = line_start(node);
        let blank = &text[start as usize..node.start() as usize];
        if blank.trim_start_matches([' ', '\t', '\u{c}']).is_empty()
            && lines.last().is_none_or(|last| last.start != start)
        {
            lines.push(Line { start, blank, opens: opens_a_block(node) });
        }
    }
    lines
}

fn opens_a_block(node: Node<'_>) -> bool {
    let block = node.parent().filter(|parent| matches!(parent.kind(), "block" | "module"));
    block.and_then(|block| block.named_children().find(|child| !child.is_extra())).is_some_and(|first| first == node)
}

fn begins_a_line(node: Node<'_>) -> bool {
    let clause =
        |kind| matches!(kind, "else_clause" | "elif_clause" | "except_clause" | "finally_clause" | "decorator");
    let statement = |parent: Node<'_>| matches!(parent.kind(), "block" | "module" | "decorated_definition");
    node.is_named() && !node.is_extra() && (clause(node.kind()) || node.parent().is_some_and(statement))
}

/// The first line that goes back to where no line around it began: no Python reads that, though the grammars do. Columns
/// are counted with tabs that go to the next multiple of eight.
pub(super) fn lost_dedent(tree: &SyntaxTree) -> Option<u32> {
    let mut open: Vec<usize> = vec![0];
    for line in logical_lines(tree.root()) {
        let wide = indentation_width(line.blank.rsplit('\u{c}').next().unwrap_or(""));
        while open.last().is_some_and(|outer| *outer > wide) {
            open.pop();
        }
        match open.last() {
            Some(outer) if *outer == wide => {}
            _ if line.opens => open.push(wide),
            _ => return Some(line.start),
        }
    }
    None
}

/// Whether every line compares with the ones around it in the same way, whatever the width of a tab.
fn is_consistent(lines: &[Line<'_>]) -> bool {
    let mut stack: Vec<(usize, usize)> = vec![(0, 0)];
    for line in lines {
        let blank = line.blank.rsplit('\u{c}').next().unwrap_or("");
        let (wide, narrow) = (indentation_width(blank), blank.len());
        while stack.last().is_some_and(|(outer, _)| *outer > wide) {
            stack.pop();
        }
        let Some(&(outer_wide, outer_narrow)) = stack.last() else { return true };
        if (wide == outer_wide) != (narrow == outer_narrow) || (wide > outer_wide) != (narrow > outer_narrow) {
            return false;
        }
        if wide > outer_wide {
            stack.push((wide, narrow));
        }
    }
    true
}
