//! Scopes and bindings of Python: which name means what, as `CPython`'s symbol table decides it.
//!
//! Class bodies are invisible to the functions within them, a comprehension's first iterable belongs to the scope around it,
//! defaults and decorators too, and Python 2's list comprehensions have no scope of their own.

mod build;
mod imports;
mod roles;

pub use imports::imported_path;

use rustc_hash::FxHashMap;

use crate::tree::{Node, NodeId, SyntaxTree};

/// A scope's number; 0 is the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ScopeId(pub u32);

impl ScopeId {
    /// The scope of the file.
    pub const MODULE: Self = Self(0);
}

/// A binding's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BindingId(pub u32);

/// What opens a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScopeKind {
    /// The file.
    Module,
    /// A class body. Functions within it do not see its names.
    Class,
    /// A function.
    Function,
    /// A lambda.
    Lambda,
    /// A comprehension or a generator expression; no list comprehension of Python 2.
    Comprehension,
}

/// A scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// What opened it.
    pub kind: ScopeKind,
    /// The node that opened it.
    pub node: NodeId,
    /// The scope around it; nothing for the module.
    pub parent: Option<ScopeId>,
    /// Whether it may hold names that its text does not show: after an import with a star, or an `exec` without a namespace.
    pub is_dynamic: bool,
}

/// How a name gets its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BindingKind {
    /// An assignment, a loop, a with, a walrus, a pattern of a match statement.
    Assignment,
    /// An import.
    Import,
    /// A def.
    Function,
    /// A class.
    Class,
    /// A parameter.
    Parameter,
    /// The name of a caught exception.
    Exception,
    /// A del.
    Deletion,
}

/// A name in a scope, with every place that gives it a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// Where it lives.
    pub scope: ScopeId,
    /// The identifiers that bind it, in the order of the text. For `global x` these may stand in other scopes.
    pub definitions: Vec<(NodeId, BindingKind)>,
}

/// What a name means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// Bound in the scope in which it is used.
    Local(BindingId),
    /// Bound in a function around it.
    Enclosing(BindingId),
    /// Bound by the module.
    Global(BindingId),
    /// Not bound by the file: a builtin, or nothing at all.
    Builtin,
    /// It cannot be told: a scope that may hold it is dynamic.
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Bound(BindingId),
    Builtin,
    Unknown,
}

#[derive(Debug, Clone, Copy)]
struct Occurrence {
    node: NodeId,
    name: u32,
    scope: ScopeId,
    found: Found,
}

/// The scopes and bindings of one file.
#[derive(Debug, Clone)]
pub struct Scopes {
    all: Vec<Scope>,
    bindings: Vec<Binding>,
    /// For each name the scopes that bind it, in order.
    bound: Vec<Vec<(ScopeId, BindingId)>>,
    names: FxHashMap<Box<str>, u32>,
    /// Every identifier that is a name, in the order of the text.
    occurrences: Vec<Occurrence>,
    /// The nodes of the occurrences, grouped by their binding.
    uses: Vec<NodeId>,
    /// Where each binding's group ends in `uses`.
    uses_end: Vec<usize>,
}

impl Scopes {
    /// Reads the scopes off a tree of a Python dialect.
    pub fn build(tree: &SyntaxTree) -> Self {
        build::build(tree)
    }

    /// A scope.
    ///
    /// # Panics
    /// When `id` comes from another file.
    pub fn scope(&self, id: ScopeId) -> &Scope {
        &self.all[id.0 as usize]
    }

