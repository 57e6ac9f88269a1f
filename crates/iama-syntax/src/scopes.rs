//! Scopes and bindings of Python: which name means what, as CPython's symbol table decides it.
//!
//! Class bodies are invisible to the functions within them, a comprehension's first iterable belongs to the scope around it,
//! defaults and decorators too, and Python 2's list comprehensions have no scope of their own.

use std::collections::HashMap;

use crate::dialect::Dialect;
use crate::tree::{Node, NodeId, SyntaxTree};

/// A scope's number; 0 is the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ScopeId(pub u32);

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
    /// A function or a lambda.
    Function,
    /// A comprehension or a generator expression.
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
}

/// How a name gets its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BindingKind {
    /// An assignment, a loop, a with, a walrus.
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
    /// The identifiers that bind it, in the order of the text.
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
    /// Not bound by the file, which has imports with a star.
    Unknown,
}

#[derive(Debug, Clone, Copy)]
struct Occurrence {
    node: NodeId,
    name: u32,
    scope: ScopeId,
    resolved: Option<BindingId>,
}

/// The scopes and bindings of one file.
#[derive(Debug, Clone)]
pub struct Scopes {
    scopes: Vec<Scope>,
    bindings: Vec<Binding>,
    table: HashMap<(ScopeId, u32), BindingId>,
    names: HashMap<Box<str>, u32>,
    occurrences: Vec<Occurrence>,
    star_import: bool,
}

impl Scopes {
    /// Reads the scopes off a tree of a Python dialect.
    pub fn build(tree: &SyntaxTree) -> Self {
        let module = Scope { kind: ScopeKind::Module, node: NodeId(0), parent: None };
        let scopes = Self {
            scopes: vec![module],
            bindings: Vec::new(),
            table: HashMap::new(),
            names: HashMap::new(),
            occurrences: Vec::new(),
            star_import: false,
        };
        let mut builder = Builder { tree, out: scopes, open: Vec::new(), redirected: HashMap::new() };
        for node in tree.nodes() {
            builder.visit(node);
        }
        builder.finish()
    }

    /// A scope.
    ///
    /// # Panics
    /// When `id` comes from another file.
    pub fn scope(&self, id: ScopeId) -> &Scope {
        &self.scopes[id.0 as usize]
    }

    /// A binding.
    ///
    /// # Panics
    /// When `id` comes from another file.
    pub fn binding(&self, id: BindingId) -> &Binding {
        &self.bindings[id.0 as usize]
    }

    /// Whether some import has a star, so that names may come from anywhere.
    pub fn has_star_import(&self) -> bool {
        self.star_import
    }

    /// What an identifier means; nothing when it is no name (an attribute, a keyword of a call).
    pub fn resolve(&self, node: Node<'_>) -> Option<Resolution> {
        let occurrence = self.occurrence(node)?;
        Some(match occurrence.resolved {
            Some(binding) => {
                let scope = self.binding(binding).scope;
                if scope == occurrence.scope {
                    Resolution::Local(binding)
                } else if scope == ScopeId(0) {
                    Resolution::Global(binding)
                } else {
                    Resolution::Enclosing(binding)
                }
            }
            None if self.star_import => Resolution::Unknown,
            None => Resolution::Builtin,
        })
    }

    /// The binding that an identifier refers to or makes.
    pub fn binding_of(&self, node: Node<'_>) -> Option<BindingId> {
        self.occurrence(node)?.resolved
    }

    /// The binding of a name in a scope, not looking further out.
    pub fn lookup(&self, scope: ScopeId, name: &str) -> Option<BindingId> {
        self.table.get(&(scope, *self.names.get(name)?)).copied()
    }

    /// Whether any scope binds this name.
    pub fn binds_anywhere(&self, name: &str) -> bool {
        self.names.get(name).is_some_and(|name| {
            (0u32..).zip(&self.scopes).any(|(scope, _)| self.table.contains_key(&(ScopeId(scope), *name)))
        })
    }

