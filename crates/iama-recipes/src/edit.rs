//! Edits as data: which bytes of one text go, what stands in their place, and which of the old bytes are kept inside.
//!
//! An edit that keeps parts of what it replaces lets other edits work within these parts, so that `print map(f, d.keys())`
//! is rewritten by three recipes in one round.

use iama_syntax::Span;

/// A part of a replacement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// New text.
    New(String),
    /// Bytes of the old text, with whatever other edits do to them.
    Keep(Span),
}

/// One replacement. Nothing outside `span` changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The bytes that are replaced.
    pub span: Span,
    /// What stands there afterwards.
    pub pieces: Vec<Piece>,
}

impl Edit {
    /// Replaces `span` by `text`.
    pub fn replace(span: Span, text: impl Into<String>) -> Self {
        Self { span, pieces: vec![Piece::New(text.into())] }
    }

    /// Removes `span`.
    pub fn delete(span: Span) -> Self {
        Self { span, pieces: Vec::new() }
    }

    /// Puts `text` before the byte at `at`.
    pub fn insert(at: u32, text: impl Into<String>) -> Self {
        Self::replace(Span::empty(at), text)
    }

    /// Keeps `span` and puts text on both sides of it.
    pub fn wrap(span: Span, before: impl Into<String>, after: impl Into<String>) -> Self {
        Self { span, pieces: vec![Piece::New(before.into()), Piece::Keep(span), Piece::New(after.into())] }
    }

    /// Replaces `span` by these pieces.
    pub fn pieces(span: Span, pieces: Vec<Piece>) -> Self {
        Self { span, pieces }
    }

    /// Whether the edit leaves its inside to `inner`. An insertion at the edge of a kept part stays outside.
    fn hosts(&self, inner: &Self) -> bool {
        let at = inner.span;
        let kept = |piece: &Piece| match piece {
            Piece::Keep(span) if at.is_empty() => span.start < at.start && at.end < span.end,
            Piece::Keep(span) => span.contains(at),
            Piece::New(_) => false,
        };
        self.span != at && self.pieces.iter().any(kept)
    }

    /// Whether the two can't both be carried out.
    pub fn conflicts(&self, other: &Self) -> bool {
        let (a, b) = (self.span, other.span);
        let apart = a.end <= b.start || b.end <= a.start;
        // Which of two insertions at one point would come first is not said by the spans.
        let same_point = a.is_empty() && a == b;
        (!apart || same_point) && !self.hosts(other) && !other.hosts(self)
    }
}

/// Where bytes of a text come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Bytes of the original text, from this offset on.
    Source(u32),
    /// Bytes that a recipe wrote; the number is the caller's.
    Written(u16),
}

/// A run of bytes with one origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// Where the run begins in the present text.
    pub start: u32,
    /// Its length in bytes.
    pub len: u32,
    /// Where it comes from.
    pub origin: Origin,
}

/// A text together with the origin of each of its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger {
    text: String,
    segments: Vec<Segment>,
}

/// A region of the original text that is different now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The bytes of the original that are gone; empty for an insertion.
    pub span: Span,
    /// What stands there now.
    pub text: String,
    /// The numbers of the recipes that wrote some of it, sorted.
    pub writers: Vec<u16>,
}

