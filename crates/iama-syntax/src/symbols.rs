//! Symbols: what a file declares under a name, where it stands and what belongs to it.

mod declaration;
mod extent;

use crate::tree::{Node, NodeId, Span, SyntaxTree};
use declaration::{Declared, Role};

/// What a symbol is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SymbolKind {
    /// A function that is no member of a class, also one that is a variable's value.
    Function,
    /// A function that is a member of a class or an interface, constructors included.
    Method,
    /// A class or a record.
    Class,
    /// An interface or an annotation type.
    Interface,
    /// An enumeration.
    Enum,
    /// A type alias.
    Type,
    /// A namespace.
    Namespace,
    /// A variable of the module or the namespace, a field of a class, a constant of an enumeration.
    Variable,
}

/// A declaration with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbol {
    /// The names of the symbols around it and its own, joined by dots: `Class.method`. An export without a name is called
    /// `default`. Overloads and redefinitions share one path.
    pub path: String,
    /// What it is.
    pub kind: SymbolKind,
    /// The declaring node.
    pub node: NodeId,
    /// All that belongs to it: comments directly above, decorators, `export`, and the declaration to its end. No line end
    /// after it.
    pub span: Span,
    /// As `span`, without the comments above.
    pub declaration: Span,
    /// Its name.
    pub name: Span,
    /// Its body: for Python the statements and the comments before them, elsewhere the braces and what is between them. Nothing for what has none.
    pub body: Option<Span>,
    /// The rank of the symbol around it.
    pub parent: Option<usize>,
}

/// The symbols of one file, in the order of the text; each before those within it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Symbols {
    all: Vec<Symbol>,
}

impl Symbols {
    /// Reads the symbols off a tree. Local variables are no symbols, functions and classes within functions are.
    pub fn of(tree: &SyntaxTree) -> Self {
        let grammar = tree.grammar();
        let roles: Vec<Role> = (0u16..).take(grammar.kind_count()).map(|id| Role::of(grammar.kind_name(id))).collect();
        let mut collector = Collector { out: Self::default(), open: Vec::new() };
        for node in tree.nodes() {
            match roles.get(usize::from(node.kind_id())) {
                None | Some(Role::None) => {}
                Some(role) => collector.visit(node, *role),
            }
        }
        collector.out
    }

    /// Every symbol.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Symbol> {
        self.all.iter()
    }

    /// The symbol with a rank.
    pub fn get(&self, rank: usize) -> Option<&Symbol> {
        self.all.get(rank)
    }

    /// Every symbol with this path. More than one means that the path alone is ambiguous.
    pub fn find<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a Symbol> {
        self.all.iter().filter(move |symbol| symbol.path == path)
    }

    /// The innermost symbol that covers a span.
    pub fn enclosing(&self, span: Span) -> Option<&Symbol> {
        self.all.iter().rev().find(|symbol| symbol.span.contains(span))
    }

    /// The symbols directly within the one with this rank; those of the file for none.
    pub fn children(&self, parent: Option<usize>) -> impl Iterator<Item = &Symbol> {
        self.all.iter().filter(move |symbol| symbol.parent == parent)
    }
}

struct Collector<'t> {
    out: Symbols,
    /// The symbols around the current node: where each reaches, and its rank.
    open: Vec<(Node<'t>, usize)>,
}

impl<'t> Collector<'t> {
    fn visit(&mut self, node: Node<'t>, role: Role) {
        while self.open.last().is_some_and(|(around, _)| !around.encloses(node)) {
            self.open.pop();
        }
        for declared in declaration::declared(node, role, self.around()) {
            self.push(node, &declared);
        }
    }

    fn around(&self) -> Option<SymbolKind> {
        self.open.last().map(|(_, rank)| self.out.all[*rank].kind)
    }

    fn push(&mut self, node: Node<'t>, declared: &Declared<'t>) {
        let parent = self.open.last().map(|(_, rank)| *rank);
        let path = match parent {
            Some(parent) => format!("{}.{}", self.out.all[parent].path, declared.name.text()),
            None => declared.name.text().to_owned(),
        };
        let declaration = extent::declaration(declared.whole);
        let span = Span::new(extent::comments_above(declared.whole, declaration.start), declaration.end);
        let body = declared.body.map(extent::body);
        let symbol = Symbol {
            path,
            kind: declared.kind,
            node: node.id(),
            span,
            declaration,
            name: declared.name.span(),
            body,
            parent,
        };
        if declared.body.is_some() {
            self.open.push((node, self.out.all.len()));
        }
        self.out.all.push(symbol);
    }
}

#[cfg(test)]
mod tests;
