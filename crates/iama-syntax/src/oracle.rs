//! A Python 2 tree told in the words of `CPython`'s own `ast`, and the comparison with what `CPython` 2.7 says itself.
//!
//! Only for checks (feature `oracle`): the comparison starts an interpreter and reads files, which nothing else in this
//! crate does.
//!
//! Three things that `ast` itself tells imprecisely are told alike on both sides: a minus sign before a number is part of
//! the number, the step of `a[::]` is absent, and the values of numbers and strings are not compared.

mod compare;
mod details;
mod expressions;
mod scopes;

pub use compare::{Difference, Report, compare, compare_scopes, library};
pub use scopes::scopes;

use crate::line_index::LineIndex;
use crate::tree::{Node, SyntaxTree};

/// One statement, or one except clause, as `ast` describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The class name in `ast`.
    pub kind: String,
    /// The line, from 1, of its first token; of that token's last line when it is a string over several lines.
    pub line: u32,
    /// Bytes of UTF-8 before its first token in its line; -1 when that is a string over several lines.
    pub column: i64,
    /// How many statements and except clauses lie around it.
    pub depth: u32,
    /// Every expression that the statement itself holds.
    pub detail: String,
}

/// The statements of a Python 2 tree in the order of `ast`: each before those within it.
pub fn statements(tree: &SyntaxTree) -> Vec<Statement> {
    let mut walk = Walk { lines: LineIndex::new(tree.text()), out: Vec::new() };
    walk.body(tree.root(), 0);
    walk.out
}

struct Walk {
    lines: LineIndex,
    out: Vec<Statement>,
}

impl Walk {
    fn body(&mut self, block: Node<'_>, depth: u32) {
        for node in block.named_children() {
            self.statement(node, depth);
        }
    }

    /// The bodies of all clauses of one kind.
    fn clauses(&mut self, node: Node<'_>, kind: &str, depth: u32) {
        for clause in node.named_children().filter(|child| child.kind() == kind) {
            self.suite(clause, depth);
        }
    }

    /// The block directly below a statement or clause.
    fn suite(&mut self, node: Node<'_>, depth: u32) {
        if let Some(block) = node.child_of_kind("block") {
            self.body(block, depth);
        }
    }

    fn push(&mut self, kind: &str, at: Node<'_>, depth: u32, detail: String) {
        let (line, column) = self.first_token(at);
        self.out.push(Statement { kind: kind.to_owned(), line, column, depth, detail });
    }

    fn first_token(&self, node: Node<'_>) -> (u32, i64) {
        let start = self.lines.position(node.start());
        let string =
            node.descendants().take_while(|inner| inner.start() == node.start()).find(|n| n.kind() == "string");
        let last_line = string.map_or(start.line, |string| self.lines.line(string.end()));
        if last_line == start.line { (start.line, i64::from(start.column)) } else { (last_line, -1) }
    }

    fn statement(&mut self, node: Node<'_>, depth: u32) {
        match node.kind() {
            "if_statement" => self.branches(node, depth),
            "try_statement" => self.attempt(node, depth),
            "with_statement" => self.with(node, depth),
            "decorated_definition" => self.decorated(node, depth),
            kind => {
                self.push(details::kind(node), node, depth, details::detail(node));
                if matches!(kind, "for_statement" | "while_statement" | "function_definition" | "class_definition") {
                    self.suite(node, depth + 1);
                    self.clauses(node, "else_clause", depth + 1);
                }
            }
        }
    }

    /// `elif` is an `If` of its own, within the one before, and begins at its condition.
    fn branches(&mut self, node: Node<'_>, depth: u32) {
        self.push("If", node, depth, details::condition(node));
        self.suite(node, depth + 1);
        let mut depth = depth;
        for clause in node.fields("alternative") {
            depth += 1;
            if let Some(condition) = clause.field("condition") {
                self.push("If", condition, depth, details::condition(clause));
                self.suite(clause, depth + 1);
            } else {
                self.suite(clause, depth);
            }
        }
    }

    /// A try with both kinds of clauses is a `TryExcept` within a `TryFinally`.
    fn attempt(&mut self, node: Node<'_>, depth: u32) {
        let finally = node.child_of_kind("finally_clause");
        let mut inner = depth;
        if finally.is_some() {
            self.push("TryFinally", node, depth, String::new());
            inner += 1;
        }
        if node.child_of_kind("except_clause").is_some() {
            self.push("TryExcept", node, inner, String::new());
            inner += 1;
        }
        self.suite(node, inner);
        for clause in node.named_children().filter(|child| child.kind() == "except_clause") {
            self.push("ExceptHandler", clause, inner, details::detail(clause));
            self.suite(clause, inner + 1);
        }
        self.clauses(node, "else_clause", inner);
        if let Some(finally) = finally {
            self.suite(finally, depth + 1);
        }
    }

    /// Each item is a `With` of its own, within the one before, and begins at its expression.
    fn with(&mut self, node: Node<'_>, depth: u32) {
        let mut depth = depth;
        for item in node.child_of_kind("with_clause").into_iter().flat_map(Node::named_children) {
            self.push("With", item, depth, details::detail(item));
            depth += 1;
        }
        self.suite(node, depth);
    }

    /// A decorated definition begins at its first decorator.
    fn decorated(&mut self, node: Node<'_>, depth: u32) {
        let Some(definition) = node.field("definition") else { return };
        let mut detail = details::detail(definition);
        for decorator in details::decorators(node) {
            detail += " @";
            detail += &decorator;
        }
        self.push(details::kind(definition), node, depth, detail);
        self.suite(definition, depth + 1);
    }
}