    /// The places that use a binding, without those that bind it.
    pub fn references(&self, binding: BindingId) -> impl Iterator<Item = NodeId> {
        let definitions = &self.binding(binding).definitions;
        self.occurrences
            .iter()
            .filter(move |occurrence| occurrence.resolved == Some(binding))
            .map(|occurrence| occurrence.node)
            .filter(move |node| !definitions.iter().any(|(definition, _)| definition == node))
    }

    /// The bindings of one scope, in the order in which they first appear.
    pub fn bindings(&self, scope: ScopeId) -> impl Iterator<Item = BindingId> {
        (0u32..).zip(&self.bindings).filter(move |(_, binding)| binding.scope == scope).map(|(id, _)| BindingId(id))
    }

    fn occurrence(&self, node: Node<'_>) -> Option<&Occurrence> {
        let at = self.occurrences.binary_search_by_key(&node.id(), |occurrence| occurrence.node).ok()?;
        self.occurrences.get(at)
    }
}

struct Builder<'t> {
    tree: &'t SyntaxTree,
    out: Scopes,
    /// Nodes that are being walked and have a scope of their own or belong to an outer one, by where they end.
    open: Vec<(u32, ScopeId)>,
    /// Names that `global` and `nonlocal` lead out of a scope.
    redirected: HashMap<(ScopeId, u32), Redirect>,
}

#[derive(Clone, Copy)]
enum Redirect {
    Global,
    Nonlocal,
}

impl<'t> Builder<'t> {
    fn visit(&mut self, node: Node<'t>) {
        while self.open.last().is_some_and(|(end, _)| *end <= node.id().0) {
            self.open.pop();
        }
        if belongs_outside(node) {
            let outer = self.out.scope(self.current()).parent.unwrap_or(ScopeId(0));
            self.open.push((end_of(node), outer));
        }
        match node.kind() {
            "class_definition" => self.enter(node, ScopeKind::Class),
            "function_definition" | "lambda" => self.enter(node, ScopeKind::Function),
            "generator_expression" | "set_comprehension" | "dictionary_comprehension" => {
                self.enter(node, ScopeKind::Comprehension);
            }
            "list_comprehension" if self.tree.dialect() == Dialect::Python3 => {
                self.enter(node, ScopeKind::Comprehension)
            }
            "wildcard_import" => self.out.star_import = true,
            "global_statement" => self.redirect(node, Redirect::Global),
            "nonlocal_statement" => self.redirect(node, Redirect::Nonlocal),
            "identifier" => self.identifier(node),
            _ => {}
        }
    }

    fn current(&self) -> ScopeId {
        self.open.last().map_or(ScopeId(0), |(_, scope)| *scope)
    }

    fn enter(&mut self, node: Node<'t>, kind: ScopeKind) {
        let id = ScopeId(number(self.out.scopes.len()));
        self.out.scopes.push(Scope { kind, node: node.id(), parent: Some(self.current()) });
        self.open.push((end_of(node), id));
    }

    fn redirect(&mut self, node: Node<'t>, how: Redirect) {
        let scope = self.current();
        for name in node.named_children() {
            let name = self.name(name.text());
            self.redirected.insert((scope, name), how);
        }
    }

    fn name(&mut self, text: &str) -> u32 {
        if let Some(name) = self.out.names.get(text) {
            return *name;
        }
        let name = number(self.out.names.len());
        self.out.names.insert(text.into(), name);
        name
    }

    fn identifier(&mut self, node: Node<'t>) {
        let role = role_of(node);
        if role == Role::None {
            return;
        }
        let name = self.name(node.text());
        let mut scope = self.current();
        if let Role::Binds(BindingKind::Function | BindingKind::Class) = role {
            scope = self.out.scope(scope).parent.unwrap_or(ScopeId(0));
        }
        self.out.occurrences.push(Occurrence { node: node.id(), name, scope, resolved: None });
        let Role::Binds(kind) = role else { return };
        let home = if is_walrus(node) { self.outside_comprehensions(scope) } else { scope };
        let bindings = &mut self.out.bindings;
        let binding = *self.out.table.entry((home, name)).or_insert_with(|| {
            bindings.push(Binding { scope: home, definitions: Vec::new() });
            BindingId(number(bindings.len() - 1))
        });
        bindings[binding.0 as usize].definitions.push((node.id(), kind));
    }