impl Ledger {
    /// A text that nobody has changed yet.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        let len = offset(text.len());
        Self { text, segments: vec![Segment { start: 0, len, origin: Origin::Source(0) }] }
    }

    /// The present text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The runs of the present text, in order.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Whether a recipe wrote any byte of `span`.
    pub fn is_written(&self, span: Span) -> bool {
        self.runs(span).any(|segment| matches!(segment.origin, Origin::Written(_)))
    }

    /// Whether recipes wrote every byte of `span`.
    pub fn is_all_written(&self, span: Span) -> bool {
        self.runs(span).all(|segment| matches!(segment.origin, Origin::Written(_)))
    }

    /// The smallest range of the original that `span` of the present text stands for.
    pub fn source_span(&self, span: Span) -> Span {
        let mut sources = self.runs(span).filter_map(|segment| match segment.origin {
            Origin::Source(at) => {
                let from = span.start.max(segment.start);
                let to = span.end.min(segment.start + segment.len);
                Some(Span::new(at + (from - segment.start), at + (to - segment.start)))
            }
            Origin::Written(_) => None,
        });
        let Some(first) = sources.next() else { return Span::empty(self.source_before(span.start)) };
        sources.fold(first, |all, next| Span::new(all.start.min(next.start), all.end.max(next.end)))
    }

    fn source_before(&self, at: u32) -> u32 {
        let count = self.segments.partition_point(|segment| segment.start <= at);
        let found = self.segments[..count].iter().rev().find_map(|segment| match segment.origin {
            Origin::Source(source) => Some(source + segment.len.min(at - segment.start)),
            Origin::Written(_) => None,
        });
        found.unwrap_or(0)
    }

    fn runs(&self, span: Span) -> impl Iterator<Item = &Segment> {
        let first = self.segments.partition_point(|segment| segment.start + segment.len <= span.start);
        self.segments[first..].iter().take_while(move |segment| segment.start < span.end || segment.start == span.start)
    }

    /// Carries out edits that do not conflict with each other. Each comes with the number of its recipe.
    #[must_use]
    pub fn apply(&self, mut edits: Vec<(Edit, u16)>) -> Self {
        // An insertion comes before what begins at its place; otherwise the outer edit before the inner one.
        edits.sort_by_key(|(edit, _)| (edit.span.start, !edit.span.is_empty(), std::cmp::Reverse(edit.span.end)));
        let mut next = Self { text: String::with_capacity(self.text.len() + 64), segments: Vec::new() };
        self.render(Span::new(0, offset(self.text.len())), &edits, &mut next);
        next
    }

    fn render(&self, span: Span, edits: &[(Edit, u16)], out: &mut Self) {
        let mut at = span.start;
        let mut rest = edits;
        while let Some(((edit, recipe), after)) = rest.split_first() {
            let inside = after.iter().take_while(|(inner, _)| edit.hosts(inner)).count();
            let (inner, later) = after.split_at(inside);
            self.copy(Span::new(at, edit.span.start), out);
            for piece in &edit.pieces {
                match piece {
                    Piece::New(text) => out.push(text, Origin::Written(*recipe)),
                    Piece::Keep(kept) => self.render(*kept, within(inner, *kept), out),
                }
            }
            at = edit.span.end;
            rest = later;
        }
        self.copy(Span::new(at, span.end), out);
    }

    fn copy(&self, span: Span, out: &mut Self) {
        for segment in self.runs(span) {
            let from = span.start.max(segment.start);
            let to = span.end.min(segment.start + segment.len);
            if from < to {
                let origin = match segment.origin {
                    Origin::Source(at) => Origin::Source(at + (from - segment.start)),
                    written @ Origin::Written(_) => written,
                };
                out.push(&self.text[from as usize..to as usize], origin);
            }
        }
    }

    fn push(&mut self, text: &str, origin: Origin) {
        if text.is_empty() {
            return;
        }
        let (start, len) = (offset(self.text.len()), offset(text.len()));
        self.text.push_str(text);
        if let Some(last) = self.segments.last_mut() {
            let joins = match (last.origin, origin) {
                (Origin::Source(a), Origin::Source(b)) => a + last.len == b,
                (a, b) => a == b,
            };
            if joins {
                last.len += len;
                return;
            }
        }
        self.segments.push(Segment { start, len, origin });
    }

    /// What is different from the original, as replacements of disjoint, ascending ranges of it. Bytes that moved count as
    /// gone from one place and new at the other.
    pub fn changes(&self, source_len: u32) -> Vec<Change> {
        let mut changes = Vec::new();
        let mut next = Change { span: Span::empty(0), text: String::new(), writers: Vec::new() };
        for segment in &self.segments {
            let here = &self.text[segment.start as usize..(segment.start + segment.len) as usize];
            match segment.origin {
                Origin::Source(at) if at >= next.span.start => {
                    next.span.end = at;
                    let empty =
                        Change { span: Span::empty(at + segment.len), text: String::new(), writers: Vec::new() };
                    push_change(&mut changes, std::mem::replace(&mut next, empty));
                }
                Origin::Source(_) => next.text.push_str(here),
                Origin::Written(writer) => {
                    next.text.push_str(here);
                    next.writers.push(writer);
                }
            }
        }
        next.span.end = source_len;
        push_change(&mut changes, next);
        changes
    }
}