    /// Every scope, each before those within it.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (ScopeId, &Scope)> {
        self.all.iter().enumerate().map(|(rank, scope)| (ScopeId(build::number(rank)), scope))
    }

    /// The innermost scope around a node, its own scope for a node that opens one.
    pub fn scope_of(&self, node: Node<'_>) -> ScopeId {
        let opened_by = |node: Node<'_>| self.all.binary_search_by_key(&node.id(), |scope| scope.node).ok();
        let rank = std::iter::once(node).chain(node.ancestors()).find_map(opened_by);
        ScopeId(build::number(rank.unwrap_or(0)))
    }

    /// The scope in which an identifier is looked up or bound; nothing when it is no name. For the name of a def or a class
    /// that is the scope around it.
    pub fn used_in(&self, node: Node<'_>) -> Option<ScopeId> {
        self.occurrence(node).map(|occurrence| occurrence.scope)
    }

    /// A binding.
    ///
    /// # Panics
    /// When `id` comes from another file.
    pub fn binding(&self, id: BindingId) -> &Binding {
        &self.bindings[id.0 as usize]
    }

    /// Whether the module has an import with a star, so that names may come from anywhere.
    pub fn has_star_import(&self) -> bool {
        self.scope(ScopeId::MODULE).is_dynamic
    }

    /// What an identifier means; nothing when it is no name (an attribute, a keyword of a call).
    pub fn resolve(&self, node: Node<'_>) -> Option<Resolution> {
        let occurrence = self.occurrence(node)?;
        Some(match occurrence.found {
            Found::Builtin => Resolution::Builtin,
            Found::Unknown => Resolution::Unknown,
            Found::Bound(binding) => match self.binding(binding).scope {
                scope if scope == occurrence.scope => Resolution::Local(binding),
                ScopeId::MODULE => Resolution::Global(binding),
                _ => Resolution::Enclosing(binding),
            },
        })
    }

    /// The binding that an identifier refers to or makes.
    pub fn binding_of(&self, node: Node<'_>) -> Option<BindingId> {
        match self.occurrence(node)?.found {
            Found::Bound(binding) => Some(binding),
            Found::Builtin | Found::Unknown => None,
        }
    }

    /// The binding of a name in a scope, not looking further out.
    pub fn lookup(&self, scope: ScopeId, name: &str) -> Option<BindingId> {
        self.bound_in(scope, *self.names.get(name)?)
    }

    /// Whether any scope binds this name.
    pub fn binds_anywhere(&self, name: &str) -> bool {
        self.names.get(name).is_some_and(|name| !self.bound[*name as usize].is_empty())
    }

    /// The places that use a binding, without those that bind it, in the order of the text. `global x` counts as a use.
    pub fn references(&self, binding: BindingId) -> impl Iterator<Item = NodeId> {
        let definitions = &self.binding(binding).definitions;
        let is_definition = |node| definitions.binary_search_by_key(&node, |(definition, _)| *definition).is_ok();
        self.occurrences_of(binding).iter().copied().filter(move |node| !is_definition(*node))
    }

    /// Every identifier that uses or makes a binding, in the order of the text: what a renaming must touch.
    pub fn occurrences_of(&self, binding: BindingId) -> &[NodeId] {
        let at = binding.0 as usize;
        let start = at.checked_sub(1).map_or(0, |before| self.uses_end[before]);
        &self.uses[start..self.uses_end[at]]
    }

    /// The bindings of one scope, in the order in which they first appear.
    pub fn bindings(&self, scope: ScopeId) -> impl Iterator<Item = BindingId> {
        let is_here = move |binding: &Binding| binding.scope == scope && !binding.definitions.is_empty();
        (0u32..).zip(&self.bindings).filter(move |(_, binding)| is_here(binding)).map(|(id, _)| BindingId(id))
    }

    fn bound_in(&self, scope: ScopeId, name: u32) -> Option<BindingId> {
        let bound = &self.bound[name as usize];
        let at = bound.binary_search_by_key(&scope, |(scope, _)| *scope).ok()?;
        Some(bound[at].1)
    }

    fn occurrence(&self, node: Node<'_>) -> Option<&Occurrence> {
        let at = self.occurrences.binary_search_by_key(&node.id(), |occurrence| occurrence.node).ok()?;
        self.occurrences.get(at)
    }
}

#[cfg(test)]
mod tests;