    fn outside_comprehensions(&self, mut scope: ScopeId) -> ScopeId {
        while self.out.scope(scope).kind == ScopeKind::Comprehension {
            scope = self.out.scope(scope).parent.unwrap_or(ScopeId(0));
        }
        scope
    }

    fn finish(mut self) -> Scopes {
        self.merge_redirected();
        for at in 0..self.out.occurrences.len() {
            let Occurrence { name, scope, .. } = self.out.occurrences[at];
            let found = self.find(scope, name);
            self.out.occurrences[at].resolved = found;
        }
        self.out
    }

    /// What a scope binds under a `global` or `nonlocal` name is bound further out.
    fn merge_redirected(&mut self) {
        let mut moved: Vec<_> = self.redirected.iter().map(|(key, how)| (*key, *how)).collect();
        moved.sort_by_key(|(key, _)| *key);
        for ((scope, name), how) in moved {
            let home = match how {
                Redirect::Global => ScopeId(0),
                Redirect::Nonlocal => self.function_binding(scope, name).unwrap_or(ScopeId(0)),
            };
            let Some(inner) = self.out.table.remove(&(scope, name)) else { continue };
            let definitions = std::mem::take(&mut self.out.bindings[inner.0 as usize].definitions);
            match self.out.table.get(&(home, name)).copied() {
                Some(outer) => {
                    let all = &mut self.out.bindings[outer.0 as usize].definitions;
                    all.extend(definitions);
                    all.sort_by_key(|(node, _)| *node);
                }
                None => {
                    self.out.bindings[inner.0 as usize] = Binding { scope: home, definitions };
                    self.out.table.insert((home, name), inner);
                }
            }
        }
    }

    fn function_binding(&self, scope: ScopeId, name: u32) -> Option<ScopeId> {
        let mut next = self.out.scope(scope).parent;
        while let Some(scope) = next {
            if self.out.scope(scope).kind == ScopeKind::Function && self.out.table.contains_key(&(scope, name)) {
                return Some(scope);
            }
            next = self.out.scope(scope).parent;
        }
        None
    }

    fn find(&self, scope: ScopeId, name: u32) -> Option<BindingId> {
        let mut next = Some(scope);
        let mut own = true;
        while let Some(here) = next {
            let visible = own || self.out.scope(here).kind != ScopeKind::Class;
            match self.redirected.get(&(here, name)) {
                Some(Redirect::Global) => return self.out.table.get(&(ScopeId(0), name)).copied(),
                Some(Redirect::Nonlocal) | None => {}
            }
            if let Some(binding) = self.out.table.get(&(here, name)).filter(|_| visible) {
                return Some(*binding);
            }
            own = false;
            next = self.out.scope(here).parent;
        }
        None
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a tree has fewer than 2^32 nodes, and these are counted out of them"
)]
const fn number(value: usize) -> u32 {
    value as u32
}

fn end_of(node: Node<'_>) -> u32 {
    node.id().0 + number(node.descendants().count())
}

/// Whether a node lies within a scope's node but is evaluated in the scope around it.
fn belongs_outside(node: Node<'_>) -> bool {
    let Some(parent) = node.parent() else { return false };
    match parent.kind() {
        "class_definition" => matches!(node.field_name(), "superclasses"),
        "function_definition" => node.field_name() == "return_type",
        "default_parameter" | "typed_default_parameter" => matches!(node.field_name(), "value" | "type"),
        "typed_parameter" => node.field_name() == "type",
        "for_in_clause" => node.field_name() == "right" && is_first_clause(parent),
        _ => false,
    }
}

fn is_first_clause(clause: Node<'_>) -> bool {
    let Some(comprehension) = clause.parent() else { return false };
    let scoped = match comprehension.kind() {
        "list_comprehension" => comprehension.tree().dialect() == Dialect::Python3,
        _ => true,
    };
    scoped && comprehension.child_of_kind("for_in_clause") == Some(clause)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    None,
    Refers,
    Binds(BindingKind),
}

