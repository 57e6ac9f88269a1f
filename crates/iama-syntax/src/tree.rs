//! One immutable tree over one text: a flat arena in preorder, without lifetimes of a foreign parser.
//!
//! A node's children directly follow it and its subtree ends where the next sibling begins, so that parents, children and
//! siblings are index arithmetic. Every dialect yields the same shape.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use tree_sitter::{Parser, TreeCursor};

use crate::dialect::{Dialect, ERROR_KIND, Grammar};

/// A half-open range of byte offsets into the tree's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The first byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
}

impl Span {
    /// The span from `start` up to, not including, `end`.
    pub const fn new(start: u32, end: u32) -> Self {
        Self { start, end }
    }

    /// An empty span, as an insertion uses it.
    pub const fn empty(at: u32) -> Self {
        Self { start: at, end: at }
    }

    /// Length in bytes.
    pub const fn len(self) -> u32 {
        self.end - self.start
    }

    /// Whether no byte lies within.
    pub const fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// Whether `other` lies within this span, edges included.
    pub const fn contains(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// The bytes as a range for slicing.
    pub const fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A node's place in the arena: its rank in preorder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub u32);

#[derive(Debug, Clone, Copy)]
struct NodeData {
    kind: u16,
    field: u16,
    start: u32,
    end: u32,
    parent: u32,
    subtree_end: u32,
    flags: u8,
}

const NAMED: u8 = 1;
const MISSING: u8 = 2;
const EXTRA: u8 = 4;
const HAS_ERROR: u8 = 8;

/// A text and its tree. Cheap to clone; never changes.
#[derive(Clone)]
pub struct SyntaxTree {
    dialect: Dialect,
    grammar: &'static Grammar,
    text: Arc<str>,
    nodes: Arc<Vec<NodeData>>,
}

/// A text that cannot be parsed at all. Bad syntax is no such case: it yields a tree with error nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Offsets are 32 bits wide.
    #[error("the text is longer than 4 GiB")]
    TooLong,
    /// The grammar and the parser library do not fit together.
    #[error("the grammar was made for another parser version")]
    Grammar,
}

thread_local! {
    /// One for all texts of a thread: what it sets up for one text serves the next.
    static PARSER: RefCell<Parser> = RefCell::new(Parser::new());
}

impl SyntaxTree {
    /// Parses `text`. A carriage return without a line feed ends a line, as it does for `CPython` and the ECMAScript grammar.
    pub fn parse(dialect: Dialect, text: impl Into<Arc<str>>) -> Result<Self, ParseError> {
        let text: Arc<str> = text.into();
        if u32::try_from(text.len()).is_err() {
            return Err(ParseError::TooLong);
        }
        let grammar = dialect.grammar();
        let tree = PARSER.with_borrow_mut(|parser| {
            parser.set_language(grammar.language).map_err(|_| ParseError::Grammar)?;
            let tree = match line_feed_view(&text) {
                Some(view) => parser.parse(view, None),
                None => parser.parse(&*text, None),
            };
            tree.ok_or(ParseError::Grammar)
        })?;
        let nodes = Arc::new(flatten(&mut tree.walk(), grammar, text.len() / 4));
        Ok(Self { dialect, grammar, text, nodes })
    }

    /// The dialect it was parsed with.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The grammar's name tables.
    pub fn grammar(&self) -> &'static Grammar {
        self.grammar
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text, shared.
    pub fn shared_text(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }

    /// The text of a span.
    pub fn slice(&self, span: Span) -> &str {
        &self.text[span.range()]
    }

    /// The outermost node.
    pub fn root(&self) -> Node<'_> {
        Node { tree: self, id: NodeId(0) }
    }

    /// The node at a place in the arena.
    ///
    /// # Panics
    /// When `id` was taken from another, larger tree and the node is used.
    pub fn node(&self, id: NodeId) -> Node<'_> {
        Node { tree: self, id }
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Never: a tree has a root.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Every node in preorder.
    pub fn nodes(&self) -> impl DoubleEndedIterator<Item = Node<'_>> + ExactSizeIterator {
        (0..index(self.nodes.len())).map(|id| Node { tree: self, id: NodeId(id) })
    }

    /// Whether some text was not accepted by the grammar.
    pub fn has_error(&self) -> bool {
        self.root().has_error()
    }

    /// The first place that the grammar did not accept.
    pub fn first_error(&self) -> Option<Node<'_>> {
        if self.has_error() { self.nodes().find(|node| node.is_error() || node.is_missing()) } else { None }
    }

    /// The innermost node that covers a span.
    pub fn covering(&self, span: Span) -> Node<'_> {
        let mut node = self.root();
        while let Some(child) = node.children().find(|child| child.span().contains(span)) {
            node = child;
        }
        node
    }
}

