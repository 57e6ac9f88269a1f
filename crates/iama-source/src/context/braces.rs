//! What languages with braces share: pieces of their text with parts of it replaced.

use iama_syntax::{LineIndex, Node, Span};

use super::outline::{Clause, Function, Piece};

/// Stands for a body.
pub(super) const BODY: &str = "{ /* ... */ }";

/// Blocks deeper than this are left out: nobody offers an interface there.
pub(super) const DEEPEST: usize = 40;

/// A part of the text and what stands in its place.
pub(super) type Cut = (Span, &'static str);

/// A text that is taken apart.
pub(super) struct Source<'t> {
    text: &'t str,
    lines: LineIndex,
}

impl<'t> Source<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, lines: LineIndex::new(text) }
    }

    /// A span as lines of its own, indented as it was.
    pub(super) fn lines(&self, span: Span, cuts: &[Cut]) -> String {
        format!("{}{}\n", self.indent(span.start), self.cut(span, cuts))
    }

    /// As [`Source::lines`], ended by a character that has to be there.
    pub(super) fn ended(&self, span: Span, cuts: &[Cut], end: char) -> String {
        let text = self.cut(span, cuts);
        // What ends a statement may stand in the next line.
        let text = text.strip_suffix(end).unwrap_or(&text).trim_end();
        format!("{}{text}{end}\n", self.indent(span.start))
    }

    /// A header up to the first character of `body`, and the end of `span` from its last.
    pub(super) fn group(&self, span: Span, body: Span, pieces: Vec<Piece>, end: &str) -> Piece {
        let mut tail = self.lines(Span::new(body.end - 1, span.end), &[]);
        if !end.is_empty() && !tail.trim_end().ends_with(end) {
            tail = format!("{}{end}\n", tail.trim_end());
        }
        Piece::Group(vec![Clause {
            header: self.lines(Span::new(span.start, body.start + 1), &[]),
            lead: "",
            pieces,
            filler: String::new(),
            tail,
        }])
    }

    /// A function with its text in both forms.
    pub(super) fn function(&self, path: String, start: u32, stub: String, whole: String) -> Piece {
        Piece::Function(Function { path, line: self.lines.position(start).line, stub, whole })
    }

    /// The text of a span with cuts in it, which lie in the order of the text and do not overlap.
    pub(super) fn cut(&self, span: Span, cuts: &[Cut]) -> String {
        let mut out = String::new();
        let mut at = span.start;
        for (cut, instead) in cuts.iter().filter(|(cut, _)| span.contains(*cut)) {
            out.push_str(&self.text[at as usize..cut.start as usize]);
            out.push_str(instead);
            at = cut.end;
        }
        out.push_str(&self.text[at as usize..span.end as usize]);
        out.truncate(out.trim_end().len());
        out
    }

    fn indent(&self, start: u32) -> &'t str {
        let before = &self.text[..start as usize];
        let line = &before[before.rfind('\n').map_or(0, |newline| newline + 1)..];
        &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
    }
}

/// Children of a block, each with where it begins: at its documentation or its first decorator.
pub(super) fn with_documentation(block: Node<'_>) -> Vec<(Node<'_>, u32)> {
    let mut found = Vec::new();
    let mut start = None;
    for child in block.children() {
        match child.kind() {
            "comment" | "block_comment" if child.text().starts_with("/**") => start = Some(child.start()),
            "decorator" => start = start.or(Some(child.start())),
            "comment" | "line_comment" | "block_comment" => start = None,
            _ if child.is_named() => found.push((child, start.take().unwrap_or(child.start()))),
            _ => start = None,
        }
    }
    found
}

pub(super) fn joined(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