fn role_of(node: Node<'_>) -> Role {
    let Some(parent) = node.parent() else { return Role::None };
    match (parent.kind(), node.field_name()) {
        ("attribute", "attribute") | ("keyword_argument", "name") => Role::None,
        ("function_definition", "name") => Role::Binds(BindingKind::Function),
        ("class_definition", "name") => Role::Binds(BindingKind::Class),
        ("named_expression", "name") => Role::Binds(BindingKind::Assignment),
        ("dotted_name", _) => import_role(node, parent),
        ("aliased_import", "alias") => Role::Binds(BindingKind::Import),
        ("delete_statement", _) => Role::Binds(BindingKind::Deletion),
        ("expression_list", _) if parent.parent().is_some_and(|outer| outer.kind() == "delete_statement") => {
            Role::Binds(BindingKind::Deletion)
        }
        ("as_pattern_target", _) => Role::Binds(alias_kind(parent)),
        ("except_clause", field) => except_role(node, parent, field),
        ("global_statement" | "nonlocal_statement", _) => Role::None,
        ("tuple" | "list", _) => {
            if is_alias_target(parent) {
                Role::Binds(BindingKind::Assignment)
            } else {
                Role::Refers
            }
        }
        _ => pattern_role(node),
    }
}

fn is_alias_target(node: Node<'_>) -> bool {
    node.ancestors()
        .take_while(|outer| matches!(outer.kind(), "tuple" | "list" | "as_pattern_target"))
        .any(|outer| outer.kind() == "as_pattern_target")
}

fn alias_kind(target: Node<'_>) -> BindingKind {
    let in_except = target.ancestors().nth(1).is_some_and(|outer| outer.kind() == "except_clause");
    if in_except { BindingKind::Exception } else { BindingKind::Assignment }
}

/// In `except A, b:` the second expression is bound.
fn except_role(node: Node<'_>, clause: Node<'_>, field: &str) -> Role {
    let comma = clause.child_of_kind(",");
    let after_comma = comma.is_some_and(|comma| node.start() > comma.start());
    if field == "alias" || (after_comma && clause.tree().dialect().is_python2()) {
        Role::Binds(BindingKind::Exception)
    } else {
        Role::Refers
    }
}

/// `import a.b` binds a; `from a import b` binds b.
fn import_role(node: Node<'_>, dotted: Node<'_>) -> Role {
    let Some(statement) = dotted.parent() else { return Role::None };
    let first = dotted.named_child(0) == Some(node);
    match (statement.kind(), dotted.field_name()) {
        ("import_statement" | "import_from_statement" | "future_import_statement", "name") if first => {
            Role::Binds(BindingKind::Import)
        }
        (
            "import_statement"
            | "import_from_statement"
            | "future_import_statement"
            | "aliased_import"
            | "relative_import",
            _,
        ) => Role::None,
        _ if first => Role::Refers,
        _ => Role::None,
    }
}

/// Whether an identifier stands in a pattern of an assignment, a loop or a parameter list.
fn pattern_role(node: Node<'_>) -> Role {
    let mut at = node;
    while let Some(parent) = at.parent() {
        match parent.kind() {
            "pattern_list" | "tuple_pattern" | "list_pattern" | "list_splat_pattern" | "dictionary_splat_pattern" => {
                at = parent
            }
            "parameters" | "lambda_parameters" => return Role::Binds(BindingKind::Parameter),
            "default_parameter" | "typed_default_parameter" if at.field_name() == "name" => {
                return Role::Binds(BindingKind::Parameter);
            }
            "typed_parameter" if at.field_name() != "type" => return Role::Binds(BindingKind::Parameter),
            "assignment" | "augmented_assignment" | "for_statement" | "for_in_clause" if at.field_name() == "left" => {
                return Role::Binds(BindingKind::Assignment);
            }
            _ => return Role::Refers,
        }
    }
    Role::Refers
}

fn is_walrus(node: Node<'_>) -> bool {
    node.parent().is_some_and(|parent| parent.kind() == "named_expression")
}