impl fmt::Debug for SyntaxTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SyntaxTree({}, {} nodes)", self.dialect.name(), self.nodes.len())
    }
}

/// Bare carriage returns as line feeds, at the same offsets; nothing when there are none.
fn line_feed_view(text: &str) -> Option<Vec<u8>> {
    let bytes = text.as_bytes();
    let bare = |at: usize| bytes[at] == b'\r' && bytes.get(at + 1) != Some(&b'\n');
    if !bytes.contains(&b'\r') || !(0..bytes.len()).any(bare) {
        return None;
    }
    Some((0..bytes.len()).map(|at| if bare(at) { b'\n' } else { bytes[at] }).collect())
}

#[expect(clippy::cast_possible_truncation, reason = "parse refuses texts above 4 GiB, so every offset and count fits")]
const fn index(value: usize) -> u32 {
    value as u32
}

fn flatten(cursor: &mut TreeCursor<'_>, grammar: &Grammar, expected: usize) -> Vec<NodeData> {
    let mut nodes: Vec<NodeData> = Vec::with_capacity(expected);
    let mut parents: Vec<u32> = Vec::new();
    // Where nothing is wrong no node needs to be asked.
    let is_sound = !cursor.node().has_error();
    loop {
        let id = index(nodes.len());
        let node = cursor.node();
        nodes.push(node_data(cursor, node, grammar, is_sound, parents.last().copied().unwrap_or(0)));
        // Most nodes are leaves, and the count is at hand.
        if node.child_count() > 0 && cursor.goto_first_child() {
            parents.push(id);
            continue;
        }
        nodes[id as usize].subtree_end = id + 1;
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return nodes;
            }
            if let Some(parent) = parents.pop() {
                nodes[parent as usize].subtree_end = index(nodes.len());
            }
        }
    }
}

fn node_data(
    cursor: &TreeCursor<'_>,
    node: tree_sitter::Node<'_>,
    grammar: &Grammar,
    is_sound: bool,
    parent: u32,
) -> NodeData {
    let kind = node.kind_id();
    let mut flags = 0;
    let is_named = grammar.is_named(kind);
    for (set, flag) in [
        (is_named, NAMED),
        (!is_sound && node.is_missing(), MISSING),
        // What may stand anywhere has a rule, but for tokens that the parser skipped.
        ((is_named || !is_sound) && node.is_extra(), EXTRA),
        (!is_sound && node.has_error(), HAS_ERROR),
    ] {
        if set {
            flags |= flag;
        }
    }
    NodeData {
        kind,
        field: cursor.field_id().map_or(0, std::num::NonZero::get),
        start: index(node.start_byte()),
        end: index(node.end_byte()),
        parent,
        subtree_end: 0,
        flags,
    }
}

/// A node of a tree: a place in the arena, free to copy.
#[derive(Clone, Copy)]
pub struct Node<'t> {
    tree: &'t SyntaxTree,
    id: NodeId,
}

impl PartialEq for Node<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && std::ptr::eq(self.tree, other.tree)
    }
}

impl Eq for Node<'_> {}