fn push_change(changes: &mut Vec<Change>, mut change: Change) {
    if !change.span.is_empty() || !change.text.is_empty() {
        change.writers.sort_unstable();
        change.writers.dedup();
        changes.push(change);
    }
}

/// The sorted edits that lie in a kept range.
fn within(edits: &[(Edit, u16)], kept: Span) -> &[(Edit, u16)] {
    let first = edits.partition_point(|(edit, _)| edit.span.start < kept.start);
    let count = edits[first..].iter().take_while(|(edit, _)| kept.contains(edit.span)).count();
    &edits[first..first + count]
}

#[expect(clippy::cast_possible_truncation, reason = "the syntax tree refuses texts above 4 GiB")]
const fn offset(value: usize) -> u32 {
    value as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rebuilt(source: &str, changes: &[Change]) -> String {
        let mut text = source.to_owned();
        for change in changes.iter().rev() {
            text.replace_range(change.span.range(), &change.text);
        }
        text
    }

    #[test]
    fn edits_inside_kept_parts_compose_in_one_round() {
        let source = "print map(f, d)";
        let outer = Edit::pieces(
            Span::new(0, 15),
            vec![Piece::New("print(".into()), Piece::Keep(Span::new(6, 15)), Piece::New(")".into())],
        );
        let inner = Edit::wrap(Span::new(6, 15), "list(", ")");
        let innermost = Edit::replace(Span::new(13, 14), "e");
        assert!(!outer.conflicts(&inner) && !inner.conflicts(&innermost));
        let ledger = Ledger::new(source).apply(vec![(innermost, 2), (outer, 0), (inner, 1)]);
        assert_eq!(ledger.text(), "print(list(map(f, e)))");
        assert_eq!(rebuilt(source, &ledger.changes(15)), ledger.text());
    }

    #[test]
    fn operands_may_swap_places_and_are_still_accounted_for() {
        let source = "d.has_key(kk)";
        let edit = Edit::pieces(
            Span::new(0, 13),
            vec![Piece::Keep(Span::new(10, 12)), Piece::New(" in ".into()), Piece::Keep(Span::new(0, 1))],
        );
        let once = Ledger::new(source).apply(vec![(edit, 7), (Edit::replace(Span::new(10, 12), "x"), 8)]);
        assert_eq!(once.text(), "x in d");
        let twice = once.apply(vec![(Edit::insert(6, ".e"), 9)]);
        assert_eq!(twice.text(), "x in d.e");
        assert_eq!(rebuilt(source, &twice.changes(13)), "x in d.e");
        assert!(twice.is_written(Span::new(0, 1)) && !twice.is_written(Span::new(5, 6)));
    }

    #[test]
    fn overlapping_edits_conflict_and_neighbours_do_not() {
        let a = Edit::replace(Span::new(0, 4), "x");
        assert!(a.conflicts(&Edit::replace(Span::new(3, 5), "y")));
        assert!(a.conflicts(&Edit::delete(Span::new(1, 2))));
        assert!(!a.conflicts(&Edit::delete(Span::new(4, 6))));
        assert!(Edit::insert(4, "p").conflicts(&Edit::insert(4, "q")));
    }
}
