//! Statements that take the place of one.

use iama_syntax::{Node, Span};

use crate::edit::Edit;
use crate::python2_3::look::{indentation, line_end, line_start};

/// Lines of code, each indented as seen from the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lines(Vec<String>);

impl Lines {
    /// One statement.
    pub(super) fn one(text: impl Into<String>) -> Self {
        Self(vec![text.into()])
    }

    /// The head of a compound statement with one in its suite.
    pub(super) fn suite(head: &str, text: &str) -> Self {
        Self(vec![head.to_owned(), format!("    {text}")])
    }

    /// `try` the first statements, and on this error the second.
    pub(super) fn either(first: Vec<String>, error: &str, second: Vec<String>) -> Self {
        let indented = |texts: Vec<String>| {
            let lines =
                texts.into_iter().flat_map(|text| text.lines().map(|line| format!("    {line}")).collect::<Vec<_>>());
            lines.collect::<Vec<_>>()
        };
        let mut lines = vec!["try:".to_owned()];
        lines.extend(indented(first));
        lines.push(format!("except {error}:"));
        lines.extend(indented(second));
        Self(lines)
    }

    /// These statements and, behind them, others.
    #[must_use]
    pub(super) fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// The text, where the first line is indented already.
    pub(super) fn text(&self, indent: &str, newline: &str) -> String {
        self.0.join(&format!("{newline}{indent}"))
    }

    /// The edit that puts the lines where a statement stands. Nothing where the statement shares its line with the head of
    /// a compound one and with others.
    pub(super) fn in_place_of(&self, statement: Node<'_>) -> Option<Edit> {
        let source = statement.tree().text();
        let newline = line_end(source);
        let before = &source[line_start(statement) as usize..statement.start() as usize];
        let mut indent = indentation(statement).to_owned();
        let own_line = before.trim().is_empty();
        if !own_line && is_whole_suite(statement)? {
            indent.push_str("    ");
        }
        let head = if own_line { String::new() } else { format!("{newline}{indent}") };
        let rest = source[statement.end() as usize..].lines().next().unwrap_or("");
        let follows = rest.trim_start().strip_prefix(';').map(str::trim_start);
        let (mut end, mut tail) = (statement.end(), String::new());
        if let Some(follows) = follows.filter(|follows| !follows.is_empty() && !follows.starts_with('#')) {
            end += u32::try_from(rest.len() - follows.len()).ok()?;
            tail = format!("{newline}{indent}");
        }
        Some(Edit::replace(Span::new(statement.start(), end), format!("{head}{}{tail}", self.text(&indent, newline))))
    }
}

/// Whether a statement that shares its line stands alone behind the head of a compound one. Nothing when others stand
/// there, too.
fn is_whole_suite(statement: Node<'_>) -> Option<bool> {
    let mates = statement.parent()?.named_children().filter(|other| line_start(*other) == line_start(statement));
    let mates: Vec<_> = mates.collect();
    let first = mates.first()?;
    let begins_line = indentation(*first).len() == (first.start() - line_start(*first)) as usize;
    (begins_line || mates.len() == 1).then_some(!begins_line)
}