impl<'t> Node<'t> {
    #[inline]
    fn data(self) -> &'t NodeData {
        &self.tree.nodes[self.id.0 as usize]
    }

    #[inline]
    fn at(self, id: u32) -> Self {
        Self { tree: self.tree, id: NodeId(id) }
    }

    /// Its place in the arena.
    #[inline]
    pub fn id(self) -> NodeId {
        self.id
    }

    /// The tree it belongs to.
    #[inline]
    pub fn tree(self) -> &'t SyntaxTree {
        self.tree
    }

    /// The name of its grammar rule, or the token's text; `"ERROR"` where no rule fits.
    #[inline]
    pub fn kind(self) -> &'static str {
        self.tree.grammar.kind_name(self.data().kind)
    }

    /// The number of its grammar rule within its dialect.
    #[inline]
    pub fn kind_id(self) -> u16 {
        self.data().kind
    }

    /// The field that it fills in its parent; empty for none.
    #[inline]
    pub fn field_name(self) -> &'static str {
        self.tree.grammar.field_name(self.data().field)
    }

    /// Its bytes.
    #[inline]
    pub fn span(self) -> Span {
        Span::new(self.data().start, self.data().end)
    }

    /// Its first byte.
    #[inline]
    pub fn start(self) -> u32 {
        self.data().start
    }

    /// The byte after its last.
    #[inline]
    pub fn end(self) -> u32 {
        self.data().end
    }

    /// Its text.
    #[inline]
    pub fn text(self) -> &'t str {
        &self.tree.text[self.span().range()]
    }

    /// Whether a grammar rule made it, rather than a literal token.
    #[inline]
    pub fn is_named(self) -> bool {
        self.data().flags & NAMED != 0
    }

    /// Whether the parser put it in although the text lacks it.
    #[inline]
    pub fn is_missing(self) -> bool {
        self.data().flags & MISSING != 0
    }

    /// Whether it may stand anywhere, as comments may.
    #[inline]
    pub fn is_extra(self) -> bool {
        self.data().flags & EXTRA != 0
    }

    /// Whether no rule accepts its text.
    #[inline]
    pub fn is_error(self) -> bool {
        self.data().kind == ERROR_KIND
    }

    /// Whether it or something below it was not accepted.
    #[inline]
    pub fn has_error(self) -> bool {
        self.data().flags & HAS_ERROR != 0
    }

    /// The node around it; nothing for the root.
    #[inline]
    pub fn parent(self) -> Option<Self> {
        (self.id.0 != 0).then(|| self.at(self.data().parent))
    }

    /// The nodes around it, innermost first.
    #[inline]
    pub fn ancestors(self) -> impl Iterator<Item = Self> {
        std::iter::successors(self.parent(), |node| node.parent())
    }

    /// Its children, tokens and comments included.
    #[inline]
    pub fn children(self) -> impl Iterator<Item = Self> {
        let end = self.data().subtree_end;
        let first = (self.id.0 + 1 < end).then(|| self.at(self.id.0 + 1));
        std::iter::successors(first, move |child| {
            let next = child.data().subtree_end;
            (next < end).then(|| child.at(next))
        })
    }

    /// Its children that a grammar rule made, without comments.
    #[inline]
    pub fn named_children(self) -> impl Iterator<Item = Self> {
        self.children().filter(|child| child.is_named() && !child.is_extra())
    }

    /// Its named child with this rank.
    #[inline]
    pub fn named_child(self, rank: usize) -> Option<Self> {
        self.named_children().nth(rank)
    }

    /// Its first child in a field.
    #[inline]
    pub fn field(self, name: &str) -> Option<Self> {
        self.children().find(|child| child.data().field != 0 && child.field_name() == name)
    }

    /// All its children in a field.
    #[inline]
    pub fn fields(self, name: &'t str) -> impl Iterator<Item = Self> {
        self.children().filter(move |child| child.data().field != 0 && child.field_name() == name)
    }

    /// Its first child of a kind, tokens included.
    #[inline]
    pub fn child_of_kind(self, kind: &str) -> Option<Self> {
        self.children().find(|child| child.kind() == kind)
    }

    /// The sibling after it.
    #[inline]
    pub fn next_sibling(self) -> Option<Self> {
        let parent = self.parent()?;
        let next = self.data().subtree_end;
        (next < parent.data().subtree_end).then(|| self.at(next))
    }

    /// The sibling before it. Linear in the number of siblings.
    #[inline]
    pub fn prev_sibling(self) -> Option<Self> {
        self.parent()?.children().take_while(|child| *child != self).last()
    }

    /// It and everything below it, in preorder.
    #[inline]
    pub fn descendants(self) -> impl Iterator<Item = Self> {
        (self.id.0..self.data().subtree_end).map(move |id| self.at(id))
    }

    /// Whether `other` is this node or lies below it.
    #[inline]
    pub fn encloses(self, other: Self) -> bool {
        self.id.0 <= other.id.0 && other.id.0 < self.data().subtree_end
    }
}

impl fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}..{}]", self.kind(), self.start(), self.end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_parents_and_siblings_agree_with_each_other() {
        let tree = SyntaxTree::parse(Dialect::Python3, "def f(a, b=1):\n    return g(a)[b]  # c\n").unwrap();
        for node in tree.nodes() {
            for child in node.children() {
                assert_eq!(child.parent(), Some(node));
                assert!(node.span().contains(child.span()));
                assert_eq!(child.next_sibling().and_then(Node::prev_sibling), child.next_sibling().map(|_| child));
            }
        }
        let function = tree.root().named_child(0).unwrap();
        assert_eq!((function.kind(), function.field("name").unwrap().text()), ("function_definition", "f"));
    }

    #[test]
    fn bare_carriage_returns_end_lines_and_keep_offsets() {
        let tree = SyntaxTree::parse(Dialect::Python3, "a = 1\rb = 2\r\nc = 3\n").unwrap();
        let starts: Vec<_> = tree.root().named_children().map(Node::start).collect();
        assert_eq!((tree.has_error(), starts), (false, vec![0, 6, 13]));
    }

    #[test]
    fn nesting_of_any_depth_is_walked_without_recursion() {
        let text = format!("x = {}1{}\n", "(".repeat(5000), ")".repeat(5000));
        let tree = SyntaxTree::parse(Dialect::Python3, text.as_str()).unwrap();
        assert!(tree.len() > 10_000);
    }
}
